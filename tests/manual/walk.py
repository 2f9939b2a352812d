"""A reader who types every line of a page, in order, and compares what he sees with what the page shows."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterable
from typing import Any

from tests.fakes.docker_engine import why_not
from tests.manual.pages import Shown
from tests.manual.place import TOKEN, Place
from tests.scenarios.service import eventually

LIMIT_S = 300  # the first command of a page makes the environment
STOP_S = 20

NOT_RUN = {
    r"^pip install ": "changes the Python of whoever runs the tests",
    r"^docker compose |ops/telegram_token\.txt": "needs compose; the image is tested by tests/scenarios/test_image.py",
    r"docker build ": "needs a registry to take images from",
    r"^(useradd|cp|systemctl|sudo) ": "belongs to a machine with systemd whose users may be changed",
    r"^python3 ops/test$": "it is what runs this test",
}
"""Lines that no test can run, and why."""

ENDS = {r" -f$": 130}
"""Lines that end with another exit code than 0, because Ctrl-C ends them."""

TYPED = {
    r"^vanka chat": "1\nq\n",
    r"=-$": "a value that nobody sees\n",
    r" --token -$": f"{TOKEN}\n",
}
"""What the reader types, or pastes, into a line that asks."""


class Walk:
    """One page on one machine. `take` fails with the line that did not do what the page says."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._service = place.service
        self._engine = not why_not()
        self._left_out = {r"^vanka run |--engine container": not self._engine, r"git@": place.ssh is None}
        self._needs: dict[str, Callable[[], None]] = {
            r"^vanka (start|stop|restart|refresh|logs shop|pin|versions|history)\b": self._deployed,
            r"^vanka rollback shop$": self._newer,
            r"^vanka (promote|discard) ": self._tested,
            r"^vanka cancel ": self._busy,
            r"KEY_FILE=": self._keys,
        }
        self._then: dict[str, Callable[[], None]] = {
            r"TELEGRAM_TOKEN_FILE=.* up$": self._paired,
        }

    def take(self, it: Shown) -> None:
        """Type the line; it must end as it should, and print what is shown."""
        if any(re.search(pattern, it.line) for pattern in NOT_RUN):
            return
        if any(left_out and re.search(pattern, it.line) for pattern, left_out in self._left_out.items()):
            return
        for pattern, prepare in self._needs.items():
            if re.search(pattern, it.line):
                prepare()
        line = self._place.here(it.line)
        if re.search(r"vanka up\b", line):
            self._up(line)
        else:
            output = self._run(line, it)
            if it.output is not None:
                assert self._seen(output.splitlines()) == self._seen(it.output), f"{it.line}: printed\n{output}"
        for pattern, proof in self._then.items():
            if re.search(pattern, it.line):
                proof()

    def _up(self, line: str) -> None:
        """In a terminal of its own; what ran there before is ended by Ctrl-C."""
        self._service.end()
        self._service.start_as(["bash", "-c", line], self._place.user, LIMIT_S)

    def _run(self, line: str, it: Shown) -> str:
        process = subprocess.Popen(
            ["bash", "-c", line],
            cwd=self._place.user,
            env=self._service.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        code = next((code for pattern, code in ENDS.items() if re.search(pattern, it.line)), 0)
        if code:
            return self._interrupted(process, it.line, code)
        output, _ = process.communicate(self._typed(it.line), LIMIT_S)
        assert process.returncode == code, f"{it.line}: exit code {process.returncode}\n{output}"
        return output

    def _seen(self, lines: Iterable[str]) -> list[str]:
        """What of the output must be as it is shown: all, but for what is said of an engine where there is none."""
        return shape(line for line in lines if self._engine or " docker: " not in line)

    def _interrupted(self, process: subprocess.Popen[str], line: str, code: int) -> str:
        """Ctrl-C after its first line."""
        assert process.stdout is not None
        first = process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        rest, _ = process.communicate(timeout=LIMIT_S)
        assert process.returncode in (code, -signal.SIGINT), f"{line}: exit code {process.returncode}\n{first}{rest}"
        return first + rest

    def _typed(self, line: str) -> str:
        if "vanka.token" in line:
            return f"{self._place.telegram.token}\n"
        return next((typed for pattern, typed in TYPED.items() if re.search(pattern, line)), "")

    # --- what a line takes for granted

    def _status(self) -> dict[str, Any]:
        return self._service.status("shop")

    def _deployed(self) -> None:
        if self._status()["version"] is None:
            self._service.cli("deploy", "shop")

    def _newer(self) -> None:
        """Somebody pushed, and it is in production: so there is a version before."""
        self._deployed()
        self._place.shop.commit({"more": "news"}, "One more")
        self._service.cli("check", "shop")
        self._service.cli("deploy", "shop")

    def _tested(self) -> None:
        def well() -> bool:
            test = self._status()["test"]
            return bool(test) and test["stages"][-1]["state"] == "succeeded"

        if not self._status()["test"]:
            self._service.cli("test", "shop", "--for", "1h", "--detach")
        eventually(well, "the test run is well")

    def _busy(self) -> None:
        self._service.cli("test", "shop", "--for", "1h", "--detach")

    def _keys(self) -> None:
        """The files of the rotation: the key in use, and the one that follows it."""
        old = (self._service.home / "secret.key").read_text().strip()
        new = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
        (self._place.user / "both.keys").write_text(f"{new},{old}\n")
        (self._place.user / "new.key").write_text(f"{new}\n")

    # --- what must be true afterwards

    def _paired(self) -> None:
        """The line in the terminal makes whoever sends it the administrator, and his first buttons are there."""
        said = eventually(
            lambda: re.search(r"send it (/start \w+)", self._service.log.read_text()), "the terminal shows a code"
        )
        person = self._place.telegram.user(7, "en", "Anna")
        person.writes(said[1])
        eventually(lambda: any("Projects: " in message.text for message in person.messages), "the menu is there")
        self._place.telegram.assert_nothing_refused()


def shape(lines: Iterable[str]) -> list[str]:
    """Lines without what differs from run to run and from machine to machine."""
    plain = []
    for line in lines:
        text = re.sub(r"\([^)]*\)", "()", line.strip())
        text = re.sub(r"(?<![\w:/])/[^\s;]+", "PATH", text)
        text = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b", "COMMIT", text)
        plain.append(re.sub(r"\d+(\.\d+)*", "N", text))
    return plain


def unused(lines: list[str], patterns: dict[str, Any]) -> list[str]:
    """The patterns that no line matches."""
    return [pattern for pattern in patterns if not any(re.search(pattern, line) for line in lines)]
