# SPDX-License-Identifier: Apache-2.0
"""nova-desktop: ask the workstation's agent what it does, and why."""

import argparse
import asyncio
import dataclasses
import json
import queue
import sys
import time
from collections.abc import Callable, Sequence

from nova_desktop import client, exception, model

EXIT_SILENT = 1
_PING_S = 2.0
_HERE = {
    model.Presence.AWAY: 'You are away.',
    model.Presence.IDLE: 'You are here, and idle.',
    model.Presence.ACTIVE: 'You are here.',
    model.Presence.UNKNOWN: 'Nothing certain is known, so you count as here.',
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except exception.DesktopError as error:
        print(f'nova-desktop: {error}', file=sys.stderr)
        return EXIT_SILENT
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='nova-desktop',
        description='What the cloud may use of this workstation, and why.',
    )
    verbs = parser.add_subparsers(required=True, metavar='VERB')

    def verb(
        name: str, run: Callable[[argparse.Namespace], int], what: str
    ) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=what, description=what)
        added.set_defaults(run=run)
        return added

    status = verb('status', _status, 'Show what is lent now.')
    history = verb('history', _history, 'List the latest changes.')
    explain = verb('explain', _explain, 'Say why, from the latest changes.')
    verb('watch', _watch, 'Show each change as it happens; end with Ctrl-C.')
    doctor = verb('doctor', _doctor, 'Check what the agent and Nova need.')
    for each in (status, explain):
        each.add_argument('--json', action='store_true', help='as JSON')
    for each in (history, explain):
        each.add_argument(
            '--count',
            type=_count,
            default=20,
            metavar='1..1000',
            help='how many changes (default 20)',
        )
    doctor.add_argument(
        '--config-file', action='append', default=[], metavar='FILE'
    )
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f'{text!r} is not 1 to 1000')
    return int(text)


def _status(options: argparse.Namespace) -> int:
    status, _ = asyncio.run(_ask(0))
    if options.json:
        print(json.dumps(dataclasses.asdict(status), indent=2))
    else:
        print(describe(status))
    return 0


def _history(options: argparse.Namespace) -> int:
    _, changes = asyncio.run(_ask(options.count))
    for change in changes:
        print(one_line(change))
    return 0


def _explain(options: argparse.Namespace) -> int:
    status, changes = asyncio.run(_ask(options.count))
    if options.json:
        said = {
            'status': dataclasses.asdict(status),
            'changes': [dataclasses.asdict(change) for change in changes],
        }
        print(json.dumps(said, indent=2))
        return 0
    print(describe(status))
    print('\nHow it came to this, the newest last:')
    for change in changes:
        print(f'{one_line(change)}\n    because {change.why}')
    return 0


def _watch(options: argparse.Namespace) -> int:
    said: queue.Queue[model.Status | None] = queue.Queue()
    watcher = client.AgentWatcher(said.put, _PING_S)
    watcher.start()
    try:
        while True:
            status = said.get()
            text = describe(status) if status else 'The agent is silent.'
            print(f'{_clock(time.time())}  {text}\n', flush=True)
    finally:
        watcher.stop()


def _doctor(options: argparse.Namespace) -> int:
    # Looks at much of Nova, which nobody else here needs.
    from nova_desktop import doctor

    return int(doctor.run(options.config_file))


async def _ask(count: int) -> tuple[model.Status, list[model.Change]]:
    agent = client.AgentClient()
    await agent.connect()
    try:
        changes = await agent.explain(count) if count else []
        return await agent.status(), changes
    finally:
        await agent.close()


def describe(status: model.Status) -> str:
    """Word a status for the owner."""
    cap = status.cap
    lines = [
        _HERE[status.presence],
        f'Guests of the cloud may use {cap.cpus:g} CPUs and '
        f'{cap.memory_mib} MiB; new ones are '
        f'{"taken" if cap.admit else "not taken"}.',
        f'Why: {status.reason}.',
    ]
    if status.reclaim_due:
        lines.append('Guests that use more are being moved away.')
    if any(status.forecast.values()):
        odds = ', '.join(
            f'{minutes} min {odd:.0%}'
            for minutes, odd in sorted(status.forecast.items())
        )
        lines.append(f'You are expected to stay away for: {odds}.')
    for name, state in sorted(status.sources.items()):
        if state != 'ok':
            lines.append(f'Not working: {name}: {state}.')
    return '\n'.join(lines)


def one_line(change: model.Change) -> str:
    """Word a change in a line."""
    return (
        f'{_clock(change.at_unix_s)}  {change.what}: '
        f'{change.before} -> {change.after}'
    )


def _clock(unix_s: float) -> str:
    return time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(unix_s))


if __name__ == '__main__':
    sys.exit(main())
