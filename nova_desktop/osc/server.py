# SPDX-License-Identifier: Apache-2.0
"""The command about servers."""

import argparse
import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from osc_lib import exceptions
from osc_lib.cli import format_columns
from osc_lib.command import command

from nova_desktop.osc import api, cloud, events, explain


class EventsColumn(format_columns.ListDictColumn):  # type: ignore[misc]
    """Events, one on each line."""

    def human_readable(self) -> str:
        """Give the lines."""
        return '\n'.join(
            f'{each["at"]} {each["who"]}: {each["what"]}'
            + (f' ({each["why"]})' if each['why'] else '')
            for each in self._value
        )


class ExplainServer(command.ShowOne):  # type: ignore[misc]
    """Explain why a server is where it is, or why it does not run."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Take the server."""
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            'server',
            metavar='<server>',
            help='Server (name or ID; a deleted one only by its ID)',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        """Give the names and values."""
        client = self.app.client_manager
        asked = cloud.Cloud(client.sdk_connection)
        server_id = _id_of(client.sdk_connection.compute, parsed_args.server)
        server = asked.server(server_id)
        actions = asked.actions(server_id)
        if server is None and not actions:
            raise exceptions.CommandError(
                f'There is no server {parsed_args.server}'
            )
        record, unanswered = _record_of(client.desktop, server_id)
        done = events.actions_of(actions, record.get('service_user_id'))
        records = record.get('records', [])
        lease = record.get('lease') or {}
        known = explain.Known(server, done, records, unanswered, lease)
        shown = _shown(server_id, known)
        shown['service_record'] = unanswered or (
            f'kept since {record.get("kept_since")} by worker '
            f'{record.get("worker")}, with what the others told it'
        )
        shown['events'] = EventsColumn(
            [event.shown() for event in events.merged(done, records)]
        )
        return tuple(shown), tuple(shown.values())


def _shown(server_id: str, known: explain.Known) -> dict[str, Any]:
    server = known.server or {}
    now = datetime.datetime.now(datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')
    return {
        'id': server_id,
        'name': server.get('name'),
        'status': known.status,
        'host': server.get('OS-EXT-SRV-ATTR:host'),
        'why': explain.why(known, now),
        'tolerates': _column(explain.tolerated(server)),
        'notice': _column(explain.notice_of(server)),
        'lease': _column(explain.lease_of(known)),
    }


def _column(value: Mapping[str, Any]) -> Any:
    return format_columns.DictColumn(value) if value else None


def _record_of(
    client: api.Api, server_id: str
) -> tuple[Mapping[str, Any], str]:
    """Give what the service decided, or why nobody tells."""
    try:
        return client.server(server_id), ''
    except api.Unanswered as unanswered:
        return {}, str(unanswered)


def _id_of(compute: Any, name: str) -> str:
    """Give the id of a server by its name or id."""
    found = compute.find_server(name, ignore_missing=True)
    if found is not None:
        return str(found.id)
    try:
        return str(uuid.UUID(name))
    except ValueError:
        raise exceptions.CommandError(f'There is no server {name}') from None
