# SPDX-License-Identifier: Apache-2.0
"""Mail notices to tenants."""

import contextlib
import datetime
import smtplib
import ssl
import threading
from collections.abc import Iterator
from email import errors, headerregistry, message, policy, utils
from typing import Protocol

from nova_desktop import exception
from nova_desktop.messages import Event
from nova_desktop.reclaim import grace, nouns
from nova_desktop.reclaim.outward import GiveUp, Told, TryAgain

_REMEMBERED = 10000


class Settings(Protocol):
    """The options of group reclaim that this needs."""

    smtp_host: str | None
    smtp_port: int
    smtp_security: str
    smtp_user: str | None
    smtp_password: str | None
    smtp_timeout_s: float
    mail_from: str | None
    mail_to: str


class Directory(Protocol):
    """Knows the users' addresses; cloud.RestCloud is one."""

    def email_of(self, user_id: str) -> str:
        """Give a user's address, empty for none; raise CloudError."""


def address(text: str) -> headerregistry.Address:
    """Take one plain address; raise ValueError."""
    try:
        return headerregistry.Address(addr_spec=text)
    except (ValueError, IndexError, errors.MessageError) as error:
        raise ValueError(f'{text!r} is no mail address') from error


def filled_in(template: str, server: nouns.Server) -> str:
    """Give a template's address for a server; raise ValueError."""
    try:
        return template.format(
            project_id=server.project_id,
            user_id=server.user_id,
            server_id=server.id,
        )
    except (LookupError, AttributeError) as error:
        raise ValueError(f'{error} cannot be filled in') from error


def check(settings: Settings) -> None:
    """Raise BadValue naming the option that cannot be."""
    example = nouns.Server('s', '', '', '', None, 0, 0, 0.0, user_id='u')
    for name, text in (
        ('mail_from', settings.mail_from or ''),
        ('mail_to', settings.mail_to),
    ):
        if name == 'mail_to' and not text:
            continue
        try:
            address(filled_in(text, example))
        except ValueError as error:
            raise exception.BadValue(
                f'[reclaim] {name}', text, str(error)
            ) from error


def _utc(unix_s: float) -> str:
    when = datetime.datetime.fromtimestamp(unix_s, datetime.UTC)
    return f'{when:%Y-%m-%d %H:%M:%S} UTC'


def text_of(told: Told) -> tuple[str, str]:
    """Give subject and text."""
    notice = told.notice
    if notice.event is Event.WITHDRAWN:
        return (
            f'Server {notice.server_id} stays',
            f'It need not leave its workstation: {notice.reason}.\n',
        )
    when = _utc(notice.deadline_unix_s)
    perhaps = (
        'It is an early notice: it is withdrawn if the owner of the '
        'workstation stays away.\n'
        if notice.odds
        else ''
    )
    return (
        f'Server {notice.server_id} has to leave its workstation at {when}',
        f'What will be tried first: {notice.action}.\n'
        f'Reason: {notice.reason}.\n{perhaps}\n'
        f'When its work is saved before, it can leave at once:\n\n'
        f'  openstack server set --property {grace.ACK_KEY}=1 \\\n'
        f'    {notice.server_id}\n',
    )


def _is_final(error: Exception) -> bool:
    """Say whether another try would end as this one."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code >= 500
    return isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLError)


class Mail:
    """Give mails to one mail server."""

    def __init__(self, settings: Settings, directory: Directory) -> None:
        self._settings = settings
        self._directory = directory
        self._lock = threading.Lock()
        self._mailed: dict[str, None] = {}

    def send(self, told: Told) -> None:
        """Mail a notice, or its withdrawal; raise TryAgain or GiveUp.

        What is merely at risk is not worth a mail, nor is its end.
        """
        event = told.notice.event
        server_id = told.notice.server_id
        if event is Event.AT_RISK:
            return
        if event is Event.WITHDRAWN and not self._was_mailed(server_id):
            return
        to = self._to(told.server)
        if to:
            self._give(self._message(told, to))
            self._note(server_id, event)

    def _was_mailed(self, server_id: str) -> bool:
        with self._lock:
            return server_id in self._mailed

    def _note(self, server_id: str, event: Event) -> None:
        with self._lock:
            self._mailed.pop(server_id, None)
            if event is Event.NOTICE:
                self._mailed[server_id] = None
            if len(self._mailed) > _REMEMBERED:
                del self._mailed[next(iter(self._mailed))]

    def _to(self, server: nouns.Server) -> str:
        if self._settings.mail_to:
            return filled_in(self._settings.mail_to, server)
        try:
            return self._directory.email_of(server.user_id)
        except nouns.CloudRefused as error:
            raise GiveUp(str(error)) from error
        except nouns.CloudError as error:
            raise TryAgain(str(error)) from error

    def _message(self, told: Told, to: str) -> message.EmailMessage:
        made = message.EmailMessage(policy.SMTP)
        try:
            made['To'] = address(to)
            made['From'] = address(self._settings.mail_from or '')
        except ValueError as error:
            raise GiveUp(str(error)) from error
        made['Subject'], text = text_of(told)
        made['Date'] = utils.format_datetime(
            datetime.datetime.fromtimestamp(told.unix_s, datetime.UTC)
        )
        # Else out-of-office answers come back.
        made['Auto-Submitted'] = 'auto-generated'
        made.set_content(text)
        return made

    @contextlib.contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        settings = self._settings
        where = (settings.smtp_host or '', settings.smtp_port)
        tls = ssl.create_default_context()
        if settings.smtp_security == 'tls':
            made: smtplib.SMTP = smtplib.SMTP_SSL(
                *where, timeout=settings.smtp_timeout_s, context=tls
            )
        else:
            made = smtplib.SMTP(*where, timeout=settings.smtp_timeout_s)
        with made as server:
            if settings.smtp_security == 'starttls':
                server.starttls(context=tls)
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password or '')
            yield server

    def _give(self, made: message.EmailMessage) -> None:
        try:
            with self._connected() as server:
                server.send_message(made)
        except (OSError, smtplib.SMTPException) as error:
            kind = GiveUp if _is_final(error) else TryAgain
            raise kind(f'the mail server: {error}') from error
