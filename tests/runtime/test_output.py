"""Output files: bounded on disk, readable from the end, followed over rotations."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.output import OutputFile
from runtime.rotation import Rotation
from tests.runtime.test_shell import eventually

KB = 1024


@pytest.fixture
def file(tmp_path: Path) -> OutputFile:
    return OutputFile(tmp_path / "logs" / "production.log", limit_bytes=10 * KB, keep=3)


def write(file: OutputFile, data: bytes) -> None:
    file.path.parent.mkdir(exist_ok=True)
    with file.path.open("ab") as out:
        out.write(data)


def numbered(first: int, last: int) -> bytes:
    return b"".join(b"line %06d\n" % number for number in range(first, last + 1))


def on_disk(file: OutputFile) -> int:
    return sum(path.stat().st_size for path in file.path.parent.iterdir())


def test_without_a_file_there_is_nothing_to_read(file: OutputFile) -> None:
    assert file.tail(10) == []
    assert file.follow(0) == (b"", 0)
    assert file.position() == 0
    assert not file.rotate_if_large()


def test_the_tail_is_the_last_lines(file: OutputFile) -> None:
    write(file, b"one\ntwo\r\nthree\nwith\xff and no end")
    assert file.tail(2) == ["three", "with\ufffd and no end"]
    assert file.tail(100) == ["one", "two", "three", "with\ufffd and no end"]
    assert file.tail(0) == []


def test_an_empty_line_is_a_line(file: OutputFile) -> None:
    write(file, b"one\n\ntwo\n\n")
    assert file.tail(3) == ["", "two", ""]


def test_the_tail_of_a_large_file_is_read_backwards(tmp_path: Path) -> None:
    file = OutputFile(tmp_path / "x.log")
    write(file, numbered(1, 60_000))
    assert file.tail(12_000) == [f"line {number:06d}" for number in range(48_001, 60_001)]


def test_a_flood_without_a_newline_is_read_up_to_the_limit(tmp_path: Path) -> None:
    file = OutputFile(tmp_path / "x.log")
    write(file, b"x" * 5_000_000)
    (line,) = file.tail(5, 100_000)
    assert len(line) == 100_000


def test_nothing_from_before_a_position_is_in_the_tail(file: OutputFile) -> None:
    write(file, b"old\n")
    since = file.position()
    assert file.tail(10, since=since) == []
    write(file, b"new\n")
    assert file.tail(10, since=since) == ["new"]


def test_a_small_file_is_left_alone(file: OutputFile) -> None:
    write(file, b"x" * 10 * KB)
    assert not file.rotate_if_large()


def test_a_large_file_is_emptied_and_its_end_kept_beside_it(file: OutputFile) -> None:
    write(file, numbered(1, 1000))
    assert file.rotate_if_large()
    assert file.path.stat().st_size == 0
    write(file, numbered(1001, 1010))
    assert file.tail(500) == [f"line {number:06d}" for number in range(511, 1011)]


def test_positions_go_on_over_rotations(file: OutputFile) -> None:
    write(file, numbered(1, 1000))
    since = file.position()
    file.rotate_if_large()
    assert file.position() == since
    write(file, numbered(1001, 1003))
    assert file.tail(100, since=since) == ["line 001001", "line 001002", "line 001003"]
    assert OutputFile(file.path).position() == file.position()


def test_the_disk_is_bounded_whatever_is_written(file: OutputFile) -> None:
    for _ in range(20):
        write(file, b"x" * 50 * KB)
        assert file.rotate_if_large()
    assert on_disk(file) <= 4 * 10 * KB
    assert file.position() == 20 * 50 * KB


def test_the_tail_passes_over_what_a_flood_left_out(file: OutputFile) -> None:
    for number in range(3):
        write(file, b"x" * 50 * KB + b"\nend %d\n" % number)
        file.rotate_if_large()
    assert [line for line in file.tail(100) if line.startswith("end")] == ["end 0", "end 1", "end 2"]


def test_a_follower_gets_every_byte_over_rotations(file: OutputFile) -> None:
    got, position = b"", 0
    for start in range(1, 5000, 100):
        write(file, numbered(start, start + 99))
        if start % 1000 == 1:
            file.rotate_if_large()
        data, position = file.follow(position)
        got += data
    while data := file.follow(position)[0]:
        got, position = got + data, position + len(data)
    assert got == numbered(1, 5000)


def test_a_follower_gets_pieces_of_bounded_size(file: OutputFile) -> None:
    write(file, b"abcdef")
    assert file.follow(0, 4) == (b"abcd", 4)
    assert file.follow(4, 4) == (b"ef", 6)
    assert file.follow(6, 4) == (b"", 6)


def test_a_follower_passes_over_what_is_gone(file: OutputFile) -> None:
    write(file, b"a" * 50 * KB)
    file.rotate_if_large()
    data, position = file.follow(0)
    assert data == b"a" * 10 * KB
    assert position == 50 * KB


def test_a_follower_goes_on_when_the_files_were_taken_away(file: OutputFile) -> None:
    write(file, b"a" * 50 * KB)
    file.rotate_if_large()
    _, position = file.follow(0)
    file.remove()
    assert list(file.path.parent.iterdir()) == []
    write(file, b"new")
    data, position = file.follow(position)
    assert file.follow(position) == (b"new", 3) if not data else data == b"new"


def test_reading_while_a_program_writes_and_is_rotated_never_goes_back(file: OutputFile) -> None:
    script = "import sys\nfor n in range(1, 40001): print(f'line {n:06d}', flush=n % 50 == 0)"
    file.path.parent.mkdir()
    with file.path.open("ab") as out:
        program = subprocess.Popen((sys.executable, "-c", script), stdout=out)
    got, position = b"", 0
    while program.poll() is None or file.follow(position)[0]:
        file.rotate_if_large()
        data, position = file.follow(position)
        got += data
    numbers = [int(line[5:]) for line in got.split(b"\n") if len(line) == 11 and line.startswith(b"line ")]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 40_000


@pytest.fixture
def rotation() -> Iterator[Rotation]:
    troubles: list[Exception] = []
    rotation = Rotation(lambda _path, error: troubles.append(error))
    rotation.start()
    yield rotation
    rotation.stop()
    assert troubles == []


def test_one_thread_keeps_many_files_small(tmp_path: Path, rotation: Rotation) -> None:
    files = [OutputFile(tmp_path / f"{number}.log", limit_bytes=KB) for number in range(50)]
    for file in files:
        rotation.add(file)
        write(file, b"x" * 2 * KB)
    assert eventually(lambda: all(file.path.stat().st_size == 0 for file in files))


def test_a_discarded_file_is_left_alone_and_may_come_back(tmp_path: Path, rotation: Rotation) -> None:
    left, other = (OutputFile(tmp_path / name, limit_bytes=KB) for name in ("left.log", "other.log"))
    rotation.add(left)
    rotation.discard(left.path)
    write(left, b"x" * 2 * KB)
    rotation.add(other)
    write(other, b"x" * 2 * KB)
    assert eventually(lambda: other.path.stat().st_size == 0)
    rotation.add(left)
    assert eventually(lambda: left.path.stat().st_size == 0)


def test_trouble_with_one_file_is_told_and_does_not_touch_the_others(tmp_path: Path) -> None:
    told = threading.Event()
    rotation = Rotation(lambda _path, _error: told.set())
    rotation.start()
    try:
        (tmp_path / "directory.log").mkdir()
        for number in range(200):
            (tmp_path / "directory.log" / f"{number}{'x' * 100}").touch()
        bad, good = (OutputFile(tmp_path / name, limit_bytes=KB) for name in ("directory.log", "good.log"))
        rotation.add(bad)
        assert told.wait(20)
        write(good, b"x" * 2 * KB)
        rotation.add(good)
        assert eventually(lambda: good.path.stat().st_size == 0)
    finally:
        rotation.stop()
