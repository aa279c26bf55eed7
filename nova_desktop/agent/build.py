# SPDX-License-Identifier: Apache-2.0
"""Construct the agent: options in, its parts out."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from nova_desktop import model
from nova_desktop.agent import (
    connection,
    daemon,
    deadman,
    departure,
    fencing,
    journal,
    judge,
    ladder,
    limits,
    loop,
    record,
    rules,
    rungs,
    saving,
    say,
    senses,
    slice_watch,
    sources,
    teller,
)
from nova_desktop.conf import agent as options
from nova_desktop.mechanism import (
    base,
    cgroup,
    delay_lock,
    disk,
    durable,
    fence,
    noop,
    own_group,
    removal,
    slice,
)
from nova_desktop.sensing import logind

SYSTEMD_RUN = Path('/run/systemd/system')
_DEAD_MAN = 'fence-in'


def tree(conf: options.Conf) -> cgroup.Tree:
    """Find the host's cgroups; raise CgroupMissing."""
    return cgroup.find(Path(conf.sensing.cgroup_root), conf.slice.parent)


def group_name(conf: options.Conf) -> str:
    """Give the name of the guests' group on this host."""
    return cgroup.directory_name(conf.slice.name, SYSTEMD_RUN)


def prepare(conf: options.Conf) -> None:
    """Make the guests' slice, in the idle class."""
    slice.prepare(tree(conf), group_name(conf), _period_us(conf))


def hold(conf: options.Conf) -> None:
    """Hold the slice as for an unknown owner; a stricter limit stays."""
    if conf.agent.dry_run:
        return
    guests = slice.GuestSlice(tree(conf), group_name(conf), _period_us(conf))
    share = conf.cap.unknown_cpu * limits.capacity().cpus
    found = guests.current().cpus
    cpus = share if found is None else min(share, found)
    guests.apply(model.SliceTarget(cpus=cpus))


def remove(conf: options.Conf) -> None:
    """Release whatever holds the guests, and remove what was made.

    Raises MechanismFailed while guests run.
    """
    groups, name = tree(conf), group_name(conf)
    if SYSTEMD_RUN.is_dir():
        asyncio.run(ladder.unit(conf, name).forget())
    mechanisms = ladder.Mechanisms(conf, groups, name)
    removal.remove(groups, name, mechanisms.in_order())
    cgroup.remove(groups, own_group.NAME)
    durable.discard(Path(conf.agent.state_dir) / _DEAD_MAN)


def wait_saved(conf: options.Conf, say: Callable[[str], None]) -> None:
    """Wait, where the host is shut down, until guests are saved."""
    asked = asyncio.run(saving.asked(connection.system_bus))
    if asked.idle:
        say(f'nothing to wait for: {asked.idle}')
        return
    guests = ladder.hypervisor_of(conf, tree(conf), group_name(conf))
    saving.Saving(guests, asked.fenced, say).wait(conf.agent.save_s)


def agent(conf: options.Conf) -> daemon.Daemon:
    """Construct the agent; raise CgroupMissing. Needs a running loop."""
    clock = time.monotonic
    groups = tree(conf)
    name = group_name(conf)
    guests, slower, store = _ladder(conf, groups, name)
    found = sources.construct(conf, groups, name, clock)
    sensed = senses.Senses(found.watched, conf.agent.source_retry_s, clock)
    state = Path(conf.agent.state_dir)
    changes = journal.Journal(state / 'changes', conf.agent.record_size)
    absences = journal.Journal(state / 'absences', record.ABSENCES)
    said = say.SayKeeper(state / 'say.json', time.time)
    told = teller.Teller(
        record.Record(changes), record.Absences(absences), time.time
    )
    told.fence = store
    passes = loop.Loop(
        sensed,
        _judge(conf, said, found.sessions),
        guests,
        told,
        clock,
        asyncio.get_running_loop().call_later,
        slower,
    )
    fences = fencing.Fencing(store, passes, slower)
    return daemon.Daemon(
        loop=passes,
        senses=sensed,
        teller=told,
        changes=record.Record(changes),
        journals=(changes, absences),
        tick_s=conf.agent.tick_s,
        retry_s=conf.agent.source_retry_s,
        own_group=_own_group(conf, groups),
        notify_socket=os.environ.get('NOTIFY_SOCKET', ''),
        say=said,
        helpers=found.helpers,
        hands=slower,
        fencing=fences,
        dead_man=deadman.DeadMan(
            fences.close,
            None if store is None else state / _DEAD_MAN,
            asyncio.get_running_loop().call_later,
        ),
        departing=_departure(conf, found.sessions, slower),
        watch=_watch(conf, groups.group(name), passes),
    )


def _watch(
    conf: options.Conf, path: Path, passes: loop.Loop
) -> slice_watch.SliceWatch | None:
    if conf.agent.dry_run:
        return None
    return slice_watch.SliceWatch(path, passes.reconcile)


def _departure(
    conf: options.Conf, sessions: logind.SessionSource, hands: rungs.Rungs
) -> departure.Departure | None:
    """Construct what logind waits for; who does not ask it cannot know."""
    if conf.agent.dry_run or sessions.name not in conf.sensing.required:
        return None
    return departure.Departure(
        delay_lock.DelayLock(lambda: connection.system_bus(True)),
        lambda: sessions.departing,
        lambda: hands.is_settled(rungs.PAUSE),
        time.monotonic,
        asyncio.get_running_loop().call_later,
        conf.agent.source_retry_s,
    )


def _judge(
    conf: options.Conf, said: say.SayKeeper, sessions: logind.SessionSource
) -> judge.Judge:
    return judge.Judge(
        limits.read(conf),
        lambda: sessions.departing,
        rules.Rules(
            said.rules,
            limits.schedule(conf),
            limits.surroundings(conf),
            time.time,
        ),
    )


def _ladder(
    conf: options.Conf, groups: cgroup.Tree, name: str
) -> tuple[base.Mechanism[model.SliceTarget], rungs.Rungs, fence.Fence | None]:
    """Construct the slice, the rungs beside it, and the fence."""
    if conf.agent.dry_run:
        return noop.NoopSlice(), rungs.Rungs(()), None
    cgroup.create(groups, name)
    disk.lowest_weight(groups, name)
    guests = slice.GuestSlice(groups, name, _period_us(conf))
    slower, store = ladder.construct(conf, groups, name, SYSTEMD_RUN.is_dir())
    return guests, slower, store


def _period_us(conf: options.Conf) -> int:
    return int(conf.slice.quota_period_ms) * 1000


def _own_group(
    conf: options.Conf, groups: cgroup.Tree
) -> own_group.OwnGroup | None:
    # systemd has given the agent's unit a group and a weight already.
    wanted = conf.agent.use_own_group and not conf.agent.dry_run
    if not wanted or SYSTEMD_RUN.is_dir():
        return None
    return own_group.OwnGroup(groups, os.getpid())
