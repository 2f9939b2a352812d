"""The journal of exits, read back."""

from __future__ import annotations

from pathlib import Path

from runtime.exits import Exit, Exits
from runtime.guardian import Journal
from runtime.host import ProcessId


def test_without_a_journal_nothing_is_known(tmp_path: Path) -> None:
    exits = Exits(tmp_path / "exits.jsonl")
    assert exits.all() == []
    assert exits.find(ProcessId(1, 1)) is None


def test_what_the_guardian_writes_is_found_by_pid_and_start_together(tmp_path: Path) -> None:
    file = tmp_path / "exits.jsonl"
    journal = Journal(file)
    journal.write(10, 100, 0)
    journal.write(10, 200, -9)
    found = Exits(file).find(ProcessId(10, 100))
    assert found is not None
    assert found.code == 0
    assert Exits(file).find(ProcessId(10, 300)) is None


def test_the_end_of_another_boot_is_not_taken_for_ours(tmp_path: Path) -> None:
    file = tmp_path / "exits.jsonl"
    file.write_text('{"pid": 10, "started": 100, "code": 1, "at": 5.0, "boot": "a"}\n')
    exits = Exits(file)
    assert exits.find(ProcessId(10, 100, "b")) is None
    assert exits.find(ProcessId(10, 100, "a")) == Exit(ProcessId(10, 100, "a"), 1, 5.0)
    assert exits.find(ProcessId(10, 100)) is not None


def test_torn_and_foreign_lines_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "exits.jsonl"
    file.write_bytes(b'{"pid": 1, "star\n\xff\xfe\n[]\n{"pid": "1"}\n{"pid": 3, "started": 30, "code": 0, "at": 1}\n')
    assert [one.process.pid for one in Exits(file).all()] == [3]


def test_a_line_that_was_torn_by_a_crash_does_not_take_the_next_one_with_it(tmp_path: Path) -> None:
    file = tmp_path / "exits.jsonl"
    file.write_bytes(b'{"pid": 1, "star')
    Journal(file).write(2, 20, 0)
    assert [one.process.pid for one in Exits(file).all()] == [2]
