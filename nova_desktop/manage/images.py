# SPDX-License-Identifier: Apache-2.0
"""Images of the cloud, in the shape in which the scheduler sees them."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from nova_desktop import exception
from nova_desktop.manage.cloud import doing

_PAGE = 100
_UNREAD = ('desktop:', 'desktop_')


@dataclasses.dataclass(frozen=True, slots=True)
class Image:
    """An image; ``raw`` is as Glance shows it, all in one dictionary."""

    raw: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Give its name, or its id where it has none."""
        return self.raw.get('name') or str(self.raw['id'])

    @property
    def properties(self) -> dict[str, Any]:
        """Give what a filter sees; what Nova would drop does no harm here."""
        required = [
            name.removeprefix('trait:')
            for name, value in self.raw.items()
            if name.startswith('trait:') and value == 'required'
        ]
        return {**self.raw, 'traits_required': required}

    @property
    def unread(self) -> list[str]:
        """Give the properties that look like ours, which nothing reads."""
        return sorted(name for name in self.raw if name.startswith(_UNREAD))


def every(cloud: Any) -> Iterator[Image]:
    """Give all images that the operator sees; raise CloudFailed."""
    marker: dict[str, Any] = {}
    while True:
        page = _page(cloud, marker)
        yield from map(Image, page['images'])
        if not page.get('next') or not page['images']:
            return
        marker = {'marker': page['images'][-1]['id']}


def _page(cloud: Any, marker: Mapping[str, Any]) -> Any:
    with doing('images'):
        response = cloud.image.get(
            '/images', params={'visibility': 'all', 'limit': _PAGE, **marker}
        )
        # The library lets a refusal pass for an answer here.
        if response.status_code != 200:
            why = f'{response.status_code} {response.text[:300]}'
            raise exception.CloudFailed('images', why)
        return response.json()
