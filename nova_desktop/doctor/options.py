# SPDX-License-Identifier: Apache-2.0
"""Checks of what nova.conf says."""

import difflib

from nova_desktop import exception
from nova_desktop.doctor import settings
from nova_desktop.doctor.result import Result, advice, ok, problem

DRIVER = 'desktop.DesktopDriver'
FILTER = 'nova_desktop.filters.desktop.DesktopFilter'
WEIGHER = 'nova_desktop.weighers.all_weighers'

SCHEDULER = {
    'available_filters': ('nova.scheduler.filters.all_filters', FILTER),
    'enabled_filters': ('', FILTER.rpartition('.')[2]),
    'weight_classes': ('nova.scheduler.weights.all_weighers', WEIGHER),
}
"""Options of [filter_scheduler]: Nova's default, and what joins it."""


def compute_driver(given: settings.Settings) -> Result:
    """Check the option that switches the driver on."""
    what = '[DEFAULT] compute_driver'
    value = given.last('DEFAULT', 'compute_driver')
    if value == DRIVER:
        return ok(what, value)
    if value:
        bad = exception.BadValue(what, value, f'must be {DRIVER}')
        return problem('nova.conf', str(bad), _meant(value))
    near = difflib.get_close_matches(
        'compute_driver', given.names('DEFAULT'), 1, 0.8
    )
    typo = f' (is {near[0]} meant to be it?)' if near else ''
    return problem(what, 'is not set', f'set it to {DRIVER}{typo}')


def _meant(value: str) -> str:
    """Guess what a wrong driver was meant to be."""
    stock = 'libvirt.LibvirtDriver'
    tail = '.'.join(value.split('.')[-2:])
    near = difflib.get_close_matches(tail, [stock, DRIVER], 1, 0.5)
    if near == [stock]:
        return f'that is how stock Nova runs; for a workstation use {DRIVER}'
    return f'did you mean {DRIVER}?' if near else f'use {DRIVER}'


_OFF = ('', 'false', 'no', 'off', '0')
_LEAST_SIGNS = 3


def resumes_at_boot(given: settings.Settings) -> Result:
    """Check that guests do not start while the owner logs in."""
    name = 'resume_guests_state_on_host_boot'
    value = given.last('DEFAULT', name)
    if value.lower() in _OFF:
        return ok(f'[DEFAULT] {name}', 'is off')
    return advice(
        f'[DEFAULT] {name}',
        value,
        'leave it off: the reclaim service starts them once there is room',
    )


def fence_after(given: settings.Settings) -> Result:
    """Check that a short disturbance pauses nobody."""
    what = '[desktop] fence_after_s'
    value = given.last('desktop', 'fence_after_s', '0')
    if value == '0':
        return ok(what, 'is off: lost servers wait for this host')
    every = given.last('DEFAULT', 'report_interval', '10')
    if not value.isdecimal() or not every.isdecimal():
        return problem(what, f'{value}, {every}', 'give whole seconds')
    least = _LEAST_SIGNS * int(every)
    if int(value) < least:
        return advice(what, value, f'give it {least} or more')
    return ok(what, value)


def scheduler_option(given: settings.Settings, name: str) -> Result:
    """Check that the scheduler was told of the filter or the weigher."""
    what = f'[filter_scheduler] {name}'
    stock, ours = SCHEDULER[name]
    texts = given.all('filter_scheduler', name) or [stock]
    # A list is set anew by each file, available_filters grows.
    text = ','.join(texts) if name == 'available_filters' else texts[-1]
    values = [value.strip() for value in text.split(',')]
    for wanted in filter(None, (ours, stock)):
        if wanted not in values:
            near = difflib.get_close_matches(wanted, values, 1, 0.6)
            typo = f' (instead of {near[0]}?)' if near else ''
            return problem(what, f'lacks {wanted}', f'add it{typo}')
    return ok(what, f'has {ours}')
