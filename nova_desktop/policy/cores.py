# SPDX-License-Identifier: Apache-2.0
"""Which CPUs are left to guests beside an owner."""

from nova_desktop import model


def left(cpus: float, capacity: model.Capacity) -> tuple[int, ...] | None:
    """Give the CPUs of as few whole cores as carry ``cpus``.

    Whole cores, because a sibling shares its core's units with the owner.
    ``None``, which is every CPU, where nothing would be left to him.
    """
    kept: list[int] = []
    for core in capacity.cores:
        kept += core
        if len(kept) >= cpus:
            break
    else:
        return None
    whole = sum(map(len, capacity.cores))
    return tuple(sorted(kept)) if len(kept) < whole else None
