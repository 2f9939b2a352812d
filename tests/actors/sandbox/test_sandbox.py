"""Third-party repositories at the command line: run to their end, and gone without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.engines.docker_calls import Docker
from actors.errors import AccessDenied, BadUrl, NoEngine, NothingToDo
from actors.model.guest import Wish
from actors.records import Records
from actors.sandbox import Sandbox
from actors.source import Sources
from runtime.vault import Secret
from tests.actors.sandbox.stranger import Stranger
from tests.fakes.gitserver import GitServer

pytestmark = pytest.mark.docker


def test_main_file_is_run_and_its_lines_and_exit_code_are_told(stranger: Stranger) -> None:
    heard: list[str] = []
    answer = stranger.run("print('hello')\nraise SystemExit(3)\n", on_output=heard.append)
    assert (answer["output"], answer["exit_code"]) == ("hello", 3)
    (step,) = answer["steps"]
    assert (step["command"], step["exit_code"], step["line_count"]) == ("python main.py", 3, 1)
    assert "".join(heard) == "$ python main.py\nhello\n"


def test_nothing_of_it_is_left_when_it_has_ended(stranger: Stranger) -> None:
    stranger.run("print('hello')\n")
    assert stranger.things() == ([], [], [])
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


def test_what_a_token_in_the_address_opens_is_fetched_and_the_token_stays_outside(
    stranger: Stranger, hosting: GitServer
) -> None:
    hosting.token = "ghp_" + "t" * 36
    with pytest.raises(AccessDenied):
        stranger.run("print('in')\n")
    heard: list[str] = []
    url = stranger.url.replace("http://", f"http://anna:{hosting.token}@")
    answer = stranger.sandbox.run(url, network=False, command=("env; cat /proc/*/environ",), on_output=heard.append)
    assert answer["steps"][0]["line_count"] > 5
    assert hosting.token not in "".join(heard) + str(answer)
    assert stranger.sandbox.run(stranger.url, network=False, token=Secret(hosting.token))["exit_code"] == 0


def test_variables_reach_its_commands_and_no_record_of_its_container(stranger: Stranger, docker: Docker) -> None:
    seen: list[str] = []

    def look(text: str) -> None:
        if "secret" in text:
            seen.extend(str(docker._client().inspect_container(it)) for it in stranger.things()[0])

    main = "import os, time\nprint('secret', os.environ['KEY'], flush=True)\ntime.sleep(1)\n"
    answer = stranger.run(main, variables={"KEY": Secret("tell-nobody")}, on_output=look)
    assert answer["output"] == "secret ***"
    assert seen
    assert not any("tell-nobody" in it for it in seen)


def test_without_an_engine_it_is_refused_with_how_to_get_one(tmp_path: Path, records: Records) -> None:
    sources = Sources(tmp_path)
    sandbox = Sandbox(tmp_path, sources, Docker("unix:///nowhere/docker.sock"), records.guests)
    for attempt in (
        lambda: sandbox.run("https://example.org/x.git"),
        lambda: sandbox.start(Wish(url="https://example.org/x.git")),
        sandbox.all,
    ):
        with pytest.raises(NoEngine) as refused:
            attempt()
        assert "docker.io" in refused.value.hint
    sandbox.look()
    sandbox.watch()
    assert records.guests.all(tmp_path) == []
    sources.close()
