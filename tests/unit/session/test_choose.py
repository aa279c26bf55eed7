# SPDX-License-Identifier: Apache-2.0
"""Which way to learn of input a login has."""

import unittest
from collections.abc import Mapping
from unittest import mock

from nova_desktop import exception
from nova_desktop.session import backend, choose


class Double:
    """A way that works, or does not."""

    def __init__(self, name: str, works: bool) -> None:
        self.name = name
        self._works = works

    async def start(self, on_sign: backend.OnSign) -> None:
        if not self._works:
            raise exception.HostUnready('not here')

    async def lost(self) -> None:
        return None

    def stop(self) -> None:
        return None


class CandidatesTest(unittest.TestCase):
    def test_x_beside_wayland_is_blind(self) -> None:
        for env in (
            {'WAYLAND_DISPLAY': 'wayland-0', 'DISPLAY': ':0'},
            {'XDG_SESSION_TYPE': 'wayland', 'DISPLAY': ':0'},
        ):
            self.assertEqual(
                ['wayland', 'mutter'], choose.candidates('auto', env)
            )
            self.assertEqual(['x11'], choose.candidates('x11', env))

    def test_all_where_there_is_no_wayland(self) -> None:
        self.assertEqual(
            ['wayland', 'mutter', 'x11'],
            choose.candidates('auto', {'DISPLAY': ':0'}),
        )


class StartTest(unittest.IsolatedAsyncioTestCase):
    async def chosen(self, **works: bool) -> backend.Backend:
        def make(name: str) -> choose.Make:
            def made(_: Mapping[str, str], __: int) -> backend.Backend:
                return Double(name, works[name])

            return made

        ways = {name: make(name) for name in works}
        with mock.patch.object(choose, 'BACKENDS', ways):
            return await choose.start('auto', {}, 1000, lambda _: None)

    async def test_first_that_works(self) -> None:
        found = await self.chosen(wayland=False, mutter=True, x11=True)
        self.assertEqual('mutter', found.name)

    async def test_none_works_and_each_says_why(self) -> None:
        with self.assertRaisesRegex(
            exception.HostUnready, 'wayland: not here; x11: not here'
        ):
            await self.chosen(wayland=False, x11=False)

    async def test_login_on_a_terminal(self) -> None:
        with self.assertRaisesRegex(
            exception.HostUnready, 'WAYLAND_DISPLAY.*session bus.*DISPLAY'
        ):
            await choose.start('auto', {}, 1000, lambda _: None)
