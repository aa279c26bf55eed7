# SPDX-License-Identifier: Apache-2.0
"""The few SVG shapes that a timeline is made of, and how they look."""

import html
import math
from collections.abc import Sequence

STYLE = """
svg { font: 12px system-ui, 'DejaVu Sans', sans-serif }
.paper { fill: #ffffff } text { fill: #1d232b }
.title { font-size: 17px; font-weight: 600 } .host { font-weight: 600 }
.small { font-size: 11px } .faint { fill: #5b6470 }
.grid { stroke: #e3e6ea; stroke-width: 1 }
.frame { stroke: #aab1ba; stroke-width: 1; fill: none }
.mark { stroke: #6b7480; stroke-width: 1; stroke-dasharray: 3 3 }
.dot { fill: #6b7480 }
.cap { stroke: #1f4e9c; stroke-width: 2.5; fill: none }
.used { stroke: #c75d00; stroke-width: 1.5; fill: none }
.area { fill: #c75d00; fill-opacity: 0.16 }
.away { fill: #bfe3c8 } .idle { fill: #f8e3a1 }
.active { fill: #f3b7af } .unknown { fill: #d5d8de }
@media (prefers-color-scheme: dark) {
.paper { fill: #15181d } text { fill: #e4e7eb } .faint { fill: #a3abb6 }
.grid { stroke: #2a2f37 } .frame { stroke: #565e69 }
.mark { stroke: #8b949f } .dot { fill: #8b949f }
.cap { stroke: #82b1ff } .used { stroke: #ffa657 }
.area { fill: #ffa657 }
.away { fill: #23573a } .idle { fill: #665312 }
.active { fill: #7c2f29 } .unknown { fill: #434953 }
}
"""


def document(width: float, height: float, title: str, parts: list[str]) -> str:
    """Return a whole SVG with the parts in it."""
    return '\n'.join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" role="img"'
            f' width="{width:.0f}" height="{height:.0f}"'
            f' viewBox="0 0 {width:.0f} {height:.0f}">',
            f'<title>{html.escape(title)}</title>',
            f'<style>{STYLE}</style>',
            '<rect class="paper" width="100%" height="100%"/>',
            *parts,
            '</svg>\n',
        ]
    )


def text(
    x: float, y: float, words: str, style: str, anchor: str = 'start'
) -> str:
    """Return a line of text."""
    return (
        f'<text class="{style}" x="{x:.1f}" y="{y:.1f}"'
        f' text-anchor="{anchor}">{html.escape(words)}</text>'
    )


def line(style: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a straight line."""
    return (
        f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}"'
        f' x2="{x2:.1f}" y2="{y2:.1f}"/>'
    )


def box(
    style: str, x: float, y: float, width: float, height: float, tip: str = ''
) -> str:
    """Return a rectangle, with a tip where it has one."""
    size = f'width="{max(0.0, width):.1f}" height="{height:.1f}"'
    inside = f'<title>{html.escape(tip)}</title>' if tip else ''
    return (
        f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" {size}>{inside}</rect>'
    )


def dot(style: str, x: float, y: float, tip: str) -> str:
    """Return a dot with a tip."""
    inside = f'<title>{html.escape(tip)}</title>'
    return (
        f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="2">'
        f'{inside}</circle>'
    )


def path(style: str, points: Sequence[tuple[float, float]]) -> str:
    """Return a line through the points that are numbers."""
    good = [p for p in points if all(math.isfinite(v) for v in p)]
    steps = ' L'.join(f'{x:.1f} {y:.1f}' for x, y in good)
    return f'<path class="{style}" d="M{steps}"/>' if good else ''
