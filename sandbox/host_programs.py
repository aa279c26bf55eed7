# SPDX-License-Identifier: Apache-2.0
"""The processes of each compute host, as supervisord is to keep them."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from sandbox import hosts, layout, programs
from sandbox.programs import PYTHON, Program


def _inside(
    host: layout.Host, name: str, *command: str | Path, **environment: object
) -> Program:
    return Program(
        f'{host.name}-{name}',
        tuple(hosts.in_host(host, *command)),
        environment,
        ours=name in ('agent', 'compute', 'desk') and host.desktop,
    )


def _agent_config(host: layout.Host) -> Path:
    return layout.ETC / 'nova_desktop' / f'agent-{host.name}.conf'


def _workstation(host: layout.Host) -> Iterator[Program]:
    source = {'PYTHONPATH': layout.SOURCE}
    yield _inside(
        host,
        'dbus',
        'dbus-daemon',
        '--nofork',
        '--nopidfile',
        f'--config-file={host.dir}/dbus.conf',
    )
    yield _inside(
        host,
        'logind',
        '/usr/bin/python3',
        '-P',
        '-m',
        'sandbox.logind_double',
        **source,
    )
    yield _inside(
        host,
        'desk',
        PYTHON,
        '-P',
        '-m',
        'sandbox.desk',
        '--input-dir',
        host.dir / 'input',
        '--socket',
        host.dir / 'desk.sock',
        '--log',
        layout.LOG / f'{host.name}-desk.jsonl',
        '--work-group',
        '/sys/fs/cgroup/cpu/owner',
        **source,
    )
    yield _inside(
        host,
        'agent',
        'unshare',
        '--net',
        layout.BIN / 'nova-desktop-agent',
        '--config-file',
        _agent_config(host),
    )


def _libvirt(host: layout.Host) -> Iterator[Program]:
    pids = '--pid-file=/run/libvirt'
    yield _inside(
        host, 'virtlogd', '/usr/sbin/virtlogd', f'{pids}/virtlogd.pid'
    )
    prepare = ''
    if host.desktop:
        prepare = (
            shlex.join(
                [
                    str(layout.BIN / 'nova-desktop-agent'),
                    '--prepare',
                    '--config-file',
                    str(_agent_config(host)),
                ]
            )
            + ' && '
        )
    start = f'{prepare}exec /usr/sbin/libvirtd {pids}/libvirtd.pid'
    yield _inside(host, 'libvirtd', 'sh', '-c', start)


def _compute(host: layout.Host, eventlet: bool) -> Program:
    etc = layout.ETC / 'nova'
    # init_host does not come back once it has failed: wait for what it needs.
    wait = (
        layout.SOURCE / 'sandbox' / 'wait-for',
        f'tcp:127.0.0.1:{layout.PORTS["rabbitmq"]}',
        'unix:/run/libvirt/libvirt-sock',
        '--',
    )
    nova = (
        layout.BIN / 'nova-compute',
        '--config-file',
        etc / 'nova-common.conf',
        '--config-file',
        etc / f'compute-{host.name}.conf',
    )
    mode = {'OS_NOVA_DISABLE_EVENTLET_PATCHING': '0' if eventlet else '1'}
    return _inside(host, 'compute', *wait, *nova, **mode)


def _sshd(host: layout.Host) -> Program:
    """Give what takes the disks of guests that are moved while stopped."""
    keys = layout.ETC / 'ssh'
    options = {
        'ListenAddress': host.address,
        'HostKey': keys / 'host',
        'AuthorizedKeysFile': keys / 'user.pub',
        'PidFile': 'none',
        'PermitRootLogin': 'prohibit-password',
        'PasswordAuthentication': 'no',
        'StrictModes': 'no',
        'UsePAM': 'no',
        'Subsystem': 'sftp internal-sftp',
    }
    words = [word for key, value in options.items()
             for word in ('-o', f'{key}={value}')]  # fmt: skip
    port = str(layout.PORTS['ssh'])
    return _inside(host, 'sshd', '/usr/sbin/sshd', '-D', '-f', '/dev/null',
                   '-p', port, *words)  # fmt: skip


def of_host(host: layout.Host, eventlet: bool = False) -> Iterator[Program]:
    """Give one host's programs in the order they are started."""
    if host.desktop:
        yield from _workstation(host)
    yield from _libvirt(host)
    yield _sshd(host)
    yield _compute(host, eventlet)


def every(eventlet: bool = False) -> list[Program]:
    """Give all programs of the sandbox."""
    found = list(programs.control())
    for host in layout.HOSTS:
        found.extend(of_host(host, eventlet))
    return found
