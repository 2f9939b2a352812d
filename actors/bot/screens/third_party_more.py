"""T6 and T7: the variables of a stranger's repository, never shown, and how often it is looked at for new commits.

The argument is the guest: one that runs, or the one that is to be, whose options (T2) they lead back to.
"""

from __future__ import annotations

import hashlib

from actors.bot.dotenv import parse_dotenv
from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import CONFIRM_S, Expect, Page, Reply, Rows, Screen, Visit, do, go, grid
from actors.bot.screens.common import crumbs
from actors.bot.screens.third_party import audit, every, guest, kept, marked, sandbox, wish
from actors.bot.screens.variables_edit import QUICK, bare_name
from actors.bot.spans import parse_span
from actors.bot.texts import Html, join
from actors.errors import BadInput, BadVariable, NothingToDo, Unknown
from actors.records.variables import check_variable
from runtime.vault import Secret

EVERY_S = (300, 900, 3600, 6 * 3600, 86400)
MOST = 30


class Secretive(Screen):
    """What the screens of variables share: administrators only, in a private chat only."""

    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True
    keeps_form = True

    def title(self, visit: Visit, *more: str) -> tuple[str, ...]:
        """Whose variables they are."""
        number = _number(visit)
        name = visit.words.label("tp_new") if _is_draft(visit, number) else sandbox(visit).get(number).name[:40]
        return crumbs(visit, visit.words.label("tp_title"), name, visit.words.label("vars_title"), *more)


def _number(visit: Visit) -> str:
    """The guest that the place names; raises NothingToDo where it names none that is here or is to be."""
    number = visit.place.arg.partition(",")[0]
    return number if _is_draft(visit, number) else guest(visit).id


def _is_draft(visit: Visit, number: str) -> bool:
    return bool(number) and visit.form.get("t_id") == number


def _back(visit: Visit, number: str) -> Link:
    return Link("T2") if _is_draft(visit, number) else Link("T4", arg=number)


def _mark(name: str) -> str:
    """A variable's place in a button: its name may be too long for one."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def _named(visit: Visit, number: str, mark: str) -> str:
    for it in sandbox(visit).variables(number):
        if _mark(it.name) == mark:
            return it.name
    raise Unknown("there is no such variable (any more)")


class Variables(Secretive):
    """T6."""

    id = "T6"

    def draw(self, visit: Visit) -> Page:
        """Names and when they were set, nothing of the values."""
        words, number = visit.words, _number(visit)
        found = sandbox(visit).variables(number)
        rows: Rows = grid([go(f"{it.name} ••••", "T6d", arg=f"{number},{_mark(it.name)}") for it in found[:MOST]], 2)
        new = (go(words.label("b_add"), "T6n", arg=number), go(words.label("b_import"), "T6e", arg=number))
        lines = [words("vars_line", name=it.name, ago=words.ago(it.set_at, visit.now)) for it in found[:MOST]]
        text = join([words("tp_variables"), *lines, None if lines else words("vars_none")])
        return Page(self.title(visit), text, (*rows, new), back=_back(visit, number))


class NewVariable(Secretive):
    """T6n: the name."""

    id = "T6n"

    def draw(self, visit: Visit) -> Page:
        """Asks for it, with the usual ones as buttons."""
        number = _number(visit)
        quick = [do(name, "T6n", arg=f"{number},{index}") for index, name in enumerate(QUICK)]
        expects = Expect(Link("T6n", arg=number))
        return Page(
            self.title(visit), visit.words("var_name"), grid(quick), cancel=Link("T6", arg=number), expects=expects
        )

    def typed(self, visit: Visit, text: str) -> Reply:
        """The name, checked; a value that stood beside it is asked for by itself."""
        return self._named(visit, *bare_name(visit, text))

    def act(self, visit: Visit) -> Reply:
        """One of the usual ones."""
        return self._named(visit, QUICK[int(visit.place.arg.partition(",")[2] or 0) % len(QUICK)])

    def _named(self, visit: Visit, name: str, note: Html | None = None) -> Reply:
        return Reply(to=Link("T6v", arg=_number(visit)), form={**kept(visit.form), "t_key": name}, note=note)


class Value(Secretive):
    """T6v: the value of the variable that the form names."""

    id = "T6v"

    def draw(self, visit: Visit) -> Page:
        """Asks for it; the message is deleted right after reading."""
        number, name = _number(visit), visit.form.get("t_key", "")
        if not name:
            raise BadVariable("the variable's name got lost", "Begin again.")
        expects = Expect(Link("T6v", arg=number), secret=True)
        text = visit.words("tp_value", name=name)
        return Page(self.title(visit, name), text, cancel=Link("T6", arg=number), expects=expects)

    def typed(self, visit: Visit, text: str) -> Reply:
        """Seal it."""
        number, form = _number(visit), kept(visit.form)
        name = form.pop("t_key", "")
        sandbox(visit).set_variable(number, name, Secret(text))
        audit.info("a third-party variable was set", by=visit.asked_by, guest=number, variable=name)
        return _done(visit, number, form, "note_var_saved", name=name)


def _done(visit: Visit, number: str, form: dict[str, str], note: str, **values: object) -> Reply:
    """Back to the list, with what was done and when it counts."""
    when = None if _is_draft(visit, number) else visit.words("tp_next_start")
    return Reply(to=Link("T6", arg=number), note=join([visit.words(note, **values), when], " "), form=form)


class Import(Secretive):
    """T6e: a .env file, or its text."""

    id = "T6e"

    def draw(self, visit: Visit) -> Page:
        """Asks for it."""
        number = _number(visit)
        expects = Expect(Link("T6e", arg=number), secret=True, document=True)
        title = self.title(visit, ".env")
        return Page(title, visit.words("var_import"), cancel=Link("T6", arg=number), expects=expects)

    def typed(self, visit: Visit, text: str) -> Reply:
        """All of them, or none."""
        number = _number(visit)
        found, _strange = parse_dotenv(text)
        for name, value in found.items():
            check_variable(name, Secret(value))
        if not found:
            raise NothingToDo("no variable was found", "Lines look like NAME=value.")
        for name, value in found.items():
            sandbox(visit).set_variable(number, name, Secret(value))
        audit.info("third-party variables were set", by=visit.asked_by, guest=number, variables=len(found))
        return _done(visit, number, kept(visit.form), "note_imported", n=len(found))


class OneVariable(Secretive):
    """T6d: one variable, to be given another value or taken away. The argument: the guest, and which."""

    id = "T6d"

    def draw(self, visit: Visit) -> Page:
        """Cancel first; the value is not there to be seen."""
        words, number = visit.words, _number(visit)
        name = _named(visit, number, visit.place.arg.partition(",")[2])
        rows = (
            (do(words.label("b_change"), "T6d", arg=f"{number},{_mark(name)},c"),),
            (
                go(words.label("b_cancel"), "T6", arg=number),
                do(words.label("b_delete"), "T6d", arg=f"{number},{_mark(name)}", style="danger"),
            ),
        )
        text = words("tp_variable", name=name)
        return Page(self.title(visit, name), text, rows, back=Link("T6", arg=number), life_s=CONFIRM_S)

    def act(self, visit: Visit) -> Reply:
        """Away with it, or on to another value."""
        number = _number(visit)
        _, mark, *change = visit.place.arg.split(",")
        name = _named(visit, number, mark)
        if change:
            return Reply(to=Link("T6v", arg=number), form={**kept(visit.form), "t_key": name})
        sandbox(visit).unset_variable(number, name)
        audit.info("a third-party variable was deleted", by=visit.asked_by, guest=number, variable=name)
        return _done(visit, number, kept(visit.form), "note_var_deleted", name=name)


class Interval(Screen):
    """T7: how often the repository is looked at. The argument: nothing (of the one that is to be), or a guest."""

    id = "T7"
    right = Right.RUN
    keeps_form = True

    def draw(self, visit: Visit) -> Page:
        """Presets and off; an own value may be typed."""
        words, number = visit.words, visit.place.arg.partition(",")[0]
        it = guest(visit).wish if number else wish(visit.form)
        choices = [
            do(marked(every(visit, seconds), seconds == it.interval_s), "T7", arg=f"{number},{seconds}")
            for seconds in EVERY_S
        ]
        off = do(marked(words.label("b_off"), not it.interval_s), "T7", arg=f"{number},0")
        name = it.name[:40] if number else words.label("tp_new")
        title = crumbs(visit, words.label("tp_title"), name, words.label("interval_title"))
        text = join([words("tp_every", name=it.name), words("tp_every_now", time=every(visit, it.interval_s))])
        back = Link("T4", arg=number) if number else Link("T2")
        return Page(title, text, (*grid([*choices], 3), (off,)), back=back, expects=Expect(Link("T7", arg=number)))

    def act(self, visit: Visit) -> Reply:
        """A preset, or off."""
        seconds = visit.place.arg.partition(",")[2]
        if not seconds.isdecimal():
            raise BadInput("there is no such choice")
        return self._chosen(visit, int(seconds))

    def typed(self, visit: Visit, text: str) -> Reply:
        """An own value."""
        return self._chosen(visit, parse_span(text))

    def _chosen(self, visit: Visit, seconds: int) -> Reply:
        """The repository is looked at once, now: whether that works is better known before."""
        number = visit.place.arg.partition(",")[0]
        if number:
            it = guest(visit)
            sandbox(visit).set_interval(it.id, seconds)
            audit.info("a third-party repository is watched", by=visit.asked_by, guest=it.id, seconds=seconds)
            return Reply(to=Link("T4", arg=it.id))
        form = kept(visit.form)
        sandbox(visit).check_watch(wish(form), form.get("t_id", ""), seconds)
        return Reply(to=Link("T2"), form={**form, "t_every": str(seconds)})
