# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: the API beside Nova's and Placement's."""

from oslo_config import cfg

OPTS = [
    cfg.BoolOpt(
        'api',
        default=False,
        help="""
Serve the API that ``openstack desktop`` asks for what Nova and Placement do
not tell. Tokens are validated by keystonemiddleware, whose options in group
``keystone_authtoken`` have to be set; who may ask what is decided by
oslo.policy, whose options are in group ``oslo_policy``.

Related options:

* ``api_listen``
* ``api_port``
""",
    ),
    cfg.HostAddressOpt(
        'api_listen',
        default='127.0.0.1',
        help="""
Address on which the API is served, over HTTP without TLS: clients elsewhere
need a proxy with TLS before it.
""",
    ),
    cfg.PortOpt(
        'api_port',
        default=9891,
        min=1,
        help="""
TCP port on which the API is served.
""",
    ),
    cfg.FloatOpt(
        'api_host_timeout_s',
        default=5,
        min=0.5,
        max=60,
        help="""
Seconds that a workstation's nova-compute has to answer when the API asks it
what it says now.
""",
    ),
    cfg.IntOpt(
        'journal_size',
        default=10000,
        min=10,
        max=1000000,
        help="""
Number of decisions about servers that a worker keeps in memory, and as many
again of those that the other workers tell. The oldest are dropped. One takes
about half a KiB.
""",
    ),
]
