# SPDX-License-Identifier: Apache-2.0
import unittest

from nova_desktop.manage import ready_set
from nova_desktop.policy import contradictions, tolerance


class ReadySetTest(unittest.TestCase):
    def test_flavors_have_nothing_against_them(self) -> None:
        for flavor in ready_set.FLAVORS:
            tolerated, unreadable = tolerance.parse(flavor.extra_specs)
            self.assertEqual((), unreadable)
            self.assertTrue(tolerated.preemptible)
            self.assertEqual((), contradictions.of(flavor.extra_specs))
            self.assertEqual((), contradictions.advice(flavor.extra_specs))

    def test_names_are_different(self) -> None:
        names = {flavor.name for flavor in ready_set.FLAVORS}
        self.assertEqual(len(ready_set.FLAVORS), len(names))

    def test_only_the_stateless_one_is_ever_deleted_and_goes_first(
        self,
    ) -> None:
        order = {
            flavor.name: tolerance.parse(flavor.extra_specs)[0]
            for flavor in ready_set.FLAVORS
        }
        first = order.pop('desktop.stateless')
        self.assertEqual(('delete',), first.actions)
        for name, other in order.items():
            self.assertNotIn('delete', other.actions, name)
            self.assertGreater(other.priority, first.priority, name)
