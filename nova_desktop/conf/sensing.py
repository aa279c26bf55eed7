# SPDX-License-Identifier: Apache-2.0
"""Options of group sensing: where and how the agent looks."""

from oslo_config import cfg, types

SOURCES = ('input', 'sessions', 'load', 'terminals', 'gpu')

DESKTOPS_OWN = [
    'gsd-*',
    'gnome-session*',
    'kded*',
    '*powerdevil*',
    'xfce4-power-manager*',
    'NetworkManager*',
    'UPower*',
    'ModemManager*',
]
"""Who holds inhibitors for the desktop itself, not for a person's work."""

OPTS = [
    cfg.StrOpt(
        'input_dir',
        default='/dev/input',
        help="""
Directory with the input devices (``event*``). Only the time of an event is
used, never which key it was.
""",
    ),
    cfg.FloatOpt(
        'window_s',
        default=0.5,
        min=0.05,
        max=10.0,
        help="""
Length in seconds of a sensing window: after an event a device is closed for
that long, so that a moving mouse costs no CPU. Related:
``[presence] pointer_windows_needed``.
""",
    ),
    cfg.Opt(
        'required',
        type=types.List(types.String(choices=list(SOURCES))),
        default=['input', 'sessions'],
        help="""
Sources without which the owner counts as present: a comma-separated list of
input, sessions, load, terminals, gpu. Leave one out only where the host cannot
have it, such as input on a machine that is used from remote alone.
""",
    ),
    cfg.ListOpt(
        'ignored_inhibitors',
        default=DESKTOPS_OWN,
        help="""
Who may block idling without being the owner: a comma-separated list of names
as ``systemd-inhibit --list`` shows them under WHO, with * and ? as in a shell,
in upper or lower case. By default these are parts of desktops that block it
for themselves; a film or a call does so under its player's own name. Anyone
else's block means that the owner is here, also behind a locked screen.
""",
    ),
    cfg.BoolOpt(
        'terminals',
        default=True,
        help="""
Whether typing into a terminal counts, seen by its time of access: it shows who
works over ssh also where logind is missing. Related: ``[presence]
remote_counts``.
""",
    ),
    cfg.FloatOpt(
        'terminals_period_s',
        default=5.0,
        min=0.1,
        max=600.0,
        help="""
Seconds between two looks at the terminals. The kernel itself notes typing in
steps of 8 s. Related: ``terminals``.
""",
    ),
    cfg.FloatOpt(
        'load_period_s',
        default=5.0,
        min=0.1,
        max=600.0,
        help="""
Seconds over which the CPU use of the owner, and the waiting of his tasks, is
averaged. When the kernel tells that they wait, the next sample comes sooner.
Related: ``[presence] demand_cpus``, ``[presence] demand_pressure``.
""",
    ),
    cfg.BoolOpt(
        'gpu',
        default=True,
        help="""
Whether the owner's use of a GPU is looked at. Drivers that tell it in
/proc/PID/fdinfo are read (amdgpu, i915, nouveau and others), for which the
agent needs CAP_SYS_PTRACE; NVIDIA's own is where the extra ``nvidia`` of this
package is installed. On a host without a GPU it costs nothing. Related:
``[presence] demand_gpu``.
""",
    ),
    cfg.FloatOpt(
        'gpu_period_s',
        default=10.0,
        min=1.0,
        max=600.0,
        help="""
Seconds over which the use of the GPU is averaged. A process that opens a GPU
late in its life is seen within six of them. Related: ``gpu``.
""",
    ),
    cfg.FloatOpt(
        'heartbeat_s',
        default=30.0,
        min=0.5,
        max=600.0,
        help="""
Seconds between two proofs that logind still answers.
""",
    ),
    cfg.StrOpt(
        'cgroup_root',
        default='/sys/fs/cgroup',
        help="""
Where the cgroup hierarchies are mounted. Related: ``[slice] parent``.
""",
    ),
    cfg.StrOpt(
        'host_usage',
        default='',
        help="""
File with the CPU time of the host (``cpuacct.usage`` or ``cpu.stat`` of its
cgroup), for a host that is itself a container. Empty: /proc/stat.
""",
    ),
]
