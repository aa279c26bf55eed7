# SPDX-License-Identifier: Apache-2.0
"""The bandwidth of guests' network devices."""

from collections.abc import Iterable, Mapping, Sequence
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
# libvirt counts thousands of bytes, as tc does, whatever it calls them.
_UNIT_BYTES = 1000


class GuestNetworks:
    """Limits what each guest sends and receives, on each of its devices.

    A limit that a guest had before is kept where it is stricter, and stands
    in ``record`` until it is given back.
    """

    def __init__(self, guests: hypervisor.Hypervisor, record: Path) -> None:
        self._hypervisor = guests
        self._record = guest_record.GuestRecord(record)
        self._calls = calls.Calls()
        self._applied = model.NetworkTarget()

    def apply(self, target: model.NetworkTarget) -> None:
        """Limit every guest, or give back; raise MechanismFailed."""
        self._applied = target
        if target.kib_per_s is None and self.is_released:
            return
        guests = self._guests()
        problems = [] if target.kib_per_s is None else self._remember(guests)
        known = [guest for guest in guests if guest.key in self._record]
        answers = self._calls.each(known, self._write)
        _raise(problems + answers.problems('limited on the network'))
        if target.kib_per_s is None:
            # Of one that does not answer it is not known what it has.
            self._record.drop(
                [each.key for each in known if each.uuid in answers.given]
            )

    def current(self) -> model.NetworkTarget:
        """Read back the limits; asks nobody while there are to be none."""
        target = self._applied
        if target.kib_per_s is None:
            if not self.is_released:
                self.apply(target)
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
        """Give guests the limits back that they had."""
        self.apply(model.NetworkTarget())

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
        answers = self._calls.each(fresh, self._read)
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
        kib_per_s = self._applied.kib_per_s
        if kib_per_s is None:
            return found if before is None else before
        ours = max(1, kib_per_s * 1024 // _UNIT_BYTES)
        wanted = dict(before or found)
        for way in _WAYS:
            average = wanted[f'{way}.average']
            if average == 0 or average > ours:
                wanted |= {
                    f'{way}.average': ours,
                    f'{way}.peak': 0,
                    f'{way}.burst': 0,
                }
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
