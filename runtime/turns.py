"""The turns of an incarnation, on its dispatcher, with a guard round each callback."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from runtime import registry
from runtime.actor import IGNORE, PENDING, PYKKA_MESSAGES, Actor
from runtime.cell import State
from runtime.endings import Exit
from runtime.errors import BadSpec
from runtime.life import Life, Stop
from runtime.reply import Deferred, Letter, settle, settle_error

if TYPE_CHECKING:
    from runtime.dispatcher import Worker

log = logging.getLogger("runtime.turns")

STOPS: Final = (Stop.SHUTDOWN, Stop.NORMAL)
BATCH: Final = 50  # so many messages in one turn, then the others have theirs

# what a worker is at, when it is not a message
STARTING: Final = "its start hook"
STOPPING: Final = "its stop hook"
FAILING: Final = "its failure hook"


def run(life: Life, worker: Worker) -> bool:
    """Work through some of what there is to do; True when more is left."""
    if not life.begun:  # one that was abandoned before its turn is not made any more: its successor may be up
        # when it is up, its supervisor, which this thread may go on with, comes first
        return not life.over and _start(life, worker) and _more(life)
    cell = life.cell
    lock, queue = cell.lock, cell.queue
    left = BATCH
    while True:
        event: Any = None
        with lock:
            if life.over:
                return False
            if life.control:
                event = life.control.popleft()
            elif life.wanted in STOPS:
                event, life.wanted = life.wanted, Stop.UNDER_WAY
            elif life.receiving and queue:
                if not left:
                    return True
                letter = life.current = queue.popleft()
            else:
                life.scheduled = False
                return False
        if event is None:
            left -= 1
            _handle(life, letter, worker)
        else:
            _control_event(life, event, worker)


def _more(life: Life) -> bool:
    with life.cell.lock:
        if not life.over and (life.control or life.wanted in STOPS or (life.receiving and life.cell.queue)):
            return True
        life.scheduled = False
        return False


def _start(life: Life, worker: Worker) -> bool:
    worker.work = STARTING
    cell = life.cell
    answer: object = None
    try:
        actor = life.actor
        if actor is None:
            actor = cell.spec.start()
            made: object = actor  # a factory may be untyped
            if not isinstance(made, Actor) or not hasattr(actor, "actor_urn"):
                raise BadSpec(f"{cell.path}: its factory must return an Actor that called super().__init__()")
            with cell.lock:
                if life.over:  # abandoned meanwhile: this actor never was
                    return False
                life.actor = actor
            actor._bind(life)
            if actor.blocking and not life.own_thread:
                _move(life)
                return False
        life.begun = True
        registry.register(actor.actor_ref)
        if life.over:  # abandoned at this very moment, before the line above
            registry.unregister(actor.actor_ref)
            return False
        answer = actor._kernel_start()
    except BaseException as error:  # noqa: BLE001 - the guard: whatever a start raises is a failed start
        life.conclude(Exit.NO_START, error)
        return False
    finally:
        worker.work = None
    if answer is IGNORE:
        life.conclude(Exit.NORMAL, None, ignored=True)
        return False
    if answer is not PENDING:
        life.started()
    else:
        with cell.lock:
            life.receiving = cell.life is life
    return True


def _move(life: Life) -> None:
    """It blocks: the start hook and all that follows run on a thread of its own."""
    life.dispatcher = life.cell.system.threads
    life.dispatcher.attach(life)
    life.dispatcher.submit(life)


def _handle(life: Life, letter: Letter, worker: Worker) -> None:
    if letter.incarnation and letter.incarnation != life.number:
        life.cell.system.count_late()
        return
    actor, message = life.actor, letter.message
    assert actor is not None  # noqa: S101 - set before any turn gets here
    worker.work = letter
    try:
        answer = actor._handle_receive(message) if type(message) in PYKKA_MESSAGES else actor.receive(message)
    except BaseException as error:  # noqa: BLE001 - the guard: whatever a handler raises is this actor's crash
        _failed(life, letter, error, worker)
    else:
        if letter.reply_to is not None:
            if isinstance(answer, Deferred):
                answer.bind(letter.reply_to)
            else:
                settle(letter.reply_to, answer)
        if actor.actor_stopped.is_set() and not life.over:  # it left by itself, as pykka allows
            life.stop_normally()
    finally:
        worker.work = None
        life.current = None


def _control_event(life: Life, event: Any, worker: Worker) -> None:
    actor = life.actor
    assert actor is not None  # noqa: S101 - set before any turn gets here
    if isinstance(event, Stop):
        _run_stop(life, Exit.NORMAL if event is Stop.NORMAL else Exit.SHUTDOWN, worker)
        return
    worker.work = event
    try:
        if isinstance(event, BaseException):
            raise event
        actor._kernel_event(event)
    except BaseException as error:  # noqa: BLE001 - the guard, as for messages
        _failed(life, None, error, worker)
    finally:
        worker.work = None


def _run_stop(life: Life, exit: Exit, worker: Worker) -> None:  # noqa: A002 - the field's name
    actor = life.actor
    assert actor is not None  # noqa: S101 - set before any turn gets here
    with life.cell.lock:
        if life.cell.life is life:
            life.cell.state = State.STOPPING
    actor.actor_stopped.set()
    worker.work = STOPPING
    pending = False
    try:
        pending = actor._kernel_stop() is PENDING
    except BaseException:
        # the guard: it is ending anyway
        log.exception("%s: the stop hook failed", life.cell.path)
    finally:
        worker.work = None
    if not pending:
        life.conclude(exit, None)


def _failed(life: Life, letter: Letter | None, error: BaseException, worker: Worker) -> None:
    cell = life.cell
    if life.over:  # it hung, was abandoned, and comes back with an error that interests nobody
        log.debug("%s: an incarnation that is over raised %r", cell.path, error)
        return
    if letter is not None and letter.reply_to is not None and not cell.spec.ask_crashes:
        settle_error(letter.reply_to, error)
        return
    actor = life.actor
    assert actor is not None  # noqa: S101 - set before any turn gets here
    worker.work = FAILING
    pending = False
    try:
        pending = actor._kernel_crash(error) is PENDING
    except BaseException:
        # the guard: it is ending anyway
        log.exception("%s: the failure hook failed", cell.path)
    finally:
        worker.work = None
    if not pending:
        life.conclude(Exit.CRASH, error, letter=letter)
