# SPDX-License-Identifier: Apache-2.0
"""What the service sees of the cloud, and how the cloud says no."""

import dataclasses
import datetime
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from nova_desktop import exception, model
from nova_desktop.policy import drain, tolerance, victims


class CloudError(exception.DesktopError):
    """Nova, Placement or keystone did not do what was asked."""


class CloudUnreachable(CloudError):
    """No answer, or a server-side error: worth asking again later."""


class CloudConflict(CloudError):
    """The server's state does not allow it now."""


class CloudRefused(CloudError):
    """Refused for good: bad request, forbidden, not there."""


def unix_s(text: str) -> float:
    """Read ISO 8601, without a time zone in UTC; raise ValueError."""
    when = datetime.datetime.fromisoformat(text)
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    return when.timestamp()


# Nova takes metadata in these states alone.
_TAKES_METADATA = ('active', 'paused', 'suspended', 'stopped')


@dataclasses.dataclass(frozen=True, slots=True)
class Server:
    """A server as Nova shows it to the administrator.

    ``node`` is the name of its resource provider; ``task_state`` is None
    while Nova does nothing with it; times are unix seconds, ``since`` that of
    its latest start. ``locked`` is somebody's ``openstack server lock``; who
    holds it Nova does not tell.
    """

    id: str
    host: str
    node: str
    vm_state: str
    task_state: str | None
    memory_mib: int
    vcpus: int
    since_unix_s: float
    extra_specs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)
    disk_gib: int = 0
    locked: bool = False
    created_unix_s: float = 0.0
    user_id: str = ''
    project_id: str = ''

    @property
    def tolerance(self) -> model.Tolerance:
        """Give what its flavor tolerates; nothing where that is unclear."""
        return tolerance.parse(self.extra_specs)[0]

    @property
    def holds_memory(self) -> bool:
        """Say whether it uses memory of its host."""
        return bool(self.host) and victims.holds_memory(self.vm_state)

    @property
    def takes_metadata(self) -> bool:
        """Say whether Nova has its metadata changed now."""
        return self.task_state is None and self.vm_state in _TAKES_METADATA


@dataclasses.dataclass(frozen=True, slots=True)
class ActionRecord:
    """One entry of a server's instance actions."""

    action: str
    user_id: str
    request_id: str
    start: str
    failed: bool

    @property
    def start_unix_s(self) -> float:
        """Give when it began."""
        return unix_s(self.start)


@dataclasses.dataclass(frozen=True, slots=True)
class Provider:
    """The memory of a workstation in Placement, in MiB."""

    uuid: str
    total_mib: int
    reserved_mib: int
    used_mib: int

    @property
    def free_mib(self) -> int:
        """Give what is lent and not used; negative means reclaim is due.

        Without the allocation ratio: memory that is reserved is the owner's,
        whatever is promised of the rest.
        """
        return self.total_mib - self.reserved_mib - self.used_mib


@dataclasses.dataclass(frozen=True, slots=True)
class Compute:
    """A nova-compute: whether it is up, and its last sign of life.

    ``disabled`` is why nothing new comes to it, empty for no reason given,
    ``None`` while it is enabled.
    """

    host: str
    up: bool
    forced_down: bool
    heard_unix_s: float
    disabled: str | None = None

    @property
    def drain(self) -> drain.Drain | None:
        """Give what it is drained for, ``None`` while it is not."""
        return drain.parse(self.disabled)


class Cloud(Protocol):
    """What the service asks of Nova and Placement; raises CloudError."""

    def user_id(self) -> str:
        """Give the user that this service acts as."""

    def servers_of(self, host: str) -> list[Server]:
        """Give all projects' servers of a host."""

    def all_servers(self) -> list[Server]:
        """Give all projects' servers."""

    def waiting(self) -> list[Server]:
        """Give all projects' servers that are offloaded or at rest."""

    def changed_since(self, unix_s: float) -> list[Server]:
        """Give all projects' servers that have changed since then."""

    def server(self, server_id: str) -> Server | None:
        """Give a server, None when it is gone."""

    def email_of(self, user_id: str) -> str:
        """Give a user's mail address, empty for none."""

    def project_of(self, server_id: str) -> str | None:
        """Give whose a server is or was, None when none is known."""

    def is_compute(self, host: str) -> bool:
        """Say whether there is a nova-compute of that host."""

    def compute(self, host: str) -> Compute | None:
        """Give the nova-compute of a host, None when there is none."""

    def act(self, action: model.ReclaimAction, server_id: str) -> str:
        """Start an action; give its request id, empty when unknown."""

    def nudge(self, name: str, server_id: str) -> None:
        """Start a further server action, such as confirmResize."""

    def abort_live_migration(self, server_id: str) -> None:
        """Abort the live migration that is running, if any."""

    def set_metadata(self, server_id: str, key: str, value: str) -> None:
        """Set one key of a server's metadata."""

    def delete_metadata(self, server_id: str, key: str) -> None:
        """Delete one key of a server's metadata, if it is there."""

    def actions(self, server_id: str) -> Sequence[ActionRecord]:
        """Give a server's instance actions, newest first."""

    def failure(self, server_id: str, request_id: str) -> str:
        """Say why an instance action failed, empty when unknown."""

    def held_on(self, server_id: str) -> frozenset[str]:
        """Give the providers on which Placement counts a server."""

    def provider(self, node: str) -> Provider | None:
        """Give a workstation's memory in Placement."""

    def computes(self) -> list[Compute]:
        """Give every nova-compute."""

    def workstations(self) -> int:
        """Count the workstations that Placement knows."""

    def traits_of(self, node: str) -> frozenset[str]:
        """Give the traits of a node's provider, none when there is none."""

    def evacuate(self, server_id: str) -> None:
        """Start a server anew elsewhere, whose host is down."""


class Clock:
    """The time, and waiting for an event or until a time has passed."""

    def unix(self) -> float:
        """Give unix seconds."""
        return time.time()

    def steady(self) -> float:
        """Give monotonic seconds."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event; say whether it came."""
        return event.wait(max(0.0, seconds))


class Settings(Protocol):
    """The options of group reclaim that the eviction of a server needs."""

    threads: int
    per_host: int
    link_mib_per_s: float
    disk_mib_per_s: float
    poll_s: float
    retry_after_s: float
    grace_min_s: int
    grace_max_s: int
    grace_poll_s: float
    notice_stale_s: float
    request_fresh_s: float
    guest_timeout_s: float
    live_migrate_timeout_s: float
    cold_migrate_timeout_s: float
    suspend_timeout_s: float
    shelve_timeout_s: float
    stop_timeout_s: float
    rebuild_timeout_s: float
    delete_timeout_s: float
    confirm_timeout_s: float
    confirm_cold_migration: bool
    return_scan_s: float
    return_batch: int
    return_per_min: float
    return_wait_s: float
    return_timeout_s: float
    lease_scan_s: float
    lease_warning_s: float
    lease_max_min: int
    lease_any_server: bool
