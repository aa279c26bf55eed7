# SPDX-License-Identifier: Apache-2.0
"""nova-desktop-manage: set a cloud up for workstations, and check it."""

import argparse
import dataclasses
import json
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from nova_desktop import exception, keys
from nova_desktop.cmd import manage_words
from nova_desktop.doctor import result
from nova_desktop.manage import (
    bootstrap,
    cloud,
    drain,
    flavors,
    status,
    workstations,
)
from nova_desktop.policy.drain import Drain

EXIT_PROBLEMS = 1
EXIT_BAD_USE = 2

Connect = Callable[[str | None], Any]
_Results = Iterable[result.Result]

_HINT = (
    'Then check the control plane, where its nova.conf is: '
    'nova-desktop-manage check-settings'
)


def main(
    argv: Sequence[str] | None = None, connect: Connect = cloud.connect
) -> int:
    """Run the command; return its exit code."""
    verbs = {
        'bootstrap': _bootstrap,
        'check-flavors': _check_flavors,
        'check-settings': _check_settings,
        'drain': _drain,
        'undrain': _undrain,
    }
    key_verbs = {'master-key': _master_key, 'host-key': _host_key}
    given = manage_words.parser().parse_args(argv)
    try:
        if given.verb in key_verbs:
            return key_verbs[given.verb](given)
        if given.verb == 'reclaim-status':
            return _status(given, connect)
        return _show(verbs[given.verb](given, connect), given.json)
    except exception.BadValue as error:
        print(f'nova-desktop-manage: {error}', file=sys.stderr)
        return EXIT_BAD_USE
    except exception.DesktopError as error:
        print(f'nova-desktop-manage: {error}', file=sys.stderr)
        return EXIT_PROBLEMS


def _master_key(given: argparse.Namespace) -> int:
    keys.write(given.output, keys.new(), '--output')
    return 0


def _host_key(given: argparse.Namespace) -> int:
    key = keys.of_host(keys.read(given.master, '--master'), given.host)
    if given.output:
        keys.write(given.output, key, '--output')
    else:
        print(key.hex())
    return 0


def _bootstrap(given: argparse.Namespace, connect: Connect) -> _Results:
    if given.config_file:
        # A wrong name must not be found out after the work is done.
        _settings().read(given.config_file)
    return _made(given, connect(given.os_cloud))


def _made(given: argparse.Namespace, there: Any) -> Iterator[result.Result]:
    yield from bootstrap.run(there, given.hosts, given.update, given.dry_run)
    if given.dry_run:
        print('Dry run: nothing was written.', file=sys.stderr)
    if not given.config_file:
        print(_HINT, file=sys.stderr)
        return
    count = workstations.count(there)
    yield from _settings().check(given.config_file, count)


def _check_flavors(given: argparse.Namespace, connect: Connect) -> _Results:
    return flavors.check(connect(given.os_cloud), given.flavors, given.images)


def _check_settings(given: argparse.Namespace, _: Connect) -> _Results:
    found: _Results = _settings().check(given.config_file, given.workstations)
    return found


def _drain(given: argparse.Namespace, connect: Connect) -> _Results:
    wanted = drain.check(given.reason, given.within)
    return _drained(given, connect(given.os_cloud), wanted)


def _drained(
    given: argparse.Namespace, there: Any, wanted: Drain
) -> Iterator[result.Result]:
    found = list(drain.drain(there, given.host, wanted))
    yield from found
    if given.wait and not result.exit_code(found):
        clock = drain.Clock()
        yield from drain.wait(there, given.host, given.timeout, clock)


def _undrain(given: argparse.Namespace, connect: Connect) -> _Results:
    return drain.undrain(connect(given.os_cloud), given.host)


def _status(given: argparse.Namespace, connect: Connect) -> int:
    found = status.ask(connect(given.os_cloud))
    lines = list(status.results(found))
    if given.json:
        print(json.dumps(dataclasses.asdict(found), indent=2))
    else:
        print(result.table(lines))
    return result.exit_code(lines)


def _settings() -> types.ModuleType:
    # Brings Nova's options, which nothing else here needs.
    from nova_desktop.manage import settings

    return settings


def _show(found: _Results, as_json: bool) -> int:
    """Print results, as they come unless in columns; give the exit code."""
    results = []
    for each in found:
        results.append(each)
        if not as_json and not isinstance(found, list):
            print(each.line(), flush=True)
    if as_json:
        data = [dataclasses.asdict(each) for each in results]
        print(json.dumps(data, indent=2))
    elif isinstance(found, list):
        print(result.table(results))
    return result.exit_code(results)


if __name__ == '__main__':
    sys.exit(main())
