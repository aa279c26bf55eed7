# SPDX-License-Identifier: Apache-2.0
"""Options of group ladder: how guests are held beside their CPU share."""

from oslo_config import cfg

OPTS = [
    cfg.BoolOpt(
        'take_cores',
        default=True,
        help="""
Whether guests run on as few whole cores as their share needs while the owner
may be here, who keeps caches and siblings. Related: ``[cap] active_cpu``.
""",
    ),
    cfg.FloatOpt(
        'disk_mib_per_s',
        default=20.0,
        min=0.0,
        max=100000.0,
        help="""
MiB per second that all guests together read from, and write to, each disk of
the host while the owner may be here or has tasks that wait. 0 is no limit. In
cgroup version 1 what goes through the page cache is not held.
""",
    ),
    cfg.IntOpt(
        'disk_operations_per_s',
        default=20,
        min=0,
        max=10000000,
        help="""
Operations per second, of reading and of writing each, that all guests together
do on each disk of the host while ``disk_mib_per_s`` holds. 0 is no limit.
""",
    ),
    cfg.FloatOpt(
        'network_mib_per_s',
        default=1.0,
        min=0.0,
        max=100000.0,
        help="""
MiB per second that each guest sends, and receives, while the owner may be here
or has tasks that wait. 0 is no limit but the guest's own.
""",
    ),
    cfg.BoolOpt(
        'balloon',
        default=True,
        help="""
Whether guests give memory back, by their balloons, while less is lent than
when the owner is away. A guest keeps what it needs. Related: ``[cap]
active_memory``.
""",
    ),
    cfg.FloatOpt(
        'giving_memory_available',
        default=0.15,
        min=0.0,
        max=1.0,
        help="""
Part (0 to 1) of the host's memory: while less is left for an owner who comes
back, guests get ``[slice] leaving_cpus`` to give memory back. 0: never.
""",
    ),
    cfg.FloatOpt(
        'giving_s',
        default=15.0,
        min=0.0,
        max=600.0,
        help="""
Seconds for which they get it at most, once for each time that the owner comes
back. It ends when double of ``giving_memory_available`` is left.
""",
    ),
    cfg.BoolOpt(
        'pause_passthrough',
        default=True,
        help="""
Whether guests that were given a device of the host, such as a GPU, are paused
while the owner may be here: no limit holds what they do with it.
""",
    ),
    cfg.FloatOpt(
        'resume_stagger_s',
        default=0.2,
        min=0.0,
        max=60.0,
        help="""
Seconds between two guests that are resumed: they do not all wake at once.
""",
    ),
    cfg.StrOpt(
        'libvirt_uri',
        default='qemu:///system',
        help="""
Where the agent finds libvirt, to pause guests and to have memory and bandwidth
back from them. Limits on CPUs and disks need no libvirt.
""",
    ),
]
