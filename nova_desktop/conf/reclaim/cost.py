# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: what it costs that a server leaves its host."""

from oslo_config import cfg

OPTS = [
    cfg.FloatOpt(
        'link_mib_per_s',
        default=100,
        min=0.1,
        max=100000,
        help="""
MiB per second that the workstations' network carries, to estimate how long
it takes to move a server's memory or disk. Among servers of one priority
those go whose leaving costs the fewest seconds: of moving, and of lost work.
An action that takes longer than the time that is left is passed over for a
later one of the flavor that is quicker.

Related options:

* ``disk_mib_per_s``
""",
    ),
    cfg.FloatOpt(
        'disk_mib_per_s',
        default=200,
        min=0.1,
        max=100000,
        help="""
MiB per second that the workstations' disks give. A disk that is moved or
saved counts as read and sent at once, at the slower of the two rates; memory
that is saved in place counts by this one.

Related options:

* ``link_mib_per_s``
""",
    ),
]
