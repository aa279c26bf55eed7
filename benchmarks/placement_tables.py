# SPDX-License-Identifier: Apache-2.0
"""Many providers, inventories and allocations, written at once.

Into Placement's tables as it describes them itself: through its API ten
thousand workstations would take minutes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy
from placement.db.sqlalchemy import models

from benchmarks import monday_desks
from benchmarks.monday_desks import Desk
from nova_desktop.virt import inventory

TRAITS = ('COMPUTE_NODE', 'OWNER_NOVA', inventory.TRAIT)
OWNER = 'benchmark'
"""Project and user of every guest."""

Row = dict[str, Any]


def fill(database: str, desks: Sequence[Desk]) -> None:
    """Write them into the database that this URL names."""
    engine = sqlalchemy.create_engine(database)
    with engine.begin() as link:
        write(link, desks)
    engine.dispose()


def write(link: Any, desks: Sequence[Desk]) -> None:
    """Write workstations whose owners are away, with their guests.

    ``link`` is SQLAlchemy's connection or session.
    """
    classes = _ids(link, models.ResourceClass)
    link.execute(_insert(models.Trait), [{'name': inventory.TRAIT}])
    traits = _ids(link, models.Trait)
    for owner in (models.Project, models.User):
        link.execute(_insert(owner), [{'id': 1, 'external_id': OWNER}])
    for model, found in (
        (models.ResourceProvider, map(_provider, desks)),
        (models.Inventory, _inventories(desks, classes)),
        (models.ResourceProviderTrait, _traits(desks, traits)),
        (models.Consumer, _consumers(desks)),
        (models.Allocation, _allocations(desks, classes)),
    ):
        rows = list(found)
        # Of nothing SQLAlchemy would make a row of defaults.
        if rows:
            link.execute(_insert(model), rows)


def _insert(model: Any) -> Any:
    return sqlalchemy.insert(model.__table__)


def _ids(link: Any, model: Any) -> dict[str, int]:
    found = link.execute(sqlalchemy.select(model.name, model.id))
    return {name: number for name, number in found}


def _provider(desk: Desk) -> Row:
    return {
        'id': desk.number,
        'uuid': desk.uuid,
        'name': desk.name,
        'generation': 0,
        'root_provider_id': desk.number,
    }


def _inventories(
    desks: Sequence[Desk], classes: dict[str, int]
) -> Iterator[Row]:
    for desk in desks:
        told = monday_desks.told(desk, desk.away())
        for name, each in told.items():
            yield {
                'resource_provider_id': desk.number,
                'resource_class_id': classes[name],
                **each,
            }


def _traits(desks: Sequence[Desk], traits: dict[str, int]) -> Iterator[Row]:
    for desk in desks:
        for name in TRAITS:
            yield {
                'resource_provider_id': desk.number,
                'trait_id': traits[name],
            }


def _consumers(desks: Sequence[Desk]) -> Iterator[Row]:
    for desk in desks:
        for guest in desk.guests:
            yield {'uuid': guest.uuid, 'project_id': 1, 'user_id': 1}


def _allocations(
    desks: Sequence[Desk], classes: dict[str, int]
) -> Iterator[Row]:
    for desk in desks:
        for guest in desk.guests:
            for name, used in guest.uses.items():
                yield {
                    'resource_provider_id': desk.number,
                    'consumer_id': guest.uuid,
                    'resource_class_id': classes[name],
                    'used': used,
                }
