# SPDX-License-Identifier: Apache-2.0
"""Options of group slice: the cgroup that holds all guests."""

from oslo_config import cfg

OPTS = [
    cfg.FloatOpt(
        'leaving_cpus',
        default=0.5,
        min=0.05,
        max=64.0,
        help="""
CPUs that all guests share while one of them is moved, saved or shut down, or
they give memory back to an owner who has little left: a starved guest leaves
several times slower. Where the owner leaves as much unused, it is not taken
from him. Of what he leaves unused they also get it, or as much of it as there
is, while one of them is told that it has to leave. Outside of that the cap
holds. Related: ``[ladder] giving_memory_available``, and ``[desktop]
notice_share_s`` in nova.conf.
""",
    ),
    cfg.IntOpt(
        'quota_period_ms',
        default=1000,
        min=10,
        max=1000,
        help="""
Period of the CPU limit in milliseconds, in the idle class; in the normal one,
for guests that leave, it is 100 at most. A shorter one spreads the guests'
share more evenly, and interrupts the owner more often: each time that guests
begin, his task may have to wait for a tick of the scheduler. The smallest
limit is one millisecond per period.
""",
    ),
    cfg.StrOpt(
        'name',
        default='novadesktop',
        regex='^[a-z0-9]+$',
        max_length=32,
        help="""
Name of the guests' libvirt partition without the slash. The directory is
``<name>.slice`` under systemd, ``<name>.partition`` otherwise.
""",
    ),
    cfg.StrOpt(
        'parent',
        default='',
        regex='^([^/.][^/]*(/[^/.][^/]*)*)?$',
        help="""
Group inside each cgroup hierarchy that holds the guests' group. Empty, the
top, is right except where the host is itself a container. Related:
``[sensing] cgroup_root``.
""",
    ),
]
