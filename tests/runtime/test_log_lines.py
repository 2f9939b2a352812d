"""Whatever is logged becomes a line: what cannot be printed, walked or counted too."""

from __future__ import annotations

import io
import json
import logging
from typing import Any, Literal

import pytest

from runtime import log
from runtime.log_lines import plain
from runtime.redact import Redactor


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


class Unprintable:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error


class UntellableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Unwalkable(dict[str, int]):
    def items(self) -> Any:
        raise OSError("gone")


@pytest.mark.parametrize("mode", ["json", "console"])
@pytest.mark.parametrize(
    "value",
    [
        Unprintable(ValueError()),
        Unprintable(SystemExit()),
        UntellableError(),
        Unwalkable(a=1),
        10**5000,
        float("nan"),
        "\udc80 lone",
        "x" * 1_000_000,
        [[[[[[[[1]]]]]]]],
        {1: 2, None: 3, (1, 2): 4},
        object(),
        b"\xff\x00",
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_value_makes_the_log_raise(
    mode: Literal["json", "console"], value: object, redactor: Redactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # the test tool's own handler raises for such values
    lines = io.StringIO()
    configured = log.configure(mode, redactor, lines)
    logger = log.get("x")
    logger.info("as a field", value=value)
    logger.info("as an argument %s", value)
    logger.info(value)
    logging.getLogger("lib").warning("std %s", value)
    logger.error("as an exception", exc_info=value)
    logger.info("goes on")
    configured.close()
    text = lines.getvalue()
    assert text.count("goes on") == 1
    assert "as a field" in text
    assert len(text) < 400_000
    if mode == "json":
        assert len([json.loads(line) for line in text.splitlines()]) == 6


def test_a_list_that_holds_itself_is_told_in_part() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert "[...]" in str(plain(endless, Redactor()))
