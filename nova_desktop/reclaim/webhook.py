# SPDX-License-Identifier: Apache-2.0
"""Post notices to the operator's URL, and to the tenants' own."""

import hashlib
import hmac
import json
from typing import Any, Protocol

from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import session
from oslo_log import log

from nova_desktop import exception
from nova_desktop.reclaim import webhook_url
from nova_desktop.reclaim.outward import GiveUp, Told, TryAgain

LOG = log.getLogger(__name__)

KEY = 'desktop_webhook'
SIGNATURE = 'X-Nova-Desktop-Signature'

_TRY_AGAIN = (408, 429)


class Settings(Protocol):
    """The options of group reclaim that this needs."""

    webhook_url: str | None
    webhook_secret: str | None
    webhook_timeout_s: float
    webhook_cafile: str | None
    tenant_webhooks: list[str]


def body_of(told: Told) -> dict[str, Any]:
    """Give what everybody is told; the host is not for tenants."""
    notice = told.notice
    return {
        'event': notice.event.value,
        'server_id': notice.server_id,
        'project_id': told.server.project_id,
        'action': notice.action,
        'deadline': notice.deadline,
        'odds': notice.odds,
        'reason': notice.reason,
        'sent': round(told.unix_s, 3),
    }


def signature(secret: str, data: bytes) -> str:
    """Give the value of the signature's header."""
    made = hmac.new(secret.encode(), data, hashlib.sha256)
    return f'sha256={made.hexdigest()}'


def check(settings: Settings) -> None:
    """Raise BadValue for prefixes that allow what nobody meant."""
    for prefix in settings.tenant_webhooks:
        try:
            webhook_url.split(prefix)
        except ValueError as error:
            raise exception.BadValue(
                '[reclaim] tenant_webhooks', prefix, str(error)
            ) from error


class Webhook:
    """Post to one URL, then to nobody else, wherever that wants us to go."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def to_operator(self, told: Told) -> None:
        """Post to the operator's URL; raise TryAgain or GiveUp."""
        body = {**body_of(told), 'host': told.host}
        data = json.dumps(body).encode()
        headers, secret = {}, self._settings.webhook_secret
        if secret:
            headers[SIGNATURE] = signature(secret, data)
        self._post(str(self._settings.webhook_url), data, headers)

    def to_tenant(self, told: Told) -> None:
        """Post to the URL in a server's metadata, if the operator agrees."""
        url = told.server.metadata.get(KEY)
        if not url:
            return
        if not webhook_url.is_below(url, self._settings.tenant_webhooks):
            raise GiveUp(f'{KEY} {url!r} is not below a URL that is allowed')
        self._post(url, json.dumps(body_of(told)).encode(), {})

    def _post(self, url: str, data: bytes, headers: dict[str, str]) -> None:
        # A new one each time: what a receiver leaves in it is for no other.
        with_tls = self._settings.webhook_cafile or True
        a_session = session.Session(
            verify=with_tls, timeout=self._settings.webhook_timeout_s
        )
        try:
            answer = a_session.request(
                url,
                'POST',
                data=data,
                headers={'Content-Type': 'application/json', **headers},
                authenticated=False,
                redirect=False,
                raise_exc=False,
                log=False,
                # Nobody needs the body, which may be without end.
                stream=True,
            )
        except ks_exceptions.SSLError as error:
            raise GiveUp(str(error)) from error
        except ks_exceptions.ClientException as error:
            raise TryAgain(str(error)) from error
        answer.close()
        self._judge(answer.status_code)

    @staticmethod
    def _judge(status: int) -> None:
        if status >= 500 or status in _TRY_AGAIN:
            raise TryAgain(f'answered {status}')
        if not 200 <= status < 300:
            raise GiveUp(f'answered {status}')
