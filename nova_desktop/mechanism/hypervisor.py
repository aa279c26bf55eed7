# SPDX-License-Identifier: Apache-2.0
"""The guests that libvirt runs for us, and word of what becomes of them."""

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Set
from pathlib import Path
from typing import Any

from oslo_log import log as logging

from nova_desktop import exception
from nova_desktop.mechanism import cgroup, domain_xml, libvirt_link

LOG = logging.getLogger(__name__)

libvirt = libvirt_link.libvirt

Key = tuple[str, int]
"""UUID and libvirt's number of a guest: one that is started again differs."""


@dataclasses.dataclass(frozen=True, slots=True)
class Guest:
    """A domain of ours that has a process; ``domain`` is libvirt's own."""

    uuid: str
    id: int
    domain: Any
    description: domain_xml.Description
    state: int
    reason: int

    @property
    def key(self) -> Key:
        """Give what names this run of the guest."""
        return self.uuid, self.id

    @property
    def is_running(self) -> bool:
        """Say whether its CPUs run."""
        return self.state in (
            libvirt.VIR_DOMAIN_RUNNING,
            libvirt.VIR_DOMAIN_BLOCKED,
        )

    @property
    def is_held(self) -> bool:
        """Say whether its CPUs stand still because somebody asked for it.

        Those of one that is moved or saved, or whose disk failed, do too.
        """
        return self.state == libvirt.VIR_DOMAIN_PAUSED and self.reason in (
            libvirt.VIR_DOMAIN_PAUSED_USER,
            libvirt.VIR_DOMAIN_PAUSED_UNKNOWN,
        )


class Hypervisor:
    """One connection to libvirt's daemon, which all rungs share.

    It is made when it is first needed, and again after it broke. Ours are
    the domains under ``partition``; nobody else's is ever touched. ``group``
    is the cgroup that holds them: where nothing runs in it there are no
    guests, also without a daemon. ``on_change`` is called when one was
    started, ended, paused, resumed or given a device; on libvirt's own thread,
    on which nothing may wait. ``listed`` has every domain with a process at
    the last look, also one that could not be asked more.
    """

    def __init__(
        self,
        uri: str,
        partition: str,
        group: Path,
        connect: Callable[[], Any] | None = None,
    ) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._uri = uri
        self._partition = partition
        self._group = group
        self._connect = connect or libvirt_link.Opener(uri).open
        self._asking = threading.Lock()
        self._connection: Any = None
        self._described: dict[Key, domain_xml.Description] = {}
        # Filled by libvirt's thread, which must wait for no lock: while it
        # does nobody would notice that the daemon hangs.
        self._outdated: set[Key] = set()
        self.listed: frozenset[Key] = frozenset()

    def guests(self) -> list[Guest]:
        """Give the guests that have a process; raise MechanismFailed.

        They outlive a daemon that is gone: that is a failure, not the end
        of all guests.
        """
        try:
            with self._asking:
                return self._ask(self._connected())
        except exception.MechanismFailed:
            if self._nothing_runs():
                self.listed = frozenset()
                return []
            raise
        except libvirt.libvirtError as error:
            raise libvirt_link.unavailable(self._uri, str(error)) from error

    def knows(self, uuid: str) -> bool:
        """Say whether libvirt could start a guest; it could if in doubt."""
        try:
            with self._asking:
                self._connected().lookupByUUIDString(uuid)
        except exception.MechanismFailed:
            return True
        except libvirt.libvirtError as error:
            return bool(error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN)
        return True

    def _ask(self, connection: Any) -> list[Guest]:
        domains = connection.listAllDomains(
            libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE
        )
        self.listed = frozenset(
            (each.UUIDString(), each.ID()) for each in domains
        )
        self._forget(self.listed)
        found = [self._guest(domain) for domain in domains]
        return [guest for guest in found if guest is not None]

    def _guest(self, domain: Any) -> Guest | None:
        """Give a guest, None if it is not ours or has just ended."""
        try:
            description = self._describe(domain)
            if description.partition != self._partition:
                return None
            state, reason = domain.state()
        except libvirt.libvirtError as error:
            if has_ended(error):
                return None
            raise
        uuid, number = domain.UUIDString(), domain.ID()
        return Guest(uuid, number, domain, description, state, reason)

    def _describe(self, domain: Any) -> domain_xml.Description:
        key = domain.UUIDString(), domain.ID()
        if key in self._outdated:
            # Before it is read: what changes meanwhile is read next time.
            self._outdated.discard(key)
            self._described.pop(key, None)
        if key not in self._described:
            self._described[key] = domain_xml.read(domain.XMLDesc(0))
        return self._described[key]

    def _forget(self, present: Set[Key]) -> None:
        for key in self._described.keys() - present:
            del self._described[key]
        self._outdated &= present

    def _connected(self) -> Any:
        if self._connection is not None:
            if self._connection.isAlive():
                return self._connection
            self._leave()
        self._connection = self._follow(self._connect())
        LOG.info('Connected to libvirt at %s', self._uri)
        return self._connection

    def _leave(self) -> None:
        before, self._connection = self._connection, None
        self._described.clear()
        with contextlib.suppress(libvirt.libvirtError):
            before.close()

    def _follow(self, connection: Any) -> Any:
        """Have changes told; what is not told is a connection lost."""
        try:
            self._register(connection)
        except libvirt.libvirtError as error:
            with contextlib.suppress(libvirt.libvirtError):
                connection.close()
            raise libvirt_link.unavailable(self._uri, str(error)) from error
        return connection

    def _register(self, connection: Any) -> None:
        changed, device = self._hear, self._hear_of_device
        for event, call in (
            (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, changed),
            (libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, device),
            (libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, device),
        ):
            connection.domainEventRegisterAny(None, event, call, None)
        connection.registerCloseCallback(self._hear, None)

    def _hear(self, *_of_what: Any) -> None:
        self.on_change()

    def _hear_of_device(self, _from: Any, domain: Any, *_which: Any) -> None:
        self._outdated.add((domain.UUIDString(), domain.ID()))
        self.on_change()

    def _nothing_runs(self) -> bool:
        groups = [self._group, *cgroup.below(self._group)]
        try:
            return not any(map(cgroup.has_tasks, groups))
        except OSError:
            return False


def has_ended(error: Any) -> bool:
    """Say whether a call failed because the guest ended, or is there yet."""
    return error.get_error_code() in (
        libvirt.VIR_ERR_NO_DOMAIN,
        libvirt.VIR_ERR_OPERATION_INVALID,
    )
