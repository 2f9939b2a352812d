"""C1 and C2: the variables of a project; values are never shown but as dots, or for 15 s to who asks for it."""

from __future__ import annotations

import hashlib

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import Page, Reply, Rows, Screen, Visit, do, go
from actors.bot.screens.common import PAGE, crumbs, page_of, pages
from actors.bot.screens.question import Question
from actors.bot.texts import Html, escape, join
from actors.errors import Unknown
from actors.model.project import Project
from actors.records.variables import VariableInfo
from runtime.log import get

log = get("actors.bot.audit")
SHOWN_S = 15.0
SHOWN_MOST = 3000


class Secretive(Screen):
    """What all of them share: administrators only, in a private chat only."""

    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True


class Variables(Secretive):
    """C1. The argument: `t` for the test variables, `c` when something was changed just now, the page's number."""

    id = "C1"

    def draw(self, visit: Visit) -> Page:
        """Names with dots."""
        words, project, arg = visit.words, visit.project(), visit.place.arg
        no, test, kind = project.no, arg.startswith("t"), "t" if arg.startswith("t") else ""
        both = {each: visit.control.variables(project.name, each) for each in (False, True)}
        tabs = tuple(
            go(
                ("● " if each is test else "")
                + words.label("b_vars_test" if each else "b_vars_run", n=len(both[each])),
                "C1",
                no,
                "t" if each else "",
            )
            for each in (False, True)
        )
        page, turning = pages(len(both[test]), page_of(arg.lstrip("tc")), lambda n: go("·", "C1", no, f"{kind}{n}"))
        shown = both[test][page * PAGE : (page + 1) * PAGE]
        rows: Rows = (tabs, *((go(_line(it), "C2", no, variable_id(it.name, test)),) for it in shown), *turning)
        rows += (
            (go(words.label("b_add"), "C3", no, kind), go(words.label("b_import"), "C5", no, kind)),
            (go(words.label("b_names"), "C6", no, kind),),
        )
        if both[False] and test:
            rows += ((do(words.label("b_copy_vars"), "C1", no, "t"),),)
        if "c" in arg and not test and visit.status().pid is not None:
            rows += ((go(words.label("b_restart_now"), "P1r", no, style="primary"),),)
        lines = [words("vars_line", name=it.name, ago=words.ago(it.set_at, visit.now)) for it in shown]
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


def variable_id(name: str, test: bool) -> str:
    """A variable's place in a button: its name may be too long for one."""
    return f"{'t' if test else 'r'}{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def found_variable(visit: Visit, project: Project) -> tuple[VariableInfo, bool]:
    test = visit.place.arg.startswith("t")
    for info in visit.control.variables(project.name, test):
        if variable_id(info.name, test) == visit.place.arg:
            return info, test
    raise Unknown(f"{project.name} has no such variable (any more)")


class Variable(Secretive):
    """C2."""

    id = "C2"

    def draw(self, visit: Visit) -> Page:
        """What can be done with it."""
        words, project = visit.words, visit.project()
        info, test = found_variable(visit, project)
        return self._page(visit, project, info, test, words("var_text", dots=f"••••{info.tail}"))

    def _page(self, visit: Visit, project: Project, info: VariableInfo, test: bool, value: Html) -> Page:
        words, no, arg = visit.words, project.no, visit.place.arg
        only = () if test else (go(words.label("b_only_test"), "C2t", no, arg),)
        rows = (
            (go(words.label("b_change"), "C4", no, arg), do(words.label("b_show"), "C2", no, arg)),
            (*only, go(words.label("b_delete"), "C2d", no, arg, "danger")),
        )
        kind = words.label("kind_vars_test" if test else "kind_vars_run")
        text = join([words("var_about", name=info.name, kind=kind, ago=words.ago(info.set_at, visit.now)), value])
        back = Link("C1", no, "t" if test else "")
        return Page(crumbs(visit, words.label("vars_title"), info.name, project=project), text, rows, back=back)

    def act(self, visit: Visit) -> Reply:
        """Show the value; it is gone again after 15 s."""
        project = visit.project()
        info, test = found_variable(visit, project)
        value = visit.control.reveal_variable(project.name, info.name, test)
        log.warning("a variable was shown", user=visit.person.id, project_name=project.name, variable=info.name)
        shown = Html(f"<tg-spoiler>{escape(value.reveal()[:SHOWN_MOST])}</tg-spoiler>")
        page = self._page(visit, project, info, test, join([visit.words("var_shown"), shown]))
        return Reply(page=Page(page.crumbs, page.text, page.rows, back=page.back, live_s=SHOWN_S, secret=True))


class DeleteVariable(Question, Secretive):
    """C2d: the question before."""

    id = "C2d"
    label = "b_delete"

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """Which one."""
        project = visit.project()
        info, _ = found_variable(visit, project)
        path = crumbs(visit, visit.words.label("vars_title"), info.name, project=project)
        return path, visit.words("var_delete", name=info.name)

    def back(self, visit: Visit) -> Link:
        """The variable."""
        return Link("C2", visit.place.no, visit.place.arg)

    def act(self, visit: Visit) -> Reply:
        """Away with it."""
        project = visit.project()
        info, test = found_variable(visit, project)
        visit.control.unset_variable(project.name, info.name, test)
        return saved(visit, project, test, "note_var_deleted", name=info.name)


class OnlyTest(Question, Secretive):
    """C2t: the question before a variable of production becomes one of the test only."""

    id = "C2t"
    label = "b_only_test"

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """What production loses."""
        project = visit.project()
        info, _ = found_variable(visit, project)
        path = crumbs(visit, visit.words.label("vars_title"), info.name, project=project)
        return path, visit.words("var_only_test", name=info.name)

    def back(self, visit: Visit) -> Link:
        """The variable."""
        return Link("C2", visit.place.no, visit.place.arg)

    def act(self, visit: Visit) -> Reply:
        """Sealed anew for the test, then taken from production; what the test had under that name goes."""
        project, control = visit.project(), visit.control
        info, _ = found_variable(visit, project)
        control.set_variable(project.name, info.name, control.reveal_variable(project.name, info.name, False), True)
        control.unset_variable(project.name, info.name, False)
        return saved(visit, project, False, "note_var_moved", name=info.name)


def saved(visit: Visit, project: Project, test: bool, note: str, **values: object) -> Reply:
    """Back to the list, with what was done and when it counts."""
    to = Link("C1", project.no, "tc" if test else "c")
    return Reply(to=to, note=join([visit.words(note, **values), visit.words("note_next_start")], " "), form={})
