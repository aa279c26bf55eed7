# SPDX-License-Identifier: Apache-2.0
"""nova-desktop-session: tell the agent what only a login can see."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence

from nova_desktop import exception
from nova_desktop.session import choose, helper

EXIT_UNREADY = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the helper; return its exit code."""
    given = _parser().parse_args(argv)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if given.debug else logging.INFO,
        format='nova-desktop-session: %(message)s',
    )
    options = helper.Options(
        backend=given.backend,
        idle_ms=given.idle_ms,
        session_id=given.session_id,
        notify_every_s=given.notify_every_s,
    )
    try:
        asyncio.run(helper.run(options, os.environ))
    except exception.DesktopError as error:
        print(f'nova-desktop-session: {error}', file=sys.stderr)
        return EXIT_UNREADY
    except KeyboardInterrupt:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    defaults = helper.Options()
    parser = argparse.ArgumentParser(
        prog='nova-desktop-session',
        description='Tell nova-desktop-agent of input to this login, and show '
        'when guests of the cloud are held back or moved away.',
    )
    parser.add_argument(
        '--backend',
        choices=(choose.AUTO, *choose.BACKENDS),
        default=defaults.backend,
        help='how to learn of input (default: the first that works)',
    )
    parser.add_argument(
        '--idle-ms',
        type=_idle_ms,
        default=defaults.idle_ms,
        metavar='1000..60000',
        help='how long an input counts (default %(default)s)',
    )
    parser.add_argument(
        '--session-id',
        default=defaults.session_id,
        metavar='ID',
        help="logind's id of the session (default: the one of this login)",
    )
    parser.add_argument(
        '--notify-every-s',
        type=_notify_every_s,
        default=defaults.notify_every_s,
        metavar='0..86400',
        help='the least seconds between two desktop notifications of a kind; '
        '0 for none at all (default %(default)g)',
    )
    parser.add_argument('--debug', action='store_true', help='log more')
    return parser


def _idle_ms(text: str) -> int:
    if not text.isdecimal() or not 1000 <= int(text) <= 60000:
        raise argparse.ArgumentTypeError(f'{text!r} is not 1000 to 60000')
    return int(text)


def _notify_every_s(text: str) -> float:
    if not text.isdecimal() or int(text) > 86400:
        raise argparse.ArgumentTypeError(f'{text!r} is not 0 to 86400')
    return float(text)


if __name__ == '__main__':
    sys.exit(main())
