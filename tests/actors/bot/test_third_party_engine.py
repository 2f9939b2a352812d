"""The chat's screens over the real sandbox and a real Docker engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.actors.bot.walking import walking
from tests.actors.sandbox.conftest import docker, docker_engine, stranger
from tests.actors.sandbox.stranger import Stranger
from tests.scenarios.service import eventually

__all__ = ["docker", "docker_engine", "stranger"]  # the engine and the git server, as the sandbox's own tests have them


def test_a_strangers_program_runs_takes_a_command_and_is_removed(
    stranger: Stranger,
    tmp_path: Path,
) -> None:
    stranger.repo.commit({"main.py": "import time\nprint('on', flush=True)\ntime.sleep(600)\n"}, "sleeper")
    (tmp_path / "chat").mkdir()
    with walking(tmp_path / "chat", stranger.sandbox) as walk:
        walk.session = replace(walk.session, form={"t_url": stranger.url, "t_net": "off"})
        walk.sees("T2")
        walk.presses("▶️ Запустить")
        number = walk.session.place.arg
        eventually(lambda: "$ python main.py" in walk.sees("T4", 0, number).text, "it runs", 90.0)
        walk.presses("⌨️ Команда")
        text = walk.types("ls; echo '<b>'; exit 4").text
        assert "код 4" in text
        assert "main.py\n&lt;b&gt;" in text
        (file,) = walk.presses("Весь вывод").files
        assert file.content.startswith(b"$ ls; echo '<b>'; exit 4\n")
        walk.sees("T4", 0, number)
        walk.presses("Остановить")
        assert "завершён" in walk.presses("Остановить").text
        walk.presses("Удалить")
        assert "Ничего не запущено" in walk.presses("Удалить").text
