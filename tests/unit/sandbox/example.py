# SPDX-License-Identifier: Apache-2.0
"""A made-up run of three workstations, as a demo would record it."""

import math

from sandbox.timeline import Event, Host, Sample, Series, Span


def _used(steps: list[Sample], end_s: float) -> list[Sample]:
    """Return samples each second that follow the steps, a little rough."""
    samples = []
    for t in range(int(end_s) + 1):
        level = [cpus for start, cpus in steps if start <= t][-1]
        rough = 1 + 0.03 * math.sin(t * 1.7) + 0.02 * math.sin(t * 0.6)
        samples.append((float(t), level * rough))
    return samples


RUN = Series(
    title='The owner comes back: three workstations, 8 CPUs each',
    end_s=180.0,
    hosts=[
        Host(
            name='desktop-1',
            cpus=8,
            presence=[
                Span(0, 8, 'unknown'),
                Span(8, 60, 'away'),
                Span(60, 130, 'active'),
                Span(130, 150, 'idle'),
                Span(150, 180, 'away'),
            ],
            cap_cpus=[(0, 0), (8, 7), (60.1, 1), (150, 7)],
            used_cpus=_used([(0, 0), (21, 4), (60, 0.97), (94, 0)], 180),
        ),
        Host(
            name='desktop-2',
            cpus=8,
            presence=[
                Span(0, 6, 'unknown'),
                Span(6, 118, 'away'),
                Span(118, 120, 'idle'),
                Span(120, 180, 'active'),
            ],
            cap_cpus=[(0, 0), (6, 7), (120, 2)],
            used_cpus=_used(
                [(0, 0), (30, 2), (93, 6), (120, 2), (140, 2)], 180
            ),
        ),
        Host(
            name='desktop-3',
            cpus=8,
            presence=[Span(0, 180, 'active')],
            cap_cpus=[(0, 0)],
            used_cpus=[(0, 0), (180, 0)],
        ),
    ],
    events=[
        Event(12.0, 'create', server='train-1'),
        Event(13.0, 'create', server='train-2'),
        Event(20.0, 'BOOT-OK', 'desktop-1', 'train-1'),
        Event(29.0, 'BOOT-OK', 'desktop-2', 'train-2'),
        Event(60.0, 'first key', 'desktop-1'),
        Event(60.05, 'throttled', 'desktop-1', 'train-1'),
        Event(61.2, 'reclaim due', 'desktop-1'),
        Event(61.9, 'notice live_migrate', 'desktop-1', 'train-1'),
        Event(61.3, 'reclaim request', server='desktop-1'),
        Event(84.0, 'grace over', server='train-1'),
        Event(85.0, 'leaving', 'desktop-1', 'train-1'),
        Event(92.0, 'arrived', 'desktop-2', 'train-1'),
        Event(93.5, 'gone', 'desktop-1', 'train-1'),
        Event(120.0, 'first key', 'desktop-2'),
        Event(120.05, 'throttled', 'desktop-2'),
        Event(150.0, 'capacity back', 'desktop-1'),
        Event(179.5, 'shelved', 'desktop-2', 'train-2'),
    ],
)
