"""The buttons under a notice: each shows a screen; what acts is pressed there, where it is offered once; pure."""

from __future__ import annotations

from actors.bot.alerts import Kind
from actors.bot.keyboard import Button, Keyboard
from actors.bot.links import Link
from actors.bot.texts.notices_en import TEXTS as ENGLISH
from actors.bot.texts.notices_ru import TEXTS as RUSSIAN
from actors.records.notices import Notice

_ANYWHERE: dict[str, tuple[tuple[str, str], ...]] = {
    Kind.LOAD: (("b_load", "L0"), ("b_thresholds", "N2")),
    Kind.ACTOR: (("b_actors", "X1"), ("b_errors", "X3")),
}


def keyboard(notice: Notice, language: str) -> Keyboard:
    """Links to screens; none for a project that is gone."""
    texts = ENGLISH if language == "en" else RUSSIAN
    number, facts = int(notice.facts.get("no") or 0), notice.facts

    def to(label: str, screen: str, arg: str = "") -> Button:
        return Button(texts[label], data=Link(screen, number, arg).data())

    if notice.kind in _ANYWHERE:
        return (tuple(to(label, screen) for label, screen in _ANYWHERE[notice.kind]),)
    if not number:
        return ()
    retry = to("b_retry", "R2" if facts.get("test") else "R5")
    status, versions = to("b_status", "S1"), to("b_versions", "B1")
    log = to("b_log", "S2", str(facts.get("id") or ("t" if facts.get("test") else "")))
    rows: dict[str, Keyboard] = {
        Kind.COMMIT: ((to("b_deploy", "R5"), to("b_project", "P1")),),
        Kind.SUCCEEDED: ((status, to("b_rollback", "B1")),),
        Kind.FAILED: ((retry, log, versions),),
        Kind.ROLLED_BACK: ((retry, log, versions),),
        Kind.TEST_FINISHED: (
            (to("b_decide", "R4"), to("b_remind", "R4l")),
            (to("b_repeat", "R2"), to("b_log", "S2", "t")),
        ),
        Kind.DOWN: ((status, log),),
        Kind.PARKED: ((status, log, versions),),
        Kind.UNWELL: ((to("b_health", "Q0"), log),),
        Kind.WATCH_FAILED: ((to("b_project", "P1"),),),
    }
    return rows.get(notice.kind, ())
