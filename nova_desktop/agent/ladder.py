# SPDX-License-Identifier: Apache-2.0
"""Construct the rungs of the ladder that are slower than the slice."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nova_desktop import model
from nova_desktop.agent import connection, follower, rung, rungs
from nova_desktop.conf import agent as options
from nova_desktop.mechanism import (
    balloon,
    base,
    cgroup,
    cores,
    disk,
    fence,
    hypervisor,
    memory,
    network,
    pause,
    systemd_unit,
)
from nova_desktop.policy import balloon as shares

# Where systemd has everything that people run.
_OWNERS = ('user.slice',)

_NEUTRAL = model.Hold(slice=model.SliceTarget(None))


def hypervisor_of(
    conf: options.Conf, groups: cgroup.Tree, name: str
) -> hypervisor.Hypervisor:
    """Construct what asks libvirt for the guests in the group ``name``."""
    return hypervisor.Hypervisor(
        conf.ladder.libvirt_uri, f'/{conf.slice.name}', groups.group(name)
    )


class Mechanisms:
    """What holds guests beside their slice, by the names in ``model.Hold``."""

    def __init__(
        self, conf: options.Conf, groups: cgroup.Tree, name: str
    ) -> None:
        self.guests = hypervisor_of(conf, groups, name)
        owners = [groups.group(owner) for owner in _OWNERS]
        self.memory = memory.GuestMemory(groups, name, owners)
        state = Path(conf.agent.state_dir)
        paused = pause.GuestPause(
            self.guests, state / 'paused.json', conf.ladder.resume_stagger_s
        )
        self.fence = paused.fence
        self.by_name: dict[str, base.Mechanism[Any]] = {
            'cores': cores.GuestCores(groups, name),
            'disk': disk.GuestDisks(groups, name),
            'memory': self.memory,
            'balloon': balloon.GuestBalloons(
                self.guests, shares.plan, state / 'balloons.json'
            ),
            'network': network.GuestNetworks(
                self.guests, state / 'network.json'
            ),
            'pause': paused,
        }

    def in_order(self) -> list[base.Mechanism[Any]]:
        """Give them as they are released: guests run, then run freely."""
        return list(reversed(self.by_name.values()))


def unit(
    conf: options.Conf,
    name: str,
    memory_limit_bytes: Callable[[], int | None] = lambda: None,
) -> systemd_unit.SliceUnit:
    """Construct what systemd is told by."""
    return systemd_unit.SliceUnit(
        connection.system_bus,
        name,
        int(conf.slice.quota_period_ms) * 1000,
        disk.whole_disks,
        memory_limit_bytes,
    )


def construct(
    conf: options.Conf, groups: cgroup.Tree, name: str, systemd: bool
) -> tuple[rungs.Rungs, fence.Fence]:
    """Construct the rungs, and give the fence; needs a running loop."""
    made = Mechanisms(conf, groups, name)
    loop = asyncio.get_running_loop()
    found = rungs.Rungs(list(_rungs(made, loop)))
    made.guests.on_change = found.poke
    if systemd:
        told = unit(conf, name, made.memory.limit_bytes)
        found.on_want = follower.Follower(told, lambda: found.on_told()).want
    return found, made.fence


def _rungs(
    made: Mechanisms, loop: asyncio.AbstractEventLoop
) -> Iterator[rung.Rung[Any]]:
    for name, mechanism in made.by_name.items():
        yield rung.Rung(
            name,
            mechanism,
            getattr(_NEUTRAL, name),
            loop.call_soon_threadsafe,
        )
