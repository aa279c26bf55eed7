# SPDX-License-Identifier: Apache-2.0
"""Construct the sources that the options ask for."""

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nova_desktop.agent import connection
from nova_desktop.conf import agent as options
from nova_desktop.mechanism import cgroup
from nova_desktop.sensing import (
    apps,
    evdev,
    helpers,
    load,
    logind,
    metered,
    power,
    source,
    terminals,
    udev,
)

PROC = Path('/proc')
DEV = Path('/dev')
# Where systemd has everything that people run, and no guest, by version.
OWNERS_PRESSURE = {
    1: 'unified/user.slice/cpu.pressure',
    2: 'user.slice/cpu.pressure',
}


@dataclasses.dataclass(frozen=True, slots=True)
class Sources:
    """All that is watched, and those of them that others need by name."""

    watched: tuple[source.Source[Any], ...]
    sessions: logind.SessionSource
    helpers: helpers.HelperSource


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
    watched += [_load(conf, groups, group, clock), inside]
    watched += _surroundings(conf, group, clock)
    return Sources(tuple(watched), sessions, inside)


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
    pressure = Path(conf.sensing.cgroup_root) / OWNERS_PRESSURE[groups.version]
    return load.LoadSource(
        PROC,
        used if used.exists() else lambda: None,
        clock,
        period_s=conf.sensing.load_period_s,
        host_usage=Path(host) if host else None,
        pressure=(pressure,) if pressure.exists() else (),
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
