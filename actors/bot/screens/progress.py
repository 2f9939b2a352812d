"""R6, a deployment on its way and its result; R3, a running test; R4, what follows it."""

from __future__ import annotations

from datetime import datetime

from actors.bot.links import Link
from actors.bot.render import output
from actors.bot.rights import Right
from actors.bot.screen import LIVE_S, Choice, Page, Reply, Screen, Visit, do, go
from actors.bot.screens.common import STATE_MARKS, bar, crumbs, number, sha, stages, took, who
from actors.bot.texts import Html, Words, join
from actors.errors import NothingToDo
from actors.model.deployment import Deployment, Kind, StageName, StageState, State

MORE_S = 300
REMIND_S = 3600


class Progress(Screen):
    """R6. The argument is the deployment's id; without one: what is under way, else the last."""

    id = "R6"

    def draw(self, visit: Visit) -> Page:
        """One line for each stage; drawn again until it has ended."""
        words, project = visit.words, visit.project()
        deployment = _found(visit, project.name)
        text = join([headline(deployment, visit), stages(deployment, words, visit.now)], "\n\n")
        run = visit.may(Right.RUN)
        log = go(words.label("b_output"), "S2", project.no, deployment.id)
        rows: list[tuple[Choice, ...]] = []
        if not deployment.ended:
            abort = do(words.label("b_abort"), "R6", project.no, deployment.id, "danger")
            rows.append((log, abort) if run and not _switched(deployment) else (log,))
        else:
            if deployment.error:
                tail = visit.control.log_tail(project.name, 30, deployment_id=deployment.id)
                text = join([text, words("error_line", error=deployment.error[:500]), output(tail, words)], "\n")
            good = deployment.state is State.SUCCEEDED
            rows.append((go(words.label("b_state"), "S1", project.no), log))
            if run:
                again = () if good else (go(words.label("b_retry"), "R5", project.no),)
                rows.append((go(words.label("b_rollback"), "B1", project.no), *again))
        return Page(
            crumbs(visit, words.label(f"kind_{deployment.kind.value}"), project=project),
            text,
            tuple(rows),
            back=Link("P1", project.no),
            live_s=None if deployment.ended else LIVE_S,
        )

    def act(self, visit: Visit) -> Reply:
        """Abort it."""
        visit.control.cancel(visit.project().name, visit.asked_by)
        return Reply(note=visit.words("note_aborting"))


def _found(visit: Visit, name: str) -> Deployment:
    if visit.place.arg:
        return visit.control.deployment(visit.place.arg)
    history = visit.control.history(name, 1)
    if not history:
        raise NothingToDo(f"{name} was never deployed", name=name)
    return history[0]


def _switched(deployment: Deployment) -> bool:
    return deployment.stage(StageName.SWITCH).state is not StageState.WAITING


def headline(deployment: Deployment, visit: Visit) -> Html:
    """What became of it, in one line."""
    words, seconds = visit.words, took(deployment, visit.now)
    return words(
        f"dep_{deployment.state.value.replace(' ', '_')}",
        mark=STATE_MARKS[deployment.state],
        name=deployment.project,
        no=number(words, deployment.version),
        sha=sha(deployment.commit),
        kind=words.label(f"kind_{deployment.kind.value}"),
        took="—" if seconds is None else words.duration(seconds),
        previous=number(words, deployment.previous),
        who=who(deployment.asked_by, visit),
    )


class TestRun(Screen):
    """R3: a test run; R4 takes over when it is over."""

    __test__ = False  # not a test class, whatever its name looks like to a test runner
    id = "R3"

    def draw(self, visit: Visit) -> Page:
        """Its time, its stages, its last lines."""
        words, status = visit.words, visit.status()
        project = status.project
        going = status.deploying if status.deploying and status.deploying.kind is Kind.TEST else status.test
        if status.test_undecided and status.test is not None and (going is None or going is status.test):
            return decision(visit, status.test)
        if going is None:
            return self._over(visit, project.name)
        text = join([headline(going, visit), _clock(going, words, visit.now), stages(going, words, visit.now)])
        running = going.stage(StageName.VERIFY).state is StageState.SUCCEEDED
        if running:
            text = join([text, output(visit.control.log_tail(project.name, 5, test=True), words, 5)])
        rows: list[tuple[Choice, ...]] = [
            (go(words.label("b_output"), "S2", project.no, "t" if running else going.id),)
        ]
        if visit.may(Right.RUN):
            if running and going.test_for_s is not None:
                rows.append((do(words.label("b_more_time"), "R3", project.no, "more"),))
            if running:
                rows[0] += (do(words.label("b_finish_now"), "R3", project.no, "finish"),)
            rows.append((do(words.label("b_abort"), "R3", project.no, "abort", "danger"),))
        title = words.label("test_title")
        back = Link("P1", project.no)
        return Page(crumbs(visit, title, project=project), text, tuple(rows), back=back, live_s=LIVE_S)

    def act(self, visit: Visit) -> Reply:
        """More time, an early end, or away with it."""
        name, words = visit.project().name, visit.words
        match visit.place.arg:
            case "more":
                visit.control.extend_test(name, MORE_S)
                return Reply(note=words("note_more_time", time=words.duration(MORE_S)))
            case "finish":
                visit.control.extend_test(name, _to_now(visit))
                return Reply(to=Link("R3", visit.place.no), note=words("note_finishing"))
            case _:
                visit.control.cancel(name, visit.asked_by)
                return Reply(to=Link("R3", visit.place.no), note=words("note_aborting"))

    def _over(self, visit: Visit, name: str) -> Page:
        words, project = visit.words, visit.project()
        tests = [it for it in visit.control.history(name, 20) if it.kind is Kind.TEST]
        again = go(words.label("b_test_run"), "R2", project.no)
        rows = ((again, go(words.label("b_production_run"), "R5", project.no)),)
        text = headline(tests[0], visit) if tests else words("test_none")
        if tests and tests[0].error:
            tail = visit.control.log_tail(name, 30, deployment_id=tests[0].id)
            text = join([text, words("error_line", error=tests[0].error[:500]), output(tail, words)])
        back = Link("P1", project.no)
        return Page(crumbs(visit, words.label("test_title"), project=project), text, rows, back=back)


def _to_now(visit: Visit) -> int:
    """By how many seconds the test has to become longer (less than none: shorter) to be over at this moment."""
    test = visit.status().test
    since = None if test is None else test.stage(StageName.VERIFY).ended_at
    if test is None or since is None:
        raise NothingToDo("no test run is on")
    return int((visit.now - since).total_seconds()) - (test.test_for_s or 0)


def _clock(deployment: Deployment, words: Words, now: datetime) -> Html | None:
    since = deployment.stage(StageName.VERIFY).ended_at
    if since is None:
        return None
    gone = (now - since).total_seconds()
    if deployment.test_for_s is None:
        return words("test_clock_open", gone=words.clock(gone))
    share = bar(gone / deployment.test_for_s)
    return words("test_clock", bar=share, gone=words.clock(gone), whole=words.clock(deployment.test_for_s))


def decision(visit: Visit, test: Deployment) -> Page:
    """R4: it is over, somebody must decide."""
    words, project = visit.words, visit.project()
    passed = test.error is None and test.state is not State.FAILED
    head = words(
        "test_passed" if passed else "test_failed",
        name=project.name,
        no=number(words, test.version),
        sha=sha(test.commit),
    )
    tail = output(visit.control.log_tail(project.name, 30, test=True), words)
    text = join([head, words("error_line", error=test.error[:500]) if test.error else None, tail])
    rows: tuple[tuple[Choice, ...], ...] = ((go(words.label("b_full_log"), "S2", project.no, "t"),),)
    if visit.may(Right.RUN):
        decide = (
            (do(words.label("b_promote"), "R4", project.no, "promote", "success"),),
            (do(words.label("b_discard"), "R4", project.no, "discard", "danger"),),
        )
        rows = (*decide, (go(words.label("b_repeat"), "R2", project.no), *rows[0]))
        if visit.chat:  # a terminal has nobody to remind
            later = words.label("b_remind", time=words.duration(REMIND_S))
            rows = (*rows, (do(later, "R4", project.no, "remind"),))
    return Page(crumbs(visit, words.label("test_over"), project=project), text, rows, back=Link("P1", project.no))


class Decision(Screen):
    """R4: promote the tested release, or take it down."""

    id = "R4"

    def draw(self, visit: Visit) -> Page:
        """The question while there is one, else how things stand."""
        status = visit.status()
        if status.test_undecided and status.test is not None:
            return decision(visit, status.test)
        return TestRun().draw(visit)

    def act(self, visit: Visit) -> Reply:
        """As decided."""
        project, words = visit.project(), visit.words
        if visit.place.arg == "remind":
            return remind(visit, REMIND_S)
        if visit.place.arg == "promote":
            deployment = visit.control.promote(project.name, visit.asked_by)
            return Reply(to=Link("R6", project.no, deployment.id))
        test = visit.control.discard(project.name, visit.asked_by)
        current = visit.status().version
        note = words("note_discarded", no=number(words, test.version), current=number(words, current))
        return Reply(to=Link("P1", project.no), note=note)


def remind(visit: Visit, seconds: int) -> Reply:
    """Have the person who pressed told again; the answer says so."""
    project = visit.project()
    visit.control.remind(project.name, visit.person.id, seconds)
    note = visit.words("note_remind", time=visit.words.duration(seconds))
    return Reply(to=Link("R4", project.no), note=note)
