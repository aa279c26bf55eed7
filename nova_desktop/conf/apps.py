# SPDX-License-Identifier: Apache-2.0
"""Options of group apps: programs that want the host for themselves."""

from oslo_config import cfg

OPTS = [
    cfg.ListOpt(
        'exclusive',
        default=[],
        help="""
Names of programs, with commas, beside which guests get no CPU time: a game, a
render. A name is that of the process as ``ps -e`` shows it, or that of the
file which it runs. While one of them runs no new guest is taken, and none has
to leave. Empty: no process is looked at.
""",
    ),
    cfg.FloatOpt(
        'poll_s',
        default=2.0,
        min=0.2,
        max=60.0,
        help="""
Seconds between two looks at the processes. One that takes a listed name later
in its life is seen within five of them.
""",
    ),
    cfg.FloatOpt(
        'hold_s',
        default=60.0,
        min=0.0,
        max=3600.0,
        help="""
Seconds for which guests go on waiting after such a program has ended, as a
game that loads the next part with another program would have it.
""",
    ),
]
