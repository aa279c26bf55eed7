# SPDX-License-Identifier: Apache-2.0

import dataclasses
import unittest

from nova_desktop.osc import hosts
from tests.unit.osc import fakes


class RowsTest(unittest.TestCase):
    def test_one_that_admits(self):
        (row,) = hosts.rows(
            {'rp1': 'node1'}, {'rp1': fakes.offer()}, [fakes.node(1)]
        )
        self.assertEqual(
            ('desk1', 'up', 'enabled', True, 32, 1, 8192, 1024, 1),
            dataclasses.astuple(row)[: len(hosts.COLUMNS)],
        )

    def test_of_one_that_admits_nothing_no_use_is_made_up(self):
        (row,) = hosts.rows({'rp1': 'node1'}, {}, [fakes.node(1)])
        self.assertFalse(row.admits)
        self.assertEqual((0, None), (row.memory_lent_mib, row.memory_used_mib))
        row = row.with_usages({'VCPU': 2, 'MEMORY_MB': 512})
        self.assertEqual((2, 512), (row.vcpus_used, row.memory_used_mib))
        row = row.with_usages({})
        self.assertEqual((0, 0), (row.vcpus_used, row.memory_used_mib))

    def test_one_that_nova_does_not_know(self):
        (row,) = hosts.rows({'rp1': 'node1'}, {}, [])
        self.assertEqual(('node1', None), (row.host, row.state))

    def test_hosts_of_the_data_centre_are_left_out_and_others_in_order(self):
        found = hosts.rows(
            {'rp2': 'node2', 'rp1': 'node1'},
            {},
            [fakes.node(i) for i in (3, 2, 1)],
        )
        self.assertEqual(['desk1', 'desk2'], [row.host for row in found])

    def test_a_column_for_each_field(self):
        fields = dataclasses.fields(hosts.Row)
        self.assertEqual(len(hosts.LONG_COLUMNS), len(fields))
