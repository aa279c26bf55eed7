# SPDX-License-Identifier: Apache-2.0

import http.client
import threading
import unittest
from unittest import mock

from nova_desktop import exception
from nova_desktop.reclaim import server

LIMIT_S = 10


class ServerTest(unittest.TestCase):
    def serve(self, application):
        made = server.serve('api', '127.0.0.1', 0, application)
        threading.Thread(target=made.serve_forever, daemon=True).start()
        self.addCleanup(made.server_close)
        self.addCleanup(made.shutdown)
        return made

    def client(self, made):
        client = http.client.HTTPConnection(
            '127.0.0.1', made.server_port, timeout=LIMIT_S
        )
        self.addCleanup(client.close)
        client.request('GET', '/')
        return client

    def test_a_port_in_use_is_named(self):
        made = self.serve(None)
        with self.assertRaisesRegex(
            exception.BadValue, r'\[reclaim\] api_listen and api_port'
        ):
            server.serve('api', '127.0.0.1', made.server_port, None)

    def test_more_requests_than_are_served_at_a_time(self):
        inside, go = threading.Semaphore(0), threading.Event()
        self.addCleanup(go.set)

        def application(environ, start_response):
            inside.release()
            go.wait(LIMIT_S)
            return server.reply(start_response, '200 OK', {'a': 1})

        with mock.patch.object(server, '_MAX_REQUESTS', 2):
            made = self.serve(application)
        waiting = [self.client(made) for _ in range(2)]
        for _ in waiting:
            self.assertTrue(inside.acquire(timeout=LIMIT_S))
        hung_up = (ConnectionError, http.client.HTTPException)
        with (
            self.assertLogs('nova_desktop.reclaim.server') as logs,
            self.assertRaises(hung_up),
        ):
            self.client(made).getresponse()
        self.assertIn('enough', logs.output[0])
        go.set()
        for client in waiting:
            self.assertEqual(b'{"a": 1}', client.getresponse().read())
        # Their threads may not have ended yet when their answers are here.
        for _ in range(2):
            self.assertTrue(made._free.acquire(timeout=LIMIT_S))
            made._free.release()
        self.assertEqual(200, self.client(made).getresponse().status)
