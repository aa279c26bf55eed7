# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: leases, the agreed end of a server."""

from oslo_config import cfg

OPTS = [
    cfg.FloatOpt(
        'lease_scan_s',
        default=60,
        min=0,
        max=86400,
        help="""
Seconds between two looks at all servers of the cloud for leases that begin,
change or come to their end: a tenant's extension is seen that late. Each look
reads the list of servers, in pages of 500. An end itself is not late by it.
0 switches leases off.

Related options:

* ``lease_warning_s``
""",
    ),
    cfg.FloatOpt(
        'lease_warning_s',
        default=900,
        min=0,
        max=86400,
        help="""
Seconds before the end of its lease at which a server and its tenant are told,
at the latest. Where the flavor's ``desktop:notice`` is longer that counts; a
lease that is shorter is told at its start. Whatever a tenant changes, nothing
ends sooner than so long after it was told.

Related options:

* ``lease_scan_s``
* ``grace_max_s``
""",
    ),
    cfg.IntOpt(
        'lease_max_min',
        default=10080,
        min=0,
        max=525600,
        help="""
Minutes up to which tenants may extend the lease of a server whose flavor does
not say so itself with ``desktop:lease_max``, by the server metadata
``desktop_lease``, counted from the lease's start. Less than the flavor's
``desktop:lease``, such as 0, means that nobody may. A lease that a tenant gave
a server whose flavor has none is not bounded.
""",
    ),
    cfg.BoolOpt(
        'lease_any_server',
        default=False,
        help="""
Whether leases count for servers of any flavor. If false they count only where
the flavor has ``desktop:preemptible``, on whatever host the server is.
""",
    ),
]
