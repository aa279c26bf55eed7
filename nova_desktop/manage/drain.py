# SPDX-License-Identifier: Apache-2.0
"""Take a workstation out of the cloud, and give it back.

This writes into Nova alone. The reclaim service sees it there and has the
guests leave.
"""

import time
from collections.abc import Iterator
from typing import Any

from nova_desktop import exception
from nova_desktop.doctor.result import Result, State, ok, problem
from nova_desktop.manage import computes, guests, workstations
from nova_desktop.policy import asked
from nova_desktop.policy.drain import Drain

POLL_S = 5.0


class Clock:
    """The time, and waiting: Nova has no event for a server's leaving."""

    def steady(self) -> float:
        """Give monotonic seconds."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)


def check(reason: str, within_s: int | None) -> Drain:
    """Give what is wanted; raise BadValue for a text that Nova cannot keep."""
    wanted = Drain(reason.strip(), within_s)
    if not wanted.why.isprintable() or len(wanted.why) > wanted.room:
        allowed = f'must be one line of at most {wanted.room} characters'
        raise exception.BadValue('--reason', reason, allowed)
    return wanted


def drain(cloud: Any, host: str, wanted: Drain) -> Iterator[Result]:
    """Give what became of the host, and who is to leave it or stays.

    Without a text and a time a drain that is there stays as it is. Raises
    BadValue for a host that cannot be drained, and CloudFailed.
    """
    compute = computes.named(cloud, host)
    if not workstations.hosts(cloud).get(host):
        allowed = f'must be a workstation, with the trait {asked.TRAIT}'
        raise exception.BadValue('HOST', host, allowed)
    if _is_somebodys(compute):
        yield _somebodys(compute)
        return
    if compute.drain is None and not compute.up:
        raise exception.BadValue(
            'HOST',
            host,
            'must be up: its nova-compute gives no sign of life, so nobody '
            'can leave it',
        )
    yield _drained(cloud, compute, wanted)
    for guest in guests.of(cloud, host):
        yield guest.result


def _drained(cloud: Any, compute: computes.Compute, wanted: Drain) -> Result:
    what, known = f'host {compute.host}', compute.drain
    if known is not None and wanted in (known, Drain()):
        return Result(State.KEPT, what, f'disabled: {compute.disabled}')
    computes.disable(cloud, compute, wanted.text)
    return Result(State.UPDATED, what, f'disabled: {wanted.text}')


def undrain(cloud: Any, host: str) -> Iterator[Result]:
    """Give what became of the host; raise BadValue or CloudFailed."""
    compute = computes.named(cloud, host)
    what = f'host {host}'
    if _is_somebodys(compute):
        yield _somebodys(compute)
    elif compute.disabled is None:
        yield Result(State.KEPT, what, 'enabled')
    else:
        computes.enable(cloud, compute)
        yield Result(State.UPDATED, what, 'enabled')


def _is_somebodys(compute: computes.Compute) -> bool:
    return compute.disabled is not None and compute.drain is None


def _somebodys(compute: computes.Compute) -> Result:
    return problem(
        f'host {compute.host}',
        f'disabled by somebody else: {compute.disabled or "(no reason)"}',
        'left as it is; "openstack compute service set --enable '
        f'{compute.host} nova-compute" enables it',
    )


def wait(
    cloud: Any, host: str, timeout_s: float, clock: Clock
) -> Iterator[Result]:
    """Give who still has to leave each time that changes, until nobody has.

    Raises BadValue when the host is gone, and CloudFailed.
    """
    what, end, said = f'host {host}', clock.steady() + timeout_s, ''
    while True:
        ended = computes.named(cloud, host).drain is None
        left = [each.id for each in guests.of(cloud, host) if each.way]
        if not left:
            yield ok(what, 'no preemptible instance holds memory there')
            return
        found = f'{len(left)} still to leave: {", ".join(left)}'
        if ended:
            yield problem(what, 'not drained any more', found)
            return
        if clock.steady() >= end:
            remedy = 'reclaim-status tells why; they go on leaving'
            yield problem(what, f'after {timeout_s:g} s {found}', remedy)
            return
        if found != said:
            yield ok(what, found)
            said = found
        clock.wait(min(POLL_S, max(0.0, end - clock.steady())))
