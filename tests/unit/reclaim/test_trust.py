# SPDX-License-Identifier: Apache-2.0
"""What is believed of whom, and what a worker does about the rest."""

import json
import pathlib
import tempfile
import unittest

from nova_desktop import exception, keys, messages
from nova_desktop.reclaim import bus, trust
from tests.unit.reclaim import fakes

MASTER = bytes(range(32))
RETURNED = messages.CapacityReturned('desk1', 'away')


def sealed(message, host='desk1', **changes):
    """Give a message as a host's nova-compute sends it."""
    signer = messages.Signer(host, keys.of_host(MASTER, host))
    made = signer.sealed(messages.kind_of(message), message.to_wire())
    return json.loads(json.dumps({**made, **changes}))


class WorkersTest(unittest.TestCase):
    """Two workers on a bus on which anybody may write."""

    def setUp(self) -> None:
        self.got: list = []
        self.cast: list = []
        self.workers = [self.worker(f'w{n}') for n in (1, 2)]

    def worker(self, name):
        believe = fakes.trust(MASTER)
        signer = believe.signer(name)

        def pass_on(message):
            kind = messages.kind_of(message)
            self.cast.append(signer.sealed(kind, message.to_wire()))

        def got(message):
            self.got.append((name, messages.kind_of(message)))

        return bus.Endpoint(got, got, pass_on, got, believe, None, None)

    def deliver(self):
        """Bring what was passed on to every worker."""
        for fields in self.cast:
            for worker in self.workers:
                worker.capacity_returned_to_all({}, fields)
        self.cast = []

    def refused(self, why, call, fields):
        with self.assertRaises(messages.Refused) as caught:
            call({}, fields)
        self.assertIn(why, str(caught.exception.exc_info[1]))

    def test_its_own_word(self) -> None:
        one, _ = self.workers
        one.reclaim({}, sealed(fakes.request()))
        self.assertEqual([('w1', 'ReclaimRequest')], self.got)

    def test_a_word_about_another(self) -> None:
        one, _ = self.workers
        request = fakes.request(host='desk2')
        as_desk2 = {**sealed(request)['seal'], 'name': 'desk2'}
        self.refused('must be desk1', one.reclaim, sealed(request))
        self.refused(
            'key of that name', one.reclaim, sealed(request, seal=as_desk2)
        )
        self.refused('must be signed', one.reclaim, request.to_wire())
        self.assertEqual([], self.got)
        self.assertEqual(3, one.refusals.total)

    def test_a_changed_word(self) -> None:
        one, _ = self.workers
        fields = sealed(fakes.request(keep=4096), keep_memory_mib=0)
        self.refused('key of that name', one.reclaim, fields)

    def test_no_host_speaks_as_a_worker(self) -> None:
        one, _ = self.workers
        entry = messages.Entry(
            5.0, 'desk1', fakes.server().id, messages.What.LEFT, 'x'
        )
        for call, message in (
            (one.record_to_all, entry),
            (one.capacity_returned_to_all, RETURNED),
        ):
            self.refused('key of that name', call, sealed(message))
            self.refused('must be signed', call, message.to_wire())
        self.assertEqual([], self.got)

    def test_a_worker_is_no_host(self) -> None:
        signer = fakes.trust(MASTER).signer('desk1')
        fields = signer.sealed('CapacityReturned', RETURNED.to_wire())
        one, _ = self.workers
        self.refused('key of that name', one.capacity_returned, fields)

    def test_news_reach_each_worker_once(self) -> None:
        one, other = self.workers
        fields = sealed(RETURNED)
        one.capacity_returned({}, fields)
        heard = list(self.cast)
        self.deliver()
        kind = 'CapacityReturned'
        self.assertEqual([('w1', kind), ('w2', kind)], self.got)
        # By the one who reads what is on the bus.
        self.refused('sent before', one.capacity_returned, fields)
        self.refused('last', other.capacity_returned, fields)
        self.refused('sent before', other.capacity_returned_to_all, heard[0])
        self.assertEqual(2, len(self.got))

    def test_what_a_host_has_withdrawn_is_not_revived(self) -> None:
        one, other = self.workers
        asked = sealed(fakes.request())
        one.reclaim({}, asked)
        one.capacity_returned({}, sealed(RETURNED))
        self.deliver()
        self.got = []
        self.refused('sent before', one.reclaim, asked)
        self.refused('said last', other.reclaim, asked)
        self.assertEqual([], self.got)

    def test_old_news_do_not_withdraw_a_newer_request(self) -> None:
        one, other = self.workers
        returned = sealed(RETURNED)
        other.reclaim({}, sealed(fakes.request()))
        self.refused('said last', other.capacity_returned, returned)
        one.capacity_returned({}, returned)
        self.deliver()
        self.assertNotIn(('w2', 'CapacityReturned'), self.got)

    def test_a_hostile_host_does_not_fill_the_log(self) -> None:
        one, _ = self.workers
        with self.assertLogs('nova_desktop') as said:
            for n in range(500):
                request = fakes.request(host='desk2')
                fields = sealed(request, reason=str(n))
                self.refused('key of that name', one.reclaim, fields)
        self.assertEqual(1, len(said.output))
        self.assertEqual(500, one.refusals.total)


class TrustTest(unittest.TestCase):
    def test_without_a_master_key_all_are_believed(self) -> None:
        believe = fakes.trust()
        for fields in (RETURNED.to_wire(), sealed(RETURNED)):
            taken = believe.from_host(messages.CapacityReturned, fields)
            self.assertEqual(RETURNED, taken)
            self.assertTrue(believe.is_news(taken))
            believe.from_worker(messages.CapacityReturned, fields)

    def test_while_keys_are_given_out(self) -> None:
        believe = fakes.trust(MASTER, believe_unsigned=True)
        kind = messages.CapacityReturned
        believe.from_host(kind, RETURNED.to_wire())
        believe.from_host(kind, sealed(RETURNED))
        for fields in (
            sealed(RETURNED, reason='x'),
            {**RETURNED.to_wire(), 'seal': None},
            sealed(messages.CapacityReturned('desk2', 'x')),
        ):
            with self.assertRaises(exception.BadMessage):
                believe.from_host(kind, fields)
        # All workers have the master key at once.
        with self.assertRaises(exception.BadMessage):
            believe.from_worker(kind, RETURNED.to_wire())

    def test_a_host_does_not_say_when_it_said_it(self) -> None:
        lie = messages.CapacityReturned('desk1', 'x', 2**39)
        for believe, fields in (
            (fakes.trust(), lie.to_wire()),
            (fakes.trust(MASTER), sealed(lie)),
        ):
            taken = believe.from_host(messages.CapacityReturned, fields)
            self.assertLess(taken.said_unix_s, 2**38)

    def test_order_forgets(self) -> None:
        order = trust.Order(keep_s=100)
        for n in range(10_000):
            self.assertTrue(order.later(f'desk{n}', 1e9 + n))
        self.assertLess(len(order._latest), 202)
        self.assertFalse(order.later('desk9999', 1e9 + 9999))

    def test_which_request_is_the_latest(self) -> None:
        judge = fakes.trust(MASTER)
        one, two = sealed(fakes.request()), sealed(fakes.request())
        first = judge.from_host(messages.ReclaimRequest, one)
        self.assertTrue(judge.is_latest(first))
        self.assertEqual(one['seal']['sent_unix_s'], first.said_unix_s)
        second = judge.from_host(messages.ReclaimRequest, two)
        self.assertFalse(judge.is_latest(first))
        self.assertTrue(judge.is_latest(second))
        judge.from_host(messages.CapacityReturned, sealed(RETURNED))
        self.assertFalse(judge.is_latest(second))

    def test_a_request_that_bears_no_time_is_taken_as_it_comes(self) -> None:
        judge = fakes.trust()
        request = judge.from_host(
            messages.ReclaimRequest,
            {**fakes.request().to_wire(), 'said_unix_s': 9.0},
        )
        self.assertEqual(0.0, request.said_unix_s)
        self.assertTrue(judge.is_latest(request))

    def test_who_is_claimed(self) -> None:
        for fields, name in (
            (sealed(RETURNED), 'desk1'),
            (RETURNED.to_wire(), 'desk1'),
            ({'seal': 7, 'worker': 'w1'}, 'w1'),
            ({}, None),
            (None, None),
        ):
            self.assertEqual(name, trust.claimed(fields))


class MasterTest(unittest.TestCase):
    def test_none_is_told(self) -> None:
        with self.assertLogs('nova_desktop.reclaim.trust') as said:
            self.assertIsNone(trust.master_of(fakes.settings()))
        self.assertIn('master_key_file is not set', said.output[0])

    def test_read(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder, 'key'))
            settings = fakes.settings(master_key_file=path)
            with self.assertRaisesRegex(
                exception.BadValue, 'reclaim. master_key_file.*No such file'
            ):
                trust.master_of(settings)
            keys.write(path, MASTER, 'x')
            self.assertEqual(MASTER, trust.master_of(settings))
