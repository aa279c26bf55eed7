# SPDX-License-Identifier: Apache-2.0
"""Notices as a guest sees them, with the script that is shipped for it."""

import http.server
import json
import queue
import re
import threading
from typing import Any

from sandbox import cloud, layout, observe
from tests.sandbox import base

_PATIENCE_S = 60


class HookTest(base.SandboxTest):
    """A guest that is told, in time."""

    FLAVOR = 'desk.told'
    IMAGE = 'tiny-hook'
    NOTICE_S = 20

    @classmethod
    def setUpClass(cls) -> None:
        """Make a flavor whose notice is long enough for a slow guest."""
        super().setUpClass()
        specs = cloud.desk_specs(notice=str(cls.NOTICE_S))
        cloud.make_flavor(cls.compute, cls.FLAVOR, specs)

    def test_told_how_long_before(self) -> None:
        """Its hook runs with most of the notice left.

        The guest is held to a fiftieth of a CPU by then.
        """
        source = self.host.name
        posted = self.webhook()
        self.owner_returns()
        told = self.console.wait_for(source, b'HOOK event=notice', _PATIENCE_S)
        self.assertIsNotNone(told, 'no hook has run')
        line = self.console.line_with(source, b'HOOK event=notice')
        left = re.search(r'action=live-migrate left=(\d+) ', line)
        assert left, line
        self.assertGreater(int(left[1]), self.NOTICE_S / 2)
        news = posted.get(timeout=_PATIENCE_S)
        self.assertEqual(
            ('notice', self.server.id), (news['event'], news['server_id'])
        )
        server = base.wait_until(
            lambda: self.moved_from(source), f'the guest left {source}', 120
        )
        over = self.console.wait_for(
            server.compute_host, b'HOOK event=withdrawn', _PATIENCE_S
        )
        self.assertIsNotNone(over, 'not told that it is over')

    def webhook(self) -> queue.SimpleQueue[dict[str, Any]]:
        """Have the tenant be told by webhook; give what is posted there."""
        posted: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers['Content-Length'])
                posted.put(json.loads(self.rfile.read(length)))
                self.send_response(204)
                self.end_headers()

        address = ('127.0.0.1', layout.PORTS['webhook'])
        server = http.server.ThreadingHTTPServer(address, Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.compute.set_server_metadata(
            self.server.id, desktop_webhook=layout.url('webhook', '/tenant')
        )
        return posted

    def moved_from(self, source: str) -> object:
        """Give the server once it runs elsewhere."""
        server = self.compute.get_server(self.server.id)
        there = server.status == 'ACTIVE' and server.compute_host != source
        return server if there else None


class AcknowledgedTest(base.SandboxTest):
    """A guest that agrees from inside."""

    IMAGE = 'tiny-ack'

    def test_it_goes_long_before_its_time(self) -> None:
        """Of a notice of ten minutes it takes a few seconds."""
        source = self.host.name
        self.owner_returns()
        agreed = self.console.wait_for(source, b'HOOK-ACK', _PATIENCE_S)
        self.assertIsNotNone(agreed, 'no acknowledgement')
        base.wait_until(
            lambda: source not in self.placement.allocated_on(self.server.id),
            f'the guest left {source}',
            90,
        )
        self.assertLess(observe.now() - (agreed or 0.0), 90)
