# SPDX-License-Identifier: Apache-2.0
"""The words of nova-desktop-manage about drained workstations."""

import argparse
from collections.abc import Callable
from typing import Any

from nova_desktop.policy.drain import WITHIN_MAX_S

Common = Callable[[argparse.ArgumentParser], None]

_TIMEOUT_S = 3600
_TIMEOUT_MAX_S = 7 * 86400


def add(verbs: Any, common: Common) -> None:
    """Add the verbs."""
    _drain(
        verbs.add_parser('drain', help='take a workstation out of the cloud'),
        common,
    )
    back = verbs.add_parser('undrain', help='give a drained one back')
    back.description = (
        'Let new guests come to a drained workstation, and those stay that '
        'are still in their grace.'
    )
    common(back)
    _host(back)
    status = verbs.add_parser(
        'reclaim-status', help='tell what the reclaim service does'
    )
    status.description = (
        'Tell what each worker of the reclaim service has under way, and '
        'which workstations are drained.'
    )
    common(status)


def _drain(verb: argparse.ArgumentParser, common: Common) -> None:
    verb.description = (
        'Let no new guest come to a workstation, and have those that are '
        'preemptible leave it, with notice, grace and actions as when its '
        'owner comes back.'
    )
    common(verb)
    _host(verb)
    verb.add_argument(
        '--within',
        type=_seconds(WITHIN_MAX_S),
        metavar='S',
        help='seconds that each may take to leave after its grace, by which '
        'its action is chosen (default: as many as it needs)',
    )
    verb.add_argument(
        '--reason',
        default='',
        metavar='TEXT',
        help='for operators, in the reason why its service is disabled',
    )
    verb.add_argument(
        '--wait',
        action='store_true',
        help='wait until no preemptible instance holds memory there',
    )
    verb.add_argument(
        '--timeout',
        type=_seconds(_TIMEOUT_MAX_S),
        default=_TIMEOUT_S,
        metavar='S',
        help='seconds that --wait waits at most (default: %(default)s)',
    )


def _host(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        'host', metavar='HOST', help='the host, as Nova calls it'
    )


def _seconds(most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        few = text.isdecimal() and len(text) <= len(str(most))
        if not few or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f'{text!r} is not a number of seconds from 1 to {most}'
            )
        return int(text)

    return parse
