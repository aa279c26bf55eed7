# SPDX-License-Identifier: Apache-2.0
"""The agent's properties as the status that they say."""

from collections.abc import Mapping
from typing import Any

from nova_desktop import exception, model

NO_END = 2**64 - 1
"""How the agent says: until resumed."""


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
            limits=dict(properties.get('Limits', {})),
            departing=properties.get('Departing', ''),
            fenced=tuple(properties.get('Fenced', ())),
            fenced_since_unix_s=properties.get('FencedSince') or None,
        )
    except (KeyError, ValueError) as error:
        raise exception.AgentSilent(
            f'nova-desktop-agent is of another version: {error!r}'
        ) from error


def say(properties: Mapping[str, Any]) -> model.Say:
    """Build what the owner said; an agent that cannot tell says nothing."""
    return model.Say(
        pause=_spell(properties.get('PausedUntil', 0)),
        lend=_spell(properties.get('LentUntil', 0)),
        cpu=_part(properties.get('OwnerCapCpu', -1.0)),
        memory=_part(properties.get('OwnerCapMemory', -1.0)),
    )


def _spell(until_unix: int) -> model.Spell | None:
    if until_unix == 0:
        return None
    return model.Spell(None if until_unix == NO_END else float(until_unix))


def _part(part: float) -> float | None:
    return None if part < 0 else part
