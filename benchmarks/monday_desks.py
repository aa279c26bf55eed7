# SPDX-License-Identifier: Apache-2.0
"""The workstations of a company: what they are, lend and tell Placement."""

import dataclasses
import random
import uuid

from nova_desktop import model
from nova_desktop.virt import inventory, push

RESERVED_MIB = 512
"""What the operator keeps of each, as nova.conf's reserved_host_memory_mb."""
_GUESTS = (1, 2, 3)


@dataclasses.dataclass(frozen=True, slots=True)
class Guest:
    """What one guest holds on a workstation, by its consumer in Placement."""

    uuid: str
    uses: dict[str, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Desk:
    """One workstation; its number is its provider's key in the database."""

    number: int
    uuid: str
    totals: dict[str, int]
    guests: tuple[Guest, ...]

    @property
    def name(self) -> str:
        """Give the host's name."""
        return f'desk{self.number}'

    def away(self) -> model.Cap:
        """Give what is lent while nobody is there."""
        cpus, memory_mib = self.totals['VCPU'], self.totals['MEMORY_MB']
        return model.Cap(float(cpus), memory_mib * 9 // 10, True)

    def back(self) -> model.Cap:
        """Give what is lent beside an active owner."""
        cpus, memory_mib = self.totals['VCPU'], self.totals['MEMORY_MB']
        return model.Cap(cpus / 100, memory_mib // 4, False)


def make(count: int) -> list[Desk]:
    """Make workstations of different sizes, the same ones each time."""
    rng = random.Random(count)  # noqa: S311
    return [_desk(number + 1, rng) for number in range(count)]


def stock_inventory(desk: Desk) -> inventory.Inventory:
    """Give the inventory as Nova's own driver would."""
    return {
        name: {
            'total': total,
            'reserved': RESERVED_MIB if name == 'MEMORY_MB' else 0,
            'min_unit': 1,
            'max_unit': total,
            'step_size': 1,
            'allocation_ratio': 1.0,
        }
        for name, total in desk.totals.items()
    }


def told(desk: Desk, cap: model.Cap) -> inventory.Inventory:
    """Give the inventory that Placement is to hold under a cap."""
    stock = stock_inventory(desk)
    reserved = inventory.operators_reserved(stock)
    return inventory.capped(stock, reserved, cap)


def provider(desk: Desk) -> push.Provider:
    """Give what the driver remembers of its resource provider."""
    reserved = inventory.operators_reserved(stock_inventory(desk))
    return push.Provider(desk.uuid, reserved)


def guest(rng: random.Random) -> Guest:
    """Make a guest that fits on any workstation beside two more."""
    uses = {
        'VCPU': 1,
        'MEMORY_MB': rng.choice((512, 1024, 2048)),
        'DISK_GB': rng.choice((5, 10, 20)),
    }
    return Guest(_uuid(rng), uses)


def _desk(number: int, rng: random.Random) -> Desk:
    totals = {
        'VCPU': rng.choice((4, 8, 16)),
        'MEMORY_MB': rng.choice((8192, 16384, 32768)),
        'DISK_GB': rng.choice((100, 250)),
    }
    guests = tuple(guest(rng) for _ in range(rng.choice(_GUESTS)))
    return Desk(number, _uuid(rng), totals, guests)


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
