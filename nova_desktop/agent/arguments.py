# SPDX-License-Identifier: Apache-2.0
"""Check what callers over D-Bus pass, and word what is wrong with it."""

import dbus_fast

from nova_desktop import exception

BAD_VALUE = 'org.openstack.NovaDesktop1.Error.BadValue'
FAILED = 'org.freedesktop.DBus.Error.Failed'
_MOST_TEXT = 255


def check_server(server_uuid: str) -> None:
    """Raise BadValue unless this can be an instance's UUID."""
    if not 0 < len(server_uuid) <= _MOST_TEXT:
        raise bad_value(
            'server_uuid', server_uuid[:_MOST_TEXT], 'a UUID of an instance'
        )


def check_number(name: str, value: int, low: int, high: int) -> None:
    """Raise BadValue unless the number is within the bounds."""
    if not low <= value <= high:
        raise bad_value(name, value, f'must be {low} to {high}')


def bad_value(name: str, value: object, allowed: str) -> dbus_fast.DBusError:
    """Name the argument, its value and what is allowed."""
    return error_of(exception.BadValue(name, value, allowed))


def error_of(error: exception.DesktopError) -> dbus_fast.DBusError:
    """Give an error of ours as the bus carries it."""
    known = isinstance(error, exception.BadValue)
    return dbus_fast.DBusError(BAD_VALUE if known else FAILED, str(error))
