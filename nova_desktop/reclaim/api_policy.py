# SPDX-License-Identifier: Apache-2.0
"""Who may ask the API what: rules of oslo.policy with their defaults."""

from typing import Any

from oslo_policy import policy

HOST_SHOW = 'desktop:hosts:show'
HOST_HISTORY = 'desktop:hosts:history'
WORKERS_LIST = 'desktop:workers:list'
SERVER_EXPLAIN = 'desktop:servers:explain'
SERVER_DETAIL = 'desktop:servers:explain:detail'

_OPERATOR = 'role:admin or (role:reader and system_scope:all)'
_TENANT = '((role:member or role:reader) and project_id:%(project_id)s)'


def _rule(
    name: str, check: str, description: str, path: str
) -> policy.DocumentedRuleDefault:
    return policy.DocumentedRuleDefault(
        name=name,
        check_str=check,
        description=description,
        operations=[{'path': path, 'method': 'GET'}],
        scope_types=['system', 'project'],
    )


RULES = (
    _rule(
        HOST_SHOW,
        _OPERATOR,
        'See what a workstation says of itself now.',
        '/v1/hosts/{host}',
    ),
    _rule(
        HOST_HISTORY,
        _OPERATOR,
        'See what a workstation told the cloud lately.',
        '/v1/hosts/{host}/history',
    ),
    _rule(
        WORKERS_LIST,
        _OPERATOR,
        'See the workers of the reclaim service, and what each has under way.',
        '/v1/workers',
    ),
    _rule(
        SERVER_EXPLAIN,
        f'{_OPERATOR} or {_TENANT}',
        'See what was decided about a server.',
        '/v1/servers/{server_id}',
    ),
    _rule(
        SERVER_DETAIL,
        _OPERATOR,
        "See the hosts, and Nova's own words, in what was decided about a "
        'server.',
        '/v1/servers/{server_id}',
    ),
)


def list_rules() -> list[policy.DocumentedRuleDefault]:
    """Give the rules, for the generator of sample files."""
    return list(RULES)


def enforcer(conf: Any) -> policy.Enforcer:
    """Make what decides: by the defaults and the operator's own file."""
    made = policy.Enforcer(conf)
    made.register_defaults(list_rules())
    return made
