"""How busy containers are, where the engine does not say so."""

from __future__ import annotations

from typing import Any

import pytest

from actors.engines.container_load import SILENT_S, Loads
from actors.errors import EngineError, EngineSilent, NoEngine, VankaError

BUSY = {"pids_stats": {"current": 3}, "cpu_stats": {"cpu_usage": {"total_usage": 5}}, "memory_stats": {"usage": 7}}


class Engine:
    """Answers, or raises what the test says, for the containers whose names begin with `bad`."""

    def __init__(self, trouble: VankaError) -> None:
        self.trouble: VankaError | None = trouble
        self.asked: list[str] = []

    def stats(self, container: str) -> dict[str, Any]:
        self.asked.append(container)
        if self.trouble is not None and container.startswith("bad"):
            raise self.trouble
        return BUSY


class Watch:
    """A clock that the test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_engine_that_does_not_answer_in_time_holds_up_one_look_a_minute() -> None:
    engine, watch = Engine(EngineSilent("no answer in time")), Watch()
    loads = Loads(engine, monotonic=watch)  # type: ignore[arg-type]  # all that is asked of it
    assert loads.of(["bad", "a", "b"]) == [None, None, None]
    watch.now += SILENT_S - 1
    assert loads.of(["a", "b"]) == [None, None]
    assert engine.asked == ["bad"]
    watch.now += 1
    engine.trouble = None
    assert [it is not None for it in loads.of(["bad", "a"])] == [True, True]


def test_one_container_that_cannot_be_told_of_does_not_hide_the_next() -> None:
    engine = Engine(EngineError("this one only"))
    found = Loads(engine).of(["bad", "a"])  # type: ignore[arg-type]  # all that is asked of it
    assert [it is not None for it in found] == [False, True]


@pytest.mark.parametrize("trouble", [EngineError("each of them"), NoEngine("none answers", "Start one.")])
def test_an_engine_that_answers_nothing_is_not_asked_about_all_of_them(trouble: VankaError) -> None:
    engine = Engine(trouble)
    loads = Loads(engine)  # type: ignore[arg-type]  # all that is asked of it
    assert loads.of(["bad-1", "bad-2", "bad-3", "bad-4"]) == [None] * 4
    assert len(engine.asked) <= 2
    engine.trouble = None
    assert None not in loads.of(["bad-1", "a"])  # and at the next look it is
