# SPDX-License-Identifier: Apache-2.0
"""What was done to which guest, in a file that outlives the agent."""

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from oslo_log import log as logging

from nova_desktop import exception
from nova_desktop.mechanism import durable

LOG = logging.getLogger(__name__)

Key = tuple[str, int]

_BOOT_ID = Path('/proc/sys/kernel/random/boot_id')
_UNREADABLE = (OSError, ValueError, TypeError, LookupError, RecursionError)


class GuestRecord:
    """A value for each guest, which is named by UUID and libvirt's number.

    Of a host that was booted anew nothing is remembered: its guests are not
    the ones that were recorded. A file that cannot be read is put aside and
    counts as empty, so that nothing is undone that may not be ours.
    """

    def __init__(self, path: Path, boot_id: Path = _BOOT_ID) -> None:
        self._path = path
        self._boot_id = boot_id
        self._found: dict[Key, Any] | None = None

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def get(self, key: Key, default: Any = None) -> Any:
        """Give the value of a guest."""
        return self._values.get(key, default)

    def keys(self) -> list[Key]:
        """Give the guests, those first that were put first."""
        return list(self._values)

    def put(self, values: Mapping[Key, Any]) -> None:
        """Add to the record; raise MechanismFailed if not written.

        Even then it is remembered for as long as the agent lives.
        """
        if any(
            key not in self._values or self._values[key] != value
            for key, value in values.items()
        ):
            self._values.update(values)
            self._write()

    def drop(self, keys: Iterable[Key]) -> None:
        """Take guests out; raise MechanismFailed if not written."""
        known = [key for key in keys if key in self._values]
        for key in known:
            del self._values[key]
        if known:
            self._write()

    def keep(self, keys: Iterable[Key]) -> None:
        """Take all others out; raise MechanismFailed if not written."""
        kept = set(keys)
        self.drop([key for key in self._values if key not in kept])

    @property
    def _values(self) -> dict[Key, Any]:
        # Read late: the thread that constructs may have no time for a disk.
        if self._found is None:
            self._found = self._read()
        return self._found

    def _read(self) -> dict[Key, Any]:
        try:
            return _parse(json.loads(self._path.read_bytes()), self._boot())
        except FileNotFoundError:
            return {}
        except _UNREADABLE as error:
            aside = self._path.with_suffix('.bad')
            LOG.error(
                'The record %s cannot be read (%r); it is kept as %s, and '
                'what it says of guests is not undone',
                self._path,
                error,
                aside,
            )
            with contextlib.suppress(OSError):
                self._path.replace(aside)
            return {}

    def _write(self) -> None:
        try:
            durable.replace(self._path, self._layout())
        except OSError as error:
            raise exception.MechanismFailed(
                f'the record {self._path} was not written ({error}), so that '
                'a restarted agent will not know what it did to guests: make '
                'room there, or correct [agent] state_dir'
            ) from error

    def _layout(self) -> str:
        guests = [
            {'uuid': uuid, 'id': number, 'value': value}
            for (uuid, number), value in self._values.items()
        ]
        return json.dumps({'boot_id': self._boot(), 'guests': guests}) + '\n'

    def _boot(self) -> str:
        return self._boot_id.read_text().strip()


def _parse(found: Any, boot_id: str) -> dict[Key, Any]:
    """Take a record apart; raise one of what is unreadable."""
    guests = {
        (str(each['uuid']), int(each['id'])): each['value']
        for each in found['guests']
    }
    return guests if found['boot_id'] == boot_id else {}
