# SPDX-License-Identifier: Apache-2.0
"""Install what the sandbox needs; only what is missing or has changed.

Runs on Debian's own Python with nothing but the standard library.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox import layout, progress

DEBIAN = [
    'busybox-static',
    'ca-certificates',
    'cpio',
    'curl',
    'dbus',
    'gcc',
    'git',
    'ipxe-qemu',
    'iproute2',
    'kmod',
    'libglib2.0-0',
    'libnuma1',
    'libudev1',
    'liburing2',
    'libvirt-clients',
    'libvirt-daemon',
    'libvirt-daemon-driver-qemu',
    'libvirt-daemon-system',
    'libvirt-dev',
    'mariadb-server',
    'mutter',
    'openssh-client',
    'openssh-server',
    'pkg-config',
    'procps',
    'python3-dbusmock',
    'python3-dev',
    'python3-venv',
    'qemu-system-x86',
    'qemu-utils',
    'rabbitmq-server',
    'seabios',
    'shellcheck',
    'sway',
    'util-linux',
    'wtype',
    'xdotool',
    'xvfb',
]
SERVICES = [
    'nova==34.0.0',
    'keystone==30.0.0',
    'glance==33.0.0',
    'openstack-placement==16.0.0',
    'neutron==29.0.0',
    'python-openstackclient',
    'pymysql',
    'uwsgi',
    'supervisor',
    'setuptools',
]
CONSTRAINTS = layout.SOURCE / 'sandbox' / 'constraints.txt'
PACKAGE_PARTS = (
    'nova_desktop',
    'nova',
    'etc',
    'setup.cfg',
    'setup.py',
    'pyproject.toml',
    'requirements.txt',
    'README.md',
    'LICENSE',
)
VERSION = '0.1.0'
POLICY = Path('/usr/sbin/policy-rc.d')


@contextmanager
def no_services_started() -> Iterator[None]:
    """Keep Debian's packages from starting their daemons on all addresses."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text('#!/bin/sh\nexit 101\n')
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def missing_debian() -> list[str]:
    """Give the Debian packages that are not installed."""
    asked = subprocess.run(
        [
            'dpkg-query',
            '-W',
            '-f',
            '${Package} ${db:Status-Status}\n',
            *DEBIAN,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    there = {
        line.split()[0]
        for line in asked.stdout.splitlines()
        if line.endswith(' installed')
    }
    return [name for name in DEBIAN if name not in there]


def install_debian() -> None:
    """Install the Debian packages that are missing."""
    missing = missing_debian()
    if not missing:
        return
    log = layout.LOG / 'apt.log'
    env = {**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'}
    apt = ['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300']
    what = f'installing {len(missing)} Debian packages'
    with progress.step(what), no_services_started():
        progress.run([*apt, 'update'], log, env)
        progress.run(
            [*apt, 'install', '-y', '--no-install-recommends', *missing],
            log,
            env,
            1800,
        )


def digest(paths: Iterator[Path]) -> str:
    """Give a digest of the files' names and contents."""
    total = hashlib.sha256()
    for path in paths:
        total.update(str(path).encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def package_files() -> Iterator[Path]:
    """Give each file that the installed package is made of."""
    for part in PACKAGE_PARTS:
        path = layout.SOURCE / part
        if path.is_file():
            yield path
        for file in sorted(path.rglob('*')):
            if file.is_file() and '__pycache__' not in file.parts:
                yield file


def stamped(name: str, value: str) -> bool:
    """Say whether this was installed already, by a stamp in the venv."""
    stamp = layout.VENV / f'.{name}'
    return stamp.exists() and stamp.read_text() == value


def stamp(name: str, value: str) -> None:
    """Note what was installed."""
    (layout.VENV / f'.{name}').write_text(value)


def install_services() -> None:
    """Make the virtual environment with the released OpenStack services."""
    requirements = [
        layout.SOURCE / 'requirements.txt',
        layout.SOURCE / 'test-requirements.txt',
    ]
    wanted = digest(iter([CONSTRAINTS, *requirements, Path(__file__)]))
    if stamped('services', wanted):
        return
    log = layout.LOG / 'pip.log'
    pip = (layout.BIN / 'python', '-m', 'pip', 'install', '-q')
    with progress.step(
        'installing OpenStack 2026.2 into a virtual environment'
    ):
        if not (layout.BIN / 'pip').exists():
            progress.run(['/usr/bin/python3', '-m', 'venv', layout.VENV], log)
        progress.run([*pip, '-U', 'pip', 'setuptools', 'wheel'], log)
        files = [part for path in requirements for part in ('-r', path)]
        progress.run(
            [*pip, '-c', CONSTRAINTS, *SERVICES, *files], log, timeout_s=1800
        )
    stamp('services', wanted)


def install_package() -> None:
    """Install nova_desktop from this checkout, beside Nova."""
    wanted = digest(package_files())
    if stamped('package', wanted):
        return
    env = {**os.environ, 'PBR_VERSION': VERSION}
    with (
        progress.step('installing nova_desktop beside Nova'),
        tempfile.TemporaryDirectory() as folder,
    ):
        # A build in the checkout would leave files behind that the next one
        # packs again.
        for file in package_files():
            copy = Path(folder) / file.relative_to(layout.SOURCE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
        progress.run(
            [
                layout.BIN / 'python',
                '-m',
                'pip',
                'install',
                '-q',
                '--no-deps',
                '--no-build-isolation',
                '--force-reinstall',
                folder,
            ],
            layout.LOG / 'pip.log',
            env,
        )
    stamp('package', wanted)


def build_guest() -> None:
    """Build the small guest image."""
    build = layout.SOURCE / 'sandbox' / 'guest' / 'build'
    with progress.step('building the guest image'):
        progress.run(['sh', build, layout.GUEST], layout.LOG / 'guest.log')


def main() -> int:
    """Install all of it."""
    layout.LOG.mkdir(parents=True, exist_ok=True)
    try:
        install_debian()
        install_services()
        install_package()
        build_guest()
    except progress.StepFailed as failure:
        progress.report(failure)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
