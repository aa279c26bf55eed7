# SPDX-License-Identifier: Apache-2.0
"""Answer Nova's metadata service: a guest's notice in force, and its lease.

Nova posts the instance's id and metadata at each request of a guest. A notice
that another worker gave is taken from that metadata.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from oslo_log import log

from nova_desktop import exception, messages
from nova_desktop.policy.lease import Lease
from nova_desktop.reclaim import grace, nouns
from nova_desktop.reclaim.foreseen import Foreseen, Risk
from nova_desktop.reclaim.notice import Table
from nova_desktop.reclaim.server import StartResponse, reply

LOG = log.getLogger(__name__)

# User data of up to 64 KiB and the metadata come along.
_MAX_BODY = 512 * 1024

_NONE = {'event': 'none'}
_NO_BRACES = str.maketrans('{}', '()')


def read_body(environ: Mapping[str, Any]) -> dict[str, Any]:
    """Take the posted object; raise BadValue naming what is wrong."""
    length = environ.get('CONTENT_LENGTH') or ''
    if not length.isdecimal() or not 0 < int(length) <= _MAX_BODY:
        raise exception.BadValue(
            'Content-Length', length, f'must be 1 to {_MAX_BODY}'
        )
    text = environ['wsgi.input'].read(int(length))
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise exception.BadValue('body', text[:80], 'must be a JSON object')
    return body


def server_id_of(body: Mapping[str, Any]) -> str:
    """Take the instance's id; raise BadValue when it is none."""
    value = body.get('instance-id')
    try:
        return str(uuid.UUID(value))
    except (ValueError, TypeError, AttributeError):
        raise exception.BadValue(
            'instance-id', value, 'must be a UUID'
        ) from None


class Application:
    """The WSGI application."""

    def __init__(
        self,
        table: Table,
        settings: nouns.Settings,
        lease_of: Callable[[str], Lease | None],
        foreseen: Foreseen,
    ) -> None:
        self._table = table
        self._settings = settings
        self._lease_of = lease_of
        self._foreseen = foreseen
        self._clock = nouns.Clock()

    def __call__(
        self, environ: Mapping[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        status, body = self._answer(environ)
        return reply(start_response, status, body)

    def _answer(
        self, environ: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        if environ['REQUEST_METHOD'] != 'POST':
            return '405 Method Not Allowed', {'error': 'POST a JSON object'}
        try:
            body = read_body(environ)
            server_id = server_id_of(body)
            notice = self.notice(server_id, body)
            return '200 OK', notice | self.lease(server_id)
        except exception.BadValue as error:
            LOG.warning('vendordata request dropped: %s', error)
            return '400 Bad Request', {'error': str(error)}

    def lease(self, server_id: str) -> dict[str, Any]:
        """Give the lease of a server, empty when there is none.

        Its end is said by ``then``: ``action`` is the notice's.
        """
        lease = self._lease_of(server_id)
        if lease is None:
            return {}
        end = round(lease.ends_unix_s)
        return {'lease': {'end': end, 'then': lease.then.value}}

    def notice(
        self, server_id: str, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Give what a server is told now, explicitly also where nothing.

        Nova shows an empty object where this service does not answer.
        """
        given = self._table.get(server_id)
        if given is not None:
            return _show(given)
        told = self._of_another_worker(server_id, body)
        if told:
            return told
        risk = self._foreseen.get(server_id)
        return dict(_NONE) if risk is None else _foreshow(risk)

    def _of_another_worker(
        self, server_id: str, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        metadata = body.get('metadata')
        if not isinstance(metadata, dict):
            return {}
        fields = grace.parse(metadata.get(grace.KEY))
        stale_unix_s = self._clock.unix() - self._settings.notice_stale_s
        if not fields or fields['deadline'] < stale_unix_s:
            return {}
        notice = messages.Notice(
            server_id=server_id,
            action=str(fields.get('action', '')),
            deadline_unix_s=fields['deadline'],
            reason=str(fields.get('reason', '')),
        )
        return _show(notice)


def _line(text: str) -> str:
    """Give a text without braces: shells find the object's end by them."""
    return text.translate(_NO_BRACES)


def _show(notice: messages.Notice) -> dict[str, Any]:
    return {
        'event': messages.Event.NOTICE.value,
        'action': _line(notice.action),
        'deadline': notice.deadline,
        'reason': _line(notice.reason),
    }


def _foreshow(risk: Risk) -> dict[str, Any]:
    at_risk = {
        'until': round(risk.until_unix_s),
        'odds': risk.notice.odds,
        'reason': _line(risk.notice.reason),
    }
    shown = {'event': risk.notice.event.value}
    if risk.notice.action:
        shown = _show(risk.notice)
    return {**shown, 'at_risk': at_risk}
