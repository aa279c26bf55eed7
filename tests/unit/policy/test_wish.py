# SPDX-License-Identifier: Apache-2.0

import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop.policy import wish


def theirs(*actions):
    return [wish.Deed(action, ours=False) for action in actions]


def ours(*actions):
    return [wish.Deed(action, ours=True) for action in actions]


deeds = st.lists(
    st.builds(
        wish.Deed,
        st.sampled_from(['stop', 'start', 'pause', 'shelve', 'unshelve', '?']),
        st.booleans(),
    )
)


class WishTest(unittest.TestCase):
    def test_the_last_word_of_others(self):
        for state, *actions in (
            ('active', 'create'),
            ('stopped', 'stop', 'create'),
            ('paused', 'pause', 'start', 'stop'),
            ('suspended', 'suspend', 'create'),
            ('active', 'unpause', 'pause'),
            ('active', 'unshelve', 'shelve', 'stop'),
            ('stopped', 'createImage', 'rebuild', 'resize', 'stop'),
        ):
            self.assertEqual(state, wish.of(theirs(*actions)), actions)

    def test_what_we_do_is_nobodys_wish(self):
        did = ours('stop', 'unshelve', 'shelve')
        self.assertEqual('active', wish.of(did))
        self.assertEqual('stopped', wish.of([*did, *theirs('stop')]))
        after = [*theirs('start'), *did, *theirs('stop')]
        self.assertEqual('active', wish.of(after))

    def test_nothing_known(self):
        self.assertEqual('active', wish.of([]))

    @given(deeds, deeds)
    def test_none_of_ours_changes_it(self, first, second):
        mine = [deed for deed in first if deed.ours]
        self.assertEqual(wish.of(second), wish.of([*mine, *second]))
