# SPDX-License-Identifier: Apache-2.0
"""Datagrams to systemd."""

import pathlib
import socket
import tempfile
import unittest

from nova_desktop.agent.notify import notify


class NotifyTest(unittest.TestCase):
    def test_path(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder) / 'notify')
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
                systemd.bind(path)
                notify(path, 'READY=1')
                self.assertEqual(b'READY=1', systemd.recv(64))

    def test_abstract(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind('')  # the kernel chooses an abstract name
            name = systemd.getsockname().decode()
            notify('@' + name[1:], 'WATCHDOG=1')
            self.assertEqual(b'WATCHDOG=1', systemd.recv(64))

    def test_nobody_listens(self) -> None:
        notify('', 'READY=1')
        notify('/nowhere/at/all', 'READY=1')
