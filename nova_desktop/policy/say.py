# SPDX-License-Identifier: Apache-2.0
"""What the owner said, as bounds beside presence."""

import dataclasses
from collections.abc import Iterator

from nova_desktop import model

SOURCE = 'say'
LONGEST_S = 366 * 86400.0
"""The longest time that the owner may say something for."""


def live(say: model.Say, unix_s: float) -> model.Say:
    """Leave out what has expired by now; a pause wins.

    A lending that seems to last longer than may be said comes from a clock
    that was set back, and is not believed; a pause is.
    """
    pause, lend = say.pause, say.lend
    if pause is not None and _left_s(pause, unix_s) <= 0:
        pause = None
    if lend is not None and not 0 < _left_s(lend, unix_s) <= LONGEST_S:
        lend = None
    if pause is not None:
        lend = None
    return dataclasses.replace(say, pause=pause, lend=lend)


def rules(say: model.Say, unix_s: float, now_s: float) -> model.Rules:
    """Turn what holds of the owner's say into bounds and his lending.

    ``unix_s`` and ``now_s`` are the same moment on the wall and on the
    monotonic clock.
    """
    held = live(say, unix_s)
    lend = ''
    if held.lend is not None:
        lend = f'the owner lends it {_until(held.lend)}'
    ends_s = [
        end_s
        for spell in (held.pause, held.lend)
        if spell is not None
        and (end_s := _end_s(spell, unix_s, now_s)) is not None
    ]
    return model.Rules(
        bounds=tuple(_bounds(held, unix_s, now_s)),
        lend=lend,
        recheck_s=min(ends_s, default=None),
    )


def _bounds(
    held: model.Say, unix_s: float, now_s: float
) -> Iterator[model.Bound]:
    if held.pause is not None:
        yield model.Bound(
            SOURCE,
            f'the owner paused the lending {_until(held.pause)}',
            cpu=0.0,
            memory=0.0,
            admit=False,
            reclaim=True,
            end_s=_end_s(held.pause, unix_s, now_s),
        )
    # Too few CPUs only slow guests down; memory comes back when they leave.
    if held.cpu is not None:
        reason = f'the owner lends at most {held.cpu:.3g} of the CPUs'
        yield model.Bound(SOURCE, reason, cpu=held.cpu)
    if held.memory is not None:
        reason = f'the owner lends at most {held.memory:.3g} of the memory'
        yield model.Bound(SOURCE, reason, memory=held.memory, reclaim=True)


def _until(spell: model.Spell) -> str:
    # Without the moment itself: whoever shows it knows the time zone.
    if spell.until_unix_s is None:
        return 'until he says otherwise'
    return 'for a time that he set'


def _left_s(spell: model.Spell, unix_s: float) -> float:
    if spell.until_unix_s is None:
        return LONGEST_S
    return spell.until_unix_s - unix_s


def _end_s(spell: model.Spell, unix_s: float, now_s: float) -> float | None:
    if spell.until_unix_s is None:
        return None
    return now_s + (spell.until_unix_s - unix_s)
