"""T0 to T3: strangers' repositories that run here, and what a new one is to be run with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import HOME, Choice, Expect, Page, Reply, Rows, Screen, Visit, do, go
from actors.bot.screens.common import PAGE, crumbs, page_of, pages
from actors.bot.texts import Html, join
from actors.errors import AccessDenied, BadInput, BadUrl, NoEngine, NothingToDo
from actors.model.guest import CPUS, MEMORY, Guest, GuestState, Wish
from actors.source.address import Access, check_branch, split
from runtime.log import get
from runtime.vault import Secret

if TYPE_CHECKING:
    from actors.sandbox import Sandbox

audit = get("actors.bot.audit")
MB = 1024 * 1024
MEMORIES_MB = (128, 256, 512, 1024)
CORES = ("0.25", "0.5", "1", "2")
LINES = (10, 20, 30)
MARKS = {
    GuestState.PREPARING: "🟡",
    GuestState.RUNNING: "🟢",
    GuestState.RESTARTING: "🟡",
    GuestState.ENDED: "⚪",
    GuestState.FAILED: "🔴",
}
_ID = re.compile(r"[0-9a-f]{8}")


def sandbox(visit: Visit) -> Sandbox:
    """Where strangers' code runs; raises NoEngine where that is nowhere."""
    if visit.sandbox is None:
        raise NoEngine("no Docker engine answers here")
    return visit.sandbox


def guest(visit: Visit) -> Guest:
    """The guest that the place names; raises NothingToDo when it is gone, NoEngine."""
    number = visit.place.arg.partition(",")[0]
    if not _ID.fullmatch(number):
        raise NothingToDo("that third-party repository does not run any more")
    return sandbox(visit).get(number)


def kind(visit: Visit, it: Guest) -> str:
    """Test or production, in words."""
    return visit.words.label("tp_test" if it.wish.test else "tp_production")


def every(visit: Visit, seconds: int) -> str:
    """How often the repository is looked at, in words."""
    return visit.words.duration(seconds) if seconds else visit.words.label("tp_every_off")


class Guests(Screen):
    """T0. The argument is the page's number."""

    id = "T0"

    def draw(self, visit: Visit) -> Page:
        """Who is here; where there is no engine, how to get one."""
        words, title = visit.words, crumbs(visit, visit.words.label("tp_title"))
        try:
            found = sandbox(visit).all()
        except NoEngine as error:
            again = go(words.label("b_refresh"), "T0")
            return Page(title, words("tp_no_engine", error=words.said(error.message)), ((again,),))
        page, turning = pages(len(found), page_of(visit.place.arg), lambda n: go("·", "T0", arg=str(n)))
        rows: Rows = tuple(
            (go(self._line(visit, it), "T4", arg=it.id),) for it in found[page * PAGE : (page + 1) * PAGE]
        )
        new = go(words.label("b_tp_new"), "T1", style="primary")
        return Page(title, words("tp_choose" if found else "tp_none"), (*rows, *turning, (new,)))

    def _line(self, visit: Visit, it: Guest) -> str:
        age = visit.words.duration(visit.now.timestamp() - it.started_at)
        return f"{MARKS[it.state]} {it.name[:30]} · {kind(visit, it)} · {age}"


class Asking(Screen):
    """What the steps before a run share."""

    right = Right.RUN
    keeps_form = True

    def page(
        self, visit: Visit, text: Html, rows: Rows = (), *, back: Link, typed: bool = False, secret: bool = False
    ) -> Page:
        """A step that Cancel ends."""
        words = visit.words
        title = crumbs(visit, words.label("tp_title"), words.label("tp_new"))
        expects = Expect(Link(self.id), secret) if typed else None
        return Page(title, text, rows, back=back, cancel=HOME, expects=expects)


class Address(Asking):
    """T1."""

    id = "T1"

    def draw(self, visit: Visit) -> Page:
        """Asks for the link."""
        on = go(visit.words.label("b_tp_options"), "T2")
        return self.page(
            visit, visit.words("tp_url"), ((on,),) if visit.form.get("t_url") else (), back=Link("T0"), typed=True
        )

    def typed(self, visit: Visit, text: str) -> Reply:
        """The link, and a branch, tag or commit after a space; the repository is looked at now."""
        return asked(visit, text)


def asked(visit: Visit, text: str) -> Reply:
    """T2 for what was typed; raises BadUrl, BadBranch or what git says of it. A token in the link is sealed at once.

    Where no engine answers there is no use in asking more: T0 says how to get one.
    """
    try:
        sandbox(visit).need_engine()
    except NoEngine:
        return Reply(to=Link("T0"))
    words = [*text.split(maxsplit=1), "", ""]
    address, held = split(words[0])
    if address.scheme not in ("https", "http", "ssh"):
        raise BadUrl(f"{address.safe} is not on a server", "Give an https:// address.", url=address.safe)
    ref = check_branch(words[1]) if words[1] else ""
    form = kept(visit.form)
    if form.get("t_url") != address.raw:
        form["t_id"] = sandbox(visit).draft()  # what was given for another repository is not for this one
    if held.token is not None:
        sandbox(visit).set_access(form["t_id"], held)
    return looked(visit, {**form, "t_url": address.raw, "t_ref": ref})


def looked(visit: Visit, form: dict[str, str]) -> Reply:
    """T2 when the repository can be read, T1k when it wants a token."""
    try:
        visit.control.check_url(form["t_url"], sandbox(visit).access(form["t_id"]))
    except AccessDenied as error:
        return Reply(to=Link("T1k"), form=form, note=visit.words.error(error))
    return Reply(to=Link("T2"), form=form)


class Token(Asking):
    """T1k: a private repository's token."""

    id = "T1k"

    def draw(self, visit: Visit) -> Page:
        """Asks for it; the message is deleted."""
        return self.page(visit, visit.words("tp_token"), back=Link("T1"), typed=True, secret=True)

    def typed(self, visit: Visit, text: str) -> Reply:
        """The token, sealed and tried at once."""
        form = kept(visit.form)
        if not form.get("t_url"):
            return Reply(to=Link("T1"))
        sandbox(visit).set_access(form["t_id"], Access(token=Secret(text.strip())))
        return looked(visit, form)


def kept(form: Mapping[str, str]) -> dict[str, str]:
    """The answers that are a guest's."""
    return {name: value for name, value in form.items() if name.startswith("t_")}


def wish(form: Mapping[str, str]) -> Wish:
    """What the answers so far amount to."""
    test = form.get("t_mode") != "production"
    return Wish(
        url=form.get("t_url", ""),
        ref=form.get("t_ref") or None,
        test=test,
        for_s=int(form.get("t_for") or 0) or None,
        network=form.get("t_net") != "off",
        memory=int(form.get("t_mem") or MEMORY // MB) * MB,
        cpus=float(form.get("t_cpu") or CPUS),
        output=form.get("t_out") != "off",
        lines=int(form.get("t_lines") or LINES[-1]),
        interval_s=int(form.get("t_every") or 0),
    )


class Options(Asking):
    """T2."""

    id = "T2"

    def draw(self, visit: Visit) -> Page:
        """How it would be run; each button changes one thing, the last one begins."""
        words, it = visit.words, wish(visit.form)
        if not it.url:
            return self.page(visit, words("tp_url_first"), ((go(words.label("b_tp_url"), "T1"),),), back=Link("T0"))
        test = do(marked(words.label("b_tp_test"), it.test), "T2", arg="test")
        production = do(marked(words.label("b_tp_production"), not it.test), "T2", arg="production")
        network = words.label("b_tp_net_on" if it.network else "b_tp_net_off")
        output = words.label("b_tp_out", lines=it.lines) if it.output else words.label("b_tp_out_off")
        rows: Rows = (
            (test, production),
            (
                go(words.label("b_tp_time", time=how_long(visit, it.seconds)), "T2t"),
                go(words.label("b_tp_every", time=every(visit, it.interval_s)), "T7"),
            ),
            (
                do(words.label("b_tp_memory", size=words.size(it.memory)), "T2", arg="mem"),
                do(words.label("b_tp_cpu", cores=f"{it.cpus:g}"), "T2", arg="cpu"),
                do(network, "T2", arg="net"),
            ),
            (_variables(visit), go(output, "T3")),
            (do(words.label("b_tp_run"), "T2", arg="run", style="success"),),
        )
        ref = words("tp_ref", ref=it.ref) if it.ref else None
        text = join([words("tp_repo", url=it.url), ref, Html(""), words("tp_foreign")])
        return self.page(visit, text, rows, back=Link("T1"))

    def act(self, visit: Visit) -> Reply:
        """Another choice; or begin."""
        form = kept(visit.form)
        match visit.place.arg:
            case "run":
                return self._begun(visit)
            case "test" | "production" as mode:
                form = {**form, "t_mode": mode, "t_for": ""}
            case "mem":
                form["t_mem"] = _next([str(it) for it in MEMORIES_MB], str(wish(form).memory // MB))
            case "cpu":
                form["t_cpu"] = _next(list(CORES), f"{wish(form).cpus:g}")
            case "net":
                form["t_net"] = "off" if wish(form).network else "on"
            case _:
                raise BadInput("there is no such choice")
        return Reply(to=Link("T2"), form=form)

    def _begun(self, visit: Visit) -> Reply:
        wanted = wish(visit.form)
        if not wanted.url:
            return Reply(to=Link("T1"))
        begun = sandbox(visit).start(wanted, visit.form.get("t_id", ""), visit.asked_by)
        audit.info("a third-party repository is run", by=visit.asked_by, url=begun.wish.url, guest=begun.id)
        return Reply(to=Link("T4", arg=begun.id), form={})


def how_long(visit: Visit, seconds: int) -> str:
    return visit.words.duration(seconds) if seconds else visit.words.label("tp_no_end")


def _variables(visit: Visit) -> Choice:
    """Secrets are typed in a private chat only."""
    number = visit.form.get("t_id", "")
    count = len(sandbox(visit).variables(number)) if number else 0
    return go(visit.words.label("b_tp_variables", n=count), "T6", arg=number)


def marked(label: str, chosen: bool) -> str:
    return f"● {label}" if chosen else label


def _next(values: list[str], now: str) -> str:
    """The value after that one, the first after the last."""
    return values[(values.index(now) + 1) % len(values)] if now in values else values[0]
