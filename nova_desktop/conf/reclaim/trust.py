# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: which messages are believed."""

from oslo_config import cfg

OPTS = [
    cfg.StrOpt(
        'master_key_file',
        sample_default='/etc/nova_desktop/master.key',
        help="""
File with the key that each workstation's key is derived from, made by
``nova-desktop-manage master-key``, the same for all workers; readable for this
service alone. With it a workstation is believed only what it has signed, of
itself and once. Empty: workstations are believed without a signature, and each
owner can have the guests of any workstation evicted.

Related options:

* ``[desktop] host_key_file`` in the nova.conf of each workstation
* ``believe_unsigned``
* ``message_age_s``
""",
    ),
    cfg.BoolOpt(
        'believe_unsigned',
        default=False,
        help="""
Believe messages without a signature although there is a master key. Only for
the time in which workstations are being given their keys: a wrong signature
is refused all the same, but whoever leaves it out is believed.

Related options:

* ``master_key_file``
""",
    ),
    cfg.FloatOpt(
        'message_age_s',
        default=60,
        min=1,
        max=3600,
        help="""
Seconds by which the clock of whoever signed a message may differ from this
machine's, its way on the bus included. A message with a time further off is
refused, and the log says by how much. For so long messages are remembered, so
that none is taken twice.

Related options:

* ``master_key_file``
""",
    ),
]
