# SPDX-License-Identifier: Apache-2.0
"""From a request and the host's servers to who must go: pure."""

import dataclasses
from collections.abc import Collection, Iterable

from nova_desktop import messages, model
from nova_desktop.policy import cost, victims
from nova_desktop.reclaim import checkpoint, grace, nouns


def candidate(
    server: nouns.Server, now_unix_s: float, settings: nouns.Settings
) -> model.Candidate:
    """See a server as the policy does.

    One that was told already goes first, whoever told it: a service that was
    started again, or a second one, then comes to the same plan.
    """
    guest = server.tolerance
    if grace.remembered(server, now_unix_s, settings) is not None:
        guest = dataclasses.replace(guest, priority=-1)
    return model.Candidate(
        server_id=server.id,
        tolerance=guest,
        vcpus=server.vcpus,
        memory_mib=server.memory_mib,
        unsaved_s=checkpoint.unsaved_s(server, now_unix_s),
        state=server.vm_state.upper(),
        disk_gib=server.disk_gib,
    )


def rates(settings: nouns.Settings) -> cost.Rates:
    """Give how fast guests leave, as the operator said."""
    return cost.Rates(settings.link_mib_per_s, settings.disk_mib_per_s)


def _spared(guest: model.Candidate) -> model.Candidate:
    """Let a guest count as used memory that nobody may touch."""
    return dataclasses.replace(guest, tolerance=model.Tolerance())


def _naming_locks(
    made: victims.Plan, servers: Iterable[nouns.Server]
) -> victims.Plan:
    """Say of which victims a lock is passed.

    Locking keeps a project's own users off; that the server is evicted is
    what its flavor is for. Nova lets administrators pass.
    """
    chosen = {guest.server_id for guest in made.victims}
    locked = sorted(s.id for s in servers if s.locked and s.id in chosen)
    if not locked:
        return made
    told = f'{made.reason}; locked, which does not spare: {", ".join(locked)}'
    return dataclasses.replace(made, reason=told)


def make(
    servers: Collection[nouns.Server],
    request: messages.ReclaimRequest,
    leaving: Collection[str],
    resting: Collection[str],
    now_unix_s: float,
    settings: nouns.Settings,
) -> victims.Plan:
    """Choose the victims of a request.

    ``leaving`` are on their way out already: they count as gone. ``resting``
    failed to leave a while ago: they count as used, and are left alone.
    """
    guests = [
        candidate(server, now_unix_s, settings)
        for server in servers
        if server.host == request.host and server.id not in leaving
    ]
    made = victims.choose(
        [_spared(g) if g.server_id in resting else g for g in guests],
        request.keep_cpus,
        request.keep_memory_mib,
        rates(settings),
        request.within_s,
    )
    return _naming_locks(made, servers)


def staying_mib(
    servers: Iterable[nouns.Server], host: str, leaving: Collection[str]
) -> int:
    """Add up the memory on a host of the servers that are not leaving."""
    return sum(
        server.memory_mib
        for server in servers
        if server.host == host
        and server.holds_memory
        and server.id not in leaving
    )
