# SPDX-License-Identifier: Apache-2.0
"""When somebody touched an input device, never what was typed."""

import asyncio
import contextlib
import functools
from collections.abc import Callable
from pathlib import Path

from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.model import DeviceClass
from nova_desktop.sensing import devices, folder, trap

LOG = logging.getLogger(__name__)

WINDOWS = 3
"""The latest windows in which pointer input is counted."""
REPAIR_S = 1.0
"""After this long a directory that differs is looked through again."""

# Of all devices udev's database names those by type and major number.
_DATABASE_PREFIX = 'c13:'
_ADVICE = 'run the agent as root and allow the device to its unit'


class InputSource:
    """Watch the event devices of a directory, for timestamps only.

    ``database`` is where udev puts what ``classify`` asks for. It does so
    after it made the links and gave the node its mode, so it is watched too.
    """

    name = 'input'

    def __init__(
        self,
        input_dir: Path,
        clock: Callable[[], float],
        window_s: float = 0.5,
        classify: devices.Classify = devices.by_links,
        database: Path | None = None,
    ) -> None:
        self._dir = input_dir
        self._listing = devices.Listing(input_dir, clock)
        self._clock = clock
        self._window_s = window_s
        self._classify = classify
        self._folders = _folders(input_dir, database)
        self._traps: dict[str, trap.Trap] = {}
        self._kinds: dict[str, DeviceClass] = {}
        self._last_s: dict[DeviceClass, float] = {}
        self._pointer_windows: set[int] = set()
        self._watch: folder.FolderWatch | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._repair: asyncio.TimerHandle | None = None
        self._on_event: Callable[[], None] = lambda: None

    async def start(self, on_event: Callable[[], None]) -> None:
        """Open every device and watch for new ones.

        Raises InputUnreadable when the directory, or every device in it,
        cannot be read.
        """
        self._loop = asyncio.get_running_loop()
        self._on_event = on_event
        try:
            self._watch = folder.FolderWatch(
                self._folders, self._loop, self._changed
            )
            self._scan()
        except OSError as problem:
            await self.stop()
            raise exception.InputUnreadable(
                f'input directory {self._dir} cannot be read '
                f'({problem.strerror}); {_ADVICE}'
            ) from problem
        errors = self._errors()
        if errors and len(errors) == len(self._traps):
            await self.stop()
            raise exception.InputUnreadable(f'{errors[0]}; {_ADVICE}')

    def health(self, now_s: float) -> model.Health:
        """Compare what is open with what the directory holds."""
        why = self._disagreement()
        if why:
            # Perhaps inotify is about to tell; if not, this makes up for it.
            self._repair_later()
            return model.Health(False, why)
        errors = self._errors()
        if errors:
            return model.Health(False, f'{errors[0]}; {_ADVICE}')
        if not any(trap.watching for trap in self._traps.values()):
            return model.Health(False, f'no input device in {self._dir}')
        return model.Health(True)

    def facts(self, now_s: float) -> model.InputFacts:
        """Return when input was last seen."""
        oldest = self._window(now_s) - WINDOWS
        return model.InputFacts(
            last_key_s=self._last_s.get(DeviceClass.KEY),
            last_pointer_s=self._last_s.get(DeviceClass.POINTER),
            pointer_windows=sum(w > oldest for w in self._pointer_windows),
        )

    async def stop(self) -> None:
        """Close every device."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        if self._repair is not None:
            self._repair.cancel()
            self._repair = None
        for name in list(self._kinds):
            self._forget(name)

    def _disagreement(self) -> str:
        """Say in what the directory differs from what is known of it."""
        if self._watch is None:
            return f'{self._dir} is not watched'
        try:
            listed = self._listing.read()
        except OSError as problem:
            return f'{self._dir} cannot be read: {problem.strerror}'
        if listed == self._kinds.keys():
            return ''
        names = ', '.join(sorted(listed ^ self._kinds.keys()))
        return f'{names} came or went unnoticed'

    def _repair_later(self) -> None:
        # With a delay: a scan has the facts read again, and so this called.
        if self._repair is None and self._loop and self._watch:
            self._repair = self._loop.call_later(REPAIR_S, self._mend)

    def _mend(self) -> None:
        self._repair = None
        self._changed(set())

    def _window(self, at_s: float) -> int:
        return int(at_s // self._window_s)

    def _errors(self) -> list[str]:
        traps = sorted(self._traps.items())
        return [trap.error for _name, trap in traps if trap.error]

    def _touched(self, name: str) -> None:
        now_s = self._clock()
        kind = self._kinds[name]
        self._last_s[kind] = now_s
        if kind is DeviceClass.POINTER:
            window = self._window(now_s)
            kept = {w for w in self._pointer_windows if w > window - WINDOWS}
            self._pointer_windows = kept | {window}
        self._on_event()

    def _changed(self, replaced: set[str]) -> None:
        if self._watch is None:
            return
        # A name that went and came back is another device.
        for name in replaced & set(self._kinds):
            self._forget(name)
        # What cannot be read, health tells at each look.
        with contextlib.suppress(OSError):
            self._scan()
        self._on_event()

    def _scan(self) -> None:
        """Bring what is open in line with what the directory holds."""
        if self._watch is not None:
            self._watch.refresh()
        listed = devices.listing(self._dir)
        for name in set(self._kinds) - listed:
            self._forget(name)
        for name in sorted(listed):
            self._adopt(name)

    def _adopt(self, name: str) -> None:
        kind = self._classify(self._dir / name)
        if kind != self._kinds.get(name):
            LOG.info('Input device %s counts as %s', name, kind.value)
        if kind is DeviceClass.IGNORED:
            self._forget(name)
        self._kinds[name] = kind
        if kind is DeviceClass.IGNORED:
            return
        if name not in self._traps:
            assert self._loop is not None
            self._traps[name] = trap.Trap(
                self._dir / name,
                self._loop,
                self._window_s,
                functools.partial(self._touched, name),
                self._on_event,
            )
        if not self._traps[name].watching:
            self._traps[name].arm()

    def _forget(self, name: str) -> None:
        LOG.info('Input device %s is not watched any more', name)
        self._kinds.pop(name, None)
        gone = self._traps.pop(name, None)
        if gone is not None:
            gone.close()


def _folders(input_dir: Path, database: Path | None) -> dict[Path, str]:
    folders = dict.fromkeys(
        (input_dir, *(input_dir / name for name in devices.LINK_FOLDERS)), ''
    )
    if database is not None:
        folders[database] = _DATABASE_PREFIX
    return folders
