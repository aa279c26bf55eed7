# SPDX-License-Identifier: Apache-2.0
"""Validate the token of a request with keystone."""

import http
from typing import Any

import webob
import webob.exc
from keystoneauth1 import exceptions as ks_exceptions
from keystonemiddleware import auth_token
from oslo_log import log

from nova_desktop import exception
from nova_desktop.reclaim import api_errors, server

LOG = log.getLogger(__name__)

_ERRORS = (webob.exc.HTTPServiceUnavailable, ks_exceptions.ClientException)
_GROUP = 'keystone_authtoken'
SERVICE_TYPE = 'desktop'


class _AuthToken(auth_token.AuthProtocol):  # type: ignore[misc]
    """keystonemiddleware's own, with errors in the API's own form."""

    def process_request(self, request: Any) -> Any:
        """Let a request with a valid token pass."""
        try:
            return super().process_request(request)
        except _ERRORS as error:
            LOG.warning('a token cannot be validated: %s', error)
            status = http.HTTPStatus.SERVICE_UNAVAILABLE
            body = api_errors.body(status, 'Keystone cannot be asked now.')
            return webob.Response(status=status.value, json_body=body)


def guard(inside: server.Application, conf: Any) -> server.Application:
    """Put the check of tokens before an application.

    Raises BadValue for credentials that cannot be used.
    """
    try:
        # A token with access rules is only good for the service named here.
        made: server.Application = _AuthToken(
            inside,
            {'oslo_config_config': conf, 'service_type': SERVICE_TYPE},
        )
    except ks_exceptions.AuthPluginException as error:
        raise exception.BadValue(
            f'[{_GROUP}]', conf[_GROUP].auth_type, str(error)
        ) from error
    if not (conf[_GROUP].auth_type or conf[_GROUP].auth_section):
        raise exception.BadValue(
            f'[{_GROUP}] auth_type', None, "must be set, e.g. 'password'"
        )
    return made
