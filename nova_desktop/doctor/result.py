# SPDX-License-Identifier: Apache-2.0
"""What one check found."""

import dataclasses
import enum
from collections.abc import Iterable, Sequence


class State(enum.StrEnum):
    """How a check ended."""

    OK = 'ok'
    PROBLEM = 'problem'
    SKIPPED = 'skipped'
    ADVICE = 'advice'
    CREATED = 'created'
    UPDATED = 'updated'
    KEPT = 'kept'
    DIFFERS = 'differs'


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


def advice(what: str, found: str, remedy: str = '') -> Result:
    """Say what works, and what could be better."""
    return Result(State.ADVICE, what, found, remedy)


def table(results: Sequence[Result]) -> str:
    """Give the lines under each other, in columns."""
    wide = max((len(each.what) for each in results), default=0)
    return '\n'.join(
        dataclasses.replace(each, what=f'{each.what:<{wide}}').line()
        for each in results
    )


def exit_code(results: Iterable[Result]) -> int:
    """Give 1 if anything is not as it should be, else 0."""
    bad = (State.PROBLEM, State.DIFFERS)
    return int(any(each.state in bad for each in results))
