"""A1 to A6: a new project, step by step; every step shows the answers given so far. A2t and A2k are in add_access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import HOME, Expect, Page, Reply, Rows, Screen, Visit, do, go, grid
from actors.bot.screens.access import kept_key
from actors.bot.screens.common import crumbs, kind_of
from actors.bot.screens.interval import PRESETS_S
from actors.bot.screens.settings import ENGINES
from actors.bot.spans import parse_span
from actors.bot.texts import Html, join
from actors.errors import AccessDenied, BadInput, SourceError, TargetOccupied
from actors.source.address import Access, parse, split

TOKEN = "new-project-token"  # noqa: S105 - the name of a place on the shelf
DEFAULT_INTERVAL = "300"
BRANCHES = 6
SHOWN_NAME = 20


class Step(Screen):
    """What all steps share: only who may change things, the form is kept, and Cancel ends it."""

    right = Right.CHANGE
    act_right = Right.CHANGE
    keeps_form = True
    number = 1

    def page(self, visit: Visit, question: Html, rows: Rows = (), *, secret: bool = False, typed: bool = True) -> Page:
        """The step with the answers so far above the question."""
        words = visit.words
        title = words.label("add_title", n=self.number)
        text = join([answers(visit), question], "\n\n")
        before = None if self.number == 1 else Link("A2" if self.id in ("A2t", "A2k") else f"A{self.number - 1}")
        expects = Expect(Link(self.id), secret) if typed else None
        return Page(crumbs(visit, title), text, rows, back=before, cancel=HOME, expects=expects)


def answers(visit: Visit) -> Html | None:
    """The answers given so far, one a line."""
    words, form = visit.words, visit.form
    lines: list[Html | None] = [
        words(f"add_has_{name}", value=form[name]) for name in ("name", "url", "path", "branch") if form.get(name)
    ]
    if form.get("interval"):
        lines.append(words("add_has_interval", value=words.duration(int(form["interval"]))))
    if form.get("branch"):
        lines.append(words("add_has_engine", value=kind_of(words, engine_of(form))))
    if visit.shelf.get(visit.chat, TOKEN) is not None and form.get("url"):
        lines.append(words("add_has_token"))
    elif form.get("key"):
        lines.append(words("add_has_key"))
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
    """A2."""

    id = "A2"
    number = 2

    def draw(self, visit: Visit) -> Page:
        """Asks for the link."""
        words = visit.words
        rows: Rows = ()
        if visit.form.get("url"):
            rows = (
                (go(words.label("b_token"), "A2t"), go(words.label("b_deploy_key"), "A2k")),
                (do(words.label("b_retry"), "A2", arg="again"),),
            )
        return self.page(visit, words("add_url"), rows)

    def typed(self, visit: Visit, text: str) -> Reply:
        """The link, looked at now. What opens the repository is kept off the record, and shown to no other host."""
        address, held = split(text.strip())
        form = {**visit.form, "url": address.raw}
        before = visit.form.get("url")
        if before and parse(before).host != address.host:
            visit.shelf.drop(visit.chat, TOKEN)
            form["key"] = ""
        if held.token is not None:
            visit.shelf.put(visit.chat, TOKEN, held.token)
        return looked(visit, form)

    def act(self, visit: Visit) -> Reply:
        """Look again."""
        return looked(visit, dict(visit.form))


def looked(visit: Visit, form: dict[str, str], given: Access | None = None) -> Reply:
    """The next step when the repository opens; where to give a token or a key when it is closed."""
    url = form.get("url", "")
    try:
        branches = visit.control.check_url(url, given or access(visit))
    except AccessDenied as error:
        if not visit.private:
            note = join([visit.words.error(error), visit.words("add_private_only")])
            return Reply(to=Link("A2"), form=form, note=note)
        to = "A2k" if parse(url).scheme == "ssh" else "A2t"
        return Reply(to=Link(to), form=form, note=visit.words.error(error))
    except SourceError as error:
        return Reply(to=Link("A2"), form=form, note=visit.words.error(error))  # the link stays: it can be tried again
    form = {**form, "branches": ",".join(branches[:BRANCHES])}
    return Reply(to=Link("A6" if complete(replace(visit, form=form)) else "A3"), form=form)


def access(visit: Visit) -> Access | None:
    """What opens the repository, if the person gave something."""
    token = visit.shelf.get(visit.chat, TOKEN)
    if token is not None:
        return Access(token=token)
    return Access(ssh_key=kept_key(visit)) if visit.form.get("key") else None


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
    """A4: the branch, and what runs the project."""

    id = "A4"
    number = 4

    def draw(self, visit: Visit) -> Page:
        """The repository's own branches, the default one first; the kinds below."""
        words, branches = visit.words, _branches(visit)
        choices = [
            do(it if len(it) <= SHOWN_NAME else it[: SHOWN_NAME - 1] + "…", "A4", arg=str(index))
            for index, it in enumerate(branches)
        ]
        kinds = tuple(
            (do(("● " if it == engine_of(visit.form) else "") + words.label(f"b_engine_{it}"), "A4", arg=it),)
            for it in ENGINES
        )
        return self.page(visit, words("add_branch"), (*grid(choices, 2), *kinds))

    def typed(self, visit: Visit, text: str) -> Reply:
        """Another one, looked for at once."""
        branch = text.strip()[:250]
        visit.control.check_branch(visit.form.get("url", ""), branch, access(visit))
        return self._chosen(visit, branch)

    def act(self, visit: Visit) -> Reply:
        """One of those shown, or another kind."""
        arg, branches = visit.place.arg, _branches(visit)
        if arg in ENGINES:
            return Reply(to=Link("A4"), form={**visit.form, "engine": arg})
        if not arg.isdecimal() or int(arg) >= len(branches):
            raise BadInput("there is no such choice")
        return self._chosen(visit, branches[int(arg)])

    def _chosen(self, visit: Visit, branch: str) -> Reply:
        form = {**visit.form, "branch": branch}
        return Reply(to=Link("A6" if form.get("interval") else "A5"), form=form)


def _branches(visit: Visit) -> list[str]:
    return [it for it in visit.form.get("branches", "").split(",") if it]


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


def engine_of(form: Mapping[str, str]) -> str:
    value = form.get("engine", "")
    return value if value in ENGINES else ENGINES[0]


def complete(visit: Visit) -> bool:
    """Whether every answer is there."""
    return all(visit.form.get(name) for name in ("name", "url", "path", "interval"))
