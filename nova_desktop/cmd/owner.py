# SPDX-License-Identifier: Apache-2.0
"""nova-desktop: see what is lent and why, and have a say in it."""

import argparse
import sys
from collections.abc import Callable, Sequence

from nova_desktop import exception
from nova_desktop.cmd import owner_say, owner_words
from nova_desktop.cmd import owner_see as see

EXIT_SILENT = 1

_Run = Callable[[argparse.Namespace], int]


class _Hints(tuple[str, ...]):
    """Words that a shell proposes, where others are allowed too."""

    def __contains__(self, word: object) -> bool:
        return True


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

    def verb(name: str, run: _Run, what: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=what, description=what)
        added.set_defaults(run=run, refuse=added.error)
        return added

    spells = (
        verb('pause', owner_say.pause, 'Lend nothing; guests have to leave.'),
        verb('lend', owner_say.lend, 'Lend as much as when you are away.'),
    )
    resume = verb('resume', owner_say.resume, 'End a pause or a lending.')
    cap = verb('cap', owner_say.cap, 'Set the most that is ever lent.')
    status = verb('status', see.status, 'Show what is lent now.')
    history = verb('history', see.history, 'List the latest changes.')
    explain = verb('explain', see.explain, 'Say why, from the latest changes.')
    watch = verb('watch', see.watch, 'Show each change; end with Ctrl-C.')
    doctor = verb('doctor', _doctor, 'Check what the agent and Nova need.')
    shells = verb('completion', _completion, 'Print a completion script.')
    for each in spells:
        _add_words(
            each, '*', 'WHEN', owner_words.SPELL, 'for until until-resume'
        )
    _add_words(cap, '+', 'CAP', owner_words.CAPS, 'cpus= memory= none')
    for each in (*spells, resume, cap, status, history, explain, watch):
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
    shells.add_argument('shell', choices=('bash', 'zsh', 'fish'))
    return parser


def _add_words(
    verb: argparse.ArgumentParser,
    count: str,
    name: str,
    what: str,
    hints: str,
) -> None:
    verb.add_argument(
        'words',
        nargs=count,
        metavar=name,
        help=what,
        choices=_Hints(hints.split()),
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f'{text!r} is not 1 to 1000')
    return int(text)


def _doctor(options: argparse.Namespace) -> int:
    # Looks at much of Nova, which nobody else here needs.
    from nova_desktop import doctor

    return int(doctor.run(options.config_file))


def _completion(options: argparse.Namespace) -> int:
    # Looked for only here: nothing else of the command needs it.
    import shtab

    print(shtab.complete(_parser(), options.shell))
    return 0


if __name__ == '__main__':
    sys.exit(main())
