# SPDX-License-Identifier: Apache-2.0
"""Check that this workstation's key is there, and nobody else's to read."""

import grp
import pwd
from pathlib import Path

from nova_desktop import exception, keys
from nova_desktop.doctor import settings
from nova_desktop.doctor.result import Result, ok, problem, skipped

_WHAT = '[desktop] host_key_file'
_TRUSTED = ('root', 'nova')


def host_key(given: settings.Settings) -> Result:
    """Look at the file that the option names."""
    path = given.last('desktop', 'host_key_file')
    if not path:
        return skipped(
            _WHAT,
            'is not set: a reclaim service with a master key refuses this '
            'host, and one without believes any',
        )
    try:
        keys.read(path, _WHAT)
    except exception.BadValue as bad:
        host = given.last('DEFAULT', 'host', 'HOST')
        return problem(
            _WHAT,
            f'{path}: {bad.allowed}',
            f'nova-desktop-manage host-key {host}, on the control plane',
        )
    return _owned(Path(path))


def _owned(path: Path) -> Result:
    """Look who may read a key: its owner, and the group where that may."""
    status = path.stat()
    readers = [_user(status.st_uid)]
    if status.st_mode & 0o040:
        readers.append(_group(status.st_gid))
    strangers = [name for name in readers if name not in _TRUSTED]
    if strangers:
        found = f'{path} can be read by {", ".join(strangers)}'
        return problem(_WHAT, found, f'chown nova: {path}; chmod 600 {path}')
    return ok(_WHAT, f'{path} can be read by {", ".join(readers)}')


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
