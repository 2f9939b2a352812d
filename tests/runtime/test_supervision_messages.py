"""How supervision behaves: messages across a crash (lines 45 to 50)."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from runtime.child_spec import Overflow, Queued, Restart
from runtime.errors import ActorDead, InboxFull
from runtime.facts import HandlerSlow
from runtime.supervisor import RestartChild, TerminateChild
from tests.runtime.kit import LIMIT, Add, Boom, Call, Kernel, Quit, Raise, Say, Wait, entering, until


def test_every_ask_is_answered_or_told_that_the_actor_is_dead_also_when_it_races_the_crash(kernel: Kernel) -> None:
    """Line 45: 1,500 crashes under two hammering askers."""
    crashes = 1_500 if kernel.system.dispatcher is kernel.system.pool else 300
    kernel.start([kernel.child("a", queued=Queued.DROP)], restarts=10_000)
    stop = threading.Event()
    asked: list[int] = []
    unanswered: list[BaseException] = []

    def hammer() -> None:
        count = 0
        while not stop.is_set():
            replies = [kernel["a"].ask_later(Say("x")) for _ in range(20)]
            count += len(replies)
            for reply in replies:
                try:
                    assert reply.wait("a", 30) == "x"
                except ActorDead:
                    continue
                except BaseException as error:
                    unanswered.append(error)
        asked.append(count)

    kernel.journal.add = lambda line: None  # type: ignore[method-assign]  # a million lines interest nobody
    threads = [threading.Thread(target=hammer, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(crashes):
        kernel["a"].tell(Raise(Boom()))
        until(partial(lambda expected: kernel.incarnation("a") >= expected, number + 2))
    stop.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert unanswered == []
    assert sum(asked) > 0
    assert kernel.incarnation("a") == crashes + 1


def test_messages_queued_at_the_crash_go_to_the_next_incarnation_in_order(kernel: Kernel) -> None:
    """Line 46, kept: the default."""
    kernel.start(kernel.children("a"))
    release = kernel.hang("a")
    kernel["a"].tell(Raise(Boom()))
    for number in range(200):
        kernel["a"].tell(Say(str(number)))
    release.set()
    assert kernel["a"].ask(Say("last")) == "last"
    assert kernel.journal.starting("a heard") == [f"a heard {number}" for number in [*range(200), "last"]]
    assert kernel.system.letters.total == 0


def test_messages_queued_at_the_crash_become_counted_dead_letters_when_the_spec_says_so(
    kernel: Kernel, caplog: pytest.LogCaptureFixture
) -> None:
    """Line 46, dropped."""
    kernel.start([kernel.child("a", queued=Queued.DROP)])
    release = kernel.hang("a")
    kernel["a"].tell(Raise(Boom()))
    kernel["a"].tell(Say("lost"))
    reply = kernel["a"].ask_later(Say("asked"))
    release.set()
    with pytest.raises(ActorDead):
        reply.wait("a", LIMIT)
    kernel.settle()
    assert [letter.message for letter in kernel.system.letters.latest()] == [Say("lost"), Say("asked")]
    assert "dead letter: Say to fam/a" in caplog.text


@pytest.mark.parametrize("replay", [0, 2])
def test_the_message_that_crashed_the_actor_is_replayed_as_often_as_the_spec_allows(
    kernel: Kernel, replay: int
) -> None:
    """Line 46, the message itself: by default never."""
    kernel.start([kernel.child("a", replay=replay)], restarts=10)
    seen: list[int] = []

    def crash(actor: object) -> None:
        seen.append(1)
        raise Boom

    kernel["a"].tell(Call(crash))
    kernel["a"].tell(Say("after"))
    kernel.settle()
    assert len(seen) == 1 + replay
    assert kernel.incarnation("a") == 2 + replay
    assert kernel.journal.lines[-1] == "a heard after"


def test_a_replayed_ask_is_answered_by_the_next_incarnation(kernel: Kernel) -> None:
    kernel.start([kernel.child("a", replay=1)])
    seen: list[int] = []

    def once(actor: object) -> str:
        seen.append(1)
        if len(seen) == 1:
            raise Boom
        return "second time"

    assert kernel["a"].ask(Call(once)) == "second time"


def test_an_exception_in_an_ask_goes_to_the_asker_and_crashes_the_actor(kernel: Kernel) -> None:
    """Line 47."""
    kernel.start(kernel.children("a"))
    with pytest.raises(Boom):
        kernel["a"].ask(Raise(Boom()))
    kernel.settle()
    assert kernel.incarnation("a") == 2
    assert kernel["a"].ask(Say("up")) == "up"


def test_an_exception_in_an_ask_leaves_the_actor_alone_when_the_spec_says_so(kernel: Kernel) -> None:
    """Line 47, the other way."""
    kernel.start([kernel.child("a", ask_crashes=False)])
    kernel["a"].ask(Add(3))
    with pytest.raises(Boom):
        kernel["a"].ask(Raise(Boom()))
    assert kernel["a"].ask(Add(1)) == 4


def test_a_system_exit_in_an_ask_does_not_end_the_asker(kernel: Kernel) -> None:
    """Line 47, for what is no ordinary exception."""
    kernel.start(kernel.children("a"))
    with pytest.raises(ActorDead, match="SystemExit"):
        kernel["a"].ask(Raise(SystemExit(1)))


def test_a_stable_address_survives_restarts_and_tells_during_one_wait_in_order(kernel: Kernel) -> None:
    """Line 48."""
    kernel.start(kernel.children("a"))
    address = kernel["a"]
    entered, release = kernel.gate()
    kernel.scripts["a"].in_start = lambda attempt: entering(entered, release) if attempt == 2 else None
    address.tell(Raise(Boom()))
    assert entered.wait(LIMIT)
    for number in range(50):
        address.tell(Say(str(number)))
    assert kernel.journal.starting("a heard") == []
    release.set()
    assert address.ask(Say("end")) == "end"
    assert kernel.journal.starting("a heard") == [f"a heard {number}" for number in [*range(50), "end"]]
    assert address == kernel["a"]
    assert len({address, kernel["a"]}) == 1


def test_tell_never_raises_in_the_sender(kernel: Kernel) -> None:
    """Line 48, whatever is at the other end."""
    fam = kernel.start([*kernel.children("ab"), kernel.child("small", mailbox=2)])
    fam.ask(TerminateChild("a"))
    kernel["a"].tell(Say("stopped"))
    kernel.system.address("no/such/place").tell(Say("nobody"))
    release = kernel.hang("small")
    for number in range(5):
        kernel["small"].tell(Say(str(number)))
    with pytest.raises(InboxFull):
        kernel["small"].ask(Say("full"))
    release.set()
    kernel.settle()
    assert kernel.journal.starting("small heard") == ["small heard 0", "small heard 1"]
    assert kernel.system.letters.counts() == {
        "stopped by an operator": 1,
        "nobody lives there": 1,
        "the inbox is full": 4,
    }
    with pytest.raises(ActorDead):
        kernel["a"].ask(Say("anybody?"))
    with pytest.raises(ActorDead):
        kernel.system.address("no/such/place").ask(Say("anybody?"))
    fam.ask(RestartChild("a"))
    assert kernel["a"].ask(Say("back")) == "back"


def test_a_full_inbox_may_drop_the_oldest_instead(kernel: Kernel) -> None:
    """Line 48, the other policy."""
    kernel.start([kernel.child("a", mailbox=2, overflow=Overflow.DROP_OLDEST)])
    release = kernel.hang("a")
    for number in range(5):
        kernel["a"].tell(Say(str(number)))
    release.set()
    kernel.settle()
    assert kernel.journal.starting("a heard") == ["a heard 3", "a heard 4"]
    assert [letter.message.text for letter in kernel.system.letters.latest()] == ["0", "1", "2"]


def test_timer_ticks_and_job_results_for_an_old_incarnation_are_dropped(kernel: Kernel) -> None:
    """Line 49."""
    kernel.start(kernel.children("a"), restarts=10)
    running, release = threading.Event(), threading.Event()

    def work() -> str:
        running.set()
        release.wait(30)
        return "result"

    def prepare(actor: object) -> None:
        actor.context.after(5.0, Say("tick"))  # type: ignore[attr-defined]
        actor.context.every(1.0, Say("tock"))  # type: ignore[attr-defined]
        actor.context.job("lane", work, lambda done: Say(str(done.value)))  # type: ignore[attr-defined]

    kernel["a"].ask(Call(prepare))
    assert running.wait(LIMIT)
    kernel.crash("a")
    late = kernel.system.late
    release.set()
    until(lambda: kernel.system.late > late)
    kernel.clock().advance(10)
    assert kernel["a"].ask(Say("only this")) == "only this"
    assert kernel.journal.starting("a heard") == ["a heard only this"]


def test_a_tick_that_waits_in_the_inbox_at_the_crash_is_dropped_too(kernel: Kernel) -> None:
    """Line 49, between the timer and the handler."""
    kernel.start(kernel.children("a"))
    entered, release = kernel.gate()
    kernel["a"].ask(Call(lambda actor: actor.context.after(1.0, Say("tick")) and None))
    kernel["a"].tell(Wait(entered, release))
    assert entered.wait(LIMIT)
    kernel["a"].tell(Raise(Boom()))
    kernel["a"].tell(Say("kept"))
    kernel.clock().advance(2)
    assert kernel.node("a").inbox == 3
    release.set()
    kernel.settle()
    assert kernel.journal.starting("a heard") == ["a heard kept"]


def test_a_deferred_reply_of_an_old_incarnation_is_answered_with_actor_dead(kernel: Kernel) -> None:
    """Line 49, replies."""
    kernel.start(kernel.children("a"))
    made: list[object] = []

    def later(actor: object) -> object:
        made.append(actor.context.defer())  # type: ignore[attr-defined]
        return made[0]

    reply = kernel["a"].ask_later(Call(later))
    kernel.crash("a")
    made[0].answer("too late")  # type: ignore[attr-defined]
    with pytest.raises(ActorDead):
        reply.wait("a", LIMIT)


def test_a_slow_handler_is_reported_with_its_stack_while_it_still_runs(
    kernel: Kernel, caplog: pytest.LogCaptureFixture
) -> None:
    """Line 50, the soft limit."""
    facts: list[HandlerSlow] = []
    kernel.system.bus.subscribe(HandlerSlow, kernel.system.address("nobody"), facts.append)
    kernel.start([kernel.child("a", soft_limit=2.0)])
    release = kernel.hang("a")
    kernel.clock().advance(1.9)
    assert facts == []
    kernel.clock().advance(0.2)
    kernel.clock().advance(0.2)
    assert [(fact.path, fact.message) for fact in facts] == [("fam/a", "Wait")]
    assert "release.wait(LIMIT * 3)" in facts[0].stack
    assert "fam/a: Wait has been running" in caplog.text
    release.set()
    assert kernel["a"].ask(Say("fine")) == "fine"
    assert kernel.incarnation("a") == 1


def test_past_the_hard_limit_the_actor_is_abandoned_and_replaced(kernel: Kernel) -> None:
    """Line 50, the hard limit."""
    kernel.start([kernel.child("a", hard_limit=20.0)])
    kernel.hang("a")
    kernel.clock().advance(19.9)
    assert kernel.incarnation("a") == 1
    kernel.clock().advance(0.2)
    assert kernel["a"].ask(Say("new")) == "new"
    assert kernel.incarnation("a") == 2
    assert "Overdue" in kernel.node("a").last_error


def test_what_waits_for_an_actor_that_has_ended_for_good_becomes_dead_letters(kernel: Kernel) -> None:
    kernel.start(kernel.children("a", restart=Restart.TEMPORARY))
    release = kernel.hang("a")
    kernel["a"].tell(Quit())
    kernel["a"].tell(Say("never"))
    reply = kernel["a"].ask_later(Say("never"))
    release.set()
    with pytest.raises(ActorDead):
        reply.wait("a", LIMIT)
    assert kernel.system.letters.counts() == {"its child spec is gone": 2}
