# SPDX-License-Identifier: Apache-2.0
"""Check the control plane's nova.conf, option by option."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import nova.conf.api
import nova.conf.compute
import nova.conf.scheduler
import nova.conf.service
from oslo_config import cfg

from nova_desktop import exception
from nova_desktop.doctor import options
from nova_desktop.doctor import settings as written
from nova_desktop.doctor.result import Result, problem
from nova_desktop.manage import wants

_WHY = {
    'available_filters': 'the scheduler loads the filter from there',
    'enabled_filters': 'it keeps guests off workstations that refuse them',
    'weight_classes': 'hosts whose owners stay away longest come first',
}


def check(
    files: Sequence[str], workstations: int | None = None
) -> Iterator[Result]:
    """Check nova.conf as Nova reads it; raise BadValue for no such file.

    ``files`` are in the order of Nova's ``--config-file``, without any they
    are where Nova looks. ``workstations`` is how many there are, if known.
    """
    files = files or cfg.find_config_files(project='nova')
    if not files:
        allowed = "there is none where Nova looks, name the control plane's"
        raise exception.BadValue('--config-file', '', allowed)
    conf = read(files)
    given = written.read(files)
    for name in options.SCHEDULER:
        told = options.scheduler_option(given, name)
        yield dataclasses.replace(
            told, remedy=f'{told.remedy}; {_WHY[name]}'.lstrip('; ')
        )
    for want in wants.all_of(workstations):
        yield _judged(want, conf)


def read(files: Sequence[str]) -> Any:
    """Give the options in force; raise BadValue for no such file."""
    conf = cfg.ConfigOpts()
    for group in (
        nova.conf.api,
        nova.conf.compute,
        nova.conf.scheduler,
        nova.conf.service,
    ):
        group.register_opts(conf)
    arguments = [word for file in files for word in ('--config-file', file)]
    try:
        conf(arguments, project='nova')
    # A directory, or a file that is no text, is not an error of oslo's.
    except (cfg.Error, OSError, UnicodeDecodeError) as error:
        raise exception.BadValue(
            '--config-file', ', '.join(files), str(error)
        ) from error
    return conf


def _judged(want: wants.Want, conf: Any) -> Result:
    what = f'[{want.group}] {want.option}'
    asked = f'wanted is {want.wanted}: {want.why}'
    try:
        group = conf if want.group == 'DEFAULT' else conf[want.group]
        value = group[want.option]
    except cfg.Error as error:
        return problem(what, str(error), asked)
    return Result(want.judge(value), what, _shown(value), asked)


def _shown(value: Any) -> str:
    text = ','.join(value) if isinstance(value, list) else str(value)
    return text or 'empty'
