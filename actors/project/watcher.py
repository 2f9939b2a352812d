"""Watcher: sees commits. One look at a time, spread in time, less often while looks fail."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from actors.errors import EmptyRepository, SourceError, VankaError
from actors.messages import CommitSeen, CommitWanted, Look, Seen, WatcherCommand, WatchFailed, WatchRecovered
from actors.model.project import Project
from actors.model.version import Commit
from actors.pipeline.services import Services
from actors.records.watch import Watched
from actors.source import parse
from runtime.actor import Actor
from runtime.backoff import Backoff
from runtime.jobs import Done
from runtime.reply import Deferred
from runtime.timers import Timer

FIRST_LOOK_S = 10.0  # the first looks after a start are spread over so long, or over the interval if that is shorter
JITTER = 0.1
LONGEST_PAUSE_S = 3600.0
SKIP_MARKS = ("[skip ci]", "[ci skip]")
TOLD_AGAIN = 10  # a check that goes on failing is told at its first failure and at every tenth


@dataclass(frozen=True)
class Sight:
    """What a look found: the branch's head, and the commit itself when it was not the one we knew."""

    branch: str
    sha: str
    commit: Commit | None = None
    skipped: bool = False
    forced_push: bool = False


@dataclass(frozen=True)
class Looked:
    """A look came back."""

    done: Done[Sight]


Message = WatcherCommand | Looked


class Watcher(Actor[Message]):
    """Looks at the branch's head at the project's interval; what is new goes to the deployer, once."""

    def __init__(self, services: Services, project_no: int) -> None:
        super().__init__()
        self._services = services
        self._records = services.records
        self._no = project_no
        self._looking = False
        self._known: Watched | None = None  # what the look under way compares with
        self._failures = 0
        self._timer: Timer | None = None
        self._asked: list[Deferred] = []
        self._checks = services.meters.counter("vanka_watch_checks_total", "Looks at repositories", ("result",))

    def on_start(self) -> None:
        """Hand over what was seen and perhaps never handled, and set the first look."""
        project = self._project()
        self._backoff = Backoff(first=project.interval_s, longest=max(LONGEST_PAUSE_S, project.interval_s))
        watched = self._records.watch.get(project)
        if watched is not None and not watched.handled:
            self._hand_over(watched)
        self._next_look(random.random() * min(FIRST_LOOK_S, project.interval_s))  # noqa: S311 - spreads load only

    def receive(self, message: Message) -> object:
        """Answers Look with a Seen when the look has ended."""
        match message:
            case Look(forced):
                if forced:
                    return self._asked_to_look()
                self._look()
            case Looked(done):
                self._looked(done)
            case _:
                assert_never(message)
        return None

    def _asked_to_look(self) -> Deferred:
        answer = self.context.defer()
        self._asked.append(answer)
        self._look()
        return answer

    def _look(self) -> None:
        project = self._project()
        if self._looking:
            return
        if project.paused and not self._asked:
            self._next_look(project.interval_s)
            return
        self._looking = True
        services, forced = self._services, bool(self._asked)
        known = self._known = self._records.watch.get(project)
        self.context.job("git", lambda: look(services, project, known, forced=forced), Looked)

    def _looked(self, done: Done[Sight]) -> None:
        self._looking = False
        if done.value is not None and done.value.commit is not None and self._overtaken():
            self._look()
            return
        project, now = self._project(), self._services.clock.now()
        answers, self._asked = self._asked, []
        if done.value is None:
            assert done.error is not None  # noqa: S101 - a job has one or the other
            for answer in answers:
                answer.fail(done.error)
            self._checks.add(result="failed")
            self._failed(project, done.error)
            return
        sight = done.value
        self._checks.add(result="unchanged" if sight.commit is None else "new")
        if self._failures:
            self.context.publish(WatchRecovered(project.name, now))
        self._failures = 0
        self._services.board.write(self._no, last_check_at=now, watch_error=None)
        if sight.commit is not None:
            self._saw(project, sight, sight.commit)
        for answer in answers:
            answer.answer(Seen(sight.sha, sight.commit is not None))
        self._next_look(project.interval_s * (1 - JITTER + 2 * JITTER * random.random()))  # noqa: S311 - as above

    def _overtaken(self) -> bool:
        """Whether a deployment asked the branch, or the address was changed, while the look was under way.

        What it found may then be older than what is known, and would take production back to it.
        """
        known = self._records.watch.get(self._project())
        return (known and known.sha) != (self._known and self._known.sha)

    def _saw(self, project: Project, sight: Sight, commit: Commit) -> None:
        watched = Watched(sight.branch, commit.sha, sight.skipped, commit)
        self._records.watch.put(project, watched)
        at = self._services.clock.now()
        self.context.publish(CommitSeen(project.name, commit, at, sight.skipped, sight.forced_push))
        if not sight.skipped:
            self._hand_over(watched)

    def _hand_over(self, watched: Watched) -> None:
        self.context.sibling("deployer").tell(CommitWanted(watched.sha))

    def _failed(self, project: Project, error: BaseException) -> None:
        self._failures += 1
        said = error.message if isinstance(error, VankaError) else f"{type(error).__name__}: {error}"
        now = self._services.clock.now()
        self._services.board.write(self._no, last_check_at=now, watch_error=said)
        if self._failures == 1 or self._failures % TOLD_AGAIN == 0:
            self.context.publish(WatchFailed(project.name, said, self._failures, now))
        # a repository without a commit is waited for, not given time to recover
        pause = project.interval_s if isinstance(error, EmptyRepository) else self._backoff.pause(self._failures)
        if isinstance(error, SourceError):
            pause = max(pause, float(error.fields.get("retry_after") or 0))
        self._next_look(pause)

    def _next_look(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.context.after(seconds, Look())
        due = self._services.clock.now() + timedelta(seconds=seconds)
        self._services.board.write(self._no, next_check_at=due)

    def _project(self) -> Project:
        return self._records.projects.by_no(self._no)


def look(services: Services, project: Project, known: Watched | None, *, forced: bool) -> Sight:
    """One look, in a job's thread. Only a head that is not the known one costs more than one small request.

    Projects of one URL share a look that is younger than half the interval; a forced one is always made. What a shared
    look says to be new is asked for once more: it may have been made before a deployment that asked the branch since.
    """
    url, access = parse(project.url), services.records.credentials.access(project)
    head = services.sources.head(url, access, project.branch, 0.0 if forced else project.interval_s / 2)
    if not forced and (known is None or known.sha != head.commit):
        head = services.sources.head(url, access, project.branch)
    if known is not None and known.sha == head.commit:
        return Sight(head.branch, head.commit)
    repository = services.sources.repository(url, access)
    if not repository.has(head.commit):  # another project of the same address may have brought it
        repository.fetch(commit=head.commit)
    commit = repository.commit(head.commit)
    message = repository.message(head.commit).casefold()
    same_branch = known is not None and known.branch == head.branch
    return Sight(
        head.branch,
        head.commit,
        commit,
        skipped=any(mark in message for mark in SKIP_MARKS),
        forced_push=same_branch and known is not None and not repository.is_ancestor(known.sha, head.commit),
    )
