"""Notices in words: what a person reads in Russian or English, from the stored facts; pure."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from actors.bot.alerts import ALONE, GUESTS, Kind
from actors.bot.keyboard import Keyboard
from actors.bot.notice_buttons import keyboard
from actors.bot.notices_guest import guest_head, guest_keyboard, guest_text
from actors.bot.said import Said
from actors.bot.texts import Html, escape, join
from actors.records.notices import Notice

MAX_TEXT = 3900  # of 4,096, after parsing; counted before it, which is never less; some room for what is added
MAX_OUTPUT = 2800
MAX_LINE = 220
MAX_FOLDED = 40
MARKS: Final = MappingProxyType({"succeeded": "✅", "failed": "❌", "cancelled": "⚪", "running": "🟡"})


@dataclass(frozen=True)
class Message:
    """What is sent: HTML and buttons that lead to screens."""

    text: str
    keyboard: Keyboard = ()


def message(notice: Notice, language: str, *, perhaps_again: bool = False) -> Message:
    """The whole notice: what happened, to which version, why, how long it took, what runs now, the last lines."""
    said = Said(language)
    if notice.kind in GUESTS:
        text = join([said("perhaps_again") if perhaps_again else None, guest_text(notice.facts, said)])
        return Message(text, guest_keyboard(notice.facts, said))
    head = _head(notice, said)
    parts: list[str | None] = [said("perhaps_again") if perhaps_again else None, head, *_details(notice, said)]
    text = join(parts)
    output = notice.facts.get("output") or ()
    if output and notice.kind not in (Kind.SUCCEEDED, Kind.CANCELLED):
        room = min(MAX_OUTPUT, MAX_TEXT - _length(text) - len("<pre></pre>\n"))
        text = join([text, _pre(output, room, said)])
    return Message(text, keyboard(notice, language))


def line(notice: Notice, language: str) -> str:
    """The notice in one line of HTML."""
    said = Said(language)
    facts = notice.facts
    head = _head(notice, said)
    subject = facts.get("subject") or (facts.get("error") if notice.kind == Kind.WATCH_FAILED else None)
    if subject:
        head = Html(f"{head} — {escape(_short(said.sentence(str(subject)), 80))}")
    return head


def folded(notices: Sequence[Notice], language: str, *, perhaps_again: bool = False) -> tuple[Message, int]:
    """Many notices as one message with a line each, and how many of them fit."""
    said = Said(language)
    lines: list[str] = []
    room = MAX_TEXT - 200
    for notice in notices[:MAX_FOLDED]:
        one = line(notice, language)
        if lines and room < _length(one) + 1:
            break
        room -= _length(one) + 1
        lines.append(one)
    head = [said("perhaps_again") if perhaps_again else None, said("folded", n=len(lines))]
    return Message(join([*head, *lines])), len(lines)


def doubted(said: Message, count: int, language: str) -> Message:
    """The same, with a line that so many notices before it perhaps never arrived."""
    if not count:
        return said
    return Message(join([Html(said.text), Said(language)("doubtful", n=count)]), said.keyboard)


def foldable(notice: Notice) -> bool:
    """Whether it may become a line among others."""
    return notice.kind not in ALONE


def _head(notice: Notice, said: Said) -> Html:
    facts, kind = notice.facts, notice.kind
    makers: dict[str, Callable[[], Html]] = {
        Kind.COMMIT: lambda: said(_commit_key(facts), name=notice.project),
        Kind.TEST_FINISHED: lambda: _tested(notice, said),
        Kind.DOWN: lambda: _down(notice, said),
        Kind.ACTOR: lambda: _actor(facts, said),
        Kind.SERVICE: lambda: said("service", text=said.sentence(str(facts["text"]))),
        Kind.SERVICE_BACK: lambda: said("service_back"),
        Kind.LOAD: lambda: said(
            "load_over" if facts["over"] else "load_high",
            what=said.label(f"resource_{facts['resource']}"),
            percent=f"{facts['percent']:.0f}",
            limit=facts["limit"],
            after=said.time(facts.get("after_s")),
        ),
        Kind.WATCH_FAILED: lambda: said(
            "watch_failed" if facts["times"] < 2 else "watch_failed_again", name=notice.project, times=facts["times"]
        ),
        Kind.UNWELL: lambda: said(
            f"unwell_{facts.get('remedy', 'notify')}",
            name=notice.project,
            no=_no(facts, said),
            times=facts.get("times", 1),
        ),
        Kind.TEST_DISCARDED: lambda: _named(
            notice, said, "test_undecided" if facts.get("unasked") else "test_discarded"
        ),
    }
    if kind in makers:
        return makers[kind]()
    if kind in GUESTS:
        return guest_head(facts, said)
    if kind in (Kind.STARTED, Kind.SUCCEEDED, Kind.FAILED):
        return _named(notice, said, kind + _flavour(facts))
    if kind in (Kind.ROLLED_BACK, Kind.CANCELLED, Kind.UP, Kind.WELL, Kind.PARKED, Kind.WATCH_RECOVERED):
        return _named(notice, said, kind)
    return said("unreadable", kind=kind, name=notice.project or "")


def _named(notice: Notice, said: Said, key: str) -> Html:
    """A sentence that names the project, its version and whatever else the facts hold."""
    facts = notice.facts
    failed = _failed(facts)
    return said(
        key,
        name=notice.project,
        no=_no(facts, said),
        took=said.time(facts.get("took_s")),
        after=said.time(facts.get("after_s")),
        stage="" if failed is None else said("at_stage", stage=said.label(f"stage_{failed}")),
        previous=facts.get("previous") or "?",
        code=_code(facts, said),
    )


def _no(facts: dict[str, Any], said: Said) -> str:
    return "" if facts.get("version") is None else said("no", n=facts["version"])


def _code(facts: dict[str, Any], said: Said) -> str:
    code = facts.get("exit_code")
    return said.label("unknown_code") if code is None else str(code)


def _commit_key(facts: dict[str, Any]) -> str:
    if facts.get("skipped"):
        return "commit_skipped"
    return "commit_forced" if facts.get("forced_push") else "commit"


def _flavour(facts: dict[str, Any]) -> str:
    if facts.get("test"):
        return "_test"
    return f"_{facts['kind']}" if facts.get("kind") in ("rollback", "restart") else ""


def _tested(notice: Notice, said: Said) -> Html:
    facts = notice.facts
    if facts.get("reminder"):
        return said("test_reminder", name=notice.project, no=_no(facts, said))
    took = "" if facts.get("took_s") is None else said("took", time=said.time(facts["took_s"]))
    failed = "test_failed" if facts.get("exit_code") is not None else "test_not_passed"
    key = "test_passed" if facts.get("passed") else failed
    return said(key, name=notice.project, no=_no(facts, said), code=_code(facts, said), took=took)


def _down(notice: Notice, said: Said) -> Html:
    facts = notice.facts
    times = facts.get("restarts", 1)
    return said(
        "down" if times < 2 else "down_again",
        name=notice.project,
        no=_no(facts, said),
        with_code="" if facts.get("exit_code") is None else said("with_code", code=facts["exit_code"]),
        times=times,
        next=said.time(facts.get("next_try_s")),
    )


def _actor(facts: dict[str, Any], said: Said) -> Html:
    took = facts.get("took_s")
    return said(
        facts["how"],
        actor=facts.get("actor", ""),
        error=_short(str(facts.get("error", "")), 300),
        took="?" if took is None else f"{max(took, 0.001):.2g}",
        times=facts.get("times", 1),
    )


def _details(notice: Notice, said: Said) -> list[str | None]:
    """The lines under the head: commit, who asked, reason, stages, what runs now."""
    facts, kind = notice.facts, notice.kind
    found: list[str | None] = []
    if facts.get("sha"):
        about = " — ".join(str(facts[name]) for name in ("subject", "author") if facts.get(name))
        found.append(Html(f"<code>{escape(str(facts['sha'])[:7])}</code> {escape(_short(about, MAX_LINE))}".rstrip()))
    if facts.get("who"):
        found.append(said("by", who=said.asker(str(facts["who"]))))
    reason = facts.get("error") or facts.get("note")
    told = kind == Kind.TEST_FINISHED and (facts.get("passed") or facts.get("exit_code") is not None)
    if reason and kind != Kind.ACTOR and not told:
        why = said.sentence(str(reason).removeprefix(f"{_failed(facts)}: "))
        found.append(said("reason", error=_short(why, 500)))
    if kind == Kind.TEST_FINISHED and facts.get("errors") is not None:
        found.append(said("errors_in_log", n=facts["errors"]))
    if kind == Kind.SUCCEEDED and facts.get("answered_ms") is not None:
        found.append(said("answered", ms=facts["answered_ms"]))
    stages = [_stage(stage, said) for stage in facts.get("stages", ()) if _worth_telling(stage)]
    if stages and facts.get("took_s") is not None:
        found.append(said("stages", stages=Html(" · ".join(stages))))
    if kind in (Kind.FAILED, Kind.CANCELLED) and not facts.get("test"):
        running = facts.get("running")
        found.append(said("running_none") if running is None else said("running", n=running))
    return found


def _failed(facts: dict[str, Any]) -> str | None:
    """The stage that failed."""
    return next((stage["name"] for stage in facts.get("stages", ()) if stage["state"] == "failed"), None)


def _worth_telling(stage: dict[str, Any]) -> bool:
    return stage["took_s"] is not None and (stage["took_s"] >= 0.5 or stage["state"] != "succeeded")


def _stage(stage: dict[str, Any], said: Said) -> str:
    mark = MARKS.get(stage["state"], "▫️") if stage["state"] != "succeeded" else ""
    return f"{mark} {said.label('stage_' + stage['name'])} {said.time(stage['took_s'])}".strip()


def _pre(lines: Sequence[str], room: int, said: Said) -> Html:
    """The lines in so much room, cut in the middle; each is escaped after it was cut."""
    kept = [str(escape(_short(one, MAX_LINE))) for one in lines]
    first, last = 0, len(kept)
    while first < last and sum(_length(one) + 1 for one in kept) + 40 > room:
        # from the middle outwards: the first lines say what was done, the last ones how it ended
        middle = len(kept) // 3
        kept.pop(middle)
        last -= 1
    hidden = len(lines) - len(kept)
    if not kept:
        return Html("")
    if hidden:
        kept.insert(len(kept) // 3, html.escape(said("hidden", n=hidden)))
    return Html("<pre>" + "\n".join(kept) + "</pre>")


def _short(text: str, most: int) -> str:
    """One line of at most so many characters."""
    flat = " ".join(text.split()) if "\n" in text else text
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def _length(text: str) -> int:
    """As Telegram counts: UTF-16 units."""
    return len(text.encode("utf-16-le", "replace")) // 2
