# SPDX-License-Identifier: Apache-2.0
"""Draw a demo run as an SVG: who had each workstation, and when.

Each workstation is a panel: events with their labels on top, the cap and the
guests' use in CPUs below, and the owner's presence as its floor. Pure: the
same series gives the same picture.
"""

import pathlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sandbox import timeline_layout as layout
from sandbox import timeline_svg as svg

Sample = tuple[float, float]

PRESENCES = {
    'away': 'owner away',
    'idle': 'owner idle',
    'active': 'owner active',
    'unknown': 'owner unknown',
}


@dataclass(frozen=True)
class Span:
    """A time in which the owner's presence was the same."""

    start_s: float
    end_s: float
    presence: str
    """away, idle, active or unknown; anything else is drawn as unknown."""


@dataclass(frozen=True)
class Event:
    """Something that happened at a moment."""

    t_s: float
    name: str
    """The label is ``name server``, cut if long; its tip has all."""
    host: str = ''
    """The workstation; with none of the series' hosts it is the cloud's."""
    server: str = ''


@dataclass(frozen=True)
class Host:
    """One workstation's run; samples are (seconds, CPUs), in time's order."""

    name: str
    cpus: float
    """All it has: the top of its scale."""
    presence: Sequence[Span] = ()
    cap_cpus: Sequence[Sample] = ()
    """Each value lasts until the next sample, the last until the end."""
    used_cpus: Sequence[Sample] = ()
    """What the guests used together, joined by straight lines."""


@dataclass(frozen=True)
class Series:
    """A whole run, in seconds since its start (0) until end_s."""

    title: str
    end_s: float
    hosts: Sequence[Host]
    events: Sequence[Event] = ()


def render(series: Series, out_path: pathlib.Path) -> None:
    """Draw the series into an SVG file."""
    out_path.write_text(to_svg(series), encoding='utf-8')


def to_svg(series: Series) -> str:
    """Draw the series and return the SVG."""
    names = {host.name for host in series.hosts}
    scale = layout.Scale.fitting(series.end_s, labels(series.events))
    parts: list[str] = []
    y = layout.HEAD_PX
    cloud = [event for event in series.events if event.host not in names]
    if cloud:
        y = draw_cloud(parts, scale, y, cloud)
    for host in series.hosts:
        events = [event for event in series.events if event.host == host.name]
        y = draw_host(parts, scale, y, host, events)
    draw_time(parts, scale, y)
    head = [svg.text(layout.LEFT_PX, 28, series.title, 'title'), *legend()]
    height = y + layout.FOOT_PX
    return svg.document(layout.WIDTH_PX, height, series.title, [*head, *parts])


def legend() -> list[str]:
    """Say what lines and colours mean."""
    parts = []
    x = float(layout.LEFT_PX)
    for style, words in (('cap', 'cap'), ('used', 'guests use')):
        parts.append(svg.line(style, x, 47, x + 22, 47))
        parts.append(svg.text(x + 28, 51, words, 'small'))
        x += 28 + layout.text_px(words) + 22
    for presence, words in PRESENCES.items():
        parts.append(svg.box(presence, x, 41, 14, 12))
        parts.append(svg.text(x + 20, 51, words, 'small'))
        x += 20 + layout.text_px(words) + 22
    return parts


def draw_cloud(
    parts: list[str],
    scale: layout.Scale,
    y: float,
    events: Sequence[Event],
) -> float:
    """Draw the events of no workstation; return where they end."""
    parts.append(svg.text(layout.LEFT_PX, y + 12, 'cloud', 'host'))
    floor = y + layout.NAME_PX + layout.rows_px(scale, labels(events))
    draw_events(parts, scale, floor, floor + 6, events)
    parts.append(
        svg.line('frame', scale.x(0), floor + 6, scale.right, floor + 6)
    )
    return floor + 6 + layout.GAP_PX


def draw_host(
    parts: list[str],
    scale: layout.Scale,
    y: float,
    host: Host,
    events: Sequence[Event],
) -> float:
    """Draw one workstation's panel; return where it ends."""
    parts.append(svg.text(layout.LEFT_PX, y + 12, host.name, 'host'))
    top = y + layout.NAME_PX + layout.rows_px(scale, labels(events))
    panel = layout.Panel(scale, top, host.cpus)
    draw_grid(parts, panel, host.cpus)
    parts.append(svg.path('cap', stairs(panel, host.cap_cpus)))
    draw_use(parts, panel, host.used_cpus)
    draw_events(parts, scale, top, panel.floor, events)
    draw_presence(parts, panel, host.presence)
    return panel.end + layout.GAP_PX


def draw_grid(parts: list[str], panel: layout.Panel, cpus: float) -> None:
    """Draw a panel's frame and both scales' lines."""
    scale = panel.scale
    for t_s in layout.ticks(scale.end_s):
        x = scale.x(t_s)
        parts.append(svg.line('grid', x, panel.top, x, panel.floor))
    for value in (0, cpus / 2, cpus):
        y = panel.y(value)
        parts.append(svg.line('grid', scale.x(0), y, scale.right, y))
        words = f'{value:g}'
        parts.append(
            svg.text(scale.x(0) - 8, y + 4, words, 'small faint', 'end')
        )
    middle = (panel.top + panel.floor) / 2
    x = scale.x(0) - 36
    parts.append(
        f'<text class="small faint" text-anchor="middle"'
        f' transform="translate({x:.1f} {middle:.1f}) rotate(-90)">'
        'CPUs</text>'
    )
    width, height = scale.right - scale.x(0), panel.floor - panel.top
    parts.append(svg.box('frame', scale.x(0), panel.top, width, height))


def draw_use(
    parts: list[str], panel: layout.Panel, used: Sequence[Sample]
) -> None:
    """Draw the guests' use as a line with its area."""
    points = [(panel.scale.x(t_s), panel.y(cpus)) for t_s, cpus in used]
    if not points:
        return
    floor = panel.y(0)
    around = [(points[0][0], floor), *points, (points[-1][0], floor)]
    parts.append(svg.path('area', around))
    parts.append(svg.path('used', points))


def stairs(
    panel: layout.Panel, caps: Sequence[Sample]
) -> list[tuple[float, float]]:
    """Return a step line's points."""
    points: list[tuple[float, float]] = []
    for t_s, cpus in caps:
        x, y = panel.scale.x(t_s), panel.y(cpus)
        if points:
            points.append((x, points[-1][1]))
        points.append((x, y))
    if points:
        points.append((panel.scale.right, points[-1][1]))
    return points


def draw_presence(
    parts: list[str], panel: layout.Panel, spans: Iterable[Span]
) -> None:
    """Draw the owner's presence, named where there is room."""
    for span in spans:
        known = span.presence if span.presence in PRESENCES else 'unknown'
        left = panel.scale.x(span.start_s)
        width = panel.scale.x(span.end_s) - left
        top = panel.floor + 3
        parts.append(svg.box(known, left, top, width, layout.STRIP_PX, known))
        if layout.text_px(known) + 8 <= width:
            x, y = left + width / 2, top + layout.STRIP_PX - 5
            parts.append(svg.text(x, y, known, 'small', 'middle'))


def draw_events(
    parts: list[str],
    scale: layout.Scale,
    top: float,
    floor: float,
    events: Sequence[Event],
) -> None:
    """Draw marks down to the floor, and labels in rows above the top."""
    rows = layout.rows(scale, labels(events))
    marked: dict[int, float] = {}
    for event, row in zip(events, rows, strict=True):
        x = scale.x(event.t_s)
        y = top - 8 - row * layout.ROW_PX
        # Of marks at one place only the longest is drawn.
        marked[round(x)] = min(y, marked.get(round(x), y))
        parts.append(svg.dot('dot', x, y - 4, whole(event)))
        parts.append(svg.text(x + layout.LABEL_DX, y, label(event), 'small'))
    for x, y in marked.items():
        parts.append(svg.line('mark', x, y - 4, x, floor))


def draw_time(parts: list[str], scale: layout.Scale, y: float) -> None:
    """Draw the time scale below all panels."""
    for t_s in layout.ticks(scale.end_s):
        words = f'{t_s:g}'
        parts.append(svg.text(scale.x(t_s), y, words, 'small faint', 'middle'))
    middle = (scale.x(0) + scale.right) / 2
    words = 'seconds since the start'
    parts.append(svg.text(middle, y + 18, words, 'small faint', 'middle'))


def label(event: Event) -> str:
    """Return what stands at an event's mark."""
    return layout.shorten(whole(event))


def whole(event: Event) -> str:
    """Return all there is to say of an event."""
    return f'{event.name} {event.server}'.strip()


def labels(events: Iterable[Event]) -> list[tuple[float, str]]:
    """Return where the labels are wanted."""
    return [(event.t_s, label(event)) for event in events]
