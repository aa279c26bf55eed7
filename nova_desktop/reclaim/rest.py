# SPDX-License-Identifier: Apache-2.0
"""Requests to the cloud's services, with their errors made ours."""

import threading
from collections.abc import Sequence
from typing import Any

import openstack.connection
import openstack.exceptions
from keystoneauth1 import exceptions as ks_exceptions

from nova_desktop.reclaim import nouns

VERSIONS = {'compute': '2.90', 'placement': '1.36'}
"""What a request means depends on its microversion; keystone has none."""

_TRIES = 3
_PAUSE_S = 0.5
_ERRORS = (ks_exceptions.ClientException, openstack.exceptions.SDKException)


def _complain(what: str, response: Any) -> None:
    status = response.status_code
    if status < 400:
        return
    text = f'{what}: {status} {response.text[:300]}'
    if status == 409:
        raise nouns.CloudConflict(text)
    if status >= 500 or status in (401, 408, 429):
        raise nouns.CloudUnreachable(text)
    raise nouns.CloudRefused(text)


class Rest:
    """Ask Nova and Placement as the service's user."""

    def __init__(
        self,
        session: Any,
        region_name: str | None = None,
        interfaces: Sequence[str] = ('internal', 'public'),
        stop: threading.Event | None = None,
    ) -> None:
        self._session = session
        self._options = {
            'region_name': region_name,
            'interface': list(interfaces),
        }
        self._stop = stop or threading.Event()
        self._lock = threading.Lock()
        self._connection: Any = None

    def _service(self, name: str) -> Any:
        """Give an adapter; only one thread at a time asks the catalog."""
        with self._lock:
            if self._connection is None:
                self._connection = openstack.connection.Connection(
                    session=self._session, **self._options
                )
            return getattr(self._connection, name)

    def _forget(self) -> None:
        """Drop the connection: it remembers services that were missing."""
        with self._lock:
            self._connection = None

    def _once(self, service: str, method: str, url: str, **more: Any) -> Any:
        response = self._service(service).request(
            url,
            method,
            microversion=VERSIONS.get(service),
            raise_exc=False,
            **more,
        )
        if response.status_code != 404:
            _complain(f'{method} {service} {url}', response)
        return response

    def ask(self, service: str, method: str, url: str, **more: Any) -> Any:
        """Send a request; again a few times where that can do no harm.

        A POST is sent once: a lost answer does not tell whether it was done.
        """
        for last in (*[False] * (_TRIES - 1), True):
            try:
                return self._once(service, method, url, **more)
            except nouns.CloudUnreachable:
                if last or method == 'POST':
                    raise
            except _ERRORS as error:
                self._forget()
                if last or method == 'POST':
                    raise nouns.CloudUnreachable(
                        f'{method} {service} {url}: {error}'
                    ) from error
            if self._stop.wait(_PAUSE_S):
                raise nouns.CloudUnreachable('the service is stopping')

    def get(self, service: str, url: str, **params: Any) -> Any:
        """Give the body, None when there is no such thing."""
        response = self.ask(service, 'GET', url, params=params)
        return None if response.status_code == 404 else response.json()

    def require(self, service: str) -> None:
        """Raise CloudUnreachable where a service does not answer.

        What it answers does not matter. One that the catalog does not have
        may be known to others.
        """
        try:
            url = self._session.get_endpoint(
                service_type=service, **self._options
            )
            if not url:
                return
            answer = self._session.get(
                url, authenticated=False, raise_exc=False
            )
        except ks_exceptions.EndpointNotFound:
            return
        except _ERRORS as error:
            raise nouns.CloudUnreachable(f'{service}: {error}') from error
        if answer.status_code >= 500:
            raise nouns.CloudUnreachable(f'{service}: {answer.status_code}')

    def user_id(self) -> str:
        """Give the user that this service acts as."""
        try:
            return str(self._session.get_user_id())
        except _ERRORS as error:
            raise nouns.CloudUnreachable(f'keystone: {error}') from error
