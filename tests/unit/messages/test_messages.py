# SPDX-License-Identifier: Apache-2.0
import dataclasses
import unittest
import uuid
from unittest import mock

import oslo_messaging
from oslo_config import cfg

from nova_desktop import exception, messages

REQUEST = messages.ReclaimRequest(
    request_id=str(uuid.uuid4()),
    host='desk1',
    keep_cpus=1.0,
    keep_memory_mib=512,
    within_s=60.0,
    reason='the owner is back',
)
NOTICE = messages.Notice(REQUEST.request_id, 'shelve', 5.0, 'owner')
AT_RISK = messages.AtRisk('desk1', 0.8, 5.0, 60.0, 180.0, 'expected')
RETURNED = messages.CapacityReturned('desk1', 'the owner is away')


class WireTest(unittest.TestCase):
    def test_text_stays_on_its_line(self) -> None:
        fields = {**RETURNED.to_wire(), 'reason': 'a\nb\x1b'}
        taken = messages.CapacityReturned.from_wire(fields)
        self.assertEqual('a b ', taken.reason)

    def test_what_is_bad_is_shown_in_part(self) -> None:
        for value in ('x' * 10**6, ['x'] * 10**5):
            fields = {**RETURNED.to_wire(), 'host': value}
            with self.assertRaises(exception.BadMessage) as caught:
                messages.CapacityReturned.from_wire(fields)
            self.assertLess(len(str(caught.exception)), 500)


class RequestTest(unittest.TestCase):
    def test_hosts_that_do_not_tell_whether_they_leave(self) -> None:
        fields = REQUEST.to_wire()
        del fields['departs']
        self.assertEqual(REQUEST, messages.ReclaimRequest.from_wire(fields))

    def test_a_host_that_leaves(self) -> None:
        fields = {**REQUEST.to_wire(), 'departs': True}
        self.assertTrue(messages.ReclaimRequest.from_wire(fields).departs)
        with self.assertRaisesRegex(exception.BadMessage, 'departs'):
            messages.ReclaimRequest.from_wire({**fields, 'departs': 'yes'})


class NoticeTest(unittest.TestCase):
    def test_what_it_says(self) -> None:
        for changes, event in (
            ({}, 'notice'),
            ({'odds': 0.5}, 'notice'),
            ({'action': '', 'odds': 0.5}, 'at-risk'),
            ({'action': ''}, 'withdrawn'),
        ):
            told = dataclasses.replace(NOTICE, **changes)
            self.assertEqual(event, told.to_guest()['event'])
            taken = messages.Notice.from_wire(told.to_wire())
            self.assertEqual(told, taken)

    def test_of_a_service_that_knows_no_odds(self) -> None:
        fields = NOTICE.to_wire()
        del fields['odds']
        self.assertEqual(NOTICE, messages.Notice.from_wire(fields))

    def test_risks_that_are_none(self) -> None:
        good = AT_RISK.to_wire()
        self.assertEqual(AT_RISK, messages.AtRisk.from_wire(good))
        for name, value in (
            ('host', ''),
            ('odds', 1.1),
            ('odds', float('nan')),
            ('until_unix_s', None),
            ('valid_s', 3601),
            ('heard_unix_s', 'x'),
        ):
            with self.assertRaisesRegex(exception.BadMessage, name):
                messages.AtRisk.from_wire({**good, name: value})


class Endpoint:
    def __init__(self) -> None:
        self.got: list[str] = []

    def reclaim(self, context, fields) -> None:
        self.got.append('reclaim')

    def capacity_returned(self, context, fields) -> None:
        self.got.append('returned')


class ReclaimClientTest(unittest.TestCase):
    def setUp(self) -> None:
        # oslo.messaging registers some of its options nowhere else.
        self.transport = oslo_messaging.get_rpc_transport(cfg.CONF, 'fake://')
        self.addCleanup(self.transport.cleanup)
        self.client = messages.ReclaimClient(self.transport, timeout_s=0.2)

    def test_a_service_that_is_down_is_no_error(self) -> None:
        with self.assertLogs('nova_desktop.messages'):
            self.assertFalse(self.client.reclaim(REQUEST))
            self.assertFalse(self.client.capacity_returned(RETURNED))

    def test_what_is_not_heard_in_time_expires(self) -> None:
        # RabbitMQ drops a message when its timeout, its TTL there, is over.
        with mock.patch.object(self.transport._driver, 'send') as send:
            self.client.reclaim(REQUEST)
            self.client.capacity_returned(RETURNED)
            messages.HostClient(self.transport).notice('desk1', NOTICE, 0.2)
        self.assertEqual(3, len(send.call_args_list))
        for call in send.call_args_list:
            self.assertEqual(0.2, call.kwargs['timeout'])
            self.assertEqual(1, call.kwargs['retry'])

    def test_heard(self) -> None:
        endpoint = self.serve()
        self.assertTrue(self.client.reclaim(REQUEST))
        self.assertTrue(self.client.capacity_returned(RETURNED))
        self.assertEqual(['reclaim', 'returned'], endpoint.got)

    def test_a_service_of_before_does_not_hear_of_risks(self) -> None:
        self.serve()
        with self.assertLogs('nova_desktop.messages'):
            self.assertFalse(self.client.at_risk(AT_RISK))
        self.assertTrue(self.client.reclaim(REQUEST))

    def serve(self) -> Endpoint:
        endpoint = Endpoint()
        server = oslo_messaging.get_rpc_server(
            self.transport,
            messages.reclaim_target('control'),
            [endpoint],
            executor='threading',
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        return endpoint
