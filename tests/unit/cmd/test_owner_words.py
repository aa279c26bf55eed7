# SPDX-License-Identifier: Apache-2.0
"""What the owner writes is understood, or refused by name."""

import argparse
import datetime
import os
import time
import unittest

from nova_desktop import model
from nova_desktop.cmd import owner_words

HOST = model.Capacity(cpus=8, memory_mib=16384)


class UntilTest(unittest.TestCase):
    def setUp(self) -> None:
        self.set_zone('Europe/Berlin')

    def set_zone(self, name: str) -> None:
        before = os.environ.get('TZ')

        def put(zone: str | None) -> None:
            if zone is None:
                os.environ.pop('TZ', None)
            else:
                os.environ['TZ'] = zone
            time.tzset()

        put(name)
        self.addCleanup(put, before)

    def until(self, words: str, now: str) -> str:
        """Give the moment in UTC."""
        moment = datetime.datetime.fromisoformat(now).astimezone()
        found = owner_words.until(words.split(), moment)
        assert found is not None
        return found.astimezone(datetime.UTC).strftime('%m-%d %H:%M')

    def test_until_resumed(self) -> None:
        now = datetime.datetime.now().astimezone()
        self.assertIsNone(owner_words.until([], now))
        self.assertIsNone(owner_words.until(['until-resume'], now))

    def test_for(self) -> None:
        now = '2026-07-01T10:00+00:00'
        for words, expected in (
            ('for 90m', '07-01 11:30'),
            ('for 2h', '07-01 12:00'),
            ('for 1h30m', '07-01 11:30'),
            ('for 3d', '07-04 10:00'),
        ):
            self.assertEqual(expected, self.until(words, now))

    def test_for_is_as_long_when_the_clock_is_set(self) -> None:
        self.assertEqual(
            '03-29 02:30', self.until('for 2h', '2026-03-29T00:30+00:00')
        )

    def test_until_is_the_next_such_time(self) -> None:
        for words, now, expected in (
            ('until 18:00', '2026-07-01T10:00+00:00', '07-01 16:00'),
            ('until 18:00', '2026-07-01T16:00+00:00', '07-02 16:00'),
            ('until 00:00', '2026-07-01T21:59+00:00', '07-01 22:00'),
            # The clock goes on by an hour in the night between.
            ('until 8:00', '2026-03-28T20:00+00:00', '03-29 06:00'),
            # 02:30 is left out that night, and shown twice in autumn.
            ('until 02:30', '2026-03-28T23:30+00:00', '03-29 01:30'),
            ('until 02:30', '2026-10-25T00:10+00:00', '10-25 00:30'),
            ('until 02:30', '2026-10-25T00:40+00:00', '10-25 01:30'),
            ('until 02:30', '2026-10-25T01:40+00:00', '10-26 01:30'),
        ):
            self.assertEqual(expected, self.until(words, now), now)

    def test_refused_by_name(self) -> None:
        now = datetime.datetime.now().astimezone()
        for words, named in (
            (['for'], "'for'"),
            (['for', ''], "''"),
            (['for', '0m'], "'0m'"),
            (['for', '2'], "'2'"),
            (['for', '-1h'], "'-1h'"),
            (['for', '366d'], "'366d'"),
            (['for', '9' * 5000 + 'h'], '999h'),
            (['until', '24:00'], "'24:00'"),
            (['until', '18'], "'18'"),
            (['until', '٠١:٠٠'], '٠١'),
            (['at', '18:00'], "'at 18:00'"),
        ):
            with self.assertRaises(argparse.ArgumentTypeError) as caught:
                owner_words.until(words, now)
            self.assertIn(named, str(caught.exception))


class CapsTest(unittest.TestCase):
    def caps(
        self, words: str, before: model.Say | None = None
    ) -> tuple[float | None, float | None]:
        found = owner_words.caps(words.split(), HOST)
        return found.over(before or model.Say())

    def test_values(self) -> None:
        for words, expected in (
            ('cpus=50%', (0.5, None)),
            ('cpus=4', (0.5, None)),
            ('cpus=0', (0.0, None)),
            ('memory=8G', (None, 0.5)),
            ('memory=4096M memory=512m', (None, 0.03125)),
            ('memory=100% cpus=12.5%', (0.125, 1.0)),
            ('none', (None, None)),
        ):
            self.assertEqual(expected, self.caps(words), words)

    def test_what_is_not_written_stays(self) -> None:
        before = model.Say(cpu=0.1, memory=0.2)
        self.assertEqual((0.5, 0.2), self.caps('cpus=50%', before))
        self.assertEqual((0.1, None), self.caps('memory=none', before))
        self.assertEqual((None, None), self.caps('none', before))

    def test_refused_by_name(self) -> None:
        for word in (
            'cpus=9',
            'cpus=101%',
            'cpus=',
            'cpus=nan',
            'cpus=-1',
            'memory=17G',
            'memory=8',
            'memory=8X',
            'memory=1e3M',
            'disk=5',
            '50%',
        ):
            with self.assertRaises(argparse.ArgumentTypeError) as caught:
                owner_words.caps([word], HOST)
            value = word.partition('=')[2]
            self.assertIn(value, str(caught.exception))
            self.assertIn('none', str(caught.exception))
