# SPDX-License-Identifier: Apache-2.0
"""What a shutdown waits for, and what it says meanwhile."""

from unittest import mock

from nova_desktop.agent import saving
from tests.unit.mechanism import libvirt_double as double


class SavingTest(double.LibvirtCase):
    def setUp(self) -> None:
        super().setUp()
        self.said: list[str] = []
        self.saving = self.construct()

    def construct(self, *fenced: str) -> saving.Saving:
        made = saving.Saving(
            self.hypervisor, frozenset(fenced), self.said.append, self.clock
        )
        made._changed = mock.Mock()
        made._changed.wait.side_effect = self.wait
        return made

    def wait(self, for_s: float) -> None:
        self.now_s += for_s

    def test_nobody_is_there(self) -> None:
        self.assertTrue(self.saving.wait(180))
        self.assertEqual(0, self.now_s)

    def test_who_is_left_when_time_is_over(self) -> None:
        self.connection.add('a')
        self.assertFalse(self.saving.wait(25))
        self.assertEqual(25, self.now_s)
        # At once, and then each ten seconds.
        self.assertEqual(4, len(self.said))
        self.assertIn('25 s', self.said[0])
        self.assertIn('no more time', self.said[-1])

    def test_no_time_is_no_wait(self) -> None:
        self.connection.add('a')
        self.assertFalse(self.saving.wait(0))
        self.assertEqual(0, self.now_s)

    def test_change_is_seen_at_once(self) -> None:
        domain = self.connection.add('a')
        self.saving._changed.wait.side_effect = lambda for_s: (
            self.connection.domains.remove(domain)
        )
        self.assertTrue(self.saving.wait(180))

    def test_silent_libvirt_is_waited_for(self) -> None:
        self.connection.error = double.BROKEN

        def mend(for_s: float) -> None:
            self.connection.error = None

        self.saving._changed.wait.side_effect = mend
        self.assertTrue(self.saving.wait(180))
        self.assertIn('it broke', self.said[0])

    def test_fenced_are_not_saved(self) -> None:
        self.connection.add('a')
        self.assertTrue(self.construct('a').wait(180))
