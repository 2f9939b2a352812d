"""R6, a deployment on its way and its result; R3, a running test; R4, what follows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from actors.bot.links import Link
from actors.bot.render import output
from actors.bot.rights import Right
from actors.bot.screen import LIVE_S, Choice, Page, Reply, Screen, Visit, do, go
from actors.bot.screens.common import STATE_MARKS, bar, crumbs, number, sha, stages, took, uses, who
from actors.bot.screens.question import Question
from actors.bot.texts import Html, Words, escape, join
from actors.errors import NothingToDo
from actors.model.deployment import Deployment, Kind, StageName, StageState, State
from actors.model.trouble import SEARCHED_LINES, troubled

LINES = 30
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
            abort = go(words.label("b_abort"), "R6x", project.no, deployment.id, "danger")
            rows.append((log, abort) if run and not _switched(deployment) else (log,))
        else:
            if deployment.error:
                tail = visit.control.log_tail(project.name, 30, deployment_id=deployment.id)
                text = join([text, _why(deployment, words), output(tail, words)], "\n")
            good = deployment.state is State.SUCCEEDED
            if good and deployment.answered_ms is not None:
                text = join([text, words("dep_answered", ms=deployment.answered_ms)])
            rows.append((go(words.label("b_state"), "S1", project.no), log))
            if run:
                again = () if good else (_again(deployment, words, project.no),)
                rows.append((go(words.label("b_rollback" if good else "b_versions"), "B1", project.no), *again))
        return Page(
            crumbs(visit, words.label(f"kind_{deployment.kind.value}"), project=project),
            text,
            tuple(rows),
            back=Link("P1", project.no),
            live_s=None if deployment.ended else LIVE_S,
        )


def _again(deployment: Deployment, words: Words, no: int) -> Choice:
    """What asks for the same once more."""
    if deployment.kind is Kind.ROLLBACK and deployment.version is not None:
        return go(words.label("b_retry"), "B3", no, str(deployment.version))
    return go(words.label("b_retry"), "R2" if deployment.kind is Kind.TEST else "R5", no)


class Abort(Question):
    """R6x and R3x: the question before a deployment, or a test run, is broken off."""

    right = Right.RUN
    label = "b_abort"

    def __init__(self, own: str, back: str, what: str) -> None:
        self.id = own
        self._back, self._what = back, what

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """What becomes of what was done."""
        project = visit.project()
        path = crumbs(visit, visit.words.label("abort_title"), project=project)
        return path, visit.words(f"ask_abort_{self._what}", name=project.name)

    def back(self, visit: Visit) -> Link:
        """To what is under way."""
        return Link(self._back, visit.place.no, visit.place.arg)

    def act(self, visit: Visit) -> Reply:
        """Break it off."""
        visit.control.cancel(visit.project().name, visit.asked_by, visit.place.arg or None)
        return Reply(to=self.back(visit), note=visit.words("note_aborting"))


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
    version = None if deployment.version is None else words("dep_version", no=number(words, deployment.version))
    commit = None if deployment.commit is None else sha(deployment.commit)
    return words(
        f"dep_{deployment.state.value.replace(' ', '_')}",
        mark=STATE_MARKS[deployment.state],
        what=join([Html(f"<b>{escape(deployment.project)}</b>"), version, commit], " "),
        kind=words.label(f"kind_{deployment.kind.value}"),
        took="—" if seconds is None else words.took(seconds),
        previous=number(words, deployment.previous),
        who=who(deployment.asked_by, visit),
    )


def _why(deployment: Deployment, words: Words) -> Html | None:
    """Why it did not succeed, as the service said it."""
    return words("error_line", error=words.said(deployment.error)[:500]) if deployment.error else None


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
            tests = [it for it in visit.control.history(project.name, 20) if it.kind is Kind.TEST]
            if not tests or tests[0].ended:
                return _over(visit, tests)
            going = tests[0]  # it waits until the deployment that is under way has ended
        text = join([headline(going, visit), _clock(going, words, visit.now), stages(going, words, visit.now)])
        running = going.stage(StageName.VERIFY).state is StageState.SUCCEEDED
        if running:
            text = join(
                [text, _uses(visit, project.name), output(visit.control.log_tail(project.name, 5, test=True), words, 5)]
            )
        rows: list[tuple[Choice, ...]] = [
            (go(words.label("b_output"), "S2", project.no, "t" if running else going.id),)
        ]
        if visit.may(Right.RUN):
            if running and going.test_for_s is not None:
                rows.append((do(words.label("b_more_time"), "R3", project.no, "more"),))
            if running:
                rows[0] += (do(words.label("b_finish_now"), "R3", project.no, "finish"),)
            rows.append((go(words.label("b_abort"), "R3x", project.no, style="danger"),))
        title = words.label("test_title")
        back = Link("P1", project.no)
        return Page(crumbs(visit, title, project=project), text, tuple(rows), back=back, live_s=LIVE_S)

    def act(self, visit: Visit) -> Reply:
        """More time, or an early end."""
        name, words = visit.project().name, visit.words
        match visit.place.arg:
            case "more":
                visit.control.extend_test(name, MORE_S)
                return Reply(note=words("note_more_time", time=words.duration(MORE_S)))
            case _:
                visit.control.extend_test(name, _to_now(visit))
                return Reply(to=Link("R3", visit.place.no), note=words("note_finishing"))


def _over(visit: Visit, tests: Sequence[Deployment]) -> Page:
    """How the last of them ended, if there was any."""
    words, project = visit.words, visit.project()
    again = go(words.label("b_test_run"), "R2", project.no)
    rows = ((again, go(words.label("b_production_run"), "R5", project.no)),)
    text = headline(tests[0], visit) if tests else words("test_none")
    if tests and tests[0].error:
        tail = visit.control.log_tail(project.name, 30, deployment_id=tests[0].id)
        text = join([text, _why(tests[0], words), output(tail, words)])
    return Page(crumbs(visit, words.label("test_title"), project=project), text, rows, back=Link("P1", project.no))


def _to_now(visit: Visit) -> int:
    """By how many seconds the test has to become longer (less than none: shorter) to be over at this moment."""
    test = visit.status().test
    since = None if test is None else test.stage(StageName.VERIFY).ended_at
    if test is None or since is None:
        raise NothingToDo("no test run is on")
    return int((visit.now - since).total_seconds()) - (test.test_for_s or 0)


def _uses(visit: Visit, name: str) -> Html | None:
    """What the program under test takes of the machine; None while that was not measured."""
    tests = (visit.standing.load() or {}).get("tests", [])
    mine = next((it for it in tests if it["name"] == name and it.get("up", True)), None)
    if mine is None:
        return None
    return uses(visit.words, mine)


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
    passed, lasted = test.error is None and test.state is not State.FAILED, took(test, visit.now)
    head = words(
        "test_passed" if passed else "test_failed",
        name=project.name,
        no=number(words, test.version),
        sha=sha(test.commit),
        took="—" if lasted is None else words.took(lasted),
        ago=words.ago(test.ended_at, visit.now),
    )
    lines = visit.control.log_tail(project.name, SEARCHED_LINES, test=True)
    errors = words("errors_in_log", n=troubled(lines))
    text = join([head, _why(test, words), errors, output(lines[-LINES:], words)])
    rows: tuple[tuple[Choice, ...], ...] = ((go(words.label("b_full_log"), "S2", project.no, "t"),),)
    if visit.may(Right.RUN):
        decide = (
            (do(words.label("b_promote"), "R4", project.no, "promote", "success"),),
            (go(words.label("b_discard"), "R4x", project.no, style="danger"),),
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
        """Promote it, or be asked again in an hour."""
        project = visit.project()
        if visit.place.arg == "remind":
            return remind(visit, REMIND_S)
        deployment = visit.control.promote(project.name, visit.asked_by)
        return Reply(to=Link("R6", project.no, deployment.id))


class Discard(Question):
    """R4x: the question before a finished test is taken down."""

    id = "R4x"
    right = Right.RUN
    label = "b_discard"

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """What goes, what stays."""
        project = visit.project()
        path = crumbs(visit, visit.words.label("test_over"), project=project)
        return path, visit.words("ask_discard", name=project.name)

    def back(self, visit: Visit) -> Link:
        """To the decision."""
        return Link("R4", visit.place.no)

    def act(self, visit: Visit) -> Reply:
        """Take it down."""
        project, words = visit.project(), visit.words
        test = visit.control.discard(project.name, visit.asked_by)
        current = visit.status().version
        untouched = "note_discarded_only" if current is None else "note_discarded"
        note = words(untouched, no=number(words, test.version), current=number(words, current))
        return Reply(to=Link("P1", project.no), note=note)


def remind(visit: Visit, seconds: int) -> Reply:
    """Have the person who pressed told again; the answer says so."""
    project = visit.project()
    visit.control.remind(project.name, visit.person.id, seconds)
    note = visit.words("note_remind", time=visit.words.duration(seconds))
    return Reply(to=Link("R4", project.no), note=note)
