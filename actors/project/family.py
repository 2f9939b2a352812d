"""The actors of one project: their child specs. One that keeps failing is parked, and no other project notices."""

from __future__ import annotations

from functools import partial

from actors.model.project import Project
from actors.pipeline.services import Services
from actors.project.deployer import Deployer
from actors.project.runner import Runner
from actors.project.watcher import Watcher
from runtime.child_spec import ChildSpec, OnGiveUp, Strategy, supervisor

RESTARTS = 5  # of one of its actors within ...
WITHIN_S = 60.0  # ... so many seconds, then the family is restarted as a unit; and after as many of those it is parked


def family(services: Services, project: Project) -> ChildSpec:
    """The supervisor of a project's actors."""
    return supervisor(
        project.name,
        [
            ChildSpec("deployer", partial(Deployer, services, project.no)),
            ChildSpec("runner", partial(Runner, services, project.no)),
            ChildSpec("watcher", partial(Watcher, services, project.no)),
        ],
        strategy=Strategy.ONE_FOR_ONE,
        restarts=RESTARTS,
        within=WITHIN_S,
        on_give_up=OnGiveUp.PARK,
        park_restarts=RESTARTS,
        park_within=WITHIN_S * 10,
    )


def families(services: Services) -> list[ChildSpec]:
    """The families of all projects on record: asked at each start of their supervisor."""
    return [family(services, project) for project in services.records.projects.all()]
