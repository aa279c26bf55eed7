# SPDX-License-Identifier: Apache-2.0
"""Which CPUs are left to guests."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.policy import cores


def host(*of: tuple[int, ...]) -> model.Capacity:
    """Give a host with these cores."""
    return model.Capacity(sum(map(len, of)), 1000, of)


class CoresTest(unittest.TestCase):
    def test_fewest_whole_cores(self) -> None:
        siblings = host((3, 7), (2, 6), (1, 5), (0, 4))
        for cpus, expected in (
            (0.0, (3, 7)),
            (0.8, (3, 7)),
            (2.0, (3, 7)),
            (2.1, (2, 3, 6, 7)),
            (6.0, (1, 2, 3, 5, 6, 7)),
            (6.1, None),
            (8.0, None),
            (9.0, None),
        ):
            self.assertEqual(expected, cores.left(cpus, siblings), cpus)

    def test_one_core_is_everybodys(self) -> None:
        self.assertIsNone(cores.left(0.1, host((0, 1))))

    def test_unknown_cores(self) -> None:
        self.assertIsNone(cores.left(0.1, model.Capacity(8, 1000)))

    @given(
        st.lists(st.integers(1, 4), min_size=1, max_size=16),
        st.floats(0, 64),
    )
    def test_enough_and_whole(self, sizes: list[int], cpus: float) -> None:
        numbers = iter(range(sum(sizes)))
        of = [tuple(next(numbers) for _ in range(size)) for size in sizes]
        found = cores.left(cpus, host(*of))
        if found is None:
            return
        self.assertGreaterEqual(len(found), cpus)
        for core in of:
            self.assertIn(len(set(core) & set(found)), (0, len(core)))
