# SPDX-License-Identifier: Apache-2.0
"""Make the aggregate of the workstations, and put them into it."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nova_desktop.doctor.result import Result, State, problem, skipped
from nova_desktop.manage import ready_set
from nova_desktop.manage.cloud import doing

_NAME = ready_set.AGGREGATE
_KEY, _VALUE = ready_set.ISOLATION


class Aggregate:
    """The aggregate, made when this is; raises CloudFailed.

    ``result`` tells what became of it.
    """

    def __init__(self, cloud: Any, update: bool, writes: bool) -> None:
        self._compute = cloud.compute
        self._writes = writes
        with doing(f'aggregate {_NAME}'):
            self._there = next(
                (a for a in self._compute.aggregates() if a.name == _NAME),
                None,
            )
            self.result = self._made(update)

    def _made(self, update: bool) -> Result:
        what, found = f'aggregate {_NAME}', f'{_KEY}={_VALUE}'
        there = self._there
        metadata = (there.metadata if there else None) or {}
        if metadata.get(_KEY) == _VALUE:
            return Result(State.KEPT, what, found)
        # One with nothing in it is what a run that was cut short leaves.
        somebodys = there is not None and bool(metadata or there.hosts)
        if somebodys and not update:
            has = f'{_KEY} is {metadata.get(_KEY, "missing")}, wanted {_VALUE}'
            return Result(State.DIFFERS, what, has, '--update sets it')
        if self._writes:
            self._there = there or self._compute.create_aggregate(name=_NAME)
            self._compute.set_aggregate_metadata(self._there, **{_KEY: _VALUE})
        state = State.UPDATED if somebodys else State.CREATED
        return Result(state, what, found)

    def hosts(
        self, known: Mapping[str, bool], named: Collection[str]
    ) -> Iterator[Result]:
        """Put hosts into it; give what became of each.

        ``known`` are Nova's, and which of them have the trait.
        """
        ours = [name for name, has_trait in known.items() if has_trait]
        wanted = sorted(set(named or ours))
        if not wanted:
            yield skipped('hosts', 'none has the trait yet; run this again')
        elif self.result.state is State.DIFFERS:
            yield skipped('hosts', f'the aggregate {_NAME} differs')
        else:
            yield from (self._host(name, known) for name in wanted)

    def _host(self, name: str, known: Mapping[str, bool]) -> Result:
        what, place = f'host {name}', f'in the aggregate {_NAME}'
        if name not in known:
            names = ', '.join(sorted(known)) or 'none'
            remedy = (
                f'known are: {names}; new: nova-manage cell_v2 discover_hosts'
            )
            return problem(what, 'unknown to Nova', remedy)
        if not known[name]:
            place += '; without the trait, which its nova-compute reports'
        if self._there is not None and name in (self._there.hosts or ()):
            return Result(State.KEPT, what, place)
        if self._writes:
            with doing(what):
                self._compute.add_host_to_aggregate(self._there, name)
        return Result(State.CREATED, what, place)
