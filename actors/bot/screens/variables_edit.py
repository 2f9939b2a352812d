"""C3 to C6: a variable's name and value, a whole .env file, the names alone."""

from __future__ import annotations

import json
import secrets

from actors.bot.dotenv import parse_dotenv
from actors.bot.links import Link
from actors.bot.screen import Expect, Page, Reply, Visit, do
from actors.bot.screens.common import crumbs
from actors.bot.screens.variables import Secretive, saved, variable_id
from actors.bot.texts import Html, escape, join
from actors.errors import BadVariable, NothingToDo
from actors.model.project import Project
from actors.records.variables import check_variable
from runtime.vault import Secret

QUICK = ("API_KEY", "BOT_TOKEN", "HTTP_PROXY", "HTTPS_PROXY")
ENV = "env"


def bare_name(visit: Visit, text: str) -> tuple[str, Html | None]:
    """The name that was typed, and a word where its value stood beside it; raises BadVariable."""
    name, given, _ = text.strip().partition("=")
    name = name.removeprefix("export ").strip()
    check_variable(name, Secret(""))
    return name, visit.words("set_apart") if given else None


class NewVariable(Secretive):
    """C3: the name."""

    id = "C3"

    def draw(self, visit: Visit) -> Page:
        """Asks for it, with the usual ones as buttons."""
        words, project, arg = visit.words, visit.project(), visit.place.arg
        no = project.no
        kind = words.label("kind_vars_test" if arg == "t" else "kind_vars_run")
        quick = tuple(do(it, "C3", no, f"{'t' if arg == 't' else 'r'}{index}") for index, it in enumerate(QUICK))
        path = crumbs(visit, words.label("vars_title"), project=project)
        expects = Expect(Link("C3", no, arg))
        back = Link("C1", no, arg)
        return Page(path, words("var_name_of", kind=kind), (quick[:2], quick[2:]), cancel=back, expects=expects)

    def typed(self, visit: Visit, text: str) -> Reply:
        """The name, checked; of `KEY=VALUE` the name only: a value is asked for by itself, and not said again."""
        name, apart = bare_name(visit, text)
        return Reply(to=Link("C4", visit.place.no), form={"key": name, "test": visit.place.arg}, note=apart)

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
        path = crumbs(visit, words.label("vars_title"), name, project=project)
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
        return saved(visit, project, test, "note_var_saved", name=name)

    def _name(self, visit: Visit, project: Project) -> tuple[str, bool]:
        wanted = visit.place.arg.removesuffix(".g")
        for test in (False, True):
            for info in visit.control.variables(project.name, test) if len(wanted) > 1 else ():
                if variable_id(info.name, test) == wanted:
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
        return saved(visit, project, test, "note_imported", n=len(values))


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
