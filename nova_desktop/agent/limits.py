# SPDX-License-Identifier: Apache-2.0
"""The thresholds of the policies, from the options and the host's size."""

import os

from nova_desktop import model
from nova_desktop.agent import judge
from nova_desktop.conf import agent as options
from nova_desktop.conf import dates, windows
from nova_desktop.policy import cap, comfort, giving, ladder, presence
from nova_desktop.policy import schedule as schedules
from nova_desktop.policy import surroundings as around
from nova_desktop.sensing import topology


def read(conf: options.Conf) -> judge.Limits:
    """Turn options into the thresholds of the policies."""
    return judge.Limits(
        presence=presence.PresenceLimits(
            active_hold_s=conf.presence.active_hold_s,
            pointer_windows_needed=conf.presence.pointer_windows_needed,
            bump_hold_s=conf.presence.bump_hold_s,
            away_after_s=conf.presence.away_after_s,
            locked_away_after_s=conf.presence.locked_away_after_s,
            settle_s=conf.presence.settle_s,
            cool_down_s=conf.presence.cool_down_s,
            demand_cpus=conf.presence.demand_cpus,
            demand_pressure=conf.presence.demand_pressure,
            demand_io_pressure=conf.presence.demand_io_pressure,
            demand_memory_pressure=conf.presence.demand_memory_pressure,
            demand_memory_available=conf.presence.demand_memory_available,
            demand_gpu=conf.presence.demand_gpu,
            required=tuple(conf.sensing.required),
            remote_counts=conf.presence.remote_counts,
        ),
        shares=_shares(conf),
        cap=cap.CapLimits(
            reclaim_after_s=conf.presence.reclaim_after_s,
            give_back_hold_s=conf.cap.give_back_hold_s,
        ),
        ladder=_ladder(conf),
        capacity=capacity(),
        comfort=comfort.ComfortLimits(
            cpu_pressure=conf.comfort.cpu_pressure,
            io_pressure=conf.comfort.io_pressure,
            floor=conf.comfort.floor,
            step=conf.comfort.step,
            step_s=conf.comfort.step_s,
        ),
        giving=giving.GivingLimits(
            below=conf.ladder.giving_memory_available,
            time_s=conf.ladder.giving_s,
        ),
    )


def _ladder(conf: options.Conf) -> ladder.LadderLimits:
    # What is 0 in the options is no limit.
    return ladder.LadderLimits(
        leaving_cpus=conf.slice.leaving_cpus,
        disk_bytes_per_s=int(conf.ladder.disk_mib_per_s * 1024**2) or None,
        disk_operations_per_s=conf.ladder.disk_operations_per_s or None,
        network_kib_per_s=int(conf.ladder.network_mib_per_s * 1024) or None,
        take_cores=conf.ladder.take_cores,
        balloon=conf.ladder.balloon,
        pause_passthrough=conf.ladder.pause_passthrough,
    )


def _shares(conf: options.Conf) -> cap.CapShares:
    def share(state: str, admit: bool) -> cap.Share:
        return cap.Share(
            cpu=conf.cap[f'{state}_cpu'],
            memory=conf.cap[f'{state}_memory'],
            admit=admit,
        )

    return cap.CapShares(
        away=share('away', True),
        idle=share('idle', conf.cap.idle_admit),
        active=share('active', False),
        unknown=share('unknown', False),
    )


def schedule(conf: options.Conf) -> schedules.Schedule:
    """Turn the options of group schedule into a schedule."""
    days, yearly = dates.dates(conf.schedule.holidays)
    return schedules.Schedule(
        zone=dates.zone(conf.schedule.timezone),
        windows=tuple(_window(line) for line in conf.schedule.window),
        holidays=days,
        yearly=yearly,
        holidays_as=dates.weekday(conf.schedule.holidays_as),
        outside=schedules.Limit(*conf.schedule.outside),
    )


def _window(line: windows.Line) -> schedules.Window:
    return schedules.Window(
        name=line.name,
        text=line.when,
        days=line.days,
        start_min=line.start_min,
        end_min=line.end_min,
        limit=schedules.Limit(*line.limits),
    )


def surroundings(conf: options.Conf) -> around.SurroundingsLimits:
    """Turn the options of power, network and apps into thresholds."""
    return around.SurroundingsLimits(
        battery_cpu=conf.power.battery_cpu,
        battery_memory=conf.power.battery_memory,
        battery_least_percent=conf.power.battery_least_percent,
        hot_cpu=conf.power.hot_cpu,
        metered_admit=conf.network.metered_admit,
        apps_hold_s=conf.apps.hold_s,
    )


def capacity() -> model.Capacity:
    """Say what the host has in all."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    return model.Capacity(
        cpus=os.cpu_count() or 1,
        memory_mib=memory // 1024**2,
        cores=topology.cores(),
    )
