"""A1 to A6: a new project, step by step; every step shows the answers given so far."""

from __future__ import annotations

from dataclasses import replace

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import HOME, Choice, Expect, Page, Reply, Rows, Screen, Visit, do, go, grid
from actors.bot.screens.common import crumbs
from actors.bot.screens.interval import PRESETS_S
from actors.bot.spans import parse_span
from actors.bot.texts import Html, join
from actors.control import NewProject
from actors.errors import AccessDenied, BadName, TargetOccupied
from actors.model.project import Policy
from actors.source.address import Access, split
from runtime.vault import Secret

TOKEN = "new-project-token"  # noqa: S105 - the name of a place on the shelf
DEFAULT_INTERVAL = "300"
BRANCHES = 6


class Step(Screen):
    """What all steps share: only who may change things, the form is kept, and Cancel ends it."""

    right = Right.CHANGE
    act_right = Right.CHANGE
    keeps_form = True
    number = 1

    def page(self, visit: Visit, question: Html, rows: Rows = (), *, secret: bool = False) -> Page:
        """The step with the answers so far above the question."""
        words = visit.words
        title = words.label("add_title", n=self.number)
        text = join([answers(visit), question], "\n\n")
        before = None if self.number == 1 else Link("A2" if self.id == "A2t" else f"A{self.number - 1}")
        expects = Expect(Link(self.id), secret)
        return Page(crumbs(visit, title), text, rows, back=before, cancel=HOME, expects=expects)


def answers(visit: Visit) -> Html | None:
    """The answers given so far, one a line."""
    words, form = visit.words, visit.form
    lines: list[Html | None] = [
        words(f"add_has_{name}", value=form[name]) for name in ("name", "url", "path", "branch") if form.get(name)
    ]
    if form.get("interval"):
        lines.append(words("add_has_interval", value=words.duration(int(form["interval"]))))
    if visit.shelf.get(visit.chat, TOKEN) is not None and form.get("url"):
        lines.append(words("add_has_token"))
    if form.get("guest") and visit.sandbox is not None:
        lines.append(words("add_has_variables", n=len(visit.sandbox.variables(form["guest"]))))
    return join(lines) if lines else None


class Name(Step):
    """A1. Begins anew when it is come to from outside."""

    id = "A1"

    def draw(self, visit: Visit) -> Page:
        """Asks for the name."""
        return self.page(visit, visit.words("add_name"))

    def typed(self, visit: Visit, text: str) -> Reply:
        """The name, checked at once."""
        name = visit.control.check_name(text.strip()[:200])
        if not visit.form.get("url"):
            visit.shelf.drop(visit.chat, TOKEN)
        return Reply(to=Link("A6" if complete(visit) else "A2"), form={**visit.form, "name": name})


class Url(Step):
    """A2, and A2t for a private repository's token."""

    id = "A2"
    number = 2

    def draw(self, visit: Visit) -> Page:
        """Asks for the link."""
        rows: Rows = ()
        if visit.form.get("url"):
            rows = ((go(visit.words.label("b_token"), "A2t"), do(visit.words.label("b_retry"), "A2", arg="again")),)
        return self.page(visit, visit.words("add_url"), rows)

    def typed(self, visit: Visit, text: str) -> Reply:
        """The link; the repository is looked at now. What opens it is kept off the record."""
        address, held = split(text.strip())
        if held.token is not None:
            visit.shelf.put(visit.chat, TOKEN, held.token)
        return self._looked(visit, {**visit.form, "url": address.raw})

    def act(self, visit: Visit) -> Reply:
        """Look again."""
        return self._looked(visit, dict(visit.form))

    def _looked(self, visit: Visit, form: dict[str, str]) -> Reply:
        try:
            branches = visit.control.check_url(form.get("url", ""), access(visit))
        except AccessDenied as error:
            return Reply(to=Link("A2t"), form=form, note=visit.words.error(error))
        form = {**form, "branches": ",".join(branches[:BRANCHES])}
        return Reply(to=Link("A6" if complete(replace(visit, form=form)) else "A3"), form=form)


class Token(Step):
    """A2t."""

    id = "A2t"
    number = 2

    def draw(self, visit: Visit) -> Page:
        """Asks for the token; the message is deleted."""
        return self.page(visit, visit.words("add_token"), secret=True)

    def typed(self, visit: Visit, text: str) -> Reply:
        """The token, tried at once."""
        visit.shelf.put(visit.chat, TOKEN, Secret(text.strip()))
        form = dict(visit.form)
        branches = visit.control.check_url(form.get("url", ""), access(visit))
        return Reply(to=Link("A3"), form={**form, "branches": ",".join(branches[:BRANCHES])})


def access(visit: Visit) -> Access | None:
    """What opens the repository, if the person gave something."""
    token = visit.shelf.get(visit.chat, TOKEN)
    return None if token is None else Access(token=token)


class Folder(Step):
    """A3."""

    id = "A3"
    number = 3

    def draw(self, visit: Visit) -> Page:
        """Suggests one."""
        words = visit.words
        path = visit.control.suggest_path(visit.form.get("name", ""))
        rows: Rows = ((do(words.label("b_accept"), "A3", arg="ok", style="primary"),),)
        tried = visit.form.get("tried")
        if tried:
            rows = ((do(words.label("b_use_it"), "A3", arg="adopt", style="danger"),), *rows)
        return self.page(visit, words("add_path", path=path), rows)

    def typed(self, visit: Visit, text: str) -> Reply:
        """An own folder."""
        return self._checked(visit, text.strip(), adopt=False)

    def act(self, visit: Visit) -> Reply:
        """The suggested one, or what is there already."""
        if visit.place.arg == "adopt":
            return self._checked(visit, visit.form.get("tried", ""), adopt=True)
        return self._checked(visit, visit.control.suggest_path(visit.form.get("name", "")), adopt=False)

    def _checked(self, visit: Visit, path: str, *, adopt: bool) -> Reply:
        try:
            visit.control.check_path(path, adopt=adopt)
        except TargetOccupied as error:
            return Reply(to=Link("A3"), form={**visit.form, "tried": path}, note=visit.words.error(error))
        form = {**visit.form, "path": path, "adopt": "1" if adopt else "", "tried": ""}
        return Reply(to=Link("A6" if complete(replace(visit, form=form)) else "A4"), form=form)


class Branch(Step):
    """A4."""

    id = "A4"
    number = 4

    def draw(self, visit: Visit) -> Page:
        """The repository's own branches, the default one first."""
        branches = [it for it in visit.form.get("branches", "").split(",") if it]
        choices = [
            do(it, "A4", arg=str(index), style="primary" if index == 0 else None) for index, it in enumerate(branches)
        ]
        return self.page(visit, visit.words("add_branch"), grid(choices, 3))

    def typed(self, visit: Visit, text: str) -> Reply:
        """Another one; whether it exists is found out when the project is made."""
        return self._chosen(visit, text.strip()[:250])

    def act(self, visit: Visit) -> Reply:
        """One of those shown."""
        branches = visit.form.get("branches", "").split(",")
        return self._chosen(visit, branches[int(visit.place.arg) % len(branches)])

    def _chosen(self, visit: Visit, branch: str) -> Reply:
        form = {**visit.form, "branch": branch}
        return Reply(to=Link("A6" if form.get("interval") else "A5"), form=form)


class Interval(Step):
    """A5."""

    id = "A5"
    number = 5

    def draw(self, visit: Visit) -> Page:
        """Presets, or an own value."""
        words, chosen = visit.words, visit.form.get("interval", DEFAULT_INTERVAL)
        choices = [do(("● " if str(it) == chosen else "") + words.duration(it), "A5", arg=str(it)) for it in PRESETS_S]
        return self.page(visit, words("add_interval"), grid(choices, 4))

    def typed(self, visit: Visit, text: str) -> Reply:
        """An own value."""
        return Reply(to=Link("A6"), form={**visit.form, "interval": str(parse_span(text))})

    def act(self, visit: Visit) -> Reply:
        """A preset."""
        return Reply(to=Link("A6"), form={**visit.form, "interval": str(int(visit.place.arg))})


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
        steps = tuple(go(words.label(f"b_step_{n}"), f"A{n}") for n in range(1, 6))
        ready = (
            (do(words.label("b_create"), "A6", arg="create", style="success"),),
            (do(words.label("b_create_test"), "A6", arg="begin", style="primary"),),
        )
        rows = (tuple(policies), *ready, steps) if complete(visit) else (steps,)
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
            adopt=bool(form.get("adopt")),
        )
        project = visit.control.add(new, visit.asked_by, access(visit))
        visit.shelf.drop(visit.chat, TOKEN)
        for key, value in _brought(visit).items():
            visit.control.set_variable(project.name, key, value, False)
        target = "R2" if arg == "begin" else "P1"
        return Reply(to=Link(target, project.no), note=visit.words("note_added", name=project.name), form={})


def _brought(visit: Visit) -> dict[str, Secret]:
    """The variables of the third-party repository that becomes the project."""
    number = visit.form.get("guest")
    return visit.sandbox.values(number) if number and visit.sandbox is not None else {}


def _policy(form: object) -> Policy:
    value = form.get("policy") if hasattr(form, "get") else None
    return Policy(value) if value in tuple(Policy) else Policy.DEPLOY


def complete(visit: Visit) -> bool:
    """Whether every answer is there."""
    return all(visit.form.get(name) for name in ("name", "url", "path", "interval"))
