# SPDX-License-Identifier: Apache-2.0
"""Memory that guests give back by their balloons."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.mechanism import (
    calls,
    guest_record,
    hypervisor,
    libvirt_link,
)

LOG = logging.getLogger(__name__)

libvirt = libvirt_link.libvirt

Plan = Callable[[Sequence[model.GuestMemory], int], Mapping[str, int]]

_KIB = 1024
# A guest's kernel rounds, and moves pages in its own time.
_CLOSE_MIB = 16
_TIME_S = 10.0
_STATS_PERIOD_S = 5


@dataclasses.dataclass(slots=True)
class _Asked:
    """What a guest was asked to keep, when, and whether it once did."""

    mib: int
    at_s: float
    reached: bool = False


class GuestBalloons:
    """Has guests give back what they do not need, and returns it.

    ``plan`` gives what each keeps, of readings and of what all together may.
    What they had before stands in ``record``; no guest ever gets more. Those
    without a balloon, and those whose memory a device of the host reaches,
    count with all they have.
    """

    def __init__(
        self,
        guests: hypervisor.Hypervisor,
        plan: Plan,
        record: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.missing_mib = 0
        self._hypervisor = guests
        self._plan = plan
        self._record = guest_record.GuestRecord(record)
        self._clock = clock
        self._calls = calls.Calls()
        self._applied = model.BalloonTarget()
        self._asked: dict[hypervisor.Key, _Asked] = {}

    def apply(self, target: model.BalloonTarget) -> None:
        """Ask guests to shrink or to grow; raise MechanismFailed.

        They do it in their own time: whether they did shows later.
        """
        self._applied = target
        self.missing_mib = 0
        if target.memory_mib is None and self.is_released:
            return
        guests = self._guests()
        if target.memory_mib is None:
            return self._give_back(guests)
        found, problems = self._read(guests)
        problems += self._ask(guests, found, target.memory_mib)
        _raise(problems + self._late(found))

    def current(self) -> model.BalloonTarget:
        """Read back what guests have, and follow what they need.

        Their needs change, and with them what each is asked to keep: one
        that was never given more would run out of memory.
        """
        target = self._applied
        if target.memory_mib is None:
            if not self.is_released:
                self._give_back(self._guests())
            return target
        guests = self._guests()
        found, problems = self._read(guests)
        if self._grown(found):
            return model.BalloonTarget()
        problems += self._ask(guests, found, target.memory_mib)
        _raise(problems + self._late(found))
        return target

    @property
    def is_released(self) -> bool:
        """Say whether every guest has what it had."""
        return len(self._record) == 0

    def release(self) -> None:
        """Give back to guests what was taken."""
        self.apply(model.BalloonTarget())

    def _guests(self) -> list[hypervisor.Guest]:
        guests = self._hypervisor.guests()
        present = self._hypervisor.listed
        self._record.keep(present)
        for key in self._asked.keys() - present:
            del self._asked[key]
        return guests

    def _read(
        self, guests: Sequence[hypervisor.Guest]
    ) -> tuple[dict[hypervisor.Key, model.GuestMemory], list[str]]:
        answers = self._calls.each(guests, self._read_one)
        found = {
            guest.key: answers.given[guest.uuid]
            for guest in guests
            if guest.uuid in answers.given
        }
        return found, answers.problems('asked for its memory')

    def _read_one(self, guest: hypervisor.Guest) -> model.GuestMemory:
        stats = guest.domain.memoryStats()
        if 'actual' not in stats:
            # A daemon that was killed does not know its guests at once.
            raise exception.MechanismFailed(
                'libvirt does not know yet how much it has'
            )
        actual_mib = int(stats['actual']) // _KIB
        # What stands still gives nothing back.
        tells = guest.description.balloon and guest.is_running
        if tells and 'available' not in stats:
            # Nova has them told by default; it takes a period until they are.
            guest.domain.setMemoryStatsPeriod(
                _STATS_PERIOD_S, libvirt.VIR_DOMAIN_AFFECT_LIVE
            )
        told = stats if tells else {}
        return model.GuestMemory(
            uuid=guest.uuid,
            maximum_mib=int(self._record.get(guest.key, actual_mib)),
            actual_mib=actual_mib,
            available_mib=_mib(told.get('available')),
            usable_mib=_mib(told.get('usable', told.get('unused'))),
        )

    def _ask(
        self,
        guests: Sequence[hypervisor.Guest],
        found: Mapping[hypervisor.Key, model.GuestMemory],
        budget_mib: int,
    ) -> list[str]:
        """Have each guest keep its part, where that is news to it."""
        kept = self._plan(list(found.values()), budget_mib)
        self.missing_mib = max(0, _sum(found, kept) - budget_mib)
        asked = {
            guest.key: kept[guest.uuid]
            for guest in guests
            if guest.key in found
            and guest.uuid in kept
            and self._is_news(guest.key, kept[guest.uuid], found[guest.key])
        }
        # Before they are asked: else nobody would know what they had.
        self._record.put(
            {
                key: found[key].maximum_mib
                for key in asked
                if key not in self._record
            }
        )
        return self._set([each for each in guests if each.key in asked], asked)

    def _is_news(
        self, key: hypervisor.Key, mib: int, found: model.GuestMemory
    ) -> bool:
        before = self._asked.get(key)
        if before is None:
            return mib < found.maximum_mib or key in self._record
        return abs(mib - before.mib) > _CLOSE_MIB

    def _set(
        self,
        guests: Sequence[hypervisor.Guest],
        mib: Mapping[hypervisor.Key, int],
    ) -> list[str]:
        answers = self._calls.each(
            guests,
            lambda guest: guest.domain.setMemoryFlags(
                mib[guest.key] * _KIB, libvirt.VIR_DOMAIN_AFFECT_LIVE
            ),
        )
        for guest in guests:
            if guest.uuid in answers.given:
                LOG.info('Guest %s keeps %d MiB', guest.uuid, mib[guest.key])
                self._asked[guest.key] = _Asked(mib[guest.key], self._clock())
        return answers.problems('given its part of the memory')

    def _grown(
        self, found: Mapping[hypervisor.Key, model.GuestMemory]
    ) -> bool:
        """Say whether somebody gave memory to a guest that had shrunk.

        Such a guest is asked anew.
        """
        grown = set()
        for key, asked in self._asked.items():
            if key not in found:
                continue
            close = found[key].actual_mib <= asked.mib + _CLOSE_MIB
            if asked.reached and not close:
                grown.add(key)
            asked.reached = asked.reached or close
        for key in grown:
            del self._asked[key]
        return bool(grown)

    def _late(
        self, found: Mapping[hypervisor.Key, model.GuestMemory]
    ) -> list[str]:
        """Word which guests had their time and kept what they had."""
        now_s = self._clock()
        return [
            f'guest {memory.uuid} has {memory.actual_mib} MiB and was asked '
            f'to keep {asked.mib}: it has no balloon driver, no CPU to run '
            'it, or needs them'
            for key, memory in found.items()
            if (asked := self._asked.get(key)) is not None
            and memory.available_mib is not None
            and memory.actual_mib > asked.mib + _CLOSE_MIB
            and now_s - asked.at_s > _TIME_S
        ]

    def _give_back(self, guests: Sequence[hypervisor.Guest]) -> None:
        """Ask guests to grow to what they had, and forget those that did.

        What one had stays on record until it was asked and has it: it may
        not have begun to shrink yet, or be asked to shrink again meanwhile.
        """
        shrunk = [guest for guest in guests if guest.key in self._record]
        had = {guest.key: int(self._record.get(guest.key)) for guest in shrunk}
        asked = {
            key
            for key, mib in had.items()
            if key in self._asked and self._asked[key].mib >= mib
        }
        found, problems = self._read([g for g in shrunk if g.key in asked])
        grown = {key for key in found if found[key].actual_mib >= had[key]}
        self._record.drop(grown)
        for key in grown:
            del self._asked[key]
        problems += self._set([g for g in shrunk if g.key not in asked], had)
        _raise(problems)


def _mib(kib: Any) -> int | None:
    return None if kib is None else int(kib) // _KIB


def _sum(
    found: Mapping[hypervisor.Key, model.GuestMemory], kept: Mapping[str, int]
) -> int:
    return sum(kept.get(each.uuid, each.actual_mib) for each in found.values())


def _raise(problems: Sequence[str]) -> None:
    if problems:
        raise exception.MechanismFailed('; '.join(problems))
