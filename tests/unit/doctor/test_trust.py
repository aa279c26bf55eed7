# SPDX-License-Identifier: Apache-2.0
"""The check of the workstation's key."""

import os
import pathlib
import tempfile
import unittest
from unittest import mock

from nova_desktop import keys
from nova_desktop.doctor import settings, trust
from nova_desktop.doctor.result import State


class HostKeyTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, 'key')

    def look(self):
        place = ('desktop', 'host_key_file')
        return trust.host_key(settings.Settings({place: [str(self.path)]}))

    def test_not_set(self) -> None:
        found = trust.host_key(settings.Settings({}))
        self.assertEqual(State.SKIPPED, found.state)

    def test_missing_or_open_to_others(self) -> None:
        self.assertEqual(State.PROBLEM, self.look().state)
        keys.write(str(self.path), keys.new(), 'x')
        self.path.chmod(0o644)
        found = self.look()
        self.assertEqual(State.PROBLEM, found.state)
        self.assertIn('0640, not 0644', found.found)
        self.assertIn('host-key', found.remedy)

    def test_who_may_read_it(self) -> None:
        keys.write(str(self.path), keys.new(), 'x')
        for mode, user, group, state in (
            (0o600, 'root', 'alice', State.OK),
            (0o600, 'nova', 'alice', State.OK),
            (0o640, 'root', 'nova', State.OK),
            (0o640, 'root', 'alice', State.PROBLEM),
            (0o600, 'alice', 'nova', State.PROBLEM),
        ):
            self.path.chmod(mode)
            with (
                mock.patch.object(trust, '_user', return_value=user),
                mock.patch.object(trust, '_group', return_value=group),
            ):
                found = self.look()
            self.assertEqual(state, found.state, (oct(mode), user, group))
            if state is State.PROBLEM:
                self.assertIn('alice', found.found)

    def test_names_that_nobody_knows(self) -> None:
        self.assertEqual('4294967000', trust._user(4294967000))
        self.assertEqual('4294967000', trust._group(4294967000))
        self.assertEqual('root', trust._user(0))
        self.assertTrue(trust._group(os.getgid()))
