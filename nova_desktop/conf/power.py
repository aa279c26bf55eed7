# SPDX-License-Identifier: Apache-2.0
"""Options of groups power and network: what the surroundings allow."""

from oslo_config import cfg


def _share(name: str, default: float, text: str) -> cfg.FloatOpt:
    return cfg.FloatOpt(name, default=default, min=0.0, max=1.0, help=text)


OPTS = [
    _share(
        'battery_cpu',
        0.0,
        """
Part (0 to 1) of the host's CPUs that guests may use while the host runs on its
battery, or may do so for all that can be told. New guests are not taken.
""",
    ),
    _share(
        'battery_memory',
        0.0,
        """
Part (0 to 1) of the host's memory that guests may keep while the host runs on
its battery. Those above it have to leave after
``[presence] reclaim_after_s``; 1 lets them wait.
""",
    ),
    cfg.FloatOpt(
        'battery_least_percent',
        default=50.0,
        min=0.0,
        max=100.0,
        help="""
Charge of the battery in percent below which, on battery, nothing at all is
lent, whatever ``battery_cpu`` and ``battery_memory`` say.
""",
    ),
    _share(
        'hot_cpu',
        0.1,
        """
Part (0 to 1) of the host's CPUs that guests may use while the host is too hot.
New guests are not taken, none has to leave. Related: ``hot_margin_c``.
""",
    ),
    cfg.FloatOpt(
        'hot_margin_c',
        default=10.0,
        min=0.0,
        max=60.0,
        help="""
Degrees Celsius below the temperature that the firmware calls hot or critical
at which the host is too hot. It no longer is 5 degrees below that.
""",
    ),
    cfg.FloatOpt(
        'poll_s',
        default=10.0,
        min=0.1,
        max=600.0,
        help="""
Seconds between two looks at the temperature, and at the battery where UPower,
which tells of it at once, does not run.
""",
    ),
    cfg.StrOpt(
        'sysfs_class',
        default='/sys/class',
        help="""
Directory in which the kernel shows ``power_supply`` and ``thermal``.
""",
    ),
]

NETWORK_OPTS = [
    cfg.BoolOpt(
        'metered_admit',
        default=False,
        help="""
Whether new guests are taken while NetworkManager calls the connection metered,
or guesses so. A guest that comes brings its image over the network. Those that
are there stay. Without NetworkManager nothing is known, and nothing is held
back.
""",
    ),
]
