"""The pool: thousands of actors on few threads, and nobody waits for one that blocks."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pykka

from runtime.actor import Actor
from runtime.child_spec import ChildSpec, supervisor
from runtime.dispatcher import Pool
from runtime.system import System
from tests.runtime.kit import LIMIT, Call, Kernel, Say, until


class Plain(Actor[Any]):
    def receive(self, message: Any) -> object:
        return message(self) if callable(message) else message


def pool_of(workers: int, count: int) -> System:
    system = System(workers=workers)
    system.start(supervisor("root", [ChildSpec(f"p{number}", Plain) for number in range(count)]))
    return system


def test_thousands_of_actors_run_on_few_threads() -> None:
    system = pool_of(2, 3_000)
    try:
        threads: set[int] = set()
        for number in range(3_000):
            system.address(f"p{number}").tell(lambda actor: threads.add(threading.get_ident()))
        assert system.settle(LIMIT)
        assert len(threads) <= 4
    finally:
        system.stop(5)


def test_actors_that_ask_each_other_inside_the_pool_get_spare_threads() -> None:
    depth = 40
    system = pool_of(2, depth + 1)

    def ask_next(actor: Plain, number: int) -> int:
        if number == depth:
            return 0
        asked: int = system.address(f"p{number + 1}").ask(lambda other: ask_next(other, number + 1), LIMIT)
        return 1 + asked

    try:
        assert system.address("p0").ask(lambda actor: ask_next(actor, 0), LIMIT) == depth
        until(lambda: len(system.pool.workers) <= 3 + 1 or not _nudge(system), "surplus threads end")
    finally:
        system.stop(5)


def _nudge(system: System) -> bool:
    """A surplus thread notices after its next turn: give it one."""
    for number in range(20):
        system.address(f"p{number}").tell(None)
    return True


def test_a_handler_that_blocks_in_any_other_way_does_not_hold_up_the_pool() -> None:
    system = pool_of(2, 10)
    release = threading.Event()
    try:
        for number in range(6):
            system.address(f"p{number}").tell(lambda actor: release.wait(30))
        assert system.address("p9").ask("answer", LIMIT) == "answer"
    finally:
        release.set()
        system.stop(5)


def test_a_bare_pykka_future_waited_for_in_a_handler_does_not_deadlock_the_pool() -> None:
    system = pool_of(1, 3)
    future: pykka.ThreadingFuture[str] = pykka.ThreadingFuture()
    try:
        reply = system.address("p0").ask_later(lambda actor: future.get(timeout=LIMIT))
        system.address("p1").tell(lambda actor: future.set("set by the other"))
        assert reply.wait("p0", LIMIT) == "set by the other"
    finally:
        system.stop(5)


def test_a_busy_actor_lets_the_others_have_their_turns(live: Kernel) -> None:
    live.start(live.children("ab"))
    seen: list[int] = []

    def again(actor: Any) -> None:
        seen.append(1)
        if len(seen) < 20_000 and not live.journal.starting("b heard"):
            actor.context.address.tell(Call(again))

    live["a"].tell(Call(again))
    assert live["b"].ask(Say("my turn"), LIMIT) == "my turn"


def test_an_actor_that_hangs_is_seen_with_the_real_clock_too(live: Kernel) -> None:
    live.start([live.child("a", soft_limit=0.05, hard_limit=0.2)])
    live.hang("a")
    assert live["a"].ask(Say("new"), LIMIT) == "new"
    assert live.incarnation("a") == 2


def test_a_thread_that_is_written_off_as_its_turn_ends_does_not_take_the_end_of_another() -> None:
    pool = Pool(2, threading.local(), lambda _: None)
    late, other = pool.workers
    late.life = SimpleNamespace()  # type: ignore[assignment]  # what it was in when somebody decided
    pool.abandon(late.life)  # type: ignore[arg-type]
    late.life = None
    (fresh,) = pool.workers - {other}
    pool.stop()
    for thread in (late, other, fresh):
        thread.join(LIMIT)
        assert not thread.is_alive()
