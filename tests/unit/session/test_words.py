# SPDX-License-Identifier: Apache-2.0
"""Which changes are worth a notice."""

import dataclasses
import unittest

from nova_desktop import model
from nova_desktop.session import notices

AWAY = model.Status(
    sequence=1,
    presence=model.Presence.AWAY,
    demand=False,
    source='input',
    reason='no input <b>at all</b>',
    cap=model.Cap(cpus=4.0, memory_mib=1000, admit=True),
    reclaim_due=False,
)
HERE = dataclasses.replace(
    AWAY,
    presence=model.Presence.ACTIVE,
    cap=model.Cap(cpus=0.4, memory_mib=500, admit=False),
)
LEAVING = dataclasses.replace(HERE, reclaim_due=True)


class WordsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now_s = 1000.0
        self.words = notices.Words(600, lambda: self.now_s)

    def said(self, *statuses: model.Status | None) -> list[str]:
        chosen = [self.words.choose(each) for each in statuses]
        return [each[0] for each in chosen if each]

    def test_first_status_is_no_change(self) -> None:
        self.assertEqual([], self.said(HERE))
        self.assertEqual([], self.said(None, HERE, None))

    def test_held_back_once(self) -> None:
        told = self.said(AWAY, HERE, AWAY, HERE)
        self.assertEqual(['Guests of the cloud are held back'], told)
        self.now_s += 599
        self.assertEqual([], self.said(AWAY, HERE))
        self.now_s += 1
        self.assertEqual(1, len(self.said(AWAY, HERE)))

    def test_moved_is_a_kind_of_its_own(self) -> None:
        told = self.said(AWAY, HERE, LEAVING)
        self.assertEqual(2, len(told))
        self.assertIn('moved away', told[1])

    def test_nothing_taken_is_not_told(self) -> None:
        self.assertEqual([], self.said(AWAY, AWAY, HERE and AWAY))
        unknown = dataclasses.replace(HERE, presence=model.Presence.UNKNOWN)
        self.assertEqual([], self.said(AWAY, unknown))

    def test_markup_is_not_passed_on(self) -> None:
        self.words.choose(AWAY)
        chosen = self.words.choose(HERE)
        assert chosen is not None
        self.assertNotIn('<', chosen[1])
        self.assertIn('&lt;b&gt;', chosen[1])
