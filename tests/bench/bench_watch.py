"""Watching: what one check costs beside `git ls-remote`, and what many repositories cost. The source side alone."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from actors.source import RemoteUrl, Sources, parse
from tests.bench.row import Row
from tests.fakes.gitrepo import ENVIRONMENT, GitRepo
from tests.fakes.gitserver import GitServer
from tests.fakes.loopback_tls import make_authority

_LOOKS = 300
_LS_REMOTES = 20
_BRANCHES = 2000
_WINDOW_S = 8.0
_PERIOD_S = 60.0
_LIMIT_S = 120.0
_ROOT = Path(__file__).parents[2]


def measure() -> list[Row]:
    """All rows of watching; about half a minute, on loopback only."""
    with tempfile.TemporaryDirectory(prefix="vanka-bench-") as scratch:
        directory = Path(scratch)
        check, ls_remote_s = _one_check(directory / "tls")
        return [
            check,
            _bytes(directory / "bytes"),
            _many(directory / "1k", 1_000, 0.03, ls_remote_s),
            _many(directory / "10k", 10_000, 0.15, ls_remote_s),
        ]


def _one_check(directory: Path) -> tuple[Row, float]:
    """CPU of a check over TLS against that of `git ls-remote` (also returned, in seconds), asking the same server."""
    authority = make_authority(directory / "tls")
    repo = GitRepo(directory / "repos" / "shop.git", directory / "work")
    repo.commit({"main.py": "print(1)\n"})
    with _environment(SSL_CERT_FILE=str(authority)), _server("real", str(directory)) as port:
        url = parse(f"https://127.0.0.1:{port}/shop.git")
        sources = Sources(directory / "home")
        ours = _cpu_of_looks(sources, url)
        theirs = _cpu_of_ls_remote(url, authority)
        ours = min(ours, _cpu_of_looks(sources, url))
        sources.close()
    row = Row(
        "one check over HTTPS, CPU",
        "1/40 of git ls-remote",
        f"{ours * 1000:.2f} ms",
        f"{theirs * 1000:.1f} ms",
        theirs / ours,
        theirs / ours >= 40,
    )
    return row, theirs


def _cpu_of_looks(sources: Sources, url: RemoteUrl) -> float:
    sources.head(url)
    began = time.process_time()
    for _ in range(_LOOKS):
        sources.head(url)
    return (time.process_time() - began) / _LOOKS


def _cpu_of_ls_remote(url: RemoteUrl, authority: Path) -> float:
    environment = {"PATH": os.environ["PATH"], **ENVIRONMENT, "GIT_SSL_CAINFO": str(authority)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(_LS_REMOTES):
        command = ["git", "ls-remote", "--", url.raw, "refs/heads/main"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=_LIMIT_S)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / _LS_REMOTES


def _bytes(directory: Path) -> Row:
    """What comes down for one check of a repository with many branches, headers and all."""
    with GitServer(directory / "server") as server:
        repo = server.repo()
        repo.commit({"main.py": "print(1)\n"})
        repo.many_branches(_BRANCHES)
        url = parse(server.url("shop"))
        sources = Sources(directory / "home")
        sources.head(url, branch="main")
        sent = server.requests[-1].sent
        sources.repository(url).branches()
        whole = server.requests[-1].sent
        sources.close()
    return Row(
        f"one check at {_BRANCHES} refs, bytes down", "600", str(sent), f"{whole} (all refs)", whole / sent, sent <= 600
    )


def _many(directory: Path, count: int, share: float, ls_remote_s: float) -> Row:
    """That many addresses at their real rate for some seconds; the share of one core, and how late looks begin."""
    with _server("canned") as port:
        sources = Sources(directory / "home", per_site=24)
        urls = [parse(f"http://127.0.0.1:{port}/r{number}.git") for number in range(int(count * _WINDOW_S / _PERIOD_S))]
        late: list[float] = []
        with ThreadPoolExecutor(8) as pool:
            for url in urls[:16]:
                sources.head(url)
            began, cpu = time.monotonic(), time.process_time()
            looks: list[Future[None]] = []
            for number, url in enumerate(urls):
                due = began + number * _PERIOD_S / count
                time.sleep(max(0.0, due - time.monotonic()))
                looks.append(pool.submit(_look, sources, url, due, late))
            for look in looks:
                look.result(_LIMIT_S)
            used = (time.process_time() - cpu) / (time.monotonic() - began)
        sources.close()
    p99 = sorted(late)[int(len(late) * 0.99)]
    return Row(
        f"{count} repositories every 60 s, share of a core",
        f"{share:.0%}, p99 late at most 1 s",
        f"{used:.1%}, p99 {p99 * 1000:.1f} ms",
        f"{ls_remote_s * count / _PERIOD_S:.0%} (git ls-remote, reckoned)",
        ls_remote_s * count / _PERIOD_S / used,
        used <= share and p99 <= 1.0,
    )


def _look(sources: Sources, url: RemoteUrl, due: float, late: list[float]) -> None:
    late.append(time.monotonic() - due)
    sources.head(url, branch="main")


@contextmanager
def _server(*arguments: str) -> Iterator[int]:
    """A server in a process of its own; it ends with the block."""
    command = [sys.executable, "-m", "tests.bench.watch_servers", *arguments]
    child = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        yield int(child.stdout.readline())
    finally:
        child.stdin.close()
        child.stdout.close()
        child.wait(_LIMIT_S)


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


if __name__ == "__main__":
    for row in measure():
        print(row)
