# SPDX-License-Identifier: Apache-2.0
"""Make and remove the compute hosts: namespaces, cgroups and own state.

Each host has its own mount, UTS and cgroup namespace and its own subtree in
every cgroup v1 controller. The network namespace is shared: every host has a
loopback address of its own.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Set
from pathlib import Path

from sandbox import layout, progress

FOLDERS = (
    'run-libvirt',
    'lib-libvirt/qemu',
    'lib-libvirt/images',
    'lib-libvirt/boot',
    'cache-libvirt',
    'log-libvirt',
    'run-dbus',
    'ssh',
    'instances/locks',
    'input',
    'agent',
)
NAMESPACES = ('mnt', 'uts', 'cgroup')
# Where the sandbox is itself in a mount namespace, Linux 6.18 sometimes takes
# keeping a younger one for a loop: it numbers them for each CPU apart.
TRIES = 8
SHARED_MOUNT_POINTS = (
    Path('/run/libvirt'),
    Path('/var/lib/libvirt'),
    Path('/var/cache/libvirt'),
    Path('/var/log/libvirt'),
    Path('/run/dbus'),
    Path('/root/.ssh'),
    layout.INSTANCES,
)


def in_host(host: layout.Host, *command: str | Path) -> list[str]:
    """Give the command line that runs a command inside a host."""
    helper = layout.SOURCE / 'sandbox' / 'in-host'
    return [str(part) for part in (helper, host.dir, *command)]


def make_cgroups(name: str) -> None:
    """Make a subtree of the sandbox's own in every controller."""
    for controller in layout.CONTROLLERS:
        base = layout.CGROUP_ROOT / controller
        if not (base / 'cgroup.procs').exists():
            raise progress.StepFailed(
                f'cgroup v1 controller {controller} is not mounted at {base}: '
                'the sandbox needs the v1 hierarchy (kernel command line '
                'systemd.unified_cgroup_hierarchy=0)'
            )
        group = base / layout.CGROUP_TOP / name
        for made in (group.parent, group):
            made.mkdir(exist_ok=True)
            if controller == 'cpuset':
                _fill_cpuset(made)


def _fill_cpuset(group: Path) -> None:
    for name in ('cpuset.cpus', 'cpuset.mems'):
        (group / name).write_text((group.parent / name).read_text())
    (group / 'cgroup.clone_children').write_text('1')


def mounted(path: Path) -> bool:
    """Say whether something is mounted there, a folder on itself included."""
    mounts = Path('/proc/self/mountinfo').read_text().splitlines()
    return any(line.split()[4] == str(path) for line in mounts)


def exists(host: layout.Host) -> bool:
    """Say whether a host's namespaces are there and can be entered."""
    if not mounted(host.namespaces / 'mnt'):
        return False
    tried = subprocess.run(
        in_host(host, 'true'), capture_output=True, check=False
    )
    return tried.returncode == 0


def create(host: layout.Host) -> None:
    """Make a host; a host that exists is left as it is."""
    make_cgroups(host.name)
    for folder in FOLDERS:
        (host.dir / folder).mkdir(parents=True, exist_ok=True)
    for point in SHARED_MOUNT_POINTS:
        point.mkdir(parents=True, exist_ok=True)
    layout.BY_ADDRESS.mkdir(exist_ok=True)
    link = layout.BY_ADDRESS / host.address
    link.unlink(missing_ok=True)
    link.symlink_to(host.dir / 'run-libvirt')
    if not (host.dir / 'etc-libvirt').exists():
        shutil.copytree('/etc/libvirt', host.dir / 'etc-libvirt')
        shutil.rmtree(host.dir / 'etc-libvirt/qemu/networks/autostart', True)
    for _ in range(TRIES):
        if exists(host):
            return
        remove_namespaces(host)
        with contextlib.suppress(progress.StepFailed):
            _make_namespaces(host)
    if not exists(host):
        raise progress.StepFailed(
            f'the namespaces of {host.name} cannot be kept',
            layout.LOG / f'{host.name}-make.log',
        )


def _make_namespaces(host: layout.Host) -> None:
    progress.run(
        [
            layout.SOURCE / 'sandbox' / 'make-host',
            host.dir,
            host.name,
            f'{layout.CGROUP_TOP}/{host.name}',
            layout.INSTANCES,
        ],
        layout.LOG / f'{host.name}-make.log',
    )


def remove_namespaces(host: layout.Host) -> None:
    """Unmount what keeps a host's namespaces alive."""
    folder = host.namespaces
    for path in (*(folder / name for name in NAMESPACES), folder):
        while mounted(path):
            subprocess.run(['umount', path], check=True)


def processes(names: Iterable[str], below: str = '') -> set[int]:
    """Give the processes in the sandbox's own cgroups, or in folders there."""
    found: set[int] = set()
    for name in names:
        for controller in layout.CONTROLLERS:
            top = layout.CGROUP_ROOT / controller / layout.CGROUP_TOP / name
            # A guest's may go at any moment, which os.walk does not mind.
            for folder, _, _ in os.walk(top / below):
                with contextlib.suppress(OSError):
                    procs = Path(folder, 'cgroup.procs').read_text()
                    found.update(int(pid) for pid in procs.split())
    return found - {os.getpid()}


def end_services(host: layout.Host) -> None:
    """End a host's services that outlived their supervisor, not its guests."""
    partition = 'novadesktop.partition' if host.desktop else 'machine'
    end_processes([host.name], spare=processes([host.name], partition))


def end_processes(
    names: Iterable[str],
    patience_s: float = 5.0,
    spare: Set[int] = frozenset(),
) -> None:
    """End all processes in the sandbox's own cgroups, by force at last."""
    names = list(names)
    for signum in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + patience_s
        left = processes(names) - spare
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)
        while left and time.monotonic() < deadline:
            # Processes that are not our children offer no event to wait for.
            time.sleep(0.05)
            left = processes(names) - spare
        if not left:
            return
    raise progress.StepFailed(f'processes {sorted(left)} do not end')


def remove_cgroups() -> None:
    """Remove the sandbox's subtree from every controller."""
    for controller in layout.CONTROLLERS:
        top = layout.CGROUP_ROOT / controller / layout.CGROUP_TOP
        groups = sorted(top.rglob('*'), key=lambda path: -len(path.parts))
        for group in [path for path in groups if path.is_dir()] + [top]:
            with contextlib.suppress(FileNotFoundError):
                group.rmdir()
