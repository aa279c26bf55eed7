# SPDX-License-Identifier: Apache-2.0
"""Options of group comfort: what the owner feels, and what follows."""

from oslo_config import cfg

OPTS = [
    cfg.FloatOpt(
        'cpu_pressure',
        default=0.05,
        min=0.001,
        max=1.0,
        help="""
Part (0 to 1) of the time in which a task of the owner's may wait for a CPU
before guests beside the owner get less than their share. The waiting of the
guests themselves is not counted. Related: ``floor``, ``[presence]
demand_pressure``.
""",
    ),
    cfg.FloatOpt(
        'io_pressure',
        default=0.1,
        min=0.001,
        max=1.0,
        help="""
Part (0 to 1) of the time in which a task of the owner's may wait for a disk
before guests beside the owner get less of it. Related: ``floor``.
""",
    ),
    cfg.FloatOpt(
        'floor',
        default=0.25,
        min=0.0,
        max=1.0,
        help="""
Part (0 to 1) of their share that guests keep while the owner has to wait. They
are brought down to it in one step. 1 is never less than their share.
""",
    ),
    cfg.FloatOpt(
        'step',
        default=0.25,
        min=0.01,
        max=1.0,
        help="""
Part (0 to 1) of their share that guests are given back at a time once the
owner no longer waits. Related: ``step_s``.
""",
    ),
    cfg.FloatOpt(
        'step_s',
        default=10.0,
        min=0.1,
        max=3600.0,
        help="""
Seconds between two such steps, and from the last wait to the first of them.
""",
    ),
]
