# SPDX-License-Identifier: Apache-2.0

import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.policy import cost, timely

A = model.ReclaimAction
RATES = cost.Rates(link_mib_per_s=100, disk_mib_per_s=200)


def guest(memory=1000, disk=1):
    """Give one that moves in 10 s, suspends in 5, shelves in 10.24."""
    return model.Candidate(
        server_id='a',
        tolerance=model.Tolerance(preemptible=True),
        vcpus=1,
        memory_mib=memory,
        unsaved_s=0.0,
        disk_gib=disk,
    )


def choose(left_s, *actions):
    return timely.choose(guest(), actions, left_s, RATES)


guests = st.builds(guest, st.integers(1, 10**6), st.integers(0, 10**4))
lists = st.lists(st.sampled_from(list(A)), unique=True)
times = st.floats(-1e4, 1e6) | st.just(float('inf'))


class TimelyTest(unittest.TestCase):
    def test_the_first_that_fits(self):
        found = choose(10, A.LIVE_MIGRATE, A.STOP)
        self.assertEqual(timely.Choice(A.LIVE_MIGRATE), found)

    def test_passed_over_for_a_later_one_that_fits(self):
        found = choose(9, A.SHELVE, A.LIVE_MIGRATE, A.SUSPEND, A.STOP)
        self.assertEqual(A.SUSPEND, found.action)
        self.assertEqual(
            ((A.SHELVE, 10.24), (A.LIVE_MIGRATE, 10.0)), found.passed
        )

    def test_the_quickest_where_none_fits(self):
        found = choose(1, A.SHELVE, A.LIVE_MIGRATE)
        self.assertEqual(A.LIVE_MIGRATE, found.action)
        self.assertEqual(((A.SHELVE, 10.24),), found.passed)

    def test_never_deleted_for_haste(self):
        found = choose(0, A.LIVE_MIGRATE, A.SHELVE, A.DELETE)
        self.assertEqual(timely.Choice(A.LIVE_MIGRATE), found)
        found = choose(0, A.SHELVE, A.DELETE)
        self.assertEqual(timely.Choice(A.SHELVE), found)

    def test_deleted_where_nothing_else_is_left(self):
        self.assertEqual(timely.Choice(A.DELETE), choose(0, A.DELETE))

    def test_what_comes_after_delete_is_never_tried(self):
        self.assertEqual(A.DELETE, choose(99, A.DELETE, A.STOP).action)

    def test_nothing_left(self):
        self.assertEqual(timely.Choice(None), choose(99))

    @given(guests, lists, times)
    def test_one_of_the_list_and_the_first_in_time(self, a, actions, left_s):
        found = timely.choose(a, actions, left_s, RATES)
        if not actions:
            self.assertIsNone(found.action)
            return
        before = actions[: actions.index(found.action)]
        self.assertEqual(before, [each for each, _ in found.passed])
        for action, takes_s in found.passed:
            self.assertEqual(cost.moving_s(a, action, RATES), takes_s)
            self.assertGreater(takes_s, left_s)

    @given(guests, lists, times)
    def test_deleted_only_as_the_first(self, a, actions, left_s):
        found = timely.choose(a, actions, left_s, RATES)
        if found.action is A.DELETE:
            self.assertIs(A.DELETE, actions[0])

    @given(guests, lists)
    def test_with_time_enough_the_order_is_the_flavors(self, a, actions):
        found = timely.choose(a, actions, float('inf'), RATES)
        self.assertEqual(actions[0] if actions else None, found.action)

    @given(guests, lists, times)
    def test_each_is_tried_in_the_end(self, a, actions, left_s):
        left, tried = list(actions), []
        while left:
            tried.append(timely.choose(a, left, left_s, RATES).action)
            left.remove(tried[-1])
        self.assertEqual(set(actions), set(tried))
        if A.DELETE in actions:
            saving = actions[: actions.index(A.DELETE)]
            before = tried[: tried.index(A.DELETE)]
            self.assertEqual(set(saving), set(before))
