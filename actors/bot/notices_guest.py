"""Notices about third-party repositories in words, from the stored facts; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.bot.excerpt import excerpt
from actors.bot.keyboard import Button, Keyboard
from actors.bot.links import STANDING, Link
from actors.bot.said import Said
from actors.bot.texts import Html, escape, join

ROOM = 2800
NOT_WELL = ("failed", "broken", "gave_up", "down", "kept", "watch")


def guest_head(facts: dict[str, Any], said: Said) -> Html:
    """What happened, in one line."""
    how = str(facts.get("how", "broken"))
    if how == "step":
        return said("guest_step", mark=_mark(facts), name=facts.get("name", ""), command=_command(facts))
    return said(
        f"guest_{how}",
        name=facts.get("name", ""),
        took=said.time(facts.get("took_s")),
        code=_code(facts, said),
        next=said.time(facts.get("next_try_s")),
        sha=facts.get("sha", ""),
        before=facts.get("before", ""),
    )


def guest_text(facts: dict[str, Any], said: Said) -> Html:
    """The whole of it: the command, how it ended, and as many of its lines as the guest is to show."""
    parts: list[str | None] = [guest_head(facts, said)]
    if facts.get("error"):
        parts.append(said("reason", error=said.sentence(str(facts["error"]))[:500]))
    if facts.get("command"):
        if facts.get("how") != "step":
            parts.append(Html(f"<code>$ {escape(_command(facts))}</code>"))
        key = "guest_result_limit" if facts.get("limit") else "guest_result"
        code, took = _code(facts, said), said.time(facts.get("took_s"))
        parts.append(said(key, code=code, took=took, n=facts.get("count", 0)))
    if facts.get("output"):
        parts.append(_block(facts, lambda gone: str(said("hidden", n=gone))))
    return join(parts)


def guest_keyboard(facts: dict[str, Any], said: Said) -> Keyboard:
    """The whole output as a file, and the guest."""
    guest = str(facts.get("guest", ""))
    if not guest:
        return ()
    row = [Button(said.label("b_guest"), data=Link("T4", arg=guest).data())]
    if facts.get("step"):
        file = Link("T4s", arg=f"{guest},{facts['step']}", act=True)
        row.insert(0, Button(said.label("b_guest_file"), data=file.data(STANDING)))
    return (tuple(row),)


def _block(facts: dict[str, Any], left_out: Callable[[int], str]) -> Html:
    lines = excerpt(facts["output"], facts.get("hidden", 0), facts.get("most", 30), ROOM, left_out)
    return Html(f"<pre>{escape(chr(10).join(lines))}</pre>")


def _command(facts: dict[str, Any]) -> str:
    flat = " ".join(str(facts.get("command", "")).split())
    return flat if len(flat) <= 100 else f"{flat[:99]}…"


def _code(facts: dict[str, Any], said: Said) -> str:
    code = facts.get("exit_code")
    return said.label("unknown_code") if code is None else str(code)


def _mark(facts: dict[str, Any]) -> str:
    return "✅" if facts.get("exit_code") == 0 else "❌"
