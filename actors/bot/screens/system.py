"""X0, the system itself; X1, its actors; X3, its errors; X2, the language; the backup."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import CONFIRM_S, HOME, File, Page, Reply, Screen, Visit, do, go
from actors.bot.screens.common import PAGE, crumbs, page_of, pages
from actors.bot.texts import CATALOGUES, as_language, join
from actors.errors import NoSuchActor
from runtime.cell import Node

MOST_BACKUP = 45 * 1024 * 1024  # Telegram takes 50 MB


class System(Screen):
    """X0."""

    id = "X0"
    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True

    def draw(self, visit: Visit) -> Page:
        """How the service itself fares."""
        words = visit.words
        nodes = [node for node in walk(visit.control.tree()) if node.kind != "supervisor" or node.state == "failed"]
        errors = visit.control.errors()
        text = words(
            "system_text",
            actors=len(nodes),
            up=sum(node.state == "running" for node in nodes),
            restarts=sum(node.restarts for node in nodes),
            inbox=sum(node.inbox for node in nodes),
            errors=len(errors),
        )
        rows = (
            (go(words.label("b_actors"), "X1"), go(words.label("b_errors", n=len(errors)), "X3")),
            (go(words.label("b_users"), "X4"), go(words.label("b_language"), "X2")),
            (do(words.label("b_backup"), "X0", arg="backup"),),
            (go(words.label("b_help"), "H0"),),
        )
        return Page(crumbs(visit, words.label("system_title")), text, rows)

    def act(self, visit: Visit) -> Reply:
        """The service's own state as a file; the secrets in it are sealed, the key is not in it."""
        words = visit.words
        with tempfile.TemporaryDirectory(prefix="vanka-backup-") as directory:
            file = Path(directory) / f"vanka-{visit.now:%Y%m%d-%H%M}.db"
            visit.control.backup(file)
            if file.stat().st_size > MOST_BACKUP:
                return Reply(note=words("backup_too_big", size=words.size(file.stat().st_size)))
            content = file.read_bytes()
        return Reply(files=(File(file.name, content, words("backup_caption")),), note=words("note_backup"))


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for child in node.children:
        yield from walk(child)


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
        nodes = [node for node in walk(visit.control.tree()) if node.kind != "supervisor" or node.state == "failed"]
        nodes.sort(key=lambda node: (node.state == "running", -node.restarts, node.path))
        page, turning = pages(len(nodes), page_of(visit.place.arg), lambda n: go("·", "X1", arg=str(n)))
        rows = tuple(
            (go(f"{'🟢' if node.state == 'running' else '🔴'} {node.path}", "X1a", arg=node_id(node.path)),)
            for node in nodes[page * PAGE : (page + 1) * PAGE]
        )
        path = crumbs(visit, words.label("system_title"), words.label("actors_title"))
        return Page(path, words("actors_text", n=len(nodes)), (*rows, *turning), back=Link("X0"))


class OneActor(Screen):
    """X1a, and the question before it is restarted."""

    id = "X1a"
    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True

    def draw(self, visit: Visit) -> Page:
        """State, restarts, inbox, last error."""
        words, node = visit.words, self._node(visit)
        error = node.last_error.splitlines()[0][:500] if node.last_error else "—"
        text = words("actor_text", state=node.state, restarts=node.restarts, inbox=node.inbox, error=error)
        rows = ((do(words.label("b_restart_actor"), "X1a", arg=visit.place.arg, style="danger"),),)
        path = crumbs(visit, words.label("actors_title"), node.path)
        return Page(path, text, rows, back=Link("X1"), life_s=CONFIRM_S)

    def act(self, visit: Visit) -> Reply:
        """Let it crash; its supervisor brings it back."""
        path = self._node(visit).path
        took = next((it["down_ms"] for it in visit.control.drill([path], False)), None)
        return Reply(note=visit.words("note_actor", name=path, ms="—" if took is None else f"{took:.0f}"))

    def _node(self, visit: Visit) -> Node:
        found = [node for node in walk(visit.control.tree()) if node_id(node.path) == visit.place.arg]
        if not found:
            raise NoSuchActor("that actor is gone", "See the list once more.")
        return found[0]


class Errors(Screen):
    """X3: the same error is one line with a count."""

    id = "X3"
    right = Right.CHANGE
    private = True

    def draw(self, visit: Visit) -> Page:
        """Newest first."""
        words = visit.words
        lines: dict[tuple[str, str, str], list[float]] = {}
        for entry in visit.control.errors():
            key = (entry.actor or entry.logger, entry.event, entry.error)
            lines.setdefault(key, []).append((visit.now - entry.at).total_seconds())
        shown = [
            words(
                "error_entry",
                n=len(times),
                ago=words.duration(min(times)),
                where=where,
                event=event[:200],
                error=error[:300],
            )
            for (where, event, error), times in list(lines.items())[:15]
        ]
        text = join(shown) if shown else words("errors_none")
        path = crumbs(visit, words.label("system_title"), words.label("errors_title"))
        return Page(path, text, ((go(words.label("b_refresh"), "X3"),),), back=Link("X0"))


class Languages(Screen):
    """X2."""

    id = "X2"
    personal = True
    act_right = Right.SEE

    def draw(self, visit: Visit) -> Page:
        """The languages there are."""
        words = visit.words
        names = {"ru": "Русский", "en": "English"}
        rows = (tuple(do(("● " if it == words.language else "") + names[it], "X2", arg=it) for it in CATALOGUES),)
        return Page(crumbs(visit, words.label("language_title")), words("language_text"), rows, back=HOME)

    def act(self, visit: Visit) -> Reply:
        """Remember the choice."""
        language = as_language(visit.place.arg)
        if language is not None:
            visit.access.set_language(visit.person.id, language)
        return Reply(to=HOME)


class Help(Screen):
    """H0: one page a topic. The argument is the page."""

    id = "H0"
    topics = 4

    def draw(self, visit: Visit) -> Page:
        """A topic."""
        words = visit.words
        page, turning = pages(self.topics, page_of(visit.place.arg), lambda n: go("·", "H0", arg=str(n)), 1)
        return Page(crumbs(visit, words.label("help_title")), words(f"help_{page}"), turning)
