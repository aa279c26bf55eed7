# SPDX-License-Identifier: Apache-2.0
"""Find the way to learn of input that this login has."""

import logging
from collections.abc import Callable, Mapping

from nova_desktop import exception
from nova_desktop.session import backend

LOG = logging.getLogger(__name__)

AUTO = 'auto'
Env = Mapping[str, str]
Make = Callable[[Env, int], backend.Backend]


def _wayland(env: Env, idle_ms: int) -> backend.Backend:
    if not _has_wayland(env):
        raise exception.HostUnready('WAYLAND_DISPLAY is not set')
    try:
        from nova_desktop.session import wayland
    except ImportError as problem:
        raise exception.HostUnready(
            f'pywayland cannot be loaded: {problem}'
        ) from problem
    return wayland.Wayland(env.get('WAYLAND_DISPLAY'), idle_ms)


def _mutter(env: Env, idle_ms: int) -> backend.Backend:
    if 'DBUS_SESSION_BUS_ADDRESS' not in env and 'XDG_RUNTIME_DIR' not in env:
        raise exception.HostUnready('there is no session bus')
    from nova_desktop.session import mutter

    return mutter.Mutter(idle_ms)


def _x11(env: Env, idle_ms: int) -> backend.Backend:
    if not env.get('DISPLAY'):
        raise exception.HostUnready('DISPLAY is not set')
    try:
        from nova_desktop.session import x11
    except ImportError as problem:
        raise exception.HostUnready(
            f'xcffib cannot be loaded: {problem}'
        ) from problem
    return x11.X11(env['DISPLAY'], idle_ms)


BACKENDS: Mapping[str, Make] = {
    'wayland': _wayland,
    'mutter': _mutter,
    'x11': _x11,
}
"""Every way, the one that sees the most first."""


def candidates(name: str, env: Env) -> list[str]:
    """Name what to try.

    An X server beside a Wayland compositor sees the input of its own windows
    only, so there it is taken for nothing but its name.
    """
    if name != AUTO:
        return [name]
    found = list(BACKENDS)
    if _has_wayland(env):
        found.remove('x11')
    return found


async def start(
    name: str, env: Env, idle_ms: int, on_sign: backend.OnSign
) -> backend.Backend:
    """Start the first way that works; raise HostUnready if none does."""
    problems = []
    for each in candidates(name, env):
        try:
            made = BACKENDS[each](env, idle_ms)
            await made.start(on_sign)
        except exception.HostUnready as problem:
            problems.append(f'{each}: {problem}')
            LOG.debug('Not by %s: %s', each, problem)
        else:
            return made
    raise exception.HostUnready(
        'this login has no way to learn of input: ' + '; '.join(problems)
    )


def _has_wayland(env: Env) -> bool:
    if env.get('WAYLAND_DISPLAY'):
        return True
    return env.get('XDG_SESSION_TYPE') == 'wayland'
