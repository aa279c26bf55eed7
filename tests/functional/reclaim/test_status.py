# SPDX-License-Identifier: Apache-2.0
"""What ``nova-desktop-manage reclaim-status`` tells, over bus and keystone."""

import json
import uuid

from tests.functional.reclaim import api_base


class StatusTest(api_base.ApiTest):
    worker = 'w1'

    def setUp(self):
        self.bus = f'fake://{uuid.uuid4().hex}/'
        super().setUp()

    def options(self, port):
        text = (
            super().options(port).replace('host = w1', f'host = {self.worker}')
        )
        return '\n'.join(
            f'transport_url = {self.bus}' if 'transport_url' in line else line
            for line in text.splitlines()
        )

    def run_command(self, *words, user='admin', **environment):
        """Run the command as operators do."""
        return self.run_client(
            'nova_desktop.cmd.manage', *words, user=user, **environment
        )

    def status(self, **more):
        code, out, errors = self.run_command(
            'reclaim-status', '--json', **more
        )
        self.assertEqual('', errors)
        return code, json.loads(out)

    def test_what_each_worker_does(self):
        server = self.boot('shelve', notice=600)
        first_url, self.worker = self.api_url, 'w2'
        second = self.start_reclaim()
        code, out, errors = self.run_command(
            'drain', 'desk1', '--within', '90', '--reason', 'a new disk'
        )
        self.assertEqual((0, ''), (code, errors))
        self.assertIn(
            'host desk1: disabled: nova-desktop drain within 90', out
        )
        for worker in (self.reclaim, second):
            self.eventually(lambda w=worker: w.health.show()[0])
        second.parts.drains.scan()
        self.eventually(
            lambda: any(
                victim.deadline_unix_s
                for victim in second.parts.hosts.victims('desk1')
            )
        )
        code, found = self.status()
        self.assertEqual(0, code, found)
        first, second_told = found['workers']
        self.assertEqual(
            [('w1', True), ('w2', True)],
            [(each['worker'], each['answers']) for each in found['workers']],
        )
        self.assertEqual([], first['victims'])
        (victim,) = second_told['victims']
        self.assertEqual(
            (server['id'], 'desk1', 'in its grace', 'shelve'),
            tuple(victim[k] for k in ('server', 'host', 'step', 'action')),
        )
        self.assertNotIn('a new disk', victim['reason'])
        (need,) = second_told['needs']
        self.assertEqual(
            ('operator', 90), (need['asked_by'], need['within_s'])
        )
        (drained,) = found['drained']
        self.assertEqual(
            ('desk1', [server['id']]), (drained['host'], drained['leaving'])
        )
        code, out, _ = self.run_command('reclaim-status')
        self.assertEqual(0, code)
        self.assertRegex(out, r'ok +worker w2 .*bus ok')

        self.keystone.endpoint('desktop', first_url)
        second.stop()
        code, found = self.status()
        self.assertEqual(1, code)
        self.assertEqual(
            [('w1', True), ('w2', False)],
            [(each['worker'], each['answers']) for each in found['workers']],
        )
        code, out, _ = self.run_command('undrain', 'desk1')
        self.assertEqual(0, code)
        self.assertEqual([], self.status()[1]['drained'])

    def test_who_may_ask(self):
        code, out, errors = self.run_command(
            'reclaim-status', user=api_base.TENANT
        )
        self.assertEqual((1, ''), (code, out))
        self.assertIn('compute services: ', errors)
        self.assertIn('403', errors)

    def test_no_service_in_the_catalog(self):
        self.keystone.endpoint('desktop', None)
        code, found = self.status()
        self.assertEqual((1, []), (code, found['workers']))
        self.assertIn('desktop', found['problem'])
        self.keystone.endpoint('desktop', self.keystone.url)
        code, found = self.status()
        self.assertEqual((1, []), (code, found['workers']))
        self.keystone.endpoint('desktop', 'http://127.0.0.1:9')
        code, found = self.status()
        self.assertEqual((1, []), (code, found['workers']))
