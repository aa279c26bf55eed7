# SPDX-License-Identifier: Apache-2.0
"""Options of benchmarks that are numbers."""

import argparse

Row = tuple[str, type[int] | type[float], float, str]
"""Name, kind, default and help of an option."""


def add(command: argparse.ArgumentParser, *rows: Row) -> None:
    """Add options, each with its default told."""
    for name, kind, default, told in rows:
        command.add_argument(
            name,
            type=kind,
            default=default,
            metavar='N',
            help=f'{told} (default %(default)s)',
        )
