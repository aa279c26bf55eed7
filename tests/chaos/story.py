# SPDX-License-Identifier: Apache-2.0
"""One seed: disorder for a while, then silence, and who says what."""

import dataclasses
import pathlib
import re
import shutil
import statistics
import time
from collections.abc import Callable, Mapping

from tests.chaos import actor, agreement, operator, owner, rig, tenant

_FIRST_GUESTS = 3
_BOOT_S = 60.0
_LAST_ACTION_S = 60.0
_LOGS = ('log', 'state', 'agent.conf')


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed did and showed.

    ``problems`` is empty where all agreed, ``took_ms`` has what was measured,
    ``kept`` is where the logs of a seed with problems are.
    """

    seed: int
    count: Mapping[str, int]
    problems: tuple[str, ...]
    took_ms: Mapping[str, list[float]]
    lasted_s: float
    kept: pathlib.Path | None = None

    def line(self) -> str:
        """Word it in a line."""
        done = ' '.join(f'{k}={v}' for k, v in sorted(self.count.items()))
        times = ', '.join(
            f'{name} {_spread(values)}'
            for name, values in sorted(self.took_ms.items())
        )
        verdict = 'agree' if not self.problems else 'DISAGREE'
        where = f' (kept in {self.kept})' if self.kept else ''
        return (
            f'seed {self.seed}: {verdict}{where}; {times}; {done}; '
            f'{self.lasted_s:.0f} s'
        )


def play(seed: int, for_s: float, folder: pathlib.Path) -> Outcome:
    """Play a seed for some seconds; keep the logs if it ends badly."""
    began_s = time.monotonic()
    at = rig.Rig()
    try:
        cast: list[actor.Actor] = [
            each(at, seed)
            for each in (owner.Owner, tenant.Tenant, operator.Operator)
        ]
        try:
            problems = _played(at, cast, for_s)
        except Exception as error:  # noqa: BLE001 - told as the verdict
            problems = [*at.violations, repr(error)]
        outcome = Outcome(
            seed,
            {name: n for each in cast for name, n in each.count.items()},
            tuple(problems),
            at.took_ms,
            time.monotonic() - began_s,
        )
        if problems:
            kept = folder / f'seed-{seed}'
            _keep(at, problems, kept)
            outcome = dataclasses.replace(outcome, kept=kept)
        return outcome
    finally:
        at.close()


def _played(at: rig.Rig, cast: list[actor.Actor], for_s: float) -> list[str]:
    try:
        guests = [at.boot().name() for _ in range(_FIRST_GUESTS)]
        for name in guests:
            at.guests.booted(name, _BOOT_S)
        at.start_agent()
        for each in cast:
            each.start()
        time.sleep(for_s)
    finally:
        for each in cast:
            each.stop()
        for each in cast:
            each.join(_LAST_ACTION_S)
        at.daemon_is_back()
    problems = _ends(at)
    log = at.desk.log.read_text()
    problems += re.findall(r'^Traceback.*$|.*ERROR.*Traceback.*', log, re.M)
    return at.violations + problems


def _ends(at: rig.Rig) -> list[str]:
    """Give what does not agree as it was left, and in three situations."""
    problems = _checked(at, 'as it was left')
    if not at.desk.say('Pause', 't', 0):
        problems.append('the owner may not pause the lending')
    problems += _checked(at, 'nothing is lent', limits=agreement.PAUSED)
    if not at.desk.say('Resume'):
        problems.append('the owner may not resume')
    at.desk.lock(False)
    with at.desk.at_work():
        problems += _checked(at, 'at work', 'active', agreement.HELD)
    at.desk.lock(True)
    problems += _checked(at, 'all are gone', 'away', agreement.RELEASED)
    return problems


def _checked(
    at: rig.Rig,
    name: str,
    presence: str = '',
    limits: Mapping[str, str] | None = None,
) -> list[str]:
    at.note(f'check {name}')
    began_s = time.monotonic()
    found = agreement.settle(at, presence, limits or {})
    at.took('settle', began_s)
    return [f'{name}: {text}' for text in found]


def _keep(at: rig.Rig, problems: list[str], folder: pathlib.Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in _LOGS:
        found = at.desk.dir / name
        copy: Callable[..., object] = (
            shutil.copytree if found.is_dir() else shutil.copy
        )
        copy(found, folder / f'agent-{name}')
    shutil.copy(at.guests.dir / 'libvirtd.log', folder)
    for log in (at.guests.dir / 'var/log').rglob('*.log'):
        shutil.copy(log, folder / f'qemu-{log.name}')
    (folder / 'actions').write_text('\n'.join([*at.actions, ' ', *problems]))


def _spread(values: list[float]) -> str:
    if len(values) < 2:
        return f'{values[0]:.1f} ms'
    p99 = statistics.quantiles(values, n=100, method='inclusive')[98]
    return f'p99 {p99:.1f} max {max(values):.1f} ms of {len(values)}'
