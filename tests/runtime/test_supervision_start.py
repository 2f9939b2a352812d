"""How supervision behaves: start (lines 1 to 10)."""

from __future__ import annotations

import threading

import pytest
from pykka import ActorRegistry

from runtime import own_threads
from runtime.actor import IGNORE, Actor
from runtime.child_spec import ChildSpec, Restart, Strategy, supervisor
from runtime.errors import ActorDead, AlreadyPresent, AlreadyStarted, BadSpec, Overdue, StartFailed
from runtime.supervisor import StartChild, TerminateChild, WhichChildren
from tests.runtime.kit import LIMIT, Boom, Kernel, Raise, Say, Script, entering, raising, until


def test_children_start_in_the_listed_order_each_after_the_start_hook_of_the_one_before(kernel: Kernel) -> None:
    """Line 1."""
    running: list[str] = []
    overlaps: list[str] = []

    def hook(name: str) -> Script:
        def in_start(_: int) -> None:
            if running:
                overlaps.append(name)
            running.append(name)
            threading.Event().wait(0.002)  # long enough for a second one to overlap, were it started
            running.remove(name)

        return Script(in_start=in_start)

    kernel.start([kernel.child(name, script=hook(name)) for name in "abcd"])
    assert kernel.journal.lines == ["start a", "start b", "start c", "start d"]
    assert overlaps == []


def test_a_child_that_fails_at_supervisor_start_stops_the_earlier_ones_in_reverse_and_is_named(kernel: Kernel) -> None:
    """Line 2."""
    children = kernel.children("ab")
    children.append(kernel.child("c", script=Script(in_start=raising(Boom("no disk")))))
    children.extend(kernel.children("de"))
    with pytest.raises(StartFailed) as caught:
        kernel.system.start(supervisor("root", children))
    assert kernel.journal.lines == ["start a", "start b", "stop b", "stop a"]
    assert caught.value.child == "c"
    assert isinstance(caught.value.reason, Boom)


def test_a_start_hook_may_answer_ignore(kernel: Kernel) -> None:
    """Line 3."""
    ignored = Script(in_start=lambda _: IGNORE)
    gone = Script(in_start=lambda _: IGNORE)
    kernel.start(
        [
            kernel.child("a"),
            kernel.child("b", script=ignored),
            kernel.child("c", script=gone, restart=Restart.TEMPORARY),
            kernel.child("d"),
        ]
    )
    assert kernel.journal.lines == ["start a", "start d"]
    assert kernel.state("b") == "stopped"
    assert kernel.state("c") == "gone"
    assert not kernel["b"].alive()


def test_a_failing_start_child_tells_the_caller_keeps_no_spec_and_touches_nobody(kernel: Kernel) -> None:
    """Line 4."""
    fam = kernel.start(kernel.children("ab"), strategy=Strategy.ONE_FOR_ALL)
    with pytest.raises(StartFailed) as caught:
        fam.ask(StartChild(kernel.child("new", script=Script(in_start=raising(Boom("no"))))))
    assert isinstance(caught.value.reason, Boom)
    assert kernel.state("new") == "gone"
    assert kernel.journal.lines == ["start a", "start b"]
    assert kernel.incarnation("a") == kernel.incarnation("b") == 1


@pytest.mark.parametrize(
    "bad",
    [
        lambda k: supervisor("s", [k.child("a"), k.child("a")]),
        lambda k: supervisor("s", [k.child("a")], strategy="one_for_none"),  # type: ignore[arg-type]  # the mistake
        lambda k: supervisor("s", [k.child("a")], within=0),
        lambda k: supervisor("s", [k.child("a")], within=-1.0),
        lambda k: supervisor("s", [k.child("a")], restarts=-1),
        lambda k: supervisor("s", [k.child("a"), k.child("b", shutdown=-1.0)]),
        lambda k: supervisor("s", [k.child("a"), k.child("b", restart="sometimes")]),
        lambda k: supervisor("s", [k.child("a"), k.child("no/slash")]),
    ],
)
def test_specs_that_cannot_work_are_rejected_before_any_child_is_started(kernel: Kernel, bad: object) -> None:
    """Line 5."""
    with pytest.raises(BadSpec):
        kernel.system.start(bad(kernel))  # type: ignore[operator]
    assert kernel.journal.lines == []


def test_children_from_the_source_are_checked_before_any_is_started(kernel: Kernel) -> None:
    """Line 5, for children that are asked for at the start."""
    with pytest.raises(StartFailed) as caught:
        kernel.system.start(supervisor("root", kernel.children("ab"), children_source=lambda: kernel.children("b")))
    assert isinstance(caught.value.reason, BadSpec)
    assert kernel.journal.lines == []


def test_what_an_operator_stops_before_its_turn_in_the_start_is_not_started(kernel: Kernel) -> None:
    """Lines 29 and 36: a supervisor answers while it starts, and comes up without that child."""
    fam = kernel.start([])
    entered, release = kernel.gate()
    slow = kernel.child("slow", script=Script(in_start=lambda _: entering(entered, release)))
    others = [kernel.child("kept"), kernel.child("gone", restart=Restart.TEMPORARY), kernel.child("last")]
    started = fam.ask_later(StartChild(supervisor("inner", [slow, *others])))
    assert entered.wait(LIMIT)
    inner = kernel.system.address("fam/inner")
    assert inner.ask(TerminateChild("kept")) is True
    assert inner.ask(TerminateChild("gone")) is True
    release.set()
    assert started.wait("fam", LIMIT) == inner
    assert kernel.journal.lines == ["start slow", "start last"]
    assert [(info.id, info.state) for info in inner.ask(WhichChildren())] == [
        ("slow", "running"),
        ("kept", "stopped"),
        ("last", "running"),
    ]


def test_a_new_child_that_a_round_stops_before_it_is_up_leaves_no_spec(kernel: Kernel) -> None:
    """Line 4: who asked for it was told that it did not come up."""
    fam = kernel.start(kernel.children("a"), strategy=Strategy.ONE_FOR_ALL)
    entered, release = kernel.gate()
    new = kernel.child("new", script=Script(in_start=lambda _: entering(entered, release)), shutdown=3.0)
    reply = fam.ask_later(StartChild(new))
    assert entered.wait(LIMIT)
    kernel["a"].tell(Raise(Boom()))
    until(lambda: kernel.system.timers.next_due() is not None)  # its stop is ordered
    kernel.clock().advance(3.1)
    with pytest.raises(ActorDead):
        reply.wait("fam", LIMIT)
    assert [info.id for info in fam.ask(WhichChildren())] == ["a"]
    assert kernel["a"].ask(Say("again")) == "again"
    release.set()
    assert fam.ask(StartChild(new)).ask(Say("up")) == "up"


def test_start_child_with_a_known_id_starts_nothing(kernel: Kernel) -> None:
    """Line 6."""
    fam = kernel.start(kernel.children("ab"))
    with pytest.raises(AlreadyStarted):
        fam.ask(StartChild(kernel.child("a")))
    fam.ask(TerminateChild("b"))
    with pytest.raises(AlreadyPresent):
        fam.ask(StartChild(kernel.child("b")))
    assert kernel.journal.starting("start") == ["start a", "start b"]


def test_an_exception_in_init_reaches_the_supervisor_as_one_in_the_start_hook(kernel: Kernel) -> None:
    """Line 7."""
    fam = kernel.start(kernel.children("a"))
    for script in (Script(in_init=raising(Boom("x"))), Script(in_start=raising(Boom("x")))):
        kernel.scripts.pop("new", None)
        with pytest.raises(StartFailed) as caught:
            fam.ask(StartChild(kernel.child("new", script=script)))
        assert isinstance(caught.value.reason, Boom)
    assert kernel.state() == "running"


def failing(hook: str, error: BaseException) -> Script:
    return Script(in_init=raising(error)) if hook == "in_init" else Script(in_start=raising(error))


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("hook", ["in_init", "in_start", "in_stop", "in_crash", "handler"])
def test_whatever_is_raised_anywhere_ends_that_actor_alone(
    kernel: Kernel, kind: type[BaseException], hook: str
) -> None:
    """Line 8."""
    fam = kernel.start([kernel.child("other")], restarts=100)
    if hook in ("in_init", "in_start"):
        with pytest.raises(StartFailed):
            fam.ask(StartChild(kernel.child("a", script=failing(hook, kind(1)))))
    elif hook == "in_stop":
        fam.ask(StartChild(kernel.child("a", script=Script(in_stop=lambda: raising(kind(1))(1)))))
        assert fam.ask(TerminateChild("a"))
        assert kernel.state("a") == "stopped"
    else:
        script = Script(in_crash=raising(kind(1))) if hook == "in_crash" else Script()  # type: ignore[arg-type]
        fam.ask(StartChild(kernel.child("a", script=script)))
        kernel["a"].tell(Raise(kind(1)))
        until(lambda: kernel.incarnation("a") == 2)
        assert kernel["a"].ask(Say("again")) == "again"
    assert kernel["other"].ask(Say("still here")) == "still here"
    assert kernel.incarnation("other") == 1
    assert kernel.system.tree().incarnation == 1


def test_no_new_thread_is_an_ordinary_start_failure_and_leaves_no_zombie(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line 9."""
    fam = kernel.start(kernel.children("a"))
    before = len(ActorRegistry.get_all())
    blocking = kernel.child("b")
    start = own_threads.OwnThread.start

    def no_thread(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(own_threads.OwnThread, "start", no_thread)
    with pytest.raises(StartFailed, match="can't start new thread"):
        fam.ask(StartChild(ChildSpec("b", _Blocking)))
    monkeypatch.setattr(own_threads.OwnThread, "start", start)
    assert len(ActorRegistry.get_all()) == before
    assert fam.ask(StartChild(blocking)).ask(Say("now")) == "now"


def test_a_start_hook_over_its_time_limit_is_a_failed_start(kernel: Kernel) -> None:
    """Line 10."""
    fam = kernel.start(kernel.children("a"))
    entered, release = kernel.gate()

    def hang(_: int) -> None:
        entered.set()
        release.wait(30)

    reply = fam.ask_later(StartChild(kernel.child("slow", script=Script(in_start=hang), start_timeout=3.0)))
    assert entered.wait(10)
    kernel.clock().advance(2.9)
    assert reply._result is None
    kernel.clock().advance(0.2)
    with pytest.raises(StartFailed) as caught:
        reply.wait("the supervisor", 10)
    assert isinstance(caught.value.reason, Overdue)
    assert kernel.state("slow") == "gone"
    assert kernel["a"].ask(Say("fine")) == "fine"


class _Blocking(Actor[Say]):
    blocking = True
