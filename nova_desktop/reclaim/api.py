# SPDX-License-Identifier: Apache-2.0
"""The API that serves what Nova's and Placement's do not carry: its edge."""

import http
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib import parse
from wsgiref import util

from oslo_context import context
from oslo_log import log

from nova_desktop import exception
from nova_desktop.reclaim import api_errors, api_show, nouns, server
from nova_desktop.reclaim.api_resources import Answer, Resources

LOG = log.getLogger(__name__)

_STATUSES: tuple[tuple[type[Exception], http.HTTPStatus], ...] = (
    (exception.BadMessage, http.HTTPStatus.BAD_GATEWAY),
    (exception.HostSilent, http.HTTPStatus.GATEWAY_TIMEOUT),
    (exception.BadValue, http.HTTPStatus.BAD_REQUEST),
)

Handler = Callable[[context.RequestContext, str, Any], Answer]


class Application:
    """The WSGI application of everything that needs a token."""

    def __init__(self, resources: Resources) -> None:
        self._routes: dict[str, Handler] = {
            r'/v1/hosts/([^/]+)': resources.host,
            r'/v1/hosts/([^/]+)/history': resources.history,
            r'/v1/servers/([^/]+)': resources.server,
            r'/v1/(workers)': resources.workers,
        }

    def __call__(
        self, environ: dict[str, Any], start_response: server.StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        user = context.RequestContext.from_environ(environ)
        try:
            status, body = http.HTTPStatus.OK, self._route(user, environ)
        except Exception as error:  # noqa: BLE001
            # Whatever it is, a client of an API is told so as by an API.
            status, message = _told(error)
            body = api_errors.body(status, message)
        return server.reply(
            start_response,
            api_errors.status_line(status),
            body,
            [('Allow', 'GET'), ('X-OpenStack-Request-ID', user.request_id)],
        )

    def _route(
        self, user: context.RequestContext, environ: Mapping[str, Any]
    ) -> Answer:
        handler, name = self._resource(environ.get('PATH_INFO', ''))
        if environ['REQUEST_METHOD'] != 'GET':
            raise api_errors.ApiError(
                http.HTTPStatus.METHOD_NOT_ALLOWED, 'Only GET is allowed.'
            )
        query = parse.parse_qs(environ.get('QUERY_STRING', ''))
        return handler(user, name, query)

    def _resource(self, path: str) -> tuple[Handler, str]:
        for pattern, handler in self._routes.items():
            found = re.fullmatch(pattern, path)
            if found:
                return handler, found[1]
        raise api_errors.not_found('such resource')


def _told(error: Exception) -> tuple[http.HTTPStatus, str]:
    """Give what a client is told of an error; what is not theirs is logged."""
    if isinstance(error, api_errors.ApiError):
        return error.status, str(error)
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return status, str(error)
    LOG.exception('a request to the API has failed', exc_info=error)
    if isinstance(error, nouns.CloudError):
        return http.HTTPStatus.SERVICE_UNAVAILABLE, 'Nova cannot be asked now.'
    return http.HTTPStatus.INTERNAL_SERVER_ERROR, 'The service has failed.'


class Front:
    """Answer what needs no token, and hand the rest on."""

    def __init__(self, guarded: server.Application) -> None:
        self._guarded = guarded

    def __call__(
        self, environ: dict[str, Any], start_response: server.StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        body = None
        if environ['REQUEST_METHOD'] == 'GET':
            body = _open_to_all(environ)
        if body is None:
            return self._guarded(environ, start_response)
        line = api_errors.status_line(http.HTTPStatus.OK)
        return server.reply(start_response, line, body)


def _open_to_all(environ: dict[str, Any]) -> Answer | None:
    path = environ.get('PATH_INFO') or '/'
    version = api_show.version(util.application_uri(environ))
    known: dict[str, Answer] = {
        '/': {'versions': [version]},
        '/v1': {'version': version},
        '/v1/': {'version': version},
    }
    return known.get(path)
