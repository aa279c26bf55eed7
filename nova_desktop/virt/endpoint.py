# SPDX-License-Identifier: Apache-2.0
"""Answer the control plane, and pass its notices into the guest."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

from nova import exception as nova_exception
from oslo_log import log as logging

from nova_desktop import exception, messages
from nova_desktop.messages import fields as check
from nova_desktop.virt import guest_files, told, trust

LOG = logging.getLogger(__name__)


class NoticeEndpoint:
    """The RPC interface of one workstation's nova-compute."""

    def __init__(
        self,
        agent_of: Callable[[str], guest_files.Ask],
        let_hear: Callable[
            [messages.Notice], contextlib.AbstractContextManager[None]
        ],
        is_paused: Callable[[str], bool],
        book: told.Book,
        believe: trust.Trust,
    ) -> None:
        """Take what gives the guest agent of a server, and lets it hear.

        ``agent_of`` raises InstanceNotFound for a server that is no guest of
        this host. A guest that is held paused hears nothing until it runs,
        and one that is starved hears it late.
        """
        self._trust = believe
        self._agent_of = agent_of
        self._let_hear = let_hear
        self._book = book
        self._is_paused = is_paused

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

    def _asked(
        self, method: str, fields: Any, about: str = ''
    ) -> messages.Seal | None:
        try:
            return self._trust.asked(method, fields, about)
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

    def acknowledged(
        self, ctxt: Any, server_id: Any = None, fields: Any = None
    ) -> Any:
        """Say what a guest agreed to, empty for nothing."""
        about = server_id if isinstance(server_id, str) else ''
        question = self._asked('acknowledged', fields, about)
        try:
            of = check.server_id({'server_id': about}, 'server_id')
        except exception.BadMessage as bad:
            self._trust.refusals.note('control plane', 'acknowledged', bad)
            raise messages.Refused from bad
        return self._trust.answer(question, self._agreed(of))

    def _agreed(self, server_id: str) -> str:
        # One that is held paused is not let run for a question.
        if self._is_paused(server_id):
            return ''
        try:
            return guest_files.read(
                self._agent_of(server_id), guest_files.ACK
            ).strip()
        except (
            nova_exception.InstanceNotFound,
            guest_files.GuestAgentFailed,
        ) as failed:
            # A guest that did not agree has no such file.
            LOG.debug('Server %s agreed to nothing: %s', server_id, failed)
            return ''

    def _passed_on(self, notice: messages.Notice) -> bool:
        try:
            ask = self._agent_of(notice.server_id)
            with self._let_hear(notice):
                write_notice(ask, notice)
        except nova_exception.InstanceNotFound:
            LOG.warning(
                'A notice is for no guest of this host: %s', notice.server_id
            )
            return False
        except guest_files.GuestAgentFailed as failed:
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


def write_notice(ask: guest_files.Ask, notice: messages.Notice) -> None:
    """Leave a notice in the guest's file, one line of JSON."""
    line = json.dumps(notice.to_guest(), sort_keys=True) + '\n'
    guest_files.write(ask, guest_files.NOTICE, line)
