# SPDX-License-Identifier: Apache-2.0
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
        instance = types.SimpleNamespace(uuid='x')
        rollback.outlived(stock)(
            'driver', 'context', instance, 'dest', 1, 2, True, data
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
        rollback.undone(stock)('driver', 'context', 'instance')
        stock.assert_called_once_with('driver', 'context', 'instance')

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
