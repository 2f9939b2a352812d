"""Environments are made once for the same inputs, checked before reuse, and never changed."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from actors.artifacts.environments import EnvironmentInfo, Environments
from actors.artifacts.interpreter import python_in
from actors.artifacts.making import find_uv
from actors.errors import BuildError
from runtime import shell
from runtime.errors import Cancelled
from tests.actors.artifacts.wheelhouse import package, wheel, wheelhouse
from tests.actors.artifacts.workshop import Shop, write


class Bench:
    """A project whose releases want environments, from a wheelhouse of its own."""

    def __init__(self, root: Path) -> None:
        self.shop = Shop(root)
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        self.packages = root / "packages"
        (root / "person").mkdir()
        environ = {**kept, "HOME": str(root / "person"), **wheelhouse(self.packages)}
        self.environments = Environments(self.shop.layout, environ)
        self.log = root / "build.log"
        self.staged = 0

    def stage(self, files: Mapping[str, str]) -> Path:
        self.staged += 1
        release = self.shop.releases.begin(self.shop.project, self.staged)
        write(release, files)
        return release

    def ensure(self, files: Mapping[str, str], **options: Any) -> EnvironmentInfo:
        return self.environments.ensure(self.shop.project, self.stage(files), sink=self.log, **options)

    def python(self, info: EnvironmentInfo, code: str, cwd: Path | None = None) -> str:
        outcome = shell.run(
            shell.Command((str(python_in(info.path)), "-c", code), cwd=cwd, env={"PATH": os.environ["PATH"]})
        )
        assert outcome.ok, outcome.text
        return outcome.text.strip()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_requirements_are_installed_with_pip_beside_them(bench: Bench, installer: str) -> None:
    info = bench.ensure({"requirements.txt": "greeting==1.0\n"}, installer=installer)
    assert not info.reused
    assert bench.python(info, "import greeting, pip; print(greeting.version)") == "1.0"
    assert b"greeting" in bench.log.read_bytes()


def test_the_same_requirements_get_the_same_environment(bench: Bench) -> None:
    first = bench.ensure({"requirements.txt": "greeting\n", "main.py": "1"})
    second = bench.ensure({"requirements.txt": "# a comment\n\ngreeting  # another\n", "main.py": "2"})
    assert second.reused
    assert second.path == first.path
    other = bench.ensure({"requirements.txt": "greeting<2\n"})
    assert other.path != first.path


def test_no_requirements_is_an_environment_with_pip_only(bench: Bench) -> None:
    info = bench.ensure({"main.py": ""})
    assert bench.python(info, "import pip; print(pip.__name__)") == "pip"


def test_an_environment_works_through_the_releases_venv_after_the_rename(bench: Bench) -> None:
    release = bench.stage({"requirements.txt": "greeting\n"})
    info = bench.environments.ensure(bench.shop.project, release)
    bench.environments.link(release, info)
    whole = bench.shop.releases.complete(bench.shop.project, 1, release)
    bench.shop.target.switch(bench.shop.project, whole)
    python = python_in(bench.shop.path / "venv")
    outcome = shell.run(shell.Command((str(python), "-c", "import greeting, sys; print(sys.prefix)"), env={}))
    assert outcome.ok, outcome.text
    script = shell.run(shell.Command((str(python.parent / "pip"), "--version"), env={"PATH": os.environ["PATH"]}))
    assert script.ok, script.text


def test_an_unsatisfiable_requirement_fails_with_the_tools_own_words(bench: Bench) -> None:
    with pytest.raises(BuildError) as failed:
        bench.ensure({"requirements.txt": "greeting==9.9\n"})
    assert "greeting==9.9" in failed.value.output
    assert bench.environments.directories(bench.shop.project) == []


def test_a_damaged_environment_is_made_anew_and_the_old_one_is_left_to_who_runs_in_it(bench: Bench) -> None:
    files = {"requirements.txt": "greeting\n"}
    first = bench.ensure(files)
    [module] = first.path.rglob("greeting.py")
    module.write_text("broken = True\n")
    second = bench.ensure(files)
    assert not second.reused
    assert second.path != first.path
    assert module.read_text() == "broken = True\n"
    assert bench.ensure(files).path == second.path


def test_a_refresh_takes_what_is_newest_now_and_later_builds_follow(bench: Bench) -> None:
    files = {"requirements.txt": "farewell\n"}
    first = bench.ensure(files)
    wheel(bench.packages, "farewell", "1.1")
    assert bench.ensure(files).path == first.path
    fresh = bench.ensure(files, refresh=True)
    assert bench.python(fresh, "import farewell; print(farewell.version)") == "1.1"
    assert bench.python(first, "import farewell; print(farewell.version)") == "1.0"
    assert bench.ensure(files).path == fresh.path


def test_two_builds_at_once_share_one_environment(bench: Bench) -> None:
    releases = [bench.stage({"requirements.txt": "greeting\n"}) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda release: bench.environments.ensure(bench.shop.project, release), releases))
    assert found[0].path == found[1].path
    assert sorted(info.reused for info in found) == [False, True]


def test_a_build_that_was_killed_leaves_nothing_that_is_used(bench: Bench) -> None:
    files = {"requirements.txt": "greeting\n"}
    first = bench.ensure(files)
    first.path.with_name(f"{first.path.name}.vanka-environment.json").unlink()
    (first.path / "half").mkdir()
    second = bench.ensure(files)
    assert not second.reused
    assert second.path == first.path
    assert not (second.path / "half").exists()


def test_a_cancelled_build_ends_its_processes_and_leaves_nothing(bench: Bench) -> None:
    cancel = shell.Cancel()
    slow = "import time\ntime.sleep(600)\n"
    release = bench.stage({"requirements.txt": "./slow\n", "slow/setup.py": slow})
    timer = threading.Timer(1.0, cancel.set)
    timer.start()
    with pytest.raises(Cancelled):
        bench.environments.ensure(bench.shop.project, release, installer="pip", cancel=cancel)
    timer.join()
    assert bench.environments.directories(bench.shop.project) == []


@pytest.mark.parametrize("line", [".", "-e .", "./part", "-e ./part"])
def test_local_requirements_are_installed_and_leave_the_release_as_it_was(bench: Bench, line: str) -> None:
    folder = "part/" if "part" in line else ""
    files = {"requirements.txt": f"{line}\n", "main.py": "", **package("n = 1", folder)}
    release = bench.stage(files)
    info = bench.environments.ensure(bench.shop.project, release, sink=bench.log)
    assert bench.python(info, "import own, greeting; print(own.n)", cwd=bench.packages) == "1"
    assert sorted(path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()) == sorted(
        files
    )
    changed = bench.ensure({**files, **package("n = 2", folder)})
    assert bench.python(changed, "import own; print(own.n)", cwd=bench.packages) == "2"


@pytest.mark.parametrize("uv_is_here", [True, False])
def test_a_pyproject_without_a_build_system_gives_its_dependencies(
    bench: Bench, uv_is_here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not uv_is_here:
        monkeypatch.setattr("actors.artifacts.making.find_uv", lambda: None)
        monkeypatch.setattr("actors.artifacts.environments.find_uv", lambda: None)
    text = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["greeting==1.0"]\n'
    info = bench.ensure({"pyproject.toml": text, "main.py": "", "other.py": ""})
    assert (b"uv is not here" in bench.log.read_bytes()) is not uv_is_here
    assert bench.python(info, "import greeting; print(greeting.version)") == "1.0"


def test_a_lock_beside_it_pins_what_is_installed(bench: Bench) -> None:
    text = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["greeting"]\n'
    release = bench.stage({"pyproject.toml": text, "main.py": ""})
    lock = (str(find_uv()), "lock", "--find-links", str(bench.packages), "--upgrade-package", "greeting==1.0")
    outcome = shell.run(shell.Command(lock, cwd=release, env=dict(bench.environments.environ)))
    assert outcome.ok, outcome.text
    before = (release / "uv.lock").read_bytes()
    info = bench.environments.ensure(bench.shop.project, release, sink=bench.log)
    assert bench.python(info, "import greeting; print(greeting.version)") == "1.0"
    assert (release / "uv.lock").read_bytes() == before
    assert sorted(os.listdir(release)) == ["main.py", "pyproject.toml", "uv.lock"]


def test_a_pyproject_with_a_build_system_is_installed_itself(bench: Bench) -> None:
    info = bench.ensure(package("n = 5"))
    assert bench.python(info, "import own, greeting; print(own.n)", cwd=bench.packages) == "5"


def test_the_tools_see_nothing_of_our_own_environment(bench: Bench) -> None:
    ours = {"VANKA_TELEGRAM_TOKEN": "t", "VIRTUAL_ENV": "/ours", "PYTHONPATH": "/ours", "TOKEN": "s"}
    environments = Environments(bench.shop.layout, {**bench.environments.environ, **ours})
    spy = "import os\nraise SystemExit('SEEN ' + ' '.join(f'{k}={v}' for k, v in sorted(os.environ.items())))\n"
    release = bench.stage({"requirements.txt": "./spy\n", **package("", "spy/"), "spy/backend.py": spy})
    with pytest.raises(BuildError) as failed:
        environments.ensure(bench.shop.project, release)
    assert "SEEN" in failed.value.output
    for word in ("VANKA", "/ours", "TOKEN"):
        assert word not in failed.value.output


def test_variables_named_in_the_requirements_are_filled_and_change_the_hash(bench: Bench) -> None:
    files = {"requirements.txt": "greeting==${GREETING_VERSION}\n"}
    info = bench.ensure(files, installer="pip", variables={"GREETING_VERSION": "1.0", "OTHER": "x"})
    assert bench.python(info, "import greeting; print(greeting.version)") == "1.0"
    other = bench.environments.key(bench.stage(files), installer="pip", variables={"GREETING_VERSION": "2.0"})
    assert other != info.id


@pytest.mark.slow
def test_packages_come_from_the_index(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    release = shop.releases.begin(shop.project, 1)
    write(release, {"requirements.txt": "six==1.16.0\n"})
    try:
        info = Environments(shop.layout).ensure(shop.project, release)
    except BuildError as error:
        if any(word in error.output.lower() for word in ("connect", "dns", "resolve", "network", "request failed")):
            pytest.skip("no package index can be reached")
        raise
    assert list(info.path.rglob("six.py"))
