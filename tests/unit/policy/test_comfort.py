# SPDX-License-Identifier: Apache-2.0
"""What guests keep beside an owner who has to wait."""

import itertools
import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.policy import comfort

LIMITS = comfort.ComfortLimits(
    cpu_pressure=0.1,
    io_pressure=0.2,
    floor=0.25,
    step=0.5,
    step_s=10.0,
)


def load(cpu: float | None = 0.0, io: float | None = 0.0) -> model.LoadFacts:
    """Give a load with these pressures."""
    return model.LoadFacts(cpu_pressure=cpu, io_pressure=io)


def follow(
    before: comfort.Comfort,
    facts: model.LoadFacts | None,
    now_s: float,
    beside: bool = True,
) -> comfort.Comfort:
    """Follow one reading."""
    return comfort.follow(before, facts, beside, LIMITS, now_s)


class ComfortTest(unittest.TestCase):
    def test_down_in_one_step_and_slowly_up(self) -> None:
        eased = follow(comfort.AT_EASE, load(0.11), 100.0)
        self.assertEqual(0.25, eased.cpu.part)
        self.assertEqual(1.0, eased.disk.part)
        self.assertEqual('the owner has waited for a CPU', eased.reason)
        self.assertEqual(110.0, eased.recheck_s(LIMITS))
        parts = [
            (eased := follow(eased, load(0.01), now_s)).cpu.part
            for now_s in (105.0, 109.9, 110.0, 119.9, 120.0, 130.0)
        ]
        self.assertEqual([0.25, 0.25, 0.75, 0.75, 1.0, 1.0], parts)
        self.assertEqual('', eased.reason)
        self.assertIsNone(eased.recheck_s(LIMITS))

    def test_between_half_and_whole_nothing_moves(self) -> None:
        eased = follow(comfort.AT_EASE, load(0.11), 0.0)
        for now_s in (20.0, 40.0, 60.0):
            eased = follow(eased, load(0.06), now_s)
            self.assertEqual(0.25, eased.cpu.part)
        self.assertEqual(0.75, follow(eased, load(0.05), 80.0).cpu.part)

    def test_waiting_again_counts_from_there(self) -> None:
        eased = follow(comfort.AT_EASE, load(0.5), 0.0)
        eased = follow(eased, load(0.5), 8.0)
        self.assertEqual(0.25, follow(eased, load(), 12.0).cpu.part)

    def test_disk_apart_from_cpu(self) -> None:
        eased = follow(comfort.AT_EASE, load(0.0, 0.21), 0.0)
        self.assertEqual((1.0, 0.25), (eased.cpu.part, eased.disk.part))
        self.assertEqual('the owner has waited for a disk', eased.reason)

    def test_nobody_there(self) -> None:
        eased = follow(comfort.AT_EASE, load(0.5), 0.0)
        self.assertEqual(
            comfort.AT_EASE, follow(eased, load(0.5), 1.0, beside=False)
        )

    def test_unknown_changes_nothing(self) -> None:
        eased = follow(comfort.AT_EASE, load(0.5), 0.0)
        self.assertEqual(eased, follow(eased, None, 99.0))
        self.assertEqual(eased, follow(eased, load(None), 99.0))

    @given(
        st.lists(
            st.tuples(st.floats(0, 1) | st.none(), st.floats(0.1, 30)),
            min_size=2,
        )
    )
    def test_never_up_faster_than_the_steps(
        self, readings: list[tuple[float | None, float]]
    ) -> None:
        eased, now_s = comfort.AT_EASE, 0.0
        seen = [(now_s, eased.cpu.part)]
        for waited, elapsed_s in readings:
            now_s += elapsed_s
            eased = follow(eased, load(waited), now_s)
            if waited is not None and waited > LIMITS.cpu_pressure:
                self.assertEqual(LIMITS.floor, eased.cpu.part)
            self.assertLessEqual(LIMITS.floor, eased.cpu.part)
            self.assertLessEqual(eased.cpu.part, 1.0)
            seen.append((now_s, eased.cpu.part))
        ups = [
            at_s
            for (_, before), (at_s, after) in itertools.pairwise(seen)
            if after > before
        ]
        for one_s, next_s in itertools.pairwise(ups):
            self.assertGreaterEqual(next_s - one_s, LIMITS.step_s - 1e-6)
