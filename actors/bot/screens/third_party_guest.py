"""T4 and T5: a stranger's repository that runs here, its commands and their output, and a command that is typed."""

from __future__ import annotations

import re

from actors.bot.excerpt import excerpt
from actors.bot.links import Link
from actors.bot.render import output
from actors.bot.rights import Right
from actors.bot.screen import CONFIRM_S, LIVE_S, Choice, Expect, File, Page, Reply, Rows, Screen, Visit, do, go, grid
from actors.bot.screens.common import crumbs, sha
from actors.bot.screens.third_party import MARKS, audit, every, guest, how_long, kind, sandbox
from actors.bot.texts import Html, Words, join
from actors.errors import NothingToDo
from actors.model.guest import COMMAND_S, Ending, Guest, GuestState, Step
from runtime.output import OutputFile

SHOWN_STEPS = 5  # the newest
LAST_LINES = 10  # of what runs now
BLOCK = 2300  # characters of output, so that what stands above it fits as well
COMMAND_SHOWN = 80
MAX_COMMAND = 2000
FILE_LINES = 500_000
FILE_BYTES = 9 * 1024 * 1024
SLOW_S = 15.0  # one that runs for days need not be drawn every few seconds


class Running(Screen):
    """T4. The argument is the guest; an act has one word more."""

    id = "T4"

    def draw(self, visit: Visit) -> Page:
        """How it stands, its commands, the last lines of what runs; drawn again while it goes on.

        What ended commands wrote is told in messages; who gets none of these sees the last one's lines here.
        """
        words, it = visit.words, guest(visit)
        blocks: list[Html | None] = [_headline(visit, it)]
        steps = list(it.steps)[-SHOWN_STEPS:]
        repeats = bool(steps) and it.asked_by != f"telegram:{visit.chat}"
        blocks += [_head(step, words) for step in (steps[:-1] if repeats else steps)]
        blocks += [block(it, step, words) for step in (steps[-1:] if repeats else [])]
        blocks += [words("tp_now", command=text[:COMMAND_SHOWN]) for text in it.commands]
        blocks.append(_now(visit, it, LAST_LINES if not repeats else 0))
        if not it.wish.output:
            blocks.append(words("tp_output_is_off"))
        live = None if not it.alive else LIVE_S if it.wish.test or it.commands else SLOW_S
        title = crumbs(visit, words.label("tp_title"), it.name[:40])
        return Page(title, join(blocks, "\n\n"), self._rows(visit, it), back=Link("T0"), live_s=live)

    def _rows(self, visit: Visit, it: Guest) -> Rows:
        words = visit.words
        files: list[Choice] = []
        if it.steps:
            files = [
                do(words.label("b_tp_file"), "T4s", arg=f"{it.id},{it.steps[-1].number}"),
                go(words.label("b_tp_steps", n=len(it.steps)), "T4s", arg=it.id),
            ]
        rows: list[tuple[Choice, ...]] = [tuple(files)]
        if it.state is GuestState.RUNNING:
            rows.append((_private(visit, words.label("b_tp_command"), "T5", it),))
        if visit.may(Right.RUN):
            switch = words.label("b_tp_quiet" if it.wish.output else "b_tp_loud")
            rows += [
                (
                    do(switch, "T4", arg=f"{it.id},{'off' if it.wish.output else 'on'}"),
                    go(words.label("b_tp_lines", lines=it.wish.lines), "T3", arg=it.id),
                ),
                (
                    _private(visit, words.label("b_tp_variables", n=len(sandbox(visit).variables(it.id))), "T6", it),
                    go(words.label("b_tp_every", time=every(visit, it.wish.interval_s)), "T7", arg=it.id),
                ),
                (
                    do(words.label("b_tp_again"), "T4", arg=f"{it.id},again"),
                    *((go(words.label("b_stop"), "T4a", arg=f"{it.id},stop"),) if it.alive else ()),
                    go(words.label("b_tp_remove"), "T4a", arg=f"{it.id},remove"),
                ),
                (do(words.label("b_tp_project"), "T4p", arg=it.id),),
            ]
        return tuple(row for row in rows if row)

    act_right = Right.RUN

    def act(self, visit: Visit) -> Reply:
        """Output on or off; or run it anew."""
        it = guest(visit)
        wanted = visit.place.arg.partition(",")[2]
        there = Link("T4", arg=it.id)
        if wanted == "again":
            audit.info("a third-party repository is run anew", by=visit.asked_by, guest=it.id)
            sandbox(visit).again(it.id)
            return Reply(to=there)
        sandbox(visit).set_output(it.id, wanted == "on", it.wish.lines)
        return Reply(to=there)


def _private(visit: Visit, label: str, screen: str, it: Guest) -> Choice:
    """Commands and secrets are typed in a private chat only; from a group the button leads there."""
    payload = f"{'t' if screen == 'T5' else 'w'}_{it.id}"
    link = None if visit.private or not visit.may(Right.CHANGE) else visit.deep_link(payload)
    return Choice(label, url=link) if link else go(label, screen, arg=it.id)


def _now(visit: Visit, it: Guest, most: int) -> Html | None:
    """What runs for good, and what it has written at last."""
    if not it.alive or not it.running:
        return None
    words = visit.words
    head = words("tp_now", command=it.running[:COMMAND_SHOWN])
    lines, count = sandbox(visit).last_lines(it.id, min(most, it.wish.lines))
    if not lines or not it.wish.output:
        return head
    return join([head, words("tp_last_lines", n=len(lines), count=count), output(_fitting(lines, words), words)])


def _fitting(lines: tuple[str, ...], words: Words) -> list[str]:
    return excerpt(lines, 0, LAST_LINES, BLOCK // 2, lambda gone: words.label("hidden", lines=gone))


def _headline(visit: Visit, it: Guest) -> Html:
    words, wish = visit.words, it.wish
    left = it.until - visit.now.timestamp()
    ends = words("tp_left", time=words.duration(left)) if it.until else words("tp_no_end_line")
    watched = wish.interval_s and it.ending is not Ending.STOPPED
    before = words("tp_time_set", time=how_long(visit, wish.seconds))
    return join(
        [
            words(
                "tp_state",
                mark=MARKS[it.state],
                state=words.label(f"tp_is_{it.state.value}"),
                kind=kind(visit, it),
                sha=sha(it.commit or None),
            ),
            words("tp_url_line", url=wish.url[:200]),
            words(
                "tp_limits",
                memory=words.size(wish.memory),
                cores=f"{wish.cpus:g}",
                network=words.label("tp_net_on" if wish.network else "tp_net_off"),
            ),
            (before if it.state is GuestState.PREPARING else ends) if it.alive else None,
            words("tp_restarts", n=it.restarts) if it.restarts else None,
            words("tp_watched", time=every(visit, wish.interval_s)) if watched else None,
            words("tp_watch_error", error=words.said(it.watch_error)[:300]) if it.watch_error else None,
            words("error_line", error=words.said(it.error)[:500]) if it.error else None,
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
    if not it.wish.output:
        return _head(step, words)
    left_out = lambda gone: words.label("hidden", lines=gone)  # noqa: E731 - two words
    lines = excerpt(step.lines, step.hidden, it.wish.lines, BLOCK, left_out)
    return join([_head(step, words), output(lines, words)])


class Steps(Screen):
    """T4s: one command of a guest's. The argument: the guest and the command's place; an act sends the whole output."""

    id = "T4s"
    act_right = Right.SEE
    standing = True

    def draw(self, visit: Visit) -> Page:
        """The command that was chosen, the last one at first; a button for each of the others."""
        words, it = visit.words, guest(visit)
        step = _chosen(visit, it)
        others = [
            go(f"{'● ' if other is step else ''}{other.number}", "T4s", arg=f"{it.id},{other.number}")
            for other in it.steps
        ]
        rows = (*grid(others, 6), (do(words.label("b_tp_file"), "T4s", arg=f"{it.id},{step.number}"),))
        title = crumbs(visit, words.label("tp_title"), it.name[:40], words.label("tp_commands"))
        return Page(title, block(it, step, words), rows, back=Link("T4", arg=it.id))

    def act(self, visit: Visit) -> Reply:
        """The whole output as a file."""
        it = guest(visit)
        step = _chosen(visit, it)
        lines = OutputFile(step.file).tail(FILE_LINES, FILE_BYTES)
        there = Link("T4", arg=it.id)
        if not lines:
            return Reply(to=there, note=visit.words("no_output"))
        name = re.sub(r"[^A-Za-z0-9._-]", "_", it.name)[:40].lstrip(".") or "output"
        text = sandbox(visit).clean("\n".join((f"$ {step.command}", *lines)) + "\n")
        caption = visit.words("log_caption", name=it.name[:40], n=step.count)
        return Reply(to=there, files=(File(f"{name}-{step.number}.txt", text.encode("utf-8", "replace"), caption),))


def _chosen(visit: Visit, it: Guest) -> Step:
    """The command that the place names; the last one where it names none. Old ones are forgotten in time."""
    if not it.steps:
        raise NothingToDo(f"no command of {it.name} has ended yet")
    wanted = visit.place.arg.partition(",")[2]
    for step in it.steps:
        if wanted == str(step.number):
            return step
    if wanted:
        raise NothingToDo("the output of that command is not kept any more", "Only the last dozen are.")
    return it.steps[-1]


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
        """Begin it; a message tells what came of it, and nobody waits for that."""
        it, command = guest(visit), text.strip().replace("\0", "")
        if not command or len(command) > MAX_COMMAND:
            return Reply(to=Link("T5", arg=it.id), note=visit.words("tp_bad_command", n=MAX_COMMAND))
        audit.info("a command for a third-party repository's container", by=visit.asked_by, guest=it.id)
        sandbox(visit).send(it.id, command, limit_s=COMMAND_S)
        return Reply(to=Link("T4", arg=it.id))
