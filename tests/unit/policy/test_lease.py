# SPDX-License-Identifier: Apache-2.0

import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.policy import lease, tolerance

A = model.ReclaimAction
HOUR_S = 3600
WEEK_S = 7 * 86400
OTHERS = """0h -1h 1.5h 4H 04h 4 h 366d 525601m 999999d 9999999m 4h30m
    4hours \uff14h \u0664h 1e3h"""

lengths = st.integers(1, 525600).map(lambda minutes: 60 * minutes)
ends = st.sampled_from(lease.ENDS)
flavors = st.builds(
    model.Tolerance,
    lease_s=st.none() | lengths,
    lease_then=ends,
    lease_max_s=st.none() | lengths,
)
words = st.one_of(
    lengths.map(lease.duration), ends.map(str), st.text(), st.integers()
)
metadata = st.dictionaries(
    st.sampled_from((lease.KEY, lease.THEN_KEY)) | st.text(), words
)
most = st.integers(0, lease.LONGEST_S)
starts = st.floats(0, 2e9)


def guest(lease_s=4 * HOUR_S, **changes):
    return model.Tolerance(preemptible=True, lease_s=lease_s, **changes)


def agree(a_guest, most_s=WEEK_S, **said):
    return lease.agree(a_guest, said, 100.0, most_s)


def _is_lease(said) -> bool:
    try:
        return bool(lease.duration_s(str(said.get(lease.KEY))))
    except ValueError:
        return False


class DurationTest(unittest.TestCase):
    def test_one_form(self) -> None:
        for text, seconds in (
            ('1m', 60),
            ('90m', 5400),
            ('4h', 4 * HOUR_S),
            ('2d', 2 * 86400),
            ('365d', lease.LONGEST_S),
        ):
            self.assertEqual(seconds, lease.duration_s(text))

    def test_others(self) -> None:
        for text in (*OTHERS.split(), '', ' 4h', '4h\n', '4 h'):
            with self.assertRaisesRegex(ValueError, '90m, 4h or 2d', msg=text):
                lease.duration_s(text)

    @given(lengths)
    def test_said_as_it_is_written(self, seconds) -> None:
        self.assertEqual(seconds, lease.duration_s(lease.duration(seconds)))


class AgreeTest(unittest.TestCase):
    def test_none(self) -> None:
        self.assertEqual((None, ()), agree(guest(None)))
        self.assertEqual((None, ()), agree(guest(None, lease_max_s=60)))

    def test_the_flavors(self) -> None:
        found, told = agree(guest(lease_then=A.DELETE))
        self.assertEqual(4 * HOUR_S, found.length_s)
        self.assertEqual(100 + 4 * HOUR_S, found.ends_unix_s)
        self.assertEqual((A.DELETE, ()), (found.then, told))

    def test_its_tenants_own(self) -> None:
        found, told = agree(
            guest(None), 0, desktop_lease='30d', desktop_lease_end='delete'
        )
        self.assertEqual((30 * 86400, A.DELETE), (found.length_s, found.then))
        self.assertEqual((None, ()), (found.longest_s, told))

    def test_shortened(self) -> None:
        found, told = agree(guest(), 0, desktop_lease='1m')
        self.assertEqual((60, ()), (found.length_s, told))

    def test_extended_within_the_operators_bound(self) -> None:
        found, told = agree(guest(), desktop_lease='7d')
        self.assertEqual((WEEK_S, ()), (found.length_s, told))

    def test_extended_beyond_it(self) -> None:
        found, told = agree(guest(), desktop_lease='8d')
        self.assertEqual(WEEK_S, found.length_s)
        self.assertEqual(1, len(told))
        self.assertIn('desktop_lease = 8d is more than', told[0])
        self.assertIn('7d count', told[0])

    def test_the_flavors_bound_goes_before_the_operators(self) -> None:
        for most_s in (0, WEEK_S):
            a_guest = guest(lease_max_s=6 * HOUR_S)
            found, told = agree(a_guest, most_s, desktop_lease='1d')
            self.assertEqual(6 * HOUR_S, found.length_s)
            self.assertIn('6h count', told[0])

    def test_nobody_may_extend(self) -> None:
        found, told = agree(guest(), 0, desktop_lease='5h')
        self.assertEqual(4 * HOUR_S, found.length_s)
        self.assertEqual(1, len(told))

    def test_absurd(self) -> None:
        found, told = agree(guest(), desktop_lease='forever' * 30)
        self.assertEqual(4 * HOUR_S, found.length_s)
        self.assertIn('is ignored: it must be a whole number of', told[0])
        self.assertLess(len(told[0]), 200)
        found, told = agree(guest(None), desktop_lease='', x='y')
        self.assertEqual((None, 1), (found, len(told)))

    def test_an_end_may_be_made_harder_only(self) -> None:
        found, told = agree(guest(), desktop_lease_end='delete')
        self.assertEqual((A.DELETE, ()), (found.then, told))
        deleted = guest(lease_then=A.DELETE)
        found, told = agree(deleted, desktop_lease_end='shelve')
        self.assertEqual(A.DELETE, found.then)
        self.assertIn('its flavor says delete', told[0])
        found, told = agree(guest(), desktop_lease_end='stop')
        self.assertEqual(A.SHELVE, found.then)
        self.assertIn('one of shelve, delete', told[0])

    def test_notice(self) -> None:
        found, _ = agree(guest(600))
        self.assertEqual(600, found.notice_s(60, 900), 'not before its start')
        self.assertEqual(300, found.notice_s(60, 300))
        self.assertEqual(700, found.notice_s(700, 300))

    @given(flavors, metadata, most, starts)
    def test_no_tenant_gets_beyond_the_bounds(
        self, a_guest, said, most_s, start
    ) -> None:
        found, told = lease.agree(a_guest, said, start, most_s)
        self.assertTrue(all(isinstance(each, str) for each in told))
        if a_guest.lease_s is None:
            self.assertEqual(found is not None, _is_lease(said))
            return
        bound_s = a_guest.lease_max_s or most_s
        self.assertLessEqual(found.length_s, max(a_guest.lease_s, bound_s))
        self.assertEqual(start, found.start_unix_s)
        if a_guest.lease_then is A.DELETE:
            self.assertIs(A.DELETE, found.then)

    @given(flavors, lengths, most)
    def test_shorter_is_always_granted(self, a_guest, wanted_s, most_s):
        said = {lease.KEY: lease.duration(wanted_s)}
        found, told = lease.agree(a_guest, said, 0.0, most_s)
        if a_guest.lease_s is None or wanted_s <= a_guest.lease_s:
            self.assertEqual((wanted_s, ()), (found.length_s, told))

    @given(flavors, metadata, most)
    def test_what_is_ignored_changes_nothing(self, a_guest, said, most_s):
        kept = dict(said)
        for key, parse in (
            (lease.KEY, lease.duration_s),
            (lease.THEN_KEY, lease.then_of),
        ):
            try:
                parse(str(kept.get(key)))
            except ValueError:
                kept.pop(key, None)
        self.assertEqual(
            lease.agree(a_guest, kept, 0.0, most_s)[0],
            lease.agree(a_guest, said, 0.0, most_s)[0],
        )


class ToleranceTest(unittest.TestCase):
    def test_keys(self) -> None:
        found, problems = tolerance.parse(
            {
                'desktop:preemptible': 'true',
                'desktop:lease': '4h',
                'desktop:lease_end': 'delete',
                'desktop:lease_max': '1d',
            }
        )
        self.assertEqual((), problems)
        self.assertEqual(
            (4 * HOUR_S, A.DELETE, 86400),
            (found.lease_s, found.lease_then, found.lease_max_s),
        )
        self.assertEqual(
            sorted(tolerance.LEASE_KEYS),
            sorted(key for key in tolerance.KEYS if 'lease' in key),
        )

    def test_refused(self) -> None:
        for name, value in (
            ('lease', '240'),
            ('lease_max', 'none'),
            ('lease_end', 'stop'),
        ):
            found, problems = tolerance.parse({f'desktop:{name}': value})
            self.assertIsNone(found.lease_s)
            self.assertIn(f'desktop:{name} = {value!r}', problems[0])
