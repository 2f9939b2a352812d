"""Third-party repositories: run, shown, commanded, stopped, and gone without a trace."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from actors.engines.docker_calls import Docker
from actors.errors import BadUrl, NoEngine, NothingToDo, VankaError
from actors.sandbox import Guest, GuestState, Sandbox, Step, Wish
from actors.source import Sources
from tests.actors.sandbox.stranger import Stranger
from tests.scenarios.service import eventually

pytestmark = pytest.mark.docker


def test_main_file_is_run_and_its_lines_and_exit_code_are_told(stranger: Stranger) -> None:
    heard: list[str] = []
    answer = stranger.run("print('hello')\nraise SystemExit(3)\n", on_output=heard.append)
    assert (answer["output"], answer["exit_code"]) == ("hello", 3)
    (step,) = answer["steps"]
    assert (step["command"], step["exit_code"], step["line_count"]) == ("python main.py", 3, 1)
    assert "".join(heard) == "$ python main.py\nhello\n"


def test_nothing_of_it_is_left_when_it_has_ended(stranger: Stranger, docker: Docker) -> None:
    stranger.run("print('hello')\n")
    mine = {"vanka.home": (stranger.home / "engine-id").read_text().strip()}
    assert (docker.containers(mine), docker.images(mine), docker.networks(mine)) == ([], [], [])
    assert list((stranger.home / "sandbox").iterdir()) == []


def test_command_of_ones_own_is_run_instead(stranger: Stranger) -> None:
    assert stranger.run(command=("echo one && ls main.py",))["output"] == "one\nmain.py"
    assert stranger.run(command=("python", "-c", "print('a b')"))["output"] == "a b"


def test_long_output_is_cut_in_the_middle_to_thirty_lines(stranger: Stranger) -> None:
    answer = stranger.run("for number in range(412): print(number)\n")
    (step,) = answer["steps"]
    assert (step["line_count"], len(step["lines"]), step["hidden"]) == (412, 30, 382)
    assert (step["lines"][0], step["lines"][-1]) == ("0", "411")


def test_requirements_are_installed_first_and_what_fails_there_ends_it(stranger: Stranger) -> None:
    answer = stranger.run("print('never')\n", files={"requirements.txt": "no-such-package-anywhere==1\n"}, network=True)
    (step,) = answer["steps"]
    assert step["command"] == "pip install -r requirements.txt"
    assert step["exit_code"] not in (0, None)
    assert "no-such-package-anywhere" in "\n".join(step["lines"])


def test_test_run_that_is_well_at_its_end_has_passed_and_production_has_not(stranger: Stranger) -> None:
    forever = "import time\nprint('on', flush=True)\ntime.sleep(600)\n"
    test = stranger.run(forever, test=True, for_s=1)
    assert (test["exit_code"], test["steps"][0]["limit"]) == (0, True)
    production = stranger.run(forever, test=False, for_s=1)
    assert production["exit_code"] == 124


def test_it_ends_when_nobody_waits_any_more(stranger: Stranger) -> None:
    heard: list[str] = []

    def nobody_waits() -> bool:
        """Somebody has read the line and gone; it may have come in pieces: `print` writes its newline by itself."""
        return "on\n" in "".join(heard)

    forever = "import time\nprint('on', flush=True)\ntime.sleep(600)\n"
    answer = stranger.run(forever, on_output=heard.append, gone=nobody_waits)
    assert nobody_waits()
    assert not answer["steps"][0]["limit"]


def test_letters_and_lines_that_come_in_pieces_are_told_whole(stranger: Stranger) -> None:
    heard: list[str] = []
    main = """\
import os, time
for byte in "привет\\n".encode():
    os.write(1, bytes([byte]))
    time.sleep(0.02)
"""
    answer = stranger.run(main, on_output=heard.append)
    assert "".join(heard) == "$ python main.py\nпривет\n"
    assert answer["output"] == "привет"


def test_addresses_on_this_machine_and_repositories_without_a_main_file_are_refused(stranger: Stranger) -> None:
    with pytest.raises(BadUrl):
        stranger.sandbox.run(f"file://{stranger.repo.bare}")
    stranger.repo.commit({"other.py": ""}, "no main")
    with pytest.raises(NothingToDo, match=r"main\.py"):
        stranger.sandbox.run(stranger.url)


def test_chat_starts_a_guest_sends_it_commands_stops_and_removes_it(
    stranger: Stranger, docker: Docker, tmp_path: Path
) -> None:
    steps: list[tuple[Guest, Step]] = []
    sources = Sources(stranger.home)
    sandbox = Sandbox(stranger.home, sources, docker, on_step=lambda guest, step: steps.append((guest, step)))
    stranger.repo.commit({"main.py": "import time\nprint('on', flush=True)\ntime.sleep(600)\n"}, "sleeper")

    guest = sandbox.start(Wish(url=stranger.url, network=False, variables={"WHO": "you"}))
    eventually(lambda: sandbox.get(guest.id).state is GuestState.RUNNING, "it runs")
    (listed,) = sandbox.list()
    assert (listed.name, listed.running, listed.test) == ("guest", "python main.py", True)
    step = sandbox.command(guest.id, "echo hello $WHO; exit 4")
    assert (step.lines, step.exit_code, step.file.read_text()) == (("hello you",), 4, "hello you\n")
    assert [told.command for _guest, told in steps] == ["echo hello $WHO; exit 4"]
    late = sandbox.command(guest.id, "sleep 60", limit_s=1)
    assert (late.exit_code, late.limit) == (124, True)
    assert sandbox.get(guest.id).state is GuestState.RUNNING
    assert sandbox.set_output(guest.id, False, 10).output is False

    sandbox.stop(guest.id)
    assert sandbox.get(guest.id).state is GuestState.ENDED
    with pytest.raises(NothingToDo):
        sandbox.command(guest.id, "echo late")
    sandbox.remove(guest.id)
    assert sandbox.list() == []
    sources.close()


def test_the_next_service_still_knows_a_guest_and_sweeps_away_who_was_only_passing(
    stranger: Stranger, docker: Docker
) -> None:
    stranger.repo.commit({"main.py": "import time\ntime.sleep(600)\n"}, "sleeper")
    guest = stranger.sandbox.start(Wish(url=stranger.url, network=False, test=False))
    eventually(lambda: stranger.sandbox.get(guest.id).state is GuestState.RUNNING, "it runs")
    on = threading.Event()

    def wait_for_it() -> None:
        with suppress(VankaError):  # its container goes away under its hands
            stranger.sandbox.run(
                stranger.url,
                network=False,
                on_output=lambda text: on.set() if text == "on\n" else None,
                command=("echo on; sleep 600",),
            )

    passing = threading.Thread(target=wait_for_it)
    passing.start()
    assert on.wait(30)

    sources = Sources(stranger.home)
    again = Sandbox(stranger.home, sources, docker)
    (found,) = again.list()
    assert (found.id, found.url, found.state, found.test) == (guest.id, stranger.url, GuestState.RUNNING, False)
    passing.join(30)
    assert not passing.is_alive()
    again.remove(guest.id)
    assert again.list() == []
    sources.close()


def test_without_an_engine_it_is_refused_with_how_to_get_one(tmp_path: Path) -> None:
    sources = Sources(tmp_path)
    sandbox = Sandbox(tmp_path, sources, Docker("unix:///nowhere/docker.sock"))
    with pytest.raises(NoEngine) as refused:
        sandbox.run("https://example.org/x.git")
    assert "docker.io" in refused.value.hint
    sources.close()
