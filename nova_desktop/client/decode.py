# SPDX-License-Identifier: Apache-2.0
"""The agent's properties as the status that they say."""

from collections.abc import Mapping
from typing import Any

from nova_desktop import exception, model


def status(properties: Mapping[str, Any]) -> model.Status:
    """Build the status; raise AgentSilent if the agent speaks otherwise."""
    try:
        return model.Status(
            sequence=properties['Sequence'],
            presence=model.Presence(properties['Presence']),
            demand=properties['Demand'],
            source=properties['Source'],
            reason=properties['Reason'],
            cap=model.Cap(
                cpus=properties['CapCpus'],
                memory_mib=properties['CapMemoryMiB'],
                admit=properties['Admit'],
            ),
            reclaim_due=properties['ReclaimDue'],
            forecast=dict(properties['ForecastAway']),
            sources=dict(properties['Sources']),
        )
    except (KeyError, ValueError) as error:
        raise exception.AgentSilent(
            f'nova-desktop-agent is of another version: {error!r}'
        ) from error
