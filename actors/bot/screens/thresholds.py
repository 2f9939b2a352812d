"""N2: from which load on people are told."""

from __future__ import annotations

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import Choice, Expect, Page, Reply, Screen, Visit, do, go, grid
from actors.bot.screens.common import crumbs
from actors.bot.texts import Html, join
from actors.model.load import HIGHEST_LIMIT, LOWEST_LIMIT, Raised, Resource, Thresholds

CHOICES = (50, 60, 70, 80, 90, 95)
OFF = "off"
_DIGITS = 3


class LoadThresholds(Screen):
    """N2. The argument: the resource that is being set; to act, with its new value: `cpu.80`, `cpu.off`."""

    id = "N2"
    act_right = Right.CHANGE

    def draw(self, visit: Visit) -> Page:
        """All of them with what is measured now; or the choices for one."""
        words = visit.words
        thresholds, raised = visit.control.thresholds()
        now = _now(visit)
        path = crumbs(visit, words.label("load_title"), words.label("thresholds_title"))
        lines = [_line(visit, it, thresholds, raised.get(it), now.get(it)) for it in Resource]
        resource = _resource(visit.place.arg)
        if resource is None or not visit.may(Right.CHANGE):
            each = tuple(go(_label(visit, it, thresholds), "N2", arg=it.value) for it in Resource)
            rows = ((each,) if visit.may(Right.CHANGE) else ()) + ((go(words.label("b_alerts"), "N0"),),)
            return Page(path, join([*lines, words("thresholds_text")]), rows, back=Link("L0"))
        ask = words(
            "threshold_ask", what=words.label(f"resource_{resource}"), lowest=LOWEST_LIMIT, highest=HIGHEST_LIMIT
        )
        expects = Expect(Link("N2", arg=resource.value))
        choices = grid(_choices(visit, resource, thresholds), 3)
        return Page(path, join([*lines, ask]), choices, back=Link("N2"), expects=expects)

    def act(self, visit: Visit) -> Reply:
        """Another value, by a button."""
        name, _, value = visit.place.arg.partition(".")
        visit.control.set_threshold(Resource(name), None if value == OFF else int(value))
        return Reply(to=Link("N2"))

    def typed(self, visit: Visit, text: str) -> Reply:
        """Another value, as a number."""
        given = text.strip().removesuffix("%").strip()
        usable = given.isascii() and given.isdecimal() and len(given) <= _DIGITS
        resource = _resource(visit.place.arg)
        if resource is None or not usable or not LOWEST_LIMIT <= int(given) <= HIGHEST_LIMIT:
            note = visit.words("threshold_bad", lowest=LOWEST_LIMIT, highest=HIGHEST_LIMIT)
            return Reply(to=visit.place, note=note)
        visit.control.set_threshold(resource, int(given))
        return Reply(to=Link("N2"))


def _resource(arg: str) -> Resource | None:
    return Resource(arg) if arg in tuple(Resource) else None


def _now(visit: Visit) -> dict[Resource, float]:
    """What is used at this moment, in per cent; without what cannot be told."""
    load = visit.standing.load()
    if load is None:
        return {}
    found = {Resource.CPU: float(load["cpu_percent"])}
    if load.get("memory_limit_bytes"):
        found[Resource.MEMORY] = 100 * load["memory_bytes"] / load["memory_limit_bytes"]
    if load.get("disk_total_bytes"):
        found[Resource.DISK] = 100 * (1 - load["disk_free_bytes"] / load["disk_total_bytes"])
    return found


def _line(visit: Visit, resource: Resource, thresholds: Thresholds, raised: Raised | None, now: float | None) -> Html:
    words = visit.words
    mark = "🔴" if raised is not None else "⚪" if thresholds.of(resource) is None else "🟢"
    line = words(
        "threshold_line",
        mark=mark,
        what=words.label(f"resource_{resource}"),
        limit=_limit(visit, thresholds.of(resource)),
        now="—" if now is None else f"{now:.0f}%",
    )
    if raised is None:
        return line
    above = words("threshold_since", time=words.duration((visit.now - raised.since).total_seconds()))
    return join([line, above], " · ")


def _limit(visit: Visit, limit: int | None) -> str:
    return visit.words.label("threshold_off") if limit is None else f"{limit}%"


def _label(visit: Visit, resource: Resource, thresholds: Thresholds) -> str:
    return f"{visit.words.label(f'resource_{resource}')}: {_limit(visit, thresholds.of(resource))}"


def _choices(visit: Visit, resource: Resource, thresholds: Thresholds) -> list[Choice]:
    chosen = thresholds.of(resource)
    some = sorted({*CHOICES, *(() if chosen is None else (chosen,))})
    values = [do(f"{'● ' if it == chosen else ''}{it}%", "N2", arg=f"{resource}.{it}") for it in some]
    return [*values, do(visit.words.label("b_threshold_off"), "N2", arg=f"{resource}.{OFF}")]
