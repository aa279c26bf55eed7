# SPDX-License-Identifier: Apache-2.0
"""Which of what helpers say is believed."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop.sensing import helper_book as book

A = ('c1', ':1.1')
B = ('c2', ':1.2')


def said(
    active: bool = False, inhibited: bool = False, idle_ms: int = 0
) -> book.Said:
    return book.Said(active, inhibited, idle_ms, 'x11')


class BookTest(unittest.TestCase):
    def setUp(self) -> None:
        self.book = book.Book()

    def test_empty_has_no_say(self) -> None:
        self.assertTrue(self.book.health(0).ok)
        self.assertEqual(0, self.book.facts(0).sessions)
        self.assertIsNone(self.book.facts(0).last_active_s)

    def test_most_present_wins(self) -> None:
        self.book.let_in(A, 1, said(idle_ms=5000), 100)
        facts = self.book.facts(101)
        self.assertEqual((95, False), (facts.last_active_s, facts.active))
        self.book.let_in(B, 2, said(active=True), 100)
        facts = self.book.facts(101)
        self.assertEqual((101, True), (facts.last_active_s, facts.active))
        self.assertEqual(2, facts.sessions)

    def test_end_of_input_is_when_it_was(self) -> None:
        self.book.let_in(A, 1, said(active=True), 100)
        self.assertTrue(self.book.take(A, said(idle_ms=5000), 120))
        self.assertEqual(115, self.book.facts(130).last_active_s)
        self.assertFalse(self.book.take(A, said(idle_ms=15000), 130))

    def test_no_report_moves_the_last_input_back(self) -> None:
        self.book.let_in(A, 1, said(active=True), 100)
        self.book.take(A, said(idle_ms=2**64 - 1), 120)
        self.assertEqual(100, self.book.facts(121).last_active_s)

    def test_lost_until_another_speaks(self) -> None:
        self.book.let_in(A, 1, said(active=True), 100)
        self.assertTrue(self.book.lose(A[1], 'has vanished', 105))
        self.assertFalse(self.book.lose(A[1], 'has vanished', 105))
        self.assertEqual(
            'the helper of session c1 has vanished',
            self.book.health(9999).reason,
        )
        self.assertEqual(0, self.book.facts(106).sessions)
        # It had input to its end.
        self.assertEqual(105, self.book.facts(106).last_active_s)
        # Nobody in another session helps.
        self.book.let_in(B, 1, said(), 106)
        self.assertFalse(self.book.health(107).ok)
        self.book.let_in(('c1', ':1.9'), 1, said(), 108)
        self.assertTrue(self.book.health(109).ok)

    def test_lost_until_its_session_ends(self) -> None:
        self.book.let_in(A, 1, said(), 100)
        self.book.lose(A[1], 'has vanished', 105)
        self.assertFalse(self.book.end_session('c2', 106))
        self.assertTrue(self.book.end_session('c1', 106))
        self.assertTrue(self.book.health(107).ok)

    def test_lost_one_has_to_be_let_in_again(self) -> None:
        self.book.let_in(A, 1, said(), 100)
        self.assertTrue(self.book.knows(A))
        self.book.lose(A[1], 'has vanished', 105)
        self.assertFalse(self.book.knows(A))

    def test_silence(self) -> None:
        self.book.let_in(A, 1, said(active=True), 100)
        self.assertTrue(self.book.health(130).ok)
        self.assertIn('is silent for 30 s', self.book.health(130.1).reason)
        self.assertFalse(self.book.facts(130.1).active)
        self.assertTrue(self.book.take(A, said(active=True), 131))
        self.assertTrue(self.book.health(132).ok)

    def test_clean_end_is_its_own_only(self) -> None:
        self.book.let_in(A, 1, said(active=True), 100)
        self.assertFalse(self.book.forget(('c1', ':1.7'), 101))
        self.assertEqual(1, self.book.facts(102).sessions)
        self.assertTrue(self.book.forget(A, 101))
        self.assertEqual(0, self.book.facts(102).sessions)
        self.assertTrue(self.book.health(103).ok)

    def test_second_helper_hides_none(self) -> None:
        self.book.let_in(A, 1, said(active=True), 100)
        self.book.let_in(('c1', ':1.7'), 1, said(), 100)
        self.assertTrue(self.book.facts(101).active)

    def test_towards_the_owner_at_once_from_him_slowly(self) -> None:
        self.book.let_in(A, 1, said(), 100)
        self.assertTrue(self.book.take(A, said(active=True), 100.1))
        with self.assertRaises(book.TooMany):
            self.book.take(A, said(), 100.2)
        self.assertTrue(self.book.facts(100.3).active)
        self.assertTrue(self.book.take(A, said(), 100.7))

    def test_flood_of_one(self) -> None:
        self.book.let_in(A, 1, said(active=True), 100)
        for _ in range(19):
            self.book.take(A, said(active=True), 100.5)
        with self.assertRaises(book.TooMany):
            self.book.take(A, said(active=True), 100.5)
        self.book.take(A, said(active=True), 101.5)

    def test_crowd_of_one_user_is_his_own(self) -> None:
        for number in range(8):
            self.book.let_in((f's{number}', f':2.{number}'), 1, said(), 100)
        with self.assertRaises(book.TooMany):
            self.book.let_in(A, 1, said(), 100)
        self.book.let_in(A, 2, said(), 100)

    def test_crowd_of_all(self) -> None:
        for number in range(256):
            key = (f's{number}', f':2.{number}')
            self.book.let_in(key, number, said(), 100)
        with self.assertRaises(book.TooMany):
            self.book.let_in(A, 999, said(), 100)


REPORTS = st.lists(
    st.tuples(
        st.floats(0, 40),
        st.sampled_from([A, B, ('c1', ':1.3')]),
        st.booleans(),
        st.booleans(),
        st.integers(0, 2**64 - 1),
        st.sampled_from(['say', 'lose', 'bye']),
    ),
    max_size=30,
)


class AnyOrderTest(unittest.TestCase):
    @given(REPORTS)
    def test_a_heard_input_is_never_forgotten(self, reports: list) -> None:
        """Whatever others say or do, the last input stays known."""
        held, now_s, heard_s = book.Book(), 0.0, None
        for wait_s, key, active, inhibited, idle_ms, what in reports:
            now_s += wait_s
            report = said(active, inhibited, idle_ms)
            try:
                if what == 'lose':
                    held.lose(key[1], 'has vanished', now_s)
                    continue
                if what == 'bye':
                    held.forget(key, now_s)
                    continue
                if held.knows(key):
                    held.take(key, report, now_s)
                else:
                    held.let_in(key, 1, report, now_s)
            except book.TooMany:
                continue
            heard_s = now_s if active else heard_s
            facts = held.facts(now_s)
            if heard_s is not None:
                assert facts.last_active_s is not None
                self.assertGreaterEqual(facts.last_active_s, heard_s)
            self.assertLessEqual(facts.last_active_s or 0, now_s)
            self.assertTrue(facts.active or not active)
