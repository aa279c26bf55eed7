# SPDX-License-Identifier: Apache-2.0
"""Where things go in a timeline: scales, and labels that do not overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

WIDTH_PX = 1200
LEFT_PX = 64
HEAD_PX = 72.0
FOOT_PX = 32.0
GAP_PX = 22.0
NAME_PX = 20.0
PLOT_PX = 96.0
STRIP_PX = 17.0
ROW_PX = 15.0
LABEL_DX = 5.0
MARGIN_PX = 28.0
LABEL_CHARACTERS = 44
CHARACTER_PX = 6.6  # a wide guess at 11 px text, which fonts draw differently

Label = tuple[float, str]
"""When, and what it says."""

TICKS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)
TICKS_WANTED = 16


@dataclass(frozen=True)
class Scale:
    """Seconds to pixels."""

    end_s: float
    right: float

    @classmethod
    def fitting(cls, end_s: float, labels: Sequence[Label]) -> Self:
        """Leave room on the right for the labels near the end."""
        end_s = max(end_s, 1e-3)
        right = WIDTH_PX - MARGIN_PX
        for t_s, words in labels:
            part = min(1.0, t_s / end_s)
            room = WIDTH_PX - 8 - LABEL_DX - text_px(words) - LEFT_PX
            if part > 0:
                right = min(right, LEFT_PX + room / part)
        return cls(end_s, max(right, WIDTH_PX * 0.7))

    def x(self, t_s: float) -> float:
        """Return where a moment is, never outside the panel."""
        part = min(1.0, max(0.0, t_s / self.end_s))
        return LEFT_PX + part * (self.right - LEFT_PX)


@dataclass(frozen=True)
class Panel:
    """The plot of one workstation."""

    scale: Scale
    top: float
    cpus: float

    @property
    def floor(self) -> float:
        """Return where the plot ends and presence begins."""
        return self.top + PLOT_PX

    @property
    def end(self) -> float:
        """Return where the panel ends."""
        return self.floor + 3 + STRIP_PX

    def y(self, cpus: float) -> float:
        """Return where a number of CPUs is; a little air is left on top."""
        part = cpus / (self.cpus or 1.0) * 0.92
        return self.floor - min(1.0, max(0.0, part)) * PLOT_PX


def text_px(words: str) -> float:
    """Guess how wide a small text is."""
    return len(words) * CHARACTER_PX


def shorten(words: str) -> str:
    """Cut a text to what a label may hold."""
    if len(words) <= LABEL_CHARACTERS:
        return words
    return words[: LABEL_CHARACTERS - 1].rstrip() + '…'


def ticks(end_s: float) -> list[float]:
    """Return round times to mark, the start first."""
    fit = [step for step in TICKS if end_s / step <= TICKS_WANTED]
    step = fit[0] if fit else TICKS[-1]
    return [float(n * step) for n in range(int(end_s / step) + 1)]


def rows(scale: Scale, labels: Sequence[Label]) -> list[int]:
    """Give each label (seconds, text) a row, 0 the lowest.

    Labels stand right of their marks, which run down from them. Of two that
    would overlap the left one goes higher: then neither text nor mark crosses
    the other.
    """
    placed: list[tuple[float, int]] = []
    result = [0] * len(labels)
    order = sorted(
        range(len(labels)), key=lambda i: (labels[i][0], i), reverse=True
    )
    for index in order:
        t_s, words = labels[index]
        left = scale.x(t_s)
        right = left + LABEL_DX + text_px(words) + 6
        under = [row for other_left, row in placed if other_left < right]
        result[index] = max(under, default=-1) + 1
        placed.append((left, result[index]))
    return result


def rows_px(scale: Scale, labels: Sequence[Label]) -> float:
    """Return how much height the labels need."""
    return (max(rows(scale, labels), default=-1) + 1) * ROW_PX + 4
