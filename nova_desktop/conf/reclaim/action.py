# SPDX-License-Identifier: Apache-2.0
"""Options of group reclaim: how a server leaves its host."""

from oslo_config import cfg


def _timeout(name: str, default: float, what: str) -> cfg.FloatOpt:
    return cfg.FloatOpt(
        f'{name}_timeout_s',
        default=default,
        min=1,
        max=86400,
        help=f"""
Seconds that {what} may take. Later the next action allowed by the flavor is
tried, with the reason recorded.
""",
    )


OPTS = [
    _timeout('live_migrate', 300, 'a live migration'),
    _timeout('cold_migrate', 600, 'a cold migration'),
    _timeout('suspend', 300, 'saving the memory of a server to disk'),
    _timeout('shelve', 600, 'shelving with its snapshot'),
    _timeout('stop', 180, 'stopping a server'),
    _timeout(
        'rebuild', 600, 'leaving to be booted anew elsewhere, as shelving'
    ),
    _timeout('delete', 180, 'deleting a server'),
    cfg.FloatOpt(
        'confirm_timeout_s',
        default=60,
        min=1,
        max=3600,
        help="""
Seconds to wait until Placement no longer counts a server that has left on its
workstation. Later this is logged as a warning.
""",
    ),
    cfg.BoolOpt(
        'confirm_cold_migration',
        default=True,
        help="""
Confirm a cold migration once the server has arrived. Otherwise the tenant has
to, and until then the allocation on the workstation stays.
""",
    ),
]
