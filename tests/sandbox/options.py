# SPDX-License-Identifier: Apache-2.0
"""Options of the sandbox's programs that a test wants otherwise."""

from collections.abc import Callable
from pathlib import Path

from sandbox import config, layout


def change(
    cleanup: Callable[..., object],
    path: Path,
    group: str,
    **options: object,
) -> None:
    """Set options of a group in a file; ``cleanup`` takes what undoes it.

    Who reads the file has to be restarted, also after it was undone.
    """
    text = path.read_text()
    cleanup(path.write_text, text)
    lines = ''.join(f'{name} = {value}\n' for name, value in options.items())
    head = f'[{group}]\n'
    if head not in text:
        raise AssertionError(f'{path} has no group {group}')
    path.write_text(text.replace(head, head + lines, 1))


def change_computes(
    cleanup: Callable[..., object], group: str, **options: object
) -> None:
    """Set options of every workstation's nova-compute as ``change`` does."""
    for host in layout.WORKSTATIONS:
        path = config.host_files(host)['compute.conf']
        change(cleanup, path, group, **options)
