"""T0 to T3: strangers' repositories that run here, and what a new one is to be run with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import HOME, Choice, Expect, Page, Reply, Rows, Screen, Visit, do, go, grid
from actors.bot.screens.common import PAGE, crumbs, page_of, pages
from actors.bot.spans import parse_span
from actors.bot.texts import Html, join
from actors.errors import BadInput, BadUrl, NoEngine, NothingToDo
from actors.sandbox.shapes import CPUS, MEMORY, PRODUCTION_S, TEST_S, Guest, GuestState, Wish
from actors.source.address import check_branch, split
from runtime.log import get

if TYPE_CHECKING:
    from actors.sandbox import Sandbox

audit = get("actors.bot.audit")
MB = 1024 * 1024
MEMORIES_MB = (128, 256, 512, 1024)
CORES = ("0.25", "0.5", "1", "2")
TEST_TIMES_S = (60, 300, 600, 1800, 3600)
PRODUCTION_TIMES_S = (3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600)
LINES = (10, 20, 30)
MARKS = {
    GuestState.PREPARING: "🟡",
    GuestState.RUNNING: "🟢",
    GuestState.ENDED: "⚪",
    GuestState.FAILED: "🔴",
}
GOING = (GuestState.PREPARING, GuestState.RUNNING)
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


def state(visit: Visit, it: Guest) -> GuestState:
    """Where it stands; its time may be over before anybody noticed."""
    over = it.state in GOING and it.until < visit.now.timestamp()
    return GuestState.ENDED if over else it.state


def kind(visit: Visit, it: Guest) -> str:
    """Test or production, in words."""
    return visit.words.label("tp_test" if it.test else "tp_production")


class Guests(Screen):
    """T0. The argument is the page's number."""

    id = "T0"

    def draw(self, visit: Visit) -> Page:
        """Who is here; where there is no engine, how to get one."""
        words, title = visit.words, crumbs(visit, visit.words.label("tp_title"))
        try:
            found = sandbox(visit).list()
        except NoEngine as error:
            again = go(words.label("b_refresh"), "T0")
            return Page(title, words("tp_no_engine", error=error.message), ((again,),))
        page, turning = pages(len(found), page_of(visit.place.arg), lambda n: go("·", "T0", arg=str(n)))
        rows: Rows = tuple(
            (go(self._line(visit, it), "T4", arg=it.id),) for it in found[page * PAGE : (page + 1) * PAGE]
        )
        new = go(words.label("b_tp_new"), "T1", style="primary")
        return Page(title, words("tp_choose" if found else "tp_none"), (*rows, *turning, (new,)))

    def _line(self, visit: Visit, it: Guest) -> str:
        age = visit.words.duration(visit.now.timestamp() - it.started_at)
        return f"{MARKS[state(visit, it)]} {it.name[:30]} · {kind(visit, it)} · {age}"


class Asking(Screen):
    """What the steps before a run share."""

    right = Right.RUN
    keeps_form = True

    def page(self, visit: Visit, text: Html, rows: Rows = (), *, back: Link, typed: bool = False) -> Page:
        """A step that Cancel ends."""
        words = visit.words
        title = crumbs(visit, words.label("tp_title"), words.label("tp_new"))
        expects = Expect(Link(self.id)) if typed else None
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
    """T2 for what was typed; raises BadUrl, BadBranch or what git says of it."""
    words = [*text.split(maxsplit=1), "", ""]
    address, _ = split(words[0])
    if address.scheme not in ("https", "http", "ssh"):
        raise BadUrl(f"{address.safe} is not on a server", "Give an https:// address.", url=address.safe)
    ref = check_branch(words[1]) if words[1] else ""
    visit.control.check_url(address.raw)
    return Reply(to=Link("T2"), form={**_kept(visit.form), "t_url": address.raw, "t_ref": ref})


def _kept(form: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in form.items() if name.startswith("t_")}


def wish(form: Mapping[str, str]) -> Wish:
    """What the answers so far amount to."""
    test = form.get("t_mode") != "production"
    return Wish(
        url=form.get("t_url", ""),
        ref=form.get("t_ref") or None,
        test=test,
        for_s=int(form.get("t_for") or (TEST_S if test else PRODUCTION_S)),
        network=form.get("t_net") != "off",
        memory=int(form.get("t_mem") or MEMORY // MB) * MB,
        cpus=float(form.get("t_cpu") or CPUS),
        output=form.get("t_out") != "off",
        lines=int(form.get("t_lines") or LINES[-1]),
    )


class Options(Asking):
    """T2."""

    id = "T2"

    def draw(self, visit: Visit) -> Page:
        """How it would be run; each button changes one thing, the last one begins."""
        words, it = visit.words, wish(visit.form)
        if not it.url:
            return self.page(visit, words("tp_url_first"), ((go(words.label("b_tp_url"), "T1"),),), back=Link("T0"))
        test = do(_marked(words.label("b_tp_test"), it.test), "T2", arg="test")
        production = do(_marked(words.label("b_tp_production"), not it.test), "T2", arg="production")
        network = words.label("b_tp_net_on" if it.network else "b_tp_net_off")
        output = words.label("b_tp_out", lines=it.lines) if it.output else words.label("b_tp_out_off")
        rows: Rows = (
            (test, production),
            (go(words.label("b_tp_time", time=words.duration(it.seconds)), "T2t"),),
            (
                do(words.label("b_tp_memory", size=words.size(it.memory)), "T2", arg="mem"),
                do(words.label("b_tp_cpu", cores=f"{it.cpus:g}"), "T2", arg="cpu"),
                do(network, "T2", arg="net"),
            ),
            (go(output, "T3"),),
            (do(words.label("b_tp_run"), "T2", arg="run", style="success"),),
        )
        ref = words("tp_ref", ref=it.ref) if it.ref else None
        text = join([words("tp_repo", url=it.url), ref, Html(""), words("tp_foreign")])
        return self.page(visit, text, rows, back=Link("T1"))

    def act(self, visit: Visit) -> Reply:
        """Another choice; or begin."""
        form = _kept(visit.form)
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
        begun = sandbox(visit).start(wanted)
        audit.info("a third-party repository is run", by=visit.asked_by, url=begun.url, guest=begun.id)
        return Reply(to=Link("T4", arg=begun.id), form={})


class Time(Asking):
    """T2t: how long it may run."""

    id = "T2t"

    def draw(self, visit: Visit) -> Page:
        """Presets; an own time may be typed."""
        words, it = visit.words, wish(visit.form)
        times = TEST_TIMES_S if it.test else PRODUCTION_TIMES_S
        choices: list[Choice] = [
            do(_marked(words.duration(seconds), seconds == it.seconds), "T2t", arg=str(seconds)) for seconds in times
        ]
        return self.page(visit, words("tp_time"), grid(choices, 3), back=Link("T2"), typed=True)

    def act(self, visit: Visit) -> Reply:
        """A preset."""
        return self._chosen(visit, visit.place.arg)

    def typed(self, visit: Visit, text: str) -> Reply:
        """An own time."""
        return self._chosen(visit, text)

    def _chosen(self, visit: Visit, text: str) -> Reply:
        return Reply(to=Link("T2"), form={**_kept(visit.form), "t_for": str(parse_span(text))})


class Output(Asking):
    """T3: whether the chat is shown what the commands write, and how much of it.

    The argument: nothing (of the one that is to be run) or a guest; an act has one word more, `on`, `off` or lines.
    """

    id = "T3"

    def draw(self, visit: Visit) -> Page:
        """On or off, and 10, 20 or 30 lines."""
        words, number = visit.words, visit.place.arg.partition(",")[0]
        it = guest(visit) if number else wish(visit.form)
        on = [
            do(_marked(words.label(f"b_tp_{name}"), it.output is (name == "on")), "T3", arg=f"{number},{name}")
            for name in ("on", "off")
        ]
        lines = [
            do(_marked(str(count), it.output and it.lines == count), "T3", arg=f"{number},{count}") for count in LINES
        ]
        rows: Rows = (tuple(on), tuple(lines))
        if not isinstance(it, Guest):
            return self.page(visit, words("tp_output"), rows, back=Link("T2"))
        title = crumbs(visit, words.label("tp_title"), it.name[:40])
        return Page(title, words("tp_output"), rows, back=Link("T4", arg=number))

    def act(self, visit: Visit) -> Reply:
        """As chosen; a number of lines means that it is on."""
        number, _, wanted = visit.place.arg.partition(",")
        count = int(wanted) if wanted in map(str, LINES) else None
        if number:
            it = guest(visit)
            sandbox(visit).set_output(it.id, wanted != "off", count or it.lines)
            return Reply(to=Link("T3", arg=it.id))
        form = {**_kept(visit.form), "t_out": "off" if wanted == "off" else "on"}
        return Reply(to=Link("T3"), form=form if count is None else {**form, "t_lines": str(count)})


def _marked(label: str, chosen: bool) -> str:
    return f"● {label}" if chosen else label


def _next(values: list[str], now: str) -> str:
    """The value after that one, the first after the last."""
    return values[(values.index(now) + 1) % len(values)] if now in values else values[0]
