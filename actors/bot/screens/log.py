"""S2: the output of a project's program, of its test, of a deployment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from actors.bot.links import Link, base36
from actors.bot.render import output
from actors.bot.rights import Right
from actors.bot.screen import LIVE_S, Choice, File, Page, Reply, Rows, Screen, Visit, do, go
from actors.bot.screens.common import crumbs, number
from actors.bot.texts import join
from actors.model.trouble import SEARCHED_LINES, tells_of_trouble

FOLLOW_S = 60
FILE_LINES = 20_000
TAIL = 30
MOST_BACK = 300  # pages of 30 lines: what lies before them is in the file


@dataclass(frozen=True)
class Wanted:
    """What the argument asks for: `<which>.<errors><page back>.<followed since>.<lines a page>`, from the end on.

    `which` is empty (the program), `t` (the test) or a deployment's id.
    """

    which: str = ""
    errors: bool = False
    back: int = 0
    since: str = ""
    lines: int = TAIL

    @property
    def arg(self) -> str:
        """As it stands in a button."""
        how = ("e" if self.errors else "") + (str(self.back) if self.back else "")
        parts = [self.which, how, self.since, str(self.lines) if self.lines != TAIL else ""]
        while parts[1:] and not parts[-1]:
            parts.pop()
        return ".".join(parts)

    @property
    def named(self) -> dict[str, Any]:
        """Which log, as Control wants it."""
        return {"deployment_id": self.which} if self.which.startswith("d") else {"test": self.which == "t"}


def wanted(arg: str) -> Wanted:
    """What an argument asks for; of a strange one what can be understood."""
    which, how, since, lines = ([*arg.split("."), "", "", ""])[:4]
    digits = how.removeprefix("e")
    back = min(int(digits[:4]), MOST_BACK) if digits.isdecimal() else 0
    return Wanted(which, how.startswith("e"), back, since, page_size(lines))


def page_size(text: str) -> int:
    """How many lines are shown at once: so many as somebody wrote, thirty at most and where it is no number."""
    return min(max(int(text[:4]), 1), TAIL) if text.isascii() and text.isdecimal() else TAIL


def _of(visit: Visit, it: Wanted) -> tuple[str, ...]:
    """What the log is of, where it is not the program's: the test, or a deployment and its version."""
    words = visit.words
    if it.which == "t":
        return (words.label("kind_test"),)
    if not it.which.startswith("d"):
        return ()
    deployment = visit.control.deployment(it.which)
    kind = words.label(f"kind_{deployment.kind.value}")
    return (kind if deployment.version is None else f"{kind} {number(words, deployment.version)}",)


class Log(Screen):
    """S2."""

    id = "S2"
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """Thirty lines or fewer: the last, those before, or the last with an error in them."""
        words, project, it = visit.words, visit.project(), wanted(visit.place.arg)
        following = _following(visit, it)
        lines, more = _lines(visit, project.name, it)
        title = words.label("log_title")
        path = crumbs(visit, title, *_of(visit, it), project=project)
        head = "log_following" if following else "log_errors" if it.errors else "log_earlier" if it.back else None
        body = words("no_errors") if it.errors and not lines else output(lines, words)
        text = join([words(head, n=it.back * it.lines) if head else None, body])
        rows = (*_turning(visit, it, more, following), _logs(visit, it), *_more(visit, it))
        shown = tuple(row for row in rows if row)
        return Page(path, text, shown, back=Link("P1", project.no), live_s=LIVE_S if following else None)

    def act(self, visit: Visit) -> Reply:
        """The whole log as a file, secrets masked."""
        project, it = visit.project(), wanted(visit.place.arg)
        lines = visit.control.log_tail(project.name, FILE_LINES, **it.named)
        if not lines:
            return Reply(note=visit.words("no_output"))
        which = it.which if it.which.startswith("d") else "test" if it.which == "t" else "log"
        content = ("\n".join(lines) + "\n").encode("utf-8", "replace")
        caption = visit.words("log_caption", name=project.name, n=len(lines))
        return Reply(files=(File(f"{project.name}-{which}.txt", content, caption),))


def _lines(visit: Visit, name: str, it: Wanted) -> tuple[list[str], bool]:
    """The lines to show, and whether there are others before them."""
    if it.errors:
        every = visit.control.log_tail(name, SEARCHED_LINES, **it.named)
        return [line for line in every if tells_of_trouble(line)][-TAIL:], False
    found = visit.control.log_tail(name, (it.back + 1) * it.lines + 1, **it.named)
    end = len(found) - it.back * it.lines
    return found[max(end - it.lines, 0) : max(end, 0)], end > it.lines


def _turning(visit: Visit, it: Wanted, more: bool, following: bool) -> Rows:
    words, no = visit.words, visit.place.no
    here = replace(it, since="")
    earlier = (go(words.label("b_earlier"), "S2", no, replace(here, back=it.back + 1).arg),) if more else ()
    if it.back:
        return ((go(words.label("b_later"), "S2", no, replace(here, back=it.back - 1).arg), *earlier),)
    watch: tuple[Choice, ...] = ()
    if not following and not it.errors and not it.which.startswith("d"):
        stamp = base36(int(visit.now.timestamp()))
        watch = (go(words.label("b_follow"), "S2", no, replace(here, since=stamp).arg),)
    return ((go(words.label("b_refresh"), "S2", no, here.arg), *watch), earlier)


def _logs(visit: Visit, it: Wanted) -> tuple[Choice, ...]:
    """The other logs that there are."""
    words, no, name = visit.words, visit.place.no, visit.project().name
    status = visit.status()
    tests = status.test is not None or it.which == "t"
    last = next((found.id for found in visit.control.history(name, 1)), None)
    build = it.which if it.which.startswith("d") else last
    known = [("", "program"), *([("t", "t")] if tests else []), *([(build, "build")] if build else [])]
    if len(known) < 2:
        return ()
    return tuple(
        go(("● " if which == it.which else "") + words.label(f"b_log_{label}"), "S2", no, which)
        for which, label in known
    )


def _more(visit: Visit, it: Wanted) -> Rows:
    words, no = visit.words, visit.place.no
    file = do(words.label("b_file"), "S2", no, it.which)
    if it.errors:
        return ((go(words.label("b_all_lines"), "S2", no, it.which), file),)
    return ((go(words.label("b_log_errors"), "S2", no, Wanted(it.which, errors=True).arg), file),)


def _following(visit: Visit, it: Wanted) -> bool:
    try:
        return bool(it.since) and visit.now.timestamp() - int(it.since, 36) < FOLLOW_S
    except ValueError:
        return False
