"""Whatever is thrown into whichever actor of the whole tree costs nothing but that actor's restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.control import NewProject
from actors.house import Built, Stop, build
from actors.settings import Settings
from runtime.cell import Node
from runtime.redact import Redactor
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.service import eventually


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Built]:
    """The whole tree in this process, with one project, no chat and no HTTP."""
    built = build(Settings(home=tmp_path / "home", http=None), Redactor(), Stop())
    built.system.start(built.tree)
    repo = GitRepo.in_directory(tmp_path, "shop")
    repo.commit({"main.py": "import time\ntime.sleep(600)\n"})
    repo.push()
    built.control.add(NewProject(name="shop", url=str(repo.bare), path=str(tmp_path / "app"), interval_s=3600), "test")
    try:
        yield built
    finally:
        built.control.remove("shop", False, "test")
        built.system.stop(8.0)
        built.close()


def leaves(node: Node) -> list[Node]:
    """The actors that are no supervisors."""
    below = [leaf for child in node.children for leaf in leaves(child)]
    return below if node.kind == "supervisor" else [node]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError, RecursionError])
def test_actor_that_is_hit_is_restarted_and_the_others_keep_their_incarnations(
    house: Built, error: type[BaseException]
) -> None:
    system = house.system
    for hit in leaves(system.tree()):
        before = {leaf.path: leaf.incarnation for leaf in leaves(system.tree())}
        assert system.crash(hit.path, error("thrown in"))

        def is_back(path: str = hit.path, was: int = before[hit.path]) -> bool:
            cell = system.find(path)
            return cell is not None and cell.incarnation > was and cell.alive

        eventually(is_back, f"{hit.path} gets back up after {error.__name__}")
        after = {leaf.path: leaf.incarnation for leaf in leaves(system.tree())}
        assert {path for path in before if after[path] != before[path]} == {hit.path}
    assert system.heartbeat()
    assert house.control.status("shop").state.value == "never deployed"


def test_crashed_actors_lose_no_deployment(house: Built) -> None:
    deployment = house.control.deploy("shop", "test")
    for actor in ("deployer", "runner", "watcher", f"job-{deployment.id}"):
        house.system.crash(f"projects/shop/{actor}", SystemExit("thrown in"))
    ended = house.control.wait(deployment.id, 60)
    assert ended.state.value == "succeeded"
    assert house.control.status("shop").state.value == "running"
