"""P2, a project's settings; P2e, one of them typed anew; P3, its kind; P4, persistent paths; D1 and D2, delete."""

from __future__ import annotations

from typing import Any

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import CONFIRM_S, Choice, Expect, Page, Reply, Rows, Screen, Visit, do, go, grid
from actors.bot.screens.common import crumbs, kind_of, private
from actors.bot.screens.question import Question
from actors.bot.texts import Html, escape, join
from actors.errors import BadInput, BadName
from actors.model.project import Policy, Project

FIELDS = ("name", "url", "path", "branch", "subdir", "main", "probe", "keep")
ENGINES = ("process", "container")
EMPTY_FIELDS = ("branch", "subdir", "probe")  # these may be left empty
MOST_KEPT = 1000


class Settings(Screen):
    """P2."""

    id = "P2"
    right = Right.CHANGE
    act_right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """All of them, and a button for each."""
        words, project = visit.words, visit.project()
        lines = [words("setting_line", title=words.label(f"f_{it}"), value=_shown(visit, project, it)) for it in FIELDS]
        lines.append(words("setting_line", title=words.label("f_engine"), value=kind_of(words, project.engine)))
        policy = words.label(f"b_policy_{project.policy.value}")
        lines.append(words("setting_line", title=words.label("f_policy"), value=policy))
        lines.append(words("setting_line", title=words.label("f_persist"), value=", ".join(project.persist) or "—"))
        path = crumbs(visit, words.label("settings_title"), project=project)
        return Page(path, join(lines), self._rows(visit, project), back=Link("P1", project.no))

    def _rows(self, visit: Visit, project: Project) -> Rows:
        words, no = visit.words, project.no
        fields = [go(words.label(f"f_{it}"), "P2e", no, it) for it in FIELDS]
        deploys = project.policy is Policy.DEPLOY
        auto = do(words.label("b_auto_on" if deploys else "b_auto_off"), "P2", no, "notify" if deploys else "deploy")
        pause = do(
            words.label("b_resume" if project.paused else "b_pause"), "P2", no, "on" if project.paused else "off"
        )
        hook = private(visit, "b_hook", "P2h", f"h_{no}", no)
        return (
            *grid(fields, 2),
            (go(words.label("b_kind"), "P3", no), auto),
            (private(visit, "b_access", "P2k", f"k_{no}", no), hook),
            (go(words.label("b_persist"), "P4", no), pause),
            (go(words.label("b_delete_project"), "D1", no, style="danger"),),
        )

    def act(self, visit: Visit) -> Reply:
        """Pause or resume watching; deploy new commits, or only tell of them."""
        name, arg = visit.project().name, visit.place.arg
        if arg in tuple(Policy):
            visit.control.edit(name, visit.asked_by, policy=Policy(arg))
            return Reply(note=visit.words(f"note_policy_{arg}"))
        visit.control.pause(name, arg == "off")
        return Reply(note=visit.words("note_paused" if arg == "off" else "note_resumed"))


def _shown(visit: Visit, project: Project, field: str) -> str:
    value = getattr(project, field)
    return str(value) if value is not None else visit.words.label(f"f_{field}_none")


class OneSetting(Screen):
    """P2e. The argument is the field."""

    id = "P2e"
    right = Right.CHANGE
    act_right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """Asks for the new value."""
        words, project, field = visit.words, visit.project(), self._field(visit)
        rows: tuple[tuple[Choice, ...], ...] = ()
        if field in EMPTY_FIELDS and getattr(project, field) is not None:
            rows = ((do(words.label("b_none"), "P2e", project.no, field),),)
        path = crumbs(visit, words.label("settings_title"), words.label(f"f_{field}"), project=project)
        text = join([words("setting_now", value=_shown(visit, project, field)), words(f"ask_{field}")])
        expects = Expect(Link("P2e", project.no, field))
        return Page(path, text, rows, cancel=Link("P2", project.no), expects=expects)

    def typed(self, visit: Visit, text: str) -> Reply:
        """The new value, checked by the service."""
        field, value = self._field(visit), text.strip()
        if not value:
            raise BadInput("the value is empty")
        changes: dict[str, Any] = {field: value}
        if field == "keep":
            if not value.isdecimal() or not 1 <= int(value[:9]) <= MOST_KEPT:
                raise BadInput(f"{value[:20]} is not a number of versions", f"1 to {MOST_KEPT}.")
            changes = {"keep": int(value)}
        return self._changed(visit, changes)

    def act(self, visit: Visit) -> Reply:
        """Nothing instead of a value."""
        return self._changed(visit, {self._field(visit): None})

    def _changed(self, visit: Visit, changes: dict[str, Any]) -> Reply:
        project = visit.project()
        visit.control.edit(project.name, visit.asked_by, **changes)
        return Reply(to=Link("P2", project.no), note=visit.words("note_changed"))

    def _field(self, visit: Visit) -> str:
        field = visit.place.arg
        if field not in FIELDS:
            raise BadInput("there is no such setting")
        return field


class Kind(Screen):
    """P3: what runs the project."""

    id = "P3"
    right = Right.CHANGE
    act_right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """The present one is marked."""
        words, project = visit.words, visit.project()
        rows = tuple(
            (do(("● " if it == project.engine else "") + words.label(f"b_engine_{it}"), "P3", project.no, it),)
            for it in ENGINES
        )
        path = crumbs(visit, words.label("settings_title"), words.label("f_engine"), project=project)
        return Page(path, words("kind_text"), rows, back=Link("P2", project.no))

    def act(self, visit: Visit) -> Reply:
        """Another one; it counts from the next deployment on."""
        visit.control.edit(visit.project().name, visit.asked_by, engine=visit.place.arg)
        return Reply(to=Link("P2", visit.place.no), note=visit.words("note_kind"))


class Persist(Screen):
    """P4."""

    id = "P4"
    right = Right.CHANGE
    act_right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """The paths; what is typed is one more."""
        words, project = visit.words, visit.project()
        no = project.no
        rows = tuple((go(f"✖ {path}", "P4d", no, str(index)),) for index, path in enumerate(project.persist[:30]))
        listed = Html("\n".join(f"<code>{escape(path)}</code>" for path in project.persist)) or None
        path = crumbs(visit, words.label("settings_title"), words.label("f_persist"), project=project)
        text = join([words("persist_text"), listed, words("persist_add")] if listed else [words("persist_none")])
        return Page(path, text, rows, back=Link("P2", no), expects=Expect(Link("P4", no)))

    def typed(self, visit: Visit, text: str) -> Reply:
        """One more."""
        project = visit.project()
        paths = tuple(dict.fromkeys([*project.persist, text.strip()]))
        visit.control.edit(project.name, visit.asked_by, persist=paths)
        return Reply(to=Link("P4", project.no))


class Forget(Question):
    """P4d: the question before a path is persistent no more. The argument is its place in the list."""

    id = "P4d"
    right = Right.CHANGE
    act_right = Right.CHANGE
    label = "b_forget_path"

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """What becomes of the data."""
        words, project = visit.words, visit.project()
        path = crumbs(visit, words.label("settings_title"), words.label("f_persist"), project=project)
        return path, words("ask_forget_path", path=self._path(visit, project))

    def back(self, visit: Visit) -> Link:
        """The list."""
        return Link("P4", visit.place.no)

    def act(self, visit: Visit) -> Reply:
        """One less."""
        project = visit.project()
        gone = self._path(visit, project)
        kept = tuple(path for path in project.persist if path != gone)
        visit.control.edit(project.name, visit.asked_by, persist=kept)
        return Reply(to=self.back(visit), note=visit.words("note_changed"))

    def _path(self, visit: Visit, project: Project) -> str:
        index = visit.place.arg
        if not index.isdecimal() or int(index) >= len(project.persist):
            raise BadInput("there is no such choice")
        return project.persist[int(index)]


class Delete(Screen):
    """D1: what is lost, and whether the files stay."""

    id = "D1"
    right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """Cancel first."""
        words, project = visit.words, visit.project()
        no = project.no
        count = len(visit.control.versions(project.name))
        text = join(
            [
                words("delete_ask", name=project.name, path=project.path, n=count),
                words("delete_kept") if project.persist else None,
            ]
        )
        rows = (
            (go(words.label("b_cancel"), "P2", no),),
            (go(words.label("b_delete_keep"), "D2", no, "k"),),
            (go(words.label("b_delete_all"), "D2", no, style="danger"),),
        )
        path = crumbs(visit, words.label("delete_title"), project=project)
        return Page(path, text, rows, back=Link("P2", no), life_s=CONFIRM_S)


class DeleteTyped(Screen):
    """D2: the name has to be typed. The argument `k`: the files stay."""

    id = "D2"
    right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """Asks for the name."""
        words, project, arg = visit.words, visit.project(), visit.place.arg
        text = words("delete_type_keep" if arg == "k" else "delete_type", name=project.name)
        path = crumbs(visit, words.label("delete_title"), project=project)
        return Page(path, text, cancel=Link("P2", project.no), expects=Expect(Link("D2", project.no, arg)))

    def typed(self, visit: Visit, text: str) -> Reply:
        """Away with it, if that was its name."""
        project = visit.project()
        if text.strip() != project.name:
            raise BadName(f"that is not {project.name}", "Nothing was deleted.", name=project.name)
        words = visit.words
        kept = visit.control.remove(project.name, visit.place.arg == "k", visit.asked_by)
        places = [words("note_data_kept", place=place) for place in kept]
        return Reply(to=Link("P0"), note=join([words("note_deleted", name=project.name), *places]))
