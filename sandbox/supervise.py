# SPDX-License-Identifier: Apache-2.0
"""Keep the sandbox's processes with supervisord."""

import contextlib
import os
import subprocess
import xmlrpc.client
from collections.abc import Iterable
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from sandbox import hosts, layout, progress
from sandbox.programs import Program

CONFIG = layout.ETC / 'supervisord.conf'
CONTROL_GROUP = 'control'

_HEADER = """\
# SPDX-License-Identifier: Apache-2.0
[unix_http_server]
file = {socket}
chmod = 0700
[supervisord]
logfile = {log}/supervisord.log
pidfile = {run}/supervisord.pid
directory = {root}
childlogdir = {log}
identifier = nova-desktop-sandbox
minfds = 4096
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = {factory}
[supervisorctl]
serverurl = unix://{socket}

"""


def write_config(programs: Iterable[Program]) -> None:
    """Write supervisord's configuration."""
    head = _HEADER.format(
        socket=layout.SUPERVISOR_SOCKET,
        log=layout.LOG,
        run=layout.RUN,
        root=layout.ROOT,
        factory='supervisor.rpcinterface:make_main_rpcinterface',
    )
    CONFIG.write_text(head + '\n'.join(p.section() for p in programs))


def _server() -> Any:
    transport = SupervisorTransport(
        None, None, f'unix://{layout.SUPERVISOR_SOCKET}'
    )
    return xmlrpc.client.ServerProxy('http://127.0.0.1', transport).supervisor


def running() -> bool:
    """Say whether supervisord answers."""
    try:
        _server().getState()
    except (OSError, xmlrpc.client.Error):
        return False
    return True


def _join_own_cgroups() -> None:
    for controller in layout.CONTROLLERS:
        top = layout.CGROUP_ROOT / controller / layout.CGROUP_TOP
        (top / CONTROL_GROUP / 'cgroup.procs').write_text(str(os.getpid()))


def start_supervisord() -> None:
    """Start supervisord in a cgroup of the sandbox's own."""
    if running():
        return
    hosts.make_cgroups(CONTROL_GROUP)
    layout.SUPERVISOR_SOCKET.unlink(missing_ok=True)
    env = {
        key: os.environ[key]
        for key in ('LANG', 'TERM', 'HOME')
        if key in os.environ
    }
    done = subprocess.run(
        [layout.BIN / 'supervisord', '-c', CONFIG],
        env={**env, 'PATH': os.environ['PATH']},
        preexec_fn=_join_own_cgroups,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise progress.StepFailed(
            f'supervisord did not start: {done.stdout}{done.stderr}',
            layout.LOG / 'supervisord.log',
        )


def reload_config() -> None:
    """Make supervisord take programs that are new or have changed."""
    server = _server()
    added, changed, removed = server.reloadConfig()[0]
    for name in (*changed, *removed):
        server.stopProcessGroup(name)
        server.removeProcessGroup(name)
    for name in (*changed, *added):
        server.addProcessGroup(name)


def start(*names: str) -> None:
    """Start programs; one that runs is left alone."""
    server = _server()
    for name in names:
        with contextlib.suppress(xmlrpc.client.Fault):
            server.startProcess(name, False)


def stop(*names: str) -> None:
    """Stop programs and wait until they have ended."""
    server = _server()
    for name in names:
        with contextlib.suppress(xmlrpc.client.Fault):
            server.stopProcess(name, True)


def restart(*names: str) -> None:
    """Stop and start programs."""
    stop(*names)
    start(*names)


def states() -> dict[str, dict[str, Any]]:
    """Give supervisord's word on each program, by its name."""
    return {info['name']: info for info in _server().getAllProcessInfo()}


def pid(name: str) -> int:
    """Give the process id of a program; 0 when it does not run."""
    return int(_server().getProcessInfo(name)['pid'])


def shutdown() -> None:
    """Stop every program, then supervisord."""
    if running():
        server = _server()
        server.stopAllProcesses(True)
        server.shutdown()
