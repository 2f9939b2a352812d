"""L0: the load of the container, as bars of text; L1 and L2: of the projects, tests and containers, and of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors.bot.links import Link, base36
from actors.bot.local_time import clock, zone_name, zone_of
from actors.bot.rights import Right
from actors.bot.screen import HOME, LIVE_S, Choice, Page, Reply, Rows, Screen, Visit, do, go, grid
from actors.bot.screens.common import PAGE, bar, crumbs, page_of, pages
from actors.bot.screens.load_chart import DAY, HOUR, picture, sparks, summary
from actors.bot.texts import Html, escape, join
from actors.model.load import DAY_S, HOUR_S

TOP = 5
LIVE_FOR_S = 60
NAME = 16
OTHERS = 10


class Load(Screen):
    """L0. The argument `l<time>`: it is drawn again for a minute."""

    id = "L0"
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """What is measured at this moment."""
        words = visit.words
        load = visit.standing.load(new=True)
        live = _live(visit)
        stamp = f"l{base36(int(visit.now.timestamp()))}"
        follow = () if live else (go(words.label("b_live"), "L0", arg=stamp),)
        rows = (
            (go(words.label("b_refresh"), "L0", style="primary"), *follow),
            _charts(visit, "L0"),
            (go(words.label("b_by_project"), "L1"), go(words.label("b_thresholds"), "N2")),
        )
        text = words("load_none") if load is None else join([*_bars(visit, load), _top(visit, load)])
        return Page(crumbs(visit, words.label("load_title")), text, rows, back=HOME, live_s=LIVE_S if live else None)

    def act(self, visit: Visit) -> Reply:
        """A chart as a picture."""
        return picture(visit, visit.place.arg, None)


class ByProject(Screen):
    """L1. The argument: `c` or `m` for the order by CPU or memory, and the page."""

    id = "L1"

    def draw(self, visit: Visit) -> Page:
        """The programs that run, those that use most first; then test runs and third-party repositories."""
        words, arg = visit.words, visit.place.arg
        load = visit.standing.load(new=True)
        path = crumbs(visit, words.label("load_title"), words.label("load_title_projects"))
        order = "m" if arg.startswith("m") else "c"
        other = "c" if order == "m" else "m"
        sorting = go(words.label("b_sort_cpu" if order == "m" else "b_sort_ram"), "L1", arg=other)
        last = ((go(words.label("b_refresh"), "L1", arg=arg), sorting),)
        if load is None:
            return Page(path, words("load_none"), last, back=Link("L0"))
        up = ranked(load["projects"], "memory_bytes" if order == "m" else "cpu_percent")
        page, turning = pages(len(up), page_of(arg[1:]), lambda n: go("·", "L1", arg=f"{order}{n}"))
        shown = up[page * PAGE : (page + 1) * PAGE]
        table = _table(visit, shown) if shown else words("load_no_projects")
        return Page(path, join([table, _others(visit, load)]), _names(visit, shown) + turning + last, back=Link("L0"))


class OneProject(Screen):
    """L2."""

    id = "L2"
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """What one project's program uses, now and over the day."""
        words, project = visit.words, visit.project()
        load = visit.standing.load(new=True) or {}
        mine = next((it for it in load.get("projects", []) if it["name"] == project.name and it.get("up", True)), None)
        lines: list[Html | None] = [words("load_down")]
        if mine is not None:
            cpu, memory = words.decimal(mine["cpu_percent"]), words.size(mine["memory_bytes"])
            lines = [words("load_line", cpu=cpu, memory=memory, n=mine["processes"])]
        hour = visit.control.load_history(HOUR_S, project.no)
        day = visit.control.load_history(DAY_S, project.no)
        lines += [summary(visit, "hour", hour), summary(visit, "day", day), sparks(visit, day)]
        rows = (
            (go(words.label("b_refresh"), "L2", project.no), go(words.label("b_status"), "S1", project.no)),
            _charts(visit, "L2", project.no),
        )
        path = crumbs(visit, words.label("load_title"), words.label("by_projects_title"), project.name)
        return Page(path, join(lines), rows, back=Link("L1"))

    def act(self, visit: Visit) -> Reply:
        """A chart as a picture."""
        return picture(visit, visit.place.arg, visit.project().no)


def _charts(visit: Visit, screen: str, no: int = 0) -> tuple[Choice, ...]:
    words = visit.words
    return do(words.label("b_hour"), screen, no, HOUR), do(words.label("b_day"), screen, no, DAY)


def _live(visit: Visit) -> bool:
    arg = visit.place.arg
    if not arg.startswith("l") or not arg[1:].isalnum():
        return False
    return 0 <= visit.now.timestamp() - int(arg[1:], 36) < LIVE_FOR_S  # not for ever, whatever somebody sends


def ranked(programs: Sequence[Mapping[str, Any]], by: str) -> list[Mapping[str, Any]]:
    """Those that run, the greatest first."""
    up = [it for it in programs if it.get("up", True)]
    return sorted(up, key=lambda it: (it[by], it["cpu_percent"], it["memory_bytes"]), reverse=True)


def _bars(visit: Visit, load: Mapping[str, Any]) -> list[Html]:
    words, zone = visit.words, zone_of(visit)
    cpu, used = float(load["cpu_percent"]), float(load["memory_bytes"])
    limit = load.get("memory_limit_bytes")
    count, average = load.get("cpu_count") or 1, load.get("load_average")
    busy = "" if average is None else words.label("load_average", average=f"{average:.2f}")
    lines = [
        words("load_at", time=clock(visit.now, zone, seconds=True), zone=zone_name(visit.now, zone)),
        words("load_cpu", bar=bar(cpu / 100), percent=f"{cpu:.0f}", count=f"{count:g}", average=busy),
    ]
    if limit:
        source = words.label("load_limit_host" if load.get("limit_source") == "host" else "load_limit_cgroup")
        sizes = {"used": words.size(used), "limit": words.size(limit)}
        lines.append(words("load_memory", bar=bar(used / limit), source=source, **sizes))
    else:
        lines.append(words("load_memory_free", used=words.size(used)))
    total, free = load.get("disk_total_bytes"), load.get("disk_free_bytes")
    if total and free is not None:
        share = 1 - free / total
        lines.append(words("load_disk", bar=bar(share), percent=f"{100 * share:.0f}", free=words.size(free)))
    elif free is not None:
        lines.append(words("load_disk_free", free=words.size(free)))
    warm = load.get("temperature")
    moving = [None if warm is None else words("load_warm", degrees=f"{warm:.0f}")]
    if load.get("net_rx_bytes") is not None:
        down, up = words.size(load["net_rx_bytes"]), words.size(load["net_tx_bytes"])
        moving.insert(0, words("load_net", down=down, up=up))
    threads, uptime = load.get("threads"), load.get("uptime")
    running = [words("load_processes", n=load.get("processes", 0), threads="—" if threads is None else threads)]
    if uptime is not None:
        running.append(words("load_uptime", time=words.duration(uptime)))
    return [*lines, *(line for line in (join(moving, " · "), join(running, " · ")) if line)]


def _top(visit: Visit, load: Mapping[str, Any]) -> Html | None:
    up = ranked(load.get("projects", []), "cpu_percent")
    return _table(visit, up[:TOP]) if up else None


def _table(visit: Visit, programs: Sequence[Mapping[str, Any]]) -> Html:
    words = visit.words
    lines = []
    for it in programs:
        held = "🐳" if it.get("engine") == "container" else ""
        lines.append(
            f"{_short(it['name']):<{NAME}} {it['cpu_percent']:>4.0f}% {words.size(it['memory_bytes']):>8}{held}"
        )
    return Html(f"<pre>{escape(chr(10).join(lines))}</pre>")


def _short(name: str) -> str:
    return name if len(name) <= NAME else name[: NAME - 1] + "…"


def _others(visit: Visit, load: Mapping[str, Any]) -> Html | None:
    """Test runs and third-party repositories."""
    guests = [it for it in load.get("containers", []) if it.get("kind") == "guest"]
    others = ranked([*load.get("tests", []), *guests], "cpu_percent")
    return join([visit.words("load_others"), _table(visit, others[:OTHERS])]) if others else None


def _names(visit: Visit, shown: Sequence[Mapping[str, Any]]) -> Rows:
    numbers = visit.standing.numbers()
    return grid([go(it["name"], "L2", numbers[it["name"]]) for it in shown if it["name"] in numbers])
