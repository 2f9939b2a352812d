"""`vanka run`: what it passes on, and what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actors.cli.service import CommandServer
from tests.actors.cli.conftest import Vanka
from tests.actors.cli.fake_control import FakeControl


def test_run_takes_secrets_from_files_and_shows_output_as_it_comes(
    lone_vanka: Vanka, home: Path, tmp_path: Path
) -> None:
    asked: dict[str, Any] = {}

    def runs(url: str, **how: Any) -> dict[str, Any]:
        asked.update(how, url=url)
        how["on_output"]("$ python main.py\nhel")
        how["on_output"]("lo\n")
        return {"output": "hello", "exit_code": 3, "steps": []}

    (tmp_path / "token").write_text("ghp_secret\n")
    server = CommandServer(FakeControl(), home, clean=str, run=runs)
    server.start()
    try:
        told = lone_vanka(
            *("run", "https://example.org/x.git", "--test", "--for", "2m"),
            *("--token", str(tmp_path / "token"), "--variables", "-", "--no-network", "--command", "make", "it"),
            stdin="# ours\nAPI_KEY='tell nobody'\nEMPTY=\n",
        )
        strange = lone_vanka("run", "https://example.org/x.git", "--variables", "-", stdin="not a variable\n")
        odd = lone_vanka("run", "https://example.org/x.git", "--variables", "-", stdin="VANKA_HOME=/\n")
    finally:
        server.stop()
    assert (told.code, told.out) == (1, "$ python main.py\nhello\n")
    assert "exit code 3" in told.err
    assert (asked["url"], asked["test"], asked["for_s"], asked["command"]) == (
        *("https://example.org/x.git", True, 120),
        ("make", "it"),
    )
    assert asked["network"] is False
    assert asked["token"].reveal() == "ghp_secret"
    assert {name: value.reveal() for name, value in asked["variables"].items()} == {
        "API_KEY": "tell nobody",
        "EMPTY": "",
    }
    assert (strange.code, "no variables" in strange.err) == (2, True)
    assert "VANKA_HOME" in odd.err
