# SPDX-License-Identifier: Apache-2.0
"""Stand in for a person at one workstation: input, screen lock and work.

    python3 -m sandbox.desk --input-dir DIR --socket PATH --log FILE
        [--work-group DIR]
    python3 -m sandbox.desk --socket PATH --send 'type 5'

The first form is the desk. It takes one JSON line per command on a unix
socket, ``{"command": "type 5"}``, and answers one, ``{"ok": true, ...}`` or
``{"ok": false, "error": "..."}``, when the command is done. Commands:

    back                  press a key, unlock, then type until ``away``
    away                  stop typing and lock
    bump                  one mouse movement
    type N                N key strokes
    mouse HZ SECONDS      a flood of mouse movements
    lock, unlock          as the screen locker does, by logind
    work CORES [SECONDS [JOB_MS]]
                          the owner's work, each 10 ms JOB_MS (3) per core,
                          until ``rest`` or for so long
    rest                  end it; answers p50, p99 and max latency
    state                 what goes on

Each thing done is a JSON line in the log with the monotonic ns right before
it: ``{"t_mono": ..., "event": "key"}``.
"""

import argparse
import asyncio
import contextlib
import json
import pathlib
import signal
import socket
import sys
import time

from sandbox import desk_devices, desk_person, desk_screen, desk_work

CLOCKS = {'monotonic': time.CLOCK_MONOTONIC, 'realtime': time.CLOCK_REALTIME}
CLIENT_TIMEOUT_S = 600.0


async def answer(desk: desk_person.Desk, line: bytes) -> desk_person.Answer:
    """Do what one line of a client asks."""
    try:
        return {'ok': True, **await desk.do(str(json.loads(line)['command']))}
    except (KeyError, TypeError, ValueError):
        return {'ok': False, 'error': 'expected {"command": "..."}'}
    except (desk_person.BadCommandError, RuntimeError, OSError) as error:
        return {'ok': False, 'error': str(error)}


async def sit(options: argparse.Namespace) -> None:
    """Serve the socket until SIGTERM."""
    devices = desk_devices.plug(options.input_dir, CLOCKS[options.clock])
    journal = desk_person.Journal(options.log)
    desk = desk_person.Desk(
        devices,
        desk_screen.Screen(options.session),
        desk_work.Work(options.work_group),
        journal,
    )

    async def serve(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                told = await answer(desk, line)
                writer.write(json.dumps(told).encode() + b'\n')
                await writer.drain()
        writer.close()

    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    options.socket.unlink(missing_ok=True)
    async with await asyncio.start_unix_server(serve, options.socket):
        journal.note('start')
        await done.wait()
        await desk.leave()
    for device in devices:
        device.close()


def send(path: pathlib.Path, command: str) -> desk_person.Answer:
    """Send one command to a desk and return its answer."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(CLIENT_TIMEOUT_S)
        client.connect(str(path))
        client.sendall(json.dumps({'command': command}).encode() + b'\n')
        answered: desk_person.Answer = json.loads(client.makefile().readline())
        return answered


def parse(words: list[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog='sandbox.desk',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--socket', type=pathlib.Path, required=True)
    parser.add_argument('--send', metavar='COMMAND')
    parser.add_argument('--input-dir', type=pathlib.Path)
    parser.add_argument('--log', type=pathlib.Path)
    parser.add_argument('--work-group', type=pathlib.Path)
    parser.add_argument('--session', default='c1')
    parser.add_argument('--clock', choices=CLOCKS, default='monotonic')
    options = parser.parse_args(words)
    if not options.send and not (options.input_dir and options.log):
        parser.error('give --input-dir and --log, or --send')
    return options


def main(words: list[str] | None = None) -> int:
    """Be a desk, or send a command to one."""
    options = parse(words)
    if not options.send:
        asyncio.run(sit(options))
        return 0
    told = send(options.socket, options.send)
    print(json.dumps(told))
    return 0 if told['ok'] else 1


if __name__ == '__main__':
    sys.exit(main())
