"""What the scenarios stand on: a program that is asked in the very moment in which it is replaced has no answer yet."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.scenarios.service import answer_of

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 ", b"nonsense\r\n\r\n", HEAD, HEAD + b"one"])
def test_answer_that_is_cut_off_is_no_answer(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def cut_off() -> None:
            line, _ = server.accept()
            with line:
                line.recv(65536)
                line.sendall(said)

        program = threading.Thread(target=cut_off)
        program.start()
        assert answer_of(server.getsockname()[1]) == ""
        program.join(10)


def test_answer_is_what_the_program_says() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.recv(65536)
                line.sendall(HEAD + b"0123456789")

        program = threading.Thread(target=answer)
        program.start()
        assert answer_of(server.getsockname()[1]) == "0123456789"
        program.join(10)
