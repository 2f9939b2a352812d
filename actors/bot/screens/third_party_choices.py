"""T2t and T3: how long a stranger's repository may run, and how much of its commands' output the chat is shown."""

from __future__ import annotations

from actors.bot.links import Link
from actors.bot.screen import Choice, Page, Reply, Rows, Visit, do, grid
from actors.bot.screens.common import crumbs
from actors.bot.screens.third_party import LINES, Asking, guest, how_long, kept, marked, sandbox, wish
from actors.bot.spans import parse_span

TEST_TIMES_S = (60, 300, 600, 1800, 3600)
PRODUCTION_TIMES_S = (0, 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600)


class Time(Asking):
    """T2t: how long it may run."""

    id = "T2t"

    def draw(self, visit: Visit) -> Page:
        """Presets; an own time may be typed."""
        words, it = visit.words, wish(visit.form)
        times = TEST_TIMES_S if it.test else PRODUCTION_TIMES_S
        choices: list[Choice] = [
            do(marked(how_long(visit, seconds), seconds == it.seconds), "T2t", arg=str(seconds)) for seconds in times
        ]
        return self.page(visit, words("tp_time"), grid(choices, 3), back=Link("T2"), typed=True)

    def act(self, visit: Visit) -> Reply:
        """A preset."""
        return Reply(to=Link("T2"), form={**kept(visit.form), "t_for": str(int(visit.place.arg))})

    def typed(self, visit: Visit, text: str) -> Reply:
        """An own time."""
        return Reply(to=Link("T2"), form={**kept(visit.form), "t_for": str(parse_span(text))})


class Output(Asking):
    """T3: whether the chat is shown what the commands write, and how much of it.

    The argument: nothing (of the one that is to be run) or a guest; an act has one word more, `on`, `off` or lines.
    """

    id = "T3"

    def draw(self, visit: Visit) -> Page:
        """On or off, and 10, 20 or 30 lines."""
        words, number = visit.words, visit.place.arg.partition(",")[0]
        it = guest(visit).wish if number else wish(visit.form)
        on = [
            do(marked(words.label(f"b_tp_{name}"), it.output is (name == "on")), "T3", arg=f"{number},{name}")
            for name in ("on", "off")
        ]
        lines = [
            do(marked(str(count), it.output and it.lines == count), "T3", arg=f"{number},{count}") for count in LINES
        ]
        rows: Rows = (tuple(on), tuple(lines))
        if not number:
            return self.page(visit, words("tp_output"), rows, back=Link("T2"))
        title = crumbs(visit, words.label("tp_title"), it.name[:40])
        return Page(title, words("tp_output"), rows, back=Link("T4", arg=number))

    def act(self, visit: Visit) -> Reply:
        """As chosen; a number of lines means that it is on."""
        number, _, wanted = visit.place.arg.partition(",")
        count = int(wanted) if wanted in map(str, LINES) else None
        if number:
            it = guest(visit)
            sandbox(visit).set_output(it.id, wanted != "off", count or it.wish.lines)
            return Reply(to=Link("T3", arg=it.id))
        form = {**kept(visit.form), "t_out": "off" if wanted == "off" else "on"}
        return Reply(to=Link("T3"), form=form if count is None else {**form, "t_lines": str(count)})
