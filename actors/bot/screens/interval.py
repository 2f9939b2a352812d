"""I0, I1 and I2: how often each project's repository is looked at, and what a new commit leads to."""

from __future__ import annotations

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import Expect, Page, Reply, Rows, Screen, Visit, do, go, grid
from actors.bot.screens.common import FIND, PAGE, SEARCHED, crumbs, next_check, page_of, pages, searched
from actors.bot.screens.projects import watching
from actors.bot.sorting import natural
from actors.bot.spans import parse_span
from actors.bot.texts import join
from actors.model.project import Policy

PRESETS_S = (30, 60, 300, 900, 1800, 3600, 21600, 86400)


class Intervals(Screen):
    """I0."""

    id = "I0"
    right = Right.CHANGE
    act_right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """Every project with its interval."""
        rows: Rows
        words, projects = visit.words, sorted(visit.control.projects(), key=lambda it: natural(it.name))
        page, turning = pages(len(projects), page_of(visit.place.arg), lambda n: go("·", "I0", arg=str(n)))
        rows = tuple(
            (go(f"{it.name} · {'⏸' if it.paused else words.duration(it.interval_s)}", "I1", it.no),)
            for it in projects[page * PAGE : (page + 1) * PAGE]
        )
        if projects:
            both = (do(words.label("b_pause_all"), "I0", arg="pause"), do(words.label("b_resume_all"), "I0", arg="go"))
            find = ((go(words.label("b_find"), FIND, arg="I0"),),) if len(projects) > SEARCHED else ()
            rows = (*rows, *turning, *find, both)
        text = words("choose_project" if projects else "no_projects")
        expects = searched(visit, "I0", len(projects))
        return Page(crumbs(visit, words.label("interval_title")), text, rows, expects=expects)

    def act(self, visit: Visit) -> Reply:
        """Pause or resume all of them."""
        paused = visit.place.arg == "pause"
        for project in visit.control.projects():
            if project.paused is not paused:
                visit.control.pause(project.name, paused)
        return Reply(to=Link("I0"), note=visit.words("note_paused_all" if paused else "note_resumed_all"))


class Interval(Screen):
    """I1."""

    id = "I1"
    right = Right.CHANGE
    act_right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """Presets, own values, off, and the policy."""
        words, status = visit.words, visit.status()
        project = status.project
        no = project.no
        presets = [
            do(
                ("● " if it == project.interval_s and not project.paused else "") + words.duration(it),
                "I1",
                no,
                str(it),
            )
            for it in PRESETS_S
        ]
        pause = do(words.label("b_resume" if project.paused else "b_off"), "I1", no, "on" if project.paused else "off")
        policies = [
            do(("● " if it is project.policy else "") + words.label(f"b_policy_{it.value}"), "I1", no, it.value)
            for it in Policy
        ]
        rows = (
            *grid(presets, 4),
            (go(words.label("b_custom"), "I2", no), pause),
            (do(words.label("b_check_now"), "I1", no, "check", "primary"),),
            *grid(policies, 1),
        )
        text = join([words("interval_text", name=project.name), watching(visit, status), next_check(visit, status)])
        error = words("card_watch_error", error=words.said(status.watch_error)[:300]) if status.watch_error else None
        return Page(
            crumbs(visit, words.label("interval_title"), project=project),
            join([text, error, words("interval_policy")]),
            rows,
            back=Link("P1", no),
        )

    def act(self, visit: Visit) -> Reply:
        """Whatever was pressed, at once."""
        project, arg, control = visit.project(), visit.place.arg, visit.control
        if arg == "check":
            seen = control.check(project.name)
            return Reply(note=visit.words("checked_new" if seen.new else "checked_same", sha=seen.commit[:7]))
        if arg in ("off", "on"):
            control.pause(project.name, arg == "off")
        elif arg in tuple(Policy):
            control.edit(project.name, visit.asked_by, policy=Policy(arg))
        else:
            control.edit(project.name, visit.asked_by, interval_s=int(arg), paused=False)
        return Reply()


class Custom(Screen):
    """I2."""

    id = "I2"
    right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """Asks for a value."""
        project = visit.project()
        title = visit.words.label("interval_title")
        back = Link("I1", project.no)
        expects = Expect(Link("I2", project.no))
        path = crumbs(visit, title, project=project)
        return Page(path, visit.words("interval_custom"), cancel=back, expects=expects)

    def typed(self, visit: Visit, text: str) -> Reply:
        """The value, checked."""
        project = visit.project()
        visit.control.edit(project.name, visit.asked_by, interval_s=parse_span(text), paused=False)
        return Reply(to=Link("I1", project.no))
