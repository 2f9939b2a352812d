"""The control socket: one request, one answer, and nothing that a client does harms the server."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import ConnectionLost, LocalSocketError, NoListener
from runtime.local_call import LOOPBACK, UNIX, call
from runtime.local_socket import Emit, Handler, Limits, LocalServer
from tests.runtime.kit import until

LIMIT_S = 20.0
Start = Callable[..., LocalServer]


def echo(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    return {"echo": request}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.fixture
def start(path: Path) -> Iterator[Start]:
    servers = []

    def start_one(handle: Handler = echo, **options: Any) -> LocalServer:
        server = LocalServer(path, handle, **options)
        server.start()
        servers.append(server)
        return server

    yield start_one
    for server in servers:
        server.stop()


def raw(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(LIMIT_S)
    sock.connect(str(path))
    return sock


def read_line(sock: socket.socket) -> bytes:
    with sock.makefile("rb") as file:
        return file.readline()


@pytest.mark.parametrize("transport", [UNIX, LOOPBACK])
def test_a_request_is_answered(path: Path, start: Start, transport: str) -> None:
    start(transport=transport)
    assert call(path, {"a": "привет\n"}, transport=transport) == {"echo": {"a": "привет\n"}}


def test_progress_comes_before_the_answer_and_in_order(path: Path, start: Start) -> None:
    def count(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
        for number in range(request["to"]):
            emit({"number": number})
        return {"done": True}

    start(count)
    seen: list[dict[str, Any]] = []
    assert call(path, {"to": 300}, seen.append) == {"done": True}
    assert [line["number"] for line in seen] == list(range(300))


def test_an_answer_of_megabytes_arrives_whole(path: Path, start: Start) -> None:
    start(lambda request, emit: {"text": "ж" * 3_000_000})
    assert call(path, {})["text"] == "ж" * 3_000_000


def test_only_the_owner_can_open_the_socket(path: Path, start: Start) -> None:
    start()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_another_user_s_process_is_turned_away(path: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    start()
    assert call(path, {"a": 1})
    # to the server, this process now belongs to somebody else
    monkeypatch.setattr("runtime.local_listen._PEER", FakePeer())
    with pytest.raises(ConnectionLost):
        call(path, {"a": 1})


class FakePeer:
    size = 12

    def unpack(self, data: bytes) -> tuple[int, int, int]:
        return 1, os.geteuid() + 4242, 1


def test_on_loopback_the_token_decides(path: Path, start: Start) -> None:
    start(transport=LOOPBACK)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    where = json.loads(path.read_text())
    path.write_text(json.dumps({**where, "token": "guessed"}))
    with pytest.raises(LocalSocketError, match="wrong token"):
        call(path, {}, transport=LOOPBACK)


def test_a_home_deeper_than_a_socket_address_works(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    server = LocalServer(deep / "control.sock", echo)
    server.start()
    try:
        assert call(deep / "control.sock", {"a": 1}) == {"echo": {"a": 1}}
    finally:
        server.stop()
    assert not (deep / "control.sock").exists()
    with pytest.raises(NoListener):
        call(deep / "control.sock", {})


def test_the_socket_of_a_dead_service_is_replaced(path: Path, start: Start) -> None:
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(path))
    dead.close()
    with pytest.raises(NoListener):
        call(path, {})
    start()
    assert call(path, {"a": 1})


def test_a_second_service_is_refused_and_the_first_goes_on(path: Path, start: Start) -> None:
    start()
    with pytest.raises(LocalSocketError, match="another service"):
        LocalServer(path, echo).start()
    assert call(path, {"a": 1})


def test_a_file_in_the_way_is_not_removed(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(LocalSocketError, match="not a socket"):
        LocalServer(path, echo).start()
    assert path.read_text() == "mine"


def test_without_a_service_the_caller_is_told(path: Path, tmp_path: Path) -> None:
    for transport in (UNIX, LOOPBACK):
        with pytest.raises(NoListener):
            call(path, {}, transport=transport)
    with pytest.raises(NoListener):
        call(tmp_path / "no" / "such" / "home", {})


def test_a_handler_that_fails_costs_its_client_an_error_and_nobody_else_anything(path: Path, start: Start) -> None:
    told: list[BaseException] = []

    def fail(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
        if request["how"] == "exit":
            raise SystemExit(3)
        if request["how"] == "unprintable":
            return {"value": object()}
        return {"fine": True}

    start(fail, on_fault=lambda request, error: told.append(error))
    with pytest.raises(LocalSocketError, match="SystemExit"):
        call(path, {"how": "exit"})
    with pytest.raises(LocalSocketError, match="not JSON serializable"):
        call(path, {"how": "unprintable"})
    assert call(path, {"how": "well"}) == {"fine": True}
    until(lambda: {type(error) for error in told} == {SystemExit, TypeError}, "both faults are told")


@pytest.mark.parametrize("line", [b"\n", b"no json\n", b"[]\n", b'{"request": 1}\n', b"[" * 100_000 + b"\n", b"\xff\n"])
def test_nonsense_is_refused_and_the_next_client_is_served(path: Path, start: Start, line: bytes) -> None:
    start()
    with raw(path) as sock:
        sock.sendall(line)
        assert b"fault" in read_line(sock)
    assert call(path, {"a": 1})


def test_a_request_without_end_is_cut_off(path: Path, start: Start) -> None:
    start(limits=Limits(request_bytes=1000))
    with raw(path) as sock:
        sock.sendall(b"x" * 2000)
        assert b"too long" in read_line(sock)


def test_a_request_that_never_comes_is_given_up(path: Path, start: Start) -> None:
    start(limits=Limits(request_s=0.1))
    with raw(path) as sock:
        sock.sendall(b'{"requ')
        assert b"in time" in read_line(sock)


def test_more_clients_than_allowed_are_told_so(path: Path, start: Start) -> None:
    release = threading.Event()

    def wait(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
        emit({"begun": True})
        release.wait(LIMIT_S)
        return {}

    start(wait, limits=Limits(connections=2))
    with raw(path) as first, raw(path) as second:
        for sock in (first, second):
            sock.sendall(b'{"request": {}}\n')
            assert b"begun" in read_line(sock)
        with pytest.raises(LocalSocketError, match="too many"):
            call(path, {})
        release.set()
        assert b"answer" in read_line(first)


def test_a_handler_learns_that_its_client_hung_up(path: Path, start: Start) -> None:
    learned = threading.Event()

    def wait(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
        emit({"begun": True})
        if emit.wait(LIMIT_S):
            learned.set()
        return {}

    start(wait)
    with raw(path) as sock:
        sock.sendall(b'{"request": {}}\n')
        assert b"begun" in read_line(sock)
    assert learned.wait(LIMIT_S)


def test_a_silent_service_is_given_up_by_the_client(path: Path, start: Start) -> None:
    def wait(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
        emit.wait(LIMIT_S)
        return {}

    start(wait)
    with pytest.raises(ConnectionLost):
        call(path, {}, timeout=0.2)


def test_stopping_tells_the_handlers_and_takes_the_socket_away(path: Path, start: Start) -> None:
    begun = threading.Event()
    answers: list[dict[str, Any]] = []

    def wait(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
        begun.set()
        return {"told": emit.wait(LIMIT_S)}

    server = start(wait)
    client = threading.Thread(target=lambda: answers.append(call(path, {}, timeout=LIMIT_S)))
    client.start()
    assert begun.wait(LIMIT_S)
    server.stop()
    client.join(LIMIT_S)
    assert answers == [{"told": True}]
    assert not path.exists()
    server.stop()


def test_a_hung_handler_does_not_hold_up_the_stop(path: Path, start: Start) -> None:
    release = threading.Event()
    begun = threading.Event()

    def hang(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
        begun.set()
        release.wait(LIMIT_S)
        return {}

    server = start(hang)
    with raw(path) as sock:
        sock.sendall(b'{"request": {}}\n')
        assert begun.wait(LIMIT_S)
        server.stop(timeout=0.2)
        assert not path.exists()
        assert read_line(sock) == b""
    release.set()


def test_many_clients_at_once_are_all_answered(path: Path, start: Start) -> None:
    start(limits=Limits(connections=64))
    wrong: list[object] = []

    def ask(number: int) -> None:
        for turn in range(20):
            answer = call(path, {"n": number, "turn": turn})
            if answer != {"echo": {"n": number, "turn": turn}}:
                wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert wrong == []
    assert not any(thread.is_alive() for thread in threads)
