# SPDX-License-Identifier: Apache-2.0
"""What each guest keeps: what it needs, and its part of the rest."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.policy import balloon

LIMITS = balloon.BalloonLimits(floor_mib=128, margin_mib=64, margin_part=0.1)


def guest(
    uuid: str,
    maximum: int,
    used: int | None,
    actual: int | None = None,
) -> model.GuestMemory:
    """Give a guest that uses so much beside its page cache."""
    available = maximum - maximum // 20
    return model.GuestMemory(
        uuid=uuid,
        maximum_mib=maximum,
        actual_mib=maximum if actual is None else actual,
        available_mib=None if used is None else available,
        usable_mib=None if used is None else available - used,
    )


@st.composite
def guests(draw: st.DrawFn) -> list[model.GuestMemory]:
    """Give some guests, of which a few do not tell."""
    found = []
    for number in range(draw(st.integers(0, 6))):
        maximum = draw(st.integers(1, 100_000))
        used = st.none() | st.integers(0, maximum - maximum // 20)
        actual = draw(st.integers(0, maximum))
        found.append(guest(str(number), maximum, draw(used), actual))
    return found


class NeedTest(unittest.TestCase):
    def test_what_it_uses_and_a_margin(self) -> None:
        for maximum, used, need in (
            (512, 300, 364),
            (4096, 1000, 1410),
            (4096, 4000, 4096),
            (512, 10, 128),
            (96, 10, 96),
            (512, None, None),
        ):
            found = balloon.need_mib(guest('a', maximum, used), LIMITS)
            self.assertEqual(need, found, (maximum, used))

    def test_reading_that_is_not_true(self) -> None:
        odd = model.GuestMemory('a', 512, 512, 100, 400)
        self.assertEqual(128, balloon.need_mib(odd, LIMITS))


class PlanTest(unittest.TestCase):
    def plan(self, budget: int, *of: model.GuestMemory) -> dict[str, int]:
        return dict(balloon.plan(of, budget, LIMITS))

    def test_enough_for_all(self) -> None:
        found = self.plan(1024, guest('a', 512, 100), guest('b', 512, 400))
        self.assertEqual({'a': 512, 'b': 512}, found)

    def test_who_can_spare_more_gives_more(self) -> None:
        # They can spare 348 and 48 MiB.
        found = self.plan(825, guest('a', 512, 100), guest('b', 512, 400))
        self.assertEqual({'a': 512 - 175, 'b': 512 - 25}, found)

    def test_needs_are_kept(self) -> None:
        found = self.plan(0, guest('a', 512, 100), guest('b', 512, 400))
        self.assertEqual({'a': 164, 'b': 464}, found)

    def test_one_that_does_not_tell_counts_with_what_it_has(self) -> None:
        silent = guest('b', 512, None, actual=300)
        self.assertEqual(
            {'a': 400}, self.plan(700, guest('a', 512, 100), silent)
        )

    def test_nobody(self) -> None:
        self.assertEqual({}, self.plan(0))

    @given(guests(), st.integers(0, 500_000))
    def test_bounds(self, of: list[model.GuestMemory], budget: int) -> None:
        found = balloon.plan(of, budget, LIMITS)
        needs = {
            each.uuid: need
            for each in of
            if (need := balloon.need_mib(each, LIMITS)) is not None
        }
        self.assertEqual(set(needs), set(found))
        for each in of:
            if each.uuid in found:
                kept = found[each.uuid]
                self.assertLessEqual(needs[each.uuid], kept)
                self.assertLessEqual(kept, each.maximum_mib)
                self.assertGreaterEqual(kept, min(128, each.maximum_mib))
        rest = sum(each.actual_mib for each in of if each.uuid not in found)
        all_needs = sum(needs.values())
        self.assertLessEqual(
            sum(found.values()), max(all_needs, budget - rest)
        )

    @given(guests(), st.integers(0, 500_000))
    def test_no_more_is_taken_than_must_be(
        self, of: list[model.GuestMemory], budget: int
    ) -> None:
        found = balloon.plan(of, budget, LIMITS)
        given = {each.uuid: each.maximum_mib for each in of}
        rest = sum(each.actual_mib for each in of if each.uuid not in found)
        taken = sum(given[uuid] - kept for uuid, kept in found.items())
        excess = sum(given[uuid] for uuid in found) + rest - budget
        self.assertLessEqual(taken, max(0, excess) + len(found))

    @given(guests(), st.integers(0, 50_000), st.integers(0, 50_000))
    def test_more_for_all_is_less_for_nobody(
        self, of: list[model.GuestMemory], budget: int, more: int
    ) -> None:
        before = balloon.plan(of, budget, LIMITS)
        after = balloon.plan(of, budget + more, LIMITS)
        for uuid, kept in before.items():
            self.assertLessEqual(kept, after[uuid])
