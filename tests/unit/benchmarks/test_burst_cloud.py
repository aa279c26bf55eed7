# SPDX-License-Identifier: Apache-2.0
"""The stand-in's books: what Nova refuses, and what is held against us."""

import json
import time
import unittest
from json import dumps

from benchmarks import burst_api, burst_cloud
from benchmarks.burst_cloud import SPARE, Refused, host_name, uuid_of
from nova_desktop.reclaim import cloud as ours
from nova_desktop.reclaim import grace

HOST = host_name(0)


class BooksTest(unittest.TestCase):
    def setUp(self) -> None:
        self.tasks: list = []
        self.cloud = burst_cloud.Cloud(
            lambda seconds, task: self.tasks.append(task), 2.0
        )
        self.cloud.fill('x', 1, 3)
        self.ids = list(self.cloud.servers)

    def go_on(self) -> None:
        while self.tasks:
            self.tasks.pop(0)()

    def notice(self, server_id: str, in_s: float = 0.0) -> None:
        value = json.dumps({'deadline': time.time() + in_s})
        self.cloud.set_metadata(server_id, grace.KEY, value)

    def refused(self, status: int, act, *args) -> None:
        with self.assertRaises(Refused) as caught:
            act(*args)
        self.assertEqual(status, caught.exception.status)

    def test_all_is_well(self) -> None:
        a, b, c = self.ids
        for server_id in self.ids:
            self.notice(server_id)
        self.cloud.migrate(a)
        self.cloud.shelve(b)
        self.cloud.delete(c)
        self.assertEqual(3, self.cloud.used[HOST])
        self.assertEqual({HOST, SPARE}, self.cloud.server(a).held)
        self.go_on()
        self.assertEqual([], self.cloud.unmet())
        self.assertEqual({SPARE}, self.cloud.server(a).held)
        self.assertEqual('shelved_offloaded', self.cloud.server(b).vm_state)
        self.refused(404, self.cloud.server, c)
        report = self.cloud.report()
        self.assertGreater(report.pop('settled_s'), 0)
        # The one that moved has its notice still.
        self.assertEqual(1, report.pop('told'))
        self.assertEqual({0}, set(report.values()), report)

    def test_what_nova_refuses(self) -> None:
        a, b, _ = self.ids
        for server_id in self.ids:
            self.notice(server_id)
        self.cloud.migrate(a)
        self.refused(409, self.cloud.migrate, a)
        self.refused(409, self.cloud.shelve, a)
        self.cloud.shelve(b)
        self.go_on()
        self.refused(409, self.cloud.migrate, b)
        self.refused(409, self.notice, b)
        self.refused(409, self.cloud.delete_metadata, b, grace.KEY)
        self.refused(404, self.cloud.delete, 'nobody')
        self.assertEqual(5, self.cloud.counts['conflicts'])
        self.assertEqual(0, self.cloud.counts['twice'])

    def test_what_is_held_against_the_service(self) -> None:
        a, b, c = self.ids
        self.cloud.delete(a)
        self.notice(b, in_s=60)
        self.notice(b, in_s=90)
        self.cloud.migrate(b)
        self.notice(c)
        self.cloud.migrate(c)
        self.go_on()
        self.cloud.migrate(c)
        self.go_on()
        report = self.cloud.report()
        self.assertEqual(
            [1, 1, 1, 1],
            [
                report[name]
                for name in ('without_notice', 'early', 'told_again', 'twice')
            ],
        )

    def test_a_deletion_is_repeated(self) -> None:
        a = self.ids[0]
        self.notice(a)
        self.cloud.delete(a)
        self.cloud.delete(a)
        self.assertEqual(1, self.cloud.counts['deletes_repeated'])
        self.assertEqual(0, self.cloud.counts['twice'])
        self.go_on()
        self.assertEqual([HOST], self.cloud.unmet())


class Rest:
    """Asks the stand-in without HTTP in between."""

    def __init__(self, api: burst_api.Api) -> None:
        self._api = api

    def ask(self, service, method, url, json=None, params=None):
        query = '&'.join(f'{k}={v}' for k, v in (params or {}).items())
        body = b'' if json is None else dumps(json).encode()
        target = f'/{service}/v1{url}?{query}'
        self.status, answer = self._api.answer(method, target, body)
        self.status_code = self.status
        self.headers: dict = {}
        return answer if method == 'GET' else self

    def require(self, service):
        pass

    def get(self, service, url, **params):
        answer = self.ask(service, 'GET', url, params=params)
        return None if self.status == 404 else answer


class ApiTest(unittest.TestCase):
    """By the client that the service has."""

    def setUp(self) -> None:
        self.tasks: list = []
        self.books = burst_cloud.Cloud(
            lambda seconds, task: self.tasks.append(task), 2.0
        )
        self.books.fill('x', 2, 2)
        self.rest = Rest(burst_api.Api(self.books, 'http://here'))
        self.cloud = ours.RestCloud(self.rest)

    def test_what_is_seen(self) -> None:
        found = self.cloud.servers_of(HOST)
        self.assertEqual(2, len(found))
        self.assertEqual(found[0], self.cloud.server(found[0].id))
        self.assertTrue(found[0].tolerance.preemptible)
        self.assertEqual(burst_cloud.NOTICE_S, found[0].tolerance.notice_s)
        self.assertIsNone(self.cloud.server('nobody'))
        self.assertEqual([], self.cloud.servers_of('unknown'))
        self.assertEqual([], self.cloud.computes())
        provider = self.cloud.provider(HOST)
        self.assertEqual(uuid_of(HOST), provider.uuid)
        self.assertEqual(-2048, provider.free_mib)
        held = self.cloud.held_on(found[0].id)
        self.assertEqual({provider.uuid}, held)

    def test_what_is_done(self) -> None:
        a, b = self.cloud.servers_of(HOST)
        self.cloud.set_metadata(a.id, 'x', 'y')
        self.assertEqual({'x': 'y'}, self.cloud.server(a.id).metadata)
        self.cloud.delete_metadata(a.id, 'x')
        for server in (a, b):
            action = server.tolerance.actions[0]
            self.cloud.act(action, server.id)
            self.assertIn(self.rest.status, (202, 204))
        while self.tasks:
            self.tasks.pop(0)()
        self.assertEqual([], self.cloud.servers_of(HOST))
        self.cloud.nudge('confirmResize', a.id)
        self.assertEqual(400, self.rest.status)

    def test_the_books_are_told(self) -> None:
        self.assertEqual(
            [host_name(0), host_name(1)],
            self.rest._api.answer('POST', '/bench/unmet', b'')[1],
        )
        fill = json.dumps({'start': 'y', 'hosts': 0, 'guests': 0}).encode()
        _, report = self.rest._api.answer('POST', '/bench/fill', fill)
        self.assertEqual(0, report['unmet'])
