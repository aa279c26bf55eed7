# SPDX-License-Identifier: Apache-2.0
"""The ways out of the cloud that are configured."""

import threading
import time
from typing import Any

from nova_desktop import messages
from nova_desktop.reclaim import mail, nouns, webhook
from nova_desktop.reclaim.outward import Lane, Told

_MAIL_TRIES = 5


class Ways:
    """Tell tenants by webhook and mail, where the options say so."""

    def __init__(
        self, settings: Any, directory: mail.Directory, stop: threading.Event
    ) -> None:
        """Take group reclaim; raise BadValue naming an option."""
        self._lanes: list[Lane] = []
        hook = webhook.Webhook(settings)
        webhook.check(settings)
        tries = settings.webhook_tries
        if settings.webhook_url:
            self._lanes.append(Lane('webhook', hook.to_operator, tries, stop))
        if settings.tenant_webhooks:
            self._lanes.append(
                Lane('tenant webhook', hook.to_tenant, tries, stop)
            )
        if settings.smtp_host:
            mail.check(settings)
            send = mail.Mail(settings, directory).send
            self._lanes.append(Lane('mail', send, _MAIL_TRIES, stop))

    def tell(
        self, host: str, notice: messages.Notice, server: nouns.Server
    ) -> None:
        """Tell a server's tenant, without delay for the caller."""
        told = Told(host, notice, server, time.time())
        for lane in self._lanes:
            lane.tell(told)

    def stop(self) -> None:
        """Tell nobody any more."""
        for lane in self._lanes:
            lane.stop()
