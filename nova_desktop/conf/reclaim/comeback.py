# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: how servers are brought back."""

from oslo_config import cfg

OPTS = [
    cfg.FloatOpt(
        'return_scan_s',
        default=300,
        min=5,
        max=86400,
        help="""
Seconds between two looks for servers that this service shelved, suspended or
stopped and that may run again. A workstation that lends its capacity again
causes a look at once.
""",
    ),
    cfg.IntOpt(
        'return_batch',
        default=10,
        min=0,
        max=1000,
        help="""
Number of servers that a worker may bring back without a pause, one after
another, those first that have waited longest. Beyond it ``return_per_min`` is
the rate. 0 switches the bringing back off.

Related options:

* ``return_per_min``
""",
    ),
    cfg.FloatOpt(
        'return_per_min',
        default=20,
        min=0.1,
        max=6000,
        help="""
Number of servers per minute that a worker brings back in the long run,
however many workstations lend again at a time. Several workers bring back as
many each.

Related options:

* ``return_batch``
""",
    ),
    cfg.FloatOpt(
        'return_wait_s',
        default=60,
        min=0,
        max=86400,
        help="""
Seconds that a server stays away at least which had to leave for the second
time within an hour; doubled with each further time, up to 16 times this
value. After the first time it comes back as soon as there is room.
""",
    ),
    cfg.FloatOpt(
        'return_timeout_s',
        default=300,
        min=1,
        max=86400,
        help="""
Seconds that bringing back one server may take before the next one's turn.
""",
    ),
]
