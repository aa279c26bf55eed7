# SPDX-License-Identifier: Apache-2.0
"""What in a flavor works on a workstation, but not as elsewhere."""

from collections.abc import Iterator

from nova_desktop import model
from nova_desktop.policy import lease, refused, tolerance
from nova_desktop.policy.asked import TRAIT, Asked, Rule

_BARKS = ('pause', 'poweroff', 'reset')


def _placement(asked: Asked, tolerated: model.Tolerance) -> Iterator[str]:
    if not tolerated.preemptible or asked.requires(TRAIT):
        return
    if asked.forbids(TRAIT):
        yield (
            f'trait:{TRAIT} is forbidden: it runs only where [desktop] '
            'allow_in_data_centre is true'
        )
    else:
        yield (
            f'trait:{TRAIT} is not required: hosts in an aggregate that '
            'requires it are closed to this flavor'
        )


def _order(asked: Asked, tolerated: model.Tolerance) -> Iterator[str]:
    if not tolerated.preemptible:
        return
    never = refused.actions(asked)
    # Where nothing is left it is a contradiction, and told as one.
    some_left = not set(tolerated.actions) <= set(never)
    deleted = False
    for action in tolerated.actions:
        if deleted:
            yield f'desktop:on_reclaim: {action} after delete is never tried'
        elif action in never and some_left:
            yield (
                f'desktop:on_reclaim: Nova refuses {action} with '
                f'{never[action]}; it is passed over'
            )
        deleted = deleted or action is model.ReclaimAction.DELETE


def _devices(asked: Asked, tolerated: model.Tolerance) -> Iterator[str]:
    if not tolerated.preemptible or not asked.has_device:
        return
    yield (
        'a device of the host: the guest is paused as soon as the owner may '
        'be here, and its memory cannot be taken back while it runs'
    )
    if model.ReclaimAction.LIVE_MIGRATE not in tolerated.actions:
        return
    if asked.specs.get('pci_passthrough:alias'):
        yield (
            'desktop:on_reclaim: live-migrate needs an alias of '
            'pci_passthrough:alias that is live_migratable'
        )
    if asked.has_vgpu:
        yield (
            'desktop:on_reclaim: live-migrate with a VGPU needs libvirt 8.6 '
            'and QEMU 8.1 on both hosts'
        )


def _times(_: Asked, tolerated: model.Tolerance) -> Iterator[str]:
    runtime_min = tolerated.runtime_min
    if not tolerated.preemptible or runtime_min is None:
        return
    if tolerated.notice_s > runtime_min * 60:
        yield (
            f'desktop:notice of {tolerated.notice_s} s is longer than '
            f'desktop:runtime of {runtime_min} min: an owner may have to '
            'wait until the instance has ended by itself'
        )


def _lease(asked: Asked, tolerated: model.Tolerance) -> Iterator[str]:
    told = [f'desktop:{key}' for key in tolerance.LEASE_KEYS]
    found = [name for name in told if name in asked.specs]
    if found and not tolerated.preemptible:
        yield (
            f'{found[0]} counts only where [reclaim] lease_any_server is true'
        )
    if tolerated.lease_s is None:
        if tolerated.lease_max_s is not None:
            yield 'desktop:lease_max without desktop:lease bounds nothing'
        return
    length = lease.duration(tolerated.lease_s)
    if tolerated.notice_s > tolerated.lease_s:
        yield (
            f'desktop:notice of {tolerated.notice_s} s is longer than '
            f'desktop:lease of {length}: it runs that much longer'
        )
    runtime_min = tolerated.runtime_min or 0
    if 60 * runtime_min > tolerated.lease_s:
        yield (
            f'desktop:runtime of {runtime_min} min is longer than '
            f'desktop:lease of {length}: hosts are chosen for longer than it '
            'runs'
        )


def _hardware(asked: Asked, tolerated: model.Tolerance) -> Iterator[str]:
    if not tolerated.preemptible:
        return
    if asked.has_fixed_memory:
        yield (
            'huge pages, or memory that is locked or encrypted: it cannot be '
            'taken back while the guest runs'
        )
    if asked.has_own_cpus:
        yield (
            'dedicated CPUs: beside an owner who is active all guests share '
            'the few that are left to them'
        )
    if asked.watchdog in _BARKS:
        yield (
            f'a watchdog whose action is {asked.watchdog}: a guest that is '
            'held back may miss it'
        )


RULES: tuple[Rule, ...] = (
    _placement,
    _order,
    _devices,
    _times,
    _lease,
    _hardware,
)
"""In the order in which they are told."""
