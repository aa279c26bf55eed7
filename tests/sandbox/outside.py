# SPDX-License-Identifier: Apache-2.0
"""The tenant and the operator's services, as receivers of notices."""

import email
import json
import queue
import unittest
from typing import Any

import oslo_messaging
from oslo_config import cfg

from sandbox import cloud, config, layout
from tests import receivers

ADDRESS = 'ada@tenants.example'
_TOPIC = 'desktop_notices'
_PATIENCE_S = 60


class Outside:
    """Receives webhooks, mails and notifications until a test has ended."""

    def __init__(self, test: unittest.TestCase, server: Any) -> None:
        self._test = test
        self._server = server
        port = layout.PORTS['webhook']
        self._http = receivers.Http((204,), port=port)
        receivers.run(self._http, test)
        self._smtp = receivers.Smtp(port=layout.PORTS['smtp'])
        receivers.run(self._smtp, test)
        self._heard: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._listen()
        self._name_tenant()

    def _listen(self) -> None:
        conf = cfg.ConfigOpts()
        conf([], project='test', default_config_files=[])
        url = str(config.shared_values()['transport_url'])
        transport = oslo_messaging.get_notification_transport(conf, url)
        conf.set_override(
            'rabbit_quorum_queue', False, 'oslo_messaging_rabbit'
        )
        listener = oslo_messaging.get_notification_listener(
            transport,
            [oslo_messaging.Target(topic=_TOPIC)],
            [self],
            executor='threading',
        )
        listener.start()
        self._test.addCleanup(transport.cleanup)
        self._test.addCleanup(listener.wait)
        self._test.addCleanup(listener.stop)

    def _name_tenant(self) -> None:
        """Give the server's user an address and the server a webhook."""
        identity = cloud.connect().identity
        user = self._server.user_id
        identity.update_user(user, email=ADDRESS)
        self._test.addCleanup(identity.update_user, user, email=None)
        cloud.connect().compute.set_server_metadata(
            self._server.id,
            desktop_webhook=layout.url('webhook', '/tenant'),
        )

    def info(
        self, context: Any, publisher: str, event: str, payload: Any, meta: Any
    ) -> None:
        """Take a notification; the listener calls it."""
        # What an earlier test left in the queue is about another server.
        if payload['server_id'] == self._server.id:
            self._heard.put((event, payload))

    def notification(self, event: str) -> dict[str, Any]:
        """Wait for a notification of that type and give its payload."""
        while True:
            heard, payload = self._heard.get(timeout=_PATIENCE_S)
            if heard == event:
                found: dict[str, Any] = payload
                return found

    def posted(self, event: str) -> dict[str, Any]:
        """Wait for a webhook of that event about the server."""

        def find() -> dict[str, Any] | None:
            for path, _, data in self._http.got:
                body: dict[str, Any] = json.loads(data)
                if path == '/tenant' and body['event'] == event:
                    return body
            return None

        found: dict[str, Any] = self._http.until(find, _PATIENCE_S)
        self._test.assertIsNotNone(found, f'no {event}: {self._http.got}')
        return found

    def mail(self, subject: str) -> str:
        """Wait for a mail to the tenant with that in its subject; its text."""

        def find() -> str | None:
            for to, data in self._smtp.mails:
                mail = email.message_from_bytes(data)
                if ADDRESS in to[0] and subject in mail['Subject']:
                    return str(mail.get_payload())
            return None

        found: str = self._smtp.until(find, _PATIENCE_S)
        self._test.assertIsNotNone(found, f'no {subject}: {self._smtp.mails}')
        return found
