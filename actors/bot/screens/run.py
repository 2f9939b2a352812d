"""R1, R2 and R5: what to run, for how long, and the question before production."""

from __future__ import annotations

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import CONFIRM_S, Choice, Expect, Page, Reply, Rows, Screen, Visit, do, go
from actors.bot.screens.common import crumbs, number, sha
from actors.bot.screens.question import Question
from actors.bot.spans import parse_span
from actors.bot.texts import Html, join
from actors.control import ProjectStatus
from actors.model.project import Project

PRESETS_S = (60, 300, 600, 1800, 3600)
DEFAULT_S = 600


class Run(Screen):
    """R1."""

    id = "R1"
    right = Right.RUN

    def draw(self, visit: Visit) -> Page:
        """Test or production."""
        words, status = visit.words, visit.status()
        no = status.project.no
        rows: Rows = (
            (
                go(words.label("b_test_run"), "R2", no, style="primary"),
                go(words.label("b_production_run"), "R5", no),
            ),
            (go(words.label("b_choose_commit"), "B1", no),),
        )
        if status.version is not None:
            rows += ((go(words.label("b_refresh_packages"), "R1p", no),),)
        title = words.label("run_title")
        return Page(crumbs(visit, title, project=status.project), next_commit(visit, status), rows, back=Link("P1", no))


class Refresh(Question):
    """R1p: the version that runs, in an environment made anew."""

    id = "R1p"
    right = Right.RUN
    label = "b_refresh_packages"
    style = "primary"

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """What is made anew."""
        status = visit.status()
        path = crumbs(visit, visit.words.label("refresh_title"), project=status.project)
        return path, visit.words("refresh_ask", name=status.project.name, no=number(visit.words, status.version))

    def back(self, visit: Visit) -> Link:
        """Where it was asked for."""
        return Link("R1", visit.place.no)

    def act(self, visit: Visit) -> Reply:
        """Begin; its progress is shown."""
        deployment = visit.control.refresh(visit.project().name, visit.asked_by)
        return Reply(to=Link("R6", visit.place.no, deployment.id))


def next_commit(visit: Visit, status: ProjectStatus) -> Html:
    """Which commit would run, as far as it is known."""
    new = status.new_commit
    if new is not None:
        return visit.words("run_commit", sha=sha(new.sha), subject=new.subject[:80], author=new.author)
    if status.commit is not None and status.last_check_at is not None:
        return visit.words("run_commit_known", sha=sha(status.commit), subject=(status.subject or "")[:80])
    if status.commit is not None:
        return visit.words("run_commit_same", sha=sha(status.commit), subject=(status.subject or "")[:80])
    return visit.words("run_commit_latest")


class TestTime(Screen):
    """R2: how long a test run lasts. The argument: `<seconds>` or `<seconds>,<version>`; 0: until it is decided."""

    __test__ = False  # not a test class, whatever its name looks like to a test runner
    id = "R2"
    right = Right.RUN

    def draw(self, visit: Visit) -> Page:
        """Presets, the current one marked; what is typed counts too."""
        words, project = visit.words, visit.project()
        seconds, version = _parts(visit.place.arg)
        tail = f",{version}" if version else ""
        marked = [*PRESETS_S] if seconds in (*PRESETS_S, 0) else [*PRESETS_S, seconds]
        choices = [
            go(("● " if it == seconds else "") + words.duration(it), "R2", project.no, f"{it}{tail}") for it in marked
        ]
        until = go(("● " if seconds == 0 else "") + words.label("b_until_decided"), "R2", project.no, f"0{tail}")
        begin = do(words.label("b_begin"), "R2", project.no, f"{seconds}{tail}", "success")
        tests = len(visit.control.variables(project.name, True))
        text = join([words("test_time", k=tests), words("test_version", n=version) if version else None])
        return Page(
            crumbs(visit, words.label("test_title"), project=project),
            join([text, words("test_time_type")]),
            (tuple(choices[:3]), tuple(choices[3:]), (until,), (begin,)),
            back=Link("R1", project.no),
            expects=Expect(Link("R2", project.no, visit.place.arg)),
        )

    def typed(self, visit: Visit, text: str) -> Reply:
        """An own time."""
        _, version = _parts(visit.place.arg)
        return Reply(to=Link("R2", visit.place.no, f"{parse_span(text)}" + (f",{version}" if version else "")))

    def act(self, visit: Visit) -> Reply:
        """Begin."""
        project = visit.project()
        seconds, version = _parts(visit.place.arg)
        visit.control.test(project.name, visit.asked_by, for_s=seconds or None, version=version or None)
        return Reply(to=Link("R3", project.no))


def _parts(arg: str) -> tuple[int, int]:
    """Seconds and version of R2's argument."""
    seconds, _, version = arg.partition(",")
    return (int(seconds) if seconds.isdecimal() else DEFAULT_S), (int(version) if version.isdecimal() else 0)


class Confirm(Screen):
    """R5: the question before production."""

    id = "R5"
    right = Right.RUN

    def draw(self, visit: Visit) -> Page:
        """What was, what will be, and what is lost."""
        words, status = visit.words, visit.status()
        project = status.project
        was = words("deploy_first")
        if status.version is not None:
            was = words("deploy_was", no=number(words, status.version), sha=sha(status.commit))
        behind = words("deploy_behind", k=status.behind) if status.behind else None
        text = join(
            [words("deploy_ask", name=project.name), was, next_commit(visit, status), behind, replaced(visit, project)]
        )
        first: tuple[Choice, ...] = (
            go(words.label("b_cancel"), "P1", project.no),
            do(words.label("b_deploy"), "R5", project.no, style="success"),
        )
        rows: Rows = (first, (go(words.label("b_test_first"), "R2", project.no),))
        if status.behind and status.new_commit is not None:
            rows = (*rows, (go(words.label("b_commits"), "R5c", project.no),))
        title = words.label("deploy_title")
        back = Link("R1", project.no)
        return Page(crumbs(visit, title, project=project), text, rows, back=back, life_s=CONFIRM_S)

    def act(self, visit: Visit) -> Reply:
        """Deploy; its progress is shown."""
        project = visit.project()
        deployment = visit.control.deploy(project.name, visit.asked_by)
        return Reply(to=Link("R6", project.no, deployment.id))


def replaced(visit: Visit, project: Project) -> Html:
    """What becomes of the project's folder when another version takes its place."""
    words = visit.words
    if not project.persist:
        return words("deploy_path", path=project.path)
    return words("deploy_path_but", path=project.path, persist=", ".join(project.persist))


class Commits(Screen):
    """R5c: the commits that production does not have yet."""

    id = "R5c"

    def draw(self, visit: Visit) -> Page:
        """Newest first."""
        words, status = visit.words, visit.status()
        project, new = status.project, status.new_commit
        found = visit.control.commits(project.name, status.commit, new.sha) if new and status.commit else []
        lines = [words("commit_line", sha=sha(it.sha), subject=it.subject[:80], author=it.author[:40]) for it in found]
        hidden = (status.behind or 0) - len(found)
        if found and hidden > 0:
            lines.append(words("commits_more", n=hidden))
        path = crumbs(visit, words.label("deploy_title"), words.label("commits_title"), project=project)
        return Page(path, join(lines) if lines else words("commits_none"), back=Link("R5", project.no))
