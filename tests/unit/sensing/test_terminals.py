# SPDX-License-Identifier: Apache-2.0
"""Typing into terminals, by their stamps of access."""

import asyncio
import os
import pathlib
import pty
import shutil
import tempfile
import unittest
from unittest import mock

from nova_desktop import exception, model
from nova_desktop.sensing import terminals

PERSON = 1000


class TerminalCase(unittest.TestCase):
    def setUp(self) -> None:
        self.dev = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dev)
        (self.dev / 'pts').mkdir()
        self.now_s = 1000.0
        self.source = terminals.TerminalSource(
            self.dev, lambda: self.now_s, first_uid=PERSON
        )

    def terminal(self, name: str, uid: int = PERSON, at_s: int = 50) -> None:
        path = self.dev / name
        path.touch()
        os.chown(path, uid, -1)
        self.stamp(name, at_s)

    def stamp(self, name: str, at_s: int, written_s: int = 50) -> None:
        os.utime(self.dev / name, (at_s, written_s))

    def facts(self) -> model.TerminalFacts:
        return self.source.facts(self.now_s)


@unittest.skipUnless(os.geteuid() == 0, 'gives files to others')
class StampTest(TerminalCase):
    def setUp(self) -> None:
        super().setUp()
        self.terminal('pts/0')
        self.source.look()

    def test_only_terminals_of_people_count(self) -> None:
        others = {
            'pts/7': 0,
            'pts/8': 104,
            'pts/9': terminals.NOBODY_UID,
            'pts/ptmx': PERSON,
            'ttyS0': PERSON,
            'tty': PERSON,
        }
        for name, uid in others.items():
            self.terminal(name, uid)
        self.terminal('tty1')
        self.source.look()
        for name in others:
            self.stamp(name, 60)
        self.assertFalse(self.source.look())
        for name in ('pts/0', 'tty1'):
            self.stamp(name, 60)
            self.assertTrue(self.source.look(), name)

    def test_first_look_is_no_sign(self) -> None:
        self.assertIsNone(self.facts().last_input_s)
        self.assertTrue(self.source.health(self.now_s).ok)

    def test_typing_counts_until_it_would_show_again(self) -> None:
        self.stamp('pts/0', 58)
        self.assertTrue(self.source.look())
        for later_s, expected_s in ((0, 1000), (5, 1005), (60, 1008)):
            seen = self.source.facts(self.now_s + later_s)
            self.assertEqual(expected_s, seen.last_input_s)

    def test_output_is_nobody(self) -> None:
        self.stamp('pts/0', 50, written_s=5000)
        self.assertFalse(self.source.look())

    def test_wall_clock_that_is_set_is_nobody(self) -> None:
        # The stamp lies an hour ahead, or long ago, and does not move.
        for stamp_s in (3600, 1):
            self.stamp('pts/0', stamp_s)
            self.source.look()
            self.now_s += 5000.0
            before = self.facts()
            with mock.patch('time.time', return_value=1e9):
                self.assertFalse(self.source.look())
            self.assertEqual(before, self.facts())

    def test_typing_after_the_clock_was_set_back_is_seen(self) -> None:
        self.stamp('pts/0', 3600)
        self.source.look()
        self.now_s += 100.0
        self.stamp('pts/0', 8)
        self.assertTrue(self.source.look())
        self.assertEqual(self.now_s, self.facts().last_input_s)

    def test_new_terminal_is_a_sign_and_a_closed_one_is_none(self) -> None:
        self.terminal('pts/1', at_s=1)
        self.assertTrue(self.source.look())
        (self.dev / 'pts/1').unlink()
        self.assertFalse(self.source.look())

    def test_terminal_that_closes_under_the_look(self) -> None:
        listed = mock.patch.object(
            terminals.os, 'listdir', return_value=['0', '5', 'tty9']
        )
        with listed:
            self.source.look()
        self.assertTrue(self.source.health(self.now_s).ok)

    def test_host_without_terminals_is_healthy(self) -> None:
        shutil.rmtree(self.dev / 'pts')
        self.assertFalse(self.source.look())
        self.assertTrue(self.source.health(self.now_s).ok)

    def test_refused_look_is_not_believed(self) -> None:
        refused = PermissionError(13, 'Permission denied')
        with mock.patch.object(terminals.os, 'listdir', side_effect=refused):
            self.source.look()
        health = self.source.health(self.now_s)
        self.assertFalse(health.ok)
        self.assertIn('Permission denied', health.reason)

    def test_old_look_is_stale(self) -> None:
        self.assertTrue(self.source.health(self.now_s + 15.0).ok)
        self.assertFalse(self.source.health(self.now_s + 15.1).ok)


class RunTest(unittest.IsolatedAsyncioTestCase):
    async def test_real_terminal_that_is_typed_into(self) -> None:
        loop = asyncio.get_running_loop()
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        path = pathlib.Path(os.ttyname(slave))
        os.utime(path, (1, 1))  # or the step would hide the typing
        source = terminals.TerminalSource(
            path.parents[1], loop.time, period_s=0.02, first_uid=0
        )
        seen = asyncio.Event()
        await source.start(seen.set)
        self.addAsyncCleanup(source.stop)
        self.assertIsNone(source.facts(loop.time()).last_input_s)
        os.write(slave, b'output\n')
        await asyncio.sleep(0.1)
        self.assertFalse(seen.is_set())
        os.write(master, b'x\n')
        os.read(slave, 10)
        await asyncio.wait_for(seen.wait(), 2)
        self.assertIsNotNone(source.facts(loop.time()).last_input_s)

    async def test_start_that_is_refused_says_what_to_do(self) -> None:
        source = terminals.TerminalSource(pathlib.Path('/'), lambda: 0.0)
        refused = PermissionError(13, 'Permission denied')
        with (
            mock.patch.object(terminals.os, 'listdir', side_effect=refused),
            self.assertRaisesRegex(exception.HostUnready, 'terminals = false'),
        ):
            await source.start(lambda: None)

    async def test_stop_is_quiet_and_forgets(self) -> None:
        source = terminals.TerminalSource(pathlib.Path('/'), lambda: 0.0)
        await source.start(lambda: None)
        await source.stop()
        await source.stop()
        self.assertFalse(source.health(0.0).ok)
