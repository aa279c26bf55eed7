# SPDX-License-Identifier: Apache-2.0
import unittest

import hypothesis
from hypothesis import strategies as st

from nova_desktop.policy import drain

LINES = st.text(st.characters(codec='utf-8', categories=('L', 'N', 'P')))


class DrainTest(unittest.TestCase):
    @hypothesis.given(LINES, st.none() | st.integers(1, drain.WITHIN_MAX_S))
    def test_it_is_read_as_it_was_written(self, why, within_s) -> None:
        made = drain.Drain(why, within_s)
        self.assertEqual(made, drain.parse(made.text))

    @hypothesis.given(st.none() | st.integers(1, drain.WITHIN_MAX_S))
    def test_nova_can_keep_it(self, within_s) -> None:
        room = drain.Drain('x', within_s).room
        longest = drain.Drain('x' * room, within_s)
        self.assertEqual((255, room), (len(longest.text), longest.room))

    def test_known_values(self) -> None:
        for text, known in (
            ('nova-desktop drain', drain.Drain()),
            ('nova-desktop drain: a: b', drain.Drain('a: b')),
            ('nova-desktop drain within 9 s', drain.Drain('', 9)),
            ('nova-desktop drain within 9 s: x', drain.Drain('x', 9)),
            ('nova-desktop drain: within 9 s', drain.Drain('within 9 s')),
        ):
            self.assertEqual(known, drain.parse(text))
            self.assertEqual(text, known.text)

    def test_somebody_elses(self) -> None:
        for text in (
            None,
            '',
            'AUTO: Connection to libvirt lost',
            'see nova-desktop drain',
            'nova-desktop drained',
            'nova-desktop drain: ',
            'nova-desktop drain within 0 s',
            'nova-desktop drain within 999999 s',
            'nova-desktop drain: two\nlines',
        ):
            self.assertIsNone(drain.parse(text), text)
