"""What runs where: one record for each environment of a project that has a program."""

from __future__ import annotations

from actors.model.project import Environment, Project
from actors.model.run import Run
from actors.records.codec import run_in, run_out
from runtime.store import Store
from runtime.table import Table


class RunRecords:
    """Runs by project and environment. Any thread."""

    def __init__(self, store: Store) -> None:
        self._runs = Table(store, "run", schema=1, encode=run_out, decode=run_in)

    def get(self, project: Project, environment: Environment) -> Run | None:
        """What was started there last and not stopped by us; it may have ended since."""
        return self._runs.get(_key(project, environment))

    def all(self) -> dict[tuple[int, Environment], Run]:
        """Every one of them, by the project's number and the environment."""
        return {(int(key.partition("/")[0]), run.environment): run for key, run in self._runs.scan()}

    def put(self, project: Project, run: Run) -> None:
        """Remember a started program."""
        self._runs.put(_key(project, run.environment), run)

    def clear(self, project: Project, environment: Environment) -> None:
        """Nothing runs there any more."""
        self._runs.delete(_key(project, environment))


def _key(project: Project, environment: Environment) -> str:
    return f"{project.no:08d}/{environment.value}"
