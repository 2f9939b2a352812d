"""S0, all states in a table; S1, one project's; S2, its log."""

from __future__ import annotations

from typing import Any

from actors.bot.links import Link, base36
from actors.bot.render import output
from actors.bot.rights import Right
from actors.bot.screen import LIVE_S, Choice, File, Page, Reply, Rows, Screen, Visit, do, go
from actors.bot.screens.common import PAGE, crumbs, mark, number, ordered, pages, sha, stages
from actors.bot.texts import Html, escape, join
from actors.control import ProjectStatus
from actors.model.run import ProjectState

TABLE = 20
NAME = 16
FOLLOW_S = 60
FILE_LINES = 20_000
TAIL = 30


class States(Screen):
    """S0. The argument: `p` for problems only, and the page."""

    id = "S0"

    def draw(self, visit: Visit) -> Page:
        """A table; each project is a button under it."""
        words, arg = visit.words, visit.place.arg
        problems = arg.startswith("p")
        statuses = ordered(visit.standing.statuses(new=True))
        if problems:
            statuses = [it for it in statuses if it.state is ProjectState.FAILED or it.watch_error]
        digits = arg.lstrip("p")
        flag = "p" if problems else ""
        page, turning = pages(
            len(statuses), int(digits) if digits.isdecimal() else 0, lambda n: go("·", "S0", arg=f"{flag}{n}"), TABLE
        )
        shown = statuses[page * TABLE : (page + 1) * TABLE]
        other = go(words.label("b_all") if problems else words.label("b_problems"), "S0", arg="" if problems else "p")
        rows: Rows = (
            *_names(shown),
            *turning,
            (go(words.label("b_refresh"), "S0", arg=arg), other),
            (go(words.label("b_projects"), "P0"),),
        )
        nothing = words("no_problems" if problems else "no_projects")
        return Page(crumbs(visit, words.label("status_title")), _table(visit, shown) if shown else nothing, rows)


def _names(shown: list[ProjectStatus]) -> Rows:
    choices = [go(f"{mark(it)} {it.project.name}", "S1", it.project.no) for it in shown[: 2 * PAGE]]
    return tuple(tuple(choices[start : start + 2]) for start in range(0, len(choices), 2))


def _table(visit: Visit, shown: list[ProjectStatus]) -> Html:
    words = visit.words
    load = visit.standing.load() or {}
    loads = {it["name"]: it for it in load.get("projects", []) if it.get("up", True)}
    lines = []
    for it in shown:
        mine = loads.get(it.project.name)
        up = "—" if it.uptime_s is None else words.duration(it.uptime_s)
        use = "" if mine is None else f" {mine['cpu_percent']:.0f}% {words.size(mine['memory_bytes'])}"
        name = it.project.name if len(it.project.name) <= NAME else it.project.name[: NAME - 1] + "…"
        lines.append(f"{mark(it)} {name:<{NAME}} {number(words, it.version):>4} {up}{use}")
    return Html(f"<pre>{escape(chr(10).join(lines))}</pre>")


class State(Screen):
    """S1."""

    id = "S1"

    def draw(self, visit: Visit) -> Page:
        """Process, restarts, load, the watcher, what is under way."""
        words, status = visit.words, visit.status()
        project = status.project
        no = project.no
        busy = status.deploying is not None
        rows: list[tuple[Choice, ...]] = [
            (go(words.label("b_refresh"), "S1", no), go(words.label("b_log"), "S2", no)),
        ]
        if visit.may(Right.RUN) and status.version is not None:
            if status.pid is None or status.parked is not None:
                rows.append((do(words.label("b_start"), "P1", no, "start"),))
            else:
                rows.append((go(words.label("b_restart"), "P1r", no), go(words.label("b_stop"), "P1s", no)))
        return Page(
            crumbs(visit, words.label("state_title"), project=project),
            _state(visit, status),
            tuple(rows),
            back=Link("P1", no),
            live_s=LIVE_S if busy else None,
        )


def _state(visit: Visit, status: ProjectStatus) -> Html:
    words, project, now = visit.words, status.project, visit.now
    state = words.label(f"state_{status.state.value.replace(' ', '_')}")
    lines: list[Html | None] = [words("s_state", mark=mark(status), name=project.name, state=state)]
    if status.parked is not None:
        lines.append(words("card_parked", error=status.parked[:300], start=words.label("b_start")))
    if status.state is ProjectState.FAILED and status.exit_code is not None:
        lines.append(words("s_exit", code=status.exit_code))
    if status.pid is not None:
        lines.append(words("s_process", pid=status.pid, uptime=words.duration(status.uptime_s or 0), n=status.restarts))
    load = visit.standing.load() or {}
    mine = next((it for it in load.get("projects", []) if it["name"] == project.name and it.get("up", True)), None)
    if mine is not None and status.pid is not None:
        lines.append(words("s_load", cpu=f"{mine['cpu_percent']:.0f}", memory=words.size(mine["memory_bytes"])))
    if status.version is not None:
        no = number(words, status.version)
        lines.append(words("s_version", no=no, sha=sha(status.commit), subject=(status.subject or "")[:80]))
    upcoming = "—" if status.next_check_s is None or project.paused else words.duration(status.next_check_s)
    lines.append(words("s_watch", ago=words.ago(status.last_check_at, now), next=upcoming))
    if status.watch_error:
        lines.append(words("card_watch_error", error=status.watch_error[:300]))
    if status.deploying is not None:
        kind = words.label(f"kind_{status.deploying.kind.value}")
        lines += [words("s_deploying", kind=kind), stages(status.deploying, words, now)]
    return join(lines)


class Log(Screen):
    """S2. The argument: nothing (the program), `t` (the test), a deployment's id; `l<time>` follows for a minute."""

    id = "S2"
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """The last 30 lines."""
        words, project, arg = visit.words, visit.project(), visit.place.arg
        following = _following(visit)
        lines = visit.control.log_tail(project.name, TAIL, **_which(arg))
        stamp = f"l{base36(int(visit.now.timestamp()))}"
        watch = () if following or arg.startswith("d") else (go(words.label("b_follow"), "S2", project.no, stamp),)
        status = visit.status()
        kinds = [
            go(
                ("● " if it == arg[:1].replace("l", "") else "") + words.label(f"b_log_{it or 'program'}"),
                "S2",
                project.no,
                it,
            )
            for it in (("", "t") if status.test is not None or arg == "t" else ())
        ]
        rows: Rows = (
            (go(words.label("b_refresh"), "S2", project.no, arg), *watch),
            tuple(kinds),
            (do(words.label("b_file"), "S2", project.no, arg),),
        )
        title = words.label("log_title")
        path = crumbs(visit, title, *((arg,) if arg.startswith("d") else ()), project=project)
        text = join([words("log_following") if following else None, output(lines, words)])
        rows = tuple(row for row in rows if row)
        return Page(path, text, rows, back=Link("P1", project.no), live_s=LIVE_S if following else None)

    def act(self, visit: Visit) -> Reply:
        """The whole log as a file, secrets masked."""
        project, arg = visit.project(), visit.place.arg
        lines = visit.control.log_tail(project.name, FILE_LINES, **_which(arg))
        if not lines:
            return Reply(note=visit.words("no_output"))
        name = f"{project.name}-{arg if arg.startswith('d') else 'test' if arg == 't' else 'log'}.txt"
        content = ("\n".join(lines) + "\n").encode("utf-8", "replace")
        return Reply(files=(File(name, content, visit.words("log_caption", name=project.name, n=len(lines))),))


def _which(arg: str) -> dict[str, Any]:
    """Which log the argument names, as Control wants it."""
    if arg.startswith("d"):
        return {"deployment_id": arg}
    return {"test": arg == "t"}


def _following(visit: Visit) -> bool:
    arg = visit.place.arg
    if not arg.startswith("l"):
        return False
    try:
        return visit.now.timestamp() - int(arg[1:], 36) < FOLLOW_S
    except ValueError:
        return False
