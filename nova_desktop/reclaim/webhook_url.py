# SPDX-License-Identifier: Apache-2.0
"""Whether a tenant's URL is one that the operator allows: pure.

The service posts from inside the cloud, where tenants are not: a URL that
only looks like an allowed one must not get through.
"""

import urllib.parse
from collections.abc import Iterable

_PORTS = {'https': 443, 'http': 80}
# What servers and libraries read in more than one way.
_DOUBTFUL_IN_PATH = frozenset('\\%;')

Place = tuple[str, str, int]
"""Scheme, host and port."""


def split(url: str) -> tuple[Place, str]:
    """Give place and path; raise ValueError for what is not plain."""
    if not url.isascii() or not url.isprintable() or ' ' in url:
        raise ValueError('must be printable ASCII')
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError('must begin with https:// or http:// and a host')
    if '@' in parts.netloc or '\\' in url or '#' in url:
        raise ValueError('must have no user, backslash or fragment')
    path = parts.path or '/'
    dots = {'.', '..'} & set(path.split('/'))
    if dots or _DOUBTFUL_IN_PATH & set(path) or '//' in path:
        raise ValueError('must have a path without dots, % and //')
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    return (parts.scheme, parts.hostname, port), path


def is_below(url: str, prefixes: Iterable[str]) -> bool:
    """Say whether a URL is at or below one of the prefixes."""
    try:
        place, path = split(url)
    except ValueError:
        return False
    for prefix in prefixes:
        allowed_place, allowed = split(prefix)
        folder = allowed.rstrip('/') + '/'
        if place == allowed_place and (path + '/').startswith(folder):
            return True
    return False
