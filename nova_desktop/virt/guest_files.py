# SPDX-License-Identifier: Apache-2.0
"""Files inside a guest, by its QEMU guest agent."""

import base64
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nova_desktop import exception

NOTICE = '/run/nova-desktop/notice'
ACK = '/run/nova-desktop/ack'

# What a guest agrees to is a number of seconds; the rest is not read.
_MAX_READ = 64

Ask = Callable[[str, Mapping[str, Any]], Any]
"""Send a QEMU guest agent's command; give what it returned."""


class GuestAgentFailed(exception.DesktopError):
    """The guest runs no agent, or its agent did not do what was asked."""


@contextlib.contextmanager
def _opened(ask: Ask, path: str, mode: str) -> Iterator[Any]:
    handle = ask('guest-file-open', {'path': path, 'mode': mode})
    try:
        yield handle
    finally:
        ask('guest-file-close', {'handle': handle})


def write(ask: Ask, path: str, text: str) -> None:
    """Write a file anew; raise GuestAgentFailed."""
    coded = base64.b64encode(text.encode()).decode()
    with _opened(ask, path, 'w') as handle:
        ask('guest-file-write', {'handle': handle, 'buf-b64': coded})


def read(ask: Ask, path: str) -> str:
    """Read the begin of a file; raise GuestAgentFailed, also without one."""
    with _opened(ask, path, 'r') as handle:
        answer = ask('guest-file-read', {'handle': handle, 'count': _MAX_READ})
    # Whoever has root in the guest may have an agent of their own.
    coded = answer.get('buf-b64') if isinstance(answer, dict) else None
    try:
        return base64.b64decode(str(coded or '')).decode()[:_MAX_READ]
    except ValueError as error:
        raise GuestAgentFailed(f'{path}: {error}') from error
