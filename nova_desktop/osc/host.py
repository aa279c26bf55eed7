# SPDX-License-Identifier: Apache-2.0
"""The commands about workstations."""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from osc_lib import exceptions
from osc_lib.command import command

from nova_desktop.model import HISTORY, TRAIT
from nova_desktop.model import HORIZONS_MIN as HORIZONS
from nova_desktop.osc import api, cloud, hosts


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= HISTORY:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a number from 1 to {HISTORY}'
        )
    return int(text)


class ListHost(command.Lister):  # type: ignore[misc]
    """List the workstations, by what Nova and Placement tell of them."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Take the options."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            '--long',
            action='store_true',
            help='List more columns, and ask Placement for what is used of '
            'each workstation that admits nothing: one request for each',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        """Give the columns and rows."""
        asked = cloud.Cloud(self.app.client_manager.sdk_connection)
        rows = hosts.rows(
            asked.workstations(), asked.offers(), asked.hypervisors()
        )
        if parsed_args.long:
            rows = [
                row
                if row.admits
                else row.with_usages(asked.usages(row.provider))
                for row in rows
            ]
        columns = hosts.LONG_COLUMNS if parsed_args.long else hosts.COLUMNS
        count = len(columns)
        return columns, [dataclasses.astuple(row)[:count] for row in rows]


def _stock(
    inventory: Mapping[str, Mapping[str, Any]],
    usages: Mapping[str, int],
) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, words in (('VCPU', 'vcpus'), ('MEMORY_MB', 'memory_mib')):
        stock = inventory.get(name, {})
        shown |= {
            f'{words}_total': stock.get('total'),
            f'{words}_reserved': stock.get('reserved'),
            f'{words}_ratio': stock.get('allocation_ratio'),
            f'{words}_used': usages.get(name, 0),
        }
    return shown


def _live(said: Mapping[str, Any], answer: str) -> dict[str, Any]:
    odds = said.get('forecast') or {}
    return {
        'answer': answer,
        'presence': said.get('presence'),
        'demand': said.get('demand'),
        'cap_admits': said.get('admit'),
        'cap_vcpus': said.get('cpus'),
        'cap_memory_mib': said.get('memory_mib'),
        **{f'forecast_{each}': odds.get(str(each)) for each in HORIZONS},
        'reason': said.get('reason'),
        'reclaim_due': said.get('reclaim_due'),
    }


class ShowHost(command.ShowOne):  # type: ignore[misc]
    """Show a workstation, with what it says of itself at this moment."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Take the host."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument('host', metavar='<host>', help='Compute host')
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        """Give the names and values."""
        client = self.app.client_manager
        asked = cloud.Cloud(client.sdk_connection)
        node = asked.hypervisor(parsed_args.host)
        if not asked.is_workstation(node['id']):
            raise exceptions.CommandError(
                f'{parsed_args.host} is no workstation: its provider lacks '
                f'the trait {TRAIT}'
            )
        name = node['service']['host']
        inventory = asked.inventories(node['id'])
        stock = _stock(inventory, asked.usages(node['id']))
        try:
            live = _live(client.desktop.host(name), 'ok')
        except api.Unanswered as unanswered:
            live = _live({}, str(unanswered))
        shown = {
            'host': name,
            'hypervisor_hostname': node['hypervisor_hostname'],
            'provider': node['id'],
            'state': node['state'],
            'status': node['status'],
            'disabled_reason': node['service']['disabled_reason'],
            'admits': _admits(inventory),
            'instances': node.get('running_vms'),
            **stock,
            **live,
        }
        return tuple(shown), tuple(shown.values())


def _admits(inventory: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(
        inventory[name]['reserved'] < inventory[name]['total']
        for name in cloud.CLASSES
        if name in inventory
    )


class HostHistory(command.Lister):  # type: ignore[misc]
    """List what a workstation told the cloud lately, the latest first."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Take the host and the limit."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument('host', metavar='<host>', help='Compute host')
        parser.add_argument(
            '--limit',
            metavar='<number>',
            type=_limit,
            default=20,
            help=f'Entries to list, at most {HISTORY} (default: 20)',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        """Give the columns and rows."""
        client = self.app.client_manager.desktop
        try:
            found = client.history(parsed_args.host, parsed_args.limit)
        except api.Unanswered as unanswered:
            raise exceptions.CommandError(str(unanswered)) from unanswered
        names = ('at', 'admit', 'cpus', 'memory_mib', 'presence', 'reason')
        columns = (
            'Time',
            'Admits',
            'CPUs',
            'Memory MiB',
            'Presence',
            'Reason',
        )
        return columns, [
            tuple(each.get(name) for name in names) for each in found
        ]
