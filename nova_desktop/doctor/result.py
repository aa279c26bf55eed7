# SPDX-License-Identifier: Apache-2.0
"""What one check found."""

import dataclasses
import enum


class State(enum.StrEnum):
    """How a check ended."""

    OK = 'ok'
    PROBLEM = 'problem'
    SKIPPED = 'skipped'


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """One line: what was looked at, what was found, what to do about it."""

    state: State
    what: str
    found: str
    remedy: str = ''

    def line(self) -> str:
        """Give the line that is printed."""
        remedy = f'; {self.remedy}' if self.remedy else ''
        return f'{self.state:<8} {self.what}: {self.found}{remedy}'


def ok(what: str, found: str) -> Result:
    """Say that all is well."""
    return Result(State.OK, what, found)


def problem(what: str, found: str, remedy: str) -> Result:
    """Say what is wrong and what to do."""
    return Result(State.PROBLEM, what, found, remedy)


def skipped(what: str, why: str) -> Result:
    """Say why a check has nothing to look at here."""
    return Result(State.SKIPPED, what, why)
