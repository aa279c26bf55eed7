# SPDX-License-Identifier: Apache-2.0
"""Turn what a demo recorded into the series that its picture shows."""

import json
import subprocess
from typing import Any

from sandbox import hosts, layout, observe, timeline
from sandbox.story import Story


def record_of(host: layout.Host) -> list[dict[str, Any]]:
    """Give a workstation's own record of what changed and why."""
    done = subprocess.run(
        hosts.in_host(host, layout.BIN / 'nova-desktop', 'explain', '--json'),
        capture_output=True,
        text=True,
        check=True,
    )
    changes: list[dict[str, Any]] = json.loads(done.stdout)['changes']
    return changes


def presence_of(
    changes: list[dict[str, Any]], start_unix_s: float, end_s: float
) -> list[timeline.Span]:
    """Give the owner's presence over the story, from the agent's record."""
    spans: list[timeline.Span] = []
    begin, presence = 0.0, ''
    for change in changes:
        if change['what'] != 'presence':
            continue
        at = change['at_unix_s'] - start_unix_s
        if at > begin:
            before = presence or change['before']
            spans.append(timeline.Span(begin, at, before))
            begin = at
        presence = change['after']
    spans.append(timeline.Span(begin, end_s, presence or 'unknown'))
    return spans


def series(story: Story, sampler: observe.Sampler) -> timeline.Series:
    """Give the whole picture's content."""
    end_s = max(event['t_s'] for event in story.events) + 1
    drawn = []
    for host in layout.WORKSTATIONS:
        limit, used = (
            [(story.t(at), cpus) for at, cpus in samples[host.name]]
            for samples in (sampler.limit, sampler.used)
        )
        presence = presence_of(record_of(host), story.start_unix_s, end_s)
        drawn.append(
            timeline.Host(host.name, observe.CPUS, presence, limit, used)
        )
    events = [timeline.Event(**event) for event in story.events]
    return timeline.Series(
        'The owner comes back, and the guest yields', end_s, drawn, events
    )
