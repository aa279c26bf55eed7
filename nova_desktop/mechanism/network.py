# SPDX-License-Identifier: Apache-2.0
"""The bandwidth of guests' network devices."""

import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from nova_desktop import exception, model
from nova_desktop.mechanism import (
    calls,
    guest_record,
    hypervisor,
    libvirt_link,
)

libvirt = libvirt_link.libvirt

Parameters = dict[str, int]

_WAYS = ('inbound', 'outbound')
_NAMES = tuple(
    f'{way}.{name}' for way in _WAYS for name in ('average', 'peak', 'burst')
)
# libvirt works off what it was asked in any order, for half a minute: also
# the limit that an agent asked for which was killed before it had an answer.
_LATE_S = 30.0
# libvirt counts thousands of bytes, as tc does, whatever it calls them.
_UNIT_BYTES = 1000


class GuestNetworks:
    """Limits what each guest sends and receives, on each of its devices.

    A limit that a guest had before is kept where it is stricter, and stands
    in ``record`` until it is given back and nobody's late limit can follow.
    """

    def __init__(
        self,
        guests: hypervisor.Hypervisor,
        record: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hypervisor = guests
        self._record = guest_record.GuestRecord(record)
        self._clock = clock
        self._given: dict[hypervisor.Key, float] = {}
        self._calls = calls.Calls()
        self._applied = model.NetworkTarget()

    def apply(self, target: model.NetworkTarget) -> None:
        """Limit every guest, or give back; raise MechanismFailed."""
        self._applied = target
        if target.kib_per_s is None and self.is_released:
            return
        self._given.clear()
        guests = self._guests()
        problems = [] if target.kib_per_s is None else self._remember(guests)
        _raise(problems + self._limit(self._known(guests)))

    def current(self) -> model.NetworkTarget:
        """Read back the limits; asks nobody while there are to be none."""
        target = self._applied
        if target.kib_per_s is None:
            if not self.is_released:
                self._confirm()
            return target
        guests = self._guests()
        answers = self._calls.each(guests, self._read)
        _raise(answers.problems('asked for its network limits'))
        if all(
            found == self._wanted(guest, tap, found)
            for guest in guests
            for tap, found in answers.given.get(guest.uuid, {}).items()
        ):
            return target
        loosest = _loosest(answers.given.values())
        return model.NetworkTarget() if loosest == target else loosest

    @property
    def is_released(self) -> bool:
        """Say whether every guest has the limits that it had."""
        return len(self._record) == 0

    def release(self) -> None:
        """Give guests the limits back that they had, and be done with it."""
        self.apply(model.NetworkTarget())
        self._record.drop(self._given)

    def _confirm(self) -> None:
        """Give back again what was not, and forget whose is for long."""
        guests = self._known(self._guests())
        answers = self._calls.each(guests, self._read)
        wrong = [
            guest
            for guest in guests
            if not self._has_back(guest, answers.given.get(guest.uuid))
        ]
        for guest in wrong:
            self._given.pop(guest.key, None)
        problems = self._limit(wrong)
        then_s = self._clock() - _LATE_S
        self._record.drop(
            [key for key, at_s in self._given.items() if at_s <= then_s]
        )
        _raise(problems)

    def _has_back(
        self, guest: hypervisor.Guest, found: dict[str, Parameters] | None
    ) -> bool:
        if found is None:
            return False
        before = self._before(guest)
        return all(before.get(tap, has) == has for tap, has in found.items())

    def _limit(self, guests: Sequence[hypervisor.Guest]) -> list[str]:
        """Write what guests are to have; note who has it back."""
        answers = self._calls.each(guests, self._write)
        if self._applied.kib_per_s is None:
            now_s = self._clock()
            self._given |= {
                each.key: now_s
                for each in guests
                if each.uuid in answers.given
            }
        return answers.problems('limited on the network')

    def _known(
        self, guests: Sequence[hypervisor.Guest]
    ) -> list[hypervisor.Guest]:
        return [guest for guest in guests if guest.key in self._record]

    def _guests(self) -> list[hypervisor.Guest]:
        guests = self._hypervisor.guests()
        self._record.keep(self._hypervisor.listed)
        return guests

    def _remember(self, guests: Sequence[hypervisor.Guest]) -> list[str]:
        """Record what each device had; those that are recorded stay so.

        Gives which could not be asked: they are not limited, or what they
        had would be lost.
        """
        fresh = [guest for guest in guests if self._unknown(guest)]
        answers = self._calls.each(fresh, self._read_own)
        self._record.put(
            {
                guest.key: answers.given[guest.uuid] | self._before(guest)
                for guest in fresh
                if guest.uuid in answers.given
            }
        )
        return answers.problems('asked for its network limits')

    def _before(self, guest: hypervisor.Guest) -> dict[str, Parameters]:
        before: dict[str, Parameters] = self._record.get(guest.key, {})
        return before

    def _unknown(self, guest: hypervisor.Guest) -> bool:
        before = self._before(guest)
        return any(tap not in before for tap in guest.description.taps)

    def _read_own(self, guest: hypervisor.Guest) -> dict[str, Parameters]:
        """Read what a guest has, without a limit that is exactly ours.

        One that comes late may meet a guest that was started again meanwhile,
        and is no limit that it had before.
        """
        found = self._read(guest)
        for parameters, way in itertools.product(found.values(), _WAYS):
            if self._limited(way).items() <= parameters.items():
                parameters[f'{way}.average'] = 0
        return found

    def _limited(self, way: str) -> Parameters:
        """Give our limit of one way."""
        kib_per_s = self._applied.kib_per_s or 0
        return {
            f'{way}.average': max(1, kib_per_s * 1024 // _UNIT_BYTES),
            f'{way}.peak': 0,
            f'{way}.burst': 0,
        }

    def _read(self, guest: hypervisor.Guest) -> dict[str, Parameters]:
        found = {}
        for tap in guest.description.taps:
            told = guest.domain.interfaceParameters(
                tap, libvirt.VIR_DOMAIN_AFFECT_LIVE
            )
            found[tap] = {name: int(told.get(name, 0)) for name in _NAMES}
        return found

    def _write(self, guest: hypervisor.Guest) -> None:
        before = self._before(guest)
        # A daemon that was killed in the middle believes that there is no
        # limit, and the kernel has one.
        anew = self._applied.kib_per_s is None
        for tap, found in self._read(guest).items():
            wanted = self._wanted(guest, tap, found)
            if tap in before and (anew or wanted != found):
                guest.domain.setInterfaceParameters(
                    tap, wanted, libvirt.VIR_DOMAIN_AFFECT_LIVE
                )

    def _wanted(
        self, guest: hypervisor.Guest, tap: str, found: Parameters
    ) -> Parameters:
        """Give what a device is to have: the stricter of its and ours."""
        before = self._before(guest).get(tap)
        if self._applied.kib_per_s is None:
            return found if before is None else before
        wanted = dict(before or found)
        for way in _WAYS:
            average, ours = wanted[f'{way}.average'], self._limited(way)
            if average == 0 or average > ours[f'{way}.average']:
                wanted |= ours
        return wanted


def _loosest(
    guests: Iterable[Mapping[str, Parameters]],
) -> model.NetworkTarget:
    averages = [
        found[f'{way}.average']
        for taps in guests
        for found in taps.values()
        for way in _WAYS
    ]
    if 0 in averages:
        return model.NetworkTarget()
    return model.NetworkTarget(max(averages) * _UNIT_BYTES // 1024)


def _raise(problems: Sequence[str]) -> None:
    if problems:
        raise exception.MechanismFailed('; '.join(problems))
