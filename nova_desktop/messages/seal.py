# SPDX-License-Identifier: Apache-2.0
"""The seal of a message: who sent it, when, and a proof of both.

A seal lies beside the message's own fields and covers them: with the key of
the one who sent it, over the kind of the message and every field. Who has the
credentials of the bus can read a message, and neither change it, nor send it
in another's name, nor send it once more.
"""

import collections
import dataclasses
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from nova_desktop.messages import fields as check

FIELD = 'seal'
MAX_AGE_S = 60.0
"""A message that was sent this much earlier or later is refused."""

_LABEL = 'nova-desktop 1'
_KEPT = 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Seal:
    """Whose key a message was sealed with, when, and its number."""

    name: str
    sent_unix_s: float
    nonce: str


def _mac(key: bytes, kind: str, seal: Seal, fields: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in fields.items() if name != FIELD}
    covered = [_LABEL, kind, *dataclasses.astuple(seal), rest]
    # As JSON says it, whatever way the bus has carried it.
    text = json.dumps(
        covered, sort_keys=True, separators=(',', ':'), allow_nan=False
    )
    return hmac.new(key, text.encode(), 'sha256').hexdigest()


class Signer:
    """Seal messages in one name; without a key leave them as they are."""

    def __init__(
        self,
        name: str,
        key: bytes | None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._key = key
        self._now = now

    def sealed(self, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Give the fields of a message with their seal among them."""
        if self._key is None:
            return dict(fields)
        seal = Seal(self._name, self._now(), secrets.token_hex(8))
        mac = _mac(self._key, kind, seal, fields)
        return {**fields, FIELD: {**dataclasses.asdict(seal), 'mac': mac}}


def _parts(fields: Mapping[str, Any]) -> tuple[Seal, str]:
    given = fields.get(FIELD)
    if given is None:
        raise check.bad(FIELD, None, 'the message must be signed')
    parts = check.mapping(given, FIELD)
    seal = Seal(
        check.text(parts, 'name'),
        check.number(parts, 'sent_unix_s'),
        check.text(parts, 'nonce'),
    )
    return seal, check.text(parts, 'mac')


def opened(
    key_of: Callable[[str], bytes], kind: str, fields: Mapping[str, Any]
) -> Seal:
    """Give the seal of a message that is genuine, whenever it was sent.

    ``key_of`` gives the key for a name. Raises BadMessage.
    """
    seal, mac = _parts(fields)
    try:
        right = _mac(key_of(seal.name), kind, seal, fields)
    except (TypeError, ValueError, RecursionError):
        raise check.bad(
            FIELD, seal.name, 'must cover fields of JSON'
        ) from None
    if not hmac.compare_digest(mac.encode(errors='replace'), right.encode()):
        raise check.bad(
            FIELD, seal.name, 'must be made with the key of that name'
        )
    return seal


class Gate:
    """Let genuine messages pass that are fresh, each of them once.

    Safe to use from any thread. Of each name so many messages are remembered
    that only who holds its key could have one forgotten.
    """

    def __init__(
        self,
        key_of: Callable[[str], bytes],
        max_age_s: float = MAX_AGE_S,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._key_of = key_of
        self._max_age_s = max_age_s
        self._now = now
        self._lock = threading.Lock()
        self._seen: dict[str, collections.OrderedDict[str, float]] = {}
        self._swept_unix_s = now()

    def passed(self, kind: str, fields: Any) -> Seal:
        """Give the seal of a message; raise BadMessage if it may not pass."""
        given = fields if isinstance(fields, dict) else {}
        seal = opened(self._key_of, kind, given)
        now = self._now()
        early_s = seal.sent_unix_s - now
        if abs(early_s) > self._max_age_s:
            told = 'ahead of' if early_s > 0 else 'behind'
            raise check.bad(
                'sent_unix_s',
                seal.sent_unix_s,
                f'is {abs(early_s):.0f} s {told} this clock, more than '
                f'{self._max_age_s:g} s: sent before, or a clock is wrong',
            )
        with self._lock:
            self._sweep(now)
            self._once(seal)
        return seal

    def _once(self, seal: Seal) -> None:
        seen = self._seen.setdefault(seal.name, collections.OrderedDict())
        if seal.nonce in seen:
            raise check.bad('nonce', seal.nonce, 'was sent before')
        seen[seal.nonce] = seal.sent_unix_s
        while len(seen) > _KEPT:
            seen.popitem(last=False)

    def _sweep(self, now: float) -> None:
        """Forget what is too old to pass again in any case."""
        if 0 <= now - self._swept_unix_s < self._max_age_s:
            return
        self._swept_unix_s = now
        oldest = now - self._max_age_s
        for name, seen in list(self._seen.items()):
            for nonce in [n for n, sent in seen.items() if sent < oldest]:
                del seen[nonce]
            if not seen:
                del self._seen[name]
