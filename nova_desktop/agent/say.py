# SPDX-License-Identifier: Apache-2.0
"""Keep what the owner said, over restarts and reboots."""

import asyncio
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.agent import say_file
from nova_desktop.policy import say

LOG = logging.getLogger(__name__)


class SayKeeper:
    """What the owner said: in force when it is said, on disk by ``save``.

    ``wall`` gives unix seconds.
    """

    def __init__(self, path: Path, wall: Callable[[], float]) -> None:
        self._path = path
        self._wall = wall
        self._say = model.Say()
        self._saved: model.Say | None = self._say
        self._saving = asyncio.Lock()
        self._unread = ''

    def load(self) -> None:
        """Read what was said before; what cannot be read is a pause."""
        try:
            self._say = say_file.read(self._path)
        except FileNotFoundError:
            self._say = model.Say()
        except (OSError, ValueError) as error:
            LOG.error(
                'What the owner said cannot be read from %s, so nothing is '
                'lent until he says: nova-desktop resume. %s',
                self._path,
                error,
            )
            self._say = model.Say(pause=model.Spell())
            self._saved = None
            self._unread = (
                'what the owner said before cannot be read, so the lending '
                'is paused until he says: nova-desktop resume'
            )
        else:
            self._saved = self._say

    def current(self) -> model.Say:
        """Give what holds now."""
        return say.live(self._say, self._wall())

    def rules(self, now_s: float) -> model.Rules:
        """Give the bounds of now, which is monotonic ``now_s``."""
        found = say.rules(self._say, self._wall(), now_s)
        if not self._unread:
            return found
        bounds = tuple(
            dataclasses.replace(bound, reason=self._unread)
            if not bound.admit
            else bound
            for bound in found.bounds
        )
        return dataclasses.replace(found, bounds=bounds)

    def pause(self, until_unix_s: float | None) -> None:
        """Lend nothing until then, or until resumed; raise BadValue."""
        spell = self._spell(until_unix_s)
        self._hear(dataclasses.replace(self._say, pause=spell, lend=None))

    def lend(self, until_unix_s: float | None) -> None:
        """Lend as if the owner were away; raise BadValue."""
        spell = self._spell(until_unix_s)
        self._hear(dataclasses.replace(self._say, pause=None, lend=spell))

    def resume(self) -> None:
        """End a pause or a lending; the parts stay as they are."""
        self._hear(dataclasses.replace(self._say, pause=None, lend=None))

    def limit(self, cpu: float | None, memory: float | None) -> None:
        """Lend at most these parts of the host; raise BadValue."""
        for name, part in (('cpu', cpu), ('memory', memory)):
            if part is not None and not 0 <= part <= 1:
                raise exception.BadValue(
                    name, part, 'must be 0 to 1, or negative for no bound'
                )
        unread = self._unread
        self._hear(dataclasses.replace(self._say, cpu=cpu, memory=memory))
        self._unread = unread

    async def save(self) -> None:
        """Write what was said; raise HostUnready if it is not on disk.

        Return once it would survive a loss of power. The loop goes on.
        """
        async with self._saving:
            said = self._say
            if said == self._saved:
                return
            try:
                await asyncio.to_thread(say_file.write, self._path, said)
            except OSError as error:
                problem = (
                    f'it is in force, but forgotten at a restart: '
                    f'{self._path} cannot be written: {error}'
                )
                LOG.error('What the owner said: %s', problem)
                raise exception.HostUnready(problem) from error
            self._saved = said

    def change(self, before: model.Say, who: str) -> model.Change:
        """Word what ``who`` changed since ``before``, for the record."""
        return model.Change(
            self._wall(), 'say', text(before), text(self.current()), who
        )

    def _hear(self, said: model.Say) -> None:
        self._say = said
        self._unread = ''

    def _spell(self, until_unix_s: float | None) -> model.Spell:
        if until_unix_s is None:
            return model.Spell()
        now = self._wall()
        if not now < until_unix_s <= now + say.LONGEST_S:
            raise exception.BadValue(
                'until_unix',
                until_unix_s,
                'must be later than now and at most a year ahead, or 0 for '
                'until resumed',
            )
        return model.Spell(until_unix_s)


def text(said: model.Say) -> str:
    """Word a say in a few words, in the local time of this host."""
    words = []
    if said.pause is not None:
        words.append(f'paused {_until(said.pause)}')
    if said.lend is not None:
        words.append(f'lent {_until(said.lend)}')
    if said.cpu is not None:
        words.append(f'at most {said.cpu:.3g} of the CPUs')
    if said.memory is not None:
        words.append(f'at most {said.memory:.3g} of the memory')
    return ', '.join(words) or 'nothing'


def _until(spell: model.Spell) -> str:
    if spell.until_unix_s is None:
        return 'until resumed'
    local = time.localtime(spell.until_unix_s)
    return f'until {time.strftime("%Y-%m-%d %H:%M", local)}'
