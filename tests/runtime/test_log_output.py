"""Lines find their way out whatever the stream does, and a stream that does nothing holds nobody up."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from typing import TextIO

import pytest

from runtime import log
from runtime.redact import Redactor


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


class Broken(io.StringIO):
    working = False

    def write(self, text: str) -> int:
        if not self.working:
            raise BrokenPipeError("nobody reads")
        return super().write(text)


def test_a_broken_stream_is_replaced_and_used_again_when_it_works(
    redactor: Redactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, spare = Broken(), io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", spare)
    configured = log.configure("json", redactor, broken)
    log.get("x").error("first")
    broken.working = True
    log.get("x").error("second")
    configured.close()
    assert "first" in spare.getvalue()
    assert [json.loads(line)["event"] for line in broken.getvalue().splitlines()] == ["second"]


def test_lines_that_could_not_be_written_anywhere_are_counted(
    redactor: Redactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Broken()
    monkeypatch.setattr(sys, "__stderr__", None)
    configured = log.configure("json", redactor, broken)
    for _ in range(3):
        log.get("x").error("lost")
    broken.working = True
    log.get("x").info("back")
    configured.close()
    records = [json.loads(line) for line in broken.getvalue().splitlines()]
    assert [record["event"] for record in records] == ["back", "log lines were lost"]
    assert records[1]["lines"] == 3


def test_a_closed_stream_does_not_stop_who_logs(redactor: Redactor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stderr__", None)
    stream = io.StringIO()
    configured = log.configure("console", redactor, stream)
    stream.close()
    log.get("x").error("into the void")
    configured.close()
    assert configured.recent_errors()[0].event == "into the void"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes cannot be asked there whether they are full")
def test_a_reader_that_hangs_does_not_hang_the_writers(redactor: Redactor) -> None:
    reading, writing = os.pipe()
    with open(reading, encoding="utf-8", newline="") as reader, open(writing, "w", encoding="utf-8") as writer:
        configured = log.configure("json", redactor, writer)
        done = threading.Event()

        def work() -> None:
            for number in range(200):
                log.get("x").info("line", number=number, filler="x" * 2000)
            done.set()

        threading.Thread(target=work, daemon=True).start()
        assert done.wait(60)
        os.set_blocking(reading, False)
        while reader.read(65536):
            pass
        log.get("x").info("read again")
        text = reader.read()
        configured.close()
    told = [json.loads(line) for line in text.splitlines() if line]
    assert [line["event"] for line in told][-2:] == ["read again", "log lines were lost"]
    assert told[-1]["lines"] > 0


def test_an_encoding_that_lacks_the_letters_gets_their_codes(redactor: Redactor) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    configured = log.configure("json", redactor, stream)
    log.get("x").info("версия")
    configured.close()
    assert json.loads(raw.getvalue().decode("ascii"))["event"] == "версия"


def test_a_stream_is_needed_by_nobody(redactor: Redactor, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: TextIO | None = None
    monkeypatch.setattr(sys, "stderr", nothing)  # how a Windows service without a console starts
    monkeypatch.setattr(sys, "__stderr__", nothing)
    configured = log.configure("console", redactor)
    log.get("x").error("nowhere")
    configured.close()
    assert configured.recent_errors()[0].event == "nowhere"
