# SPDX-License-Identifier: Apache-2.0

import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop.reclaim import checkpoint
from tests.unit.reclaim import fakes

START = 1_800_000_000.0
NOW = START + 1000


def unsaved(text, now=NOW, start=START):
    metadata = {} if text is None else {checkpoint.KEY: text}
    server = fakes.server(since_unix_s=start, metadata=metadata)
    return checkpoint.unsaved_s(server, now)


class CheckpointTest(unittest.TestCase):
    def test_none(self):
        self.assertEqual(1000, unsaved(None))

    def test_unix_seconds(self):
        self.assertEqual(400, unsaved('1800000600'))
        self.assertEqual(399.5, unsaved('1800000600.5'))

    def test_iso_8601(self):
        for text in (
            '2027-01-15T08:10:00Z',
            '2027-01-15T09:10:00+01:00',
            '2027-01-15 08:10:00',
            '20270115T081000',
        ):
            self.assertEqual(400, unsaved(text), text)

    def test_from_before_its_start(self):
        self.assertEqual(1000, unsaved('1799999999'))
        self.assertEqual(1000, unsaved('2026-12-31'))

    def test_from_the_future(self):
        self.assertEqual(1000, unsaved('1800001001'))
        self.assertEqual(1000, unsaved('2099-01-01T00:00:00Z'))

    def test_what_cannot_be_read(self):
        for text in (
            '',
            'yesterday',
            'nan',
            'inf',
            '-inf',
            '1e999',
            '0001-01-01T00:00:00+14:00',
            '9999-12-31T23:59:59-14:00',
        ):
            self.assertEqual(1000, unsaved(text), text)

    def test_a_start_in_the_future(self):
        self.assertEqual(0, unsaved(None, now=START - 5))

    @given(st.one_of(st.text(max_size=255), st.floats().map(str)))
    def test_it_only_ever_makes_less_of_a_server(self, text):
        self.assertTrue(0 <= unsaved(text) <= 1000)
