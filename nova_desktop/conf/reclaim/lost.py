# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: what is done about workstations that are lost."""

from oslo_config import cfg

OPTS = [
    cfg.FloatOpt(
        'lost_scan_s',
        default=60,
        min=5,
        max=86400,
        help="""
Seconds between two looks for workstations whose nova-compute gives no sign of
life any more, for servers that Nova stopped because their workstation had lost
its power, and for workstations that an operator drains: so long a drain may
take to begin, and to end.
""",
    ),
    cfg.FloatOpt(
        'evacuate_after_s',
        default=600,
        min=420,
        max=86400,
        help="""
Seconds after a workstation's last sign of life from which its servers are
evacuated, as far as their flavor says ``desktop:on_lost=evacuate`` and a
second copy cannot come up: it sleeps behind its fence, or it fences its guests
by itself. The minimum is safe for every value of ``[desktop] fence_after_s``
with a ``[DEFAULT] service_down_time`` of up to 60.

Related options:

* ``evacuate_batch``
* ``mass_outage_percent``
""",
    ),
    cfg.IntOpt(
        'evacuate_batch',
        default=5,
        min=0,
        max=1000,
        help="""
Number of servers that each worker evacuates at one time, those of the
workstation that was lost first before others. 0 switches evacuation off.
""",
    ),
    cfg.IntOpt(
        'mass_outage_percent',
        default=20,
        min=0,
        max=100,
        help="""
If more than this part of all workstations is silent at once while servers run
on them, the control plane's own network is likelier at fault than they are:
nothing is evacuated until fewer are. Workstations that sleep do not count, and
a single one never counts as an outage.
""",
    ),
]
