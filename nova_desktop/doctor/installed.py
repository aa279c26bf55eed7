# SPDX-License-Identifier: Apache-2.0
"""Checks of what is installed beside Nova."""

import importlib
import importlib.metadata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from nova_desktop.doctor.options import DRIVER
from nova_desktop.doctor.result import Result, ok, problem, skipped

SERIES = '34'
VALIDATORS = 'nova.api.extra_spec_validators'


def nova_version(
    version: Callable[[str], str] = importlib.metadata.version,
    load: Callable[[str], Any] = importlib.import_module,
) -> Result:
    """Check that Nova is here and of the series that this package is for."""
    remedy = f'install Nova {SERIES}.x into the Python that runs this command'
    try:
        found = version('nova')
    except importlib.metadata.PackageNotFoundError:
        return problem('Nova', 'not installed here', remedy)
    if found.partition('.')[0] != SERIES:
        return problem('Nova', f'version {found}', remedy)
    try:
        nova = load('nova')
    except ImportError as error:
        return problem('Nova', f'cannot be imported ({error})', remedy)
    # A package without __init__.py: beside a Nova that was installed with
    # pip install -e, the directory of our own nova/virt/desktop.py wins.
    if nova.__file__ is None:
        return problem(
            'Nova',
            f'is hidden by {next(iter(nova.__path__))}',
            "rm -r that directory, and link the driver into Nova's own",
        )
    return ok('Nova', f'version {found}')


def driver_importable(
    virt: Path | None = None,
    load: Callable[[str], object] = importlib.import_module,
) -> Result:
    """Check that Nova finds the driver, which it seeks in its own tree."""
    what = f'nova.virt.{DRIVER}'
    try:
        virt = virt or nova_virt()
    except ImportError as error:
        return skipped(what, f'there is no Nova to look into ({error})')
    shim = virt / 'desktop.py'
    if not shim.exists():
        ours = Path(__file__).parents[2] / 'nova/virt/desktop.py'
        return problem(what, f'{shim} is missing', f'ln -s {ours} {shim}')
    try:
        load('nova.virt.desktop')
    except ImportError as error:
        return problem(
            what,
            f'{shim} cannot be imported ({error})',
            'install nova-desktop into the Python that runs nova-compute',
        )
    return ok(what, str(shim))


def nova_virt() -> Path:
    """Find the directory of Nova's drivers; raise ImportError."""
    package = importlib.import_module('nova.virt')
    if package.__file__ is None:  # our own part of it alone
        raise ImportError(f'only {next(iter(package.__path__))}')
    return Path(package.__file__).parent


def validator_visible(
    entry_points: Callable[
        ..., Iterable[importlib.metadata.EntryPoint]
    ] = importlib.metadata.entry_points,
) -> Result:
    """Check that nova-api will find the check of desktop: extra specs."""
    what = f'entry point {VALIDATORS}'
    remedy = 'pip install nova-desktop into the Python that runs nova-api'
    found = list(entry_points(group=VALIDATORS, name='desktop'))
    if not found:
        return problem(what, 'desktop is not registered', remedy)
    try:
        found[0].load()
    except (ImportError, AttributeError) as error:
        return problem(what, f'{found[0].value} fails ({error})', remedy)
    return ok(what, f'desktop = {found[0].value}')
