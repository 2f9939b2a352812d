"""How supervision behaves: intensity and escalation (lines 22 to 29)."""

from __future__ import annotations

import pytest

from runtime.backoff import Backoff
from runtime.child_spec import DEFAULTS, OnGiveUp, Strategy, supervisor
from runtime.errors import GaveUp
from runtime.facts import ActorCrashed, ActorParked, RootCoolingDown
from runtime.intensity import Intensity
from runtime.supervisor import RestartChild, TerminateChild, WhichChildren
from tests.runtime.kit import Boom, Kernel, Raise, Say, Script, raising_after_first, until


def facts_of(kernel: Kernel, kind: type) -> list[object]:
    heard: list[object] = []
    kernel.system.bus.subscribe(kind, kernel.system.address(f"nobody hears {kind.__name__}"), heard.append)
    return heard


def test_exactly_n_restarts_within_the_period_then_all_stop_in_reverse_and_the_supervisor_ends(kernel: Kernel) -> None:
    """Line 22."""
    crashes = facts_of(kernel, ActorCrashed)
    kernel.start(kernel.children("abc"), restarts=3, within=5.0)
    for expected in (2, 3, 4):
        kernel.crash("b")
        assert kernel.incarnation("b") == expected
        assert kernel.node().incarnation == 1
    kernel.journal.clear()
    kernel.crash("b")
    until(lambda: kernel.node().incarnation == 2)
    kernel.settle()
    assert kernel.journal.lines == ["stop c", "stop a", "start a", "start b", "start c"]
    assert any(fact.path == "fam" and GaveUp.__name__ in fact.error for fact in crashes)  # type: ignore[attr-defined]


def test_the_defaults_are_one_restart_in_five_seconds(kernel: Kernel) -> None:
    """Line 23."""
    assert (DEFAULTS.restarts, DEFAULTS.within) == (1, 5.0)
    family = supervisor("s").family
    assert family is not None
    assert (family.restarts, family.within) == (1, 5.0)
    kernel.start(kernel.children("a"))
    kernel.crash("a")
    kernel.clock().advance(4.9)
    assert kernel.node().incarnation == 1
    kernel.crash("a")
    until(lambda: kernel.node().incarnation == 2)


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
def test_a_restart_that_fails_counts_and_the_next_one_waits_longer(kernel: Kernel, strategy: Strategy) -> None:
    """Line 24."""
    script = Script(in_start=raising_after_first(Boom("disk")))
    backoff = Backoff(first=1.0, longest=8.0, jitter=0.0)
    kernel.start([kernel.child("a", script=script)], strategy=strategy, restarts=5, within=1000.0, backoff=backoff)
    kernel.crash("a")
    assert script.attempts == 2
    for pause in (1.0, 2.0, 4.0):
        before = script.attempts
        kernel.clock().advance(pause - 0.1)
        assert script.attempts == before
        kernel.clock().advance(0.1)
        assert script.attempts == before + 1
    assert kernel.node().incarnation == 1
    kernel.clock().advance(8.0)  # the fifth restart fails too: one too many
    until(lambda: kernel.node().incarnation == 2)


def test_crashes_spaced_wider_than_the_period_never_escalate_and_the_wall_clock_means_nothing(kernel: Kernel) -> None:
    """Line 25."""
    kernel.start(kernel.children("a"), restarts=1, within=5.0)
    for number in range(20):
        kernel.crash("a")
        kernel.clock().jump(-86_400 if number % 2 else 3_600)
        kernel.clock().advance(5.001)
    assert kernel.incarnation("a") == 21
    assert kernel.node().incarnation == 1


def test_the_window_is_not_rounded() -> None:
    """Line 25, the pure part."""
    window = Intensity(restarts=2, within=5.0)
    assert [window.allow(at) for at in (0.0, 4.9, 4.99, 5.0, 5.01)] == [True, True, False, False, True]
    assert not Intensity(restarts=0, within=5.0).allow(0.0)


def test_terminate_and_restart_by_an_operator_do_not_count(kernel: Kernel) -> None:
    """Line 26."""
    fam = kernel.start(kernel.children("a"), restarts=1)
    for _ in range(10):
        fam.ask(TerminateChild("a"))
        fam.ask(RestartChild("a"))
    assert kernel.node("a").restarts == 0
    kernel.crash("a")
    assert kernel.node().incarnation == 1
    assert kernel.incarnation("a") == 12


def test_escalation_goes_level_by_level(kernel: Kernel) -> None:
    """Line 27."""
    lower = supervisor("lower", [kernel.child("x")], restarts=1)
    kernel.start([lower, kernel.child("a")], strategy=Strategy.ONE_FOR_ALL, restarts=1)
    x = kernel.system.address("fam/lower/x")

    def crash() -> None:
        x.tell(Raise(Boom()))
        kernel.settle()

    crash()
    assert (kernel.incarnation("lower"), kernel.incarnation("a")) == (1, 1)
    crash()  # the lower one gives up; its parent restarts it by its own strategy: everybody
    assert (kernel.node().incarnation, kernel.incarnation("lower"), kernel.incarnation("a")) == (1, 2, 2)
    crash()
    crash()  # the second time the parent gives up too
    assert kernel.node().incarnation == 2
    assert kernel.system.tree().incarnation == 1
    assert x.ask(Say("up")) == "up"


def test_the_root_never_ends_but_cools_down_and_tries_once_a_minute(kernel: Kernel) -> None:
    """Line 28, the root."""
    cooling = facts_of(kernel, RootCoolingDown)
    script = Script(in_start=raising_after_first(Boom("broken")))
    kernel.system.start(supervisor("root", [kernel.child("bad", script=script), kernel.child("good")]))
    kernel.system.address("bad").tell(Raise(Boom()))
    kernel.settle()
    assert [(fact.path, fact.seconds) for fact in cooling] == [("bad", 60.0)]  # type: ignore[attr-defined]
    for _ in range(5):
        before = script.attempts
        kernel.clock().advance(59.9)
        assert script.attempts == before
        kernel.clock().advance(0.1)
        assert script.attempts == before + 1
    script.in_start = None
    kernel.clock().advance(60)
    assert kernel.system.address("bad").ask(Say("mended")) == "mended"
    assert kernel.system.tree().incarnation == 1
    assert next(child for child in kernel.system.tree().children if child.name == "good").incarnation == 1


def test_the_root_cools_down_with_group_strategies_too(kernel: Kernel) -> None:
    """Line 28, the root with a strategy that restarts more than one."""
    cooling = facts_of(kernel, RootCoolingDown)
    script = Script(in_start=raising_after_first(Boom("broken")))
    children = [kernel.child("bad", script=script), kernel.child("after")]
    kernel.system.start(supervisor("root", children, strategy=Strategy.REST_FOR_ONE))
    kernel.system.address("bad").tell(Raise(Boom()))
    kernel.settle()
    assert len(cooling) == 1
    assert kernel.system.heartbeat()
    script.in_start = None
    kernel.clock().advance(60)
    assert kernel.system.address("after").ask(Say("up")) == "up"


def test_a_family_that_keeps_dying_is_parked_and_nobody_else_is_restarted(kernel: Kernel) -> None:
    """Line 28, a project."""
    parked = facts_of(kernel, ActorParked)

    def project(name: str) -> object:
        return supervisor(name, [kernel.child("worker", name=f"{name} worker")], on_give_up=OnGiveUp.PARK)

    fam = kernel.start([project("one"), project("two")], strategy=Strategy.ONE_FOR_ALL)  # type: ignore[list-item]
    worker = kernel.system.address("fam/one/worker")
    for _ in range(10):
        worker.tell(Raise(Boom()))
        kernel.settle()
    assert kernel.state("one") == "failed"
    assert [fact.path for fact in parked] == ["fam/one"]  # type: ignore[attr-defined]
    fam.ask(RestartChild("one"))
    assert worker.ask(Say("again")) == "again"


def test_a_parked_actor_leaves_its_siblings_and_its_supervisor_alone(kernel: Kernel) -> None:
    """Line 28, an actor."""
    fam = kernel.start([kernel.child("a", on_give_up=OnGiveUp.PARK, park_restarts=2), kernel.child("b")])
    for _ in range(4):
        kernel.crash("a")
    assert kernel.state("a") == "failed"
    assert kernel.incarnation("a") == 3
    assert (kernel.incarnation("b"), kernel.node().incarnation) == (1, 1)
    fam.ask(RestartChild("a"))
    assert kernel["a"].ask(Say("again")) == "again"


def test_a_child_that_may_be_parked_does_not_keep_its_siblings_from_starting(kernel: Kernel) -> None:
    """Line 28, at the start: one broken project must not keep the service down."""
    broken = kernel.child("bad", script=Script(in_start=raising_after_first(Boom())), on_give_up=OnGiveUp.PARK)
    kernel.scripts["bad"].attempts = 1
    kernel.start([broken, kernel.child("good")])
    assert kernel["good"].ask(Say("up")) == "up"
    kernel.clock().advance(60)
    assert kernel.state("bad") == "failed"
    assert kernel.node().incarnation == 1


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
def test_a_supervisor_in_a_restart_loop_still_answers_and_stops_promptly(kernel: Kernel, strategy: Strategy) -> None:
    """Line 29."""
    script = Script(in_start=raising_after_first(Boom()))
    fam = kernel.start([kernel.child("a", script=script), kernel.child("b")], strategy=strategy, restarts=1000)
    kernel.crash("a")
    for _ in range(5):
        kernel.clock().advance(1)
        assert {info.id: info.state for info in fam.ask(WhichChildren())}["a"] == "restarting"
    assert fam.ask(TerminateChild("a")) is True
    kernel.settle()
    assert {info.id: info.state for info in fam.ask(WhichChildren())}["a"] == "stopped"
    attempts = script.attempts
    kernel.clock().advance(100)
    assert script.attempts == attempts
    assert kernel.system.address("/").ask(TerminateChild("fam")) is True
