# SPDX-License-Identifier: Apache-2.0
"""Options of group cap: how much is lent in which presence."""

from oslo_config import cfg


def _share(name: str, default: float, what: str, when: str) -> cfg.FloatOpt:
    return cfg.FloatOpt(
        name,
        default=default,
        min=0.0,
        max=1.0,
        help=f"""
Part (0 to 1) of the host's {what} that guests may use while {when}. A state in
which the owner is nearer must not lend more.
""",
    )


_STATES = (
    ('away', 'the owner is away', 1.0, 0.9),
    ('idle', 'the owner is idle', 0.5, 0.5),
    ('active', 'the owner is active', 0.01, 0.25),
    ('unknown', 'it is not known whether the owner is there', 0.01, 0.25),
)

OPTS = [
    *(_share(f'{n}_cpu', cpu, 'CPUs', when) for n, when, cpu, _ in _STATES),
    *(_share(f'{n}_memory', m, 'memory', when) for n, when, _, m in _STATES),
    cfg.BoolOpt(
        'idle_admit',
        default=False,
        help="""
Whether the host takes new guests while the owner is idle. It always does while
he is away, and never while he is active or nothing is known of him.
""",
    ),
    cfg.FloatOpt(
        'give_back_hold_s',
        default=15.0,
        min=0.0,
        max=3600.0,
        help="""
Seconds that a higher cap must be justified before guests get it. A lower one
holds at once.
""",
    ),
]


def refused(shares: cfg.ConfigOpts.GroupAttr) -> tuple[str, str] | None:
    """Name a share that lends more the nearer the owner is, and its limit."""
    for nearer, farther in (
        ('idle', 'away'),
        ('active', 'idle'),
        ('unknown', 'idle'),
    ):
        for what in ('cpu', 'memory'):
            most = shares[f'{farther}_{what}']
            if shares[f'{nearer}_{what}'] > most:
                allowed = f'must be at most {farther}_{what}, which is {most}'
                return f'{nearer}_{what}', allowed
    return None
