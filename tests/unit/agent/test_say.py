# SPDX-License-Identifier: Apache-2.0
"""What the owner said is kept."""

import asyncio
import json
import pathlib
import tempfile
import unittest

from nova_desktop import exception, model
from nova_desktop.agent import say

NOW_UNIX_S = 1_800_000_000.0
DAY_S = 86400.0


class SayCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / 'state/say.json'
        self.unix_s = NOW_UNIX_S
        self.keeper = self.new()

    def new(self) -> say.SayKeeper:
        """Start as after a restart."""
        keeper = say.SayKeeper(self.path, lambda: self.unix_s)
        keeper.load()
        return keeper

    def save(self) -> None:
        asyncio.run(self.keeper.save())


class ChangeTest(SayCase):
    def test_nothing_said_lends_as_ever(self) -> None:
        self.assertEqual(model.Rules(), self.keeper.rules(100.0))
        self.save()
        self.assertFalse(self.path.exists())

    def test_pause_and_lend_exclude_each_other(self) -> None:
        self.keeper.limit(0.5, None)
        self.keeper.lend(None)
        self.keeper.pause(None)
        self.assertEqual(
            model.Say(pause=model.Spell(), cpu=0.5), self.keeper.current()
        )
        self.keeper.lend(NOW_UNIX_S + 60)
        self.assertIsNone(self.keeper.current().pause)
        self.keeper.resume()
        self.assertEqual(model.Say(cpu=0.5), self.keeper.current())

    def test_expires(self) -> None:
        self.keeper.pause(NOW_UNIX_S + 60)
        self.assertEqual(160.0, self.keeper.rules(100.0).recheck_s)
        self.unix_s += 60
        self.assertEqual(model.Say(), self.keeper.current())
        self.assertEqual(model.Rules(), self.keeper.rules(160.0))

    def test_a_pause_that_is_over_brings_no_lending_back(self) -> None:
        self.keeper.lend(None)
        self.keeper.pause(NOW_UNIX_S + 60)
        self.unix_s += 60
        self.assertEqual(model.Say(), self.keeper.current())

    def test_bad_values_change_nothing(self) -> None:
        nan = float('nan')
        for name, call in (
            ('until_unix', lambda: self.keeper.pause(NOW_UNIX_S)),
            ('until_unix', lambda: self.keeper.lend(1.0)),
            ('until_unix', lambda: self.keeper.lend(NOW_UNIX_S + 367 * DAY_S)),
            ('until_unix', lambda: self.keeper.pause(2.0**64)),
            ('cpu', lambda: self.keeper.limit(1.01, None)),
            ('cpu', lambda: self.keeper.limit(nan, None)),
            ('memory', lambda: self.keeper.limit(None, -0.5)),
        ):
            with self.assertRaises(exception.BadValue) as caught:
                call()
            self.assertEqual(name, caught.exception.name)
        self.assertEqual(model.Say(), self.keeper.current())

    def test_change_is_worded_for_the_record(self) -> None:
        before = self.keeper.current()
        self.keeper.pause(None)
        self.keeper.limit(0.5, 0.25)
        change = self.keeper.change(before, 'user 7 said so')
        self.assertEqual(
            model.Change(
                NOW_UNIX_S,
                'say',
                'nothing',
                'paused until resumed, at most 0.5 of the CPUs, '
                'at most 0.25 of the memory',
                'user 7 said so',
            ),
            change,
        )


class KeepTest(SayCase):
    def test_survives_a_restart(self) -> None:
        self.keeper.limit(0.5, 0.25)
        for change in (
            lambda: self.keeper.pause(NOW_UNIX_S + 60),
            lambda: self.keeper.lend(None),
            self.keeper.resume,
            lambda: self.keeper.limit(None, None),
        ):
            change()
            self.save()
            self.assertEqual(self.keeper.current(), self.new().current())
        self.assertEqual(0o600, self.path.stat().st_mode & 0o777)
        self.assertEqual([self.path], list(self.path.parent.iterdir()))

    def test_what_cannot_be_read_is_a_pause(self) -> None:
        self.path.parent.mkdir()
        for content in (
            b'',
            b'{"pau',
            b'[]',
            b'\xff\xfe',
            b'{"pause": {}}',
            b'{"pause": 5}',
            b'{"pause": {"until_unix_s": "x"}}',
            b'{"lend": {"until_unix_s": 1e300}}',
            b'{"lend": {"until_unix_s": Infinity}}',
            b'{"cpu": 2}',
            b'{"cpu": true}',
            b'{"memory": NaN}',
            b'{"else": 1}',
            b'{"cpu": 1' + b'0' * 9999 + b'}',
            b'[' * 100_000,
            b'{"pause": {"until_unix_s": null}, '
            b'"lend": {"until_unix_s": null}}',
        ):
            self.path.write_bytes(content)
            with self.assertLogs('nova_desktop', 'ERROR') as logged:
                keeper = self.new()
            self.assertEqual(1, len(logged.records))
            (bound,) = keeper.rules(100.0).bounds
            self.assertEqual((0, False), (bound.cpu, bound.admit), content)
            self.assertIn('cannot be read', bound.reason)
            self.assertIn('nova-desktop resume', bound.reason)

    def test_unreadable_is_paused_until_resumed(self) -> None:
        self.path.mkdir(parents=True)
        with self.assertLogs('nova_desktop', 'ERROR'):
            self.keeper = self.new()
        self.keeper.limit(0.5, None)
        closed, _ = self.keeper.rules(100.0).bounds
        self.assertIn('cannot be read', closed.reason)
        self.keeper.resume()
        self.assertEqual(model.Say(cpu=0.5), self.keeper.current())

    def test_a_pause_in_place_of_an_unreadable_file_is_saved(self) -> None:
        self.path.parent.mkdir()
        self.path.write_text('?')
        with self.assertLogs('nova_desktop', 'ERROR'):
            self.keeper = self.new()
        self.keeper.pause(None)
        self.save()
        self.assertEqual(model.Spell(), self.new().current().pause)
        self.assertIn('pause', json.loads(self.path.read_text()))

    def test_in_force_though_the_disk_fails(self) -> None:
        self.path.parent.write_text('not a directory')
        self.keeper.pause(None)
        with (
            self.assertLogs('nova_desktop', 'ERROR'),
            self.assertRaisesRegex(exception.HostUnready, 'in force'),
        ):
            self.save()
        self.assertIsNotNone(self.keeper.current().pause)
        self.path.parent.unlink()
        self.save()
        self.assertIsNotNone(self.new().current().pause)

    def test_what_changes_while_it_is_saved_is_saved_too(self) -> None:
        async def both() -> None:
            self.keeper.pause(None)
            first = asyncio.create_task(self.keeper.save())
            await asyncio.sleep(0)
            self.keeper.lend(None)
            await asyncio.gather(first, self.keeper.save())

        asyncio.run(both())
        self.assertEqual(model.Say(lend=model.Spell()), self.new().current())
