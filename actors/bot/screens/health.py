"""Q0: how a running program is looked at, what follows when it stays unwell, and what the last looks found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import Choice, Page, Reply, Rows, Screen, Visit, do, go
from actors.bot.screens.common import crumbs
from actors.bot.texts import Html, Words, join
from actors.control import ProjectStatus
from actors.model.project import Health, Project, Remedy
from actors.model.run import Look

EVERY_S = (30, 60, 300, 900, 0)
TIMEOUTS_S = (2, 5, 15)
FAILS = (1, 3, 5)
BARS = "▁▂▃▄▅▆▇█"
SHOWN = 10


class HealthCheck(Screen):
    """Q0. Acts: `now`; `e60`, `t5`, `f3` set a number; a remedy's name sets that."""

    id = "Q0"
    act_right = Right.RUN

    def draw(self, visit: Visit) -> Page:
        """The schedule, and the last ten looks."""
        words, status = visit.words, visit.status()
        project = status.project
        rows: list[tuple[Choice, ...]] = []
        if visit.may(Right.RUN) and status.pid is not None:
            rows.append((do(words.label("b_health_now"), "Q0", project.no, "now", "primary"),))
        if visit.may(Right.CHANGE):
            probe = go(words.label("b_probe" if project.probe else "b_probe_new"), "P2e", project.no, "probe")
            rows += [*_settings(words, project), (probe,)] if project.probe else [(probe,)]
        path = crumbs(visit, words.label("health_title"), project=project)
        text = join([_schedule(words, project), _looks(visit, status)])
        return Page(path, text, tuple(rows), back=Link("P1", project.no))

    def act(self, visit: Visit) -> Reply:
        """A look, or another setting."""
        project, arg, words = visit.project(), visit.place.arg, visit.words
        if arg == "now":
            found = visit.control.check_health(project.name)
            return Reply(
                note=words("note_health_none") if found is None else words("note_health", said=said(words, found))
            )
        if not visit.may(Right.CHANGE):
            return Reply(note=words("note_plain", text=words.label("t_not_allowed")))
        visit.control.edit(project.name, visit.asked_by, health=replace(project.health, **_change(arg)))
        return Reply()


def _change(arg: str) -> dict[str, Any]:
    if arg in tuple(Remedy):
        return {"remedy": Remedy(arg)}
    field = {"e": "every_s", "t": "timeout_s", "f": "fails"}[arg[:1]]
    return {field: int(arg[1:])}


def _settings(words: Words, project: Project) -> Rows:
    health, no = project.health, project.no

    def row(letter: str, values: tuple[int, ...], now: int, label: str) -> tuple[Choice, ...]:
        return tuple(do(_mark(it == now) + _value(words, label, it), "Q0", no, f"{letter}{it}") for it in values)

    remedies = tuple(
        do(_mark(it is health.remedy) + words.label(f"b_remedy_{it.value}"), "Q0", no, it.value) for it in Remedy
    )
    return (
        row("e", EVERY_S[:3], health.every_s, "u"),
        row("e", EVERY_S[3:], health.every_s, "u"),
        row("t", TIMEOUTS_S, health.timeout_s, "b_timeout"),
        row("f", FAILS, health.fails, "b_fails"),
        *((remedy,) for remedy in remedies[:1]),
        remedies[1:],
    )


def _mark(here: bool) -> str:
    return "● " if here else ""


def _value(words: Words, label: str, value: int) -> str:
    if label == "u":
        return words.duration(value) if value else words.label("b_never")
    return words.label(label, n=value)


def _schedule(words: Words, project: Project) -> Html:
    health: Health = project.health
    if project.probe is None:
        return words("health_none")
    probe = words("health_probe", probe=project.probe)
    if not health.every_s:
        return join([probe, words("health_off")])
    remedy = words.label(f"remedy_{health.remedy.value}")
    every = words("health_every", every=words.duration(health.every_s), limit=words.duration(health.timeout_s))
    return join([probe, every, words("health_fails", n=health.fails, remedy=remedy)])


def _looks(visit: Visit, status: ProjectStatus) -> Html | None:
    """The last looks, newest first."""
    words = visit.words
    lines: list[Html | None] = []
    if status.unwell_since is not None:
        lines.append(words("health_unwell", ago=words.ago(status.unwell_since, visit.now)))
    for it in reversed(status.looks[-SHOWN:]):
        lines.append(words("health_look", ago=words.ago(it.at, visit.now), said=said(words, it)))
    return join(lines) if lines else None


def said(words: Words, look: Look) -> str:
    """What a look found, in a few words."""
    if look.reason is None:
        return words.label("look_well", ms=f"{look.took_ms:.0f}")
    return words.label("look_unwell", reason=words.said(look.reason)[:200])


def health_line(visit: Visit, project_status: ProjectStatus) -> Html:
    """One line for a card: the last look and how the looks before it went, or how the program is looked at."""
    words, project, looks = visit.words, project_status.project, project_status.looks
    if not looks or project_status.uptime_s is None:  # of a program that does not run there is nothing to tell
        return words("card_health", health=project.probe or words.label("alive_5s"))
    slowest = max(it.took_ms for it in looks) or 1.0
    spark = "".join("✖" if it.reason else BARS[int((len(BARS) - 1) * it.took_ms / slowest)] for it in looks)
    return words("card_health_looks", said=said(words, looks[-1]), spark=spark)
