"""Guests of the chat: begun, commanded, ended by their time, kept alive, found again by the next service, and gone."""

from __future__ import annotations

import pytest

from actors.errors import Busy, NothingToDo
from actors.messages import GuestDown, GuestEnded, GuestStep
from actors.model.guest import Ending, GuestState
from runtime.vault import Secret
from tests.actors.sandbox.stranger import FOREVER, Stranger
from tests.scenarios.service import eventually

pytestmark = pytest.mark.docker


def test_a_guest_runs_takes_commands_is_stopped_and_removed(stranger: Stranger) -> None:
    number = stranger.sandbox.draft()
    stranger.sandbox.set_variable(number, "WHO", Secret("you"))
    guest = stranger.begins(FOREVER, guest=number)
    assert guest.id == number
    known = stranger.runs(guest)
    assert (known.name, known.running, known.wish.test) == ("guest", "python main.py", True)

    stranger.sandbox.send(guest.id, "echo hello $WHO; exit 4")
    step = stranger.hears(GuestStep).step
    assert (step.command, step.lines, step.exit_code) == ("echo hello $WHO; exit 4", ("hello you",), 4)
    assert step.file.read_text() == "hello you\n"
    assert stranger.sandbox.get(guest.id).commands == ()
    stranger.is_at(guest, GuestState.RUNNING)

    assert stranger.sandbox.stop(guest.id).state is GuestState.ENDED
    assert stranger.things() == ([], [], [])
    ended = stranger.sandbox.get(guest.id)
    assert [step.command for step in ended.steps] == ["echo hello $WHO; exit 4", "python main.py"]
    assert ended.steps[1].lines == ("on",)
    with pytest.raises(NothingToDo):
        stranger.sandbox.send(guest.id, "echo late")
    assert not any(isinstance(event, GuestEnded) for event in stranger.told), "whoever ended it knows"

    stranger.sandbox.remove(guest.id)
    assert stranger.sandbox.all() == []
    assert stranger.records.variables(guest.id) == []
    assert list((stranger.home / "sandbox").iterdir()) == []


def test_a_command_that_takes_long_keeps_nobody_waiting_and_ends_by_its_limit(stranger: Stranger) -> None:
    guest = stranger.begins(FOREVER)
    stranger.runs(guest)
    stranger.sandbox.send(guest.id, "sleep 60", limit_s=1)
    stranger.sandbox.send(guest.id, "sleep 61", limit_s=1)
    assert stranger.sandbox.get(guest.id).commands == ("sleep 60", "sleep 61")
    with pytest.raises(Busy):
        stranger.sandbox.send(guest.id, "sleep 62")
    step = stranger.hears(GuestStep).step
    assert (step.exit_code, step.limit) == (124, True)
    stranger.is_at(guest, GuestState.RUNNING)


def test_a_test_ends_by_its_time_and_has_passed(stranger: Stranger) -> None:
    guest = stranger.begins(FOREVER, for_s=2)
    end = stranger.hears(GuestEnded)
    assert (end.guest.id, end.guest.state, end.guest.ending) == (guest.id, GuestState.ENDED, Ending.WELL)
    assert end.step is not None
    assert (end.step.command, end.step.limit, end.step.lines) == ("python main.py", True, ("on",))
    assert stranger.things() == ([], [], [])


@pytest.mark.parametrize("test", [True, False])
def test_a_program_that_finishes_is_done(stranger: Stranger, test: bool) -> None:
    stranger.begins("print('a')\nprint('b', end='')\n", test=test)
    end = stranger.hears(GuestEnded)
    assert end.guest.ending is Ending.WELL
    assert end.step is not None
    assert (end.step.exit_code, end.step.lines) == (0, ("a", "b"))


def test_a_test_that_fails_says_so_with_its_last_lines(stranger: Stranger) -> None:
    stranger.begins("print('why')\nraise SystemExit(3)\n")
    end = stranger.hears(GuestEnded)
    assert (end.guest.state, end.guest.ending) == (GuestState.FAILED, Ending.BAD)
    assert end.step is not None
    assert (end.step.exit_code, end.step.lines) == (3, ("why",))


def test_what_cannot_be_run_says_why(stranger: Stranger) -> None:
    guest = stranger.begins(FOREVER, ref="no-such-branch")
    end = stranger.hears(GuestEnded)
    assert end.step is None
    assert "no-such-branch" in end.guest.error
    assert stranger.sandbox.get(guest.id).state is GuestState.FAILED
    stranger.told.clear()
    stranger.begins("print('never')\n", {"requirements.txt": "no-such-package-anywhere==1\n"}, network=True)
    end = stranger.hears(GuestEnded)
    assert end.step is not None
    assert end.step.command == "pip install -r requirements.txt"
    assert "no-such-package-anywhere" in "\n".join(end.step.lines)
    assert stranger.things() == ([], [], [])


def test_a_repository_without_a_main_file_stays_open_for_commands(stranger: Stranger) -> None:
    guest = stranger.begins(None, {"tool.py": "print('tool')\n"})
    stranger.is_at(guest, GuestState.RUNNING)
    stranger.sandbox.send(guest.id, "python tool.py")
    assert stranger.hears(GuestStep).step.lines == ("tool",)


def test_production_that_dies_is_started_again_in_its_container_and_given_up_at_last(stranger: Stranger) -> None:
    main = "import pathlib, sys\nwith open('count', 'a') as file: file.write('x')\n"
    main += "print('start', len(pathlib.Path('count').read_text()))\nsys.exit(7)\n"
    guest = stranger.begins(main, test=False)
    down = stranger.hears(GuestDown)
    assert (down.step.exit_code, down.step.lines, down.guest.restarts) == (7, ("start 1",), 1)
    end = stranger.hears(GuestEnded)
    assert (end.guest.state, end.guest.restarts) == (GuestState.FAILED, 5)
    assert "6 times" in end.guest.error
    assert end.step is not None
    assert end.step.lines == ("start 6",), "its files were there each time"
    assert sum(isinstance(event, GuestDown) for event in stranger.told) == 1, "once a series"
    assert stranger.sandbox.get(guest.id).count == 6
    assert stranger.things() == ([], [], [])


def test_production_whose_container_is_gone_gets_a_new_one(stranger: Stranger) -> None:
    guest = stranger.begins(FOREVER, test=False)
    stranger.runs(guest)
    (container,) = stranger.things()[0]
    stranger.docker.remove(container)
    stranger.hears(GuestDown)
    known = stranger.runs(guest)
    assert (known.run, known.restarts, known.state) == (2, 1, GuestState.RUNNING)
    assert len(stranger.things()[0]) == 1


def test_what_a_program_left_behind_is_ended_before_it_is_started_again(stranger: Stranger) -> None:
    main = """\
import os, subprocess, sys, time
if os.path.exists("second"):
    others = [name for name in os.listdir("/proc") if name.isdecimal()
              and b"4711" in open(f"/proc/{name}/cmdline", "rb").read()]
    print("others", others, flush=True)
    time.sleep(600)
open("second", "w").close()
subprocess.Popen(["sleep", "4711"], start_new_session=True)
sys.exit(1)
"""
    stranger.runs(stranger.begins(main, test=False), "others []")


def test_the_next_service_goes_on_with_what_runs_its_output_and_its_end(stranger: Stranger) -> None:
    main = "import os, time\nprint('on', flush=True)\n"
    main += "while not os.path.exists('go'): time.sleep(0.05)\nprint('off')\nraise SystemExit(5)\n"
    guest = stranger.begins(main)
    before = stranger.runs(guest)
    stranger.sandbox.set_output(guest.id, False, 10)
    stranger.goes_down()
    stranger.comes_back()
    known = stranger.runs(guest)
    assert (known.state, known.execution) == (GuestState.RUNNING, before.execution)
    assert (known.wish.output, known.wish.lines) == (False, 10)
    stranger.sandbox.send(guest.id, "touch go")
    end = stranger.hears(GuestEnded)
    assert end.step is not None
    assert (end.step.exit_code, end.step.lines) == (5, ("on", "off"))


def test_what_ended_while_no_service_was_there_is_told_by_the_next(stranger: Stranger) -> None:
    main = "import os, time\nprint('on', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.05)\n"
    guest = stranger.begins(main)
    stranger.runs(guest)
    (container,) = stranger.things()[0]
    stranger.goes_down()
    for _piece in stranger.docker.run_in(container, ("touch", "/work/source/go"), user="10001").output:
        pass  # to its end
    eventually(lambda: stranger.docker.execution(stranger.sandbox.get(guest.id).execution).running is False, "it ends")  # type: ignore[union-attr]  # it is known for minutes
    stranger.comes_back()
    assert stranger.hears(GuestEnded).guest.ending is Ending.WELL
    stranger.goes_down()
    stranger.comes_back()
    assert stranger.hears(GuestEnded).guest.id == guest.id, "told again: perhaps nobody had the time to hear it"


def test_a_test_whose_container_went_with_the_engine_is_not_said_to_run(stranger: Stranger) -> None:
    guest = stranger.begins(FOREVER)
    stranger.runs(guest)
    stranger.goes_down()
    stranger.docker.remove(stranger.things()[0][0])
    stranger.comes_back()
    assert "container has ended" in stranger.hears(GuestEnded).guest.error
    assert stranger.sandbox.get(guest.id).state is GuestState.FAILED


def test_production_whose_container_went_with_the_engine_runs_again(stranger: Stranger) -> None:
    guest = stranger.begins(FOREVER, test=False)
    first = stranger.runs(guest)
    stranger.goes_down()
    stranger.docker.remove(stranger.things()[0][0])
    stranger.repo.commit({"main.py": "print('newer')\n"}, "newer")
    stranger.comes_back()
    known = stranger.runs(guest)
    assert (known.commit, known.run) == (first.commit, 2), "what ran before, not what is newest"


def test_a_guest_that_was_being_prepared_is_prepared_by_the_next_service(stranger: Stranger) -> None:
    stranger.begins(FOREVER)
    stranger.goes_down()
    stranger.comes_back()
    (guest,) = stranger.sandbox.all()
    stranger.runs(guest)
    assert len(stranger.things()[0]) == 1


def test_containers_and_networks_of_nobody_are_taken_away_and_no_others(stranger: Stranger) -> None:
    guest = stranger.begins(FOREVER, network=True)
    stranger.runs(guest)
    stranger.goes_down()
    stranger.records.forget(guest.id)
    left = stranger.home / "sandbox" / "source-left"
    left.mkdir()
    labels = {"vanka.home": (stranger.home / "engine-id").read_text().strip(), "vanka.kind": "project"}
    name = f"not-a-guest-{guest.id}"
    stranger.docker.add_network(name, labels)
    try:
        assert all(stranger.things())
        stranger.comes_back()
        assert stranger.things() == ([], [], [name])
        assert not left.exists()
    finally:
        stranger.docker.remove_network(name)


def test_no_more_guests_run_than_the_machine_is_to_bear(stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.sandbox.guests.MOST_ALIVE", 1)
    first = stranger.begins(FOREVER)
    with pytest.raises(Busy):
        stranger.begins(None)
    stranger.sandbox.stop(first.id)
    stranger.begins("print('done')\n")
    stranger.hears(GuestEnded)
    with pytest.raises(NothingToDo):
        stranger.sandbox.get("00000000")


def test_of_many_that_have_ended_the_oldest_is_forgotten(stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.sandbox.guests.MOST_KNOWN", 2)
    names = []
    for _ in range(3):
        stranger.told.clear()
        names.append(stranger.begins("print('done')\n").id)
        stranger.hears(GuestEnded)
    assert [guest.id for guest in stranger.sandbox.all()] == names[:0:-1]
    assert sorted(folder.name for folder in (stranger.home / "sandbox").iterdir()) == sorted(names[1:])


def test_only_the_last_commands_and_their_output_are_kept(stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("actors.sandbox.guests", "actors.records.guests"):
        monkeypatch.setattr(f"{module}.MOST_STEPS", 2)
    guest = stranger.begins(FOREVER)
    stranger.runs(guest)
    for number in range(3):
        stranger.told.clear()
        stranger.sandbox.send(guest.id, f"echo {number}")
        stranger.hears(GuestStep)
    stranger.goes_down()
    stranger.comes_back()
    known = stranger.sandbox.get(guest.id)
    assert [(step.number, step.command) for step in known.steps] == [(2, "echo 1"), (3, "echo 2")]
    assert [step.file.read_text() for step in known.steps] == ["1\n", "2\n"]
    files = [file.name for file in (stranger.home / "sandbox" / guest.id).iterdir() if "program" not in file.name]
    assert len(files) == 2
