"""Environments: changed requirements with a warm cache against pip, and the stored environment found by its hash."""

from __future__ import annotations

import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from actors.artifacts.environments import EnvironmentInfo, Environments
from actors.artifacts.installer import Installer
from actors.artifacts.layout import Layout
from actors.artifacts.releases import Releases
from actors.errors import BuildError
from actors.model.project import Project
from tests.bench.row import Row

REQUIREMENTS = "flask\nrequests\n"
ROUNDS = 3
AGAINST_PIP = 1 / 4
REUSE_S = 0.1


def measure() -> list[Row]:
    """About a minute; it needs the package index, and says so where there is none."""
    name = "changed requirements, warm caches: environment with pip in it and bytecode"
    with tempfile.TemporaryDirectory() as folder:
        try:
            seconds, reuse = _both(Path(folder))
        except BuildError as error:
            return [Row(name, "1/4 of pip", f"not measured: {error.message}", "", None, False)]
    fast, slow = min(seconds["uv"]), min(seconds["pip"])  # the best of each: what else the machine does only adds
    again = statistics.median(reuse)
    return [
        Row(
            name, "1/4 of pip", f"{fast:.2f} s", f"venv and pip: {slow:.2f} s", fast / slow, fast / slow <= AGAINST_PIP
        ),
        Row(
            "the same requirements again: the stored environment, checked",
            f"{REUSE_S} s",
            f"{1000 * again:.1f} ms",
            f"made anew: {1000 * fast:.0f} ms",
            again / fast,
            again <= REUSE_S,
        ),
    ]


def _both(folder: Path) -> tuple[dict[Installer, list[float]], list[float]]:
    """Both installers side by side, each round with requirements that no environment was made of yet."""
    layout = Layout(folder / "home")
    environments, releases = Environments(layout), Releases(layout)
    project = Project(no=1, name="bench", url="", path=str(folder / "t"), created_at=datetime(2026, 1, 1, tzinfo=UTC))

    def ensure(text: str, installer: Installer) -> EnvironmentInfo:
        staged = releases.begin(project, 1)
        (staged / "requirements.txt").write_text(text)
        return environments.ensure(project, staged, installer=installer)

    installers: tuple[Installer, Installer] = ("uv", "pip")
    seconds: dict[Installer, list[float]] = {"uv": [], "pip": []}
    for installer in installers:  # warms the caches of both
        ensure(REQUIREMENTS, installer)
    for number in range(ROUNDS):
        for installer in installers:
            seconds[installer].append(ensure(f"{REQUIREMENTS}pip>={number}\n", installer).seconds)
    reuse = [ensure(REQUIREMENTS, "uv") for _ in range(ROUNDS)]
    if not all(info.reused for info in reuse):
        raise BuildError("the stored environment was not used again")
    return seconds, [info.seconds for info in reuse]
