# SPDX-License-Identifier: Apache-2.0
"""Construct the sources that the options ask for."""

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nova_desktop.agent import connection
from nova_desktop.conf import agent as options
from nova_desktop.mechanism import cgroup, own_group
from nova_desktop.sensing import (
    apps,
    evdev,
    gpu,
    helpers,
    load,
    logind,
    metered,
    nvidia,
    power,
    pressure,
    source,
    terminals,
    udev,
)

PROC = Path('/proc')
DEV = Path('/dev')
DRM = Path('/sys/class/drm')
NVIDIA = Path('/sys/bus/pci/drivers/nvidia')


@dataclasses.dataclass(frozen=True, slots=True)
class Sources:
    """All that is watched, and those of them that others need by name."""

    watched: tuple[source.Source[Any], ...]
    sessions: logind.SessionSource
    helpers: helpers.HelperSource
    load: load.LoadSource


def construct(
    conf: options.Conf,
    groups: cgroup.Tree,
    group: str,
    clock: Callable[[], float],
) -> Sources:
    """Construct what is to be watched; ``group`` is that of the guests."""
    sessions = logind.SessionSource(
        connection.system_bus,
        clock,
        own_pid=os.getpid(),
        heartbeat_s=conf.sensing.heartbeat_s,
        ignored_inhibitors=conf.sensing.ignored_inhibitors,
    )
    inside = helpers.HelperSource(connection.system_bus, clock)
    required = set(conf.sensing.required)
    # What is not required is not watched, or its lack would still count as
    # the owner; the others have no say where the host lacks them.
    asked = (_input(conf, clock), sessions)
    watched: list[source.Source[Any]] = [
        each for each in asked if each.name in required
    ]
    if conf.sensing.terminals or terminals.TerminalSource.name in required:
        watched.append(
            terminals.TerminalSource(
                DEV, clock, conf.sensing.terminals_period_s
            )
        )
    used = _load(conf, groups, group, clock)
    watched += [used, inside]
    if conf.sensing.gpu or gpu.GpuSource.name in required:
        watched.append(_gpu(conf, group, clock))
    watched += _surroundings(conf, group, clock)
    return Sources(tuple(watched), sessions, inside, used)


def _input(
    conf: options.Conf, clock: Callable[[], float]
) -> evdev.InputSource:
    return evdev.InputSource(
        Path(conf.sensing.input_dir),
        clock,
        conf.sensing.window_s,
        udev.classifier(),
        udev.DATABASE,
    )


def _load(
    conf: options.Conf,
    groups: cgroup.Tree,
    group: str,
    clock: Callable[[], float],
) -> load.LoadSource:
    host = conf.sensing.host_usage
    used = _usage_file(groups, group)
    return load.LoadSource(
        PROC,
        used if used.exists() else lambda: None,
        clock,
        period_s=conf.sensing.load_period_s,
        host_usage=Path(host) if host else None,
        waiting=_waiting(conf, groups, group),
    )


def _waiting(
    conf: options.Conf, groups: cgroup.Tree, group: str
) -> pressure.OwnersPressure | None:
    """Read the pressure of all groups but the guests' and the agent's."""
    # Beside the controllers of version 1 only the empty hierarchy has it.
    name = 'cpu' if groups.version == 2 else 'unified'
    if name not in groups.parents:
        return None
    return pressure.OwnersPressure(
        groups.parents[name],
        # Under systemd the agent is in system.slice, and next to nothing.
        {group, own_group.NAME},
        {
            'cpu': min(
                conf.presence.demand_pressure,
                conf.comfort.cpu_pressure,
            ),
            'io': min(
                conf.presence.demand_io_pressure,
                conf.comfort.io_pressure,
            ),
            'memory': conf.presence.demand_memory_pressure,
        },
    )


def _gpu(
    conf: options.Conf, group: str, clock: Callable[[], float]
) -> gpu.GpuSource:
    return gpu.GpuSource(
        PROC,
        DRM,
        clock,
        group,
        conf.sensing.gpu_period_s,
        nvidia.Nvidia(PROC, NVIDIA),
    )


def _usage_file(groups: cgroup.Tree, group: str) -> Path:
    """Find the counter of the CPU time that all guests used."""
    if groups.version == 2:
        return groups.group(group) / 'cpu.stat'
    controller = 'cpuacct' if 'cpuacct' in groups.parents else 'cpu'
    return groups.group(group, controller) / 'cpuacct.usage'


def _surroundings(
    conf: options.Conf, group: str, clock: Callable[[], float]
) -> Iterator[source.Source[Any]]:
    """Give what bounds the cap and says nothing of the owner."""
    yield power.PowerSource(
        connection.system_bus,
        clock,
        Path(conf.power.sysfs_class),
        conf.power.poll_s,
        conf.power.hot_margin_c,
        conf.sensing.heartbeat_s,
    )
    yield metered.MeteredSource(
        connection.system_bus, conf.sensing.heartbeat_s
    )
    if conf.apps.exclusive:
        yield apps.AppSource(
            PROC, conf.apps.exclusive, clock, group, conf.apps.poll_s
        )
