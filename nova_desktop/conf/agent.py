# SPDX-License-Identifier: Apache-2.0
"""Options of nova-desktop-agent: group agent, and the list of the others."""

from collections.abc import Sequence

from oslo_config import cfg

from nova_desktop.conf import (
    apps,
    cap,
    comfort,
    ladder,
    power,
    presence,
    schedule,
    sensing,
    slice,
)

OPTS = [
    cfg.StrOpt(
        'state_dir',
        default='/var/lib/nova-desktop-agent',
        help="""
Directory for the record of changes and the history of absences, so that
``nova-desktop explain`` and the forecast survive a restart. The history never
leaves the host. Without the directory the agent works and forgets.
""",
    ),
    cfg.FloatOpt(
        'tick_s',
        default=5.0,
        min=0.05,
        max=10.0,
        help="""
Seconds between two looks at what may have had no event: whether a source has
gone silent, and whether the limit of the guests is still the agent's. Neither
the owner's input nor a limit that somebody else writes waits for it. Stays
below half of the unit's WatchdogSec.
""",
    ),
    cfg.FloatOpt(
        'source_retry_s',
        default=5.0,
        min=0.1,
        max=3600.0,
        help="""
Seconds after which a source that failed is started again, and after which a
lost D-Bus system bus is looked for. Until then the owner counts as present.
""",
    ),
    cfg.IntOpt(
        'record_size',
        default=1000,
        min=10,
        max=100000,
        help="""
Number of changes that are remembered for ``nova-desktop explain``. The file in
``state_dir`` holds at most twice as many.
""",
    ),
    cfg.BoolOpt(
        'use_own_group',
        default=True,
        help="""
Move the agent into a cgroup of its own with the highest CPU weight, so that
its wake-up does not wait behind the owner's work. Without effect under
systemd, whose unit does the same with CPUWeight.
""",
    ),
    cfg.IntOpt(
        'save_s',
        default=180,
        min=0,
        max=3600,
        help="""
Seconds for which a shutdown or reboot waits at the most until Nova has saved,
moved or stopped the guests; 0 does not wait. Only the unit nova-desktop-save
waits, whose TimeoutStopSec (210 s) has to be longer. Guests that are left lose
what they have in memory.
""",
    ),
    cfg.BoolOpt(
        'dry_run',
        default=False,
        help="""
Decide, log and publish, but change nothing on the host. Guests are not
throttled and nothing of the owner is protected: for trying thresholds only.
""",
    ),
]

MODES = [
    cfg.BoolOpt(
        'prepare',
        default=False,
        help='Make the cgroup of the guests, in the idle class, and exit. '
        'To be run before libvirt starts guests.',
    ),
    cfg.BoolOpt(
        'hold',
        default=False,
        help='Hold the guests to the cap of an unknown owner and exit. To be '
        'run when the agent has ended in whatever way.',
    ),
    cfg.BoolOpt(
        'remove',
        default=False,
        help='Release whatever holds the guests, remove their cgroup if none '
        'is left in it, and exit. To be run before the agent is uninstalled, '
        'while it does not run.',
    ),
    cfg.BoolOpt(
        'wait-saved',
        default=False,
        help='Where the host is being shut down, wait until no guest is left '
        'or [agent] save_s is over, and exit. For the stop of the unit '
        'nova-desktop-save.',
    ),
]

Conf = cfg.ConfigOpts
"""What ``new`` gives, for those who may not import oslo.config."""


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give the options by group."""
    return [
        ('agent', OPTS),
        ('sensing', sensing.OPTS),
        ('presence', presence.OPTS),
        ('cap', cap.OPTS),
        ('schedule', schedule.OPTS),
        ('power', power.OPTS),
        ('network', power.NETWORK_OPTS),
        ('apps', apps.OPTS),
        ('slice', slice.OPTS),
        ('ladder', ladder.OPTS),
        ('comfort', comfort.OPTS),
    ]


def register(conf: cfg.ConfigOpts) -> None:
    """Make the options known to ``conf``; once more does nothing."""
    for group, options in list_opts():
        conf.register_opts(options, group=group)


def refused(conf: cfg.ConfigOpts) -> tuple[str, object, str] | None:
    """Read every option; name the first bad one, its value and why.

    oslo.config itself looks at a value only when it is first used, which for
    an agent may be the moment when the owner is back.
    """
    for group, options in list_opts():
        for opt in options:
            try:
                conf[group][opt.dest]
            except (cfg.Error, ValueError) as error:
                value = _written(conf, group, opt.name)
                return f'[{group}] {opt.name}', value, _allowed(error)
    for group, refuse in (
        ('cap', cap.refused),
        ('schedule', schedule.refused),
    ):
        bad = refuse(conf[group])
        if bad:
            return f'[{group}] {bad[0]}', _shown(conf, group, bad[0]), bad[1]
    return None


def _shown(conf: cfg.ConfigOpts, group: str, name: str) -> object:
    """Give a value as it is written, where it is no plain one."""
    value = conf[group][name]
    if isinstance(value, list):
        return '; '.join(_lines(conf, group, name))
    return value


def _written(conf: cfg.ConfigOpts, group: str, name: str) -> str:
    """Give a value as it stands in the last file that has it."""
    return (_lines(conf, group, name) or ['its value'])[-1]


def _lines(conf: cfg.ConfigOpts, group: str, name: str) -> list[str]:
    for path in reversed(conf.config_file):
        sections: dict[str, dict[str, list[str]]] = {}
        cfg.ConfigParser(path, sections).parse()
        if name in sections.get(group, {}):
            return sections[group][name]
    return []


def parse(conf: cfg.ConfigOpts, argv: Sequence[str]) -> str:
    """Read the command line and files; return what is wrong, in a line.

    ``conf`` has further options of the caller's own.
    """
    try:
        conf(list(argv), project='nova_desktop', prog='nova-desktop-agent')
    except cfg.Error as error:
        return str(error)
    bad = refused(conf)
    return f'{bad[0]} = {bad[1]!r} is not valid: {bad[2]}' if bad else ''


def new() -> cfg.ConfigOpts:
    """Give options of the agent's own, with its modes on top."""
    conf = cfg.ConfigOpts()
    register(conf)
    conf.register_cli_opts(MODES)
    return conf


def _allowed(error: Exception) -> str:
    """Keep of oslo.config's message what the caller does not say itself."""
    return str(error).rpartition(' is not valid: ')[2]
