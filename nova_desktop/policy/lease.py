# SPDX-License-Identifier: Apache-2.0
"""How long a server may run, and what becomes of it then: pure.

A flavor's lease binds; its tenant shortens it as he likes, and extends it as
far as the flavor or the operator let him. Where the flavor has none, he may
give his server one of any length.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from nova_desktop import model

KEY = 'desktop_lease'
THEN_KEY = 'desktop_lease_end'
"""What a tenant may set in a server's metadata."""

LONGEST_S = 365 * 86400
ENDS = (model.ReclaimAction.SHELVE, model.ReclaimAction.DELETE)

_UNITS_S = {'m': 60, 'h': 3600, 'd': 86400}
_DURATION = re.compile(r'([1-9][0-9]{0,5})([mhd])')
_MAX_QUOTED = 40

T = TypeVar('T')


def duration_s(text: str) -> int:
    """Read a duration; raise ValueError saying what is allowed."""
    found = _DURATION.fullmatch(text)
    seconds = int(found[1]) * _UNITS_S[found[2]] if found else 0
    if not 0 < seconds <= LONGEST_S:
        raise ValueError(
            'a whole number of minutes, hours or days, such as 90m, 4h or '
            '2d, up to 365d'
        )
    return seconds


def duration(seconds: int) -> str:
    """Give a duration as it is written, in the largest unit that fits."""
    for unit, unit_s in reversed(_UNITS_S.items()):
        if seconds % unit_s == 0:
            return f'{seconds // unit_s}{unit}'
    return f'{seconds} s'


def then_of(text: str) -> model.ReclaimAction:
    """Read what is done at the end; raise ValueError saying what may be."""
    if text not in ENDS:
        raise ValueError('one of ' + ', '.join(ENDS))
    return model.ReclaimAction(text)


@dataclasses.dataclass(frozen=True, slots=True)
class Lease:
    """A server's agreed end.

    ``longest_s`` is the length up to which its tenant may extend it, ``None``
    where nothing bounds it.
    """

    start_unix_s: float
    length_s: int
    then: model.ReclaimAction
    longest_s: int | None = None

    @property
    def ends_unix_s(self) -> float:
        """Give when it is over."""
        return self.start_unix_s + self.length_s

    def notice_s(self, least_s: float, warning_s: float) -> float:
        """Give how long before its end the tenant is told, at least.

        A lease shorter than the warning is told as long before as it lasts;
        ``least_s`` is the flavor's notice, which everybody gets.
        """
        return max(least_s, min(warning_s, self.length_s))


def agree(
    guest: model.Tolerance,
    metadata: Mapping[str, object],
    start_unix_s: float,
    longest_s: int,
) -> tuple[Lease | None, tuple[str, ...]]:
    """Find a server's lease in what flavor, tenant and operator say.

    ``longest_s`` is up to where the operator lets tenants extend a flavor's
    lease that does not say so itself. Returns the lease, if there is one, and
    a sentence for each thing in the metadata that does not count as written.
    """
    told: list[str] = []
    asked_s = _read(metadata, KEY, duration_s, told)
    then = _read(metadata, THEN_KEY, then_of, told)
    if guest.lease_s is None:
        if asked_s is None:
            return None, tuple(told)
        then = then or guest.lease_then
        return Lease(start_unix_s, asked_s, then), tuple(told)
    longest_s = max(guest.lease_s, guest.lease_max_s or longest_s)
    length_s = guest.lease_s if asked_s is None else min(asked_s, longest_s)
    if asked_s is not None and asked_s > longest_s:
        told.append(
            f'{KEY} = {duration(asked_s)} is more than this server may have: '
            f'{duration(longest_s)} count'
        )
    if then is not None and guest.lease_then is model.ReclaimAction.DELETE:
        if then is not guest.lease_then:
            told.append(f'{THEN_KEY} = {then}: its flavor says delete')
        then = guest.lease_then
    then = then or guest.lease_then
    return Lease(start_unix_s, length_s, then, longest_s), tuple(told)


def _read(
    metadata: Mapping[str, object],
    key: str,
    parse: Callable[[str], T],
    told: list[str],
) -> T | None:
    text = metadata.get(key)
    if text is None:
        return None
    try:
        return parse(str(text))
    except ValueError as allowed:
        shown = repr(str(text)[:_MAX_QUOTED])
        told.append(f'{key} = {shown} is ignored: it must be {allowed}')
        return None
