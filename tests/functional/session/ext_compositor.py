# SPDX-License-Identifier: Apache-2.0
"""A double of a compositor: a seat, and ext-idle-notify as it is told to.

``ext_compositor.py SOCKET VERSION``; each line on standard input, such as
``input idled`` or ``session resumed``, is sent to every watch of that
flavour. On standard output: a line when it listens, and one for each watch.
"""

import os
import sys
from typing import Any

from pywayland import lib
from pywayland.protocol.ext_idle_notify_v1 import (
    ExtIdleNotificationV1,
    ExtIdleNotifierV1,
)
from pywayland.protocol.wayland import WlSeat
from pywayland.server import Display


def main() -> None:
    """Serve until standard input ends."""
    name, version = sys.argv[1], int(sys.argv[2])
    display = Display()
    display.add_socket(name)
    watches: dict[str, list[Any]] = {'session': [], 'input': []}

    def bound(resource: Any) -> None:
        def watch(flavour: str) -> Any:
            def make(notifier: Any, number: int, timeout_ms: int) -> None:
                made = notification(notifier, number)
                watches[flavour].append(made)
                print(flavour, timeout_ms, flush=True)

            return make

        hear(resource)
        resource.dispatcher.messages = [NewWatch()] * 3
        resource.dispatcher['get_idle_notification'] = watch('session')
        resource.dispatcher['get_input_idle_notification'] = watch('input')

    seat = WlSeat.global_class(display, version=1)
    notifier = ExtIdleNotifierV1.global_class(display, version=version)
    notifier.bind_func = bound

    def told(fd: int, _mask: int, _data: Any = None) -> int:
        text = os.read(fd, 4096).decode()
        if not text:
            display.terminate()
            return 0
        for line in text.splitlines():
            flavour, event = line.split()
            for each in watches[flavour]:
                getattr(each, event)()
        display.flush_clients()
        return 0

    loop = display.get_event_loop()
    source = loop.add_fd(
        sys.stdin.fileno(), told, loop.FdMask.WL_EVENT_READABLE, None
    )
    print('listening', flush=True)
    display.run()
    source.remove()
    del seat


class NewWatch:
    """How to read a request for a watch: its new id, and the time.

    The library takes a new id for an object of a client of its own.
    """

    def c_to_arguments(self, values: Any) -> list[int]:
        """Give the arguments that matter here."""
        return [values[0].n, values[1].u]


def hear(resource: Any) -> None:
    """Have the requests to a resource dispatched.

    libwayland hands the implementation to the dispatcher, and not the data,
    for which the library takes it.
    """
    lib.wl_resource_set_dispatcher(
        resource._ptr,
        lib.dispatcher_func,
        resource._handle,
        resource._handle,
        lib.resource_destroy_func,
    )


def notification(notifier: Any, number: int) -> Any:
    """Make the object of a watch for the client that asked."""
    client = lib.wl_resource_get_client(notifier._ptr)
    made = ExtIdleNotificationV1.resource_class(
        client, notifier.version, number
    )
    hear(made)
    return made


if __name__ == '__main__':
    main()
