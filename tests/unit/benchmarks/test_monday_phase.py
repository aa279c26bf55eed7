# SPDX-License-Identifier: Apache-2.0
import time
import unittest
from unittest import mock

from benchmarks import monday_phase


class PhaseTest(unittest.TestCase):
    def setUp(self) -> None:
        self.phase = monday_phase.Phase(2)

    def test_ends_when_all_are_done(self) -> None:
        now_s = time.monotonic()
        values_ms = self.phase.told.push_ms
        for late_s in (1.0, 2.0):
            self.phase.at(now_s, self.phase.wrote, values_ms, now_s - late_s)
        told = self.phase.run(2, now_s)
        self.assertEqual([1, 2], sorted(int(ms / 1000) for ms in told.push_ms))
        self.assertEqual(2, len(told.ended_s))

    def test_wrong_hosts_are_named(self) -> None:
        now_s = time.monotonic()
        self.phase.at(now_s, self.phase.looked, 'desk1')
        self.phase.at(now_s, self.phase.looked, None)
        self.assertEqual(['desk1'], self.phase.run(2, now_s).lost)

    def test_failures_are_kept_and_the_rest_goes_on(self) -> None:
        now_s = time.monotonic()
        fail = mock.Mock(__name__='fail', side_effect=OSError('no'))
        self.phase.at(now_s, fail)
        self.phase.at(now_s + 0.05, self.phase.looked, None)
        told = self.phase.run(1, now_s)
        self.assertEqual(["fail: OSError('no')"], told.failures)

    def test_what_is_not_done_in_time_is_said(self) -> None:
        with (
            mock.patch.object(monday_phase, '_PATIENCE_S', 0.0),
            self.assertRaisesRegex(monday_phase.Late, '0 of 1 hosts'),
        ):
            self.phase.run(1, time.monotonic())

    def test_told_of_processes_is_added(self) -> None:
        one, other = monday_phase.Told(), monday_phase.Told()
        for told in (one, other):
            told.push_ms.append(1.0)
            told.lost.append('desk')
            told.tally['push', 'PUT', 200] += 2
        one.add(other)
        self.assertEqual([1.0, 1.0], one.push_ms)
        self.assertEqual(2, len(one.lost))
        self.assertEqual(4, one.tally['push', 'PUT', 200])
