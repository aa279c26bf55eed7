# SPDX-License-Identifier: Apache-2.0
"""Errors of nova_desktop.

The tree, so that a caller sees what to catch::

    DesktopError
    ├── BadValue              an option, extra spec, argument or message field
    │   └── BadMessage        a message from another process
    ├── HostUnready           what the agent needs of the host is missing
    │   ├── CgroupMissing
    │   ├── InputUnreadable
    │   ├── BusUnavailable
    │   └── LibvirtUnavailable
    ├── MechanismFailed       a limit could not be applied or read back
    ├── AgentSilent           the agent does not answer on the bus
    ├── CloudFailed           the cloud refused a request, or does not answer
    └── HostSilent            a workstation's nova-compute does not answer
"""


class DesktopError(Exception):
    """Base of every error raised by nova_desktop."""


class BadValue(DesktopError):
    """Name the input, its value and what is allowed instead."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f'{name} = {value!r} is not valid: {allowed}')
        self.name = name
        self.value = value
        self.allowed = allowed


class BadMessage(BadValue):
    """A field of a message from another process is missing or malformed."""


class HostUnready(DesktopError):
    """The host lacks something; the text says what to do."""


class CgroupMissing(HostUnready):
    """A cgroup controller or group is not there or not writable."""


class InputUnreadable(HostUnready):
    """An input device or the input directory cannot be opened."""


class BusUnavailable(HostUnready):
    """The D-Bus system bus cannot be reached."""


class LibvirtUnavailable(HostUnready):
    """The libvirt daemon cannot be reached."""


class MechanismFailed(DesktopError):
    """A limit was not applied, or reads back differently."""


class AgentSilent(DesktopError):
    """The agent did not answer in time, or is not on the bus."""


class CloudFailed(DesktopError):
    """Name what was looked at or made when a request to the cloud failed."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f'{what}: {why}')
        self.what = what
        self.why = why


class HostSilent(DesktopError):
    """A workstation's nova-compute did not answer, or with an error."""
