# SPDX-License-Identifier: Apache-2.0
"""Whether kernel, libvirt and the agent's records say what the agent says."""

import re
import subprocess
import time
from collections.abc import Iterator, Mapping

import libvirt

from nova_desktop.mechanism import cgroup, disk, io_files
from sandbox import private_libvirt
from tests.chaos import rig

_PERIOD_US = 100_000
_LEAST_US = 1000
_ROUNDED_US = 2
_PATIENCE_S = 40.0
_LOOK_S = 0.2
# A guest that gives nothing back is told of, and no contradiction.
_TOLD = 'was asked to keep'
_CLOSE_KIB = 16 * 1024

RELEASED = {
    'slice': 'no limit, idle class',
    'cores': 'every CPU',
    'disk': 'no limit',
    'network': 'no limit',
    'pause': 'nobody',
    'balloon': 'all that guests were given',
}
"""What the agent says where it holds nobody."""
PAUSED = {'slice': '0 CPUs, idle class', 'pause': 'everybody'}
"""What it says where nothing is lent."""
HELD = {
    'network': '1024 KiB/s for each guest',
    'pause': 'guests with a device of the host',
}
"""What it says where guests yield, of what nothing else bends."""
_ANY: Mapping[str, str] = {}


def settle(
    at: rig.Rig, presence: str = '', limits: Mapping[str, str] = _ANY
) -> list[str]:
    """Wait until all agree; give what does not in the end.

    ``presence`` and ``limits`` are what the agent has to say, if that is
    known.
    """
    end_s = time.monotonic() + _PATIENCE_S
    while True:
        found = _look(at, presence, limits)
        if not found or time.monotonic() > end_s:
            return found
        time.sleep(_LOOK_S)


def _look(
    at: rig.Rig, presence: str, expected: Mapping[str, str]
) -> list[str]:
    status = at.desk.status()
    if status is None:
        return ['there is no agent on the bus']
    try:
        found = list(_differences(at, status['Limits']))
    except (OSError, libvirt.libvirtError) as error:
        return [repr(error)]
    except subprocess.CalledProcessError as error:
        return [f'{error.cmd[-1]}: {error.stderr}']
    after = at.desk.status()
    if after is None or after['Sequence'] != status['Sequence']:
        return ['the agent changes its mind', *found]
    found += _trouble(status['Sources'])
    if presence and status['Presence'] != presence:
        found.append(f'nobody is {presence}: {status["Reason"]}')
    for rung, wanted in expected.items():
        if status['Limits'][rung] != wanted:
            found.append(f'{rung} is {status["Limits"][rung]}, not {wanted}')
    return found


def _differences(at: rig.Rig, limits: dict[str, str]) -> Iterator[str]:
    yield from _slice(at, limits['slice'])
    yield from _cores(at, limits['cores'])
    yield from _disks(at, limits['disk'])
    yield from _network(at, limits['network'])
    yield from _pause(at, limits['pause'])
    if limits['balloon'] == RELEASED['balloon']:
        yield from _balloons(at)


def _trouble(sources: dict[str, str]) -> Iterator[str]:
    for name, state in sources.items():
        if state != 'ok' and _TOLD not in state:
            yield f'{name}: {state}'


def _slice(at: rig.Rig, said: str) -> Iterator[str]:
    limit, _, kind = said.partition(', ')
    wanted = float('inf')
    if limit != 'no limit':
        cpus = float(limit.removesuffix(' CPUs'))
        wanted = max(_LEAST_US, cpus * _PERIOD_US)
    found = at.desk.quota()
    if found != wanted and abs(found - wanted) > _ROUNDED_US:
        yield f'the agent says {said}, the quota is {found}'
    idle = (at.desk.cgroups.guests / 'cpu.idle').read_text().strip()
    if (idle == '1') != (kind == 'idle class'):
        yield f'the agent says {said}, cpu.idle is {idle}'


def _cores(at: rig.Rig, said: str) -> Iterator[str]:
    group = at.guests.tree.group(private_libvirt.GROUP, 'cpuset')
    found = (group / 'cpuset.cpus').read_text().strip()
    whole = (group.parent / 'cpuset.cpus').read_text().strip()
    wanted = whole if said == 'every CPU' else said.removeprefix('CPU ')
    if found != wanted.replace(' ', ''):
        yield f'the agent says {said}, the CPUs are {found}'


def _disks(at: rig.Rig, said: str) -> Iterator[str]:
    group = at.guests.tree.group(private_libvirt.GROUP, 'blkio')
    # libvirt's daemon leaves a group behind if it is killed as a guest ends,
    # and whoever has a group has a part.
    held = cgroup.below(group)
    parts = re.findall(r'[\d.]+', said)
    whole = (float(parts[0]) * 1024**2, float(parts[1])) if parts else ()
    for each in held:
        limits = io_files.V1.read(each)
        for device in disk.whole_disks():
            found = limits.get(device, io_files.NO_LIMITS)
            wanted: set[int | None] = {
                int(part // len(held)) for part in whole
            } or {None}
            if set(found) != wanted:
                yield f'the agent says {said}, {each.name} has {found}'


def _network(at: rig.Rig, said: str) -> Iterator[str]:
    for domain in at.active():
        (tap,) = re.findall(r"target dev='(\w+)'", domain.XMLDesc(0))
        classes = at.guests.run('tc', 'class', 'show', 'dev', tap)
        if ('rate' in classes) != (said != 'no limit'):
            told = domain.interfaceParameters(tap)
            yield (
                f'the agent says {said}, {tap} has {classes!r}, libvirt '
                f'knows of {told["inbound.average"]}'
            )


def _pause(at: rig.Rig, said: str) -> Iterator[str]:
    if 'that leave' in said:
        yield f'{said}, and nobody leaves any more'
    everybody = said.startswith('everybody')
    expected = set()
    for domain in at.active():
        uuid = domain.UUIDString()
        is_held = domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED
        by_tenant = uuid in at.tenants
        if is_held != (everybody or by_tenant):
            yield (
                f'the agent pauses {said}, {domain.name()} is '
                f'{"paused" if is_held else "not paused"}'
                + (', as its tenant wants' if by_tenant else '')
            )
        if everybody and not by_tenant:
            expected.add((uuid, domain.ID()))
    recorded = at.recorded('paused.json')
    if recorded != expected:
        yield f'paused.json has {recorded}, not {expected}'


def _balloons(at: rig.Rig) -> Iterator[str]:
    recorded = at.recorded('balloons.json')
    for domain in at.active():
        _, most_kib, kib, *_ = domain.info()
        key = (domain.UUIDString(), domain.ID())
        # What stands still cannot grow, and others may have had their say.
        if key[0] in at.tenants or key in at.resized:
            continue
        if kib < most_kib - _CLOSE_KIB:
            yield f'{domain.name()} has {kib} of {most_kib} KiB'
        if key in recorded:
            yield f'balloons.json still has {domain.name()}'
