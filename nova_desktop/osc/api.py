# SPDX-License-Identifier: Apache-2.0
"""The client of the desktop API."""

from collections.abc import Callable
from typing import Any
from urllib import parse

from keystoneauth1 import exceptions as ks_exceptions

SERVICE_TYPE = 'desktop'

_TIMEOUT_S = 90
_MAX_SHOWN = 600
_ABSENT = (
    f"the catalog has no service of type '{SERVICE_TYPE}' in this region, so "
    'nobody can be asked for it: see --os-desktop-endpoint-override'
)


class Unanswered(Exception):
    """The API gave no answer; the text says why."""


def _message(response: Any) -> str:
    """Give what an error says, whoever sent it."""
    try:
        said = str(response.json()['error']['message'])
    except (ValueError, TypeError, KeyError):
        said = f'{response.status_code} {response.reason}'
    shown = ''.join(each if each.isprintable() else ' ' for each in said)
    return shown[:_MAX_SHOWN]


def _quoted(name: str) -> str:
    return parse.quote(name, safe='')


class Api:
    """Asks the API as the user."""

    def __init__(
        self, session: Any, endpoint: Callable[[], str | None]
    ) -> None:
        self._session = session
        self._endpoint = endpoint

    def host(self, name: str) -> dict[str, Any]:
        """Give what a host says now; raise Unanswered."""
        return dict(self._get(f'/v1/hosts/{_quoted(name)}', 'host', dict))

    def history(self, name: str, limit: int) -> list[dict[str, Any]]:
        """Give what a host told the cloud lately; raise Unanswered."""
        url = f'/v1/hosts/{_quoted(name)}/history'
        return list(self._get(url, 'history', list, limit=limit))

    def server(self, server_id: str) -> dict[str, Any]:
        """Give what was decided about a server; raise Unanswered."""
        return dict(self._get(f'/v1/servers/{server_id}', 'server', dict))

    def _get(self, path: str, key: str, kind: type, **params: Any) -> Any:
        try:
            response = self._session.get(
                self._base() + path,
                params=params,
                headers={'Accept': 'application/json'},
                raise_exc=False,
                timeout=_TIMEOUT_S,
            )
        except ks_exceptions.ClientException as error:
            raise Unanswered(f'the desktop API: {error}') from error
        if response.status_code != 200:
            raise Unanswered(f'the desktop API: {_message(response)}')
        try:
            found = response.json()[key]
        except (ValueError, TypeError, KeyError):
            found = None
        if not isinstance(found, kind):
            raise Unanswered('what answers is not the desktop API')
        return found

    def _base(self) -> str:
        try:
            endpoint = self._endpoint()
        except ks_exceptions.EndpointNotFound:
            endpoint = None
        if not endpoint:
            raise Unanswered(_ABSENT)
        return endpoint.rstrip('/')
