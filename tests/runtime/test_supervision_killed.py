"""How supervision behaves: supervisors that are killed, stops that race a start, the limit of the system's stop."""

from __future__ import annotations

import threading
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from pykka import ActorRegistry

from runtime.child_spec import Restart, Shutdown, supervisor
from runtime.errors import ActorDead, KernelError, Overdue, StartFailed
from runtime.facts import ActorCrashed
from runtime.life import Life
from runtime.reply import Letter
from runtime.root_keeper import RootKeeper
from runtime.supervisor import CountChildren, StartChild, TerminateChild
from tests.runtime.kit import LIMIT, Boom, Call, Kernel, Raise, Say, entering, until


def actor_at(kernel: Kernel, path: str) -> Any:
    cell = kernel.system.find(path)
    assert cell is not None
    assert cell.life is not None
    return cell.life.actor


def kill(kernel: Kernel, path: str) -> None:
    """As when the code of what lives there hangs past its limit."""
    assert actor_at(kernel, path).context._life.abandon(Overdue(f"{path} hangs"))


def stopping_hangs(kernel: Kernel, which: str) -> tuple[threading.Event, threading.Event]:
    entered, release = kernel.gate()
    kernel.scripts[which].in_stop = partial(entering, entered, release)
    return entered, release


def test_the_successor_of_a_killed_supervisor_waits_for_what_that_left(kernel: Kernel) -> None:
    """Line 34: two incarnations of one actor never live at the same time."""
    fam = kernel.start([supervisor("inner", kernel.children("xy"))])
    entered, release = stopping_hangs(kernel, "x")
    kernel.journal.clear()
    kill(kernel, "fam/inner")
    assert entered.wait(LIMIT)
    until(lambda: kernel.incarnation("inner") == 2)
    assert fam.ask(CountChildren()).active == 1
    assert kernel.journal.starting("start") == []
    release.set()
    assert kernel.system.address("fam/inner/y").ask(Say("up")) == "up"
    assert kernel.journal.lines.index("stop x") < kernel.journal.lines.index("start x")
    assert kernel.journal.lines.index("stop y") < kernel.journal.lines.index("start y")


def test_the_successor_waits_for_the_releases_of_an_actor_that_ended_when_its_supervisor_was_killed(
    kernel: Kernel,
) -> None:
    """Lines 33 and 34: what it held, a port perhaps, is free when the next one starts."""
    kernel.start([supervisor("inner", kernel.children("x"))])
    x = kernel.system.address("fam/inner/x")
    entered, release = kernel.gate()
    x.ask(Call(lambda actor: actor.context.at_end(partial(entering, entered, release))))
    x.tell(Raise(Boom()))
    assert entered.wait(LIMIT)
    kill(kernel, "fam/inner")
    until(lambda: kernel.incarnation("inner") == 2)
    assert kernel.system.address("fam/inner").ask(CountChildren()).specs == 1
    assert kernel.scripts["x"].attempts == 1
    release.set()
    assert x.ask(Say("up")) == "up"
    assert kernel.scripts["x"].attempts == 2


def test_what_a_killed_supervisor_left_has_its_shutdown_time_and_no_more(kernel: Kernel) -> None:
    """Lines 31 and 34."""
    kernel.start([supervisor("inner", [kernel.child("x", shutdown=3.0)])])
    entered, _ = stopping_hangs(kernel, "x")
    kill(kernel, "fam/inner")
    assert entered.wait(LIMIT)
    until(lambda: kernel.incarnation("inner") == 2)
    kernel.clock().advance(2.9)
    assert kernel.scripts["x"].attempts == 1
    kernel.clock().advance(0.2)
    assert kernel.system.address("fam/inner/x").ask(Say("up")) == "up"
    assert kernel.scripts["x"].attempts == 2


def test_what_a_killed_supervisor_left_takes_no_messages_from_its_successor(kernel: Kernel) -> None:
    """Line 34, for a supervisor below the one that is killed."""
    kernel.start([supervisor("inner", [supervisor("lower", kernel.children("xy"))])])
    entered, release = stopping_hangs(kernel, "y")
    last, let_go = stopping_hangs(kernel, "x")
    kill(kernel, "fam/inner")
    assert entered.wait(LIMIT)
    started = kernel.system.address("fam/inner/lower").ask_later(StartChild(kernel.child("new")))
    release.set()
    assert last.wait(LIMIT)
    kernel.system.address("fam").ask(CountChildren())
    let_go.set()
    assert started.wait("the successor", LIMIT).ask(Say("up")) == "up"


@pytest.mark.parametrize("between", [0, 1])
def test_what_a_killed_supervisor_left_starts_nothing_in_a_place_that_is_closed(kernel: Kernel, between: int) -> None:
    """Line 34: it would be open for messages that nobody ever takes."""
    lower, path = supervisor("lower", kernel.children("x")), "fam/inner/lower/x"
    if between:
        lower, path = supervisor("between", [lower]), "fam/inner/between/lower/x"
    fam = kernel.start([supervisor("inner", [lower], shutdown=Shutdown.KILL)])
    ref = actor_at(kernel, path.removesuffix("/x")).actor_ref
    entered, release = kernel.gate()
    # a translation runs in the thread of who publishes: the lower supervisor is held up in the middle of its turn
    kernel.system.bus.subscribe(ActorCrashed, kernel.system.address("nobody"), lambda _: entering(entered, release))
    kernel.system.address(path).tell(Raise(Boom()))
    assert entered.wait(LIMIT)
    assert fam.ask(TerminateChild("inner")) is True
    release.set()
    until(lambda: not ref.is_alive())
    with pytest.raises(ActorDead):
        kernel.system.address(path).ask(Say("anybody?"))
    assert kernel.scripts["x"].attempts == 1


def test_a_killed_supervisor_whose_code_goes_on_has_no_say_over_its_successors_children(kernel: Kernel) -> None:
    """Line 33, for supervisors."""
    kernel.start([supervisor("inner", kernel.children("x", restart=Restart.TEMPORARY))])
    entered, release = kernel.gate()
    threads: list[threading.Thread] = []

    def hold_up(_: ActorCrashed) -> None:
        if not threads:
            threads.append(threading.current_thread())
            entering(entered, release)

    kernel.system.bus.subscribe(ActorCrashed, kernel.system.address("nobody"), hold_up)
    x = kernel.system.address("fam/inner/x")
    x.tell(Raise(Boom()))
    assert entered.wait(LIMIT)
    kill(kernel, "fam/inner")
    until(lambda: kernel.incarnation("inner") == 2 and kernel.state("inner") == "running")
    assert x.ask(Say("up")) == "up"
    release.set()
    threads[0].join(LIMIT)
    assert not threads[0].is_alive()
    assert kernel.system.address("fam/inner/x").ask(Say("still up")) == "still up"
    assert [node.name for node in kernel.node("inner").children] == ["x"]


def test_a_supervisor_that_is_crashed_on_purpose_while_it_stops_still_stops_in_order(kernel: Kernel) -> None:
    """Line 30: a drill does not leave orphans."""
    fam = kernel.start(kernel.children("ab"))
    entered, release = stopping_hangs(kernel, "b")
    kernel.journal.clear()
    reply = kernel.system.address("/").ask_later(TerminateChild("fam"))
    assert entered.wait(LIMIT)
    assert kernel.system.crash("fam")
    assert fam.ask(CountChildren()).specs == 2
    release.set()
    assert reply.wait("fam", LIMIT) is True
    assert kernel.journal.lines == ["stop b", "stop a"]


def on_attach(kernel: Kernel, act: Any) -> None:
    """Have something happen to each further life just before it is handed to its dispatcher."""
    dispatcher = kernel.system.dispatcher
    attach = dispatcher.attach

    def first(life: Life) -> None:
        attach(life)
        act(life)

    dispatcher.attach = first  # type: ignore[method-assign]


def test_a_stop_that_overtakes_the_start_does_not_start_the_actor_twice(kernel: Kernel) -> None:
    fam = kernel.start(kernel.children("a"))
    entered, release = kernel.gate()
    spec = kernel.child("new", restart=Restart.TEMPORARY)
    kernel.scripts["new"].in_init = lambda _: entering(entered, release)
    on_attach(kernel, Life.stop)
    reply = fam.ask_later(StartChild(spec))
    assert entered.wait(LIMIT)
    fam.ask(CountChildren())
    assert kernel.scripts["new"].attempts == 1
    release.set()
    reply.wait("fam", LIMIT)
    until(lambda: kernel.state("new") == "gone")
    assert kernel.journal.lines == ["start a", "start new", "stop new"]


def test_an_actor_that_is_abandoned_before_its_first_turn_is_never_made(kernel: Kernel) -> None:
    fam = kernel.start(kernel.children("a"))
    spec = kernel.child("new")
    on_attach(kernel, lambda life: life.abandon(Overdue("killed at once")))
    with pytest.raises(StartFailed):
        fam.ask(StartChild(spec))
    kernel.settle()
    assert kernel.scripts["new"].attempts == 0


def test_a_cancel_that_raises_does_not_keep_an_end_from_the_supervisor(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"))
    _, release = kernel.gate()
    token = SimpleNamespace(set=lambda: 1 / 0)
    work = partial(release.wait, LIMIT)
    kernel["a"].ask(Call(lambda actor: actor.context.job("lane", work, lambda _: Say("done"), cancel=token) and None))
    kernel["a"].tell(Raise(Boom()))
    until(lambda: kernel.incarnation("a") == 2)
    assert kernel["a"].ask(Say("up")) == "up"


def test_a_system_that_is_stopped_before_its_root_begins_starts_nothing(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = RootKeeper.begin

    def too_late(keeper: RootKeeper) -> None:
        kernel.system.stop(1.0)
        begin(keeper)

    monkeypatch.setattr(RootKeeper, "begin", too_late)
    with pytest.raises(StartFailed, match="stopped before"):
        kernel.start(kernel.children("a"))
    assert kernel.journal.lines == []
    with pytest.raises(RuntimeError, match="has stopped"):
        kernel.system.threads.attach(SimpleNamespace())  # type: ignore[arg-type]  # it is not looked at


def test_at_the_limit_of_the_stop_nobody_is_left_behind(live: Kernel) -> None:
    """Each that owed an answer has given it, each is out of the registry, also what was never reached."""
    ids = "abcdefghijklmnop"
    inner = supervisor("inner", live.children(ids, shutdown=Shutdown.INFINITY, hard_limit=None))
    live.start([inner])
    for which in ids:
        stopping_hangs(live, which)
    a = live.system.address("fam/inner/a")
    owed = a.ask_later(Call(lambda actor: actor.context.defer()))
    live.settle()
    live.system.stop(0.5)
    with pytest.raises(ActorDead):
        owed.wait("a", 0.0)
    refs = [live.scripts[which].actors[0].actor_ref for which in ids]
    assert not any(ref in ActorRegistry.get_all() for ref in refs)


def test_the_stop_waits_for_what_killed_supervisors_left(live: Kernel) -> None:
    fam = live.start([supervisor("inner", live.children("x"), shutdown=Shutdown.KILL)])
    entered, release = stopping_hangs(live, "x")
    fam.ask(TerminateChild("inner"))
    assert entered.wait(LIMIT)
    stopper = threading.Thread(target=live.system.stop, args=(LIMIT,))
    stopper.start()
    until(lambda: live.state() == "stopped")
    assert stopper.is_alive()
    release.set()
    stopper.join(LIMIT)
    assert live.journal.lines == ["start x", "stop x"]


def test_an_actor_that_goes_on_from_message_to_message_does_not_count_as_stuck(kernel: Kernel) -> None:
    """A new message may lie where the one before it lay in memory."""
    kernel.start(kernel.children("a"))
    cell = kernel.system.find("fam/a")
    keeper = kernel.system._keeper
    assert cell is not None
    assert keeper is not None
    kernel.system.busy = lambda: [SimpleNamespace(life=cell.life, work=Letter("next"))]  # type: ignore[list-item, method-assign]
    seen: Any = []
    for _ in range(20):
        seen = keeper._abandon_stuck(seen)
    del kernel.system.busy
    assert kernel["a"].ask(Say("up")) == "up"
    assert kernel.incarnation("a") == 1


def test_a_start_that_is_refused_is_a_kernel_error(kernel: Kernel) -> None:
    kernel.system.stop(1.0)
    with pytest.raises(KernelError):
        kernel.start([])
