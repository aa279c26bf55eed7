# SPDX-License-Identifier: Apache-2.0
"""The verbs of tools/sandbox."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from sandbox import (
    bring_up,
    cloud,
    demo,
    desk,
    hosts,
    layout,
    progress,
    supervise,
)


def _up(args: argparse.Namespace) -> int:
    bring_up.up(args.eventlet)
    print('\nThe cloud is up. Try:')
    print('    tools/sandbox openstack server list')
    print('    tools/sandbox owner ws1 back')
    print('    tools/sandbox status')
    return 0


def _down(args: argparse.Namespace) -> int:
    bring_up.down(args.wipe)
    return 0


def _demo(args: argparse.Namespace) -> int:
    bring_up.up(args.eventlet)
    return demo.run(args.json, args.picture)


def _status(_: argparse.Namespace) -> int:
    if not supervise.running():
        print('The sandbox is down; tools/sandbox up brings it up.')
        return 1
    bad = 0
    for name, info in sorted(supervise.states().items()):
        bad += info['statename'] != 'RUNNING'
        print(f'{name:16} {info["statename"]:9} {info["description"]}')
    return 1 if bad else 0


def _openstack(args: argparse.Namespace) -> int:
    env = {**os.environ, 'PYTHONPATH': '', **cloud.environment(args.user)}
    command = [layout.BIN / 'openstack', *args.words]
    return subprocess.run(command, env=env, check=False).returncode


def _owner(args: argparse.Namespace) -> int:
    socket = layout.host(args.host).dir / 'desk.sock'
    try:
        answer = desk.send(socket, ' '.join(args.words))
    except OSError as error:
        raise progress.StepFailed(
            f'nobody is at the desk of {args.host} ({error.strerror}): '
            'is the sandbox up?'
        ) from error
    print(json.dumps(answer))
    return 0 if answer['ok'] else 1


def _say(args: argparse.Namespace) -> int:
    command = hosts.in_host(
        layout.host(args.host), layout.BIN / 'nova-desktop', *args.words
    )
    return subprocess.run(command, check=False).returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser('tools/sandbox', description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar='VERB')

    up = verbs.add_parser('up', help='bring the cloud up')
    up.set_defaults(run=_up)
    show = verbs.add_parser('demo', help='bring it up and play the story')
    show.add_argument('--json', type=Path, metavar='FILE')
    show.add_argument(
        '--picture',
        type=Path,
        metavar='FILE',
        default=layout.ROOT / 'demo.svg',
    )
    show.set_defaults(run=_demo)
    for verb in (up, show):
        verb.add_argument(
            '--eventlet', action='store_true', help='nova-compute on eventlet'
        )
    install = verbs.add_parser('install', help='only install what is needed')
    install.set_defaults(run=lambda _: 0)
    down = verbs.add_parser('down', help='stop and unmount everything')
    down.add_argument('--wipe', action='store_true', help='and forget it all')
    down.set_defaults(run=_down)
    status = verbs.add_parser('status', help='say what runs')
    status.set_defaults(run=_status)

    for name, user in (('openstack', 'admin'), ('tenant', cloud.TENANT)):
        # No character starts an option here: all of them are the client's.
        client = verbs.add_parser(
            name,
            help=f'run the openstack client as {user}',
            prefix_chars='\0',
            add_help=False,
        )
        client.add_argument('words', nargs='*')
        client.set_defaults(run=_openstack, user=user)
    owner = verbs.add_parser('owner', help='play the owner of a workstation')
    names = [host.name for host in layout.WORKSTATIONS]
    owner.add_argument('host', choices=names)
    owner.add_argument(
        'words', nargs='+', help='back, away, bump, lock, work N, rest, ...'
    )
    owner.set_defaults(run=_owner)
    said = verbs.add_parser(
        'nova-desktop',
        help="run the owner's command on a workstation",
        prefix_chars='\0',
        add_help=False,
    )
    said.add_argument('host', choices=names)
    said.add_argument('words', nargs='*')
    said.set_defaults(run=_say)
    return parser


def main() -> int:
    """Run one verb."""
    args = _parser().parse_args()
    try:
        code: int = args.run(args)
    except progress.StepFailed as failure:
        progress.report(failure)
        return 1
    return code


if __name__ == '__main__':
    sys.exit(main())
