# SPDX-License-Identifier: Apache-2.0
"""A libvirt connection with domains that do what a test says."""

import pathlib
import tempfile
import threading
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

import libvirt

from nova_desktop.mechanism import hypervisor

PARTITION = '/novadesktop'
GPU = "<hostdev mode='subsystem' type='pci' managed='yes'/>"
TAP = "<interface type='bridge'><target dev='{}'/></interface>"
BALLOON = "<memballoon model='virtio'/>"
_KIB = 1024


def error(code: int, text: str = 'as libvirt says') -> libvirt.libvirtError:
    """Make an error as libvirt raises it."""
    made = libvirt.libvirtError(text)
    made.err = (code, 0, text, 0, '', None, None, 0, 0)
    return made


GONE = error(libvirt.VIR_ERR_NO_DOMAIN)
BROKEN = error(libvirt.VIR_ERR_INTERNAL_ERROR, 'it broke')


class Domain:
    """A domain; each call is noted in ``calls`` of its connection."""

    def __init__(
        self,
        connection: 'Connection',
        name: str,
        number: int,
        devices: str = BALLOON,
        partition: str = PARTITION,
    ) -> None:
        self.connection = connection
        self.name = name
        self.number = number
        self.devices = devices
        self.partition = partition
        self.is_paused = False
        self.reason = libvirt.VIR_DOMAIN_PAUSED_USER
        self.errors: dict[str, Exception] = {}
        self.before: Callable[[str], None] = lambda what: None
        self.clock_set = threading.Event()
        self.stats = {'actual': 1000 * _KIB}
        self.follows = True
        self.parameters: dict[str, dict[str, int]] = {}

    def UUIDString(self) -> str:
        return self.name

    def ID(self) -> int:
        return self.number

    def XMLDesc(self, flags: int) -> str:
        self._note('XMLDesc')
        return (
            f'<domain><resource><partition>{self.partition}</partition>'
            f'</resource><devices>{self.devices}</devices></domain>'
        )

    def state(self) -> tuple[int, int]:
        self._note('state')
        if self.is_paused:
            return libvirt.VIR_DOMAIN_PAUSED, self.reason
        return libvirt.VIR_DOMAIN_RUNNING, 1

    def suspend(self) -> None:
        self._note('suspend')
        self.is_paused = True

    def resume(self) -> None:
        self._note('resume')
        self.is_paused = False

    def agentSetResponseTimeout(self, seconds: int) -> None:
        self._note(f'timeout {seconds}')
        if seconds < 0:
            self.clock_set.set()

    def setTime(self, flags: int) -> None:
        self._note(f'setTime {flags}')

    def memoryStats(self) -> dict[str, int]:
        self._note('memoryStats')
        return dict(self.stats)

    def setMemoryStatsPeriod(self, seconds: int, flags: int) -> None:
        self._note(f'period {seconds}')

    def setMemoryFlags(self, kib: int, flags: int) -> None:
        self._note(f'setMemory {kib // _KIB}')
        if self.follows:
            self.stats['actual'] = kib

    def interfaceParameters(self, tap: str, flags: int) -> dict[str, int]:
        self._note('interfaceParameters')
        return {'inbound.floor': 0, **self.parameters.get(tap, {})}

    def setInterfaceParameters(
        self, tap: str, parameters: dict[str, int], flags: int
    ) -> None:
        self._note(f'setInterface {tap}')
        self.parameters[tap] = dict(parameters)

    def _note(self, what: str) -> None:
        self.connection.calls.append(f'{self.name} {what}')
        self.before(what)
        word = what.split()[0]
        if word in self.errors:
            raise self.errors[word]


class Connection:
    """A connection that lives until a test ends it."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.domains: list[Domain] = []
        self.defined: set[str] = set()
        self.handlers: dict[int, Callable[..., None]] = {}
        self.alive = True
        self.error: Exception | None = None

    def add(self, name: str, **others: Any) -> Domain:
        domain = Domain(self, name, len(self.domains) + 1, **others)
        self.domains.append(domain)
        return domain

    def listAllDomains(self, flags: int) -> list[Domain]:
        self.calls.append('list')
        if self.error is not None:
            raise self.error
        return list(self.domains)

    def lookupByUUIDString(self, uuid: str) -> None:
        self.calls.append(f'{uuid} lookup')
        if uuid not in self.defined:
            raise GONE

    def isAlive(self) -> bool:
        return self.alive

    def close(self) -> None:
        self.calls.append('close')

    def domainEventRegisterAny(
        self, domain: None, event: int, call: Callable[..., None], data: None
    ) -> None:
        self.handlers[event] = call

    def registerCloseCallback(
        self, call: Callable[..., None], data: None
    ) -> None:
        self.closed = call

    def done(self, what: str) -> list[str]:
        """Give the domains of which something was asked, in order."""
        return [
            call.partition(' ')[0]
            for call in self.calls
            if call.partition(' ')[2].startswith(what)
        ]


class LibvirtCase(unittest.TestCase):
    """A hypervisor over one connection, and a folder for records."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        self.record = self.dir / 'state' / 'record.json'
        self.group = self.dir / 'group'
        self.group.mkdir()
        (self.group / 'cgroup.procs').write_text('7\n')
        self.connection = Connection()
        self.connect = mock.Mock(side_effect=lambda: self.connection)
        self.hypervisor = hypervisor.Hypervisor(
            'test:///', PARTITION, self.group, self.connect
        )
        self.now_s = 0.0

    def clock(self) -> float:
        return self.now_s
