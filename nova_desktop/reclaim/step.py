# SPDX-License-Identifier: Apache-2.0
"""What a step of an eviction came to."""

import dataclasses
import enum

from nova_desktop.reclaim import nouns


class End(enum.StrEnum):
    """How it ended."""

    LEFT = 'left'
    WITHDRAWN = 'withdrawn'
    FAILED = 'failed'
    INTERRUPTED = 'interrupted'


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """What a step came to; no ``end`` means that the next one follows.

    ``provider`` is the uuid of the host's, empty where none was looked for.
    """

    reason: str
    end: End | None = None
    server: nouns.Server | None = None
    provider: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Pause:
    """What an eviction waits for: news of its victim, or the time.

    ``acts`` says that it goes on for long, as one of ``threads`` at a time.
    """

    seconds: float
    acts: bool = False
