"""Probes look once and say why; the watch ends with the program, the first good look, or the limit."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from actors.errors import BadProbe
from actors.health import probe
from actors.health.probe import HttpProbe, parse, watch
from actors.model.run import Life, RunStatus
from runtime.shell import Cancel, clean_env

ALIVE = RunStatus(Life.ALIVE)


@pytest.fixture
def web() -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/ok" else 503)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(5)


def look(text: str, tmp_path: Path) -> str | None:
    return parse(text)(tmp_path, clean_env()).look(Cancel())


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_http_probe_is_content_with_200_and_names_any_other_status(web: int, tmp_path: Path) -> None:
    assert look(f"http://127.0.0.1:{web}/ok", tmp_path) is None
    assert look(f"http://127.0.0.1:{web}/no", tmp_path) == f"http://127.0.0.1:{web}/no answers 503"
    assert "does not answer" in (look(f"http://127.0.0.1:{closed_port()}/", tmp_path) or "")


def test_tcp_probe_is_content_with_an_open_port(web: int, tmp_path: Path) -> None:
    assert look(f"tcp://127.0.0.1:{web}", tmp_path) is None
    assert "takes no connection" in (look(f"tcp://127.0.0.1:{closed_port()}", tmp_path) or "")


def test_command_probe_runs_in_the_programs_directory_and_tells_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "healthy").touch()
    python = sys.executable
    assert look(f"{python} -c \"import os, sys; sys.exit(not os.path.exists('healthy'))\"", tmp_path) is None
    assert (look(f"{python} -c \"print('no database'); raise SystemExit(3)\"", tmp_path) or "").endswith(
        "3: no database"
    )


def test_command_probe_that_says_nothing_is_told_by_its_code_alone(tmp_path: Path) -> None:
    assert look("test -f nothing", tmp_path) == "test -f nothing ended with 1"


def test_variables_in_an_address_are_the_programs_own(web: int, tmp_path: Path) -> None:
    for text in ("http://127.0.0.1:$PORT/ok", "http://127.0.0.1:${PORT}/ok", "tcp://127.0.0.1:$PORT"):
        assert parse(text)(tmp_path, {"PORT": str(web)}).look(Cancel()) is None
        assert parse(text)(tmp_path, {"PORT": str(closed_port())}).look(Cancel()) is not None
        assert parse(text)(tmp_path, {}).look(Cancel()) is not None


def test_command_that_is_not_on_this_machine_is_an_unwell_program(tmp_path: Path) -> None:
    assert "no-such-command-anywhere" in (look("no-such-command-anywhere --now", tmp_path) or "")


@pytest.mark.parametrize("text", ["", "tcp://host", "tcp://host:99999", "http://", "http://h:x/", "echo 'open"])
def test_what_is_no_probe_is_refused(text: str) -> None:
    with pytest.raises(BadProbe):
        parse(text)


class Lasting:
    """A probe that is content at its n-th look."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    def look(self, stop: Cancel) -> str | None:
        del stop
        self.left -= 1
        return None if self.left <= 0 else "not yet"


def living(_seconds: float) -> RunStatus:
    return ALIVE


def waiting(event: threading.Event) -> Callable[[float], RunStatus]:
    def wait(seconds: float) -> RunStatus:
        event.wait(seconds)
        return ALIVE

    return wait


def test_watch_ends_with_the_first_good_look() -> None:
    verdict = watch(Lasting(3), living, Cancel())
    assert (verdict.healthy, verdict.reason) == (True, "answers")
    assert verdict.answered_ms is not None
    assert 0 <= verdict.answered_ms <= verdict.took_s * 1000 + 1


def test_watch_without_a_probe_wants_the_program_alive_for_its_time() -> None:
    verdict = watch(None, waiting(threading.Event()), Cancel(), alive_s=0.05)
    assert verdict.healthy
    assert verdict.took_s >= 0.05


def test_watch_tells_at_once_that_the_program_ended_and_how() -> None:
    verdict = watch(None, lambda _s: RunStatus(Life.ENDED, 7), Cancel())
    assert not verdict.healthy
    assert "ended with 7" in verdict.reason


def test_watch_of_an_unwell_program_ends_at_its_limit_with_the_probes_reason() -> None:
    verdict = watch(Lasting(10**9), waiting(threading.Event()), Cancel(), limit_s=0.1)
    assert not verdict.healthy
    assert verdict.reason.endswith("not yet")


def test_watch_ends_when_it_is_cancelled() -> None:
    cancel = Cancel()
    cancel.set()
    assert watch(None, living, cancel).reason == "cancelled"


class Deaf:
    """A probe whose look ends when it is told to, and not before."""

    def __init__(self) -> None:
        self.looks = 0
        self.told = threading.Event()

    def look(self, stop: Cancel) -> str | None:
        self.looks += 1
        stop.wait()
        self.told.set()
        return None


def test_look_that_does_not_end_is_given_up_and_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "LATE_S", 0.01)
    deaf = Deaf()
    verdict = watch(deaf, living, Cancel(), limit_s=0.05)
    assert not verdict.healthy
    assert "no answer" in verdict.reason
    assert deaf.told.wait(10)


def test_look_that_does_not_end_is_left_when_the_program_ends() -> None:
    deaf = Deaf()
    verdict = watch(deaf, lambda _s: RunStatus(Life.ENDED, 7), Cancel(), limit_s=600.0)
    assert "ended with 7" in verdict.reason
    assert deaf.told.wait(10)


def test_cancel_reaches_a_look_that_does_not_end() -> None:
    deaf, cancel = Deaf(), Cancel()
    threading.Timer(0.05, cancel.set).start()
    assert watch(deaf, living, cancel, limit_s=600.0).reason == "cancelled"
    assert (deaf.looks, deaf.told.wait(10)) == (1, True)


def test_what_a_look_raises_is_raised_to_whoever_watches() -> None:
    class Broken:
        def look(self, stop: Cancel) -> str | None:
            del stop
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        watch(Broken(), living, Cancel())


def test_answer_that_drips_without_end_is_hung_up_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, gone = server.getsockname()[1], threading.Event()

        def drip() -> None:
            line, _ = server.accept()
            with line:
                while not gone.is_set():
                    try:
                        line.sendall(b"H")
                    except OSError:
                        gone.set()
                    gone.wait(0.01)

        thread = threading.Thread(target=drip)
        thread.start()
        cancel = Cancel()
        threading.Timer(0.1, cancel.set).start()
        assert watch(HttpProbe(f"http://127.0.0.1:{port}/"), living, cancel, limit_s=600.0).reason == "cancelled"
        assert gone.wait(10)
        thread.join(10)
