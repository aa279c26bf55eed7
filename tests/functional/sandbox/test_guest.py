# SPDX-License-Identifier: Apache-2.0
"""The sandbox's guest, built and booted for real under QEMU's TCG."""

import base64
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import uuid
from typing import Any

from nova_desktop import messages
from nova_desktop.reclaim import grace
from nova_desktop.virt import guest_files
from sandbox import layout

QEMU = 'qemu-system-x86_64'
BUILD = layout.SOURCE / 'sandbox' / 'guest' / 'build'
BUILT = layout.GUEST
NOTICE = '/run/nova-desktop/notice'
WAIT_S = 20.0


class Console:
    """The lines that a guest printed, and waiting for one of them."""

    def __init__(self, stream: Any) -> None:
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(stream,))
        self._thread.start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()

    def wait(self, pattern: str, count: int = 1) -> list[str]:
        """Return the lines with the pattern once there are that many."""

        def found() -> list[str]:
            hits = [x for x in self.lines if re.search(pattern, x)]
            return hits if len(hits) >= count else []

        with self._news:
            if hits := self._news.wait_for(found, WAIT_S):
                return hits
        raise AssertionError(f'no {pattern!r} in {self.lines}')

    def close(self) -> None:
        self._thread.join()


class Channel:
    """Line-wise JSON on a unix socket, as QMP and the guest agent speak."""

    def __init__(self, path: pathlib.Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(WAIT_S)
        self._socket.connect(str(path))
        self._file = self._socket.makefile('r')

    def line(self) -> Any:
        return json.loads(self._file.readline())

    def call(self, execute: str, **arguments: Any) -> Any:
        """Call a command and return its result."""
        request = {'execute': execute, 'arguments': arguments}
        self._socket.sendall(json.dumps(request).encode() + b'\n')
        while 'event' in (answer := self.line()):
            pass
        return answer['return']

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@unittest.skipUnless(shutil.which(QEMU), f'{QEMU} is not installed')
class GuestTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        subprocess.run([BUILD, BUILT], check=True)

    def boot(self, mode: str, memory_mib: int, cpus: int) -> Console:
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)
        self.qemu = subprocess.Popen(
            self.command(mode, memory_mib, cpus),
            stdout=subprocess.PIPE,
            text=True,
            errors='replace',
        )
        console = Console(self.qemu.stdout)
        assert self.qemu.stdout
        self.addCleanup(self.qemu.stdout.close)
        self.addCleanup(console.close)
        self.addCleanup(self.qemu.wait)
        self.addCleanup(self.qemu.kill)
        return console

    def command(self, mode: str, memory_mib: int, cpus: int) -> list[str]:
        agent = f'socket,id=qga,server=on,wait=off,path={self.dir}/qga'
        return [
            *(QEMU, '-accel', 'tcg', '-cpu', 'qemu64', '-nodefaults'),
            *('-smp', str(cpus), '-m', str(memory_mib), '-display', 'none'),
            *('-kernel', f'{BUILT}/vmlinuz', '-initrd', f'{BUILT}/initrd.gz'),
            *(
                '-append',
                f'{layout.GUEST_CMDLINE} nd.mode={mode} nd.notice=ack',
            ),
            *('-serial', 'stdio', '-qmp'),
            f'unix:{self.dir}/qmp,server=on,wait=off',
            *('-device', 'virtio-balloon-pci', '-device', 'virtio-serial'),
            *('-chardev', agent, '-device'),
            'virtserialport,chardev=qga,name=org.qemu.guest_agent.0',
            *('-drive', f'file={BUILT}/rootfs.raw,if=virtio,format=raw'),
            *('-snapshot', '-netdev', 'user,id=n', '-device'),
            'virtio-net-pci,netdev=n,romfile=',
        ]

    def channel(self, name: str) -> Channel:
        channel = Channel(self.dir / name)
        self.addCleanup(channel.close)
        return channel

    def write_notice(self, agent: Channel, **fields: Any) -> None:
        text = (json.dumps(fields) + '\n').encode()
        handle = agent.call('guest-file-open', path=NOTICE, mode='w')
        agent.call(
            'guest-file-write',
            handle=handle,
            **{'buf-b64': base64.b64encode(text).decode()},
        )
        agent.call('guest-file-close', handle=handle)

    def test_idle_guest_prints_notices_and_obeys_the_button(self) -> None:
        began = time.monotonic()
        console = self.boot('idle', memory_mib=96, cpus=1)
        console.wait(r'BOOT-OK uptime=[\d.]+ mode=idle cpus=1$')
        self.assertLess(time.monotonic() - began, 15.0)
        console.wait(r'DHCP eth0 10\.0\.2\.')

        agent = self.channel('qga')
        self.write_notice(
            agent,
            server_id='s1',
            action='stop',
            deadline_unix_s=1700000000.5,
            reason='the owner is back',
        )
        began = time.monotonic()
        told = 'NOTICE action=stop deadline=1700000000.5'
        console.wait(f'^{told} reason=the owner is back$')
        self.assertLess(time.monotonic() - began, 1.0)
        self.write_notice(agent, server_id='s1', action='')
        console.wait('^NOTICE-WITHDRAWN$')
        self.write_notice(agent, action='shelve', deadline_unix_s=7)
        console.wait('^NOTICE action=shelve deadline=7 reason=$')

        qmp = self.channel('qmp')
        qmp.line()
        qmp.call('qmp_capabilities')
        qmp.call('system_powerdown')
        console.wait('^POWER-BUTTON$')
        self.assertEqual(0, self.qemu.wait(WAIT_S))

    def test_the_shipped_script_tells_and_agrees(self) -> None:
        console = self.boot('burn', memory_mib=128, cpus=1)
        console.wait('BOOT-OK ')
        agent = self.channel('qga')

        def ask(command: str, arguments: Any) -> Any:
            return agent.call(command, **arguments)

        def write(*fields: Any) -> None:
            told = messages.Notice(str(uuid.uuid4()), *fields).to_guest()
            text = json.dumps(told, sort_keys=True) + '\n'
            guest_files.write(ask, guest_files.NOTICE, text)

        until = time.time() + 600
        write('', until, 'he may come', 0.8)
        console.wait(r'^AT-RISK until=[\d.]+ odds=0.8$')
        # The guest's clock began with a whole second, up to one too early; and
        # deadlines are rounded up.
        console.wait(r'^HOOK event=at-risk action= left=(60[0-2]|5\d\d) ')
        deadline = time.time() + 100
        write('shelve', deadline, 'the owner')
        [line] = console.wait('^HOOK event=notice action=shelve')
        self.assertGreater(int(line.split('left=')[1].split()[0]), 90)
        console.wait('^HOOK-ACK$')
        agreed = guest_files.read(ask, guest_files.ACK).strip()
        self.assertTrue(grace.agreed(agreed, deadline), agreed)
        write('', 0.0, 'he is away')
        console.wait('^HOOK event=withdrawn .* reason=he is away$')

    def test_burning_guest_counts_its_own_work(self) -> None:
        console = self.boot('burn', memory_mib=128, cpus=2)
        console.wait('BOOT-OK .* mode=burn cpus=2$')
        lines = console.wait('^PROGRESS ', count=3)
        told = [
            re.fullmatch(r'PROGRESS up=([\d.]+) count=(\d+)', line)
            for line in lines
        ]
        counts = [int(hit[2]) for hit in told if hit]
        self.assertEqual(len(lines), len(counts))
        self.assertLess(0, counts[0])
        self.assertEqual(sorted(set(counts)), counts)


if __name__ == '__main__':
    unittest.main()
