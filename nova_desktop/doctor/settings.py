# SPDX-License-Identifier: Apache-2.0
"""Configuration files as they are written, before anybody checks them.

A misspelled option is unknown to oslo.config, which says nothing; here it
can be seen.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

Place = tuple[str, str]
"""A group and an option in it."""


class Settings:
    """Every value of every option."""

    def __init__(self, values: Mapping[Place, list[str]]) -> None:
        self._values = values

    def all(self, group: str, name: str) -> list[str]:
        """Give each value of an option that may be given repeatedly."""
        return self._values.get((group, name), [])

    def last(self, group: str, name: str, default: str = '') -> str:
        """Give the value in force, which is the last one."""
        return (self.all(group, name) or [default])[-1]

    def names(self, group: str) -> list[str]:
        """Give the names of the options that are set in a group."""
        return [name for where, name in self._values if where == group]


def read(paths: Iterable[str]) -> Settings:
    """Read files in oslo.config's format; later ones win over earlier ones.

    Raises OSError where one cannot be read.
    """
    values: dict[Place, list[str]] = {}
    for path in paths:
        text = Path(path).read_text(errors='replace')
        for place, value in _options(text):
            values.setdefault(place, []).append(value)
    return Settings(values)


def _options(text: str) -> Iterator[tuple[Place, str]]:
    group = 'DEFAULT'
    for line in _joined(text):
        if line.startswith('['):
            group = line.strip('[] ')
            continue
        name, equals, value = line.partition('=')
        if equals:
            yield (group, name.strip()), value.strip().strip('"\'')


def _joined(text: str) -> list[str]:
    """Give the lines without comments, each with what goes on below it."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith(('#', ';')):
            continue
        if line[0] in ' \t' and lines:
            lines[-1] += ' ' + line.strip()
        else:
            lines.append(line)
    return lines
