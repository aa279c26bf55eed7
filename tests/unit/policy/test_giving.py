# SPDX-License-Identifier: Apache-2.0
"""Who gets CPU to give memory back, and for how long."""

import unittest

from nova_desktop import model
from nova_desktop.policy import giving

LIMITS = giving.GivingLimits(below=0.2, time_s=15.0)
WHOLE_MIB = 900


def follow(
    before: giving.Giving,
    left: float | None,
    now_s: float,
    memory_mib: int = 250,
    cpus: float = 0.16,
    yielding: bool = True,
) -> giving.Giving:
    """Look at a host with a part of its memory left."""
    presence = model.PresenceVerdict(model.Presence.ACTIVE, 'x', 'x', 0.0)
    cap = model.Cap(cpus, memory_mib, False)
    verdict = model.Verdict(presence, cap, False, 'x', yielding=yielding)
    load = model.LoadFacts(memory_available=left)
    return giving.follow(before, verdict, load, WHOLE_MIB, LIMITS, now_s)


class GivingTest(unittest.TestCase):
    def test_once_and_for_a_bounded_time(self) -> None:
        found = follow(giving.NOTHING, 0.19, 100.0)
        self.assertTrue(found.has_cpu)
        self.assertEqual(115.0, found.recheck_s(LIMITS))
        found = follow(found, 0.19, 114.9)
        self.assertTrue(found.has_cpu)
        for now_s in (115.0, 200.0, 900.0):
            found = follow(found, 0.01, now_s)
            self.assertFalse(found.has_cpu)
            self.assertIsNone(found.recheck_s(LIMITS))

    def test_ends_when_enough_is_left(self) -> None:
        found = follow(giving.NOTHING, 0.1, 100.0)
        self.assertTrue(follow(found, 0.39, 105.0).has_cpu)
        self.assertFalse(follow(found, 0.4, 105.0).has_cpu)

    def test_next_time_that_the_owner_comes(self) -> None:
        found = follow(follow(giving.NOTHING, 0.1, 100.0), 0.1, 120.0)
        self.assertFalse(found.has_cpu)
        away = follow(found, 0.1, 200.0, yielding=False)
        self.assertEqual(giving.NOTHING, away)
        self.assertTrue(follow(away, 0.1, 300.0).has_cpu)

    def test_no_hurry(self) -> None:
        for why, more in {
            'enough is left': {'left': 0.2},
            'not known what is left': {'left': None},
            'as much is lent as ever': {'memory_mib': WHOLE_MIB},
            'they are paused': {'cpus': 0.0},
            'nobody is there': {'yielding': False},
        }.items():
            with self.subTest(why):
                found = follow(
                    giving.NOTHING, **({'left': 0.1, 'now_s': 0.0} | more)
                )
                self.assertEqual(giving.NOTHING, found)

    def test_what_is_not_known_ends_it(self) -> None:
        found = follow(giving.NOTHING, 0.1, 100.0)
        self.assertFalse(follow(found, None, 101.0).has_cpu)
