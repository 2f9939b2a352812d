"""How supervision behaves: shutdown (lines 30 to 35)."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from functools import partial

import pytest
from pykka import ActorRegistry

from runtime.actor import IGNORE, Ignore
from runtime.child_spec import ChildSpec, Restart, Shutdown, Strategy, supervisor
from runtime.errors import ActorDead
from runtime.facts import ActorAbandoned
from runtime.supervisor import CountChildren, StartChild, TerminateChild
from tests.runtime.kit import LIMIT, Add, Boom, Call, Kernel, Say, Script, Scripted, entering, until


def test_shutdown_runs_in_reverse_one_child_at_a_time(kernel: Kernel) -> None:
    """Line 30."""
    stopping: list[str] = []
    overlaps: list[str] = []

    def hook(name: str) -> Script:
        def in_stop() -> None:
            overlaps.extend(stopping)
            stopping.append(name)
            threading.Event().wait(0.002)
            stopping.remove(name)

        return Script(in_stop=in_stop)

    kernel.start([kernel.child(name, script=hook(name)) for name in "abcd"])
    kernel.journal.clear()
    kernel.system.address("/").ask(TerminateChild("fam"))
    assert kernel.journal.lines == ["stop d", "stop c", "stop b", "stop a"]
    assert overlaps == []


def test_a_child_that_comes_up_after_its_stop_was_ordered_is_waited_for_like_any_other(kernel: Kernel) -> None:
    """Line 30: that it is up now is not that it is down."""
    fam = kernel.start(kernel.children("ab"))
    started, go_on = kernel.gate()
    entered, release = kernel.gate()
    script = kernel.scripts["b"]
    script.in_start = lambda _: entering(started, go_on)
    script.in_stop = partial(entering, entered, release)
    kernel["b"].tell(Call(lambda actor: actor.context.stop()))
    assert entered.wait(LIMIT)
    release.set()
    assert started.wait(LIMIT)
    release.clear()
    entered.clear()
    reply = kernel.system.address("/").ask_later(TerminateChild("fam"))
    until(lambda: kernel.state() == "stopping")
    assert fam.ask(CountChildren()).specs == 2  # it answers, so it has ordered the first stop
    kernel.journal.clear()
    go_on.set()
    assert entered.wait(LIMIT)
    assert fam.ask(CountChildren()).specs == 2
    assert kernel.journal.lines == ["start b"]
    release.set()
    assert reply.wait("fam", LIMIT) is True
    assert kernel.journal.lines == ["start b", "stop b", "stop a"]


def test_a_child_that_finds_nothing_to_run_after_its_stop_was_ordered_has_stopped(kernel: Kernel) -> None:
    """Lines 3 and 36: whoever ordered the stop is answered."""
    fam = kernel.start(kernel.children("ab"))
    started, go_on = kernel.gate()

    def nothing_to_run(_: int) -> Ignore:
        entering(started, go_on)
        return IGNORE

    kernel.scripts["b"].in_start = nothing_to_run
    kernel["b"].tell(Call(lambda actor: actor.context.stop()))
    assert started.wait(LIMIT)
    reply = fam.ask_later(TerminateChild("b"))
    assert fam.ask(CountChildren()).specs == 2
    go_on.set()
    assert reply.wait("fam", LIMIT) is True
    assert kernel.state("b") == "stopped"


def test_a_child_that_ignores_shutdown_is_abandoned_and_the_others_stop_cleanly(kernel: Kernel) -> None:
    """Line 31."""
    kernel.start([kernel.child("a"), kernel.child("b", shutdown=3.0), kernel.child("c")])
    kernel.hang("b")
    kernel.journal.clear()
    reply = kernel.system.address("/").ask_later(TerminateChild("fam"))
    until(lambda: kernel.journal.lines == ["stop c"])
    kernel.clock().advance(2.9)
    assert kernel.journal.lines == ["stop c"]
    kernel.clock().advance(0.2)
    assert reply.wait("fam", LIMIT) is True
    assert kernel.journal.lines == ["stop c", "stop a"]


def test_shutdown_kill_does_not_wait(kernel: Kernel) -> None:
    """Line 32, kill."""
    fam = kernel.start([kernel.child("a", shutdown=Shutdown.KILL)])
    kernel.hang("a")
    assert fam.ask(TerminateChild("a")) is True
    assert kernel.state("a") == "stopped"
    assert kernel.journal.starting("stop") == []


def test_shutdown_infinity_waits_for_a_sub_supervisor_as_long_as_needed(kernel: Kernel) -> None:
    """Line 32, infinity."""
    inner = supervisor("inner", [kernel.child("slow", shutdown=Shutdown.INFINITY, hard_limit=None)])
    fam = kernel.start([inner])
    entered, release = kernel.gate()
    kernel.scripts["slow"].in_stop = partial(entering, entered, release)
    reply = fam.ask_later(TerminateChild("inner"))
    assert entered.wait(LIMIT)
    kernel.clock().advance(100_000)
    assert kernel.state("inner") == "stopping"
    release.set()
    assert reply.wait("fam", LIMIT) is True


def test_a_hung_actor_is_fenced_and_replaced_on_a_fresh_thread(kernel: Kernel) -> None:
    """Line 33: the fence."""
    kernel.start([kernel.child("a", hard_limit=10.0), kernel.child("b")])
    told: list[str] = []
    threads: list[int] = []
    entered, release = kernel.gate()

    def hang(actor: Scripted) -> str:
        threads.append(threading.get_ident())
        actor.context.every(1.0, Say("tick"))
        entered.set()
        release.wait(30)
        actor.context.sibling("b").tell(Say("from the dead"))
        actor.context.publish(Say("from the dead"))
        told.append("came out")
        return "too late"

    reply = kernel["a"].ask_later(Call(hang))
    kernel["a"].tell(Say("queued"))
    assert entered.wait(LIMIT)
    kernel.clock().advance(10.5)
    with pytest.raises(ActorDead):
        reply.wait("a", LIMIT)
    assert kernel.incarnation("a") == 2
    assert kernel["a"].ask(Call(lambda actor: threads.append(threading.get_ident()))) is None
    assert threads[0] != threads[1]
    letters = kernel.system.letters.total
    release.set()
    until(lambda: told == ["came out"])
    kernel.settle()
    kernel.clock().advance(5)
    assert kernel.system.letters.total == letters + 1
    assert kernel.journal.starting("b heard") == []
    assert kernel.journal.starting("a heard") == ["a heard queued"]


def test_what_a_hung_actor_owns_is_released_and_its_child_process_killed(kernel: Kernel) -> None:
    """Line 33: child processes and jobs."""
    kernel.start([kernel.child("a", hard_limit=10.0)])
    children: list[subprocess.Popen[bytes]] = []
    cancelled = threading.Event()
    entered = threading.Event()
    endless = (sys.executable, "-c", "import time; time.sleep(600)")

    def hang(actor: Scripted) -> None:
        child = subprocess.Popen(endless)
        children.append(child)
        actor.context.at_end(child.kill)
        actor.context.job("test", lambda: cancelled.wait(30), lambda done: Say("late"), cancel=cancelled)
        entered.set()
        child.wait()

    kernel["a"].tell(Call(hang))
    assert entered.wait(LIMIT)
    kernel.clock().advance(11)
    assert children[0].wait(LIMIT) != 0
    assert cancelled.wait(LIMIT)
    until(lambda: kernel.incarnation("a") == 2 and kernel.state("a") == "running")
    assert kernel.journal.starting("a heard") == []


def test_the_process_can_still_exit_with_hung_actors() -> None:
    """Line 33: the process."""
    program = (
        "import threading\n"
        "from runtime.actor import Actor\n"
        "from runtime.child_spec import ChildSpec, supervisor\n"
        "from runtime.system import System\n"
        "entered = threading.Event()\n"
        "class Hung(Actor):\n"
        "    def receive(self, message):\n"
        "        entered.set()\n"
        "        threading.Event().wait()\n"
        "for dispatcher in ('pooled', 'threads'):\n"
        "    system = System(dispatcher=dispatcher)\n"
        "    system.start(supervisor('root', [ChildSpec('hung', Hung)]))\n"
        "    system.address('hung').tell('go')\n"
        "    assert entered.wait(10)\n"
        "    system.stop(0.5)\n"
        "print('the end')\n"
    )
    outcome = subprocess.run((sys.executable, "-c", program), capture_output=True, timeout=60, check=False)
    assert (outcome.returncode, outcome.stdout.strip()) == (0, b"the end")


def test_the_children_of_a_killed_supervisor_stop_too(kernel: Kernel) -> None:
    """Line 34."""
    inner = supervisor("inner", kernel.children("xy"), shutdown=Shutdown.KILL)
    fam = kernel.start([inner])
    actors = [kernel.scripts[name].actors[0].actor_ref for name in "xy"]
    assert fam.ask(TerminateChild("inner")) is True
    until(lambda: not any(ref.is_alive() for ref in actors))
    until(lambda: sorted(kernel.journal.starting("stop")) == ["stop x", "stop y"])
    assert not any(ref in ActorRegistry.get_all() for ref in actors)
    kernel.system.address("fam/inner/x").tell(Say("deploy"))
    kernel.settle()
    assert kernel.journal.starting("x heard") == []


def test_a_supervisor_that_hangs_is_replaced_and_leaves_no_orphans(kernel: Kernel) -> None:
    """Line 34, when the supervisor's own code hangs."""
    entered, release = kernel.gate()
    asked: list[int] = []

    def source() -> list[ChildSpec]:
        asked.append(1)
        if len(asked) == 2:
            entered.set()
            release.wait(30)
        return kernel.children("x")

    kernel.start([supervisor("inner", [], children_source=source, restarts=0)], restarts=100)
    kernel.system.address("fam/inner/x").tell(Call(lambda actor: 1 / 0))
    assert entered.wait(LIMIT)
    kernel.clock().advance(31)  # the limit of a start hook
    kernel.clock().advance(1)  # the pause before the next try
    until(lambda: kernel.system.address("fam/inner/x").alive())
    assert len(asked) == 3


def test_stop_overtakes_ten_thousand_queued_messages(kernel: Kernel) -> None:
    """Line 35."""
    fam = kernel.start(kernel.children("a", restart=Restart.TEMPORARY))
    release = kernel.hang("a")
    for _ in range(10_000):
        kernel["a"].tell(Say("queued"))
    assert kernel.node("a").inbox == 10_000
    reply = fam.ask_later(TerminateChild("a"))
    until(lambda: kernel.scripts["a"].actors[0].context._life.wanted.name == "SHUTDOWN")
    release.set()
    assert reply.wait("fam", LIMIT) is True
    assert kernel.journal.starting("a heard") == []
    until(lambda: kernel.system.letters.total == 10_000)


def test_the_whole_system_stops_within_its_limit_although_something_hangs(live: Kernel) -> None:
    live.start([*live.children("abc"), live.child("hung", shutdown=Shutdown.INFINITY), *live.children("de")])
    live.hang("hung")
    live.journal.clear()
    before = time.monotonic()
    live.system.stop(2.0)
    assert time.monotonic() - before < 2.0 + LIMIT
    assert live.journal.lines == ["stop e", "stop d", "stop c", "stop b", "stop a"]
    live.system.stop(2.0)


def test_abandoning_is_published(kernel: Kernel) -> None:
    heard: list[ActorAbandoned] = []
    kernel.system.bus.subscribe(ActorAbandoned, kernel.system.address("nobody"), heard.append)
    kernel.start([kernel.child("a", hard_limit=1.0)])
    kernel.hang("a")
    kernel.clock().advance(2)
    assert [fact.path for fact in heard] == ["fam/a"]


def test_a_dynamic_child_keeps_its_state_when_a_sibling_is_killed(kernel: Kernel) -> None:
    fam = kernel.start([], strategy=Strategy.DYNAMIC, restarts=100)
    for which in "ab":
        fam.ask(StartChild(kernel.child(which, hard_limit=1.0)))
    kernel["b"].ask(Add(4))
    kernel.hang("a")
    kernel.clock().advance(2)
    assert kernel["b"].ask(Add(1)) == 5
    with pytest.raises(Boom):
        kernel["a"].ask(Call(lambda actor: (_ for _ in ()).throw(Boom())))
