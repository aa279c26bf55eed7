# SPDX-License-Identifier: Apache-2.0
"""The limits of the guests' slice."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.model import Presence
from nova_desktop.policy import ladder

LIMITS = ladder.LadderLimits(leaving_cpus=0.5)
HOST = model.Capacity(cpus=8, memory_mib=1000)


def target(
    which: Presence, cpus: float, leaving: int = 0
) -> model.SliceTarget:
    """Compute the target for a cap of so many CPUs."""
    presence = model.PresenceVerdict(which, 'test', 'a test', 0.0)
    cap = model.Cap(cpus, 500, False)
    verdict = model.Verdict(presence, cap, False, 'a test')
    return ladder.slice_target(verdict, leaving, LIMITS, HOST)


class LadderTest(unittest.TestCase):
    def test_no_limit_only_on_a_host_lent_whole(self) -> None:
        self.assertEqual(
            model.SliceTarget(None, True), target(Presence.AWAY, 8.0)
        )
        self.assertEqual(
            model.SliceTarget(7.9, True), target(Presence.AWAY, 7.9)
        )
        for which in (Presence.IDLE, Presence.ACTIVE, Presence.UNKNOWN):
            self.assertEqual(model.SliceTarget(8.0, True), target(which, 8.0))

    def test_leaving_guests_get_a_bounded_share(self) -> None:
        for which, cpus, expected in (
            (Presence.ACTIVE, 0.0, 0.5),
            (Presence.ACTIVE, 0.2, 0.5),
            (Presence.ACTIVE, 0.8, 0.8),
            (Presence.AWAY, 8.0, 8.0),
        ):
            found = target(which, cpus, leaving=1)
            self.assertEqual(model.SliceTarget(expected, False), found)

    def test_many_leave_on_the_same_share(self) -> None:
        self.assertEqual(
            target(Presence.ACTIVE, 0.2, leaving=1),
            target(Presence.ACTIVE, 0.2, leaving=9),
        )

    @given(
        st.sampled_from(list(Presence)),
        st.floats(0.0, 8.0),
        st.integers(0, 3),
    )
    def test_normal_class_is_always_bounded_and_only_to_leave(
        self, which: Presence, cpus: float, leaving: int
    ) -> None:
        found = target(which, cpus, leaving)
        self.assertEqual(leaving == 0, found.idle)
        if which is not Presence.AWAY or leaving:
            assert found.cpus is not None
            self.assertLessEqual(found.cpus, HOST.cpus)
            self.assertGreaterEqual(found.cpus, cpus)
