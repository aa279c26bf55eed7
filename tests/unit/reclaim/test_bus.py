# SPDX-License-Identifier: Apache-2.0

import contextlib
import unittest
import uuid

import oslo_messaging
from oslo_config import cfg

from nova_desktop import messages
from nova_desktop.conf import reclaim as options
from nova_desktop.reclaim import bus, nouns
from tests.unit.reclaim import fakes


class EndpointTest(unittest.TestCase):
    def setUp(self):
        self.got = []
        self.endpoint = bus.Endpoint(
            lambda m: self.got.append(('reclaim', m)),
            lambda m: self.got.append(('returned', m)),
            lambda m: self.got.append(('passed on', m)),
            lambda m: self.got.append(('heard', m)),
            fakes.trust(),
            self,
            self,
        )

    def hear(self, message):
        self.got.append(('foreseen', message))

    def note(self, message):
        self.got.append(('foreseen elsewhere', message))

    @contextlib.contextmanager
    def refused(self, why):
        """Expect that a host is told, and the log unless it was lately."""
        with self.assertRaises(messages.Refused) as caught:
            yield
        self.assertIn(why, str(caught.exception.exc_info[1]))

    def test_good(self):
        request = fakes.request()
        self.endpoint.reclaim({}, request.to_wire())
        self.assertEqual([('reclaim', request)], self.got)

    def test_news_for_all_workers(self):
        fields = {'host': 'desk1', 'reason': 'away'}
        self.endpoint.capacity_returned({}, fields)
        self.assertEqual(
            ['passed on', 'returned'], [what for what, _ in self.got]
        )
        self.endpoint.capacity_returned_to_all({}, fields)
        self.assertEqual('returned', self.got[-1][0])
        self.assertEqual(3, len(self.got))

    def test_what_other_workers_decided(self):
        entry = messages.Entry(
            5.0, 'w2', fakes.server().id, messages.What.LEFT, 'x'
        )
        self.endpoint.record_to_all({}, entry.to_wire())
        self.assertEqual([('heard', entry)], self.got)
        with self.refused('what'):
            self.endpoint.record_to_all({}, {**entry.to_wire(), 'what': 7})
        self.assertEqual(1, len(self.got))

    def asked(self, message):
        self.got.append(('asked', message))

    def told(self, message):
        self.got.append(('told', message))

    def test_workers_ask_one_another(self):
        question = messages.WorkersAsked('w2', 'q')
        self.endpoint.workers_asked({}, question.to_wire())
        lists = {name: () for name in messages.worker.LISTS}
        answer = messages.WorkerTold('w2', 'q', 'now', lists)
        self.endpoint.worker_told({}, answer.to_wire())
        self.assertEqual([('asked', question), ('told', answer)], self.got)
        with self.refused('question'):
            self.endpoint.workers_asked({}, {'worker': 'w2'})

    def test_bad_ones_are_told_and_dropped(self):
        good = fakes.request().to_wire()
        for name, value in (
            ('host', ''),
            ('host', 'x' * 256),
            ('request_id', 'x'),
            ('keep_memory_mib', -1),
            ('keep_memory_mib', '1'),
            ('keep_cpus', True),
            ('keep_cpus', float('nan')),
            ('within_s', None),
        ):
            with self.refused(f'{name} = {value!r} is not valid'):
                self.endpoint.reclaim({}, {**good, name: value})
        for fields in (None, [], 'x', {}):
            for call in (
                self.endpoint.reclaim,
                self.endpoint.capacity_returned,
            ):
                with self.refused('is not valid'):
                    call({}, fields)
        self.assertEqual([], self.got)
        self.assertEqual(16, self.endpoint.refusals.total)

    def test_the_service_outlives_what_fails(self):
        for error in (nouns.CloudUnreachable('x'), RuntimeError('x')):

            def fail(message, error=error):
                raise error

            endpoint = bus.Endpoint(
                fail, fail, fail, fail, fakes.trust(), self, self
            )
            with self.assertLogs('nova_desktop.reclaim.bus'):
                endpoint.reclaim({}, fakes.request().to_wire())
                endpoint.capacity_returned(
                    {}, {'host': str(uuid.uuid4()), 'reason': 'x'}
                )


class HoldFewTest(unittest.TestCase):
    """What waits for a worker waits on the bus."""

    def transport(self, url, **options):
        conf = cfg.ConfigOpts()
        conf([])
        oslo_messaging.get_rpc_transport(conf, url=url)
        for name, value in options.items():
            conf.set_override(name, value, 'oslo_messaging_rabbit')
        return conf

    def count(self, conf):
        options.hold_few(conf, 7)
        return conf.oslo_messaging_rabbit.rabbit_qos_prefetch_count

    def test_by_rabbitmq(self):
        conf = self.transport('rabbit://h/')
        self.assertEqual(7, self.count(conf))

    def test_what_the_operator_has_set_counts(self):
        conf = self.transport('rabbit://h/', rabbit_qos_prefetch_count=3)
        self.assertEqual(3, self.count(conf))

    def test_by_another_bus(self):
        conf = self.transport('fake://')
        options.hold_few(conf, 7)
        self.assertNotIn('oslo_messaging_rabbit', conf)
