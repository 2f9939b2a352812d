"""X1, the service's actors; X3, the errors in its log."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from actors.bot.links import Link
from actors.bot.render import output
from actors.bot.rights import Right
from actors.bot.screen import Page, Reply, Rows, Screen, Visit, do, go
from actors.bot.screens.common import PAGE, crumbs, page_of, pages
from actors.bot.screens.question import Question
from actors.bot.seen import Key
from actors.bot.texts import Html, Words, join
from actors.errors import NoSuchActor, NothingToDo
from runtime.cell import Node

MOST_ERRORS = 8
WHERE = 30  # letters of an actor's path on a button
OWN = "bot/"  # the actors that this conversation goes through


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for child in node.children:
        yield from walk(child)


def is_shown(node: Node) -> bool:
    """Actors, and families that were parked as a whole."""
    return node.kind != "supervisor" or node.state == "failed"


def node_id(path: str) -> str:
    """A path's place in a button."""
    return hashlib.sha256(path.encode()).hexdigest()[:12]


class Actors(Screen):
    """X1: the tree, those with trouble first."""

    id = "X1"
    right = Right.CHANGE
    private = True

    def draw(self, visit: Visit) -> Page:
        """Each leads to its own page."""
        words = visit.words
        nodes = [node for node in walk(visit.control.tree()) if is_shown(node)]
        nodes.sort(key=lambda node: (node.state == "running", -node.restarts, node.path))
        page, turning = pages(len(nodes), page_of(visit.place.arg), lambda n: go("·", "X1", arg=str(n)))
        rows = tuple(
            (go(_line(words, node), "X1a", arg=node_id(node.path)),) for node in nodes[page * PAGE : (page + 1) * PAGE]
        )
        path = crumbs(visit, words.label("system_title"), words.label("actors_title"))
        return Page(path, words("actors_text", n=len(nodes)), (*rows, *turning), back=Link("X0"))


def _line(words: Words, node: Node) -> str:
    """The actor on a button: its state, and how often it was restarted, if ever."""
    again = f" · {words.label('actor_restarts', n=node.restarts)}" if node.restarts else ""
    return f"{'🟢' if node.state == 'running' else '🔴'} {node.path}{again}"


class OneActor(Screen):
    """X1a."""

    id = "X1a"
    right = Right.CHANGE
    private = True

    def draw(self, visit: Visit) -> Page:
        """State, restarts, inbox, last error."""
        words, node = visit.words, _node(visit)
        state = words.label(f"actor_{node.state}") if words.has(f"actor_{node.state}") else node.state
        text = words("actor_text", state=state, restarts=node.restarts, inbox=node.inbox)
        if node.last_error:
            text = join([text, words("actor_error", error=node.last_error.splitlines()[0][:500])])
        rows = (
            (go(words.label("b_refresh"), "X1a", arg=visit.place.arg),),
            (go(words.label("b_restart_actor"), "X1r", arg=visit.place.arg, style="danger"),),
        )
        return Page(_path(visit, node.path), text, rows, back=Link("X1"))


class RestartActor(Question):
    """X1r: the question before an actor is restarted."""

    id = "X1r"
    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True
    label = "b_restart_actor"

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """What happens to it."""
        path = _node(visit).path
        return _path(visit, path), visit.words("ask_restart_actor", name=path)

    def back(self, visit: Visit) -> Link:
        """The actor."""
        return Link("X1a", arg=visit.place.arg)

    def act(self, visit: Visit) -> Reply:
        """Let it crash; its supervisor brings it back."""
        path = _node(visit).path
        if path.startswith(OWN):
            visit.control.crash_soon(path)  # this very answer needs it
            return Reply(to=self.back(visit), note=visit.words("note_actor_soon", name=path))
        took = next((it["down_ms"] for it in visit.control.drill([path], False)), None)
        if took is None:
            return Reply(to=self.back(visit), note=visit.words("note_actor_not_yet", name=path))
        return Reply(to=self.back(visit), note=visit.words("note_actor", name=path, ms=f"{took:.0f}"))


def _path(visit: Visit, *more: str) -> tuple[str, ...]:
    words = visit.words
    return crumbs(visit, words.label("system_title"), words.label("actors_title"), *more)


def _node(visit: Visit) -> Node:
    found = [node for node in walk(visit.control.tree()) if node_id(node.path) == visit.place.arg]
    if not found:
        raise NoSuchActor("that actor is gone", "See the list once more.")
    return found[0]


@dataclass(frozen=True)
class Group:
    """Errors of the same words."""

    key: Key
    count: int
    first: datetime
    last: datetime
    trace: str

    @property
    def id(self) -> str:
        """Its place in a button."""
        return hashlib.sha256("\0".join(self.key).encode("utf-8", "replace")).hexdigest()[:12]


def groups(visit: Visit) -> list[Group]:
    """The errors on record, newest first."""
    entries: dict[Key, list[tuple[datetime, str]]] = {}
    for entry in visit.control.errors():
        key = (entry.actor or entry.logger, entry.event, entry.error)
        entries.setdefault(key, []).append((entry.at, entry.trace))
    return [
        Group(key, len(them), min(at for at, _ in them), max(at for at, _ in them), them[0][1])
        for key, them in entries.items()
    ]


def unseen_errors(visit: Visit) -> list[Group]:
    """Those that nobody marked as seen since they happened last."""
    return [it for it in groups(visit) if not visit.seen.has(it.key, it.last)]


class Errors(Screen):
    """X3: the same error is one line with a count, and a button."""

    id = "X3"
    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True

    def draw(self, visit: Visit) -> Page:
        """Newest first; those that were seen are left out."""
        words, found = visit.words, unseen_errors(visit)[:MOST_ERRORS]
        lines = [_entry(visit, it) for it in found]
        rows: Rows = tuple((go(f"{it.key[0][-WHERE:]} · {it.count}×", "X3e", arg=it.id),) for it in found)
        rows += ((do(words.label("b_seen_all"), "X3"),),) if found else ()
        rows += ((go(words.label("b_refresh"), "X3"),),)
        path = crumbs(visit, words.label("system_title"), words.label("errors_title"))
        return Page(path, join(lines) if lines else words("errors_none"), rows, back=Link("X0"))

    def act(self, visit: Visit) -> Reply:
        """All that there are were seen."""
        for it in groups(visit):
            visit.seen.mark(it.key, it.last)
        return Reply()


def _entry(visit: Visit, it: Group) -> Html:
    where, event, error = it.key
    ago = visit.words.ago(it.last, visit.now)
    told = error.rpartition(": ")[2] in event  # the line holds the exception's words already
    key = "error_entry" if error and not told else "error_entry_bare"
    return visit.words(key, n=it.count, ago=ago, where=where, event=event[:200], error=error[:300])


class OneError(Screen):
    """X3e: when, how often, and the whole of it."""

    id = "X3e"
    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True

    def draw(self, visit: Visit) -> Page:
        """The traceback, cut in the middle."""
        words, it = visit.words, self._error(visit)
        times = words(
            "error_times", n=it.count, first=words.ago(it.first, visit.now), last=words.ago(it.last, visit.now)
        )
        trace = output(it.trace.splitlines(), words) if it.trace else words("error_no_trace")
        path = crumbs(visit, words.label("system_title"), words.label("errors_title"), it.key[0])
        rows = ((do(words.label("b_seen"), "X3e", arg=it.id),),)
        return Page(path, join([_entry(visit, it), times, trace]), rows, back=Link("X3"))

    def act(self, visit: Visit) -> Reply:
        """It was seen."""
        it = self._error(visit)
        visit.seen.mark(it.key, it.last)
        return Reply(to=Link("X3"))

    def _error(self, visit: Visit) -> Group:
        found = [it for it in groups(visit) if it.id == visit.place.arg]
        if not found:
            raise NothingToDo("that error is not on record any more", "See the list once more.")
        return found[0]
