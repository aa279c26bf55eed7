# SPDX-License-Identifier: Apache-2.0
"""Guests that stay paused until Nova says that they belong here.

A host that slept, or was cut off, may have lost its guests: Nova may have
started them again elsewhere meanwhile. Until it was asked none may run here.
"""

import collections
import dataclasses
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Set
from pathlib import Path

from oslo_log import log as logging

from nova_desktop import exception
from nova_desktop.mechanism import durable, fence_file
from nova_desktop.mechanism.fence_file import Fenced, Key

LOG = logging.getLogger(__name__)

FENCED = 'fenced'
FREE = 'free'
GONE = 'gone'
_BOOT_ID = Path('/proc/sys/kernel/random/boot_id')


@dataclasses.dataclass(frozen=True, slots=True)
class News:
    """What became of a guest: fenced, free or gone."""

    uuid: str
    before: str
    after: str
    why: str


class Fence:
    """The fence, in a file that outlives the agent and the boot.

    It is first closed, then filled with the guests that are found: one of
    which nobody can be asked just now is behind it from the first moment.
    Any thread may call; ``members`` and ``closed`` wait for nothing. ``news``
    is for whoever keeps the record.
    """

    def __init__(
        self,
        path: Path,
        wall: Callable[[], float] = time.time,
        boot_id: Path = _BOOT_ID,
    ) -> None:
        self.news: collections.deque[News] = collections.deque(maxlen=1000)
        self._path = path
        self._wall = wall
        self._boot_id = boot_id
        self._writing = threading.RLock()
        self._stored: fence_file.Content | None = None
        self._found: fence_file.Content | None = None

    @property
    def members(self) -> Mapping[str, Fenced]:
        """Give who is behind it, by UUID."""
        return self._content.guests

    @property
    def closed(self) -> str:
        """Give why all that are found are put behind it; empty if not."""
        return self._content.closed

    def close(self, why: str) -> None:
        """Put all that are found behind it until ``look`` has found them.

        Raise MechanismFailed if that was not written: it holds, and a killed
        agent will not know.
        """
        with self._writing:
            self._change(dataclasses.replace(self._content, closed=why))

    def look(
        self,
        ours: Iterable[Key],
        listed: Set[Key],
        is_known: Callable[[str], bool],
        stays_closed: bool,
    ) -> None:
        """Take the guests that there are; raise MechanismFailed as ``close``.

        ``listed`` has all that have a process; ``is_known`` says of any other
        whether it could be started. One that ended leaves the fence.
        """
        with self._writing:
            before = self._content
            found = dict(ours)
            guests = {
                uuid: dataclasses.replace(
                    each, number=found.get(uuid, each.number)
                )
                for uuid, each in before.guests.items()
                if uuid in found or _stays(uuid, each, listed, is_known)
            }
            if before.closed:
                now_s = self._wall()
                for uuid, number in found.items():
                    made = Fenced(now_s, before.closed, number)
                    guests.setdefault(uuid, made)
            closed = before.closed if stays_closed else ''
            self._change(fence_file.Content(closed, guests))

    def lift(self, uuid: str, why: str) -> bool:
        """Let a guest out; say whether it was in.

        It is out even where that cannot be written: then the next agent asks
        once more.
        """
        with self._writing:
            guests = dict(self._content.guests)
            if guests.pop(uuid, None) is None:
                return False
            content = dataclasses.replace(self._content, guests=guests)
            try:
                self._change(content, (FREE, why))
            except exception.MechanismFailed as error:
                LOG.warning('Guest %s is out of the fence; %s', uuid, error)
        return True

    def remove(self) -> None:
        """Leave nothing of it behind; raise MechanismFailed."""
        with self._writing:
            self._change(fence_file.EMPTY, (FREE, 'the agent is taken away'))

    @property
    def _content(self) -> fence_file.Content:
        # Read late: the thread that constructs may have no time for a disk.
        if self._found is None:
            with self._writing:
                if self._found is None:
                    self._found = self._read()
        return self._found

    def _read(self) -> fence_file.Content:
        try:
            found = fence_file.read(self._path, self._boot())
        except FileNotFoundError:
            found = fence_file.EMPTY
        except fence_file.UNREADABLE as error:
            LOG.error(
                'The fence %s cannot be read (%r): every guest of this host '
                'is paused until Nova says that it belongs here',
                self._path,
                error,
            )
            return fence_file.Content('its record could not be read')
        self._stored = found
        return found

    def _change(
        self,
        content: fence_file.Content,
        lost: tuple[str, str] = (GONE, 'it has ended'),
    ) -> None:
        """Put a content in force, then on the disk, and tell of it.

        ``lost`` is what has become of those that are out of it, and why.
        """
        before, self._found = self._content.guests, content
        after = content.guests
        for uuid in sorted(before.keys() - after.keys()):
            self.news.append(News(uuid, FENCED, *lost))
        for uuid in sorted(after.keys() - before.keys()):
            self.news.append(News(uuid, FREE, FENCED, after[uuid].why))
        if content == self._stored:
            return
        try:
            if content == fence_file.EMPTY:
                durable.discard(self._path)
            else:
                fence_file.write(self._path, content, self._boot())
        except OSError as error:
            raise exception.MechanismFailed(
                f'the fence {self._path} was not written ({error}), so that a '
                'restarted agent will not know of it: make room there, or '
                'correct [agent] state_dir'
            ) from error
        self._stored = content

    def _boot(self) -> str:
        return self._boot_id.read_text().strip()


def _stays(
    uuid: str,
    each: Fenced,
    listed: Set[Key],
    is_known: Callable[[str], bool],
) -> bool:
    """Say whether one that was not found among ours may come yet."""
    if each.number is not None:
        return (uuid, each.number) in listed
    return is_known(uuid)
