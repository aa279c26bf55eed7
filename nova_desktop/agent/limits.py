# SPDX-License-Identifier: Apache-2.0
"""The thresholds of the policies, from the options and the host's size."""

import os

from nova_desktop import model
from nova_desktop.agent import judge
from nova_desktop.conf import agent as options
from nova_desktop.policy import cap, ladder, presence


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
            required=tuple(conf.sensing.required),
            remote_counts=conf.presence.remote_counts,
        ),
        shares=_shares(conf),
        cap=cap.CapLimits(
            reclaim_after_s=conf.presence.reclaim_after_s,
            give_back_hold_s=conf.cap.give_back_hold_s,
        ),
        ladder=ladder.LadderLimits(leaving_cpus=conf.slice.leaving_cpus),
        capacity=capacity(),
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


def capacity() -> model.Capacity:
    """Say what the host has in all."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    return model.Capacity(
        cpus=os.cpu_count() or 1, memory_mib=memory // 1024**2
    )
