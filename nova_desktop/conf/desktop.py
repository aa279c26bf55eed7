# SPDX-License-Identifier: Apache-2.0
"""Options of group ``desktop`` in nova.conf: driver, filter and weigher."""

from oslo_config import cfg

GROUP = 'desktop'

_AGENT = [
    cfg.FloatOpt(
        'agent_ping_s',
        default=2.0,
        min=0.1,
        max=60.0,
        help="""
Seconds between two pings of the workstation's agent, and the time it has to
answer one. An agent that does not answer counts as silent: the host then
reserves everything in Placement until the agent is back. Shorter values
notice a dead agent sooner.
""",
    ),
    cfg.FloatOpt(
        'agent_first_answer_s',
        default=5.0,
        min=0.0,
        max=60.0,
        help="""
Seconds for which nova-compute waits at its start for the agent's first
answer. It goes on without one, with everything reserved.
""",
    ),
]

_LEAVING = [
    cfg.IntOpt(
        'leave_s',
        default=300,
        min=1,
        max=86400,
        help="""
Seconds for which an instance that Nova stops, reboots, suspends, migrates,
deletes or takes a snapshot of keeps its leaving share of the CPU, if the
operation does not end before. A starved instance leaves several times slower
than one with a share.
""",
    ),
    cfg.FloatOpt(
        'leave_timeout_s',
        default=2.0,
        min=0.1,
        max=60.0,
        help="""
Seconds for which such an operation waits until the agent has resumed the
instance and granted its share. The operation goes on in any case.
""",
    ),
    cfg.IntOpt(
        'notice_share_s',
        default=10,
        min=0,
        max=600,
        help="""
Seconds from the moment at which an instance is told by its QEMU guest agent
that it has to leave, for which it is not paused and gets its leaving share of
the CPU, as far as the owner leaves that unused. It is for hearing the notice
and acting on it: beside an owner it gets a hundredth of the CPUs else. After
that it is held again until it leaves. 0 lets one that is paused run while it
is told, and gives others nothing. Related: ``[slice] leaving_cpus`` of the
agent, which all instances of the host share.
""",
    ),
    cfg.FloatOpt(
        'notice_timeout_s',
        default=5.0,
        min=1.0,
        max=60.0,
        help="""
Seconds that the QEMU guest agent has for each step of taking a notice:
opening the file, writing it, closing it. libvirt counts whole seconds.
""",
    ),
]

_RECLAIM = [
    cfg.FloatOpt(
        'reclaim_repeat_s',
        default=10.0,
        min=1.0,
        max=30.0,
        help="""
Seconds between two requests to the reclaim service, sent while the owner
needs the host back and its instances hold more memory than the cap allows.
Related: ``[reclaim] request_fresh_s`` of the reclaim service, for which a
host may not have asked and still counts as in need.
""",
    ),
    cfg.FloatOpt(
        'reclaim_within_s',
        default=300.0,
        min=0.0,
        max=86400.0,
        help="""
Seconds within which the host asks to be free, after the notice that each
flavor promises. The reclaim service passes over what takes an instance longer
to leave, where its flavor names something quicker.
""",
    ),
]

_TRUST = [
    cfg.StrOpt(
        'host_key_file',
        sample_default='/etc/nova/desktop-host.key',
        help="""
File with this workstation's own key, made on the control plane by
``nova-desktop-manage host-key``; readable for nova-compute alone. With it what
the host asks of the reclaim service is signed, and notices and questions that
are not signed for this host are refused. Related: ``[reclaim]
master_key_file`` of the reclaim service, which refuses hosts without a key.
""",
    ),
    cfg.FloatOpt(
        'message_age_s',
        default=60.0,
        min=1.0,
        max=3600.0,
        help="""
Seconds by which the clock of the reclaim service may differ from this host's,
the message's way included. A signed message with a time further off is
refused. Related: ``host_key_file``, and ``[reclaim] message_age_s``.
""",
    ),
]

_DEPARTING = [
    cfg.FloatOpt(
        'shutdown_within_s',
        default=90.0,
        min=5.0,
        max=3600.0,
        help="""
Seconds that instances have to leave or to be saved when the workstation is
shut down or rebooted. A third of it is their notice at most, however long a
notice their flavors promise. Related: ``TimeoutStopSec`` of
nova-desktop-save.service, which holds the shutdown up for no longer.
""",
    ),
    cfg.IntOpt(
        'fence_after_s',
        default=0,
        min=0,
        max=300,
        help="""
Seconds after the host's last sign of life in Nova's control plane at which
all its instances are paused: it is cut off from the network, or nova-compute
has died. They go on once Nova confirms that they still belong here. Only for
hosts that do so ``nova-desktop-reclaim`` starts lost instances elsewhere that
a running host may still have. A sign of life comes each ``[DEFAULT]
report_interval`` seconds; with less than three times that a short disturbance
is enough. 0 switches it off. Related: ``[reclaim] evacuate_after_s``.
""",
    ),
    cfg.FloatOpt(
        'confirm_retry_s',
        default=5.0,
        min=0.1,
        max=600.0,
        help="""
Seconds before Nova is asked again whether an instance that is paused behind
the fence still belongs here, after Nova could not be reached or had no answer
yet. Each further wait is twice as long, up to a minute.
""",
    ),
]

_AT_RISK = [
    cfg.FloatOpt(
        'at_risk_below',
        default=0.3,
        min=0.0,
        max=1.0,
        help="""
Probability below which it has to fall that an absent owner stays away for
another 15 minutes for the instances of the host to be told that they are at
risk. Told again, and taken back when the probability is above this by
``at_risk_margin``. 0 tells them nothing before the owner is back.

Related options:

* ``at_risk_margin``
* ``reclaim_within_s``: instances that were promised a longer notice than this
  get it already when they are at risk.
""",
    ),
    cfg.FloatOpt(
        'at_risk_margin',
        default=0.1,
        min=0.0,
        max=1.0,
        help="""
How far above ``at_risk_below`` the probability has to rise before instances
are told that they are at risk no more, so that a forecast that sways does not
tell them something else each minute.
""",
    ),
]

_PLACEMENT = [
    cfg.FloatOpt(
        'push_retry_s',
        default=0.1,
        min=0.01,
        max=60.0,
        help="""
Seconds before the first repetition of a write to Placement that met a newer
generation or an error. Each further wait is twice as long, up to
``push_retry_max_s``.
""",
    ),
    cfg.FloatOpt(
        'push_retry_max_s',
        default=10.0,
        min=0.01,
        max=600.0,
        help="""
The longest wait, in seconds, between two attempts to write the inventory to
Placement. Related: ``push_retry_s``.
""",
    ),
]

_SCHEDULER = [
    cfg.BoolOpt(
        'allow_in_data_centre',
        default=False,
        help="""
Whether instances of preemptible flavors may also run on hosts that are no
workstations. Read by DesktopFilter.
""",
    ),
    cfg.FloatOpt(
        'runtime_confidence',
        default=0.5,
        min=0.0,
        max=1.0,
        help="""
The least probability that the owner stays away as long as a flavor's
``desktop:runtime`` expects its instances to run. DesktopFilter refuses
workstations whose forecast is below it; those without a forecast are not
judged by it.
""",
    ),
]

_AGGREGATE = """
Aggregate metadata of the same name overrides it for the hosts of an
aggregate.
"""

_MULTIPLIERS = [
    cfg.FloatOpt(
        'free_time_weight_multiplier',
        default=1.0,
        help=f"""
How much FreeTimeWeigher counts. Workstations that should stay free longer
win with a positive value; a negative one turns that round, and 0 switches it
off.{_AGGREGATE}""",
    ),
    cfg.FloatOpt(
        'correlated_leave_weight_multiplier',
        default=1.0,
        help=f"""
How much CorrelatedLeaveWeigher counts. The servers of a server group are
spread over workstations whose owners should not return at the same time with
a positive value; 0 switches it off.{_AGGREGATE}""",
    ),
    cfg.FloatOpt(
        'recent_demand_weight_multiplier',
        default=0.5,
        help=f"""
How much RecentDemandWeigher counts. Workstations that their owners have
needed less in the last hours win with a positive value; 0 switches it off.
{_AGGREGATE}""",
    ),
    cfg.FloatOpt(
        'preemption_history_weight_multiplier',
        default=1.0,
        help=f"""
How much PreemptionHistoryWeigher counts. An instance goes to workstations
that it has not had to leave within a day with a positive value; 0 switches it
off.{_AGGREGATE}""",
    ),
]

OPTS = [
    *_AGENT,
    *_LEAVING,
    *_RECLAIM,
    *_TRUST,
    *_DEPARTING,
    *_AT_RISK,
    *_PLACEMENT,
    *_SCHEDULER,
    *_MULTIPLIERS,
]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give the options by group."""
    return [(GROUP, OPTS)]


def register(conf: cfg.ConfigOpts) -> None:
    """Make the options known to ``conf``; once more does nothing."""
    conf.register_opts(OPTS, group=GROUP)
