"""The machine as we may use it: its load within the container's limits, its paths, its names."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime import host
from runtime.errors import HostError


def eventually(true: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < until:
        if true():
            return True
        pause.wait(0.02)
    return true()


def test_a_busy_machine_shows_load(tmp_path: Path) -> None:
    sampler = host.Sampler(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            assert eventually(lambda: sampler.sample().cpu_percent > 100 / (os.cpu_count() or 1) / 4)
        finally:
            busy.kill()
    load = sampler.sample()
    assert 0 <= load.cpu_percent <= 100
    assert 0 < load.cpu_count <= (os.cpu_count() or 1)
    assert 0 < load.memory_bytes <= load.memory_limit_bytes
    assert 0 < load.memory_percent <= 100
    assert 0 < load.disk_free_bytes <= load.disk_total_bytes
    assert 0 <= load.disk_percent <= 100
    assert load.processes > 1
    assert load.threads >= load.processes
    assert load.uptime > 0


class Ticks:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def container(root: Path, cores: str = "50000 100000", memory: int = 1 << 20, used_usec: int = 1_000_000) -> None:
    group = root / "sys/fs/cgroup"
    group.mkdir(parents=True, exist_ok=True)
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/self/cgroup").write_text("0::/\n")
    (group / "cgroup.controllers").write_text("cpu memory\n")
    (group / "cpu.max").write_text(cores)
    (group / "cpu.stat").write_text(f"usage_usec {used_usec}\n")
    (group / "memory.max").write_text(str(memory))
    (group / "memory.current").write_text(str(1 << 19))
    (group / "memory.stat").write_text(f"inactive_file {1 << 18}\n")


def test_in_a_container_load_is_of_what_it_may_use(tmp_path: Path) -> None:
    ticks = Ticks()
    container(tmp_path)
    sampler = host.Sampler(tmp_path, root=tmp_path, monotonic=ticks)
    ticks.now += 10
    container(tmp_path, used_usec=3_500_000)  # 2.5 s of CPU in 10 s, of half a core
    load = sampler.sample()
    assert load.limit_source == "cgroup v2"
    assert load.cpu_count == 0.5
    assert load.cpu_percent == pytest.approx(50)
    assert (load.memory_bytes, load.memory_limit_bytes) == (1 << 18, 1 << 20)
    assert load.memory_percent == 25
    assert sampler.sample().cpu_percent == pytest.approx(50)  # too soon for a new figure: the last one stays


def test_a_limit_changed_between_two_looks_gives_no_wild_figure(tmp_path: Path) -> None:
    ticks = Ticks()
    container(tmp_path)
    sampler = host.Sampler(tmp_path, root=tmp_path, monotonic=ticks)
    ticks.now += 1
    container(tmp_path, "10000 100000", used_usec=900_000_000)
    assert sampler.sample().cpu_percent == 0
    ticks.now += 1
    container(tmp_path, "10000 100000", used_usec=990_000_000)
    assert sampler.sample().cpu_percent == 100


def test_without_a_limit_the_host_is_told_of(tmp_path: Path) -> None:
    load = host.Sampler(tmp_path, root=tmp_path / "nothing").sample()
    assert load.limit_source == "host"
    container(tmp_path, "max 100000", memory=1 << 60)
    assert host.Sampler(tmp_path, root=tmp_path).sample().limit_source == "host"


def test_the_disk_of_a_path_that_is_not_there_yet_is_its_parent_s(tmp_path: Path) -> None:
    usage = host.disk_usage(tmp_path / "a" / "b")
    assert usage.total == shutil.disk_usage(tmp_path).total
    assert host.free_bytes(tmp_path / "a") > 0
    (tmp_path / "file").write_text("x")
    assert host.disk_usage(tmp_path / "file" / "below").total == usage.total


def test_a_disk_that_does_not_answer_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> object:
        raise OSError(5, "Input/output error")

    sampler = host.Sampler(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", broken)
    with pytest.raises(HostError, match="cannot tell the space"):
        host.disk_usage(tmp_path)
    assert sampler.sample().disk_total_bytes == 0


@pytest.mark.parametrize(
    ("told", "wide", "normal"),
    [
        ("AMD64", True, "x86_64"),
        ("x86_64", True, "x86_64"),
        ("arm64", True, "aarch64"),
        ("ARM64", True, "aarch64"),
        ("aarch64", False, "armv7l"),
        ("armv7l", False, "armv7l"),
        ("armv8l", False, "armv7l"),
        ("x86_64", False, "i686"),
        ("riscv64", True, "riscv64"),
    ],
)
def test_architectures_go_by_one_name(told: str, wide: bool, normal: str) -> None:
    assert host.normal_arch(told, wide=wide) == normal


def test_the_machine_knows_itself() -> None:
    machine = host.machine()
    assert machine.os in ("linux", "windows", "darwin")
    assert machine.arch
    assert machine.python.startswith("3.")


def test_containers_are_recognised(tmp_path: Path) -> None:
    assert not host.in_container({}, tmp_path)
    assert host.in_container({"VANKA_IN_IMAGE": "1"}, tmp_path)
    assert host.in_container({"container": "podman"}, tmp_path)
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/cgroup").write_text("0::/kubepods/besteffort/pod1\n")
    assert host.in_container({}, tmp_path)
    (tmp_path / "proc/1/cgroup").write_text("0::/init.scope\n")
    assert not host.in_container({}, tmp_path)
    (tmp_path / ".dockerenv").touch()
    assert host.in_container({}, tmp_path)


def test_state_is_kept_in_data_in_the_image_and_where_the_platform_says_elsewhere(tmp_path: Path) -> None:
    elsewhere = host.data_dir({}, tmp_path)
    assert "vanka" in elsewhere.parts
    assert host.data_dir({"VANKA_IN_IMAGE": "1"}, tmp_path) == tmp_path / "data"
    (tmp_path / ".dockerenv").touch()
    assert host.data_dir({}, tmp_path) == elsewhere
    (tmp_path / "data").mkdir()
    assert host.data_dir({}, tmp_path) == tmp_path / "data"


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no Unix sockets here")
def test_a_path_too_long_for_a_socket_gets_a_short_one_of_its_own(tmp_path: Path) -> None:
    for length in (95, 103, 104, 107, 108, 130):
        path = Path("/tmp") / ("x" * (length - 5))
        assert len(os.fsencode(path)) == length
        with socket.socket(socket.AF_UNIX) as listener:
            try:
                listener.bind(str(path))
                bound = True
                path.unlink()
            except OSError:
                bound = False
        assert host.fit_for_socket_path(path) is bound
    long, other = tmp_path / ("a" * 120), tmp_path / ("b" * 120)
    assert host.short_socket_path(Path("/tmp/s")) == Path("/tmp/s")
    assert host.fit_for_socket_path(host.short_socket_path(long))
    assert host.short_socket_path(long) == host.short_socket_path(long) != host.short_socket_path(other)
