# SPDX-License-Identifier: Apache-2.0
"""What a flavor and an image ask of Nova, read as Nova itself reads it."""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nova_desktop import model

TRAIT = model.TRAIT

TRUSTED = 'CUSTOM_DESKTOP_TRUSTED'
"""What the operator gives those that may see anything."""

_TRUE = ('1', 't', 'true', 'on', 'y', 'yes')
_SMALL_PAGE = re.compile(r'small|4\s*(k(i?b)?)?', re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """A flavor's extra specs and an image's properties.

    ``image`` is by the names of Nova's ImageMetaProps, in which required
    traits are a list and everything that Nova does not know is missing.
    """

    specs: Mapping[str, str]
    image: Mapping[str, Any]

    def requires(self, trait: str) -> bool:
        """Say whether Placement is asked for hosts with a trait only."""
        by_flavor = self.specs.get(f'trait:{trait}') == 'required'
        return by_flavor or self.image_requires(trait)

    def image_requires(self, trait: str) -> bool:
        """Say whether the image asks for hosts with a trait."""
        traits = self.image.get('traits_required')
        return isinstance(traits, list | tuple | set) and trait in traits

    def forbids(self, trait: str) -> bool:
        """Say whether the flavor asks for hosts without a trait."""
        return self.specs.get(f'trait:{trait}') == 'forbidden'

    def hardware(self, name: str) -> str:
        """Give ``hw:name`` of the flavor, else ``hw_name`` of the image."""
        value = self.specs.get(f'hw:{name}') or self.image.get(f'hw_{name}')
        return '' if value is None else str(value).strip()

    def is_on(self, name: str) -> bool:
        """Say whether flavor or image switch a property on."""
        values = (self.specs.get(f'hw:{name}'), self.image.get(f'hw_{name}'))
        return any(_true(value) for value in values)

    @property
    def is_realtime(self) -> bool:
        """Say whether vCPUs are realtime tasks, which only a flavor can."""
        return _true(self.specs.get('hw:cpu_realtime'))

    @property
    def has_fixed_memory(self) -> bool:
        """Say whether the guest's memory stays with it whatever it needs."""
        pages = self.hardware('mem_page_size')
        if pages.lower() in ('any', 'large'):
            pages = str(self.image.get('hw_mem_page_size') or pages).strip()
        huge = bool(pages) and _SMALL_PAGE.fullmatch(pages) is None
        return huge or self.is_on('locked_memory') or self.is_encrypted

    @property
    def is_encrypted(self) -> bool:
        """Say whether the host cannot read the guest's memory."""
        return self.is_on('mem_encryption')

    @property
    def watchdog(self) -> str:
        """Give what a watchdog does; here the image goes before the flavor."""
        image = self.image.get('hw_watchdog_action')
        return str(image or self.specs.get('hw:watchdog_action') or '')

    @property
    def has_device(self) -> bool:
        """Say whether the flavor asks for a device of the host."""
        return bool(self.specs.get('pci_passthrough:alias')) or self.has_vgpu

    @property
    def has_vgpu(self) -> bool:
        """Say whether the flavor asks for a part of a GPU."""
        return self._counts('VGPU')

    @property
    def has_own_cpus(self) -> bool:
        """Say whether the guest is promised CPUs that nobody else uses."""
        pinned = self.hardware('cpu_policy') in ('dedicated', 'mixed')
        return pinned or self._counts('PCPU')

    def _counts(self, resource: str) -> bool:
        wanted = re.compile(rf'resources[\w-]{{0,64}}:{resource}')
        return any(
            wanted.fullmatch(name) and amount.strip() != '0'
            for name, amount in self.specs.items()
        )


Rule = Callable[[Asked, model.Tolerance], Iterator[str]]
"""Gives a sentence for each thing that it finds."""


def _true(value: object) -> bool:
    return str(value).strip().lower() in _TRUE
