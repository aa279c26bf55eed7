# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: health, and the end of the service."""

from oslo_config import cfg

OPTS = [
    cfg.FloatOpt(
        'health_period_s',
        default=30,
        min=1,
        max=3600,
        help="""
Seconds between two looks at what this worker needs: the bus, Nova with
keystone, Placement, its own loops. ``/healthcheck`` tells what they have
shown, with status 503 when one fails; what has not been looked at for four
times as long counts as failing.

Related options:

* ``vendordata_port`` and ``api_port``, on which it is served
""",
    ),
    cfg.FloatOpt(
        'shutdown_timeout_s',
        default=60,
        min=1,
        max=3600,
        help="""
Seconds that the service has to end on SIGTERM. Its notices stay in force
meanwhile and after, and what Nova is doing goes on: another worker, or this
one when it is started again, goes on from there. What then still waits for an
answer of Nova is abandoned. Keep it below the service manager's own limit.
""",
    ),
]
