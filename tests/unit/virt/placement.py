# SPDX-License-Identifier: Apache-2.0
"""The traits of one provider, behind Nova's report client."""

import types
from typing import Any


class Traits:
    """Answer as Placement does; ``before_put`` is called once before a PUT."""

    def __init__(self, *traits: str) -> None:
        self.traits = set(traits)
        self.known: set[str] = set()
        self.generation = 7
        self.puts = 0
        self.status = 200
        self.forgotten: list[str] = []
        self.before_put = lambda: None

    def get(self, url: str, **_more: Any) -> Any:
        return _answer(
            self.status,
            {
                'traits': sorted(self.traits),
                'resource_provider_generation': self.generation,
            },
        )

    def put(self, url: str, body: Any, **_more: Any) -> Any:
        if url.startswith('/traits/'):
            self.known.add(url.rpartition('/')[2])
            return _answer(201)
        meanwhile, self.before_put = self.before_put, lambda: None
        meanwhile()
        self.puts += 1
        if self.status != 200:
            return _answer(self.status)
        if body['resource_provider_generation'] != self.generation:
            return _answer(409)
        unknown = set(body['traits']) - self.known - self.traits
        assert not unknown, unknown
        self.traits = set(body['traits'])
        self.generation += 1
        return _answer(200)

    def invalidate_resource_provider(self, uuid: str, cacheonly: bool) -> None:
        assert cacheonly
        self.forgotten.append(uuid)


def _answer(status: int, body: Any = None) -> Any:
    return types.SimpleNamespace(
        status_code=status, text='', json=lambda: body
    )
