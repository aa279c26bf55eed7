# SPDX-License-Identifier: Apache-2.0

import unittest
from unittest import mock

from nova_desktop.reclaim import cloud, nouns

BODY = {
    'id': 'a',
    'status': 'ACTIVE',
    'created': '2026-01-01T00:00:00Z',
    'OS-SRV-USG:launched_at': '2026-01-01T00:01:00.000000',
    'flavor': {'ram': 1, 'vcpus': 1, 'disk': 1, 'ephemeral': 0},
}
# What Nova has of a server in a cell that is down.
DOWN = {'id': 'b', 'status': 'UNKNOWN', 'created': '2026-01-01T00:00:00Z'}


class RestCloudTest(unittest.TestCase):
    def setUp(self):
        self.rest = mock.Mock()
        self.cloud = cloud.RestCloud(self.rest)

    def test_times(self):
        self.rest.get.return_value = {'servers': [BODY]}
        [found] = self.cloud.all_servers()
        self.assertEqual(60, found.since_unix_s - found.created_unix_s)

    def test_a_cell_that_is_down(self):
        self.rest.get.return_value = {'servers': [BODY, DOWN]}
        self.assertEqual(['a'], [s.id for s in self.cloud.all_servers()])
        self.rest.get.return_value = {'server': DOWN}
        with self.assertRaises(nouns.CloudUnreachable):
            self.cloud.server('b')

    def test_computes(self):
        service = {
            'host': 'desk1',
            'state': 'up',
            'forced_down': False,
            'updated_at': None,
            'status': 'enabled',
            'disabled_reason': 'left from before',
        }
        self.rest.get.return_value = {'services': [service]}
        self.assertIsNone(self.cloud.compute('desk1').disabled)
        self.assertIsNone(self.cloud.compute('DESK1'))
        service['status'] = 'disabled'
        [found] = self.cloud.computes()
        self.assertEqual('left from before', found.disabled)
        service['disabled_reason'] = None
        self.assertEqual('', self.cloud.compute('desk1').disabled)
        self.rest.get.return_value = None
        self.assertIsNone(self.cloud.compute('desk1'))
