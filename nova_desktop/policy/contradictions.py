# SPDX-License-Identifier: Apache-2.0
"""What in a flavor, or between it and an image, cannot hold together.

Each key by itself is read in ``tolerance``; here they are held against each
other. A contradiction cannot work or would harm the owner; advice is about
what works otherwise than one may expect.
"""

import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nova_desktop import model
from nova_desktop.policy import lease, refused, surprises, tolerance
from nova_desktop.policy.asked import TRAIT, TRUSTED, Asked, Rule

_NO_IMAGE: Mapping[str, Any] = types.MappingProxyType({})
_SWITCH = f'{tolerance.NAMESPACE}preemptible'


def of(
    extra_specs: Mapping[str, str],
    image_properties: Mapping[str, Any] = _NO_IMAGE,
) -> tuple[str, ...]:
    """Give a sentence for each pair of settings that cannot hold together.

    ``image_properties`` are by the names of Nova's ImageMetaProps. A flavor
    that ``tolerance.parse`` cannot read is not judged.
    """
    return _said(_RULES, extra_specs, image_properties)


def advice(
    extra_specs: Mapping[str, str],
    image_properties: Mapping[str, Any] = _NO_IMAGE,
) -> tuple[str, ...]:
    """Give a sentence for each thing that works but may surprise."""
    return _said(surprises.RULES, extra_specs, image_properties)


def _said(
    rules: Iterable[Rule],
    extra_specs: Mapping[str, str],
    image_properties: Mapping[str, Any],
) -> tuple[str, ...]:
    tolerated, unreadable = tolerance.parse(extra_specs)
    if unreadable:
        return ()
    asked = Asked(extra_specs, image_properties)
    return tuple(said for rule in rules for said in rule(asked, tolerated))


def _for_nothing(asked: Asked, tolerated: model.Tolerance) -> Iterator[str]:
    if tolerated.preemptible:
        return
    for name in sorted(asked.specs):
        key = name.removeprefix(tolerance.NAMESPACE)
        # Leases may count for all servers, if the operator says so.
        free = key == 'preemptible' or key in tolerance.LEASE_KEYS
        if name.startswith(tolerance.NAMESPACE) and not free:
            yield f'{name} is set, but {_SWITCH}, which it needs, is not true'
    if asked.requires(TRAIT):
        yield (
            f'trait:{TRAIT} is required, so that only workstations are '
            f'asked, but {_SWITCH} is not true, so that all of them refuse'
        )


def _both_ways(asked: Asked, _: model.Tolerance) -> Iterator[str]:
    for trait in (TRAIT, TRUSTED):
        if asked.forbids(trait) and asked.image_requires(trait):
            yield f'trait:{trait} is forbidden, but the image requires it'


def _untrusted(asked: Asked, tolerated: model.Tolerance) -> Iterator[str]:
    wanted = tolerated.preemptible and tolerated.trust == 'trusted'
    if wanted and not asked.requires(TRUSTED):
        yield (
            f'desktop:trust is trusted, but trait:{TRUSTED} is required by '
            'neither flavor nor image: nothing keeps it on trusted hosts'
        )


def _realtime(asked: Asked, tolerated: model.Tolerance) -> Iterator[str]:
    if tolerated.preemptible and asked.is_realtime:
        yield (
            f'hw:cpu_realtime is on, but {_SWITCH} is true: a realtime guest '
            'runs before the owner, and no limit holds it'
        )


def _stuck(asked: Asked, tolerated: model.Tolerance) -> Iterator[str]:
    never = refused.actions(asked)
    if tolerated.preemptible and set(tolerated.actions) <= set(never):
        why = ', '.join(sorted({never[each] for each in tolerated.actions}))
        yield (
            f'desktop:on_reclaim is {",".join(tolerated.actions)}, but Nova '
            f'does none of it with {why}: it could never be evicted'
        )


def _lease(asked: Asked, tolerated: model.Tolerance) -> Iterator[str]:
    lease_s, longest_s = tolerated.lease_s, tolerated.lease_max_s
    if lease_s is not None and longest_s is not None and longest_s < lease_s:
        yield (
            f'desktop:lease_max of {lease.duration(longest_s)} is shorter '
            f'than desktop:lease of {lease.duration(lease_s)}'
        )
    never = refused.actions(asked).get(tolerated.lease_then)
    if lease_s is not None and never is not None:
        yield (
            f'desktop:lease_end is {tolerated.lease_then}, but Nova does not '
            f'do that with {never}: the lease could never end'
        )


_RULES: tuple[Rule, ...] = (
    _for_nothing,
    _both_ways,
    _untrusted,
    _realtime,
    _stuck,
    _lease,
)
