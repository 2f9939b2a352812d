"""The scripts of ops/: from a bare checkout to a running command, and the clear line where that cannot be."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 60.0
MAKE_LIMIT_S = 600.0

# stands in for the service's command line in checkouts that only try how it is reached
SHOW = """\
import os, sys
print(sys.prefix, os.getcwd(), *sys.argv[1:], sep="|", flush=True)
if "wait" in sys.argv:
    sys.stdin.read()
sys.exit(7)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose lock asks for nothing, so that its environment is made without a network."""
    return bare(tmp_path / "check out")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a checkout whose environment is there; the tests of this file share it."""
    root = bare(tmp_path_factory.mktemp("made") / "check out")
    assert run(root / "ops" / "vanka", limit=MAKE_LIMIT_S).returncode == 7
    return root


def bare(root: Path) -> Path:
    """A checkout without an environment."""
    (root / "actors" / "cli").mkdir(parents=True)
    (root / "ops").mkdir()
    (root / "actors" / "__init__.py").touch()
    (root / "actors" / "cli" / "__init__.py").touch()
    (root / "actors" / "cli" / "__main__.py").write_text(SHOW)
    for name in ("_venv.py", "vanka", "test", "check", "bench"):
        shutil.copy2(ROOT / "ops" / name, root / "ops" / name)
    (root / "ops" / "requirements.lock").write_text("# nothing\n")
    return root


def environ(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VANKA_", "PYTHON", "VIRTUAL_"))}
    return kept | more


def run(script: Path, *args: str, limit: float = LIMIT_S, **options: object) -> subprocess.CompletedProcess[str]:
    given = {"env": environ(), "cwd": script.parents[2], **options}
    return subprocess.run(
        [sys.executable, str(script), *args],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
        **given,  # type: ignore[call-overload] # passed through
    )


def test_a_bare_checkout_makes_its_environment_and_runs_the_command_where_we_stand(checkout: Path) -> None:
    ran = run(checkout / "ops" / "vanka", "status", "two words", limit=MAKE_LIMIT_S)
    prefix, where, *args = ran.stdout.strip().split("|")
    assert ran.returncode == 7
    assert Path(prefix) == checkout / ".venv"
    assert Path(where) == checkout.parent
    assert args == ["status", "two words"]
    assert "once" in ran.stderr
    again = run(checkout / "ops" / "vanka", "status")
    assert (again.returncode, again.stderr) == (7, "")


def test_what_stands_in_the_current_directory_does_not_shadow_the_code(made: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    (place / "actors").mkdir(parents=True)
    (place / "actors" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    (place / "json.py").write_text("raise SystemExit('the wrong one')")
    assert run(made / "ops" / "vanka", cwd=place).returncode == 7


def test_a_half_made_environment_is_made_again(made: Path) -> None:
    (made / ".venv" / "vanka.stamp").unlink()
    (made / ".venv" / "rubbish").mkdir()
    assert "once" in run(made / "ops" / "vanka", limit=MAKE_LIMIT_S).stderr
    assert not (made / ".venv" / "rubbish").exists()


def test_another_lock_makes_it_again(made: Path) -> None:
    (made / "ops" / "requirements.lock").write_text("# nothing, in other words\n")
    assert "once" in run(made / "ops" / "vanka", limit=MAKE_LIMIT_S).stderr
    assert run(made / "ops" / "vanka").stderr == ""


def test_two_at_once_make_it_once(checkout: Path) -> None:
    ran: list[subprocess.CompletedProcess[str]] = []
    threads = [
        threading.Thread(target=lambda: ran.append(run(checkout / "ops" / "vanka", limit=MAKE_LIMIT_S)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(MAKE_LIMIT_S)
    assert [it.returncode for it in ran] == [7, 7, 7]
    assert sum("making" in it.stderr for it in ran) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to pass on")
def test_signals_reach_the_command_itself(made: Path) -> None:
    with subprocess.Popen(
        [sys.executable, str(made / "ops" / "vanka"), "wait"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ(),
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline()  # it runs now, under the very process id that was started
        child.send_signal(signal.SIGTERM)
        assert child.wait(LIMIT_S) == -signal.SIGTERM


def without(tmp_path: Path, *names: str) -> dict[str, str]:
    """An environment whose Python seems to lack these modules, and that has no uv."""
    blind = tmp_path / "blind"
    blind.mkdir()
    (blind / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        f"gone, real = {names!r}, util.find_spec\n"
        "util.find_spec = lambda name, package=None: None if name in gone else real(name)\n"
    )
    return environ(PYTHONPATH=str(blind), PATH=str(tmp_path))


def test_without_a_way_to_make_environments_one_line_says_what_to_install(checkout: Path, tmp_path: Path) -> None:
    # as Debian ships it without python3-venv, and without pip
    ran = run(checkout / "ops" / "vanka", env=without(tmp_path, "ensurepip", "virtualenv", "pip"))
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.splitlines()[-1].startswith("vanka: this Python cannot make virtual environments")
    assert "python3-venv" in ran.stderr


@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="this Python has no pip of its own")
def test_without_ensurepip_the_pip_that_is_there_does_it(checkout: Path, tmp_path: Path) -> None:
    env = without(tmp_path, "ensurepip", "virtualenv")
    assert run(checkout / "ops" / "vanka", env=env, limit=MAKE_LIMIT_S).returncode == 7
    assert not list((checkout / ".venv").rglob("pip"))


def test_without_a_network_one_line_says_so(checkout: Path) -> None:
    pin = "pykka==4.5.0 --hash=sha256:" + "0" * 64
    (checkout / "ops" / "requirements.lock").write_text(pin + "\n")
    nowhere = {f"{name}_PROXY": "http://127.0.0.1:9" for name in ("HTTPS", "HTTP", "ALL")}
    options = {
        "PIP_RETRIES": "0",
        "PIP_TIMEOUT": "2",
        "UV_HTTP_TIMEOUT": "2",
        "PIP_NO_CACHE_DIR": "1",
        "UV_NO_CACHE": "1",
    }
    index = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple"}
    env = environ(**nowhere, **options, **index, PIP_CONFIG_FILE=os.devnull, NO_PROXY="")
    ran = run(checkout / "ops" / "vanka", env=env, limit=MAKE_LIMIT_S)
    assert ran.returncode == 1
    assert "cannot be reached" in ran.stderr.splitlines()[-1]
    assert not (checkout / ".venv" / "vanka.stamp").exists()


def test_an_incomplete_checkout_is_told(checkout: Path) -> None:
    (checkout / "ops" / "requirements.lock").unlink()
    ran = run(checkout / "ops" / "vanka")
    assert ran.returncode == 1
    assert ran.stderr.startswith("vanka: ")
    assert "requirements.lock" in ran.stderr


def test_the_scripts_can_be_started_as_they_are() -> None:
    for name in ("vanka", "test", "check", "bench"):
        assert os.access(ROOT / "ops" / name, os.X_OK), name
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.slow
@pytest.mark.skipif("VANKA_SLOW" not in os.environ, reason="makes the whole environment; set VANKA_SLOW=1 to run it")
def test_the_whole_environment_is_made_from_the_real_lock(checkout: Path) -> None:
    shutil.copy2(ROOT / "ops" / "requirements.lock", checkout / "ops" / "requirements.lock")
    assert run(checkout / "ops" / "vanka", limit=MAKE_LIMIT_S).returncode == 7
    venv = checkout / ".venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    imports = (
        "import pykka, telebot, git, docker, psutil, diskcache, cryptography, structlog, waitress, pytest, mypy, uv"
    )
    subprocess.run([str(python), "-c", imports], check=True, timeout=LIMIT_S)


# --- ops/check and ops/bench, their own part


def load(name: str) -> dict[str, object]:
    """The names of a script without a suffix, run as a module."""
    import runpy

    before = list(sys.path)
    dont_write = sys.dont_write_bytecode
    try:
        return runpy.run_path(str(ROOT / "ops" / name))
    finally:
        sys.path[:] = before
        sys.dont_write_bytecode = dont_write


def test_the_lock_holds_no_address_and_all_that_is_asked_for() -> None:
    check = load("check")
    assert check["lock_faults"]() == ""  # type: ignore[operator] # a function of the script


def test_a_lock_with_an_address_or_without_hashes_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = load("check")
    bad = tmp_path / "requirements.lock"
    bad.write_text("pykka==1.0\n# at http://x/\n")
    monkeypatch.setattr(check["_venv"], "LOCK", str(bad))
    faults = check["lock_faults"]()  # type: ignore[operator] # a function of the script
    assert "line 2 holds an address" in faults
    assert "pykka is not pinned with hashes" in faults
    assert "asks for pykka" in faults
    assert "asks for waitress" in faults


def test_measurements_become_one_table() -> None:
    bench = load("bench")
    row, table = bench["row"], bench["table"]
    rows = [
        row({"name": "a", "target": 2.0, "measured": 1.0, "baseline": 10.0}, "x"),  # type: ignore[operator] # of the script
        row({"target": "1/40", "measured": "1/80", "ok": False}, "b"),  # type: ignore[operator] # of the script
    ]
    assert (rows[0]["ratio"], rows[0]["ok"], rows[1]["name"]) == (10.0, True, "b")
    lines = table(rows).splitlines()  # type: ignore[operator] # of the script
    assert lines[0].split() == ["name", "target", "measured", "baseline", "ratio", "ok"]
    assert lines[1].endswith("ok")
    assert lines[2].endswith("MISSED")
