# SPDX-License-Identifier: Apache-2.0
"""Check one field of a message; raise BadMessage naming it.

The owner of a workstation has root and may send anything: of any type and
size, and with characters that would write to somebody's terminal.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from nova_desktop import exception

MAX_TEXT = 255
_MAX_NUMBER = 2**40
_MAX_SHOWN = 300


def bad(name: str, value: Any, allowed: str) -> exception.BadMessage:
    """Make the error, with what came cut short: it goes to the log."""
    shown = repr(value)
    if len(shown) > _MAX_SHOWN:
        value = shown[:_MAX_SHOWN] + '...'
    return exception.BadMessage(name, value, allowed)


def printable(value: str) -> str:
    """Give a text that stays on its line."""
    return ''.join(each if each.isprintable() else ' ' for each in value)


def text(fields: Mapping[str, Any], name: str) -> str:
    """Take a text that may be logged and shown to tenants."""
    value = fields.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise bad(name, value, f'must be a text of 1 to {MAX_TEXT} characters')
    return printable(value)


def text_or_empty(fields: Mapping[str, Any], name: str) -> str:
    """Take a text that may be empty."""
    return '' if fields.get(name) == '' else text(fields, name)


def number(
    fields: Mapping[str, Any], name: str, most: float = _MAX_NUMBER
) -> float:
    """Take a number from 0 to ``most``."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad(name, value, 'must be a number')
    if not 0 <= value <= most:
        raise bad(name, value, f'must be 0 to {most}')
    return value


def flag(fields: Mapping[str, Any], name: str) -> bool:
    """Take true or false."""
    value = fields.get(name)
    if not isinstance(value, bool):
        raise bad(name, value, 'must be true or false')
    return value


def server_id(fields: Mapping[str, Any], name: str) -> str:
    """Take the id of a server."""
    value = text(fields, name)
    try:
        return str(uuid.UUID(value))
    except ValueError:
        raise bad(name, value, 'must be a UUID') from None


def mapping(value: Any, name: str) -> Mapping[str, Any]:
    """Take fields of fields."""
    if not isinstance(value, dict):
        raise bad(name, value, 'must be an object')
    return value
