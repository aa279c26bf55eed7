# SPDX-License-Identifier: Apache-2.0
"""Keep guests off workstations that cannot or should not take them."""

from typing import Any

import nova.conf
from nova.scheduler import filters
from oslo_log import log as logging

from nova_desktop.conf import desktop as options
from nova_desktop.policy import admission, tolerance

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

options.register(CONF)

_TRUST_TRAIT = 'trait:CUSTOM_DESKTOP_TRUSTED'


class DesktopFilter(filters.BaseHostFilter):  # type: ignore[misc]
    """Pass workstations that admit a guest, for flavors that tolerate it."""

    # A rebuilt guest stays where it is, and the owner's cap stays with it.
    RUN_ON_REBUILD = False

    def host_passes(self, host_state: Any, spec_obj: Any) -> bool:
        """Say whether a host may take what is asked for."""
        why = _refusal(host_state, spec_obj.flavor)
        if why is not None:
            LOG.debug(
                '%(host_state)s is not taken: %(why)s',
                {'host_state': host_state, 'why': why},
            )
        return why is None


def _refusal(host_state: Any, flavor: Any) -> str | None:
    extra_specs = flavor.extra_specs or {}
    tolerated, problems = tolerance.parse(extra_specs)
    for problem in problems:
        LOG.debug('Flavor %s is not preemptible: %s', flavor.name, problem)
    stats = host_state.stats or {}
    if not admission.is_desktop(stats):
        return admission.data_centre_refusal(
            tolerated, CONF.desktop.allow_in_data_centre
        )
    guest = admission.Guest(
        tolerated,
        flavor.vcpus,
        flavor.memory_mb,
        trusted_only=extra_specs.get(_TRUST_TRAIT) == 'required',
    )
    try:
        offer = admission.read(stats)
    except ValueError as error:
        return str(error)
    return admission.desktop_refusal(
        guest, offer, CONF.desktop.runtime_confidence
    )
