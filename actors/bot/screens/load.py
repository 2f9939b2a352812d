"""L0: the load of the container, as bars of text, and the projects that use most of it."""

from __future__ import annotations

from typing import Any

from actors.bot.links import base36
from actors.bot.screen import HOME, LIVE_S, Page, Screen, Visit, go
from actors.bot.screens.common import bar, crumbs
from actors.bot.texts import Html, escape, join

TOP = 5
LIVE_FOR_S = 60


class Load(Screen):
    """L0. The argument `l<time>`: it is drawn again for a minute."""

    id = "L0"

    def draw(self, visit: Visit) -> Page:
        """What is measured at this moment."""
        words = visit.words
        load = visit.standing.load(new=True)
        live = _live(visit)
        stamp = f"l{base36(int(visit.now.timestamp()))}"
        follow = () if live else (go(words.label("b_live"), "L0", arg=stamp),)
        rows = (
            (go(words.label("b_refresh"), "L0", style="primary"), *follow),
            (go(words.label("b_by_project"), "S0"),),
        )
        text = words("load_none") if load is None else join([*_bars(visit, load), _top(visit, load)])
        return Page(crumbs(visit, words.label("load_title")), text, rows, back=HOME, live_s=LIVE_S if live else None)


def _live(visit: Visit) -> bool:
    arg = visit.place.arg
    return arg.startswith("l") and arg[1:].isalnum() and visit.now.timestamp() - int(arg[1:], 36) < LIVE_FOR_S


def _bars(visit: Visit, load: dict[str, Any]) -> list[Html]:
    words = visit.words
    cpu, used = float(load["cpu_percent"]), float(load["memory_bytes"])
    limit = load.get("memory_limit_bytes")
    count = load.get("cpu_count") or 1
    lines = [words("load_cpu", bar=bar(cpu / 100), percent=f"{cpu:.0f}", count=f"{count:g}")]
    if limit:
        lines.append(words("load_memory", bar=bar(used / limit), used=words.size(used), limit=words.size(limit)))
    else:
        lines.append(words("load_memory_free", used=words.size(used)))
    total, free = load.get("disk_total_bytes"), load.get("disk_free_bytes")
    if total and free is not None:
        share = 1 - free / total
        lines.append(words("load_disk", bar=bar(share), percent=f"{100 * share:.0f}", free=words.size(free)))
    elif free is not None:
        lines.append(words("load_disk_free", free=words.size(free)))
    if load.get("net_rx_bytes") is not None:
        down, up = words.size(load["net_rx_bytes"]), words.size(load["net_tx_bytes"])
        warm = load.get("temperature")
        lines.append(words("load_net", down=down, up=up))
        if warm is not None:
            lines.append(words("load_warm", degrees=f"{warm:.0f}"))
    threads, uptime = load.get("threads"), load.get("uptime")
    lines.append(words("load_processes", n=load.get("processes", 0), threads="—" if threads is None else threads))
    if uptime is not None:
        lines.append(words("load_uptime", time=words.duration(uptime)))
    return lines


def _top(visit: Visit, load: dict[str, Any]) -> Html | None:
    words = visit.words
    up = [it for it in load.get("projects", []) if it.get("up", True)]
    up.sort(key=lambda it: (it["cpu_percent"], it["memory_bytes"]), reverse=True)
    if not up:
        return None
    lines = [f"{it['name'][:16]:<16} {it['cpu_percent']:>4.0f}% {words.size(it['memory_bytes']):>8}" for it in up[:TOP]]
    return Html(f"<pre>{escape(chr(10).join(lines))}</pre>")
