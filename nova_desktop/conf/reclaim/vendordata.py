# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: notices for the metadata service."""

from oslo_config import cfg

OPTS = [
    cfg.BoolOpt(
        'vendordata',
        default=True,
        help="""
Serve notices to Nova's metadata service. Needs ``DynamicJSON`` in ``[api]
vendordata_providers`` and ``[api] vendordata_dynamic_targets =
desktop@http://127.0.0.1:9890/`` in nova.conf.

Related options:

* ``vendordata_listen``
* ``vendordata_port``
""",
    ),
    cfg.HostAddressOpt(
        'vendordata_listen',
        default='127.0.0.1',
        help="""
Address on which notices are served to Nova's metadata service. There is no
authentication: anything but the loopback address needs a firewall.
""",
    ),
    cfg.PortOpt(
        'vendordata_port',
        default=9890,
        min=1,
        help="""
TCP port on which notices are served to Nova's metadata service.
""",
    ),
]
