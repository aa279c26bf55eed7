# SPDX-License-Identifier: Apache-2.0
"""Checks of what the kernel of a workstation offers."""

import os
from pathlib import Path

from nova_desktop import exception
from nova_desktop.doctor.result import Result, ok, problem
from nova_desktop.mechanism import cgroup

NEEDED = {
    1: ('cpu', 'cpuset', 'memory', 'freezer', 'blkio'),
    2: ('cpu', 'cpuset', 'memory', 'io'),
}
"""The controllers by cgroup version; version 2 always has the freezer."""


def controllers(root: Path) -> Result:
    """Check that the kernel offers what the guests' slice is held with."""
    what = 'cgroup controllers'
    try:
        tree = cgroup.find(root)
    except exception.CgroupMissing as error:
        return problem(what, str(error), 'mount the cgroup hierarchy')
    needed, have = NEEDED[tree.version], set(tree.parents)
    if tree.version == 2:
        have = set((root / 'cgroup.controllers').read_text().split())
    missing = [name for name in needed if name not in have]
    if missing:
        return problem(
            what,
            f'version {tree.version} without ' + ', '.join(missing),
            'enable them in the kernel (cgroup_enable=, cgroup_no_v1=)',
        )
    return ok(what, f'version {tree.version}, ' + ', '.join(needed))


def guests_slice(tree: cgroup.Tree, name: str) -> Result:
    """Check that the guests' slice is there and of the idle class."""
    what = "guests' slice"
    missing = [
        str(parent)
        for parent in tree.parents.values()
        if not (parent / name).is_dir()
    ]
    prepare = 'run nova-desktop-agent --prepare before libvirt starts guests'
    if missing:
        where = ', '.join(missing)
        return problem(what, f'{name} is missing in {where}', prepare)
    idle = tree.group(name) / 'cpu.idle'
    try:
        value = idle.read_text().strip()
    except OSError as error:
        return problem(
            what,
            f'{idle} cannot be read ({error.strerror})',
            'the idle class needs Linux 5.15 or newer',
        )
    if value != '1':
        return problem(what, f'{idle} is {value}, must be 1', prepare)
    return ok(what, f'{tree.group(name)}, idle class')


def input_readable(directory: Path) -> Result:
    """Check that the agent may see input devices and read them."""
    what = 'input devices'
    try:
        devices = sorted(directory.glob('event*'))
        shut = [path for path in devices if not os.access(path, os.R_OK)]
    except OSError as error:
        return problem(what, f'{directory}: {error.strerror}', 'run as root')
    if not directory.is_dir() or not os.access(directory, os.R_OK | os.X_OK):
        return problem(
            what,
            f'{directory} cannot be read',
            'load the evdev module and run as root; until then the owner '
            'counts as present',
        )
    if shut:
        names = ', '.join(map(str, shut))
        return problem(what, f'cannot be read: {names}', 'run as root')
    return ok(what, f'{len(devices)} in {directory}')
