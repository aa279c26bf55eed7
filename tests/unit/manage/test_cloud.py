# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import tempfile
import unittest
from unittest import mock

import openstack.exceptions
from keystoneauth1 import exceptions as ks_exceptions

from nova_desktop import exception
from nova_desktop.manage import cloud

CLOUDS = """\
clouds:
  lab:
    auth:
      auth_url: http://127.0.0.1:9
      username: operator
      password: secret
      project_name: admin
"""


class ConnectTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name, 'clouds.yaml')
        self.file.write_text(CLOUDS)
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith('OS_')
        }
        environment['OS_CLIENT_CONFIG_FILE'] = str(self.file)
        patched = mock.patch.dict(os.environ, environment, clear=True)
        patched.start()
        self.addCleanup(patched.stop)

    def test_by_name_and_by_environment(self) -> None:
        self.assertEqual('lab', cloud.connect('lab').config.name)
        os.environ['OS_CLOUD'] = 'lab'
        self.assertEqual('lab', cloud.connect(None).config.name)

    def test_unknown_cloud(self) -> None:
        with self.assertRaisesRegex(exception.BadValue, 'mars'):
            cloud.connect('mars')

    def test_nothing_said(self) -> None:
        self.file.write_text('clouds: {}')
        with self.assertRaisesRegex(exception.BadValue, 'environment'):
            cloud.connect(None)

    def test_who_does_not_answer(self) -> None:
        there = cloud.connect('lab')
        with (
            self.assertRaisesRegex(exception.CloudFailed, '^flavors: '),
            cloud.doing('flavors'),
        ):
            list(there.compute.flavors())


class DoingTest(unittest.TestCase):
    def test_errors_of_the_cloud_are_named(self) -> None:
        for error in (
            ks_exceptions.ConnectFailure('no route'),
            openstack.exceptions.ForbiddenException('policy'),
        ):
            with (
                self.assertRaises(exception.CloudFailed) as raised,
                cloud.doing('flavor x'),
            ):
                raise error
            self.assertEqual('flavor x', raised.exception.what)
            self.assertIn(str(error), raised.exception.why)

    def test_other_errors_are_not_hidden(self) -> None:
        with self.assertRaises(ZeroDivisionError), cloud.doing('x'):
            _ = 1 / 0
