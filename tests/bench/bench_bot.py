"""The chat of a service with a thousand projects, over real HTTP: how soon a press is answered and its screen there."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.bench_service import PROJECTS, SETTLED_S, fill
from tests.bench.row import Row
from tests.fakes.botapi import BotApiServer, Press, User
from tests.scenarios.service import Service

USERS = 50
ROUNDS = 10
WALKERS = 4
SCREENS = 120
PACE_S = 0.25  # a walker's pause: four of them stay below what Telegram takes in all
CALM_S = 5.0
UPDATES = 3000
LIMIT_S = 60.0
PLACES = ("P0:::", "P0::a1:", "P1:7::", "S0:::", "J0:::", "I1:7::", "R1:7::", "L0:::", "P0::a2:", "M0:::")


def measure() -> list[Row]:
    """About half a minute; the Telegram of this machine shares its two processors."""
    with tempfile.TemporaryDirectory(prefix="vanka-bench-") as folder, BotApiServer() as server:
        directory = Path(folder)
        numbers = range(1, USERS + 1)
        service = Service(
            directory,
            VANKA_TELEGRAM_TOKEN=server.token,
            VANKA_TELEGRAM_API=server.url,
            VANKA_ADMIN=",".join(map(str, numbers)),
        )
        fill(service.home, directory, PROJECTS)
        service.start()
        time.sleep(SETTLED_S)
        try:
            people = [server.user(number) for number in numbers]
            for person in people:
                person.writes("/start")
            for person in people:
                person.wait_for(lambda it: it.panel, LIMIT_S)
            return [_at_once(server, people), _screens(people), _flood(server, people)]
        finally:
            service.end()


def _at_once(server: BotApiServer, people: Sequence[User]) -> Row:
    taken: list[float] = []
    for number in range(ROUNDS):
        presses = [person.presses_data(PLACES[number % len(PLACES)]) for person in people]
        began = time.monotonic()
        _wait(server, presses)
        taken += [(press.answered or 0.0) - began for press in presses]
        time.sleep(1.0)  # people read
    return _row(f"bot: {USERS} people press at once, {PROJECTS} projects: to answered, p99", 0.1, taken)


def _screens(people: Sequence[User]) -> Row:
    """Several people at a time, no faster than Telegram takes it, when all that was to be shown before is there."""
    time.sleep(CALM_S)
    taken: list[float] = []

    def walk(mine: Sequence[User]) -> None:
        for number in range(SCREENS // WALKERS):
            person, place = mine[number % len(mine)], PLACES[number // len(mine) % len(PLACES)]
            before, began = _shown(person), time.monotonic()
            person.presses_data(place, person.panel)
            person.wait_for(lambda it, before=before: _shown(it) != before, LIMIT_S)  # type: ignore[misc]  # bound at once
            taken.append(time.monotonic() - began)
            time.sleep(PACE_S)

    threads = [threading.Thread(target=walk, args=(people[number::WALKERS],)) for number in range(WALKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == SCREENS
    return _row(f"bot: press to the new screen, {PROJECTS} projects, p99", 0.5, taken)


def _row(name: str, most_s: float, taken: list[float]) -> Row:
    p99 = sorted(taken)[int(len(taken) * 0.99)]
    measured = f"{p99 * 1000:.0f} ms (median {statistics.median(taken) * 1000:.0f} ms)"
    return Row(name, f"under {most_s * 1000:.0f} ms", measured, "-", None, p99 < most_s)


def _flood(server: BotApiServer, people: Sequence[User]) -> Row:
    began = time.monotonic()
    presses = [people[number % USERS].presses_data(PLACES[number % 7]) for number in range(UPDATES)]
    _wait(server, presses)
    speed = UPDATES / (time.monotonic() - began)
    return Row("bot: presses handled and answered a second", "300", f"{speed:.0f}", "-", None, speed >= 300)


def _wait(server: BotApiServer, presses: Sequence[Press]) -> None:
    server.wait_for(lambda: all(press.answered is not None for press in presses), LIMIT_S)


def _shown(person: User) -> object:
    panel = person.panel
    return panel.id, panel.text, repr(panel.keyboard)
