# SPDX-License-Identifier: Apache-2.0
import json
import unittest

from nova_desktop import messages, model
from nova_desktop.virt import told
from tests.unit.virt import statuses

P = model.Presence
SECRET = 'KEY_A of /dev/input/event3 at 9:41'


class BookTest(unittest.TestCase):
    def setUp(self) -> None:
        self.said: model.Status | None = None
        self.now = 0.0
        self.book = told.Book(lambda: self.said, lambda: self.now)

    def hear(self, said: model.Status | None) -> None:
        self.said = said
        self.now += 1
        self.book.heard()

    def test_changes_the_latest_first(self) -> None:
        self.hear(statuses.status())
        self.hear(statuses.status(model.NOTHING, P.ACTIVE))
        self.hear(None)
        found = self.book.latest(9)
        self.assertEqual([3.0, 2.0, 1.0], [each.at_unix_s for each in found])
        self.assertEqual(
            [P.UNKNOWN, P.ACTIVE, P.AWAY], [each.presence for each in found]
        )
        self.assertEqual(
            [told.SILENT, 'the owner needs the workstation'],
            [each.reason for each in found[:2]],
        )
        self.assertEqual(found[:2], self.book.latest(2))
        self.assertEqual((), self.book.latest(-1))

    def test_what_tells_the_cloud_nothing_new_is_none(self) -> None:
        for reason in 'abc':
            self.hear(statuses.status(reason=reason, forecast={5: 0.5}))
        self.assertEqual(1, len(self.book.latest(9)))

    def test_is_bounded(self) -> None:
        for cpus in range(1, 3 * told.KEPT):
            self.hear(statuses.status(model.Cap(cpus, 512, True)))
        found = self.book.latest(10**6)
        self.assertEqual(told.KEPT, len(found))
        self.assertEqual(3 * told.KEPT - 1, found[0].cpus)

    def test_an_absent_owner_who_lends_less(self) -> None:
        self.hear(statuses.status(model.NOTHING, P.AWAY))
        self.assertIn('lends less', self.book.latest(1)[0].reason)

    def test_the_agents_own_words_stay(self) -> None:
        for cap in (statuses.LENT, model.NOTHING):
            for presence in P:
                self.hear(statuses.status(cap, presence, reason=SECRET))
        wire = [each.to_wire() for each in self.book.latest(99)]
        self.assertNotIn(SECRET, json.dumps([wire, self.book.now().to_wire()]))

    def test_now(self) -> None:
        silent = self.book.now()
        self.assertEqual((False, {}), (silent.heard, silent.forecast))
        self.hear(
            statuses.status(
                presence=P.IDLE,
                reclaim_due=True,
                forecast={5: 0.987, 7: 0.5},
            )
        )
        now = self.book.now()
        self.assertEqual({5: 0.99}, now.forecast)
        self.assertTrue(now.heard and now.reclaim_due)
        self.assertEqual(now, messages.HostStatus.from_wire(now.to_wire()))
