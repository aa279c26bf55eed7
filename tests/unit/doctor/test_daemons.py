# SPDX-License-Identifier: Apache-2.0
"""Checks of the daemons of a workstation."""

import dataclasses
import pathlib
import socket
import tempfile
import time
import types
import unittest
from unittest import mock

from nova_desktop import exception, model
from nova_desktop.doctor import daemons
from nova_desktop.doctor.result import Result, State


class BusTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def test_listening(self) -> None:
        path = self.root / 'bus'
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(path))
            door.listen()
            result = daemons.bus_present(f'unix:path={path},guid=1')
        self.assertEqual(State.OK, result.state)

    def test_nobody_listens(self) -> None:
        result = daemons.bus_present(f'unix:path={self.root}/none')
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn(f'{self.root}/none', result.found)


class AgentTest(unittest.TestCase):
    def check(self, **outcome: object) -> tuple[Result, mock.Mock]:
        agent = mock.Mock()
        agent.connect = mock.AsyncMock()
        agent.status = mock.AsyncMock(**outcome)
        agent.close = mock.AsyncMock()
        return daemons.agent_answers(lambda: agent), agent

    def status(self, **sources: str) -> model.Status:
        return model.Status(
            sequence=1,
            presence=model.Presence.AWAY,
            demand=False,
            source='input',
            reason='no input for 900 s',
            cap=model.NOTHING,
            reclaim_due=False,
            sources=sources,
        )

    def test_answers(self) -> None:
        result, agent = self.check(return_value=self.status(input='ok'))
        self.assertEqual(State.OK, result.state)
        self.assertIn('no input for 900 s', result.found)
        agent.close.assert_awaited_once_with()

    def test_ill_source_is_named(self) -> None:
        status = self.status(input='no device', logind='ok')
        result, _ = self.check(return_value=status)
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('input: no device', result.found)
        self.assertNotIn('logind', result.found)

    def test_guests_that_nobody_confirms(self) -> None:
        for ago_s, state in ((5, State.OK), (300, State.PROBLEM)):
            status = dataclasses.replace(
                self.status(input='ok'),
                fenced=('a-guest',),
                fenced_since_unix_s=time.time() - ago_s,
            )
            result, _ = self.check(return_value=status)
            self.assertEqual(state, result.state)
        self.assertIn('a-guest', result.found)
        self.assertIn('nova-compute', result.remedy)

    def test_silent(self) -> None:
        result, agent = self.check(side_effect=exception.AgentSilent('gone'))
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('gone', result.found)
        agent.close.assert_awaited_once_with()


class FakeError(Exception):
    """Stand in for libvirt's error."""


class LibvirtTest(unittest.TestCase):
    def check(self, open_read_only: mock.Mock) -> Result:
        fake = types.SimpleNamespace(
            openReadOnly=open_read_only,
            libvirtError=FakeError,
            registerErrorHandler=lambda handler, context: None,
        )
        return daemons.libvirt_answers('qemu:///x', lambda name: fake)

    def test_answers(self) -> None:
        connection = mock.Mock()
        connection.getLibVersion.return_value = 9_012_003
        result = self.check(mock.Mock(return_value=connection))
        self.assertEqual(State.OK, result.state)
        self.assertIn('9.12', result.found)
        connection.close.assert_called_once_with()

    def test_refused(self) -> None:
        result = self.check(mock.Mock(side_effect=FakeError('no socket')))
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('no socket', result.found)

    def test_bindings_missing(self) -> None:
        load = mock.Mock(side_effect=ImportError('no libvirt'))
        result = daemons.libvirt_answers(load=load)
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('libvirt-python', result.remedy)
