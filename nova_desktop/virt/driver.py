# SPDX-License-Identifier: Apache-2.0
"""Nova's libvirt driver for a host whose owner comes first."""

from typing import Any

import nova.conf
from nova import exception as nova_exception
from nova import objects
from nova.virt.libvirt import driver as libvirt_driver
from oslo_log import log as logging

from nova_desktop.conf import desktop as options
from nova_desktop.virt import (
    desktop,
    inventory,
    leaving,
    partition,
    refusal,
    rollback,
)

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

options.register(CONF)

_Stock: Any = libvirt_driver.LibvirtDriver


class DesktopDriver(libvirt_driver.LibvirtDriver):  # type: ignore[misc]
    """Run guests under the agent's partition and follow its word."""

    def __init__(self, virtapi: Any, read_only: bool = False) -> None:
        super().__init__(virtapi, read_only)
        self.desktop = desktop.Desktop(virtapi, self._host)

    def init_host(self, host: str) -> None:
        """Prepare the host, then listen to its agent."""
        super().init_host(host)
        self.desktop.start(host)

    def cleanup_host(self, host: str) -> None:
        """Listen no longer and clean up."""
        self.desktop.stop()
        super().cleanup_host(host)

    # What the cloud is told.

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        """Give the host's resources, with the hints for the scheduler."""
        resources: dict[str, Any] = super().get_available_resource(nodename)
        resources['stats'].update(self.desktop.stats())
        return resources

    def update_provider_tree(
        self, provider_tree: Any, nodename: str, allocations: Any = None
    ) -> None:
        """Give Placement the inventory that the cap leaves."""
        super().update_provider_tree(provider_tree, nodename, allocations)
        self.desktop.update_provider_tree(
            provider_tree, nodename, self.mdev_classes
        )

    # Where guests run.

    def _get_guest_config(self, *args: Any, **kwargs: Any) -> Any:
        config = super()._get_guest_config(*args, **kwargs)
        return partition.DesktopGuestConfig.of(
            config, self.desktop.keep_bandwidth
        )

    def _create_guest(
        self, context: Any, xml: Any, instance: Any, *args: Any, **kwargs: Any
    ) -> Any:
        # The owner may have come back while the image was fetched.
        self.desktop.refuse_late_start(context, instance)
        # Resume and unrescue start from XML that was kept.
        xml = partition.placed(xml, self.desktop.keep_bandwidth)
        return super()._create_guest(context, xml, instance, *args, **kwargs)

    def _live_migration_operation(
        self,
        context: Any,
        instance: Any,
        dest: str,
        block_migration: Any,
        migrate_data: Any,
        guest: Any,
        device_names: Any,
    ) -> None:
        guest = partition.leaving_guest(
            guest, _is_stock(context, dest), self.desktop.keep_bandwidth
        )
        super()._live_migration_operation(
            context,
            instance,
            dest,
            block_migration,
            migrate_data,
            guest,
            device_names,
        )

    # What is refused.

    def spawn(
        self,
        context: Any,
        instance: Any,
        image_meta: Any,
        injected_files: Any,
        admin_password: Any,
        allocations: Any,
        network_info: Any = None,
        block_device_info: Any = None,
        power_on: bool = True,
        accel_info: Any = None,
    ) -> None:
        """Start a guest, unless the owner came back meanwhile."""
        self.desktop.refuse_late_start(context, instance)
        super().spawn(
            context,
            instance,
            image_meta,
            injected_files,
            admin_password,
            allocations,
            network_info=network_info,
            block_device_info=block_device_info,
            power_on=power_on,
            accel_info=accel_info,
        )

    def check_can_live_migrate_destination(
        self,
        context: Any,
        instance: Any,
        src_compute_info: Any,
        dst_compute_info: Any,
        block_migration: bool = False,
        disk_over_commit: bool = False,
    ) -> Any:
        """Say whether a guest may move here."""
        refusal.check_live_migration(
            self.desktop.agent,
            instance,
            self.desktop.used_mib,
            src_compute_info,
        )
        return super().check_can_live_migrate_destination(
            context,
            instance,
            src_compute_info,
            dst_compute_info,
            block_migration,
            disk_over_commit,
        )

    def pre_live_migration(
        self,
        context: Any,
        instance: Any,
        block_device_info: Any,
        network_info: Any,
        disk_info: Any,
        migrate_data: Any,
    ) -> Any:
        """Prepare for a guest, unless the owner came back meanwhile."""
        refusal.check_arrival(
            self.desktop.agent, instance, self.desktop.used_mib
        )
        return super().pre_live_migration(
            context,
            instance,
            block_device_info,
            network_info,
            disk_info,
            migrate_data,
        )

    # What a held guest is let run for.

    def pause(self, instance: Any) -> None:
        """Pause a guest, which then stays so whatever the owner does."""
        with self.desktop.let_run(instance.uuid):
            super().pause(instance)

    reboot = leaving.with_share(_Stock.reboot)
    suspend = leaving.with_share(rollback.undone(_Stock.suspend))
    snapshot = leaving.with_share(_Stock.snapshot)
    power_off = leaving.with_share(_Stock.power_off, departs=True)
    # QEMU ends itself when libvirt asks it to, and gives its memory back: it
    # needs CPU for both.
    destroy = leaving.with_share(_Stock.destroy)
    live_migration = leaving.with_share(
        rollback.outlived(_Stock.live_migration), departs=True
    )
    migrate_disk_and_power_off = leaving.with_share(
        _Stock.migrate_disk_and_power_off, departs=True
    )


def _is_stock(context: Any, host: str) -> bool | None:
    """Say whether a host is no workstation; None if that cannot be learnt."""
    try:
        node = objects.ComputeNode.get_first_node_by_host_for_old_compat(
            context, host
        )
    except nova_exception.NovaException as error:
        LOG.warning('What kind of host %s is cannot be told: %s', host, error)
        return None
    return not inventory.told_by_desktop(node.stats)
