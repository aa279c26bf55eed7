# SPDX-License-Identifier: Apache-2.0
"""Check the flavors of a cloud, alone and with its images."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from nova_desktop.doctor.result import Result, advice, ok, problem, skipped
from nova_desktop.manage import images
from nova_desktop.manage.cloud import doing
from nova_desktop.policy import contradictions, tolerance
from nova_desktop.policy.asked import TRAIT

_OURS = re.compile(rf'{tolerance.NAMESPACE}.*|trait[\w-]*:{TRAIT}(_\w+)?')

Specs = Mapping[str, str]
Judge = Callable[[Specs, Mapping[str, Any]], tuple[str, ...]]


def check(
    cloud: Any, names: Collection[str] = (), with_images: bool = False
) -> list[Result]:
    """Check flavors by name or id, without any all; raise CloudFailed.

    Flavors that have nothing to do with workstations are passed over.
    """
    with doing('flavors'):
        there = list(cloud.compute.flavors())
    results = _unknown(there, names)
    chosen = {
        each.name: each.extra_specs
        for each in sorted(there, key=lambda each: str(each.name))
        if not names or {each.name, each.id} & set(names)
    }
    ours = {name: specs for name, specs in chosen.items() if _is_ours(specs)}
    for name in chosen if names else ours:
        results += _alone(name, chosen[name])
    for image in images.every(cloud) if with_images else ():
        results += _with(image, ours)
    return results or [skipped('flavors', 'none is for workstations')]


def _unknown(there: Iterable[Any], names: Collection[str]) -> list[Result]:
    known = {word for each in there for word in (each.name, each.id)}
    return [
        problem(f'flavor {name}', 'there is no such flavor', '')
        for name in sorted(set(names) - known)
    ]


def _is_ours(specs: Specs) -> bool:
    return any(_OURS.fullmatch(key) for key in specs)


def _alone(name: str, specs: Specs) -> list[Result]:
    what = f'flavor {name}'
    if not _is_ours(specs):
        return [skipped(what, 'says nothing of workstations')]
    tolerated, unreadable = tolerance.parse(specs)
    bad = unreadable + contradictions.of(specs)
    found = _told(what, bad, contradictions.advice(specs))
    if found:
        return found
    if not tolerated.preemptible:
        return [ok(what, 'never on a workstation')]
    ways = ','.join(tolerated.actions)
    return [ok(what, f'{ways} after a notice of {tolerated.notice_s} s')]


def _with(image: images.Image, flavors: Mapping[str, Specs]) -> list[Result]:
    """Tell what an image brings about that is not in the flavors alone."""
    results = [
        advice(f'image {image.name}', f'{name}: nothing reads it on an image')
        for name in image.unread
    ]
    for name, specs in flavors.items():
        results += _told(
            f'flavor {name} with image {image.name}',
            _new(contradictions.of, specs, image),
            _new(contradictions.advice, specs, image),
        )
    return results


def _new(judge: Judge, specs: Specs, image: images.Image) -> list[str]:
    alone = judge(specs, {})
    return [
        each for each in judge(specs, image.properties) if each not in alone
    ]


def _told(
    what: str, bad: Iterable[str], surprising: Iterable[str]
) -> list[Result]:
    return [
        *(problem(what, sentence, '') for sentence in bad),
        *(advice(what, sentence) for sentence in surprising),
    ]
