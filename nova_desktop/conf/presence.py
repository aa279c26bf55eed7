# SPDX-License-Identifier: Apache-2.0
"""Options of group presence: when the owner counts as there."""

from oslo_config import cfg

OPTS = [
    cfg.FloatOpt(
        'active_hold_s',
        default=60.0,
        min=0.0,
        max=86400.0,
        help="""
Seconds for which input keeps the owner active. Related: ``away_after_s``.
""",
    ),
    cfg.IntOpt(
        'pointer_windows_needed',
        default=2,
        min=1,
        max=10,
        help="""
Number of sensing windows with pointer input that tell a hand from a bumped
desk. A first one throttles the guests already; it has no other consequence
until it is confirmed. Related: ``bump_hold_s``, ``[sensing] window_s``.
""",
    ),
    cfg.FloatOpt(
        'bump_hold_s',
        default=10.0,
        min=0.1,
        max=3600.0,
        help="""
Seconds for which a first pointer event that nothing confirms throttles the
guests.
""",
    ),
    cfg.FloatOpt(
        'away_after_s',
        default=900.0,
        min=0.1,
        max=86400.0,
        help="""
Seconds without input after which the owner is away although his session is
not locked. Before that he is idle. While an idle inhibitor is held (a film, a
call) he is not away however long that takes. This is also what tells on
desktops that never say that they are locked, such as sway and i3. Related:
``locked_away_after_s``, ``[sensing] ignored_inhibitors``.
""",
    ),
    cfg.FloatOpt(
        'locked_away_after_s',
        default=15.0,
        min=0.0,
        max=86400.0,
        help="""
Seconds without input after which the owner is away where nobody is logged in
or every session is locked. Related: ``away_after_s``.
""",
    ),
    cfg.FloatOpt(
        'settle_s',
        default=60.0,
        min=0.0,
        max=3600.0,
        help="""
Seconds after the agent's start in which having seen nothing is not yet a sign
of absence.
""",
    ),
    cfg.FloatOpt(
        'cool_down_s',
        default=10.0,
        min=0.0,
        max=3600.0,
        help="""
The least seconds between a change of presence and one away from the owner.
Changes towards the owner never wait.
""",
    ),
    cfg.FloatOpt(
        'demand_cpus',
        default=2.0,
        min=0.05,
        max=4096.0,
        help="""
CPUs that the owner's own tasks use from which on they count as demand, also
while nobody is at the keyboard. Demand ends at half of it.
""",
    ),
    cfg.FloatOpt(
        'demand_pressure',
        default=0.1,
        min=0.01,
        max=1.0,
        help="""
Part of the time (0 to 1) in which one of the owner's tasks waits for a CPU,
from which on there is demand. Demand ends at half of it. The owner's tasks are
those in every cgroup beside the guests' own, of which the one that waits most
counts; what lies right in the parent of that has no counter of its own.
Related: ``[slice] parent``, ``[sensing] load_period_s``.
""",
    ),
    cfg.FloatOpt(
        'demand_io_pressure',
        default=0.2,
        min=0.01,
        max=1.0,
        help="""
Part of the time (0 to 1) in which one of the owner's tasks waits for a disk,
from which on there is demand. Demand ends at half of it. Related:
``demand_pressure``.
""",
    ),
    cfg.FloatOpt(
        'demand_memory_pressure',
        default=0.05,
        min=0.01,
        max=1.0,
        help="""
Part of the time (0 to 1) in which one of the owner's tasks waits for memory
that has to be freed or read back first, from which on there is demand. Demand
ends at half of it. Related: ``demand_memory_available``.
""",
    ),
    cfg.FloatOpt(
        'demand_memory_available',
        default=0.05,
        min=0.0,
        max=0.5,
        help="""
Part (0 to 1) of the host's memory, below which what is left for the owner's
next program counts as demand. Demand ends at double of it. 0: never. Related:
``[cap] away_memory``, ``demand_memory_pressure``.
""",
    ),
    cfg.FloatOpt(
        'demand_gpu',
        default=0.3,
        min=0.01,
        max=1.0,
        help="""
Part of the time (0 to 1) in which the owner's own programs keep an engine of a
GPU busy (3D, video, copying), from which on there is demand. Demand ends at
half of it. Related: ``[sensing] gpu``.
""",
    ),
    cfg.BoolOpt(
        'remote_counts',
        default=True,
        help="""
Whether a remote session (ssh, a remote desktop) counts as the owner, and what
is typed into a terminal. Related: ``[sensing] terminals``.
""",
    ),
    cfg.FloatOpt(
        'reclaim_after_s',
        default=30.0,
        min=0.0,
        max=86400.0,
        help="""
Seconds for which the owner must be back before guests above the cap have to
leave the host. They are throttled at once in any case.
""",
    ),
]
