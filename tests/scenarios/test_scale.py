"""Many projects: the service is up in time, each is there, and each can be worked with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from actors.model.deployment import State
from actors.model.project import Policy, Project
from actors.records.watch import Watched
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.inside import Inside
from tests.scenarios.service import answer_of, eventually, program

PROJECTS = 300


def test_house_full_of_projects_starts_and_each_of_them_can_be_deployed(tmp_path: Path) -> None:
    repo = GitRepo.in_directory(tmp_path, "shared")
    repo.commit({"main.py": program("shared")}, "One")
    repo.push()
    empty = Inside(tmp_path)
    records = empty.built.services.records
    with records.store.transaction():
        for number in range(PROJECTS):
            project = records.projects.add(
                Project(
                    no=0,
                    name=f"p{number:03d}",
                    url=str(repo.bare),
                    path=str(tmp_path / "apps" / f"p{number:03d}"),
                    created_at=datetime.now(UTC),
                    policy=Policy.NOTIFY,
                )
            )
            records.watch.put(project, Watched("main", repo.head(), handled=True))
    empty.close()

    house = Inside(tmp_path)
    try:
        assert len(house.control.statuses()) == PROJECTS
        families = next(node for node in house.built.system.tree().children if node.name == "projects").children
        assert len(families) == PROJECTS
        port = house.add(repo)
        house.control.edit("shop", "ann", probe=f"http://127.0.0.1:{port}/")
        assert house.deploy().state is State.SUCCEEDED
        eventually(lambda: answer_of(port) == "shared v1", "one of many answers")
        for name in ("p000", "p299"):
            assert house.control.check(name).commit == repo.head()
        house.control.remove("p150", False, "ann")
        assert len(house.control.projects()) == PROJECTS
    finally:
        house.close()
