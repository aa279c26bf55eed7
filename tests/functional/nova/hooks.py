# SPDX-License-Identifier: Apache-2.0
"""Moments inside of Nova at which something else happens."""

import functools
from collections.abc import Callable, Iterable


def _hooked(
    stock: Callable,
    name: str,
    do: Callable[[str], None],
    called: list[str],
    times: int,
) -> Callable:
    def method(*args, **kwargs):
        called.append(name)
        if len(called) <= times:
            do(name)
        return stock(*args, **kwargs)

    return method


class Hooks:
    """Remember every hook, so that none can go unused unnoticed."""

    @functools.cached_property
    def hooks(self) -> list[tuple[str, list[str]]]:
        return []

    def assert_hooks_called(self) -> None:
        unused = [method for method, called in self.hooks if not called]
        self.assertEqual([], unused, 'never called')

    def before(
        self,
        method: str,
        do: Callable[[str], None],
        names: Iterable[str] | None = None,
        times: int = 1,
        of: str = 'driver',
    ) -> list[str]:
        """Do something just before the hosts' drivers do, so many times.

        ``do`` is given the host's name. Gives the hosts whose drivers were
        called, as far as they have been, in that order. ``of`` may also be
        the compute manager.
        """
        called: list[str] = []
        self.hooks.append((method, called))
        for name in names or self.computes:
            target = getattr(self.computes[name], of)
            stock = getattr(target, method)
            setattr(target, method, _hooked(stock, name, do, called, times))
        return called
