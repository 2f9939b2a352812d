"""How supervision behaves when everything happens at once: `VANKA_FUZZ=20000` for the long form."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pykka import ActorRegistry

from runtime.cell import Cell, State
from runtime.child_spec import Restart
from runtime.dispatcher import PoolWorker
from runtime.errors import AskTimeout, KernelError, Overdue
from runtime.own_threads import OwnThread
from runtime.supervisor import CountChildren, DeleteChild, RestartChild, StartChild, TerminateChild
from tests.runtime.kit import DISPATCHERS, LIMIT, Boom, until
from tests.runtime.random_tree import ON_START, ON_STOP, ORDERS, Fact, Order, RandomTree

WALKS = int(os.environ.get("VANKA_FUZZ", "1000")) // 50
FIRST = int(os.environ.get("VANKA_FUZZ_FROM", "0"))
STEPS = 60
ACTS = (*["order"] * 8, *["mood"] * 4, *["command"] * 5, *["time"] * 3, "release", "crash", "kill", "threads")


class Walk:
    """Random acts in one random tree, and what must hold after them."""

    def __init__(self, dispatcher: str, seed: int) -> None:
        self.draw = random.Random(seed)
        self.acts: list[str] = []
        self.asked: list[tuple[str, Any]] = []
        self.threads = set(threading.enumerate())
        self.tree = RandomTree(dispatcher, self.draw)
        self.system = self.tree.system

    def ask(self, path: str, message: Any) -> None:
        self.asked.append((f"{path} {message}"[:120], self.system.address(path).ask_later(message)))

    def act(self) -> None:
        """One thing that may happen at any moment."""
        draw, tree = self.draw, self.tree
        path, above = draw.choice(list(tree.places)), draw.choice(tree.supervisors)
        act = draw.choice(ACTS)
        self.acts.append(f"{act} {path} {above}")
        match act:
            case "order":
                self.ask(path, Order(draw.choice(ORDERS)))
            case "mood":
                tree.places[path].on_start, tree.places[path].on_stop = draw.choice(ON_START), draw.choice(ON_STOP)
            case "command":
                self.command()
            case "time":
                tree.clock.advance(draw.choice((0.1, 0.5, 2.0, 6.0)))
            case "release":
                tree.ground.release(draw)
            case "crash":
                self.system.crash(above)
            case "threads":
                tree.ground.no_threads = draw.random() < 0.3
            case _:
                self.kill(above)

    def command(self) -> None:
        """What an operator does, to a worker or to a whole family."""
        draw, tree = self.draw, self.tree
        known = [*tree.places, *tree.supervisors[1:]]
        above, _, name = draw.choice(known).rpartition("/")
        above = above or "/"
        if draw.random() < 0.25:
            self.ask(above, StartChild(tree.another(above)))
        else:
            self.ask(above, draw.choice((TerminateChild, RestartChild, DeleteChild))(name))

    def kill(self, above: str) -> None:
        """As when the supervisor's own code hangs past its limit; the root's has no limit that matters here."""
        cell = self.system.find(above)
        life = cell.life if cell is not None and above != "/" else None
        if life is not None:
            life.abandon(Overdue(f"{above}: the walk killed it"))

    @contextmanager
    def others_ask(self) -> Iterator[None]:
        """Meanwhile others ask, too, and get an answer or learn that the actor is dead."""
        done = threading.Event()
        draws = [random.Random(self.draw.random()) for _ in range(2)]
        heard: list[list[tuple[str, Any]]] = [[], []]
        threads = [threading.Thread(target=self._hammer, args=(*each, done)) for each in zip(draws, heard, strict=True)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join(LIMIT)
            self.asked += [*heard[0], *heard[1]]

    def _hammer(self, draw: random.Random, heard: list[tuple[str, Any]], done: threading.Event) -> None:
        while not done.wait(0.0005):
            path = draw.choice(list(self.tree.places))
            heard.append((f"{path} ping", self.system.address(path).ask_later(Order("ping"))))
            above = draw.choice(self.tree.supervisors)
            heard.append((f"{above} count", self.system.address(above).ask_later(CountChildren())))

    # what must hold

    def comes_to_rest(self) -> None:
        """Nobody misbehaves any more; what was pending falls due."""
        for place in self.tree.places.values():
            place.on_start, place.on_stop = "up", "stop"
        self.tree.ground.no_threads = False
        self.tree.ground.release()
        for _ in range(200):
            assert self.system.settle(LIMIT), "no rest"
            due = self.system.timers.next_due()
            if due is None:
                break
            self.tree.clock.advance(max(due - self.tree.clock.monotonic(), 0.0))
        else:
            pytest.fail("timers for ever")
        until(lambda: not any(sum(lane) for lane in self.system.jobs.load().values()), "the end of every job")
        assert self.system.settle(LIMIT), "no rest after the jobs"

    def everybody_was_answered(self) -> None:
        for what, reply in self.asked:
            try:
                reply.wait(what, LIMIT)
            except AskTimeout:
                pytest.fail(f"no answer: {what}")
            except (KernelError, Boom):
                continue

    def what_should_run_does(self) -> None:
        """Each supervisor's records agree with the places, and who is up answers."""
        root = self.system.find("/")
        assert root is not None
        self._family(root)

    def _family(self, cell: Any) -> None:
        life = cell.life
        assert life is not None, f"{cell.path} does not run"
        assert cell.state is State.RUNNING, f"{cell.path} is {cell.state}"
        boss = life.actor
        assert not boss._rounds.busy, f"{cell.path} is busy"
        assert not boss._deferred, f"{cell.path} defers"
        assert not boss._administration._later, f"{cell.path} has things to do"
        for name, child in boss._nursery.children.items():
            place: Cell = cell.children[name]
            assert place is child.cell
            assert self.system.find(place.path) is place
            under_way = child.stopping or child.waiters or child.starters
            assert not under_way, f"{place.path} is under way"
            assert child.life is place.life, f"{place.path}: another life"
            if child.life is None:
                self._may_rest(child)
            elif child.spec.family is not None:
                self._family(place)
            else:
                assert place.state is State.RUNNING
                assert self.system.address(place.path).ask(Order("ping"), LIMIT) == child.life.number

    def _may_rest(self, child: Any) -> None:
        path = child.cell.path
        assert child.cell.closed is not None, f"{path} is open, nobody lives there"
        known = self.tree.places.get(path)
        excused = child.held or child.parked or child.spec.restart is Restart.TRANSIENT
        assert excused or (known is not None and known.ignored), f"{path} should run"

    def a_fact_is_heard_once_by_all_who_run(self) -> None:
        for place in self.tree.places.values():
            place.heard.clear()
        self.system.bus.publish(Fact())
        assert self.system.settle(LIMIT)
        for path, place in self.tree.places.items():
            cell = self.system.find(path)
            running = [] if cell is None or cell.life is None else [cell.life.number]
            assert place.heard == running, f"{path} heard {place.heard}, {running} runs"

    def ends(self, limit: float) -> None:
        """In its time, and nothing stays: no actor in the registry, no thread."""
        before = time.monotonic()
        self.system.stop(limit)
        assert time.monotonic() - before < limit + LIMIT
        assert not self.tree.ground.wrong, self.tree.ground.wrong
        self.tree.ground.release()
        until(lambda: not self._left(), "every actor's end")
        until(lambda: not set(threading.enumerate()) - self.threads, "every thread's end")
        assert not self.tree.ground.wrong, self.tree.ground.wrong
        assert not any(place.alive for place in self.tree.places.values())

    def _left(self) -> set[Any]:
        return set(ActorRegistry.get_all()) - self.tree.before


@pytest.mark.parametrize("dispatcher", DISPATCHERS)
@pytest.mark.parametrize("seed", range(FIRST, FIRST + WALKS))
def test_whatever_happens_everybody_is_answered_what_should_run_does_and_nothing_stays(
    dispatcher: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = Walk(dispatcher, seed)
    for kind in (OwnThread, PoolWorker):
        monkeypatch.setattr(kind, "start", walk.tree.ground.starting(kind.start))
    interrupted = seed % 3 == 0  # the system is stopped in the middle of it all
    try:
        with walk.others_ask():
            for _ in range(STEPS if not interrupted else walk.draw.randrange(STEPS)):
                walk.act()
                if walk.draw.random() < 0.2:
                    walk.system.settle(0.01)
            if interrupted:
                walk.system.stop(0.3)
        if not interrupted:
            walk.comes_to_rest()
            walk.what_should_run_does()
            walk.a_fact_is_heard_once_by_all_who_run()
        walk.ends(2.0)
        walk.everybody_was_answered()
    except BaseException:
        print(f"seed {seed}, {dispatcher}: {walk.acts}")
        raise
    finally:
        walk.tree.ground.release()
        walk.system.stop(1.0)
