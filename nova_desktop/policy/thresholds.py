# SPDX-License-Identifier: Apache-2.0
"""The thresholds of presence, and the names of the sources that decide."""

import dataclasses

INPUT = 'input'
SESSIONS = 'sessions'
TERMINALS = 'terminals'
HELPERS = 'helpers'
AGENT = 'agent'


@dataclasses.dataclass(frozen=True, slots=True)
class PresenceLimits:
    """The thresholds of presence; seconds, CPUs and shares of time.

    ``active_hold_s``: input keeps the owner active that long.
    ``pointer_windows_needed``: sensing windows with pointer input that tell
    a hand from a bumped desk. ``bump_hold_s``: how long a first pointer event
    that nothing confirms counts. ``away_after_s``: silence that means away
    beside an unlocked session. ``locked_away_after_s``: the same with no
    session or all locked, where it takes the place of ``active_hold_s`` too.
    ``settle_s``: how long after the start nothing seen is not yet silence.
    ``cool_down_s``: the least time between a change and one away from the
    owner. ``demand_cpus``, ``demand_pressure`` (of the CPUs),
    ``demand_io_pressure``, ``demand_memory_pressure``: demand begins here and
    ends at half; ``demand_memory_available``: it begins below this part of
    memory and ends above double; ``demand_gpu`` begins and ends as the
    pressures do. ``required``: sources without which nothing
    is known. ``remote_counts``: a remote session, and what is typed into a
    terminal, is the owner.
    """

    active_hold_s: float = 60.0
    pointer_windows_needed: int = 2
    bump_hold_s: float = 10.0
    away_after_s: float = 900.0
    locked_away_after_s: float = 15.0
    settle_s: float = 60.0
    cool_down_s: float = 10.0
    demand_cpus: float = 2.0
    demand_pressure: float = 0.1
    demand_io_pressure: float = 0.2
    demand_memory_pressure: float = 0.05
    demand_memory_available: float = 0.05
    demand_gpu: float = 0.3
    required: tuple[str, ...] = (INPUT, SESSIONS)
    remote_counts: bool = True
