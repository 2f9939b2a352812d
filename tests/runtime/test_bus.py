"""Facts reach those who want them, also across a crash, the same on both dispatchers."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from runtime.actor import Actor
from runtime.child_spec import ChildSpec, Restart
from runtime.errors import Overdue
from tests.runtime.kit import LIMIT, Boom, Call, Kernel, Say, Scripted, until


@dataclass(frozen=True)
class Fact:
    number: int


@dataclass(frozen=True)
class Detail(Fact):
    pass


def test_facts_reach_the_subscribers_of_their_type_and_of_its_bases(kernel: Kernel) -> None:
    kernel.start(kernel.children("abc"))
    kernel["a"].ask(Call(lambda actor: actor.context.subscribe(Fact, lambda fact: Say(f"fact {fact.number}"))))
    kernel["b"].ask(Call(lambda actor: actor.context.subscribe(Detail, lambda fact: Say(f"detail {fact.number}"))))
    kernel["b"].ask(Call(lambda actor: actor.context.subscribe(str, lambda fact: 1 / 0)))
    kernel["c"].ask(Call(lambda actor: actor.context.publish(Fact(1))))
    kernel["c"].ask(Call(lambda actor: actor.context.publish(Detail(2))))
    kernel["c"].ask(Call(lambda actor: actor.context.publish("a translation that fails")))
    kernel.settle()
    assert kernel.journal.starting("a heard") == ["a heard fact 1", "a heard fact 2"]
    assert kernel.journal.starting("b heard") == ["b heard detail 2"]
    assert kernel.incarnation("c") == 1


def test_a_subscription_ends_with_its_incarnation_unless_the_start_hook_renews_it(kernel: Kernel) -> None:
    kernel.start(kernel.children("ab"), restarts=10)
    kernel["a"].ask(Call(lambda actor: actor.context.subscribe(Fact, lambda fact: Say("from the first"))))
    kernel.crash("a")
    kernel.system.bus.publish(Fact(1))
    kernel.settle()
    assert kernel.journal.starting("a heard") == []


class Listener(Actor[Fact]):
    def __init__(self, heard: list[int], gate: tuple[threading.Event, threading.Event]) -> None:
        super().__init__()
        self.heard, self.gate = heard, gate

    def on_start(self) -> None:
        if self.context.incarnation == 2:
            self.gate[0].set()
            self.gate[1].wait(30)
        self.context.subscribe(Fact)

    def receive(self, message: Fact) -> None:
        if message.number < 0:
            raise Boom
        self.heard.append(message.number)


def test_no_fact_is_lost_between_a_crash_and_the_restart(kernel: Kernel) -> None:
    heard: list[int] = []
    gate = kernel.gate()
    kernel.start([ChildSpec("ear", lambda: Listener(heard, gate))])
    kernel.system.bus.publish(Fact(1))
    kernel.system.bus.publish(Fact(-1))
    assert gate[0].wait(LIMIT)
    kernel.system.bus.publish(Fact(2))
    gate[1].set()
    kernel.system.bus.publish(Fact(3))
    kernel.settle()
    assert heard == [1, 2, 3]


def test_an_incarnation_that_is_over_takes_no_subscription_from_its_successor(kernel: Kernel) -> None:
    kernel.start(kernel.children("a"))
    bus, a = kernel.system.bus, kernel["a"]
    bus.subscribe(Fact, a, lambda fact: Say("the second"), incarnation=2)
    bus.subscribe(Fact, a, lambda fact: Say("the first, late"), incarnation=1)
    bus.publish(Fact(1))
    kernel.settle()
    assert kernel.journal.starting("a heard") == ["a heard the second"]


def test_a_subscription_that_races_the_end_of_its_incarnation_does_not_stay(kernel: Kernel) -> None:
    kernel.start(kernel.children("a", restart=Restart.TEMPORARY))
    bus = kernel.system.bus
    subscribe = bus.subscribe

    def subscribe_and_end(actor: Scripted) -> None:
        actor.context._life.abandon(Overdue("hangs"))
        until(lambda: kernel.state("a") == "gone")
        subscribe(Fact, actor.context.address, incarnation=actor.context.incarnation)

    def late(actor: Scripted) -> None:
        bus.subscribe = lambda *args, **kwargs: subscribe_and_end(actor)  # type: ignore[method-assign]
        actor.context.subscribe(Fact)

    kernel["a"].tell(Call(late))
    kernel.settle()
    until(lambda: kernel.state("a") == "gone" and not bus.wanted(Fact))
