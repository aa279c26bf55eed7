# SPDX-License-Identifier: Apache-2.0
"""A workstation's driver and Nova's own tracker, as Placement meets them."""

import random
import time
import types
from typing import Any

import nova.conf
from nova import context as nova_context
from nova.compute import resource_tracker
from nova.scheduler.client import report

from benchmarks import monday_desks
from benchmarks.monday_desks import Desk
from benchmarks.monday_site import Site
from benchmarks.placement_tables import TRAITS
from nova_desktop.virt import inventory, push

CONF = nova.conf.CONF


class _Pushing:
    """The report client of a driver, whose pushes are counted apart."""

    def __init__(self, site: Site, own: Any) -> None:
        self.get = site.pushing.get
        self.put = site.pushing.put
        self.invalidate_resource_provider = own.invalidate_resource_provider


class _Tracker(resource_tracker.ResourceTracker):  # type: ignore[misc]
    """Nova's own, but for what it asks Nova's database."""

    def _sync_compute_service_disabled_trait(
        self, context: Any, traits: set[str]
    ) -> None:
        pass


class Host:
    """One workstation; for its tracker it is the driver."""

    def __init__(self, site: Site, desk: Desk) -> None:
        self.desk = desk
        self.cap = desk.away()
        self.guests = [guest.uuid for guest in desk.guests]
        self.back_s: float | None = None
        self._told = self.cap
        self._report = report.SchedulerReportClient(site.tracking)
        self._tracker: Any = None
        way = _Pushing(site, self._report)
        self.pusher = push.Pusher(
            lambda: way,
            lambda: self.cap,
            CONF.desktop.push_retry_s,
            CONF.desktop.push_retry_max_s,
        )
        self.pusher.providers_known([monday_desks.provider(desk)], 0)

    def track(self, rng: random.Random) -> None:
        """Have a tracker, which has been running for long."""
        self._tracker = _Tracker(self.desk.name, self, self._report)
        tree, desk = self._report._provider_tree, self.desk
        tree.new_root(desk.name, desk.uuid, generation=0)
        tree.update_inventory(desk.uuid, monday_desks.told(desk, self.cap))
        tree.update_traits(desk.uuid, TRAITS)
        # Some have asked for everything again a moment ago, others long ago.
        refresh_s = CONF.compute.resource_provider_association_refresh
        asked = time.time() - rng.uniform(0, refresh_s)
        self._report._association_refresh_time[desk.uuid] = asked

    def periodic(self) -> bool:
        """Run the tracker's update; say whether Placement has the cap."""
        node = types.SimpleNamespace(
            uuid=self.desk.uuid, hypervisor_hostname=self.desk.name
        )
        context = nova_context.get_admin_context()
        self._tracker._update_to_placement(context, node, startup=False)
        return self._told is self.cap

    def update_provider_tree(self, tree: Any, node: str) -> None:
        """Give Nova the inventory that the cap leaves."""
        changes = self.pusher.changes()
        self._told = self.cap
        tree.update_inventory(node, monday_desks.told(self.desk, self._told))
        tree.add_traits(node, inventory.TRAIT)
        provider = monday_desks.provider(self.desk)
        self.pusher.providers_known([provider], changes)

    def capabilities_as_traits(self) -> dict[str, bool]:
        """Give none; they do not change."""
        return {}
