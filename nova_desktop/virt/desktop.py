# SPDX-License-Identifier: Apache-2.0
"""What makes a compute host a workstation, put together for the driver."""

import contextlib
import functools
import time
from collections.abc import Set
from typing import Any

import nova.conf
from nova import exception as nova_exception
from nova import rpc
from oslo_log import log as logging

from nova_desktop import messages
from nova_desktop.virt import (
    belonging,
    deadman,
    declared,
    endpoint,
    evictions,
    fence,
    guests,
    inventory,
    leaving,
    link,
    partition,
    push,
    recent,
    refusal,
    requests,
    risk,
    rollback,
    told,
    trust,
)

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)


class Desktop:
    """The link to the agent and all that follows its word."""

    def __init__(self, virtapi: Any, host: Any) -> None:
        options = CONF.desktop
        self._host = host
        self._host_name = ''
        self._virtapi = virtapi
        self.agent = link.Link(options.agent_ping_s)
        self.leaving = leaving.Leaving(
            self.agent, options.leave_s, options.leave_timeout_s
        )
        self.moves = rollback.Moves()
        self._recent = recent.Recent(time.monotonic)
        self._evictions = evictions.Evictions(time.monotonic)
        self.told = told.Book(lambda: self.agent.status)
        self._pusher = push.Pusher(
            lambda: virtapi.reportclient,
            lambda: self.agent.cap,
            options.push_retry_s,
            options.push_retry_max_s,
        )
        self._trust = trust.Trust('', None)
        self._declared = declared.Declared(lambda: virtapi.reportclient)
        self._requester: requests.Requester | None = None
        self._dead_man: deadman.DeadMan | None = None
        self._fence: fence.Fence | None = None
        self._foreteller: risk.Foreteller | None = None
        self._server: Any = None

    @functools.cached_property
    def keep_bandwidth(self) -> bool:
        """Say whether guests may keep CPU limits of their own."""
        return partition.unified()

    def used_mib(self) -> int:
        """Give the memory that the guests hold."""
        return guests.memory_mib(self._host)

    def start(self, host_name: str) -> None:
        """Listen to the agent and to the control plane."""
        options = CONF.desktop
        self._host_name = host_name
        key = trust.key_from(options.host_key_file)
        self._trust = trust.Trust(host_name, key, options.message_age_s)
        partition.warn_if_missing()
        guests.warn_of_those_outside(self._host)
        self._requester = requests.Requester(
            host_name,
            lambda: self.agent.status,
            self.used_mib,
            self._client,
            self._pusher.settled,
            options.reclaim_repeat_s,
            options.reclaim_within_s,
            options.shutdown_within_s,
        )
        self._make_fence(host_name)
        self._foreteller = risk.Foreteller(
            host_name,
            lambda: self.agent.status,
            self.used_mib,
            self._client,
            risk.Limits(options.at_risk_below, options.at_risk_margin),
            options.reclaim_within_s,
        )
        self.agent.wake_on_change(lambda: self._recent.note(self.agent.status))
        self.agent.wake_on_change(self.told.heard)
        self.agent.wake_on_change(self._pusher.cap_heard)
        self.agent.wake_on_change(self._requester.wake)
        self.agent.wake_on_change(self._foreteller.wake)
        self._pusher.wake_when_settled(self._requester.wake)
        self._pusher.start()
        self._requester.start()
        self._foreteller.start()
        self.agent.start(options.agent_first_answer_s)
        self._serve(host_name)

    def _client(self) -> messages.ReclaimClient:
        return messages.ReclaimClient(rpc.TRANSPORT, signer=self._trust.signer)

    def _make_fence(self, host_name: str) -> None:
        nova, options = belonging.Nova(host_name), CONF.desktop
        self._dead_man = deadman.DeadMan(
            self.agent, nova, self._declared, options.fence_after_s
        )
        self._fence = fence.Fence(
            self.agent,
            nova,
            guests.Domains(self._host),
            self._declared,
            self._dead_man,
            options.confirm_retry_s,
        )
        self.agent.wake_on_change(self._fence.wake)
        self._dead_man.start()
        self._fence.start()

    def stop(self) -> None:
        """Listen no longer."""
        if self._fence is not None:
            self._fence.stop()
        if self._dead_man is not None:
            self._dead_man.stop()
        self.agent.stop()
        self._pusher.stop()
        if self._requester is not None:
            self._requester.stop()
        if self._foreteller is not None:
            self._foreteller.stop()
        if self._server is not None:
            self._server.stop()
            self._server.wait()

    def stats(self) -> dict[str, str | int | float]:
        """Give what the scheduler is told; from memory, without waiting."""
        return {
            **inventory.stats(self.agent.status),
            **self._recent.stats(),
            **self._evictions.stats(),
        }

    def update_provider_tree(
        self, tree: Any, node: str, gpu_classes: Set[str]
    ) -> None:
        """Reserve what the cap withholds; from memory, without waiting.

        ``gpu_classes`` are the resource classes of the providers below the
        host's own that the libvirt driver makes, one for each GPU.
        """
        changes, cap = self._pusher.changes(), self.agent.cap
        root, *below = tree.get_provider_uuids(node)
        # Each look at a provider is a copy, and this runs at every claim.
        children = map(tree.data, below if gpu_classes else ())
        gpus = [each for each in children if set(each.inventory) & gpu_classes]
        providers = []
        for each in (tree.data(root), *gpus):
            reserved = inventory.operators_reserved(each.inventory)
            tree.update_inventory(
                each.uuid, inventory.capped(each.inventory, reserved, cap)
            )
            providers.append(push.Provider(each.uuid, reserved))
        self._tell_traits(tree, node)
        self._declared.tell(tree, node, root)
        self._pusher.providers_known(providers, changes)

    def _tell_traits(self, tree: Any, node: str) -> None:
        tree.add_traits(node, inventory.TRAIT)
        if self.keep_bandwidth:
            tree.add_traits(node, inventory.OWN_LIMITS_TRAIT)
        else:
            tree.remove_traits(node, inventory.OWN_LIMITS_TRAIT)

    def note_departure(self, server_id: str) -> None:
        """Remember a server that leaves while the owner needs the host."""
        status = self.agent.status
        if status is not None and status.reclaim_due:
            self._evictions.note(server_id)

    def refuse_late_start(self, context: Any, instance: Any) -> None:
        """Refuse a build or an evacuation that comes too late."""
        try:
            refusal.check_start(
                self.agent, instance, self.used_mib, self._host_name
            )
        except refusal.OwnerNeedsHost:
            # Nova leaves it behind when there is no other host to try.
            self._drop_allocation(context, instance)
            raise

    def let_run(
        self, server_id: str
    ) -> contextlib.AbstractContextManager[None]:
        """Have a guest that stands still run meanwhile.

        It may be the agent that paused it: then it is no longer its doing.
        """
        if guests.is_paused(self._host, server_id):
            return self.leaving.of(server_id)
        return contextlib.nullcontext()

    def _let_hear(
        self, notice: messages.Notice
    ) -> contextlib.AbstractContextManager[None]:
        """Have a guest run while it is told, and act on it if it leaves."""
        options = CONF.desktop
        if notice.action and options.notice_share_s:
            self.agent.hear(
                notice.server_id,
                options.notice_share_s,
                options.leave_timeout_s,
            )
        return self.let_run(notice.server_id)

    def _drop_allocation(self, context: Any, instance: Any) -> None:
        report = self._virtapi.reportclient
        try:
            report.delete_allocation_for_instance(
                context, instance.uuid, force=True
            )
        except nova_exception.AllocationDeleteFailed as failed:
            LOG.warning('%s', failed, instance=instance)

    def _serve(self, host_name: str) -> None:
        timeout_s = CONF.desktop.notice_timeout_s
        self._server = rpc.get_server(
            messages.host_target(host_name),
            [
                endpoint.NoticeEndpoint(
                    lambda server_id: guests.agent_of(
                        self._host, server_id, timeout_s
                    ),
                    self._let_hear,
                    lambda server_id: guests.is_paused(self._host, server_id),
                    self.told,
                    self._trust,
                )
            ],
        )
        self._server.start()
