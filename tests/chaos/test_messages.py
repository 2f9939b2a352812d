"""A hundred thousand messages through a thousand actors of which one handler in a hundred raises something."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass
from functools import partial

import pytest

from runtime.actor import Actor
from runtime.child_spec import ChildSpec, Queued, Strategy, supervisor
from runtime.errors import ActorDead
from runtime.facts import ActorCrashed
from runtime.letters import DeadLetter
from runtime.reply import Reply
from runtime.system import System

MESSAGES = 100_000
FAMILIES = 20
IN_FAMILY = 50
SENDERS = 4
LIMIT = 50.0

ERRORS: tuple[type[BaseException], ...] = (
    SystemExit,
    KeyboardInterrupt,
    GeneratorExit,
    ValueError,
    RecursionError,
    MemoryError,
    StopIteration,
    OSError,
)


@dataclass(frozen=True)
class Work:
    number: int
    ask: bool = False


class Ledger:
    """What became of each message. Appending to a list is atomic: no lock to disturb the race."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.handled: list[int] = []
        self.failed: list[int] = []
        self.dead: list[int] = []
        self.answered: list[int] = []
        self.asked_dead: list[int] = []
        self.asked_error: list[int] = []


class Unreliable(Actor[Work]):
    """Raises something in one message of a hundred; the message's number decides which, so a replay may pass."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        super().__init__()
        self.ledger = ledger
        self.draw = random.Random(seed)
        self.seen = 0

    def on_start(self) -> None:
        self.draw.seed(hash((self.draw.random(), self.context.incarnation)))

    def receive(self, message: Work) -> int:
        self.ledger.begun.append(message.number)
        self.seen += 1
        if self.draw.random() < 0.01:
            self.ledger.failed.append(message.number)
            raise self.draw.choice(ERRORS)(f"message {message.number}")
        self.ledger.handled.append(message.number)
        return message.number


def family(number: int, ledger: Ledger) -> ChildSpec:
    """Fifty actors; the families differ in what they do with messages at a crash, and in their budget."""
    queued = Queued.DROP if number % 4 == 0 else Queued.KEEP
    replay = 2 if number % 4 == 1 else 0
    strategy = (Strategy.ONE_FOR_ONE, Strategy.REST_FOR_ONE, Strategy.DYNAMIC)[number % 3]
    children = [
        ChildSpec(f"a{each}", partial(Unreliable, ledger, 1000 * number + each), queued=queued, replay=replay)
        for each in range(IN_FAMILY)
    ]
    restarts = 40 if number % 5 == 0 else 100_000  # some escalate
    return supervisor(f"f{number}", children, strategy=strategy, restarts=restarts, within=60.0)


@pytest.mark.parametrize("dispatcher", ["pooled", "threads"])
def test_every_single_message_is_handled_failed_replayed_or_a_dead_letter(dispatcher: str) -> None:
    ledger = Ledger()
    system = System(dispatcher=dispatcher)  # type: ignore[arg-type]
    replies: list[tuple[int, Reply]] = []
    crashes = Counter[str]()

    def lost(letter: DeadLetter) -> None:
        if isinstance(letter.message, Work):
            ledger.dead.append(letter.message.number)

    def crashed(fact: ActorCrashed) -> None:
        crashes[fact.error.split(":")[0]] += 1

    system.letters.listen(lost)
    try:
        families = [family(number, ledger) for number in range(FAMILIES)]
        system.start(supervisor("root", families, restarts=1_000_000))
        system.bus.subscribe(ActorCrashed, system.address("nobody"), crashed)
        addresses = [system.address(f"f{f}/a{a}") for f in range(FAMILIES) for a in range(IN_FAMILY)]

        def send(sender: int) -> None:
            for number in range(sender, MESSAGES, SENDERS):
                address = addresses[number * 7919 % len(addresses)]
                if number % 10 == 0:
                    replies.append((number, address.ask_later(Work(number, ask=True))))
                else:
                    address.tell(Work(number))

        threads = [threading.Thread(target=send, args=(sender,), daemon=True) for sender in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
            assert not thread.is_alive()
        collect(replies, ledger)
        assert system.settle(LIMIT)
        assert system.heartbeat(LIMIT)
    finally:
        system.stop(10)
    check(ledger, crashes, system)


def collect(replies: list[tuple[int, Reply]], ledger: Ledger) -> None:
    for number, reply in replies:
        try:
            assert reply.wait("the actor", LIMIT) == number
        except ActorDead:
            ledger.asked_dead.append(number)
        except Exception:
            ledger.asked_error.append(number)
        else:
            ledger.answered.append(number)


def check(ledger: Ledger, crashes: Counter[str], system: System) -> None:
    """Each message has exactly one end, and each ask exactly one answer that agrees with it."""
    handled, failed, dead = Counter(ledger.handled), Counter(ledger.failed), Counter(ledger.dead)
    everything = set(range(MESSAGES))
    assert set(handled) | set(failed) | set(dead) == everything
    assert handled.total() + failed.total() == len(ledger.begun)
    assert max(handled.values()) == 1
    assert max(dead.values(), default=0) <= 1
    assert not set(handled) & set(dead)
    replayed = [number for number in failed if failed[number] > 1 or number in handled]
    assert all(times <= 3 for times in failed.values())
    assert replayed, "no message was ever replayed"
    assert len(failed) > MESSAGES // 200
    assert {"SystemExit", "KeyboardInterrupt", "GeneratorExit"} <= set(crashes)
    asks = set(range(0, MESSAGES, 10))
    assert sorted([*ledger.answered, *ledger.asked_dead, *ledger.asked_error]) == sorted(asks)
    assert set(ledger.answered) == asks & set(handled)
    assert asks & set(dead) <= set(ledger.asked_dead)
    assert system.letters.total >= len(ledger.dead)
