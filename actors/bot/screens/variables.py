"""C1 to C6: the variables of a project; values are never shown but as dots, or for 15 s to who asks for it."""

from __future__ import annotations

import hashlib
import json
import secrets

from actors.bot.dotenv import parse_dotenv
from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import Expect, Page, Reply, Rows, Screen, Visit, do, go
from actors.bot.screens.common import crumbs
from actors.bot.texts import Html, escape, join
from actors.errors import BadVariable, NothingToDo, Unknown
from actors.model.project import Project
from actors.records.variables import VariableInfo, check_variable
from runtime.log import get
from runtime.vault import Secret

log = get("actors.bot.audit")
QUICK = ("API_KEY", "BOT_TOKEN", "HTTP_PROXY", "HTTPS_PROXY")
SHOWN_S = 15.0
SHOWN_MOST = 3000
MOST = 40
ENV = "env"


class Secretive(Screen):
    """What all of them share: administrators only, in a private chat only."""

    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True


class Variables(Secretive):
    """C1. The argument `t`: the test variables."""

    id = "C1"

    def draw(self, visit: Visit) -> Page:
        """Names with dots."""
        words, project, test = visit.words, visit.project(), visit.place.arg == "t"
        no = project.no
        both = {kind: visit.control.variables(project.name, kind) for kind in (False, True)}
        tabs = tuple(
            go(
                ("● " if kind is test else "")
                + words.label("b_vars_test" if kind else "b_vars_run", n=len(both[kind])),
                "C1",
                no,
                "t" if kind else "",
            )
            for kind in (False, True)
        )
        rows: Rows = (tabs,)
        rows += tuple((go(_line(it), "C2", no, _id(it.name, test)),) for it in both[test][:MOST])
        rows += (
            (
                go(words.label("b_add"), "C3", no, visit.place.arg),
                go(words.label("b_import"), "C5", no, visit.place.arg),
                go(words.label("b_names"), "C6", no, visit.place.arg),
            ),
        )
        if both[False] and test:
            rows += ((do(words.label("b_copy_vars"), "C1", no, "t"),),)
        lines = [words("vars_line", name=it.name, ago=words.ago(it.set_at, visit.now)) for it in both[test][:MOST]]
        text = join([words("vars_test" if test else "vars_run"), *lines, None if lines else words("vars_none")])
        return Page(crumbs(visit, words.label("vars_title"), project=project), text, rows, back=Link("P1", no))

    def act(self, visit: Visit) -> Reply:
        """Copy production's variables to the test, where there is none of the name yet."""
        name, control = visit.project().name, visit.control
        there = {it.name for it in control.variables(name, True)}
        missing = [it.name for it in control.variables(name, False) if it.name not in there]
        for key in missing:
            control.set_variable(name, key, control.reveal_variable(name, key, False), True)
        return Reply(note=visit.words("note_copied", n=len(missing)))


def _line(info: VariableInfo) -> str:
    return f"{'🧪 ' if info.overrides else ''}{info.name} ••••{info.tail}"


def _id(name: str, test: bool) -> str:
    """A variable's place in a button: its name may be too long for one."""
    return f"{'t' if test else 'r'}{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _found(visit: Visit, project: Project) -> tuple[VariableInfo, bool]:
    test = visit.place.arg.startswith("t")
    for info in visit.control.variables(project.name, test):
        if _id(info.name, test) == visit.place.arg:
            return info, test
    raise Unknown(f"{project.name} has no such variable (any more)")


class Variable(Secretive):
    """C2."""

    id = "C2"

    def draw(self, visit: Visit) -> Page:
        """What can be done with it."""
        words, project = visit.words, visit.project()
        info, test = _found(visit, project)
        return self._page(visit, project, info, test, words("var_text", dots=f"••••{info.tail}"))

    def _page(self, visit: Visit, project: Project, info: VariableInfo, test: bool, value: Html) -> Page:
        words, no, arg = visit.words, project.no, visit.place.arg
        rows = (
            (go(words.label("b_change"), "C4", no, arg), do(words.label("b_show"), "C2", no, arg)),
            (go(words.label("b_delete"), "C2d", no, arg, "danger"),),
        )
        kind = words.label("kind_vars_test" if test else "kind_vars_run")
        text = join([words("var_about", name=info.name, kind=kind, ago=words.ago(info.set_at, visit.now)), value])
        back = Link("C1", no, "t" if test else "")
        return Page(crumbs(visit, words.label("vars_title"), info.name, project=project), text, rows, back=back)

    def act(self, visit: Visit) -> Reply:
        """Show the value; it is gone again after 15 s."""
        project = visit.project()
        info, test = _found(visit, project)
        value = visit.control.reveal_variable(project.name, info.name, test)
        log.warning("a variable was shown", user=visit.person.id, project_name=project.name, variable=info.name)
        shown = Html(f"<tg-spoiler>{escape(value.reveal()[:SHOWN_MOST])}</tg-spoiler>")
        page = self._page(visit, project, info, test, join([visit.words("var_shown"), shown]))
        return Reply(page=Page(page.crumbs, page.text, page.rows, back=page.back, live_s=SHOWN_S))


class DeleteVariable(Secretive):
    """C2d: the question before."""

    id = "C2d"

    def draw(self, visit: Visit) -> Page:
        """Cancel first."""
        words, project = visit.words, visit.project()
        info, _ = _found(visit, project)
        no, arg = project.no, visit.place.arg
        rows = ((go(words.label("b_cancel"), "C2", no, arg), do(words.label("b_delete"), "C2d", no, arg, "danger")),)
        path = crumbs(visit, words.label("vars_title"), info.name, project=project)
        return Page(path, words("var_delete", name=info.name), rows, back=Link("C2", no, arg), life_s=60.0)

    def act(self, visit: Visit) -> Reply:
        """Away with it."""
        project = visit.project()
        info, test = _found(visit, project)
        visit.control.unset_variable(project.name, info.name, test)
        return _saved(visit, project, test, "note_var_deleted", info.name)


def _saved(visit: Visit, project: Project, test: bool, note: str, name: str) -> Reply:
    """Back to the list, with what was done and when it counts."""
    to = Link("C1", project.no, "t" if test else "")
    return Reply(to=to, note=join([visit.words(note, name=name), visit.words("note_next_start")], " "), form={})


class NewVariable(Secretive):
    """C3: the name."""

    id = "C3"

    def draw(self, visit: Visit) -> Page:
        """Asks for it, with the usual ones as buttons."""
        words, project, arg = visit.words, visit.project(), visit.place.arg
        no = project.no
        quick = tuple(do(it, "C3", no, f"{'t' if arg == 't' else 'r'}{index}") for index, it in enumerate(QUICK))
        path = crumbs(visit, words.label("vars_title"), project=project)
        expects = Expect(Link("C3", no, arg))
        back = Link("C1", no, arg)
        return Page(path, words("var_name"), (quick[:2], quick[2:]), cancel=back, expects=expects)

    def typed(self, visit: Visit, text: str) -> Reply:
        """The name, checked; `KEY=VALUE` is not taken, for that message stays in the chat."""
        name = text.strip()
        check_variable(name, Secret(""))
        return Reply(to=Link("C4", visit.place.no), form={"key": name, "test": visit.place.arg})

    def act(self, visit: Visit) -> Reply:
        """One of the usual names."""
        arg = visit.place.arg
        name = QUICK[int(arg[1:]) % len(QUICK)]
        return Reply(to=Link("C4", visit.place.no), form={"key": name, "test": "t" if arg[0] == "t" else ""})


class Value(Secretive):
    """C4: the value, of a known variable (the argument) or of a new one (the form)."""

    id = "C4"
    keeps_form = True

    def draw(self, visit: Visit) -> Page:
        """Asks for it; the message is deleted right after reading."""
        words, project, arg = visit.words, visit.project(), visit.place.arg
        name, test = self._name(visit, project)
        no = project.no
        rows = (
            (do(words.label("b_empty"), "C4", no, arg or "e"), do(words.label("b_generate"), "C4", no, f"{arg}.g")),
        )
        path = crumbs(visit, words.label("vars_title"), project=project)
        kind = words.label("kind_vars_test" if test else "kind_vars_run")
        expects = Expect(Link("C4", no, arg), secret=True)
        back = Link("C1", no, "t" if test else "")
        return Page(path, words("var_value", name=name, kind=kind), rows, cancel=back, expects=expects)

    def typed(self, visit: Visit, text: str) -> Reply:
        """Seal it."""
        return self._set(visit, Secret(text))

    def act(self, visit: Visit) -> Reply:
        """Empty, or made up by us: 43 letters and digits."""
        generated = visit.place.arg.endswith(".g")
        return self._set(visit, Secret(secrets.token_urlsafe(32) if generated else ""))

    def _set(self, visit: Visit, value: Secret) -> Reply:
        project = visit.project()
        name, test = self._name(visit, project)
        visit.control.set_variable(project.name, name, value, test)
        return _saved(visit, project, test, "note_var_saved", name)

    def _name(self, visit: Visit, project: Project) -> tuple[str, bool]:
        wanted = visit.place.arg.removesuffix(".g")
        for test in (False, True):
            for info in visit.control.variables(project.name, test) if len(wanted) > 1 else ():
                if _id(info.name, test) == wanted:
                    return info.name, test
        if not visit.form.get("key"):
            raise BadVariable("the variable's name got lost", "Begin again.")
        return visit.form["key"], visit.form.get("test") == "t"


class Import(Secretive):
    """C5: a .env file, or its text."""

    id = "C5"

    def draw(self, visit: Visit) -> Page:
        """Asks for it; after that, shows what would change."""
        words, project, arg = visit.words, visit.project(), visit.place.arg
        path = crumbs(visit, words.label("vars_title"), ".env", project=project)
        expects = Expect(Link("C5", project.no, arg), secret=True, document=True)
        return Page(path, words("var_import"), cancel=Link("C1", project.no, arg), expects=expects)

    def typed(self, visit: Visit, text: str) -> Reply:
        """Names only are shown; the values wait in memory until Apply."""
        words, project, arg = visit.words, visit.project(), visit.place.arg
        found, strange = parse_dotenv(text)
        for name, value in found.items():
            visit.control.check_variable(project.name, name, Secret(value))
        if not found:
            raise NothingToDo("no variable was found", "Lines look like NAME=value.")
        visit.shelf.put(visit.chat, ENV, Secret(json.dumps(found)))
        there = {it.name for it in visit.control.variables(project.name, arg == "t")}
        changed = sum(name in there for name in found)
        preview = words("var_preview", new=len(found) - changed, changed=changed, strange=strange)
        names = Html("\n".join(f"<code>{escape(name)}</code>" for name in list(found)[:60]))
        rows = ((do(words.label("b_apply"), "C5", project.no, arg, "success"),),)
        path = crumbs(visit, words.label("vars_title"), ".env", project=project)
        return Reply(page=Page(path, join([preview, names]), rows, cancel=Link("C1", project.no, arg)))

    def act(self, visit: Visit) -> Reply:
        """Apply."""
        project, test = visit.project(), visit.place.arg == "t"
        kept = visit.shelf.get(visit.chat, ENV)
        if kept is None:
            raise NothingToDo("the values are gone from memory", "Send the file once more.")
        values: dict[str, str] = json.loads(kept.reveal())
        for name, value in values.items():
            visit.control.set_variable(project.name, name, Secret(value), test)
        visit.shelf.drop(visit.chat, ENV)
        return _saved(visit, project, test, "note_imported", str(len(values)))


class Names(Secretive):
    """C6: the names alone, to copy."""

    id = "C6"

    def draw(self, visit: Visit) -> Page:
        """One a line."""
        words, project, arg = visit.words, visit.project(), visit.place.arg
        names = [it.name for it in visit.control.variables(project.name, arg == "t")]
        text = Html(f"<pre>{escape(chr(10).join(names)[:3000])}</pre>") if names else words("vars_none")
        path = crumbs(visit, words.label("vars_title"), project=project)
        return Page(path, text, back=Link("C1", project.no, arg))
