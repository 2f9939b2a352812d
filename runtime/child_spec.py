"""ChildSpec, Restart, Strategy; defaults in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal

from runtime.backoff import Backoff
from runtime.errors import BadSpec

if TYPE_CHECKING:
    from runtime.actor import Actor


class Restart(Enum):
    """When a child that ended is started again."""

    PERMANENT = "permanent"  # always
    TRANSIENT = "transient"  # after a crash only
    TEMPORARY = "temporary"  # never; its spec disappears with it


class Strategy(Enum):
    """Who is restarted together with a child that ended."""

    ONE_FOR_ONE = "one_for_one"  # nobody
    ONE_FOR_ALL = "one_for_all"  # everybody
    REST_FOR_ONE = "rest_for_one"  # those started after it
    DYNAMIC = "dynamic"  # nobody; children come and go at run time and stop concurrently


class Shutdown(Enum):
    """Instead of a number of seconds for `ChildSpec.shutdown`."""

    KILL = "kill"  # do not wait: its incarnation ends at once
    INFINITY = "infinity"  # wait as long as needed; for supervisors


class OnGiveUp(Enum):
    """What happens when a child has used up its budget."""

    ESCALATE = "escalate"  # its crashes count for the supervisor, which ends with the budget
    PARK = "park"  # it has a budget of its own and is then kept as "failed"; nobody else notices


class Overflow(Enum):
    """What becomes of a message for a full inbox. A sender is never blocked."""

    REJECT_NEWEST = "reject_newest"  # the new message becomes a dead letter, an ask fails with InboxFull
    DROP_OLDEST = "drop_oldest"  # the oldest one becomes a dead letter and makes room


class Queued(Enum):
    """What becomes of the messages waiting in the inbox when the actor crashes."""

    KEEP = "keep"  # the next incarnation handles them, in order
    DROP = "drop"  # they become dead letters


class AutoShutdown(Enum):
    """Whether the normal end of significant children ends their supervisor."""

    NEVER = "never"
    ANY_SIGNIFICANT = "any_significant"
    ALL_SIGNIFICANT = "all_significant"


@dataclass(frozen=True)
class Defaults:
    """The one table of defaults. Times are seconds."""

    restarts: int = 1
    within: float = 5.0
    shutdown: float = 5.0
    start_timeout: float = 30.0
    mailbox: int = 10_000
    supervisor_mailbox: int = 200_000
    soft_limit: float = 1.0
    hard_limit: float = 60.0
    cool_down: float = 60.0
    backoff: Backoff = field(default_factory=Backoff)


DEFAULTS: Final = Defaults()


@dataclass(frozen=True)
class Family:
    """What makes a child a supervisor: its own children and how it keeps them up."""

    children: tuple[ChildSpec, ...] = ()
    strategy: Strategy = Strategy.ONE_FOR_ONE
    restarts: int = DEFAULTS.restarts
    within: float = DEFAULTS.within
    children_source: Callable[[], Iterable[ChildSpec]] | None = None
    auto_shutdown: AutoShutdown = AutoShutdown.NEVER
    backoff: Backoff = DEFAULTS.backoff
    cool_down: float = DEFAULTS.cool_down


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How one child is started, restarted and stopped. Times are seconds; checked before any child is started."""

    id: str
    start: Callable[[], Actor[Any]]  # a factory; runs on the child's own dispatcher at each incarnation
    restart: Restart = Restart.PERMANENT
    shutdown: float | Shutdown = DEFAULTS.shutdown
    start_timeout: float = DEFAULTS.start_timeout  # `__init__` and start hook together
    mailbox: int = DEFAULTS.mailbox
    overflow: Overflow = Overflow.REJECT_NEWEST
    queued: Queued = Queued.KEEP
    replay: int = 0  # how often the message that crashed the actor is given to its successor
    ask_crashes: bool = True  # whether what a handler raises in an ask also crashes the actor
    soft_limit: float = DEFAULTS.soft_limit  # a handler that runs longer is reported
    hard_limit: float | None = DEFAULTS.hard_limit  # a handler that runs longer is abandoned; None: never
    on_give_up: OnGiveUp = OnGiveUp.ESCALATE
    park_restarts: int = DEFAULTS.restarts  # with PARK: so many restarts
    park_within: float = DEFAULTS.within  # with PARK: in so many seconds
    significant: bool = False
    family: Family | None = None  # set by `supervisor`

    @property
    def kind(self) -> Literal["actor", "supervisor"]:
        """What the tree calls this child."""
        return "actor" if self.family is None else "supervisor"


def supervisor(
    id: str,  # noqa: A002 - the same word as in ChildSpec
    children: Sequence[ChildSpec] = (),
    *,
    strategy: Strategy = Strategy.ONE_FOR_ONE,
    restarts: int = DEFAULTS.restarts,
    within: float = DEFAULTS.within,
    children_source: Callable[[], Iterable[ChildSpec]] | None = None,
    auto_shutdown: AutoShutdown = AutoShutdown.NEVER,
    backoff: Backoff = DEFAULTS.backoff,
    cool_down: float = DEFAULTS.cool_down,
    restart: Restart = Restart.PERMANENT,
    shutdown: float | Shutdown = Shutdown.INFINITY,
    on_give_up: OnGiveUp = OnGiveUp.ESCALATE,
    park_restarts: int = DEFAULTS.restarts,
    park_within: float = DEFAULTS.within,
    significant: bool = False,
) -> ChildSpec:
    """The spec of a supervisor. Raises BadSpec at once when it or one of its children cannot work.

    `children_source` is asked at each start of the supervisor, so that children added at run time come back rebuilt.
    `cool_down` matters for the root only: seconds between attempts once its budget is used up.
    """
    family = Family(tuple(children), strategy, restarts, within, children_source, auto_shutdown, backoff, cool_down)
    spec = ChildSpec(
        id=id,
        start=_no_actor,
        restart=restart,
        shutdown=shutdown,
        mailbox=DEFAULTS.supervisor_mailbox,
        ask_crashes=False,
        on_give_up=on_give_up,
        park_restarts=park_restarts,
        park_within=park_within,
        significant=significant,
        family=family,
    )
    spec = replace(spec, start=_Founder(family))
    check(spec)
    return spec


def check(spec: ChildSpec, auto_shutdown: AutoShutdown | None = None) -> None:
    """Raise BadSpec when the spec, or one under it, cannot work. `auto_shutdown` is that of the future supervisor."""
    if not spec.id or "/" in spec.id:
        raise BadSpec(f"a child id must not be empty or hold a slash: {spec.id!r}")
    if not isinstance(spec.restart, Restart):
        raise BadSpec(f"{spec.id}: unknown restart type {spec.restart!r}")
    if not isinstance(spec.shutdown, Shutdown) and not spec.shutdown >= 0:
        raise BadSpec(f"{spec.id}: shutdown must not be negative: {spec.shutdown!r}")
    if not (spec.start_timeout > 0 and spec.mailbox > 0 and spec.replay >= 0 and spec.soft_limit > 0):
        raise BadSpec(f"{spec.id}: start_timeout, mailbox and soft_limit must be positive, replay not negative")
    if spec.hard_limit is not None and not spec.hard_limit > 0:
        raise BadSpec(f"{spec.id}: hard_limit must be positive or None")
    if not (spec.park_restarts >= 0 and spec.park_within > 0):
        raise BadSpec(f"{spec.id}: park_restarts must not be negative and park_within must be positive")
    if spec.significant:
        _check_significant(spec, auto_shutdown)
    if spec.family is not None:
        _check_family(spec.id, spec.family)


def _check_significant(spec: ChildSpec, auto_shutdown: AutoShutdown | None) -> None:
    if spec.restart is Restart.PERMANENT:
        raise BadSpec(f"{spec.id}: a permanent child cannot be significant")
    if auto_shutdown is AutoShutdown.NEVER:
        raise BadSpec(f"{spec.id}: significant children need a supervisor with auto_shutdown")


def _check_family(name: str, family: Family) -> None:
    if not isinstance(family.strategy, Strategy):
        raise BadSpec(f"{name}: unknown strategy {family.strategy!r}")
    if family.restarts < 0:
        raise BadSpec(f"{name}: restarts must not be negative: {family.restarts}")
    if not family.within > 0:
        raise BadSpec(f"{name}: the period must be positive: {family.within}")
    if not family.cool_down > 0:
        raise BadSpec(f"{name}: cool_down must be positive: {family.cool_down}")
    if not isinstance(family.auto_shutdown, AutoShutdown):
        raise BadSpec(f"{name}: unknown auto_shutdown {family.auto_shutdown!r}")
    check_children(name, family.children, family.auto_shutdown)


def check_children(name: str, children: Iterable[ChildSpec], auto_shutdown: AutoShutdown) -> None:
    """Raise BadSpec when a child of the supervisor `name` cannot work or two share an id."""
    seen: set[str] = set()
    for child in children:
        if child.id in seen:
            raise BadSpec(f"{name}: two children are called {child.id!r}")
        seen.add(child.id)
        check(child, auto_shutdown)


@dataclass(frozen=True, slots=True)
class _Founder:
    """Makes the supervisor actor of a family."""

    family: Family

    def __call__(self) -> Actor[Any]:
        from runtime.supervisor import Supervisor  # the supervisor reads child specs: imported when first needed

        return Supervisor(self.family)


def _no_actor() -> Actor[Any]:
    raise BadSpec("this spec was not finished")
