# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: how much is done at one time."""

from oslo_config import cfg

OPTS = [
    cfg.StrOpt(
        'host',
        sample_default='<host name>',
        help="""
Name of this worker, unique among the workers of one cloud. Used as the server
name on the message bus and in the publisher of notifications. Empty: the
machine's host name.
""",
    ),
    cfg.IntOpt(
        'threads',
        default=128,
        min=1,
        max=4096,
        help="""
Number of servers that this worker moves, saves or stops at one time. Each
takes one mostly sleeping thread until Placement confirms that it has left;
more wait for their turn. Those in their grace take none: notices are not
limited by it.

Related options:

* ``per_host``
""",
    ),
    cfg.IntOpt(
        'per_host',
        default=2,
        min=1,
        max=64,
        help="""
Number of servers of one workstation that are moved, saved or stopped at one
time. Notices are not limited by it. More at a time leave slower each, because
guests get only a small share of a busy workstation.
""",
    ),
    cfg.FloatOpt(
        'poll_s',
        default=1.0,
        min=0.1,
        max=60,
        help="""
Seconds between two looks at a server that Nova is moving, saving or stopping,
and at its allocation in Placement.
""",
    ),
    cfg.FloatOpt(
        'retry_after_s',
        default=60,
        min=1,
        max=86400,
        help="""
Seconds for which a server is left alone after every action allowed by its
flavor failed, or after its return failed; doubled with each further failure
up to 16 times this value.
""",
    ),
]
