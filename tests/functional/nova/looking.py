# SPDX-License-Identifier: Apache-2.0
"""What tests see of the cloud."""

from nova import context, objects

from tests.functional.nova import fake_agent


class Looking:
    """Questions to Nova, to Placement and to the fakes."""

    def watcher(self, name: str) -> fake_agent.FakeWatcher:
        return self.driver(name).desktop.agent._watcher

    def driver(self, name: str):
        return self.computes[name].driver

    def domain(self, server: dict):
        """Give a server's domain, on the host where Nova has it."""
        connection = self.driver(self.host_of(server))._host.get_connection()
        return connection.lookupByUUIDString(server['id'])

    def inventory(self, name: str) -> dict:
        return self._get_provider_inventory(self.compute_rp_uuids[name])

    def reserved(self, name: str) -> dict[str, int]:
        return {
            resource: each['reserved']
            for resource, each in self.inventory(name).items()
        }

    def assert_used(self, name: str, memory_mib: int) -> None:
        """Wait until Placement counts so much as taken on a host.

        Nova gives back what a server held after it has told the outcome.
        """
        uuid = self.compute_rp_uuids[name]
        self._wait_for_assert(
            lambda: self.assertEqual(
                memory_mib, self._get_provider_usages(uuid)['MEMORY_MB']
            )
        )

    def node(self, name: str) -> objects.ComputeNode:
        """Give the compute node's record, as the scheduler sees it."""
        return objects.ComputeNode.get_first_node_by_host_for_old_compat(
            context.get_admin_context(), name
        )

    def host_of(self, server: dict) -> str:
        return self.api.get_server(server['id'])['OS-EXT-SRV-ATTR:host']

    def migration(self, server: dict) -> dict:
        """Give a server's latest migration."""
        url = f'/os-migrations?instance_uuid={server["id"]}'
        found = self.api.api_get(url).body['migrations']
        return max(
            found, key=lambda each: each['id'], default={'status': None}
        )
