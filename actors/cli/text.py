"""How people read it: tables, durations, sizes, times, and the lines of a project and a deployment."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

NONE = "-"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_KB = 1024


def duration(text: str) -> int:
    """`60s`, `5m`, `1h`, `2d`, `1h30m`, or plain seconds, as seconds; for argparse."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    parts = re.findall(r"([0-9]{1,6})([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration; it looks like 60s, 5m, 1h or 2d")
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns that line up, the last one as long as it likes."""
    lines = [list(head), *([NONE if cell is None or cell == "" else str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def spell(seconds: float | None) -> str:
    """Seconds as people say them: `0.4 s`, `12 s`, `5 min`, `3 h 20 min`, `2 d 4 h`."""
    if seconds is None:
        return NONE
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    if whole < 86400:
        hours, rest = divmod(whole // 60, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, rest = divmod(whole // 3600, 24)
    return f"{days} d {rest} h" if rest else f"{days} d"


def size(octets: float | None) -> str:
    """Bytes as people say them."""
    if octets is None:
        return NONE
    for unit in ("B", "KB", "MB", "GB"):
        if abs(octets) < _KB:
            return f"{octets:.0f} {unit}" if unit == "B" or octets >= 10 else f"{octets:.1f} {unit}"
        octets /= _KB
    return f"{octets:.1f} TB"


def moment(at: str | None) -> str:
    """A JSON time in the reader's own time zone."""
    if at is None:
        return NONE
    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def took(begun: str | None, ended: str | None) -> str:
    """How long something took, or has taken until now."""
    if begun is None:
        return NONE
    until = datetime.fromisoformat(ended) if ended else datetime.now(UTC)
    return spell(max(0.0, (until - datetime.fromisoformat(begun)).total_seconds()))


def short(commit: str | None) -> str:
    """The seven digits of a commit that people read."""
    return commit[:7] if commit else NONE


def version(number: int | None) -> str:
    """A version as people write it."""
    return NONE if number is None else f"v{number}"


def statuses(them: Sequence[Json]) -> str:
    """All projects, one line each."""
    if not them:
        return "No projects yet. Add one: vanka add NAME URL"
    head = ("NAME", "STATE", "VERSION", "COMMIT", "PID", "UP", "RESTARTS", "POLICY", "INTERVAL", "LAST DEPLOYMENT")
    return table(
        head,
        (
            (
                *(it["name"], it["state"], version(it["version"]), short(it["commit"]), it["pid"]),
                *(spell(it["uptime_s"]), it["restarts"], it["policy"], spell(it["interval_s"])),
                last(it["last_deployment"]),
            )
            for it in them
        ),
    )


def last(deployment: Json | None) -> str:
    """A deployment in a few words."""
    if deployment is None:
        return NONE
    return f"{deployment['kind']} {deployment['state']} {moment(deployment['ended_at'] or deployment['queued_at'])}"


def status(it: Json) -> str:
    """One project, with all that is known of it."""
    release = f"{version(it['version'])} {short(it['commit'])} {it.get('subject') or ''}".strip()
    lines: list[tuple[str, object]] = [
        ("state", it["state"]),
        ("release", release if it["version"] is not None else NONE),
        ("program", f"pid {it['pid']}, up {spell(it['uptime_s'])}, {it['restarts']} restarts" if it["pid"] else NONE),
        ("repository", f"{it.get('url')} ({it.get('branch') or 'default branch'})"),
        ("path", it.get("path")),
        ("engine", it["engine"]),
        ("new commits", f"{it['policy']}, looked for every {spell(it['interval_s'])}{_paused(it)}"),
        ("last", last(it["last_deployment"])),
    ]
    for key, title in (("deploying", "under way"), ("test", "test run")):
        if it.get(key):
            lines.append((title, f"{last(it[key])} ({it[key]['id']})"))
    if it.get("new_commit"):
        lines.append(
            ("waiting", f"{short(it['new_commit']['commit'])} {it['new_commit']['subject']}: vanka deploy {it['name']}")
        )
    if it.get("probe"):
        lines.append(("probe", it["probe"]))
        if it.get("health"):
            lines.append(("health", _health(it["health"])))
    if it.get("persist"):
        lines.append(("persistent", ", ".join(it["persist"])))
    if it.get("watch_error"):
        lines.append(("watching", it["watch_error"]))
    if it.get("parked"):
        said = one_line(it["parked"])
        lines.insert(1, ("actors", f"kept failing and were parked: {said}. Bring them back: vanka start {it['name']}"))
    width = max(len(title) for title, _value in lines)
    return "\n".join([it["name"], *(f"  {title.ljust(width)}  {value or NONE}" for title, value in lines)])


def _health(it: Json) -> str:
    """How often the probe looks, and what follows when it finds the program unwell."""
    if not it["every_s"]:
        return "looked at after a start only"
    limit, times = spell(it["timeout_s"]), it["fails"]
    return f"looked at every {spell(it['every_s'])}, {limit} a look; {it['remedy']} after {times} bad ones in a row"


def _paused(it: Json) -> str:
    return ", paused" if it.get("paused") else ""


def project(it: Json) -> str:
    """What was told of a project."""
    return (
        f"{it['name']}: {it['url']} ({it['branch'] or 'default branch'}) into {it['path']}\n"
        f"looked at every {spell(it['interval_s'])}; new commits: {it['policy']}; engine: {it['engine']}, {it['main']}"
    )


def removed(it: Json) -> str:
    """That a project is gone, and where its data is."""
    kept = "".join(f"\n  {place}" for place in it["kept"])
    return f"Removed {it['name']}." + (f" Its data is kept in{kept}" if kept else "")


def deployment(it: Json) -> str:
    """How a deployment stands, in one sentence."""
    what = f"{it['kind']} of {it['project']} {version(it['version'])} {short(it['commit'])}"
    took_s = f" in {took(it['started_at'], it['ended_at'])}" if it["ended_at"] and it["started_at"] else ""
    return f"{what}: {it['state']}{took_s} ({it['id']})"


def deployments(them: Sequence[Json]) -> str:
    """A history, newest first."""
    if not them:
        return "No deployments yet."
    return table(
        ("ID", "KIND", "VERSION", "COMMIT", "ENVIRONMENT", "STATE", "BEGUN", "TOOK", "ASKED BY", "WHY"),
        (
            (
                *(it["id"], it["kind"], version(it["version"]), short(it["commit"]), it["environment"], it["state"]),
                *(moment(it["started_at"] or it["queued_at"]), took(it["started_at"], it["ended_at"])),
                *(it["asked_by"], one_line(it["error"] or it.get("note") or "")),
            )
            for it in them
        ),
    )


def versions(them: Sequence[Json]) -> str:
    """A project's versions, newest first; the current one is marked."""
    if not them:
        return "No versions yet."
    return table(
        ("VERSION", "", "COMMIT", "COMMITTED", "AUTHOR", "SUBJECT"),
        (
            (
                *(version(it["version"]), _marks(it), short(it["commit"]), moment(it["committed_at"])),
                *(it["author"], it["subject"]),
            )
            for it in them
        ),
    )


def _marks(it: Json) -> str:
    words = [word for word in ("current", "pinned", "failed") if it.get(word)]
    return ", ".join(words) or ("kept" if it.get("built") else "")


def tree(it: Json, depth: int = 0) -> str:
    """The live tree, one actor a line."""
    facts = [it["state"]]
    if it["restarts"]:
        facts.append(f"{it['restarts']} restarts")
    if it["inbox"]:
        facts.append(f"{it['inbox']} waiting")
    if it["last_error"]:
        facts.append(one_line(it["last_error"]))
    if it["state"] == "failed":
        facts.append(f"parked: bring it back with `vanka drill {it['name']}`")
    own = f"{'  ' * depth}{it['name']} [{it['kind']}] {', '.join(facts)}"
    return "\n".join([own, *(tree(child, depth + 1) for child in it["children"])])


def load(it: Json) -> str:
    """What is used of the machine, and by whom."""
    limit = it.get("memory_limit_bytes")
    source = it.get("limit_source")
    whose = "" if source is None else " (the whole machine)" if source == "host" else f" (limit of {source})"
    memory = size(it["memory_bytes"]) + (f" of {size(limit)}{whose}" if limit else "")
    lines = [
        f"CPU        {it['cpu_percent']:.0f} % of {it['cpu_count']:g}",
        f"memory     {memory}",
        f"disk free  {size(it['disk_free_bytes'])}",
        f"processes  {it['processes']}",
    ]
    for title, rows in (("", it.get("projects")), ("tests", it.get("tests")), ("containers", it.get("containers"))):
        if rows:
            names = [key for key in rows[0] if not isinstance(rows[0][key], (dict, list))]
            cells = [[_cell(name, row.get(name)) for name in names] for row in rows]
            lines += ["", *([title] if title else []), table([name.upper() for name in names], cells)]
    return "\n".join(lines)


def _cell(name: str, value: Any) -> Any:
    if name.endswith("_bytes"):
        return size(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.1f}" if isinstance(value, float) else value


def records(them: Sequence[Json]) -> str:
    """Plain records of one kind as a table of their own fields."""
    if not them:
        return "Nothing."
    names = [key for key in them[0] if not isinstance(them[0][key], (dict, list))]
    return table([name.upper() for name in names], [[_plain(row.get(name)) for name in names] for row in them])


def _plain(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


def one_line(text: str, limit: int = 300) -> str:
    """The text on one line, cut where it is too long for one."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 3] + "..."
