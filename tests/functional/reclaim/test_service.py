# SPDX-License-Identifier: Apache-2.0
"""The whole service on an in-memory bus, and its command."""

import dataclasses
import json
import os
import pathlib
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent import futures
from unittest import mock

import oslo_messaging
from oslo_config import cfg
from oslo_messaging._drivers import impl_fake

from nova_desktop import exception, keys, messages
from nova_desktop.cmd import reclaim as command
from nova_desktop.reclaim import nouns, service
from nova_desktop.virt import trust
from tests.unit.reclaim import fakes

ROOT = str(pathlib.Path(__file__).parents[3])
LIMIT_S = 10


class Now:
    """For a cloud in memory: what is to come later comes at once."""

    @staticmethod
    def at(seconds, act):
        act()

    @staticmethod
    def unix():
        return fakes.START


class Cloud(fakes.Cloud):
    """Tells when something was changed."""

    def __init__(self, *servers):
        super().__init__(Now(), *servers)
        self.news = threading.Condition()

    def change(self, server_id, **changes):
        with self.news:
            super().change(server_id, **changes)
            self.news.notify_all()

    def until(self, check):
        with self.news:
            return self.news.wait_for(check, LIMIT_S)


class Host:
    """The endpoint that a workstation's nova-compute has."""

    target = oslo_messaging.Target(version=messages.VERSION)

    def __init__(self, key):
        self.got = []
        self.news = threading.Event()
        self.agreed = ''
        self.trust = trust.Trust('desk1', key)

    def notice(self, context, fields):
        self.got.append(self.trust.believed(messages.Notice, fields))
        self.news.set()
        return True

    def acknowledged(self, context, server_id, fields=None):
        question = self.trust.asked('acknowledged', fields, server_id)
        return self.trust.answer(question, self.agreed)


class BusCase(unittest.TestCase):
    key = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        # The bus in memory is one for all, and keeps what nobody took.
        bus = mock.patch.dict(
            impl_fake.FakeExchangeManager._exchanges, clear=True
        )
        bus.start()
        self.addCleanup(bus.stop)

    def conf_file(self, name, **options):
        path = pathlib.Path(self.folder.name) / f'{name}.conf'
        lines = ['poll_s = 0.1', 'grace_min_s = 0', 'vendordata = false']
        lines += [f'{key} = {value}' for key, value in options.items()]
        path.write_text(
            f'[DEFAULT]\ntransport_url = fake://\n'
            f'[reclaim]\nhost = {name}\n' + '\n'.join(lines)
        )
        return path

    def service(self, cloud, name='worker1', **options):
        path = self.conf_file(name, **options)
        cfg.CONF.reset()
        self.addCleanup(cfg.CONF.reset)
        made = service.Service(
            command.load(['--config-file', str(path)]), cloud
        )
        made.start()
        self.assertTrue(made.listening.wait(LIMIT_S))
        self.addCleanup(made.stop)
        return made

    def client(self, made):
        return messages.ReclaimClient(made.transport)


class BusTest(BusCase):
    def test_a_request_by_the_bus(self):
        a = fakes.server('a', extra_specs=fakes.specs(notice=0))
        cloud = Cloud(a)
        made = self.service(cloud)
        self.client(made).reclaim(fakes.request())
        self.assertTrue(
            cloud.until(lambda: cloud.servers[a.id].host == 'desk2')
        )

    def test_bad_messages_are_survived(self):
        a = fakes.server('a', extra_specs=fakes.specs(notice=0))
        cloud = Cloud(a)
        made = self.service(cloud)
        raw = oslo_messaging.get_rpc_client(
            made.transport, messages.reclaim_target()
        )
        for fields in ({}, [], {'host': 5}, 'x', None):
            raw.cast({}, 'reclaim', fields=fields)
            raw.cast({}, 'capacity_returned', fields=fields)
        raw.cast({}, 'nonsense')
        raw.cast({}, 'reclaim', unknown=1)
        self.client(made).reclaim(fakes.request())
        self.assertTrue(
            cloud.until(lambda: cloud.servers[a.id].host == 'desk2')
        )

    def desk1(self, made):
        """Give the workstation's end of the bus."""
        host = Host(self.key)
        listener = oslo_messaging.get_rpc_server(
            made.transport,
            messages.host_target('desk1'),
            [host],
            executor='threading',
        )
        listener.start()
        self.addCleanup(listener.wait)
        self.addCleanup(listener.stop)
        return host

    def test_what_a_host_foresees(self):
        a = fakes.server('a')
        made = [self.service(Cloud(a), f'worker{i}') for i in range(2)]
        host = self.desk1(made[0])

        def told():
            return [n.event for n in host.got if n.server_id == a.id]

        until = nouns.Clock().unix() + 300
        foreseen = messages.AtRisk('desk1', 0.8, until, 300, 180, 'expected')
        self.assertTrue(self.client(made[0]).at_risk(foreseen))
        self.everywhere(made, lambda one: one.parts.foreseen.get(a.id))
        over = dataclasses.replace(foreseen, odds=0.0, reason='over')
        self.assertTrue(self.client(made[1]).at_risk(over))
        self.everywhere(made, lambda one: not one.parts.foreseen.get(a.id))
        self.everywhere(made, lambda one: len(told()) == 2)
        self.assertEqual(['at-risk', 'withdrawn'], told())

    def everywhere(self, made, check):
        """Wait until all workers have heard it; there is no event for it."""
        pause = threading.Event()
        for _ in range(LIMIT_S * 10):
            if all(check(one) for one in made):
                return
            pause.wait(0.1)
        self.fail('not every worker has heard it')

    def test_a_guest_agrees_from_inside(self):
        a = fakes.server('a', extra_specs=fakes.specs(notice=600))
        cloud = Cloud(a)
        made = self.service(cloud, grace_poll_s=0.5)
        host = self.desk1(made)
        self.client(made).reclaim(fakes.request())
        self.assertTrue(host.news.wait(LIMIT_S))
        host.agreed = str(host.got[0].deadline)
        self.assertTrue(
            cloud.until(lambda: cloud.servers[a.id].host == 'desk2')
        )

    def test_the_host_passes_the_notice_on(self):
        a = fakes.server('a', extra_specs=fakes.specs(notice=600))
        made = self.service(Cloud(a))
        host = self.desk1(made)
        self.client(made).reclaim(fakes.request())
        self.assertTrue(host.news.wait(LIMIT_S))
        self.assertEqual(a.id, host.got[0].server_id)
        self.assertEqual('live-migrate', host.got[0].action)

    def test_news_reach_every_worker(self):
        a = fakes.server('a', extra_specs=fakes.specs(notice=600))
        cloud = Cloud(a)
        made = [self.service(cloud, f'worker{i}') for i in range(2)]
        for one in made:
            one.parts.worker.reclaim(fakes.request())
        self.client(made[0]).capacity_returned(
            messages.CapacityReturned(host='desk1', reason='away')
        )
        pause = threading.Event()
        for _ in range(LIMIT_S * 10):
            if not any(one.parts.hosts.victims('desk1') for one in made):
                break
            pause.wait(0.1)
        self.assertEqual(
            [[], []], [one.parts.hosts.victims('desk1') for one in made]
        )
        self.assertEqual([], cloud.acts)

    def test_decisions_reach_every_worker(self):
        a = fakes.server('a', extra_specs=fakes.specs(notice=600))
        one, other = [self.service(Cloud(a), f'worker{i}') for i in range(2)]
        one.parts.worker.reclaim(fakes.request())
        pause = threading.Event()
        for _ in range(LIMIT_S * 10):
            if len(other.parts.journal.of(a.id)) == 2:
                break
            pause.wait(0.1)
        self.assertEqual(
            ['chosen', 'noticed'],
            [e.what for e in other.parts.journal.of(a.id)],
        )
        self.assertEqual(
            one.parts.journal.of(a.id),
            other.parts.journal.of(a.id),
            'and none twice',
        )

    def test_stop_in_the_grace_leaves_the_notice(self):
        a = fakes.server('a', extra_specs=fakes.specs(notice=600))
        cloud = Cloud(a)
        made = self.service(cloud)
        self.client(made).reclaim(fakes.request())
        self.assertTrue(cloud.until(lambda: cloud.servers[a.id].metadata))
        ended = threading.Thread(target=made.stop)
        ended.start()
        ended.join(LIMIT_S)
        self.assertFalse(ended.is_alive())
        self.assertIn('desktop_notice', cloud.servers[a.id].metadata)
        self.assertEqual([], cloud.acts)


class SignedTest(BusTest):
    """All of it with a master key, and what a hostile owner tries."""

    def setUp(self):
        super().setUp()
        self.key_file = pathlib.Path(self.folder.name) / 'master'
        self.master = keys.new()
        keys.write(str(self.key_file), self.master, 'x')
        self.key = keys.of_host(self.master, 'desk1')

    def service(self, cloud, name='worker1', **options):
        options = {'master_key_file': self.key_file, **options}
        return super().service(cloud, name, **options)

    def client(self, made, host='desk1'):
        signer = messages.Signer(host, keys.of_host(self.master, host))
        return messages.ReclaimClient(made.transport, signer=signer)

    def test_another_hosts_guests_stay(self):
        a = fakes.server('a', extra_specs=fakes.specs(notice=0))
        cloud = Cloud(a)
        made = self.service(cloud)
        forged = messages.Signer('desk1', keys.of_host(self.master, 'desk2'))
        for client in (
            messages.ReclaimClient(made.transport),
            self.client(made, 'desk2'),
            messages.ReclaimClient(made.transport, signer=forged),
        ):
            with self.assertLogs('nova_desktop.messages') as said:
                self.assertFalse(client.reclaim(fakes.request()))
            self.assertIn('was refused', said.output[-1])
        self.assertEqual([], made.parts.hosts.victims('desk1'))
        self.assertEqual([], cloud.acts)

    def test_what_was_read_on_the_bus_is_sent_again(self):
        a = fakes.server('a', extra_specs=fakes.specs(notice=600))
        made = self.service(Cloud(a))
        client = self.client(made)
        signer = messages.Signer('desk1', keys.of_host(self.master, 'desk1'))
        request = fakes.request()
        fields = signer.sealed('ReclaimRequest', request.to_wire())
        raw = oslo_messaging.get_rpc_client(
            made.transport, messages.reclaim_target()
        )
        raw.call({}, 'reclaim', fields=fields)
        self.assertEqual(1, len(made.parts.hosts.victims('desk1')))
        returned = messages.CapacityReturned(host='desk1', reason='away')
        self.assertTrue(client.capacity_returned(returned))
        with self.assertRaises(exception.BadMessage):
            raw.call({}, 'reclaim', fields=fields)
        now = nouns.Clock().unix()
        self.assertIsNone(made.parts.hosts.need('desk1', now))


class EndTest(BusCase):
    """A worker that is ended, and the one that goes on."""

    def test_another_worker_goes_on_from_the_notice(self):
        a = fakes.server('a', extra_specs=fakes.specs(notice=600))
        cloud = Cloud(a)
        one = self.service(cloud, 'worker1')
        request = fakes.request()
        one.parts.worker.reclaim(request)
        self.assertTrue(cloud.until(lambda: cloud.servers[a.id].metadata))
        one.stop()
        told = cloud.servers[a.id].metadata['desktop_notice']
        other = self.service(cloud, 'worker2')
        other.parts.worker.reclaim(request)
        (victim,) = other.parts.hosts.victims('desk1')
        self.assertTrue(cloud.until(lambda: victim.deadline_unix_s))
        self.assertEqual(json.loads(told)['deadline'], victim.deadline_unix_s)
        self.assertEqual(told, cloud.servers[a.id].metadata['desktop_notice'])
        self.assertEqual([], cloud.acts)

    def test_a_hung_nova_does_not_hold_up_the_end(self):
        a = fakes.server('a', extra_specs=fakes.specs(notice=0))
        cloud, go = Cloud(a), threading.Event()
        self.addCleanup(go.set)
        acting = threading.Event()

        def hang(action, server_id):
            acting.set()
            go.wait(60)
            return ''

        cloud.act = hang
        path = self.conf_file('worker1', shutdown_timeout_s=1)
        cfg.CONF.reset()
        self.addCleanup(cfg.CONF.reset)
        conf = command.load(['--config-file', str(path)])
        made = service.Service(conf, cloud)
        signals = queue.SimpleQueue()
        with mock.patch.object(service, 'Service', return_value=made):
            ended = futures.ThreadPoolExecutor(1).submit(
                command.run, conf, signals
            )
            self.assertTrue(made.listening.wait(LIMIT_S))
            made.parts.worker.reclaim(fakes.request())
            self.assertTrue(acting.wait(LIMIT_S))
            signals.put(signal.SIGTERM)
            self.assertFalse(ended.result(LIMIT_S), 'not in time')


GOOD = """
[DEFAULT]
transport_url = rabbit://guest:guest@127.0.0.1:1/
[reclaim]
vendordata = false
[service_auth]
auth_type = password
auth_url = http://127.0.0.1:1/v3
username = nova
password = secret
project_name = service
user_domain_id = default
project_domain_id = default
"""


class CommandTest(unittest.TestCase):
    def start(self, text):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        path = pathlib.Path(self.folder.name) / 'reclaim.conf'
        path.write_text(text)
        process = subprocess.Popen(
            [
                sys.executable,
                '-m',
                'nova_desktop.cmd.reclaim',
                '--config-file',
                str(path),
            ],
            env={**os.environ, 'PYTHONPATH': ROOT},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process

    def assert_refused(self, text, *told):
        process = self.start(text)
        self.addCleanup(process.wait)
        lines = process.stderr.read().strip().splitlines()
        self.assertEqual(1, process.wait(30))
        self.assertTrue(lines[-1].startswith('nova-desktop-reclaim: '))
        for word in told:
            self.assertIn(word, lines[-1])
        self.assertNotIn('Traceback', '\n'.join(lines))

    def test_a_value_out_of_range(self):
        text = GOOD.replace('[reclaim]', '[reclaim]\nper_host = 900')
        self.assert_refused(text, 'per_host', '64')

    def test_no_credentials(self):
        text = GOOD.replace('auth_type = password', '')
        self.assert_refused(text, '[service_auth] auth_type')

    def test_no_credentials_for_the_api(self):
        text = GOOD.replace(
            'vendordata = false', 'vendordata = false\napi = 1'
        )
        self.assert_refused(text, '[keystone_authtoken] auth_type')
        for bad in ('auth_type = pigeon', 'auth_type = password'):
            self.assert_refused(
                f'{text}[keystone_authtoken]\n{bad}\n', '[keystone_authtoken]'
            )

    def test_a_master_key_that_others_can_read(self):
        with tempfile.NamedTemporaryFile('w') as file:
            file.write('0' * 64)
            file.flush()
            pathlib.Path(file.name).chmod(0o644)
            line = f'[reclaim]\nmaster_key_file = {file.name}'
            self.assert_refused(
                GOOD.replace('[reclaim]', line), 'master_key_file', '0644'
            )

    def test_unknown_bus(self):
        self.assert_refused(
            GOOD.replace('rabbit:', 'pigeon:'), 'transport_url'
        )

    def until(self, process, text):
        ender = threading.Timer(30, process.kill)
        ender.start()
        self.addCleanup(ender.cancel)
        for line in iter(process.stdout.readline, ''):
            if text in line:
                return
        self.fail(f'it ended without: {text}')

    def test_sighup_reads_what_may_change(self):
        text = GOOD.replace('[DEFAULT]', '[DEFAULT]\ndebug = false')
        process = self.start(text)
        self.addCleanup(process.kill)
        self.until(process, 'nova-desktop-reclaim runs')
        path = pathlib.Path(self.folder.name) / 'reclaim.conf'
        for bad in ('[nonsense', text.replace('false', 'maybe')):
            path.write_text(bad)
            process.send_signal(signal.SIGHUP)
            self.until(process, 'the options stay as they are')
        path.write_text(text.replace('debug = false', 'debug = true'))
        process.send_signal(signal.SIGHUP)
        self.until(process, 'DEFAULT.debug changed')
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        self.assertEqual(0, process.returncode)

    def test_sigterm_ends_it_in_time_although_keystone_hangs(self):
        with socket.socket() as deaf:
            deaf.bind(('127.0.0.1', 0))
            deaf.listen(50)
            text = GOOD.replace('127.0.0.1:1/v3', '127.0.0.1:{}/v3').format(
                deaf.getsockname()[1]
            )
            line = '[reclaim]\nshutdown_timeout_s = 2\nreturn_scan_s = 5'
            process = self.start(text.replace('[reclaim]', line))
            self.addCleanup(process.kill)
            # The first question to keystone, which will have no answer.
            asking, _ = deaf.accept()
            self.addCleanup(asking.close)
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
            self.assertEqual(0, process.returncode)
            self.assertLess(time.monotonic() - begun, 10)

    def test_sigterm_while_nothing_is_there(self):
        process = self.start(GOOD)
        self.addCleanup(process.kill)
        for line in iter(process.stdout.readline, ''):
            if 'Connection failed' in line:
                break
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
        self.assertEqual(0, process.returncode)
        self.assertIn('stopped', rest)
