# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: the time from notice to eviction."""

from oslo_config import cfg

OPTS = [
    cfg.IntOpt(
        'grace_min_s',
        default=5,
        min=0,
        max=3600,
        help="""
Shortest time in seconds between the moment a server is told and its eviction,
also where the flavor's ``desktop:notice`` is shorter or where the grace was
over while this service was down.

Related options:

* ``grace_max_s``
""",
    ),
    cfg.IntOpt(
        'grace_max_s',
        default=3600,
        min=0,
        max=3600,
        help="""
Longest grace in seconds; the flavor's ``desktop:notice`` counts up to this.

Related options:

* ``grace_min_s``
""",
    ),
    cfg.FloatOpt(
        'grace_poll_s',
        default=5,
        min=0.5,
        max=300,
        help="""
Seconds between two looks at a server in its grace: whether its tenant
acknowledged the notice (server metadata ``desktop_ack``), stopped, moved or
deleted it. What the owner's workstation tells needs no look.
""",
    ),
    cfg.FloatOpt(
        'notice_stale_s',
        default=60,
        min=0,
        max=3600,
        help="""
Seconds after its deadline for which a notice found in a server's metadata is
still believed, so that a service that was started again goes on where it
stopped. An older one is left over from long ago: the full notice is given.
""",
    ),
    cfg.FloatOpt(
        'request_fresh_s',
        default=90,
        min=0,
        max=3600,
        help="""
Seconds after which a workstation that stopped asking for its capacity no
longer needs it: notices are withdrawn instead of acted on. 0 means never.
Keep it above three times ``[desktop] reclaim_repeat_s`` of the workstations.
""",
    ),
    cfg.FloatOpt(
        'guest_timeout_s',
        default=5,
        min=0.5,
        max=60,
        help="""
Seconds to wait for a workstation to pass a notice into a guest. Guests without
an agent are told by the metadata service alone.
""",
    ),
]
