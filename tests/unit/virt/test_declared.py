# SPDX-License-Identifier: Apache-2.0
import unittest
from unittest import mock

from nova_desktop import model
from nova_desktop.virt import declared
from tests.unit.virt import placement

OTHER = 'CUSTOM_DESKTOP'


class DeclaredTest(unittest.TestCase):
    def setUp(self) -> None:
        self.placement = placement.Traits(OTHER)
        self.promises = declared.Declared(lambda: self.placement)

    def update(self) -> mock.Mock:
        """Do what Nova's own update does."""
        tree = mock.Mock()
        self.promises.tell(tree, 'node', 'uuid')
        return tree

    def test_nothing_before_the_provider_is_known(self) -> None:
        with self.assertRaises(declared.NotDeclared):
            self.promises.promise(model.FENCE)
        self.update()
        self.promises.promise(model.FENCE)
        self.assertEqual({OTHER, model.FENCE}, self.placement.traits)

    def test_promised_and_taken_back(self) -> None:
        self.update()
        self.promises.promise(model.FENCE)
        self.promises.promise(model.ASLEEP)
        self.assertEqual({OTHER, *model.PROMISES}, self.placement.traits)
        self.promises.take_back(model.ASLEEP)
        self.assertEqual({OTHER, model.FENCE}, self.placement.traits)
        self.assertEqual(['uuid'] * 3, self.placement.forgotten)

    def test_written_once(self) -> None:
        self.update()
        for _ in range(3):
            self.promises.promise(model.FENCE)
        self.assertEqual(1, self.placement.puts)

    def test_what_a_former_process_promised_is_taken_back(self) -> None:
        self.placement.traits.add(model.ASLEEP)
        self.update()
        self.promises.take_back(model.ASLEEP)
        self.assertEqual({OTHER}, self.placement.traits)

    def test_taking_back_stops_an_update_that_had_read_it(self) -> None:
        self.update()
        self.promises.promise(model.ASLEEP)
        generation = self.placement.generation
        tree = self.update()
        tree.add_traits.assert_called_once_with('node', model.ASLEEP)
        self.promises.take_back(model.ASLEEP)
        self.assertGreater(self.placement.generation, generation)

    def test_an_update_renews_nothing_that_ended(self) -> None:
        self.update()
        self.promises.promise(model.ASLEEP)
        self.placement.status = 503
        with self.assertRaises(declared.NotDeclared):
            self.promises.take_back(model.ASLEEP)
        tree = self.update()
        tree.add_traits.assert_called_once_with('node')
        self.assertIn(model.ASLEEP, tree.remove_traits.call_args.args)
        self.placement.status = 200
        self.promises.take_back(model.ASLEEP)
        self.assertEqual({OTHER}, self.placement.traits)

    def test_a_newer_generation(self) -> None:
        def meanwhile() -> None:
            self.placement.generation += 1
            self.placement.traits.add('CUSTOM_X')

        self.update()
        self.placement.before_put = meanwhile
        self.promises.promise(model.FENCE)
        self.assertEqual(
            {OTHER, 'CUSTOM_X', model.FENCE}, self.placement.traits
        )
