# SPDX-License-Identifier: Apache-2.0
"""Spread a server group over owners who do not return together."""

from collections.abc import Callable, Iterable
from typing import Any

from nova_desktop.policy import admission, spread
from nova_desktop.weighers import base

_KEEP = 1 << 16
_TOGETHER = ('affinity', 'soft-affinity')


class CorrelatedLeaveWeigher(base.DesktopWeigher):
    """Weigh hosts by how few of a group's servers would go with this one.

    Counts the group's servers that are expected to lose their hosts within
    the same time. Groups that are to be on one host are not spread.
    """

    MULTIPLIER = 'correlated_leave_weight_multiplier'
    maxval = 0.0

    def __init__(self) -> None:
        super().__init__()
        # Of candidates only: a member's host that is full is none any more,
        # but was one when the member came to it.
        self._seen: dict[str, spread.Returns] = {}

    def for_request(
        self, spec_obj: Any, hosts: list[Any]
    ) -> Callable[[Any, admission.Offer], float] | None:
        """Weigh against the hosts of the request's group, if it has one."""
        group = spec_obj.instance_group
        if group is None or group.policy in _TOGETHER:
            return None
        self._see(hosts)
        members = [
            (name, self._seen.get(name, ())) for name in (group.hosts or ())
        ]
        if not members:
            return None
        return lambda host, offer: (
            -_lost_together(host.host, offer.returns, members)
        )

    def _see(self, hosts: Iterable[Any]) -> None:
        if len(self._seen) > _KEEP:
            self._seen.clear()
        for host in hosts:
            offer = base.offer_of(host)
            if offer is not None:
                self._seen[host.host] = offer.returns


def _lost_together(
    name: str,
    returns: spread.Returns,
    members: Iterable[tuple[str, spread.Returns]],
) -> float:
    return sum(
        spread.alone(returns)
        if member == name
        else spread.together(returns, theirs)
        for member, theirs in members
    )
