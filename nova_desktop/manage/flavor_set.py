# SPDX-License-Identifier: Apache-2.0
"""Make the flavors of the ready set."""

from collections.abc import Iterator, Mapping
from typing import Any

from nova_desktop.doctor.result import Result, State
from nova_desktop.manage import ready_set
from nova_desktop.manage.cloud import doing


class Maker:
    """Make each flavor that is missing, and tell of those that differ."""

    def __init__(self, cloud: Any, update: bool, writes: bool) -> None:
        self._cloud = cloud
        self._update = update
        self._writes = writes

    def run(self) -> Iterator[Result]:
        """Give what became of each flavor; raise CloudFailed."""
        with doing('flavors'):
            there = {each.name: each for each in self._cloud.compute.flavors()}
        for wanted in ready_set.FLAVORS:
            with doing(f'flavor {wanted.name}'):
                result = self._one(wanted, there.get(wanted.name))
            yield result

    def _one(self, wanted: ready_set.Flavor, there: Any) -> Result:
        what = f'flavor {wanted.name}'
        if there is None:
            self._create(wanted)
            return Result(State.CREATED, what, _shown(wanted))
        sizes = _differences(
            wanted.size, {name: there[name] for name in wanted.size}
        )
        if sizes:
            remedy = 'Nova cannot change that: delete the flavor or keep it'
            return Result(State.DIFFERS, what, sizes, remedy)
        specs = _differences(wanted.extra_specs, there.extra_specs)
        if not specs:
            return Result(State.KEPT, what, _shown(wanted))
        half_made = (
            not there.extra_specs and there.description == wanted.description
        )
        if not half_made and not self._update:
            return Result(State.DIFFERS, what, specs, '--update sets it')
        self._describe(there, wanted)
        state = State.CREATED if half_made else State.UPDATED
        return Result(state, what, _shown(wanted))

    def _create(self, wanted: ready_set.Flavor) -> None:
        if self._writes:
            made = self._cloud.compute.create_flavor(
                name=wanted.name,
                description=wanted.description,
                **wanted.size,
            )
            self._describe(made, wanted)

    def _describe(self, flavor: Any, wanted: ready_set.Flavor) -> None:
        if self._writes:
            self._cloud.compute.create_flavor_extra_specs(
                flavor, dict(wanted.extra_specs)
            )


def _differences(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """Say what is otherwise than wanted; what is there besides is fine."""
    return ', '.join(
        f'{name} is {there.get(name, "missing")}, wanted {value}'
        for name, value in wanted.items()
        if there.get(name) != value
    )


def _shown(wanted: ready_set.Flavor) -> str:
    parts = {**wanted.size, **wanted.extra_specs}
    return ' '.join(f'{name}={value}' for name, value in parts.items())
