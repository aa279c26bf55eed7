# SPDX-License-Identifier: Apache-2.0
"""What power, heat, network and the owner's programs leave for guests."""

import dataclasses

from nova_desktop import model

POWER = 'power'
NETWORK = 'network'
APPS = 'apps'


@dataclasses.dataclass(frozen=True, slots=True)
class SurroundingsLimits:
    """What is lent at most in which surroundings; parts 0 to 1 of the host.

    Below ``battery_least_percent`` a battery lends nothing. ``apps_hold_s``:
    how long an exclusive program counts after it was seen last.
    """

    battery_cpu: float = 0.0
    battery_memory: float = 0.0
    battery_least_percent: float = 50.0
    hot_cpu: float = 0.1
    metered_admit: bool = False
    apps_hold_s: float = 60.0


def bounds(
    facts: model.Facts, limits: SurroundingsLimits
) -> tuple[model.Bound, ...]:
    """Give a bound for each thing around the host that narrows the cap."""
    found = (
        _battery(facts.power, limits),
        _heat(facts.power, limits),
        _network(facts.network, limits),
        _apps(facts, limits),
    )
    return tuple(bound for bound in found if bound is not None)


def _battery(
    power: model.PowerFacts | None, limits: SurroundingsLimits
) -> model.Bound | None:
    if power is None or power.on_battery is False:
        return None
    if power.on_battery is None:
        return _perhaps_battery(power, limits)
    percent, least = power.battery_percent, limits.battery_least_percent
    if percent is not None and percent < least:
        reason = f'the host runs on a battery that holds less than {least:g} %'
        return _on_battery(reason, 0.0, 0.0)
    # A charge that is not known may be low, and may not: nobody is sent away.
    cpu = 0.0 if percent is None else limits.battery_cpu
    reason = 'the host runs on its battery'
    return _on_battery(reason, cpu, limits.battery_memory)


def _on_battery(reason: str, cpu: float, memory: float) -> model.Bound:
    return model.Bound(
        source=POWER,
        reason=reason,
        cpu=cpu,
        memory=memory,
        admit=False,
        # Less CPU saves the battery at once; only what is to free memory
        # needs anybody to leave.
        reclaim=memory < 1.0,
    )


def _perhaps_battery(
    power: model.PowerFacts, limits: SurroundingsLimits
) -> model.Bound | None:
    """Hold guests where nobody can tell; that alone evicts none."""
    if power.has_battery is False:
        return None
    return model.Bound(
        source=POWER,
        reason='it cannot be told whether the host runs on its battery',
        cpu=limits.battery_cpu,
        admit=False,
    )


def _heat(
    power: model.PowerFacts | None, limits: SurroundingsLimits
) -> model.Bound | None:
    # Most machines name no limit: not known is the rule, and no danger, as
    # the kernel slows a hot processor down by itself.
    if power is None or not power.too_hot:
        return None
    return model.Bound(
        source=POWER,
        reason='the host is too hot',
        cpu=limits.hot_cpu,
        admit=False,
    )


def _network(
    network: model.NetworkFacts | None, limits: SurroundingsLimits
) -> model.Bound | None:
    if network is None or not network.metered or limits.metered_admit:
        return None
    return model.Bound(
        source=NETWORK, reason='the network is metered', admit=False
    )


def _apps(
    facts: model.Facts, limits: SurroundingsLimits
) -> model.Bound | None:
    apps = facts.apps
    if apps is None:
        return None
    if apps.running is None:
        return _alone('it cannot be told which programs run')
    if apps.running:
        return _alone(f'{", ".join(apps.running)} wants the host for itself')
    if apps.last_seen_s is None:
        return None
    end_s = apps.last_seen_s + limits.apps_hold_s
    if facts.now_s >= end_s:
        return None
    reason = f'{apps.last} ran less than {limits.apps_hold_s:g} s ago'
    return dataclasses.replace(_alone(reason), end_s=end_s)


def _alone(reason: str) -> model.Bound:
    return model.Bound(source=APPS, reason=reason, cpu=0.0, admit=False)
