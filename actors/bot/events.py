"""From an event to the facts of a notice: plain JSON, complete, so that it can be put into words days later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from actors.bot.alerts import Kind
from actors.bot.events_guest import GuestEvent, facts_of
from actors.errors import Unknown
from actors.messages import (
    CommitSeen,
    DeploymentEnded,
    DeploymentStarted,
    LoadExceeded,
    LoadRecovered,
    ProgramDown,
    ProgramParked,
    ProgramUnwell,
    ProgramUp,
    ProgramWell,
    ServiceNotice,
    ServiceStarted,
    TestDiscarded,
    TestFinished,
    WatchFailed,
    WatchRecovered,
)
from actors.model.deployment import Deployment, StageName, StageState, State
from actors.model.load import Raised
from actors.model.project import Environment, Policy, Project
from actors.model.version import Commit
from actors.records import Records
from actors.records.reminders import Reminder

MAX_LINES = 30
MAX_LINE = 400
MAX_TEXT = 600

Event = (
    CommitSeen
    | DeploymentStarted
    | DeploymentEnded
    | TestFinished
    | TestDiscarded
    | ProgramDown
    | ProgramUp
    | ProgramParked
    | ProgramUnwell
    | ProgramWell
    | WatchFailed
    | WatchRecovered
    | ServiceStarted
    | ServiceNotice
    | LoadExceeded
    | LoadRecovered
    | GuestEvent
)
EVENTS = Event.__args__
_ENDS = {
    State.SUCCEEDED: Kind.SUCCEEDED,
    State.FAILED: Kind.FAILED,
    State.ROLLED_BACK: Kind.ROLLED_BACK,
    State.CANCELLED: Kind.CANCELLED,
}


@dataclass(frozen=True)
class Draft:
    """A notice before it is stored. `key` names the fact for good; None: each one counts."""

    kind: Kind
    key: str | None
    facts: dict[str, Any]
    project: str | None = None
    quietly: bool = False  # whatever its kind says
    to: int | None = None  # only this person


class Drafts:
    """Knows the records that complete an event. `clean` masks secrets; `named` says who "telegram:42" is."""

    def __init__(self, records: Records, clean: Callable[[str], str], named: Callable[[str], str]) -> None:
        self._records = records
        self._clean = clean
        self._named = named

    def of(self, event: Event) -> Draft | None:
        """The notice that the event is worth; None: nobody needs to be told."""
        match event:
            case CommitSeen():
                return self._commit(event)
            case DeploymentStarted(deployment, resumed):
                return None if resumed else self._deployment(Kind.STARTED, deployment)
            case DeploymentEnded(deployment, output):
                return self.ended(deployment, output)
            case TestFinished(deployment, passed, exit_code, output, errors):
                return self._tested(deployment, passed, exit_code, output, errors)
            case TestDiscarded(deployment, unasked):
                return self._deployment(Kind.TEST_DISCARDED, deployment, unasked=unasked)
            case ProgramDown():
                return self._down(event)
            case ProgramUp(run, after_s):
                facts = {"version": run.version, "after_s": after_s, "test": run.environment is Environment.TEST}
                return self._about(Kind.UP, run.project, facts)
            case ProgramParked(project, version, exit_code, output):
                parked: dict[str, Any] = {"version": version, "exit_code": exit_code, "output": self._lines(output)}
                return self._about(Kind.PARKED, project, parked)
            case ProgramUnwell(project, version, reason, times, remedy):
                unwell = {"version": version, "error": self._text(reason), "times": times, "remedy": remedy.value}
                return self._about(Kind.UNWELL, project, unwell)
            case ProgramWell(project, version, after_s):
                return self._about(Kind.WELL, project, {"version": version, "after_s": after_s})
            case WatchFailed(project, error, times):
                return self._about(Kind.WATCH_FAILED, project, {"error": self._text(error), "times": times})
            case WatchRecovered(project):
                return self._about(Kind.WATCH_RECOVERED, project, {})
            case ServiceStarted(_at, after_crash):
                return Draft(Kind.SERVICE_BACK, None, {}) if after_crash else None
            case ServiceNotice(text, loud):
                return Draft(Kind.SERVICE, None, {"text": self._text(text)}, quietly=not loud)
            case LoadExceeded(raised) | LoadRecovered(raised):
                return _load(raised)
            case _:
                found = facts_of(event, self._text)
                return None if found is None else Draft(found.kind, found.key, found.facts, to=found.to)

    def ended(self, deployment: Deployment, output: Sequence[str]) -> Draft | None:
        """What a deployment came to; None for one that nobody saw begin."""
        if deployment.state not in _ENDS or (deployment.state is State.CANCELLED and deployment.started_at is None):
            return None
        if is_test_run(deployment):
            if deployment.state is State.CANCELLED:
                return None
            return self._tested(deployment, deployment.state is State.SUCCEEDED, None, output, None)
        return self._deployment(_ENDS[deployment.state], deployment, output=self._lines(output))

    def still_undecided(self, reminder: Reminder) -> Draft | None:
        """A test that waited for a decision, told once more; None when it does not wait any more."""
        for project in self._found(lambda: self._records.projects.by_no(reminder.project_no)):
            undecided = self._records.deployments.undecided(project)
            if undecided is not None and undecided[0].id == reminder.deployment:
                draft = self._deployment(Kind.TEST_FINISHED, undecided[0], reminder=True)
                return replace(draft, key=f"{draft.key}:again:{reminder.chat}:{reminder.due.isoformat()}")
        return None

    def _tested(
        self, deployment: Deployment, passed: bool, exit_code: int | None, output: Sequence[str], errors: int | None
    ) -> Draft:
        facts = {"passed": passed, "exit_code": exit_code, "output": self._lines(output), "errors": errors}
        return self._deployment(Kind.TEST_FINISHED, deployment, **facts)

    def _commit(self, event: CommitSeen) -> Draft | None:
        """By policy: where the commit is deployed or tested, that tells of it."""
        project = self._project(event.project)
        if project is None or (project.policy is not Policy.NOTIFY and not event.skipped and not event.forced_push):
            return None
        facts = {**self._commit_facts(event.commit), "skipped": event.skipped, "forced_push": event.forced_push}
        return self._about(Kind.COMMIT, event.project, facts, key=f"commit:{project.no}:{event.commit.sha}")

    def _down(self, event: ProgramDown) -> Draft:
        facts = {
            "version": event.version,
            "exit_code": event.exit_code,
            "restarts": event.restarts,
            "next_try_s": event.next_try_s,
            "test": event.environment is Environment.TEST,
            "output": self._lines(event.output),
        }
        return self._about(Kind.DOWN, event.project, facts)

    def _deployment(self, kind: Kind, deployment: Deployment, **more: Any) -> Draft:
        project = self._project(deployment.project)
        version = None
        if project is not None and deployment.version is not None:
            version = next(
                iter(self._found(lambda: self._records.versions.get(project, deployment.version or 0))), None
            )
        began, ended = deployment.started_at, deployment.ended_at
        facts = {
            "id": deployment.id,
            "kind": deployment.kind.value,
            "test": deployment.environment is Environment.TEST,
            "version": deployment.version,
            "sha": deployment.commit,
            **({} if version is None else self._commit_facts(version.commit)),
            "previous": deployment.previous,
            "error": None if deployment.error is None else self._text(deployment.error),
            "stages": [
                _stage(stage.name, stage.state, stage.started_at, stage.ended_at) for stage in deployment.stages
            ],
            "took_s": None if began is None or ended is None else (ended - began).total_seconds(),
            "who": self._named(deployment.asked_by),
            "running": None if project is None else self._records.versions.current(project),
            "note": deployment.note,
            "answered_ms": deployment.answered_ms,
            **more,
        }
        return self._about(kind, deployment.project, facts, key=key_of(deployment, kind))

    def _about(self, kind: Kind, name: str, facts: dict[str, Any], key: str | None = None) -> Draft:
        project = self._project(name)
        return Draft(kind, key, {"no": 0 if project is None else project.no, **facts}, name)

    def _project(self, name: str) -> Project | None:
        return next(iter(self._found(lambda: self._records.projects.get(name))), None)

    def _found(self, look: Callable[[], Any]) -> list[Any]:
        """What the records hold, empty where it was removed meanwhile."""
        try:
            return [look()]
        except Unknown:
            return []

    def _commit_facts(self, commit: Commit) -> dict[str, Any]:
        return {"sha": commit.sha, "subject": self._text(commit.subject, 200), "author": self._text(commit.author, 80)}

    def _lines(self, lines: Sequence[str]) -> list[str]:
        return [self._text(line, MAX_LINE) for line in lines[-MAX_LINES:]]

    def _text(self, text: str, most: int = MAX_TEXT) -> str:
        """Secrets masked, cut, and storable: halves of surrogate pairs become question marks."""
        return self._clean(text)[:most].encode("utf-8", "replace").decode("utf-8")


def _load(raised: Raised) -> Draft:
    """One notice an alert, and one for its end; that one without a sound, unless somebody wants it."""
    over = raised.over is not None
    facts = {
        "resource": raised.resource.value,
        "percent": round(raised.percent, 1),
        "limit": raised.limit,
        "over": over,
        "after_s": None if raised.over is None else (raised.over - raised.since).total_seconds(),
    }
    key = f"load:{raised.resource}:{raised.since.isoformat()}:{'over' if over else 'high'}"
    return Draft(Kind.LOAD, key, facts, quietly=over)


def key_of(deployment: Deployment, kind: Kind) -> str:
    """One notice a deployment and state, whichever way it is heard of."""
    return f"{deployment.id}:{deployment.state.value if kind is not Kind.TEST_DISCARDED else 'discarded'}"


def is_test_run(deployment: Deployment) -> bool:
    """Whether it is a test whose program had been found well: its end asks for a decision."""
    return deployment.environment is Environment.TEST and (
        deployment.stage(StageName.VERIFY).state is StageState.SUCCEEDED
    )


def _stage(name: StageName, state: StageState, began: datetime | None, ended: datetime | None) -> dict[str, Any]:
    took = None if began is None or ended is None else (ended - began).total_seconds()
    return {"name": name.value, "state": state.value, "took_s": took}
