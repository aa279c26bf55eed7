# SPDX-License-Identifier: Apache-2.0
"""Resource classes beside shared CPUs, memory and disk."""

import pathlib
import tempfile

from nova import exception
from nova.tests.fixtures import libvirt as fakelibvirt

from nova_desktop import model
from tests.functional.nova import base, fake_agent

_EXTRA = """
meta: {schema_version: '1.0'}
providers:
  - identification: {uuid: $COMPUTE_NODE}
    inventories:
      additional:
        - %s: {total: 4, reserved: 0, max_unit: 4}
"""


class ClassesTest(base.DesktopTestBase):
    def wait_reserved(self, uuid: str, wanted: dict[str, int]) -> None:
        def check() -> None:
            found = self._get_provider_inventory(uuid)
            self.assertEqual(
                wanted, {name: found[name]['reserved'] for name in wanted}
            )

        self._wait_for_assert(check, max_retries=50, sleep=0.1)

    def test_both_kinds_of_cpus_share_the_cap(self) -> None:
        self.flags(
            cpu_shared_set='0-3', cpu_dedicated_set='4-7', group='compute'
        )
        cpus = fakelibvirt.HostInfo(
            cpu_nodes=1, cpu_sockets=1, cpu_cores=8, cpu_threads=1
        )
        fake_agent.FakeWatcher.first = fake_agent.status()
        self.flags(compute_driver='desktop.DesktopDriver')
        self.start_compute('desk1', host_info=cpus)
        uuid = self.compute_rp_uuids['desk1']
        # 6 of 8 CPUs are lent: 3 of each kind.
        self.wait_reserved(uuid, {'VCPU': 1, 'PCPU': 1})
        self.watcher('desk1').say(
            fake_agent.status(model.Cap(cpus=3.0, memory_mib=1024, admit=True))
        )
        self.wait_reserved(uuid, {'VCPU': 3, 'PCPU': 3})

    def test_virtual_gpus_of_a_closed_host_are_reserved(self) -> None:
        self.flags(
            enabled_mdev_types=fakelibvirt.NVIDIA_11_VGPU_TYPE,
            group='devices',
        )
        gpus = fakelibvirt.HostPCIDevicesInfo(
            num_pci=0, num_pfs=0, num_vfs=0, num_mdevcap=2
        )
        fake_agent.FakeWatcher.first = fake_agent.status()
        self.flags(compute_driver='desktop.DesktopDriver')
        self.start_compute('desk1', pci_info=gpus)
        root = self.compute_rp_uuids['desk1']
        children = set(self._get_all_rp_uuids_in_a_tree(root)) - {root}
        self.assertEqual(2, len(children))
        for said, reserved in (
            (fake_agent.AT_WORK, 16),
            (fake_agent.status(), 0),
        ):
            self.watcher('desk1').say(said)
            for uuid in children:
                self.wait_reserved(uuid, {'VGPU': reserved})
            self.update('desk1')
            for uuid in children:
                self.wait_reserved(uuid, {'VGPU': reserved})


class ProviderConfigTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name, 'provider.yaml')
        self.flags(provider_config_location=folder.name, group='compute')

    def define(self, name: str) -> None:
        self.file.write_text(_EXTRA % name)
        self.start_workstation('desk1')

    def test_classes_of_the_operator_are_left_alone(self) -> None:
        self.define('CUSTOM_LICENCE')
        self.watcher('desk1').say(fake_agent.AT_WORK)
        totals = {
            name: each['total']
            for name, each in self.inventory('desk1').items()
        }
        wanted = totals | {'CUSTOM_LICENCE': 0}
        self._wait_for_assert(
            lambda: self.assertEqual(wanted, self.reserved('desk1')),
            max_retries=50,
            sleep=0.1,
        )
        self.update('desk1')
        self.assertEqual(wanted, self.reserved('desk1'))

    def test_nova_compute_refuses_to_start_with_one_of_the_driver_s(
        self,
    ) -> None:
        error = self.assertRaises(
            exception.ProviderConfigException, self.define, 'MEMORY_MB'
        )
        self.assertIn('only custom', str(error))
        self.assertIn('MEMORY_MB', str(error))
