# SPDX-License-Identifier: Apache-2.0
"""Input devices that the kernel makes for a program, by /dev/uinput."""

import fcntl
import os
import struct

EV_SYN, EV_KEY, EV_REL, EV_SW = 0, 1, 2, 5
_SET_EVENT = 0x40045564
_SET = {EV_KEY: 0x40045565, EV_REL: 0x40045566, EV_SW: 0x4004556D}
_CREATE, _DESTROY = 0x5501, 0x5502
_BUS_USB = 3
_AXES = 64
KEYS = list(range(1, 120))


class Device:
    """A device with these codes of each type, until it is closed."""

    def __init__(self, name: str, codes: dict[int, list[int]]) -> None:
        self._fd = os.open('/dev/uinput', os.O_WRONLY | os.O_NONBLOCK)
        for kind, wanted in codes.items():
            fcntl.ioctl(self._fd, _SET_EVENT, kind)
            for code in wanted:
                fcntl.ioctl(self._fd, _SET[kind], code)
        described = struct.pack(
            f'80s4HI{4 * _AXES}i',
            name.encode(), _BUS_USB, 1, 1, 1, 0, *[0] * 4 * _AXES,
        )  # fmt: skip
        os.write(self._fd, described)
        fcntl.ioctl(self._fd, _CREATE)

    def send(self, kind: int, code: int, value: int) -> None:
        """Send one event and its report."""
        for event in ((kind, code, value), (EV_SYN, 0, 0)):
            os.write(self._fd, struct.pack('llHHi', 0, 0, *event))

    def close(self) -> None:
        """Take the device away."""
        fcntl.ioctl(self._fd, _DESTROY)
        os.close(self._fd)
