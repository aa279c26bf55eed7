# SPDX-License-Identifier: Apache-2.0
"""The nouns of nova_desktop: frozen values that every room may share."""

import dataclasses
import enum
from collections.abc import Mapping

HORIZONS_MIN = (5, 15, 60, 240)
"""Minutes ahead for which a forecast is given."""

HISTORY = 200
"""Changes that a host remembers of what it told the cloud."""

TRAIT = 'CUSTOM_DESKTOP'
"""What a workstation's provider carries in Placement."""


class Presence(enum.StrEnum):
    """Whether the owner is at the workstation."""

    AWAY = 'away'
    IDLE = 'idle'
    ACTIVE = 'active'
    UNKNOWN = 'unknown'

    @property
    def owner_may_be_here(self) -> bool:
        """Say whether guests must yield: unknown counts as present."""
        return self in (Presence.ACTIVE, Presence.UNKNOWN)


class DeviceClass(enum.StrEnum):
    """What a person does with an input device."""

    KEY = 'key'
    POINTER = 'pointer'
    IGNORED = 'ignored'


@dataclasses.dataclass(frozen=True, slots=True)
class Health:
    """Whether a source can be believed, and why not where it cannot."""

    ok: bool
    reason: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class InputFacts:
    """When input was last seen.

    Monotonic seconds; ``None`` means never since the agent started.
    ``pointer_windows`` counts the sensing windows with pointer input among
    the latest ones, which tells a hand from a bumped desk.
    """

    last_key_s: float | None = None
    last_pointer_s: float | None = None
    pointer_windows: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class SessionFacts:
    """What logind says of the people on the host.

    ``count`` is the number of sessions of class ``user``; ``unlocked`` the
    number of active local ones that are not locked; ``remote`` the number of
    remote ones; ``inhibitors`` the names that hold an idle inhibitor;
    ``last_sign_s`` when somebody last logged in, unlocked or switched to a
    session, which a fingerprint does without any input.
    """

    count: int = 0
    unlocked: int = 0
    remote: int = 0
    inhibitors: tuple[str, ...] = ()
    last_sign_s: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class LoadFacts:
    """What everything that is not a guest uses.

    ``owner_cpus`` is in CPUs (1.0 is one core busy), ``cpu_pressure`` the
    share of time (0 to 1) in which a task of the owner waited for a CPU,
    ``io_pressure`` and ``memory_pressure`` the same for a disk and for
    memory. ``memory_available`` is the part (0 to 1) of the host's memory
    that can be had without swapping.
    """

    owner_cpus: float | None = None
    cpu_pressure: float | None = None
    io_pressure: float | None = None
    memory_pressure: float | None = None
    memory_available: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalFacts:
    """When somebody last typed into a terminal, in monotonic seconds."""

    last_input_s: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class PowerFacts:
    """What feeds and heats the host; each ``None`` where it is not known.

    ``has_battery`` says whether the host has a battery or UPS of its own,
    that of a mouse is none; ``battery_percent`` (0 to 100) is its charge.
    ``too_hot`` is ``None`` also where no sensor has a limit to compare with.
    """

    has_battery: bool | None = None
    on_battery: bool | None = None
    battery_percent: float | None = None
    lid_closed: bool | None = None
    docked: bool | None = None
    too_hot: bool | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class NetworkFacts:
    """Whether traffic costs the owner; ``None`` where nobody can tell."""

    metered: bool | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class AppFacts:
    """Which of the programs run that want the host for themselves.

    ``running`` has their names as the options give them, ``None`` where that
    could not be read. ``last`` is the one seen last, at the monotonic
    ``last_seen_s``, which is ``None`` before there was any.
    """

    running: tuple[str, ...] | None = ()
    last: str = ''
    last_seen_s: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class GpuFacts:
    """Who keeps the GPUs busy.

    Each is a share of time (0 to 1), that of the engine which is used the
    most; ``None`` where there is no GPU, or none that tells.
    """

    owner_busy: float | None = None
    guests_busy: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class HelperFacts:
    """What the helpers inside the logins say of input.

    ``sessions`` is the number of sessions whose helper is believed;
    ``active`` whether one of them has input now, ``inhibited`` whether one
    keeps its screen from idling; ``last_active_s`` when one last had input,
    monotonic seconds, ``None`` if none ever said so.
    """

    last_active_s: float | None = None
    active: bool = False
    inhibited: bool = False
    sessions: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """All that was sensed, read at one moment of the monotonic clock.

    ``started_s`` is when a source was last started: silence counts from there.
    A source that is missing in ``health`` was never started and has no say;
    one that is there and not ok makes the owner count as present.
    """

    now_s: float
    started_s: float
    input: InputFacts | None = None
    sessions: SessionFacts | None = None
    load: LoadFacts | None = None
    helpers: HelperFacts | None = None
    terminals: TerminalFacts | None = None
    power: PowerFacts | None = None
    network: NetworkFacts | None = None
    apps: AppFacts | None = None
    gpu: GpuFacts | None = None
    health: Mapping[str, Health] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Capacity:
    """What the host has in all.

    ``cores`` has the numbers of the CPUs of each physical core, in the order
    in which the owner misses them least; empty where that is not known.
    """

    cpus: int
    memory_mib: int
    cores: tuple[tuple[int, ...], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Cap:
    """The most that guests may use now.

    ``cpus`` in CPUs of run time per second, ``memory_mib`` of guest memory,
    ``admit`` whether new guests are taken.
    """

    cpus: float
    memory_mib: int
    admit: bool


NOTHING = Cap(cpus=0.0, memory_mib=0, admit=False)
"""The cap of a host that lends nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class Bound:
    """The most that may be lent for one reason beside presence.

    ``cpu`` and ``memory`` are parts (0 to 1) of the host. ``source`` names
    who sets the bound, ``reason`` words it without any figure that grows with
    the clock. ``reclaim`` says whether guests above it must leave; else they
    are held only. ``end_s`` is the monotonic moment at which it ends by
    itself, ``None`` where that is not known.
    """

    source: str
    reason: str
    cpu: float = 1.0
    memory: float = 1.0
    admit: bool = True
    reclaim: bool = False
    end_s: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Spell:
    """Something the owner said, and until when it holds.

    ``until_unix_s`` is ``None`` for until the owner says otherwise.
    """

    until_unix_s: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Say:
    """What the owner said of the lending; it survives a reboot.

    ``pause`` lends nothing, ``lend`` lends as if he were away; only one of
    them is set. ``cpu`` and ``memory`` are parts (0 to 1) of the host that
    are never exceeded, ``None`` for no bound of his.
    """

    pause: Spell | None = None
    lend: Spell | None = None
    cpu: float | None = None
    memory: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Rules:
    """What holds now beside presence: bounds, and the owner's lending.

    ``lend`` is why the owner's own word lends as if he were away, empty if
    it does not. ``recheck_s`` is the monotonic moment of the next change.
    """

    bounds: tuple[Bound, ...] = ()
    lend: str = ''
    recheck_s: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class PresenceVerdict:
    """Presence with the source and the reason that decided it.

    ``since_s`` is monotonic; ``recheck_s`` the moment at which the verdict
    could change by the passing of time alone, ``None`` if it cannot.
    ``confirmed`` is false for a first sign that may be a bumped desk: it
    throttles, and has no other consequence.
    """

    presence: Presence
    source: str
    reason: str
    since_s: float
    confirmed: bool = True
    demand: bool = False
    recheck_s: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What the agent decided: presence, the cap, and whether guests must go.

    ``yielding`` says whether guests make way for the owner, who may be here
    or has tasks that wait; he can lend all the same. ``tightened_s`` is when
    the cap last wanted less than it gave: giving back waits from there.
    ``bound_since_s`` is since when a bound, not the owner's presence, asks
    guests to leave. ``departing`` is ``sleep`` or ``shutdown`` while the host
    prepares for it.
    """

    presence: PresenceVerdict
    cap: Cap
    reclaim_due: bool
    reason: str
    recheck_s: float | None = None
    tightened_s: float | None = None
    bound_since_s: float | None = None
    yielding: bool = False
    departing: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class SliceTarget:
    """What the guests' slice shall be held to.

    ``cpus`` is the bandwidth limit in CPUs, ``None`` for no limit; ``idle``
    whether the slice is of the idle class.
    """

    cpus: float | None
    idle: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class CoreTarget:
    """Which CPUs guests may run on, by number; ``None`` for every one."""

    cpus: tuple[int, ...] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class DiskTarget:
    """The most that all guests together do on each disk of the host.

    Bytes and operations per second, of reading and of writing each; ``None``
    for no limit.
    """

    bytes_per_s: int | None = None
    operations_per_s: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class MemoryTarget:
    """What the kernel's memory control holds guests and owner to.

    Above ``high_mib`` the guests' pages are taken where there is swap, for
    the owner's own groups ``owner_low_mib`` are kept; ``None`` for neither.
    """

    high_mib: int | None = None
    owner_low_mib: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class GuestMemory:
    """What a guest has of the host's memory.

    ``maximum_mib`` is what it was given, ``actual_mib`` what its balloon
    leaves it now. Of what its kernel then has, ``available_mib``, it can do
    without ``usable_mib``: mostly page cache. These two are from one moment,
    which may be some seconds ago; ``None`` where the guest does not tell.
    """

    uuid: str
    maximum_mib: int
    actual_mib: int
    available_mib: int | None = None
    usable_mib: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class BalloonTarget:
    """The memory in MiB that all guests together may keep; ``None``: all."""

    memory_mib: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class NetworkTarget:
    """The most that each guest sends, and receives, in KiB per second.

    ``None`` for no limit but the guest's own.
    """

    kib_per_s: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class PauseTarget:
    """Whose CPUs are stopped: everybody's, or of those with a passed device.

    ``spared`` has the UUIDs of the guests that must run all the same: those
    that are on their way out. ``fence`` is why whoever is paused now stays so
    until Nova says that he belongs here, empty if he does not.
    """

    everybody: bool = False
    passthrough: bool = False
    spared: frozenset[str] = frozenset()
    fence: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Hold:
    """What guests are held to: a target for each rung of the ladder.

    ``reason`` is why it is less than the cap, empty where it is not.
    """

    slice: SliceTarget
    cores: CoreTarget = CoreTarget()
    disk: DiskTarget = DiskTarget()
    memory: MemoryTarget = MemoryTarget()
    balloon: BalloonTarget = BalloonTarget()
    network: NetworkTarget = NetworkTarget()
    pause: PauseTarget = PauseTarget()
    reason: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One line of the agent's record: what went from where to where, why."""

    at_unix_s: float
    what: str
    before: str
    after: str
    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class Status:
    """What the agent tells others: the content of its D-Bus properties.

    ``sequence`` grows with each change; ``forecast`` maps a horizon in
    minutes to the probability that the owner stays away that long;
    ``sources`` maps the name of a source, or of a rung of the ladder, to
    ``ok`` or to what is wrong; ``limits`` a rung to what it holds guests to.
    ``departing`` is ``sleep`` or ``shutdown`` while the host prepares for it;
    ``fenced`` has the UUIDs of the guests that stay paused until Nova says
    that they belong here, ``fenced_since_unix_s`` since when the first does.
    """

    sequence: int
    presence: Presence
    demand: bool
    source: str
    reason: str
    cap: Cap
    reclaim_due: bool
    forecast: Mapping[int, float] = dataclasses.field(default_factory=dict)
    sources: Mapping[str, str] = dataclasses.field(default_factory=dict)
    limits: Mapping[str, str] = dataclasses.field(default_factory=dict)
    departing: str = ''
    fenced: tuple[str, ...] = ()
    fenced_since_unix_s: float | None = None


class ReclaimAction(enum.StrEnum):
    """What may be done with a guest whose host is needed back."""

    LIVE_MIGRATE = 'live-migrate'
    COLD_MIGRATE = 'cold-migrate'
    SUSPEND = 'suspend'
    SHELVE = 'shelve'
    STOP = 'stop'
    REBUILD = 'rebuild'
    DELETE = 'delete'


@dataclasses.dataclass(frozen=True, slots=True)
class Tolerance:
    """What a flavor says of its guests, from the ``desktop:`` extra specs."""

    preemptible: bool = False
    priority: int = 0
    actions: tuple[ReclaimAction, ...] = (
        ReclaimAction.LIVE_MIGRATE,
        ReclaimAction.SHELVE,
    )
    notice_s: int = 120
    runtime_min: int | None = None
    trust: str = 'standard'


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A guest that may have to yield.

    ``unsaved_s`` is how many seconds of work are lost with what it has in
    memory, ``disk_gib`` what must be moved if its disks are.
    """

    server_id: str
    tolerance: Tolerance
    vcpus: int
    memory_mib: int
    unsaved_s: float
    state: str = 'ACTIVE'
    disk_gib: int = 0
