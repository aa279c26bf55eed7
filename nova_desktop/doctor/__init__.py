# SPDX-License-Identifier: Apache-2.0
"""What this machine lacks to lend itself, and what to do about each lack.

Every check looks and changes nothing; paths and doors are arguments.
"""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from oslo_log import log as logging

from nova_desktop.doctor import (
    daemons,
    installed,
    kernel,
    options,
    settings,
    trust,
)
from nova_desktop.doctor.result import Result, exit_code, problem, skipped
from nova_desktop.mechanism import cgroup

LOG = logging.getLogger(__name__)

SYSTEMD_RUN = Path('/run/systemd/system')

Check = Callable[[], Result]


def run(conf_files: list[str]) -> int:
    """Print a line for each check; give 1 if there is a problem, else 0.

    ``conf_files`` are nova.conf and the agent's file, in any order.
    """
    results = []
    for check in checks(conf_files):
        result = guarded(check)
        print(result.line(), flush=True)
        results.append(result)
    return exit_code(results)


def guarded(check: Check) -> Result:
    """Run a check; its own failure must not hide what the others find."""
    try:
        return check()
    except Exception as error:
        LOG.exception('A check failed, what it looks at is not known')
        return problem(
            _name(check), f'the check itself failed ({error!r})', 'report it'
        )


def _name(check: Check) -> str:
    function = check.func if isinstance(check, functools.partial) else check
    return function.__name__.strip('_').replace('_', ' ')


def checks(conf_files: list[str]) -> Iterator[Check]:
    """Give the checks that have something to look at on this machine."""
    yield installed.nova_version
    yield installed.driver_importable
    yield installed.validator_visible
    try:
        given = settings.read(conf_files)
    except OSError as error:
        unreadable = problem(
            'configuration', str(error), 'give a file that can be read'
        )
        given = settings.Settings({})
        yield lambda: unreadable
    yield from _scheduler_checks(given)
    if is_workstation(given):
        yield functools.partial(_compute_driver, given, bool(conf_files))
        yield functools.partial(trust.host_key, given)
        yield functools.partial(options.resumes_at_boot, given)
        yield functools.partial(options.fence_after, given)
        yield from _host_checks(given)
    else:
        yield lambda: skipped(
            'workstation', 'compute_driver is not set, this is a scheduler'
        )


def is_workstation(given: settings.Settings) -> bool:
    """Tell a workstation from a scheduler, which may share a machine."""
    compute = given.all('DEFAULT', 'compute_driver')
    return bool(compute) or not given.names('filter_scheduler')


def _compute_driver(given: settings.Settings, any_file: bool) -> Result:
    if not any_file:
        return skipped('nova.conf', 'no file was given')
    return options.compute_driver(given)


def _scheduler_checks(given: settings.Settings) -> Iterator[Check]:
    if not given.names('filter_scheduler'):
        yield lambda: skipped('scheduler', 'no [filter_scheduler] here')
        return
    for name in options.SCHEDULER:
        yield functools.partial(options.scheduler_option, given, name)


def _host_checks(given: settings.Settings) -> Iterator[Check]:
    yield daemons.bus_present
    yield daemons.agent_answers
    uri = given.last('libvirt', 'connection_uri', 'qemu:///system')
    yield functools.partial(daemons.libvirt_answers, uri)
    root = Path(given.last('sensing', 'cgroup_root', '/sys/fs/cgroup'))
    yield functools.partial(kernel.controllers, root)
    yield functools.partial(_slice, given, root)
    devices = Path(given.last('sensing', 'input_dir', '/dev/input'))
    yield functools.partial(kernel.input_readable, devices)


def _slice(given: settings.Settings, root: Path) -> Result:
    """Find the guests' slice as the agent does, then look at it."""
    tree = cgroup.find(root, given.last('slice', 'parent'))
    name = given.last('slice', 'name', 'novadesktop')
    return kernel.guests_slice(tree, cgroup.directory_name(name, SYSTEMD_RUN))
