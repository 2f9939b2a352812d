"""A6: a new project's answers once more, what becomes of new commits, and the project made."""

from __future__ import annotations

from collections.abc import Mapping

from actors.bot.links import Link
from actors.bot.screen import HOME, Choice, Page, Reply, Rows, Visit, do, go, grid
from actors.bot.screens.access import KEY
from actors.bot.screens.add_project import DEFAULT_INTERVAL, TOKEN, Step, access, answers, complete, engine_of
from actors.bot.screens.common import crumbs
from actors.bot.texts import join
from actors.control import NewProject
from actors.errors import BadName
from actors.model.project import Policy
from runtime.vault import Secret


class Summary(Step):
    """A6."""

    id = "A6"
    number = 6

    def draw(self, visit: Visit) -> Page:
        """Everything once more, and what becomes of new commits."""
        words, form = visit.words, visit.form
        policies: list[Choice] = [
            do(("● " if _policy(form) is it else "") + words.label(f"b_policy_{it.value}"), "A6", arg=it.value)
            for it in Policy
        ]
        steps = [go(words.label(f"b_step_{n}"), f"A{n}") for n in range(1, 6)]
        ready = (
            (do(words.label("b_create"), "A6", arg="create", style="success"),),
            (do(words.label("b_create_test"), "A6", arg="begin", style="primary"),),
        )
        asked = (*grid(policies[:1], 1), *grid(policies[1:], 2))
        rows: Rows = (*asked, *ready, *grid(steps, 3)) if complete(visit) else grid(steps, 3)
        text = join([answers(visit), words("add_summary" if complete(visit) else "add_incomplete")], "\n\n")
        return Page(crumbs(visit, words.label("add_check")), text, rows, cancel=HOME)

    def act(self, visit: Visit) -> Reply:
        """Another policy; or make the project, and begin a test of it."""
        arg = visit.place.arg
        if arg in tuple(Policy):
            return Reply(to=Link("A6"), form={**visit.form, "policy": arg})
        form = visit.form
        if not complete(visit):
            raise BadName("an answer is missing", "Go through the steps once more.")
        new = NewProject(
            name=form["name"],
            url=form["url"],
            path=form["path"],
            branch=form.get("branch") or None,
            interval_s=int(form.get("interval") or DEFAULT_INTERVAL),
            policy=_policy(form),
            engine=engine_of(form),
            adopt=bool(form.get("adopt")),
        )
        project = visit.control.add(new, visit.asked_by, access(visit))
        visit.shelf.drop(visit.chat, TOKEN)
        visit.shelf.drop(visit.chat, KEY)
        for key, value in _brought(visit).items():
            visit.control.set_variable(project.name, key, value, False)
        target = "R2" if arg == "begin" else "P1"
        return Reply(to=Link(target, project.no), note=visit.words("note_added", name=project.name), form={})


def _brought(visit: Visit) -> dict[str, Secret]:
    """The variables of the third-party repository that becomes the project."""
    number = visit.form.get("guest")
    return visit.sandbox.values(number) if number and visit.sandbox is not None else {}


def _policy(form: Mapping[str, str]) -> Policy:
    value = form.get("policy")
    return Policy(value) if value in tuple(Policy) else Policy.DEPLOY
