"""T4 and T5: a stranger's repository that runs here, its commands and their output, and a command that is typed."""

from __future__ import annotations

import re

from actors.bot.links import Link
from actors.bot.render import output
from actors.bot.rights import Right
from actors.bot.screen import CONFIRM_S, LIVE_S, Choice, Expect, File, Page, Reply, Rows, Screen, Visit, do, go, grid
from actors.bot.screens.add_project import DEFAULT_INTERVAL, TOKEN
from actors.bot.screens.common import crumbs, sha
from actors.bot.screens.third_party import GOING, MARKS, audit, guest, kind, sandbox, state
from actors.bot.texts import Html, Words, join
from actors.errors import BadName, NameTaken, NothingToDo
from actors.sandbox.shapes import COMMAND_S, Guest, GuestState, Step
from runtime.output import OutputFile

SHOWN_STEPS = 5  # the newest; with its output only the last one, a panel has no room for more
BLOCK = 2700  # characters of output, so that what stands above it fits as well
COMMAND_SHOWN = 80
MAX_COMMAND = 2000
FILE_LINES = 500_000
FILE_BYTES = 9 * 1024 * 1024
SLOW_S = 15.0  # one that runs for days need not be drawn every few seconds


class Running(Screen):
    """T4. The argument is the guest; an act has one word more."""

    id = "T4"

    def draw(self, visit: Visit) -> Page:
        """How it stands, its commands, the output of the last one; drawn again while it goes on."""
        words, it = visit.words, guest(visit)
        now = state(visit, it)
        shown = list(enumerate(it.steps))[-SHOWN_STEPS:]
        blocks: list[Html | None] = [_headline(visit, it, now)]
        blocks += [_head(step, words) for _, step in shown[:-1]]
        blocks += [block(it, step, words) for _, step in shown[-1:]]
        if now in GOING and it.running:
            blocks.append(words("tp_now", command=it.running[:COMMAND_SHOWN]))
        if not it.output:
            blocks.append(words("tp_output_is_off"))
        live = None if now not in GOING else LIVE_S if it.test else SLOW_S
        title = crumbs(visit, words.label("tp_title"), it.name[:40])
        return Page(title, join(blocks, "\n\n"), self._rows(visit, it, now), back=Link("T0"), live_s=live)

    def _rows(self, visit: Visit, it: Guest, now: GuestState) -> Rows:
        words = visit.words
        files: list[Choice] = []
        if it.steps:
            last = f"{it.id},{len(it.steps) - 1}"
            files = [
                do(words.label("b_tp_file"), "T4s", arg=last),
                go(words.label("b_tp_steps", n=len(it.steps)), "T4s", arg=it.id),
            ]
        rows: list[tuple[Choice, ...]] = [tuple(files)]
        if now is GuestState.RUNNING:
            rows.append(_command(visit, it))
        if visit.may(Right.RUN):
            switch = words.label("b_tp_quiet" if it.output else "b_tp_loud")
            rows.append(
                (
                    do(switch, "T4", arg=f"{it.id},{'off' if it.output else 'on'}"),
                    go(words.label("b_tp_lines", lines=it.lines), "T3", arg=it.id),
                )
            )
            stop = (go(words.label("b_stop"), "T4a", arg=f"{it.id},stop"),) if now in GOING else ()
            rows.append((*stop, go(words.label("b_tp_remove"), "T4a", arg=f"{it.id},remove")))
            rows.append((do(words.label("b_tp_project"), "T4p", arg=it.id),))
        return tuple(row for row in rows if row)

    act_right = Right.RUN

    def act(self, visit: Visit) -> Reply:
        """Output on or off."""
        it = guest(visit)
        sandbox(visit).set_output(it.id, visit.place.arg.endswith(",on"), it.lines)
        return Reply(to=Link("T4", arg=it.id))


def _command(visit: Visit, it: Guest) -> tuple[Choice, ...]:
    """Commands are typed in a private chat only; from a group the button leads there."""
    label = visit.words.label("b_tp_command")
    link = None if visit.private or not visit.may(Right.CHANGE) else visit.deep_link(f"t_{it.id}")
    return (Choice(label, url=link),) if link else (go(label, "T5", arg=it.id),)


def _headline(visit: Visit, it: Guest, now: GuestState) -> Html:
    words = visit.words
    left = it.until - visit.now.timestamp()
    return join(
        [
            words(
                "tp_state",
                mark=MARKS[now],
                state=words.label(f"tp_is_{now.value}"),
                kind=kind(visit, it),
                sha=sha(it.commit or None),
            ),
            words("tp_url_line", url=it.url[:200]),
            words(
                "tp_limits",
                memory=words.size(it.memory),
                cores=f"{it.cpus:g}",
                network=words.label("tp_net_on" if it.network else "tp_net_off"),
            ),
            words("tp_left", time=words.duration(left)) if now in GOING else None,
            words("error_line", error=it.error[:500]) if it.error else None,
        ]
    )


def _head(step: Step, words: Words) -> Html:
    """`$ command`, and under it how it ended."""
    return words(
        "tp_step_limit" if step.limit else "tp_step",
        mark="✅" if step.exit_code == 0 else "❌",
        command=" ".join(step.command[:COMMAND_SHOWN].split()),
        code="—" if step.exit_code is None else step.exit_code,
        time=words.duration(step.seconds),
        n=step.count,
    )


def block(it: Guest, step: Step, words: Words) -> Html:
    """A command with its output, as many lines as the guest is to show."""
    if not it.output:
        return _head(step, words)
    return join([_head(step, words), output(shown_lines(step, it.lines, words), words)])


def shown_lines(step: Step, most: int, words: Words) -> list[str]:
    """At most so many lines, one of them telling how many are left out of the middle."""
    lines, hidden = list(step.lines), step.hidden
    if hidden or len(lines) > most:
        keep = min(len(lines), most - 1)
        first = keep // 2
        hidden += len(lines) - keep
        lines = [*lines[:first], words.label("hidden", lines=hidden), *lines[len(lines) - (keep - first) :]]
    width = max(BLOCK // max(len(lines), 1), 80)
    return lines if sum(map(len, lines)) <= BLOCK else [_narrow(line, width) for line in lines]


def _narrow(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"


class Steps(Screen):
    """T4s: one command of a guest's. The argument: the guest and the command's place; an act sends the whole output."""

    id = "T4s"
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """The command that was chosen, the last one at first; a button for each of the others."""
        words, it = visit.words, guest(visit)
        step, at = _chosen(visit, it)
        others = [
            go(f"{'● ' if number == at else ''}{number + 1}", "T4s", arg=f"{it.id},{number}")
            for number in range(len(it.steps))
        ]
        rows = (*grid(others, 6), (do(words.label("b_tp_file"), "T4s", arg=f"{it.id},{at}"),))
        title = crumbs(visit, words.label("tp_title"), it.name[:40], words.label("tp_commands"))
        return Page(title, block(it, step, words), rows, back=Link("T4", arg=it.id))

    def act(self, visit: Visit) -> Reply:
        """The whole output as a file."""
        it = guest(visit)
        step, at = _chosen(visit, it)
        lines = OutputFile(step.file).tail(FILE_LINES, FILE_BYTES)
        there = Link("T4", arg=it.id)
        if not lines:
            return Reply(to=there, note=visit.words("no_output"))
        name = re.sub(r"[^A-Za-z0-9._-]", "_", it.name)[:40].lstrip(".") or "output"
        content = ("\n".join((f"$ {step.command}", *lines)) + "\n").encode("utf-8", "replace")
        caption = visit.words("log_caption", name=it.name[:40], n=step.count)
        return Reply(to=there, files=(File(f"{name}-{at + 1}.txt", content, caption),))


def _chosen(visit: Visit, it: Guest) -> tuple[Step, int]:
    if not it.steps:
        raise NothingToDo(f"no command of {it.name} has ended yet")
    wanted = visit.place.arg.partition(",")[2]
    at = min(int(wanted), len(it.steps) - 1) if wanted.isdecimal() else len(it.steps) - 1
    return it.steps[at], at


class AskGuest(Screen):
    """T4a: the question before a guest is stopped or removed. The argument: the guest, and which."""

    id = "T4a"
    right = Right.RUN

    def draw(self, visit: Visit) -> Page:
        """Cancel first."""
        words, it = visit.words, guest(visit)
        removes = visit.place.arg.endswith(",remove")
        sure = words.label("b_tp_remove" if removes else "b_stop")
        back = Link("T4", arg=it.id)
        choices = (Choice(words.label("b_cancel"), back), do(sure, "T4a", arg=visit.place.arg, style="danger"))
        text = words("tp_ask_remove" if removes else "tp_ask_stop", name=it.name)
        title = crumbs(visit, words.label("tp_title"), it.name[:40])
        return Page(title, text, (choices,), back=back, life_s=CONFIRM_S)

    def act(self, visit: Visit) -> Reply:
        """Do it; blocks until it is done."""
        words, it = visit.words, guest(visit)
        removes = visit.place.arg.endswith(",remove")
        audit.info("a third-party repository is ended", by=visit.asked_by, guest=it.id, removed=removes)
        if removes:
            sandbox(visit).remove(it.id)
            return Reply(to=Link("T0"), note=words("tp_removed", name=it.name))
        sandbox(visit).stop(it.id)
        return Reply(to=Link("T4", arg=it.id), note=words("tp_stopped", name=it.name))


class IntoProject(Screen):
    """T4p: leads to a new project's summary with what is known of the guest."""

    id = "T4p"
    right = Right.CHANGE
    act_right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """It only acts; what is drawn is the guest."""
        return Running().draw(visit)

    def act(self, visit: Visit) -> Reply:
        """Nothing is made yet: the summary asks."""
        it = guest(visit)
        form = {"url": it.url, "interval": DEFAULT_INTERVAL}
        try:
            name = visit.control.check_name(it.name)
            form |= {"name": name, "path": visit.control.suggest_path(name)}
        except (BadName, NameTaken):
            form["name"] = ""  # the summary asks for another one
        visit.shelf.drop(visit.chat, TOKEN)
        return Reply(to=Link("A6"), form=form)


class Command(Screen):
    """T5: a command for the guest's container; only administrators, only in a private chat."""

    id = "T5"
    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True

    def draw(self, visit: Visit) -> Page:
        """Asks for it."""
        words, it = visit.words, guest(visit)
        title = crumbs(visit, words.label("tp_title"), it.name[:40], words.label("tp_command"))
        text = words("tp_ask_command", name=it.name, time=words.duration(COMMAND_S))
        back = Link("T4", arg=it.id)
        return Page(title, text, back=back, expects=Expect(Link("T5", arg=it.id)))

    def typed(self, visit: Visit, text: str) -> Reply:
        """Run it and show what came of it; blocks for a minute at most."""
        it, command = guest(visit), text.strip().replace("\0", "")
        if not command or len(command) > MAX_COMMAND:
            return Reply(to=Link("T5", arg=it.id), note=visit.words("tp_bad_command", n=MAX_COMMAND))
        audit.info("a command for a third-party repository's container", by=visit.asked_by, guest=it.id)
        sandbox(visit).set_output(it.id, it.output, it.lines)  # one of an earlier service's life is known from now on
        sandbox(visit).command(it.id, command, limit_s=COMMAND_S)
        return Reply(to=Link("T4", arg=it.id))
