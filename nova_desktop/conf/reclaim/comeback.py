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
Seconds between two looks for servers that this service shelved or stopped and
that may run again. A workstation that lends its capacity again causes a look
at once.
""",
    ),
    cfg.IntOpt(
        'return_batch',
        default=10,
        min=0,
        max=1000,
        help="""
Number of servers brought back in one look, one after another, those first
that have waited longest. 0 switches the bringing back off.
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
