# SPDX-License-Identifier: Apache-2.0
"""The words of nova-desktop-manage."""

import argparse

from nova_desktop.cmd import drain_words


def parser() -> argparse.ArgumentParser:
    """Give the parser; the verb is in ``verb``."""
    whole = argparse.ArgumentParser(
        prog='nova-desktop-manage',
        description='Set a cloud up for workstations, check it, and take '
        'workstations out of it. Exits with 0 if all is well, 1 for '
        'problems, 2 for bad use.',
    )
    verbs = whole.add_subparsers(dest='verb', required=True, metavar='VERB')
    _bootstrap(
        verbs.add_parser(
            'bootstrap', help='make traits, aggregate and flavors'
        )
    )
    _check_flavors(
        verbs.add_parser(
            'check-flavors', help='find flavors that do not fit workstations'
        )
    )
    _check_settings(
        verbs.add_parser(
            'check-settings', help="look into the control plane's nova.conf"
        )
    )
    drain_words.add(verbs, lambda verb: _common(verb, os_cloud=True))
    _master_key(
        verbs.add_parser('master-key', help='make a key for all others')
    )
    _host_key(verbs.add_parser('host-key', help="give a workstation's key"))
    return whole


def _master_key(verb: argparse.ArgumentParser) -> None:
    verb.description = (
        'Make the master key, from which the key of each workstation is '
        'derived, for [reclaim] master_key_file of every worker.'
    )
    verb.add_argument(
        '--output',
        required=True,
        metavar='FILE',
        help='a new file, which its owner alone may read',
    )


def _host_key(verb: argparse.ArgumentParser) -> None:
    verb.description = (
        "Give a workstation's key, for [desktop] host_key_file in its "
        'nova.conf. Each time it is the same.'
    )
    verb.add_argument(
        'host', metavar='HOST', help='the host, as Nova calls it'
    )
    verb.add_argument(
        '--master',
        default='/etc/nova_desktop/master.key',
        metavar='FILE',
        help='the file of the master key (default: %(default)s)',
    )
    verb.add_argument(
        '--output',
        metavar='FILE',
        help='a new file, which its owner alone may read (default: print it)',
    )


def _bootstrap(verb: argparse.ArgumentParser) -> None:
    verb.description = (
        'Make the traits, the aggregate of the workstations and a set of '
        'flavors, as far as they are not there. What is there stays as it is.'
    )
    _common(verb, os_cloud=True)
    verb.add_argument(
        '--hosts',
        nargs='+',
        default=(),
        metavar='HOST',
        help='the hosts for the aggregate, as Nova calls them (default: '
        'those that have the trait CUSTOM_DESKTOP)',
    )
    verb.add_argument(
        '--update',
        action='store_true',
        help='change what is there and differs',
    )
    verb.add_argument(
        '--dry-run', action='store_true', help='write nothing, tell the same'
    )
    _config_file(verb, 'also run check-settings on this file')


def _check_flavors(verb: argparse.ArgumentParser) -> None:
    verb.description = (
        'Find keys of flavors that cannot be read, keys that contradict each '
        'other, and what works otherwise than one may expect.'
    )
    _common(verb, os_cloud=True)
    verb.add_argument(
        'flavors',
        nargs='*',
        metavar='FLAVOR',
        help='a name or an id (default: all that concern workstations)',
    )
    verb.add_argument(
        '--images',
        action='store_true',
        help="hold each flavor against each of Glance's images, too",
    )


def _check_settings(verb: argparse.ArgumentParser) -> None:
    verb.description = (
        "Look into the control plane's nova.conf for what workstations need."
    )
    _common(verb, os_cloud=False)
    _config_file(
        verb, "in the order of Nova's own (default: where Nova looks)"
    )
    verb.add_argument(
        '--workstations',
        type=_count,
        metavar='N',
        help='how many workstations there are or will be',
    )


def _common(verb: argparse.ArgumentParser, os_cloud: bool) -> None:
    verb.add_argument('--json', action='store_true', help='as JSON')
    if os_cloud:
        verb.add_argument(
            '--os-cloud',
            metavar='NAME',
            help='a cloud of clouds.yaml (default: OS_CLOUD, or the other '
            'OS_ variables)',
        )


def _config_file(verb: argparse.ArgumentParser, what: str) -> None:
    verb.add_argument(
        '--config-file',
        action='append',
        default=[],
        metavar='FILE',
        help=what,
    )


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 7:
        raise argparse.ArgumentTypeError(f'{text!r} is not 0 to 9999999')
    return int(text)
