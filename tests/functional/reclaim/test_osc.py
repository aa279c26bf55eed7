# SPDX-License-Identifier: Apache-2.0
"""The ``openstack desktop`` commands, run as users run them."""

import configparser
import csv
import io
import json
import pathlib

import fixtures

from nova_desktop import messages, model
from tests.functional.reclaim import api_base, identity

SMALL = model.Cap(cpus=1.0, memory_mib=512, admit=False)


def entry_points() -> str:
    """Give setup.cfg's entry points as an installed package has them."""
    setup = configparser.ConfigParser()
    setup.read(pathlib.Path(identity.ROOT) / 'setup.cfg')
    groups = setup['entry_points'].items()
    return '\n'.join(f'[{group}]{lines}' for group, lines in groups)


class OscTest(api_base.ApiTest):
    def setUp(self):
        super().setUp()
        self.home = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        info = self.home / 'nova_desktop-0.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text('Name: nova-desktop\nVersion: 0\n')
        (info / 'entry_points.txt').write_text(entry_points())

    def run_openstack(self, *words, user='admin', **environment):
        """Run the client; give its exit code, output and errors."""
        return self.run_client(
            'openstackclient.shell',
            *words,
            user=user,
            HOME=str(self.home),
            PYTHONPATH=f'{self.home}:{identity.ROOT}',
            **environment,
        )

    def openstack(self, *words, **more):
        """Run the client with JSON for output; give what it printed."""
        code, printed, errors = self.run_openstack(
            *words, '-f', 'json', **more
        )
        self.assertEqual(0, code, errors)
        return json.loads(printed)

    def refused(self, *words, **more):
        """Run the client for an error; give its one line."""
        code, _, errors = self.run_openstack(*words, **more)
        self.assertEqual(1, code)
        self.assertNotIn('Traceback', errors)
        return errors.strip()

    def close(self, host):
        """Reserve all of a host, as one whose owner is back does."""
        url = (
            f'/resource_providers/{self._get_provider_uuid_by_host(host)}'
            '/inventories'
        )
        body = self.placement.get(url).body
        for each in body['inventories'].values():
            each['reserved'] = each['total']
        answer = self.placement.put(url, body, version='1.26')
        self.assertEqual(200, answer.status)


class HostTest(OscTest):
    def test_list(self):
        for host in ('desk2', 'dc1'):
            self._start_compute(host)
        self.mark('desk2')
        self.boot('stop', host='desk1')
        self.boot('stop', host='desk2')
        self.close('desk2')
        self.reclaim.stop()
        self.keystone.endpoint('desktop', None)

        desk1, desk2 = self.openstack('desktop', 'host', 'list')

        self.assertEqual(
            ('desk1', 'up', 'enabled', True, 1, 1),
            (
                desk1['Host'],
                desk1['State'],
                desk1['Status'],
                desk1['Admits'],
                desk1['Instances'],
                desk1['vCPUs Used'],
            ),
        )
        self.assertEqual(1024, desk1['Memory Used MiB'])
        self.assertGreater(desk1['Memory Lent MiB'], 1024)
        self.assertEqual(
            ('desk2', False, 0, None, 1),
            (
                desk2['Host'],
                desk2['Admits'],
                desk2['vCPUs Lent'],
                desk2['Memory Used MiB'],
                desk2['Instances'],
            ),
        )
        code, printed, errors = self.run_openstack(
            'desktop', 'host', 'list', '--long', '-f', 'csv'
        )
        self.assertEqual(0, code, errors)
        _, desk2 = csv.DictReader(io.StringIO(printed))
        self.assertEqual('1024', desk2['Memory Used MiB'])
        self.assertEqual(
            self._get_provider_uuid_by_host('desk2'), desk2['Provider']
        )
        _, printed, _ = self.run_openstack(
            'desktop', 'host', 'list', '-c', 'Host', '-f', 'value'
        )
        self.assertEqual('desk1\ndesk2\n', printed)

    def test_show(self):
        self._start_compute('dc1')
        self.desk.hear(forecast={5: 0.9, 240: 0.1})
        shown = self.openstack('desktop', 'host', 'show', 'desk1')
        self.assertEqual('ok', shown['answer'])
        self.assertEqual('away', shown['presence'])
        self.assertEqual(
            (0.9, None, 0.1),
            tuple(shown[f'forecast_{each}'] for each in (5, 15, 240)),
        )
        self.assertEqual('the owner is away', shown['reason'])
        self.assertTrue(shown['admits'])
        self.assertEqual(0, shown['memory_mib_used'])
        self.desk.stop()
        shown = self.openstack('desktop', 'host', 'show', 'desk1')
        self.assertEqual(
            'the desktop API: desk1 did not answer within 1 s',
            shown['answer'],
        )
        self.assertIsNone(shown['presence'])
        self.assertEqual('up', shown['state'])
        self.keystone.endpoint('desktop', None)
        shown = self.openstack('desktop', 'host', 'show', 'desk1')
        self.assertIn("no service of type 'desktop'", shown['answer'])
        shown = self.openstack(
            'desktop',
            'host',
            'show',
            'desk1',
            OS_DESKTOP_ENDPOINT_OVERRIDE=self.api_url,
        )
        self.assertIn('did not answer', shown['answer'])
        self.assertIn('trait', self.refused('desktop', 'host', 'show', 'dc1'))
        self.assertIn(
            'desk9', self.refused('desktop', 'host', 'show', 'desk9')
        )

    def test_history(self):
        self.desk.hear()
        self.desk.hear(cap=SMALL, presence=model.Presence.ACTIVE)
        words = ('desktop', 'host', 'history', 'desk1')
        latest, first = self.openstack(*words)
        self.assertEqual(
            (False, 1.0, 512, 'active', 'the owner needs the workstation'),
            tuple(latest.values())[1:],
        )
        self.assertTrue(first['Admits'])
        self.assertEqual(1, len(self.openstack(*words, '--limit', '1')))
        code, _, errors = self.run_openstack(*words, '--limit', '999')
        self.assertEqual(2, code)
        self.assertIn('1 to 200', errors)
        said = self.refused(*words, user=api_base.TENANT)
        self.assertIn('desktop:hosts:history', said)


class ServerTest(OscTest):
    def reclaim_host(self, server_id, state):
        """Have the host of a server ask for all, and wait for its end."""
        self.lend('desk1', 0)
        messages.ReclaimClient(self.reclaim.transport).reclaim(self.request())
        self.eventually(
            lambda: self.reclaim.cloud.server(server_id).vm_state == state
        )
        self.gone_from(self.reclaim.parts)

    def explain(self, server, user=api_base.TENANT):
        words = ('desktop', 'server', 'explain', server['id'])
        return self.openstack(*words, user=user)

    def test_shelved_by_the_service(self):
        server = self.boot_for_tenant('live-migrate,shelve')
        shown = self.explain(server)
        self.assertIn('tolerates being evicted', shown['why'])
        self.assertEqual(
            'live-migrate,shelve', shown['tolerates']['on_reclaim']
        )
        self.reclaim_host(server['id'], 'shelved_offloaded')

        shown = self.explain(server)

        self.assertRegex(
            shown['why'],
            'The desktop service shelved it at .*: the owner is back. '
            'It comes back once there is room.',
        )
        done = [each['what'] for each in shown['events']]
        for what in ('chosen', 'fell-through', 'shelve', 'left'):
            self.assertIn(what, done)
        self.assertIn('live-migration (failed)', done)
        self.assertNotIn('desk1', str(shown))
        self.assertIn('desk1', str(self.explain(server, 'admin')['events']))

        # A service that was started again has forgotten, Nova has not.
        self.reclaim.stop()
        self.start_reclaim()
        shown = self.explain(server)
        self.assertIn('The desktop service shelved it at', shown['why'])
        self.assertNotIn('chosen', str(shown['events']))
        self.keystone.endpoint('desktop', None)
        shown = self.explain(server)
        self.assertIn('cannot be told', shown['why'])
        self.assertIn("no service of type 'desktop'", shown['service_record'])

    def test_lease(self):
        server = self.boot_for_tenant('shelve', **{'desktop:lease': '2d'})
        self.assertEqual(
            {'length_s': 2 * 86400, 'then': 'shelve', 'over': False},
            {
                key: value
                for key, value in self.explain(server)['lease'].items()
                if key in ('length_s', 'then', 'over')
            },
        )
        tenant = self.keystone.connect(api_base.TENANT, api_base.TENANT)
        tenant.compute.set_server_metadata(
            server['id'], desktop_lease='for ever'
        )
        ignored = self.explain(server)['lease']['ignored']
        self.assertIn("desktop_lease = 'for ever' is ignored", ignored)
        other = self.boot_for_tenant('shelve')
        self.assertIsNone(self.explain(other)['lease'])

    def test_stopped_by_its_tenant(self):
        server = self.boot_for_tenant('stop')
        tenant = self.keystone.connect(api_base.TENANT, api_base.TENANT)
        tenant.compute.stop_server(server['id'])
        self.eventually(
            lambda: (
                self.reclaim.cloud.server(server['id']).vm_state == 'stopped'
            )
        )
        why = self.explain(server)['why']
        self.assertIn(f'by user {self.tenant}, not by the desktop', why)
        self.assertIn(
            'no server', self.refused('desktop', 'server', 'explain', 'x')
        )
        words = ('desktop', 'server', 'explain', server['id'])
        self.refused(*words, user=api_base.OTHER)

    def test_deleted_by_the_service(self):
        server = self.boot_for_tenant('delete')
        self.lend('desk1', 0)
        messages.ReclaimClient(self.reclaim.transport).reclaim(self.request())
        self.eventually(
            lambda: self.reclaim.cloud.server(server['id']) is None
        )
        self.gone_from(self.reclaim.parts)
        shown = self.explain(server)
        self.assertEqual('DELETED', shown['status'])
        self.assertIn('The desktop service deleted it at', shown['why'])

    def test_a_notice_in_force(self):
        server = self.boot_for_tenant('shelve', notice=600)
        self.lend('desk1', 0)
        messages.ReclaimClient(self.reclaim.transport).reclaim(self.request())
        self.eventually(
            lambda: self.reclaim.cloud.server(server['id']).metadata
        )
        shown = self.explain(server)
        self.assertIn('It has to leave its workstation by', shown['why'])
        self.assertEqual('shelve', shown['notice']['action'])
        _, printed, _ = self.run_openstack(
            'desktop',
            'server',
            'explain',
            server['id'],
            user=api_base.TENANT,
        )
        self.assertIn('desktop service: noticed (to go by shelve', printed)
