"""From an event about a third-party repository to the facts of a notice; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.bot.alerts import Kind
from actors.messages import GuestDown, GuestEnded, GuestKept, GuestRenewed, GuestStep, GuestWatchFailed
from actors.model.guest import Ending, Guest, Step

GuestEvent = GuestStep | GuestEnded | GuestDown | GuestRenewed | GuestKept | GuestWatchFailed
ASKED_BY = "telegram:"
MAX_NAME = 60


@dataclass(frozen=True)
class GuestFacts:
    """What a notice about a guest is made of. `to`: only this person is told, None: everybody."""

    kind: Kind
    key: str | None
    facts: dict[str, Any]
    to: int | None = None


def facts_of(event: GuestEvent, clean: Callable[[str], str]) -> GuestFacts | None:
    """None for what nobody is to be told: the results of commands where the chat is not to be shown them."""
    guest = event.guest
    about = {
        "guest": guest.id,
        "name": clean(guest.name)[:MAX_NAME],
        "test": guest.wish.test,
        "error": clean(guest.error)[:600],
    }
    match event:
        case GuestStep(_, step):
            person = guest.asked_by.removeprefix(ASKED_BY)
            if not guest.wish.output or person == guest.asked_by or not person.isdecimal():
                return None
            key = f"guest:{guest.id}:step:{step.number}"
            return GuestFacts(Kind.GUEST_STEP, key, {**about, "how": "step", **_step(guest, step)}, int(person))
        case GuestEnded(_, step):
            well = guest.ending is Ending.WELL
            key = f"guest:{guest.id}:{guest.run}:{guest.restarts}:ended:{guest.ended_at}"
            kind = Kind.GUEST_ENDED if well else Kind.GUEST_FAILED
            return GuestFacts(kind, key, {**about, "how": _how(guest, step), **_step(guest, step)})
        case GuestDown(_, step, next_try_s):
            more = {"how": "down", "next_try_s": next_try_s, **_step(guest, step)}
            return GuestFacts(Kind.GUEST_FAILED, None, {**about, **more})
        case GuestKept(_, error, step):
            kept = {"how": "kept", **_step(guest, step), "error": clean(error)[:600]}
            return GuestFacts(Kind.GUEST_FAILED, None, {**about, **kept})
        case GuestWatchFailed(_, error):
            return GuestFacts(Kind.GUEST_FAILED, None, {**about, "how": "watch", "error": clean(error)[:600]})
        case GuestRenewed(_, before):
            return GuestFacts(
                Kind.GUEST_COMMIT, None, {**about, "how": "renewed", "sha": guest.tried[:7], "before": before[:7]}
            )


def _how(guest: Guest, step: Step | None) -> str:
    """Which sentence tells of its end."""
    if guest.ending is not Ending.WELL:
        return "gave_up" if guest.error and guest.restarts else "broken" if step is None else "failed"
    if guest.wish.test:
        return "passed"
    return "time" if step is None or step.limit else "finished"


def _step(guest: Guest, step: Step | None) -> dict[str, Any]:
    if step is None:
        return {}
    shown = guest.wish.output
    return {
        "step": step.number,
        "command": step.command[:200],
        "exit_code": step.exit_code,
        "took_s": step.seconds,
        "count": step.count,
        "limit": step.limit,
        "most": guest.wish.lines,
        "output": list(step.lines) if shown else [],
        "hidden": step.hidden if shown else 0,
    }
