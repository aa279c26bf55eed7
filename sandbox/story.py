# SPDX-License-Identifier: Apache-2.0
"""What a demo writes down: events and figures; and what must hold."""

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

from sandbox import layout, progress


class Broken(progress.StepFailed):
    """Something of the story did not come true."""


@dataclasses.dataclass(slots=True)
class Story:
    """The demo's own record, in seconds since it began."""

    start_mono_s: float = dataclasses.field(default_factory=time.monotonic)
    start_unix_s: float = dataclasses.field(default_factory=time.time)
    events: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    metrics: dict[str, float] = dataclasses.field(default_factory=dict)

    def t(self, mono_s: float) -> float:
        """Turn a moment of the monotonic clock into the story's time."""
        return round(mono_s - self.start_mono_s, 3)

    def event(
        self,
        name: str,
        host: str = '',
        server: str = '',
        at: float | None = None,
    ) -> None:
        """Write an event down and print it."""
        moment = self.t(time.monotonic() if at is None else at)
        self.events.append(
            {'t_s': moment, 'name': name, 'host': host, 'server': server}
        )
        where = ' '.join(part for part in (host, server) if part)
        print(f'  {moment:8.3f} s  {where:14} {name}', flush=True)

    def metric(self, name: str, value: float) -> None:
        """Write a figure down; its unit is at the end of its name."""
        self.metrics[name] = round(value, 3)

    def first_metric(self, name: str, value: float) -> None:
        """Write a figure down, the first time that it is measured."""
        if name not in self.metrics:
            self.metric(name, value)

    def expect(self, held: bool, what: str, log: Path | None = None) -> None:
        """Hold the story to a fact; raise Broken where it is not so."""
        if not held:
            raise Broken(f'expected: {what}', log)

    def moment(
        self, found: float | None, what: str, log: Path | None = None
    ) -> float:
        """Take a moment that must have come; raise Broken where it did not."""
        if found is None:
            raise Broken(f'waited in vain for: {what}', log)
        return found

    def save(self, path: Path) -> None:
        """Write events and metrics as JSON."""
        events = sorted(self.events, key=lambda event: event['t_s'])
        content = {'events': events, 'metrics': self.metrics}
        path.write_text(json.dumps(content, indent=2) + '\n')

    def table(self) -> str:
        """Give the figures as a table."""
        width = max(len(name) for name in self.metrics)
        lines = [
            f'{name:{width}}  {value:>10}'
            for name, value in self.metrics.items()
        ]
        return '\n'.join(lines)


def compute_log(host: str) -> Path:
    """Give the log of a host's nova-compute."""
    return layout.LOG / f'{host}-compute.log'


def agent_log(host: str) -> Path:
    """Give the log of a workstation's agent."""
    return layout.LOG / f'{host}-agent.out'


RECLAIM_LOG = layout.LOG / 'reclaim.log'
