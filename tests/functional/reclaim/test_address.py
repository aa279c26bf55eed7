# SPDX-License-Identifier: Apache-2.0
"""A user's mail address, of a real keystone."""

import unittest

from keystoneauth1 import identity as plugins
from keystoneauth1 import session

from nova_desktop.reclaim import cloud, nouns, rest
from tests.functional.reclaim import identity


class AddressTest(unittest.TestCase):
    def setUp(self) -> None:
        self.keystone = identity.Keystone()
        self.addCleanup(self.keystone.stop)
        self.keystone.start()
        self.ada, _ = self.keystone.user('ada', 'p1', 'member')

    def cloud(self, user: str, project: str) -> cloud.RestCloud:
        auth = plugins.Password(**self.keystone.credentials(user, project))
        client = rest.Rest(
            session.Session(auth=auth), identity.REGION, ['public']
        )
        return cloud.RestCloud(client)

    def test_address(self) -> None:
        admin = self.cloud('admin', 'admin')
        self.assertEqual('', admin.email_of(self.ada))
        self.keystone.connect().identity.update_user(
            self.ada, email='ada@example.org'
        )
        self.assertEqual('ada@example.org', admin.email_of(self.ada))
        self.assertEqual('', admin.email_of('nobody'))
        self.keystone.user('bob', 'p1', 'member')
        with self.assertRaises(nouns.CloudRefused):
            self.cloud('bob', 'p1').email_of(self.ada)
