"""The HTTP server: routes are plain functions, nothing leaks out, nothing is left open."""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from runtime import log
from runtime.errors import WebError
from runtime.redact import Redactor
from runtime.web import Request, Response, Route, WebServer


def say(request: Request) -> Response:
    told = {
        "method": request.method,
        "path": request.path,
        "query": dict(request.query),
        "body": request.body.decode(),
        "params": dict(request.params),
        "event": request.headers.get("x-github-event"),
        "type": request.headers.get("content-type"),
    }
    return Response(200, json.dumps(told), "application/json", {"X-Vanka": "yes"})


def fail(request: Request) -> Response:
    raise RuntimeError("the password is hunter22")


def leave(request: Request) -> Response:
    raise SystemExit(3)


ROUTES = (
    Route("GET", "/health", say),
    Route("POST", "/hooks/github/{name}", say),
    Route("GET", "/fail", fail),
    Route("GET", "/leave", leave),
    Route("GET", "/forge", lambda request: Response(headers={"X": "a\r\nSet-Cookie: b"})),
    Route("GET", "/odd.path", lambda request: Response(299, b"odd")),
)


@contextmanager
def serving(*more: Route, body_limit: int = 1000) -> Iterator[WebServer]:
    server = WebServer(routes=(*ROUTES, *more), body_limit=body_limit)
    server.start()
    try:
        yield server
    finally:
        assert server.stop(10)


def ask(
    server: WebServer, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def test_a_handler_gets_the_request_and_its_answer_goes_back() -> None:
    with serving() as server:
        assert server.port > 0
        assert server.url == f"http://127.0.0.1:{server.port}"
        headers = {"X-GitHub-Event": "push", "Content-Type": "application/json"}
        status, body, got = ask(server, "POST", "/hooks/github/my%20shop?a=1&b=&a=2", b'{"x": 1}', headers)
        assert status == 200
        assert got["Content-Type"] == "application/json"
        assert got["X-Vanka"] == "yes"
        assert got["Server"] is None
        assert json.loads(body) == {
            "method": "POST",
            "path": "/hooks/github/my shop",
            "query": {"a": "2", "b": ""},
            "body": '{"x": 1}',
            "params": {"name": "my shop"},
            "event": "push",
            "type": "application/json",
        }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/health/", 404),
        ("GET", "/hooks/github/a/b", 404),
        ("GET", "/oddXpath", 404),
        ("GET", "/odd.path", 299),
        ("POST", "/health", 405),
        ("GET", "/hooks/github/shop", 405),
    ],
)
def test_what_is_not_there_is_told_apart_from_what_is_not_allowed(method: str, path: str, status: int) -> None:
    with serving() as server:
        got, _, headers = ask(server, method, path)
        assert got == status
        if status == 405:
            assert headers["Allow"] == ("GET, HEAD" if path == "/health" else "POST")


def test_head_is_answered_like_get_without_a_body() -> None:
    with serving() as server:
        status, body, headers = ask(server, "HEAD", "/health")
        assert (status, body) == (200, b"")
        assert int(headers["Content-Length"]) > 0


@pytest.mark.parametrize("path", ["/fail", "/leave", "/forge"])
def test_a_failing_handler_is_a_plain_500_and_a_line_in_the_log(path: str) -> None:
    out = io.StringIO()
    redactor = Redactor()
    redactor.learn("hunter22")
    with closing(log.configure("json", redactor, out)), serving() as server:
        status, body, headers = ask(server, "GET", path)
        assert (status, body) == (500, b"internal error\n")
        assert headers["Set-Cookie"] is None
        assert ask(server, "GET", "/health")[0] == 200
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    failed = [line for line in lines if line["event"] == "a request failed"]
    assert [line["path"] for line in failed] == [path]
    assert "Traceback" in failed[0]["exception"]
    assert "hunter22" not in out.getvalue()


def test_a_body_over_the_limit_never_reaches_the_handler() -> None:
    with serving(body_limit=100) as server:
        assert ask(server, "POST", "/hooks/github/a", b"x" * 99)[0] == 200
        assert ask(server, "POST", "/hooks/github/a", b"x" * 5000)[0] == 413
        chunked = {"Transfer-Encoding": "chunked"}
        body = b"1388\r\n" + b"x" * 5000 + b"\r\n0\r\n\r\n"
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.putrequest("POST", "/hooks/github/a")
        connection.putheader("Transfer-Encoding", chunked["Transfer-Encoding"])
        connection.endheaders(body)
        assert connection.getresponse().status == 413
        connection.close()


def test_nonsense_on_the_wire_harms_nobody() -> None:
    with serving() as server:
        for nonsense in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET /%ff%00 HTTP/1.1\r\n\r\n", b"POST /health HT"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as peer:
                peer.sendall(nonsense)
        assert ask(server, "GET", "/health")[0] == 200


def test_a_taken_port_is_a_clear_error_with_a_way_out() -> None:
    with serving() as server:
        second = WebServer("127.0.0.1", server.port, ROUTES)
        with pytest.raises(WebError, match=f"cannot listen on 127.0.0.1:{server.port}") as caught:
            second.start()
        assert "VANKA_HTTP" in caught.value.hint
        assert second.stop()


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70000), ("256.1.1.1", 0)])
def test_an_impossible_address_is_a_clear_error_too(host: str, port: int) -> None:
    with pytest.raises(WebError):
        WebServer(host, port, ROUTES).start()


@pytest.mark.parametrize("host", ["256.1.1.1", "nowhere.invalid"])
def test_a_host_that_does_not_exist_is_called_that(host: str) -> None:
    with pytest.raises(WebError, match=f"^cannot listen on {host}:0: there is no host of that name$"):
        WebServer(host, 0, ROUTES).start()


def test_after_the_stop_the_port_is_free_and_nothing_is_left_open() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = {thread.name for thread in threading.enumerate()}
        server = WebServer(routes=ROUTES)
        server.start()
        server.start()
        port = server.port
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        kept.request("GET", "/health")
        assert kept.getresponse().read()
        assert server.stop(10)
        assert server.stop(10)
        kept.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=20)
        again = WebServer("127.0.0.1", port, ROUTES)
        again.start()
        assert ask(again, "GET", "/health")[0] == 200
        assert again.stop(10)
        assert {thread.name for thread in threading.enumerate()} <= before


def test_stopping_lets_a_running_handler_finish_its_answer() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(request: Request) -> Response:
        begun.set()
        assert go_on.wait(20)
        return Response(200, b"done")

    answers: list[tuple[int, bytes]] = []
    server = WebServer(routes=(Route("GET", "/slow", slow),))
    server.start()
    asking = threading.Thread(target=lambda: answers.append(ask(server, "GET", "/slow")[:2]))
    asking.start()
    assert begun.wait(20)
    threading.Timer(0.05, go_on.set).start()
    assert server.stop(20)
    asking.join(20)
    assert answers == [(200, b"done")]


def test_a_handler_that_hangs_cannot_hold_up_the_stop() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hang(request: Request) -> Response:
        begun.set()
        go_on.wait(60)
        return Response()

    server = WebServer(routes=(Route("GET", "/hang", hang),))
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as peer:
        peer.sendall(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
        assert begun.wait(20)
        assert not server.stop(0.3)
    go_on.set()
