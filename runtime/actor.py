"""Actor[M]: mailbox, hooks, a guard round each callback."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, NoReturn, TypeVar, cast

import pykka
from pykka._envelope import Envelope
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr, _ActorStop

from runtime.errors import ActorDead, KernelError
from runtime.registry import Flag
from runtime.reply import Deferred, Letter, Reply, settle_error

if TYPE_CHECKING:
    from runtime.address import Address
    from runtime.bus import Translate
    from runtime.jobs import Done, JobHandle, Settable
    from runtime.life import Life
    from runtime.system import System
    from runtime.timers import Timer

M = TypeVar("M")
T = TypeVar("T")

PYKKA_MESSAGES: Final = frozenset((_ActorStop, ProxyCall, ProxyGetAttr, ProxySetAttr))


class Ignore:
    """What a start hook returns when there is nothing to run: its spec is kept, nobody lives there."""


IGNORE: Final = Ignore()
PENDING: Final = object()  # a supervisor's hooks return it: it reports itself when its children are up, or down


class Inbox:
    """The inbox as pykka's ActorRef sees it. It passes everything on to the place where the actor lives."""

    __slots__ = ("_early", "_life")

    def __init__(self) -> None:
        self._life: Life | None = None
        self._early: list[Envelope[Any]] | None = None

    def put(self, envelope: Envelope[Any], /) -> None:
        """Queue it; a stop overtakes what is queued. When the actor is over: a dead letter, and askers are told."""
        life = self._life
        if life is None:  # sent by the actor's own `__init__`
            if self._early is None:
                self._early = []
            self._early.append(envelope)
            return
        if isinstance(envelope.message, _ActorStop):
            life.stop_for_pykka(envelope.reply_to)
        elif life.over:
            life.cell.system.letters.add(life.cell.path, envelope.message, "this incarnation is over")
            if envelope.reply_to is not None:
                settle_error(envelope.reply_to, ActorDead(f"{life.cell.path}: this incarnation is over"))
        else:
            life.cell.put(Letter(envelope.message, envelope.reply_to))

    def get(self) -> Envelope[Any]:
        """Only the dispatcher takes messages out."""
        raise KernelError("only the kernel takes messages out of an inbox")

    def empty(self) -> bool:
        """Whether nothing waits."""
        return self._life is None or not self._life.cell.queue

    def bind(self, life: Life) -> None:
        """Kernel use: from now on messages go to where this life is."""
        self._life = life
        early, self._early = self._early, None
        for envelope in early or ():
            self.put(envelope)


class Context:
    """What an incarnation knows of its surroundings. Use it in the actor's own callbacks; all of it is thread-safe."""

    __slots__ = ("_life",)

    def __init__(self, life: Life) -> None:
        self._life = life

    @property
    def address(self) -> Address[Any]:
        """Where this actor is reached, also by its successors."""
        cell = self._life.cell
        return cell.system.address(cell.path)

    @property
    def incarnation(self) -> int:
        """1 for the first, one more at each restart."""
        return self._life.number

    @property
    def system(self) -> System:
        """The running kernel."""
        return self._life.cell.system

    def after(self, seconds: float, message: Any) -> Timer:
        """Tell this incarnation `message`, `seconds` from now."""
        life = self._life
        timer = self.system.timers.after(seconds, lambda: life.cell.put_fenced(life, message))
        life.own(timer)
        return timer

    def every(self, seconds: float, message: Any, *, jitter: float = 0.0) -> Timer:
        """Tell this incarnation `message` every `seconds`, first after one period; `jitter` 0.1 varies it by 10 %."""
        life = self._life
        timer = self.system.timers.every(seconds, lambda: life.cell.put_fenced(life, message), jitter=jitter)
        life.own(timer)
        return timer

    def job(
        self, lane: str, work: Callable[[], T], done: Callable[[Done[T]], Any], *, cancel: Settable | None = None
    ) -> JobHandle:
        """Do blocking `work` on a lane; what `done` makes of its outcome is told to this incarnation. Never raises.

        It is cancelled when this incarnation ends; `cancel` (an Event, a shell Cancel) is set then, to end the work.
        A full lane gives an outcome with JobRejected.
        """
        life = self._life
        made: list[JobHandle] = []

        def named() -> T:
            self.system.on_turn(life.cell.path)
            return work()

        def arrived(outcome: Done[T]) -> None:
            if made:
                life.disown(made[0])
            if life.over:
                self.system.count_late()
            else:
                life.cell.put_fenced(life, done(outcome))

        handle = self.system.jobs.run(lane, named, arrived, cancel=cancel)
        made.append(handle)
        life.own(handle)
        if handle.finished:
            life.disown(handle)
        return handle

    def subscribe(self, event_type: type, translate: Translate | None = None) -> None:
        """Be told such events from now on, as `translate` makes them. It ends with this incarnation.

        Subscribe in the start hook: then nothing published between a crash and the restart is lost.
        """
        life = self._life
        self.system.bus.subscribe(event_type, self.address, translate, incarnation=life.number)
        if life.over:  # looked at only now: it may be abandoned at any moment
            self.system.bus.unsubscribe(self.address, before=life.number + 1)

    def publish(self, event: object) -> None:
        """Tell all subscribers. Never raises; dropped when this incarnation is over."""
        if not self._life.over:
            self.system.bus.publish(event)

    def sibling(self, id: str) -> Address[Any]:  # noqa: A002 - the same word as in ChildSpec
        """The address of the child `id` of the same supervisor, whether it lives or not."""
        above, _, _ = self._life.cell.path.rpartition("/")
        return self.system.address(f"{above}/{id}" if above else id)

    def defer(self) -> Deferred:
        """An answer to give later: return it from `receive`. Unanswered at the end of this incarnation: ActorDead."""
        life = self._life
        deferred = Deferred(life.cell.path, life.forget)
        life.owe(deferred)
        return deferred

    def at_end(self, release: Callable[[], object]) -> None:
        """Call `release` when this incarnation ends in whatever way, also when it hangs and is abandoned.

        For what outlives a thread: child processes, sockets. It runs in the thread that ends the incarnation.
        """
        self._life.at_end(release)

    def stop(self) -> None:
        """End this actor normally after the message it is handling; the rest of its inbox is not handled."""
        self._life.stop_normally()


class Actor(pykka.Actor, Generic[M]):
    """One supervised actor: subclass it, give its constructor's partial to a ChildSpec. Callbacks never overlap.

    `__init__` and all hooks run on the actor's dispatcher: the pool, or with `blocking = True` a thread of its own.
    Whatever a callback raises, SystemExit included, ends this actor alone.
    """

    blocking: ClassVar[bool] = False
    context: Context

    def __init__(self) -> None:
        """Subclasses with arguments of their own call it first. There is no context yet."""
        # what pykka's does, with a lighter stop flag; not calling it saves a fifth of the time to start an actor
        self.actor_urn = uuid.uuid4().urn
        self.actor_inbox = self._create_actor_inbox()
        self.actor_stopped = Flag()
        self._actor_ref = pykka.ActorRef(self)

    def on_start(self) -> Ignore | None:  # type: ignore[override]  # pykka ignores what it returns
        """Runs before the first message. Raise: the start failed. Return IGNORE: nothing to run."""
        return None

    def receive(self, message: M) -> object:
        """Handle one message. What it returns answers an ask; a Deferred answers later. Raise: the actor crashed."""
        raise NotImplementedError(f"{type(self).__name__} does not handle {type(message).__name__}")

    def on_stop(self) -> None:
        """Runs when the actor stops in order, not when it crashed."""

    def on_crash(self, error: BaseException) -> None:
        """Runs after a handler raised `error`, before the next incarnation starts."""

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """pykka's form of `on_crash`, which it calls."""
        del exception_type, traceback
        if exception_value is not None:
            self.on_crash(exception_value)

    def on_receive(self, message: Any) -> Any:
        """pykka's form of `receive`, which it calls."""
        return self.receive(message)

    @classmethod
    def start(cls, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Actors of the kernel are started by their supervisor only."""
        raise KernelError(f"{cls.__name__} needs a supervisor", hint="tell a supervisor StartChild(ChildSpec(...))")

    def stop(self) -> None:
        """As `context.stop`."""
        self.context.stop()

    def _stop(self) -> None:
        self.context.stop()

    # what the kernel calls; supervisors have their own

    def _kernel_start(self) -> object:
        return self.on_start()

    def _kernel_stop(self) -> object:
        self.on_stop()
        return None

    def _kernel_event(self, event: object) -> None:
        raise NotImplementedError(f"{type(self).__name__} got {event!r}")

    def _kernel_crash(self, error: BaseException) -> object:
        self.on_failure(type(error), error, error.__traceback__)
        return None

    @staticmethod
    def _create_actor_inbox() -> Inbox:
        return Inbox()

    @staticmethod
    def _create_future() -> pykka.Future[Any]:
        return Reply()

    def _start_actor_loop(self) -> None:
        raise KernelError(f"{type(self).__name__} needs a supervisor")

    def _bind(self, life: Life) -> None:
        self.context = Context(life)
        cast(Inbox, self.actor_inbox).bind(life)
