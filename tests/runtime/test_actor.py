"""What an actor may rely on, the same on both dispatchers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from runtime.actor import Actor
from runtime.child_spec import ChildSpec
from runtime.errors import ActorDead, AskTimeout, JobRejected, KernelError, StartFailed
from runtime.jobs import Done
from runtime.reply import Deferred
from runtime.supervisor import StartChild
from tests.runtime.kit import LIMIT, Add, Boom, Call, Kernel, Raise, Say, until


def test_messages_of_one_sender_are_handled_in_order_and_never_at_the_same_time(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"))
    inside: list[int] = []
    overlaps: list[int] = []

    def handle(actor: object) -> None:
        inside.append(1)
        overlaps.extend(inside[1:])
        inside.pop()

    def send() -> None:
        for _ in range(500):
            kernel["a"].tell(Call(handle))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    for number in range(300):
        kernel["a"].tell(Say(str(number)))
    kernel["a"].ask(Say("end"))
    assert overlaps == []
    assert kernel.journal.starting("a heard") == [f"a heard {number}" for number in [*range(300), "end"]]


def test_an_ask_that_is_not_answered_in_time_says_so(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"))
    release = kernel.hang("a")
    with pytest.raises(AskTimeout, match="fam/a"):
        kernel["a"].ask(Say("x"), timeout=0.01)
    release.set()


def test_an_answer_may_come_later_from_any_thread(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"))
    made: list[Deferred] = []

    def later(actor: Any) -> Deferred:
        made.append(actor.context.defer())
        return made[-1]

    reply = kernel["a"].ask_later(Call(later))
    kernel["a"].ask(Say("not blocked"))
    made[0].answer("later")
    made[0].answer("second")
    assert reply.wait("a", LIMIT) == "later"
    failing = kernel["a"].ask_later(Call(later))
    kernel.settle()
    made[1].fail(Boom("no"))
    with pytest.raises(Boom):
        failing.wait("a", LIMIT)


def test_timers_tell_once_or_every_period_until_cancelled(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"))
    timers: list[Any] = []
    kernel["a"].ask(Call(lambda actor: actor.context.after(3.0, Say("once")) and None))
    kernel["a"].ask(Call(lambda actor: timers.append(actor.context.every(2.0, Say("again")))))
    kernel.clock().advance(6.5)
    assert kernel.journal.starting("a heard") == ["a heard again", "a heard once", "a heard again", "a heard again"]
    timers[0].cancel()
    kernel.clock().advance(60)
    assert len(kernel.journal.starting("a heard")) == 4


def test_the_outcome_of_a_job_comes_back_as_a_message(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"))

    def told(done: Done[int]) -> Say:
        return Say(f"{done.value} {type(done.error).__name__}")

    def work(fail: bool) -> int:
        if fail:
            raise SystemExit(1)
        return 42

    kernel["a"].ask(Call(lambda actor: actor.context.job("any", lambda: work(False), told) and None))
    kernel["a"].ask(Call(lambda actor: actor.context.job("any", lambda: work(True), told) and None))
    until(lambda: len(kernel.journal.starting("a heard")) == 2)
    assert sorted(kernel.journal.starting("a heard")) == ["a heard 42 NoneType", "a heard None SystemExit"]


def test_a_full_lane_refuses_with_a_message_not_an_exception(kernel: Kernel) -> None:
    from runtime.jobs import Jobs, Lane

    kernel.system.jobs = Jobs({"narrow": Lane(workers=1, queue=1)})
    kernel.start(kernel.children("a"))
    release = threading.Event()
    running = threading.Event()

    def work() -> None:
        running.set()
        release.wait(30)

    def told(done: Done[None]) -> Say:
        return Say(type(done.error).__name__)

    def job(actor: Any) -> None:
        actor.context.job("narrow", work, told)

    kernel["a"].ask(Call(job))
    assert running.wait(LIMIT)
    for _ in range(2):
        kernel["a"].ask(Call(job))
    until(lambda: kernel.journal.starting("a heard") == [f"a heard {JobRejected.__name__}"])
    release.set()
    until(lambda: len(kernel.journal.starting("a heard")) == 3)


def test_an_actor_knows_its_address_incarnation_and_siblings(kernel: Kernel) -> None:
    kernel.start(kernel.children("ab"))
    kernel.crash("a")
    assert kernel["a"].ask(Call(lambda actor: actor.context.address)) == kernel["a"]
    assert kernel["a"].ask(Call(lambda actor: actor.context.incarnation)) == 2
    assert kernel["a"].ask(Call(lambda actor: actor.context.sibling("b"))) == kernel["b"]
    assert kernel["a"].ask(Call(lambda actor: actor.context.system)) is kernel.system


class Blocking(Actor[str]):
    blocking = True

    def receive(self, message: str) -> object:
        return threading.current_thread().name


def test_a_blocking_actor_has_a_thread_of_its_own(kernel: Kernel) -> None:
    kernel.start([ChildSpec("b", Blocking)])
    assert kernel["b"].ask("who") == "actor-fam/b"
    assert kernel.node("b").kind == "actor on its own thread"


def test_a_drill_crashes_any_actor_or_supervisor_and_it_comes_back(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"), restarts=10)
    assert kernel.system.crash("fam/a")
    kernel.settle()
    assert kernel.incarnation("a") == 2
    assert kernel.system.crash("fam")
    until(lambda: kernel.node().incarnation == 2 and kernel.state() == "running")
    assert kernel.system.crash("/")

    def root_is_back() -> bool:
        kernel.clock().advance(1)  # again until its pause has begun, and so can end
        return kernel.system.tree().incarnation == 2 and kernel.system.heartbeat()

    until(root_is_back)
    assert kernel["a"].ask(Say("up")) == "up"
    assert not kernel.system.crash("no/such/actor")


def test_the_tree_can_be_read_while_it_lives(kernel: Kernel) -> None:
    kernel.start(kernel.children("ab"), restarts=10)
    kernel.crash("a")
    release = kernel.hang("b")
    for _ in range(3):
        kernel["b"].tell(Say("waiting"))
    tree = kernel.system.tree()
    assert (tree.name, tree.kind.split()[0], tree.state) == ("root", "supervisor", "running")
    a, b = tree.children[0].children
    assert (a.name, a.path, a.restarts, a.state) == ("a", "fam/a", 1, "running")
    assert "Boom" in a.last_error
    assert (b.inbox, b.restarts) == (3, 0)
    release.set()


def test_whoever_wants_to_know_is_told_whose_turn_or_job_begins_in_the_thread(kernel: Kernel) -> None:
    here = threading.local()
    heard: list[str] = []

    def begins(path: str) -> None:
        here.path = path

    for system in (kernel.system, kernel.system.pool, kernel.system.threads):
        system.on_turn = begins
    for worker in kernel.system.pool.workers:
        worker.on_turn = begins
    kernel.start(kernel.children("ab"))

    def job(actor: Any) -> None:
        heard.append(here.path)
        actor.context.job("any", lambda: heard.append(here.path), lambda done: Say("done"))

    for child in "ab":
        kernel[child].ask(Call(job))
    until(lambda: sorted(heard) == ["fam/a", "fam/a", "fam/b", "fam/b"])


def test_the_heartbeat_says_whether_the_root_answers(kernel: Kernel) -> None:
    kernel.start([])
    assert kernel.system.heartbeat()
    kernel.system.stop(2)
    assert not kernel.system.heartbeat(0.1)


def test_a_factory_that_returns_no_actor_is_a_failed_start(kernel: Kernel) -> None:
    class Forgetful(Actor[str]):
        def __init__(self) -> None:
            pass

    fam = kernel.start([])
    for factory in (lambda: "no actor", Forgetful):
        with pytest.raises(StartFailed):
            fam.ask(StartChild(ChildSpec("x", factory)))  # type: ignore[arg-type]


def test_an_actor_cannot_be_started_without_a_supervisor() -> None:
    with pytest.raises(KernelError, match="supervisor"):
        Blocking.start()


def test_what_a_stopped_system_is_told_becomes_dead_letters(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"))
    address = kernel["a"]
    kernel.system.stop(2)
    address.tell(Say("late"))
    with pytest.raises(ActorDead):
        address.ask(Add(1))
    assert not address.alive()
    assert kernel.system.letters.total == 2


def test_a_crash_hook_runs_before_the_next_incarnation_starts(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"))
    kernel.scripts["a"].in_crash = lambda error: kernel.journal.add(f"crash hook {error}")
    kernel["a"].tell(Raise(Boom("x")))
    kernel.settle()
    assert kernel.journal.lines == ["start a", "crash hook x", "start a"]
