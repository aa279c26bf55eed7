# SPDX-License-Identifier: Apache-2.0
"""From a request and the host's servers to who must go: pure."""

import dataclasses
from collections.abc import Collection, Iterable

from nova_desktop import messages, model
from nova_desktop.policy import victims
from nova_desktop.reclaim import grace, nouns


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
        age_s=max(0.0, now_unix_s - server.since_unix_s),
        state=server.vm_state.upper(),
    )


def _spared(guest: model.Candidate) -> model.Candidate:
    """Let a guest count as used memory that nobody may touch."""
    return dataclasses.replace(guest, tolerance=model.Tolerance())


def make(
    servers: Iterable[nouns.Server],
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
    return victims.choose(
        [_spared(g) if g.server_id in resting else g for g in guests],
        request.keep_cpus,
        request.keep_memory_mib,
    )


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
