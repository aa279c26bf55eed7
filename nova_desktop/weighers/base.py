# SPDX-License-Identifier: Apache-2.0
"""What the weighers share: how they are counted, and what they read."""

from collections.abc import Callable
from typing import Any

import nova.conf
from nova.scheduler import utils, weights

from nova_desktop.conf import desktop as options
from nova_desktop.policy import admission

CONF = nova.conf.CONF

options.register(CONF)


class DesktopWeigher(weights.BaseHostWeigher):  # type: ignore[misc]
    """Weigh workstations; hosts that are none, or tell nonsense, come last.

    What tolerates an owner is to use the idle machines first. A subclass
    names its multiplier, which is an option of group ``desktop`` and the
    metadata of an aggregate as well.
    """

    MULTIPLIER = ''
    _configured: float | None = None

    def weight_multiplier(self, host_state: Any) -> float:
        """Give the multiplier, from the aggregate or from the option."""
        configured = self._configured
        if configured is None:
            configured = self._read()
        if not host_state.aggregates:
            return configured
        multiplier: float = utils.get_weight_multiplier(
            host_state, self.MULTIPLIER, configured
        )
        return multiplier

    def weigh_objects(
        self, weighed_obj_list: Any, weight_properties: Any
    ) -> list[float]:
        """Give the weight of each host; reads the request once for all."""
        # Once for all: Nova asks for it for each host, on any thread.
        self._configured = self._read()
        hosts = [each.obj for each in weighed_obj_list]
        weigh = self.for_request(weight_properties, hosts)
        if weigh is None:
            return [0.0] * len(hosts)
        found = [
            None if offer is None else weigh(host, offer)
            for host, offer in zip(hosts, map(offer_of, hosts), strict=True)
        ]
        last = self._last([each for each in found if each is not None])
        return [last if each is None else each for each in found]

    def _read(self) -> float:
        configured: float = CONF.desktop[self.MULTIPLIER]
        return configured

    def _last(self, known: list[float]) -> float:
        if self.minval is not None:
            return float(self.minval)
        return min(known, default=0.0)

    def for_request(
        self, spec_obj: Any, hosts: list[Any]
    ) -> Callable[[Any, admission.Offer], float] | None:
        """Give how hosts are weighed for a request; ``None``: all alike."""
        raise NotImplementedError

    def _weigh_object(self, host_state: Any, weight_properties: Any) -> float:
        one = weights.WeighedHost(host_state, 0.0)
        return self.weigh_objects([one], weight_properties)[0]


def offer_of(host: Any) -> admission.Offer | None:
    """Give what a host offers; ``None`` if it is no workstation."""
    try:
        return admission.offer_of(host)
    except ValueError:
        return None
