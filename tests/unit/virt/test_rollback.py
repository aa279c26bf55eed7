# SPDX-License-Identifier: Apache-2.0
import threading
import types
import unittest
from unittest import mock

from nova import exception as nova_exception
from nova.virt.libvirt import guest as libvirt_guest

from nova_desktop.virt import rollback


class FakeError(Exception):
    """Stand in for libvirt's error."""


class Case(unittest.TestCase):
    def setUp(self) -> None:
        stock = libvirt_guest.libvirt
        self.addCleanup(setattr, libvirt_guest, 'libvirt', stock)
        libvirt_guest.libvirt = types.SimpleNamespace(libvirtError=FakeError)
        self.moves = rollback.Moves(0.05)
        self.driver = types.SimpleNamespace(
            desktop=types.SimpleNamespace(moves=self.moves)
        )
        self.instance = types.SimpleNamespace(uuid='x')


class OutlivedTest(Case):
    def setUp(self) -> None:
        super().setUp()
        self.migration = types.SimpleNamespace(status='running')
        self.given: list[object] = []

    def migrate(self, ends_as: str, error: Exception | None) -> None:
        def stock(*args: object) -> None:
            self.given.extend(args)
            self.migration.status = ends_as
            if error is not None:
                raise error

        data = types.SimpleNamespace(migration=self.migration)
        rollback.outlived(stock)(
            self.driver, 'context', self.instance, 'dest', 1, 2, True, data
        )

    def test_success(self) -> None:
        self.migrate('completed', None)
        self.assertEqual(
            ['dest', 1, 2, True], self.given[3:7], 'what Nova gave'
        )

    def test_rolled_back(self) -> None:
        for status in ('failed', 'cancelled'):
            self.migrate(status, FakeError('operation aborted'))
            self.assertEqual(status, self.migration.status)

    def test_not_rolled_back(self) -> None:
        for status in ('running', 'error', 'completed'):
            with self.assertRaises(FakeError):
                self.migrate(status, FakeError('lost'))

    def test_error_of_another_kind(self) -> None:
        with self.assertRaises(RuntimeError):
            self.migrate('failed', RuntimeError('bug'))


class UndoneTest(Case):
    def suspend(self, error: Exception | None = None) -> None:
        stock = mock.Mock(side_effect=error, __name__='suspend')
        rollback.undone(stock)(self.driver, 'context', self.instance)
        stock.assert_called_once_with(self.driver, 'context', self.instance)

    def test_success(self) -> None:
        self.suspend()

    def test_nova_takes_it_back(self) -> None:
        error = FakeError('no space left')
        with self.assertRaises(nova_exception.InstanceFaultRollback) as caught:
            self.suspend(error)
        self.assertIs(error, caught.exception.inner_exception)

    def test_error_of_another_kind(self) -> None:
        with self.assertRaises(RuntimeError):
            self.suspend(RuntimeError('bug'))

    def test_not_before_libvirt_has_let_go_of_a_migration(self) -> None:
        order = []

        def suspend(*_args: object) -> None:
            order.append('suspend')

        moves = self.driver.desktop.moves = rollback.Moves(10.0)
        saving = threading.Thread(
            target=rollback.undone(suspend),
            args=(self.driver, 'context', self.instance),
        )
        with moves.of('y'), moves.of('x'):
            saving.start()
            saving.join(0.1)
            order.append('migrated')
        saving.join(10)
        self.assertEqual(['migrated', 'suspend'], order)

    def test_libvirt_that_does_not_let_go(self) -> None:
        with (
            self.moves.of('x'),
            self.assertLogs('nova_desktop.virt.rollback', 'WARNING'),
        ):
            self.suspend()
