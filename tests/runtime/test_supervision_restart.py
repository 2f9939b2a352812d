"""How supervision behaves: restart types and strategies (lines 11 to 21)."""

from __future__ import annotations

import io
import itertools
import threading
from functools import partial

import pytest

from runtime.child_spec import Restart, Strategy, supervisor
from runtime.facts import ActorRestarted
from runtime.log import configure
from runtime.redact import Redactor
from runtime.supervisor import StartChild, TerminateChild
from tests.runtime.kit import Add, Boom, Kernel, Quit, Raise, Say, Script, entering, raising, until


def end_by(kernel: Kernel, which: str, how: str) -> None:
    """Let a child end: by a crash, by its own wish, or by a shutdown that its supervisor did not order."""
    if how == "crash":
        kernel[which].tell(Raise(Boom()))
    elif how == "normal":
        kernel[which].tell(Quit())
    else:
        kernel.scripts[which].actors[-1].actor_ref.stop(block=True, timeout=10)
    kernel.settle()


@pytest.mark.parametrize("how", ["crash", "normal", "shutdown"])
def test_a_permanent_child_is_restarted_whatever_ended_it(kernel: Kernel, how: str) -> None:
    """Line 11."""
    kernel.start(kernel.children("a"))
    end_by(kernel, "a", how)
    assert kernel.incarnation("a") == 2
    assert kernel["a"].ask(Say("hello")) == "hello"


@pytest.mark.parametrize(
    ("how", "state", "incarnation"), [("crash", "running", 2), ("normal", "stopped", 1), ("shutdown", "stopped", 1)]
)
def test_a_transient_child_is_restarted_after_a_crash_only(
    kernel: Kernel, how: str, state: str, incarnation: int
) -> None:
    """Line 12."""
    kernel.start(kernel.children("a", restart=Restart.TRANSIENT))
    end_by(kernel, "a", how)
    assert (kernel.state("a"), kernel.incarnation("a")) == (state, incarnation)


@pytest.mark.parametrize("how", ["crash", "normal", "shutdown"])
def test_a_temporary_child_is_never_restarted_and_its_spec_disappears(kernel: Kernel, how: str) -> None:
    """Line 13."""
    kernel.start(kernel.children("a", restart=Restart.TEMPORARY))
    end_by(kernel, "a", how)
    assert kernel.state("a") == "gone"
    assert kernel.journal.starting("start") == ["start a"]


@pytest.mark.parametrize("strategy", [Strategy.REST_FOR_ONE, Strategy.ONE_FOR_ALL])
def test_a_temporary_sibling_stopped_with_the_group_is_not_started_again(kernel: Kernel, strategy: Strategy) -> None:
    """Line 14."""
    children = [kernel.child("a"), kernel.child("b", restart=Restart.TEMPORARY), kernel.child("c")]
    kernel.start(children, strategy=strategy)
    kernel.crash("a")
    assert kernel.journal.starting("start b") == ["start b"]
    assert kernel.journal.starting("stop b") == ["stop b"]
    assert kernel.state("b") == "gone"
    assert kernel.state("c") == "running"


def test_one_for_one_gives_the_crashed_child_alone_a_new_incarnation(kernel: Kernel) -> None:
    """Line 15."""
    kernel.start(kernel.children("abc"), strategy=Strategy.ONE_FOR_ONE)
    for which in "abc":
        kernel[which].ask(Add(5))
    kernel.crash("b")
    assert [kernel[which].ask(Add(1)) for which in "abc"] == [6, 1, 6]
    assert kernel.journal.lines == ["start a", "start b", "start c", "start b"]


def test_one_for_all_stops_the_others_in_reverse_and_starts_all_in_order(kernel: Kernel) -> None:
    """Line 16."""
    kernel.start(kernel.children("abcd"), strategy=Strategy.ONE_FOR_ALL)
    kernel.journal.clear()
    kernel.crash("b")
    assert kernel.journal.lines == ["stop d", "stop c", "stop a", "start a", "start b", "start c", "start d"]


def test_rest_for_one_restarts_the_crashed_child_and_those_after_it(kernel: Kernel) -> None:
    """Line 17."""
    kernel.start(kernel.children("abcd"), strategy=Strategy.REST_FOR_ONE)
    kernel["a"].ask(Add(7))
    kernel.journal.clear()
    kernel.crash("b")
    assert kernel.journal.lines == ["stop d", "stop c", "start b", "start c", "start d"]
    assert kernel["a"].ask(Add(1)) == 8


def test_one_for_all_retries_the_whole_round_when_another_child_fails_in_it(kernel: Kernel) -> None:
    """Line 18."""
    children = [kernel.child("a"), kernel.child("b"), kernel.child("c", script=Script(in_start=raising(Boom(), 2)))]
    kernel.start(children, strategy=Strategy.ONE_FOR_ALL, restarts=2)
    kernel.journal.clear()
    kernel.crash("a")
    assert kernel.journal.lines == ["stop c", "stop b", "start a", "start b"]
    kernel.clock().advance(1)
    assert kernel.journal.lines[4:] == ["stop b", "stop a", "start a", "start b", "start c"]
    assert kernel.node().incarnation == 1
    kernel.crash("a")  # two restarts were counted: the third is one too many
    until(lambda: kernel.node().incarnation == 2)


def test_rest_for_one_retries_at_the_child_that_failed_in_the_round(kernel: Kernel) -> None:
    """Line 19."""
    children = [kernel.child("a"), kernel.child("b"), kernel.child("c", script=Script(in_start=raising(Boom(), 2)))]
    kernel.start([*children, kernel.child("d")], strategy=Strategy.REST_FOR_ONE, restarts=2)
    kernel.journal.clear()
    kernel.crash("a")
    assert kernel.journal.lines == ["stop d", "stop c", "stop b", "start a", "start b"]
    kernel.clock().advance(1)
    assert kernel.journal.lines[5:] == ["start c", "start d"]


def test_dynamic_children_are_restarted_with_the_arguments_they_were_started_with(kernel: Kernel) -> None:
    """Line 20, restart."""
    fam = kernel.start([], strategy=Strategy.DYNAMIC, restarts=10)
    for number in range(3):
        fam.ask(StartChild(kernel.child(f"w{number}", name=f"worker-{number}")))
    kernel.journal.clear()
    kernel.crash("w1")
    assert kernel.journal.lines == ["start worker-1"]
    assert kernel.incarnation("w0") == kernel.incarnation("w2") == 1


def test_dynamic_children_are_stopped_concurrently_within_one_shutdown_time(kernel: Kernel) -> None:
    """Line 20, shutdown."""
    fam = kernel.start([], strategy=Strategy.DYNAMIC)
    gates = [kernel.gate() for _ in range(6)]
    for number, (entered, release) in enumerate(gates):
        script = Script(in_stop=partial(entering, entered, release))
        fam.ask(StartChild(kernel.child(f"w{number}", script=script, shutdown=5.0)))
    reply = kernel.system.address("/").ask_later(TerminateChild("fam"))
    busy = gates[:2] if kernel.system.dispatcher is kernel.system.pool else gates
    assert all(entered.wait(10) for entered, _ in busy)  # at the same time, as far as there are threads
    kernel.clock().advance(5.1)  # one shutdown time, not six
    assert reply.wait("fam", 10) is True


def test_a_supervisor_is_a_child_that_restarts_as_a_unit(kernel: Kernel) -> None:
    """Line 21."""
    inner = supervisor("inner", [kernel.child("x"), kernel.child("y")])
    kernel.start([kernel.child("a"), inner, kernel.child("b")])
    kernel.journal.clear()
    assert kernel.system.crash("fam/inner")
    until(lambda: kernel.incarnation("inner") == 2 and kernel.state("inner") == "running")
    assert kernel.journal.lines == ["stop y", "stop x", "start x", "start y"]
    assert kernel.incarnation("a") == kernel.incarnation("b") == 1


def test_children_added_at_run_time_come_back_rebuilt_from_the_store(kernel: Kernel) -> None:
    """Line 21, what differs from OTP."""
    stored = ["first"]
    fam = kernel.start(
        [kernel.child("fixed")], children_source=lambda: [kernel.child(name) for name in stored], restarts=0
    )
    stored.append("second")
    fam.ask(StartChild(kernel.child("second")))
    kernel.journal.clear()
    kernel["fixed"].tell(Raise(Boom()))
    until(lambda: kernel.node().incarnation == 2 and kernel.node().state == "running")
    assert kernel.journal.starting("start") == ["start fixed", "start first", "start second"]
    assert kernel["second"].ask(Say("back")) == "back"
    stored.remove("first")
    kernel["fixed"].tell(Raise(Boom()))
    until(lambda: kernel.node().incarnation == 3 and kernel.node().state == "running")
    assert kernel.state("first") == "gone"


def test_restarts_are_published_with_the_incarnation(kernel: Kernel) -> None:
    facts: list[ActorRestarted] = []
    numbers = itertools.count()
    heard = threading.Event()

    def hear(fact: ActorRestarted) -> None:
        facts.append(fact)
        if next(numbers) == 1:
            heard.set()

    kernel.system.bus.subscribe(ActorRestarted, kernel.system.address("nobody"), hear)
    kernel.start(kernel.children("a"), restarts=5)
    kernel.crash("a")
    kernel.crash("a")
    assert heard.wait(10)
    assert [(fact.path, fact.incarnation) for fact in facts] == [("fam/a", 2), ("fam/a", 3)]
    assert kernel.node("a").restarts == 2
    assert "Boom" in kernel.node("a").last_error


def test_the_same_crash_is_logged_in_the_same_words_under_the_name_of_who_crashed(kernel: Kernel) -> None:
    log = configure("json", Redactor(), io.StringIO())
    try:
        kernel.start(kernel.children("a"), restarts=9)
        for _ in range(2):
            end_by(kernel, "a", "crash")
        told = [(it.actor, it.event) for it in log.recent_errors()]
    finally:
        log.close()
    assert [where for where, _ in told] == ["fam/a"] * 2
    assert len({event for _, event in told}) == 1
