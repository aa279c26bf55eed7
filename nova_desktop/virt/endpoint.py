# SPDX-License-Identifier: Apache-2.0
"""Answer the control plane, and pass its notices into the guest."""

import base64
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from nova import exception as nova_exception
from oslo_log import log as logging

from nova_desktop import exception, messages
from nova_desktop.virt import told, trust

LOG = logging.getLogger(__name__)

NOTICE_FILE = '/run/nova-desktop/notice'

Ask = Callable[[str, Mapping[str, Any]], Any]
"""Send a QEMU guest agent's command; give what it returned."""


class GuestAgentFailed(exception.DesktopError):
    """The guest runs no agent, or its agent did not do what was asked."""


class NoticeEndpoint:
    """The RPC interface of one workstation's nova-compute."""

    def __init__(
        self,
        agent_of: Callable[[str], Ask],
        let_run: Callable[[str], contextlib.AbstractContextManager[None]],
        book: told.Book,
        believe: trust.Trust | None = None,
    ) -> None:
        """Take what gives the guest agent of a server, and lets it run.

        ``agent_of`` raises InstanceNotFound for a server that is no guest of
        this host. A guest that is held paused hears nothing until it runs.
        """
        self._trust = believe or trust.Trust('', None)
        self._agent_of = agent_of
        self._let_run = let_run
        self._book = book

    def status(self, ctxt: Any, fields: Any = None) -> Any:
        """Say what this host tells the cloud now."""
        question = self._asked('status', fields)
        return self._trust.answer(question, self._book.now().to_wire())

    def told(self, ctxt: Any, limit: Any = None, fields: Any = None) -> Any:
        """Say what this host told the cloud lately, the latest first."""
        question = self._asked('told', fields)
        most = limit if isinstance(limit, int) else told.KEPT
        entries = [entry.to_wire() for entry in self._book.latest(most)]
        return self._trust.answer(question, entries)

    def _asked(self, method: str, fields: Any) -> messages.Seal | None:
        try:
            return self._trust.asked(method, fields)
        except exception.BadMessage as bad:
            self._trust.refusals.note('control plane', method, bad)
            raise messages.Refused from bad

    def notice(self, ctxt: Any, fields: Any = None) -> bool:
        """Pass a notice into a guest; say whether the guest took it."""
        try:
            notice = self._trust.believed(messages.Notice, fields)
        except exception.BadMessage as bad:
            self._trust.refusals.note('control plane', 'notice', bad)
            return False
        return self._passed_on(notice)

    def _passed_on(self, notice: messages.Notice) -> bool:
        try:
            ask = self._agent_of(notice.server_id)
            with self._let_run(notice.server_id):
                write_notice(ask, notice)
        except nova_exception.InstanceNotFound:
            LOG.warning(
                'A notice is for no guest of this host: %s', notice.server_id
            )
            return False
        except GuestAgentFailed as failed:
            LOG.info(
                'Server %(server)s could not be told from inside: %(why)s',
                {'server': notice.server_id, 'why': failed},
            )
            return False
        LOG.info(
            'Server %(server)s was told: %(action)s',
            {
                'server': notice.server_id,
                'action': notice.action or 'nothing will happen',
            },
        )
        return True


def write_notice(ask: Ask, notice: messages.Notice) -> None:
    """Leave a notice in the guest's file, one line of JSON."""
    line = json.dumps(notice.to_wire(), sort_keys=True) + '\n'
    handle = ask('guest-file-open', {'path': NOTICE_FILE, 'mode': 'w'})
    try:
        text = base64.b64encode(line.encode()).decode()
        ask('guest-file-write', {'handle': handle, 'buf-b64': text})
    finally:
        ask('guest-file-close', {'handle': handle})
