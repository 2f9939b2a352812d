"""The log: every line says whose it is, no line says a secret, and nothing that is logged can do harm."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog

from runtime import log
from runtime.redact import MASK, Redactor

SECRET = 'correct "horse"\nbattery'


class Lines(io.StringIO):
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def last(self) -> dict[str, Any]:
        return self.records()[-1]


@pytest.fixture
def redactor() -> Redactor:
    knowing = Redactor()
    knowing.learn(SECRET)
    return knowing


@pytest.fixture
def out(redactor: Redactor) -> Iterator[Lines]:
    lines = Lines()
    configured = log.configure("json", redactor, lines)
    yield lines
    configured.close()
    log.set_actor("")


def test_a_line_says_when_how_bad_where_and_what(out: Lines) -> None:
    log.get("runtime.shell").warning("it took long", seconds=3.5, argv=("git", "fetch"), none=None, ok=True)
    line = out.last()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "runtime.shell",
        "event": "it took long",
        "seconds": 3.5,
        "argv": ["git", "fetch"],
        "none": None,
        "ok": True,
    }


def test_actor_and_project_stand_on_every_line_of_their_turn(out: Lines) -> None:
    logger = log.get("x")
    log.set_actor("projects/shop/deployer", "shop")
    logger.info("one")
    with log.bind(project="blog", deployment=4):
        logger.info("two")
        logging.getLogger("urllib3").warning("three")
    logger.info("four")
    log.set_actor("bus")
    logger.info("five")
    told = [(line.get("actor"), line.get("project"), line.get("deployment")) for line in out.records()]
    deployer = "projects/shop/deployer"
    within = (deployer, "blog", 4)
    assert told == [(deployer, "shop", None), within, within, (deployer, "shop", None), ("bus", None, None)]


def test_each_thread_has_its_own_actor(out: Lines) -> None:
    log.set_actor("main")
    thread = threading.Thread(target=log.get("x").info, args=("from elsewhere",))
    thread.start()
    thread.join(20)
    assert "actor" not in out.last()


def test_a_logger_made_before_the_configuration_obeys_it(redactor: Redactor) -> None:
    early = log.get("early").bind(kept=1)
    lines = Lines()
    configured = log.configure("json", redactor, lines)
    log.get("early").info("hello")
    configured.close()
    early.info("nobody listens")
    assert lines.last()["event"] == "hello"


def test_the_standard_library_s_lines_come_out_of_the_same_end(out: Lines) -> None:
    logging.getLogger("waitress").error("%d of %s", 3, "x")
    logging.getLogger("pykka").warning("%(name)s left", {"name": "actor"})
    logging.getLogger("urllib3").debug("not shown")
    told = [(line["logger"], line["level"], line["event"]) for line in out.records()]
    assert told == [("waitress", "error", "3 of x"), ("pykka", "warning", "actor left")]


def test_a_library_that_prints_past_the_log_is_brought_back(
    out: Lines, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = logging.getLogger("TeleBot")
    monkeypatch.setattr(library, "disabled", False)  # the bot's door, once imported, silences it altogether
    handler = logging.StreamHandler(sys.stderr)
    library.addHandler(handler)
    library.error("telling %s", SECRET)
    assert capsys.readouterr().err == ""
    assert out.last()["event"] == f"telling {MASK}"
    assert handler not in library.handlers


@pytest.mark.parametrize("mode", ["json", "console"])
def test_no_secret_passes_wherever_it_stands(mode: Literal["json", "console"], redactor: Redactor) -> None:
    lines = io.StringIO()
    redactor.learn("1234567")
    configured = log.configure(mode, redactor, lines)
    logger = log.get("x")
    try:
        try:
            raise ValueError(f"cannot use {SECRET}")
        except ValueError as cause:
            raise RuntimeError("https://user:hunter22@host/ failed") from cause
    except RuntimeError as error:
        logger.exception("failed with %s", SECRET)
        logger.error("an exception as a value", error=error, cause=error.__cause__)
        logging.getLogger("lib").exception("std")
    logger.info("nested", env={"A": SECRET, SECRET: [SECRET, {"deep": (SECRET,)}]}, raw=SECRET.encode(), number=1234567)
    logger.info("in an object", value=Holder(SECRET))
    configured.close()
    text = lines.getvalue()
    for told in ("horse", "battery", "hunter22", "1234567"):
        assert told not in text
    assert text.count(MASK) > 10
    if mode == "json":
        assert all(json.loads(line) for line in text.splitlines())


class Holder:
    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Holder({self.value!r})"


def test_fields_that_clash_with_the_log_s_own_do_not_replace_them(out: Lines) -> None:
    log.get("mine").info("real", event="other", level="fatal", timestamp=0, self=1, logger_name="x", method="GET")
    line = out.last()
    assert (line["event"], line["level"], line["method"], line["self"]) == ("real", "info", "GET", 1)
    assert line["level_"] == "fatal"
    assert line["timestamp"] != 0


def test_a_format_that_does_not_fit_its_values_is_told_all_the_same(out: Lines) -> None:
    log.get("x").info("%d of %d", "three")
    assert out.last()["event"] == "%d of %d three"


def test_a_terminal_is_not_steered_by_what_is_logged(redactor: Redactor) -> None:
    stream = io.StringIO()
    configured = log.configure("console", redactor, stream)
    log.get("x").info("one\nERROR forged\x1b[2J", field="a\x1b]0;title\x07")
    configured.close()
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()
    assert "\x07" not in stream.getvalue()


def test_people_at_a_terminal_get_colours_and_files_do_not(redactor: Redactor) -> None:
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    master, slave = pty.openpty()
    with open(slave, "w", encoding="utf-8") as terminal:
        configured = log.configure("console", redactor, terminal)
        log.get("x").info("hello")
        shown = os.read(master, 4096).decode()
        configured.close()
    os.close(master)
    assert "\x1b[" in shown
    assert "hello" in shown


def test_the_last_errors_are_kept_without_secrets_and_bounded(out: Lines) -> None:
    logger = log.get("x")
    for number in range(70):
        logger.error("error %d", number)
    logger.info("no error")
    with log.bind(actor="projects/shop", project="shop"):
        try:
            raise OSError(f"disk of {SECRET}")
        except OSError:
            logger.exception("it broke")
    errors = log.recent_errors()
    assert len(errors) == 50
    newest = errors[0]
    assert (newest.event, newest.actor, newest.project, newest.logger) == ("it broke", "projects/shop", "shop", "x")
    assert newest.error == f"OSError: disk of {MASK}"
    assert errors[1].event == "error 69"
    assert newest.at.utcoffset() is not None


def test_exceptions_that_nobody_caught_go_to_the_log(out: Lines) -> None:
    undo = log.catch_uncaught()
    try:
        thread = threading.Thread(target=lambda: int(SECRET), name="loose")
        thread.start()
        thread.join(20)
        line = out.last()
        assert (line["level"], line["thread"]) == ("error", "loose")
        assert "ValueError" in line["exception"]
        sys.excepthook(ValueError, ValueError(SECRET), None)
        assert out.last()["level"] == "critical"
        assert "horse" not in out.getvalue()
    finally:
        undo()


def test_configured_twice_every_line_comes_once(redactor: Redactor) -> None:
    first, second = Lines(), Lines()
    old = log.configure("json", redactor, first)
    new = log.configure("json", redactor, second, level="debug")
    logging.getLogger("lib").debug("std")
    log.get("x").debug("own")
    old.close()
    log.get("x").info("still here")
    new.close()
    assert first.getvalue() == ""
    assert [line["event"] for line in second.records()] == ["std", "own", "still here"]


def test_lines_of_many_threads_stay_whole(out: Lines) -> None:
    def work(name: str) -> None:
        for number in range(100):
            log.get(name).info("line", number=number)

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(out.records()) == 600


def test_tests_may_catch_what_is_logged(out: Lines) -> None:
    with structlog.testing.capture_logs() as caught:
        log.get("x").warning("seen", a=1)
    assert caught == [{"a": 1, "logger_name": "x", "event": "seen", "log_level": "warning"}]


def test_before_any_configuration_warnings_reach_standard_error_without_credentials() -> None:
    code = "from runtime import log; l = log.get('x'); l.info('quiet'); l.warning('see https://u:pass1@h/')"
    ended = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.stdout == ""
    assert "quiet" not in ended.stderr
    assert "https://••••@h/" in ended.stderr
