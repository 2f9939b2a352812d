"""Output files: bounded on disk, readable from the end, followed over rotations."""

from __future__ import annotations

import queue
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from runtime import output
from runtime.output import OutputFile
from runtime.rotation import Rotation
from runtime.shorten import front_of, take_front
from tests.runtime.test_shell import eventually

KB = 1024


@pytest.fixture(params=["moved up", "emptied"])
def way(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The two ways to cut a file: what was copied goes and the rest moves up, or all of it goes."""
    chosen: str = request.param
    if chosen == "emptied":
        monkeypatch.setattr(output, "take_front", lambda _descriptor, _length: False)
    elif not can_move_up(tmp_path):
        pytest.skip(f"the file system of {tmp_path} cannot take the beginning of a file away")
    return chosen


def can_move_up(directory: Path) -> bool:
    probe = directory / "probe"
    probe.write_bytes(b"x" * 1024 * KB)
    with probe.open("r+b") as file:
        able = take_front(file.fileno(), front_of(file.fileno(), 1024 * KB))
    probe.unlink()
    return able


@pytest.fixture
def file(tmp_path: Path, way: str) -> OutputFile:
    del way
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


def test_a_large_file_is_cut_and_its_end_kept_beside_it(file: OutputFile, way: str) -> None:
    write(file, numbered(1, 1000))
    assert file.rotate_if_large()
    assert file.path.stat().st_size == (0 if way == "emptied" else 12_000 % 4096)
    assert len(list(file.path.parent.iterdir())) == 2
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
        write(file, b"x" * 50 * KB + b"\nend %d\n" % number + b"y" * 5 * KB)
        file.rotate_if_large()
    ends = [line for line in file.tail(100) if line.startswith("end")]
    assert ends == ["end 0", "end 1", "end 2"]


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
    got, position = b"", 0
    while (found := file.follow(position))[0]:
        got, position = got + found[0], found[1]
    assert got == b"a" * 10 * KB
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


def lines_of(file: OutputFile, more: Callable[[], bool]) -> list[int]:
    """The numbers of all lines that a follower gets while the file is rotated, until `more` says it is enough.

    Each line says its number twice: one that a cut made of two says two, and is left out.
    """
    got, position = b"", 0
    while True:
        going_on = more()  # before the reading: what was written by then is read
        file.rotate_if_large()
        data, position = file.follow(position)
        got += data
        if not data and not going_on:
            return [int(found[1]) for found in re.finditer(rb"^(\d{6}) \1$", got, re.MULTILINE)]


def test_reading_while_a_program_writes_and_is_rotated_never_goes_back(file: OutputFile, way: str) -> None:
    script = "import sys\nfor n in range(1, 40001): print(f'{n:06d} {n:06d}', flush=n % 50 == 0)"
    file.path.parent.mkdir()
    with file.path.open("ab") as out:
        program = subprocess.Popen((sys.executable, "-c", script), stdout=out)
    numbers = lines_of(file, lambda: program.poll() is None)
    assert numbers == sorted(set(numbers))
    if way == "emptied":  # the last lines may have come in the instant of a cut, which can also go through a line
        write(file, b"\nthe end\n")
        assert file.tail(1) == ["the end"]
    else:
        assert numbers[-1] == 40_000


def test_no_line_is_lost_between_rotations_where_the_rest_moves_up(tmp_path: Path, way: str) -> None:
    if way == "emptied":
        pytest.skip("what is written in the instant of the cut is lost there, as the docstring says")
    file = OutputFile(tmp_path / "x.log", limit_bytes=10 * KB, keep=1000)
    # no flood: the program is at most five times a hundred lines ahead, which is less than the limit
    turns: queue.Queue[None] = queue.Queue(maxsize=4)

    def program() -> None:
        with file.path.open("ab", buffering=0) as out:
            for number in range(1, 20_001):
                if number % 100 == 0:
                    turns.get()
                out.write(b"%06d %06d\n" % (number, number))

    writer = threading.Thread(target=program)
    writer.start()

    def more() -> bool:
        with suppress(queue.Full):
            turns.put_nowait(None)
        return writer.is_alive()

    assert lines_of(file, more) == list(range(1, 20_001))
    writer.join()


def test_what_cannot_be_copied_is_dropped_so_that_it_does_not_fill_the_disk(
    file: OutputFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, numbered(1, 1000))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(output, "_copy", full)
        with pytest.raises(OSError, match="No space"):
            file.rotate_if_large()
    assert on_disk(file) == 0
    write(file, b"goes on\n")
    assert file.tail(10) == ["goes on"]


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
