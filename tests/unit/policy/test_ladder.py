# SPDX-License-Identifier: Apache-2.0
"""The limits of the guests' slice."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.model import Presence
from nova_desktop.policy import comfort, ladder
from nova_desktop.policy.ladder import Need

LIMITS = ladder.LadderLimits(
    leaving_cpus=0.5,
    disk_bytes_per_s=1000,
    disk_operations_per_s=50,
    network_kib_per_s=64,
)
HOST = model.Capacity(
    cpus=8, memory_mib=1000, cores=((3, 7), (2, 6), (1, 5), (0, 4))
)
WHOLE_MIB = 900
NEAR = (Presence.ACTIVE, Presence.UNKNOWN)
SLOW = comfort.Comfort(comfort.Pace(0.25), comfort.Pace(0.5))


def target(
    which: Presence,
    cpus: float,
    need: Need = Need.NONE,
    owner_cpus: float | None = None,
) -> model.SliceTarget:
    """Compute the target for a cap of so many CPUs."""
    presence = model.PresenceVerdict(which, 'test', 'a test', 0.0)
    cap = model.Cap(cpus, 500, False)
    yielding = which in NEAR
    verdict = model.Verdict(presence, cap, False, 'x', yielding=yielding)
    return ladder.slice_target(
        verdict, need, LIMITS, HOST, owner_cpus=owner_cpus
    )


def hold(
    which: Presence,
    cap: model.Cap,
    leaving: frozenset[str] = frozenset(),
    eased: comfort.Comfort = comfort.AT_EASE,
    limits: ladder.LadderLimits = LIMITS,
    hearing: frozenset[str] = frozenset(),
    **more: bool,
) -> model.Hold:
    """Compute every target for a cap."""
    presence = model.PresenceVerdict(
        which, 'test', 'a test', 0.0, confirmed=more.get('confirmed', True)
    )
    yielding = more.get('yielding', which in NEAR)
    verdict = model.Verdict(presence, cap, False, 'x', yielding=yielding)
    gives = more.get('gives', False)
    return ladder.hold(
        *(verdict, leaving, eased, limits, HOST, WHOLE_MIB, gives),
        hearing=hearing,
    )


ALL = model.Cap(8.0, WHOLE_MIB, True)
FEW = model.Cap(0.8, 250, False)
NOTHING = model.Cap(0.0, 0, False)
NONE = model.Cap(0.0, 0, False)


class HoldTest(unittest.TestCase):
    def test_nobody_there_nothing_held(self) -> None:
        self.assertEqual(
            model.Hold(
                slice=model.SliceTarget(None),
                memory=model.MemoryTarget(owner_low_mib=100),
            ),
            hold(Presence.AWAY, ALL),
        )

    def test_beside_an_owner(self) -> None:
        for which in NEAR:
            self.assertEqual(
                model.Hold(
                    slice=model.SliceTarget(0.8),
                    cores=model.CoreTarget((3, 7)),
                    disk=model.DiskTarget(1000, 50),
                    memory=model.MemoryTarget(250, 750),
                    balloon=model.BalloonTarget(250),
                    network=model.NetworkTarget(64),
                    pause=model.PauseTarget(passthrough=True),
                ),
                hold(which, FEW),
            )

    def test_lent_beside_an_owner(self) -> None:
        found = hold(Presence.ACTIVE, ALL, yielding=False)
        self.assertEqual(hold(Presence.IDLE, ALL), found)

    def test_tasks_of_somebody_away_may_run_on_every_core(self) -> None:
        cap = model.Cap(4.0, WHOLE_MIB, False)
        found = hold(Presence.AWAY, cap, yielding=True)
        self.assertEqual(model.CoreTarget(), found.cores)
        self.assertEqual(model.DiskTarget(1000, 50), found.disk)

    def test_first_sign_pauses_nobody(self) -> None:
        found = hold(Presence.ACTIVE, FEW, confirmed=False)
        self.assertEqual(model.PauseTarget(), found.pause)

    def test_nothing_lent_pauses_all_but_those_that_leave(self) -> None:
        found = hold(Presence.AWAY, NONE, frozenset({'a'}))
        self.assertEqual(
            model.PauseTarget(True, False, frozenset({'a'})), found.pause
        )
        self.assertEqual(model.SliceTarget(0.5, False), found.slice)

    def test_who_leaves_has_the_disk(self) -> None:
        found = hold(Presence.ACTIVE, FEW, frozenset({'a'}))
        self.assertEqual(model.DiskTarget(), found.disk)
        self.assertEqual(model.CoreTarget((3, 7)), found.cores)

    def test_owner_who_waits(self) -> None:
        found = hold(Presence.ACTIVE, FEW, eased=SLOW)
        self.assertEqual(model.SliceTarget(0.2), found.slice)
        self.assertEqual(model.DiskTarget(500, 25), found.disk)
        self.assertEqual(SLOW.reason, found.reason)
        # Those that leave have their share all the same.
        found = hold(Presence.ACTIVE, FEW, frozenset({'a'}), SLOW)
        self.assertEqual(model.SliceTarget(0.5, False), found.slice)

    def test_rungs_left_out(self) -> None:
        none = ladder.LadderLimits(
            disk_bytes_per_s=None,
            disk_operations_per_s=None,
            network_kib_per_s=None,
            take_cores=False,
            balloon=False,
            pause_passthrough=False,
        )
        found = hold(Presence.ACTIVE, FEW, eased=SLOW, limits=none)
        self.assertEqual(
            model.Hold(
                slice=model.SliceTarget(0.2),
                memory=model.MemoryTarget(250, 750),
                reason=SLOW.reason,
            ),
            found,
        )


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
            found = target(which, cpus, Need.TO_FREE)
            self.assertEqual(model.SliceTarget(expected, False), found)

    def test_what_the_owner_leaves_is_not_taken_from_him(self) -> None:
        # Beside him guests have one core, which is two CPUs here.
        for owner_cpus, idle in (
            (None, False),
            (0.0, True),
            (5.9, True),
            (6.1, False),
            (8.0, False),
            (8.3, False),
        ):
            with self.subTest(owner_cpus=owner_cpus):
                found = target(Presence.ACTIVE, 0.2, Need.TO_FREE, owner_cpus)
                self.assertEqual(model.SliceTarget(0.5, idle), found)

    def test_who_hears_gets_what_the_owner_leaves_and_no_more(self) -> None:
        for owner_cpus, cpus in (
            (None, 0.2),
            (0.0, 0.5),
            (6.0, 0.5),
            (7.0, 0.25),
            (7.5, 0.2),
            (8.3, 0.2),
        ):
            with self.subTest(owner_cpus=owner_cpus):
                found = target(Presence.ACTIVE, 0.2, Need.TO_HEAR, owner_cpus)
                self.assertEqual(model.SliceTarget(cpus), found)

    def test_who_hears_runs_and_leaves_the_disk_alone(self) -> None:
        found = hold(Presence.ACTIVE, NOTHING, hearing=frozenset('a'))
        self.assertEqual(frozenset('a'), found.pause.spared)
        self.assertEqual(hold(Presence.ACTIVE, NOTHING).disk, found.disk)
        both = hold(
            Presence.ACTIVE, NOTHING, frozenset('b'), hearing=frozenset('a')
        )
        self.assertEqual(frozenset('ab'), both.pause.spared)
        self.assertEqual(model.SliceTarget(0.5, False), both.slice)

    def test_away_guests_may_run_on_every_cpu(self) -> None:
        found = target(Presence.AWAY, 4.0, Need.TO_FREE, 3.9)
        self.assertEqual(model.SliceTarget(4.0, True), found)
        found = target(Presence.AWAY, 4.0, Need.TO_FREE, 4.1)
        self.assertEqual(model.SliceTarget(4.0, False), found)

    def test_many_leave_or_give_on_the_same_share(self) -> None:
        one, many = frozenset('a'), frozenset('abcdefghi')
        targets = {
            hold(Presence.ACTIVE, FEW, one).slice,
            hold(Presence.ACTIVE, FEW, many).slice,
            hold(Presence.ACTIVE, FEW, gives=True).slice,
            hold(Presence.ACTIVE, FEW, many, gives=True).slice,
        }
        self.assertEqual({model.SliceTarget(0.8, False)}, targets)

    def test_giving_is_said(self) -> None:
        found = hold(Presence.ACTIVE, FEW, eased=SLOW, gives=True)
        self.assertIn('waited', found.reason)
        self.assertIn('; guests give memory back', found.reason)
        self.assertEqual('', hold(Presence.ACTIVE, FEW).reason)

    @given(
        st.sampled_from(list(Presence)),
        st.floats(0.0, 8.0),
        st.sampled_from(Need),
        st.none() | st.floats(0.0, 9.0),
    )
    def test_normal_class_is_always_bounded_and_only_to_leave(
        self,
        which: Presence,
        cpus: float,
        need: Need,
        owner_cpus: float | None,
    ) -> None:
        found = target(which, cpus, need, owner_cpus)
        if need is not Need.TO_FREE:
            self.assertTrue(found.idle)
        elif owner_cpus is None or owner_cpus > 8 - LIMITS.leaving_cpus:
            self.assertFalse(found.idle)
        if which is not Presence.AWAY or need is Need.TO_FREE:
            assert found.cpus is not None
            self.assertLessEqual(found.cpus, HOST.cpus)
            self.assertGreaterEqual(found.cpus, cpus)
