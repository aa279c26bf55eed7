# SPDX-License-Identifier: Apache-2.0
"""Ways to leave a workstation that the demo does not show."""

from typing import Any

from sandbox import observe
from tests.sandbox import base


class ColdMigrationTest(base.SandboxTest):
    """A guest that may only be moved while it is stopped."""

    FLAVOR = 'desk.cold'

    def test_cold_migration(self) -> None:
        """It is told, moved, confirmed, and boots on the other host."""
        source = self.host.name
        self.owner_returns()
        told = self.console.wait_for(source, b'NOTICE action=cold', 30)
        self.assertIsNotNone(told, 'no notice on the console')
        server = base.wait_until(
            self.moved, f'the guest moved from {source} and confirmed', 120
        )
        target = server.compute_host
        self.assertEqual({target}, self.placement.allocated_on(server.id))
        booted = self.console.wait_for(target, b'BOOT-OK', 60)
        self.assertIsNotNone(booted, f'no boot on {target}')
        self.assertLess(observe.Slice(self.host).use_over(0.5), 0.02)

    def moved(self) -> Any:
        """Give the server once its migration has been confirmed."""
        found = self.compute.migrations(
            instance_uuid=self.server.id, migration_type='migration'
        )
        if [migration.status for migration in found] != ['confirmed']:
            return None
        server = self.compute.get_server(self.server.id)
        return server if server.status == 'ACTIVE' else None
