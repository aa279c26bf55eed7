# SPDX-License-Identifier: Apache-2.0
"""The file of the fence."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nova_desktop.mechanism import durable

Key = tuple[str, int]
"""UUID and libvirt's number of a guest."""

UNREADABLE = (OSError, ValueError, TypeError, LookupError, RecursionError)
"""What ``read`` raises for a file that is there and says nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fenced:
    """Since when a guest is behind the fence, and why.

    ``number`` is libvirt's; ``None`` for one that has not run since the host
    was booted.
    """

    since_unix_s: float
    why: str
    number: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Content:
    """Who is behind the fence, and why all others shall be; empty: not."""

    closed: str = ''
    guests: Mapping[str, Fenced] = dataclasses.field(default_factory=dict)


EMPTY = Content()


def read(path: Path, boot_id: str) -> Content:
    """Read the fence; raise one of UNREADABLE.

    After another boot the guests are known, and their numbers are not.
    """
    found = json.loads(path.read_bytes())
    same_boot = found['boot_id'] == boot_id
    guests = {
        str(each['uuid']): Fenced(
            float(each['since_unix_s']),
            str(each['why']),
            _number(each['id']) if same_boot else None,
        )
        for each in found['guests']
    }
    return Content(str(found['closed']), guests)


def write(path: Path, content: Content, boot_id: str) -> None:
    """Replace the file; it is on the disk on return. Raise OSError."""
    guests = [
        {
            'uuid': uuid,
            'id': each.number,
            'since_unix_s': each.since_unix_s,
            'why': each.why,
        }
        for uuid, each in content.guests.items()
    ]
    laid_out: dict[str, Any] = {
        'boot_id': boot_id,
        'closed': content.closed,
        'guests': guests,
    }
    durable.replace(path, json.dumps(laid_out) + '\n')


def _number(number: Any) -> int | None:
    return None if number is None else int(number)
