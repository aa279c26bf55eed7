# SPDX-License-Identifier: Apache-2.0
"""What the API serves, for a user whose token has been validated.

What a host says is asked of its nova-compute at that moment; whose a server
is, is asked of Nova, and never taken from the request.
"""

import http
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from oslo_context import context
from oslo_policy import policy

from nova_desktop import exception, messages, model
from nova_desktop.reclaim import (
    api_errors,
    api_policy,
    api_show,
    lease,
    nouns,
)
from nova_desktop.reclaim.journal import Journal

_HOST = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,254}')

Answer = dict[str, Any]


class Workstations(Protocol):
    """Asks workstations; messages.HostClient is one."""

    def status(self, host: str, timeout_s: float) -> messages.HostStatus:
        """Ask what a host says now; raise HostSilent or BadMessage."""

    def told(
        self, host: str, limit: int, timeout_s: float
    ) -> tuple[messages.Told, ...]:
        """Ask what it told lately; raise HostSilent or BadMessage."""


def _limit(query: Mapping[str, list[str]]) -> int:
    value = query.get('limit', [str(model.HISTORY)])[-1]
    if not value.isdecimal() or not 1 <= int(value[:9]) <= model.HISTORY:
        raise exception.BadValue(
            'limit', value[:80], f'must be 1 to {model.HISTORY}'
        )
    return int(value)


class Resources:
    """What is there below ``/v1``, for a user who may see it."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        workstations: Workstations,
        journal: Journal,
        leases: lease.Reader,
        enforcer: policy.Enforcer,
        timeout_s: float,
        ask_workers: Callable[[], Answer],
    ) -> None:
        self._cloud = cloud
        self._workstations = workstations
        self._journal = journal
        self._leases = leases
        self._enforcer = enforcer
        self._timeout_s = timeout_s
        self._ask_workers = ask_workers

    def host(
        self, user: context.RequestContext, name: str, query: Any
    ) -> Answer:
        """Give what a host says now."""
        self._check_host(user, api_policy.HOST_SHOW, name)
        status = self._workstations.status(name, self._timeout_s)
        return api_show.host(name, status)

    def history(
        self, user: context.RequestContext, name: str, query: Any
    ) -> Answer:
        """Give what a host told the cloud lately, the latest first."""
        limit = _limit(query)
        self._check_host(user, api_policy.HOST_HISTORY, name)
        return api_show.history(
            self._workstations.told(name, limit, self._timeout_s)
        )

    def server(
        self, user: context.RequestContext, name: str, query: Any
    ) -> Answer:
        """Give what was decided about a server."""
        try:
            server_id = str(uuid.UUID(name))
        except ValueError:
            raise api_errors.not_found('server with that id') from None
        project = self._cloud.project_of(server_id)
        target = {'project_id': project}
        if project is None or not self._may(
            user, api_policy.SERVER_EXPLAIN, target
        ):
            # Somebody else's is as good as none.
            raise api_errors.not_found(f'server {server_id}')
        return api_show.explained(
            server_id,
            self._cloud.user_id(),
            self._journal,
            self._journal.of(server_id),
            self._lease(server_id),
            self._may(user, api_policy.SERVER_DETAIL, target),
        )

    def workers(
        self, user: context.RequestContext, name: str, query: Any
    ) -> Answer:
        """Give the workers, and what each has under way."""
        self._check(user, api_policy.WORKERS_LIST)
        return self._ask_workers()

    def _lease(self, server_id: str) -> Answer | None:
        server = self._cloud.server(server_id)
        if server is None:
            return None
        agreed, ignored = self._leases.of(server)
        return api_show.lease(agreed, ignored, nouns.Clock().unix())

    def _may(
        self, user: context.RequestContext, rule: str, target: dict[str, Any]
    ) -> bool:
        return bool(self._enforcer.authorize(rule, target, user))

    def _check(self, user: context.RequestContext, rule: str) -> None:
        if not self._may(user, rule, {}):
            raise api_errors.ApiError(
                http.HTTPStatus.FORBIDDEN,
                f'Policy does not allow {rule} to this user.',
            )

    def _check_host(
        self, user: context.RequestContext, rule: str, name: str
    ) -> None:
        self._check(user, rule)
        if not _HOST.fullmatch(name) or not self._cloud.is_compute(name):
            raise api_errors.not_found('compute host of that name')
