# SPDX-License-Identifier: Apache-2.0
"""Keep guests off workstations that cannot or should not take them."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import nova.conf
from nova.scheduler import filters, utils
from oslo_log import log as logging

from nova_desktop.conf import desktop as options
from nova_desktop.policy import admission, contradictions, tolerance

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

options.register(CONF)


class DesktopFilter(filters.BaseHostFilter):  # type: ignore[misc]
    """Pass workstations that admit a guest, for flavors that tolerate it."""

    # A rebuilt guest stays where it is, and the owner's cap stays with it.
    RUN_ON_REBUILD = False

    def filter_all(
        self, filter_obj_list: Iterable[Any], spec_obj: Any
    ) -> Iterator[Any]:
        """Give the hosts that may take what is asked for.

        As Nova's own, except that flavor and options are read only once.
        """
        if utils.request_is_rebuild(spec_obj):
            yield from filter_obj_list
            return
        asked = _Asked.of(spec_obj)
        for host_state in filter_obj_list:
            if _passes(host_state, asked):
                yield host_state

    def host_passes(self, host_state: Any, spec_obj: Any) -> bool:
        """Say whether a host may take what is asked for."""
        return _passes(host_state, _Asked.of(spec_obj))


@dataclasses.dataclass(frozen=True, slots=True)
class _Asked:
    """What is the same for all hosts; ``refused`` is why none takes it."""

    guest: admission.Guest
    in_data_centre: bool
    confidence: float
    refused: str | None

    @classmethod
    def of(cls, spec_obj: Any) -> '_Asked':
        flavor = spec_obj.flavor
        extra_specs = flavor.extra_specs or {}
        tolerated, problems = tolerance.parse(extra_specs)
        for problem in problems:
            LOG.debug('Flavor %s is not preemptible: %s', flavor.name, problem)
        against = contradictions.of(extra_specs, _properties(spec_obj.image))
        return cls(
            admission.Guest(tolerated, flavor.vcpus, flavor.memory_mb),
            CONF.desktop.allow_in_data_centre,
            CONF.desktop.runtime_confidence,
            '; '.join(against) or None,
        )


def _properties(image: Any) -> Any:
    """Give what Nova knows of an image; a volume may come without one."""
    if image is None or not image.obj_attr_is_set('properties'):
        return {}
    return image.properties


def _passes(host_state: Any, asked: _Asked) -> bool:
    why = _refusal(host_state, asked)
    if why is not None:
        LOG.debug(
            '%(host_state)s is not taken: %(why)s',
            {'host_state': host_state, 'why': why},
        )
    return why is None


def _refusal(host_state: Any, asked: _Asked) -> str | None:
    if asked.refused is not None:
        return asked.refused
    guest = asked.guest
    try:
        offer = admission.offer_of(host_state)
    except ValueError as error:
        return str(error)
    if offer is None:
        return admission.data_centre_refusal(
            guest.tolerance, asked.in_data_centre
        )
    return admission.desktop_refusal(guest, offer, asked.confidence)
