"""X0, the system itself; X1, its actors; X3, its errors; X2, the language; the backup."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from actors.bot.links import Link
from actors.bot.rights import Right
from actors.bot.screen import HOME, LIVE_S, File, Page, Reply, Screen, Visit, do, go
from actors.bot.screens.common import crumbs, page_of, pages
from actors.bot.screens.inside import is_shown, unseen_errors, walk
from actors.bot.screens.question import Question
from actors.bot.texts import CATALOGUES, Html, as_language, escape, join

MOST_TOTALS = 40
_SAMPLE = re.compile(r"^(?P<name>vanka_\w+)(?:\{[^}]*\})? (?P<value>[-+.0-9eE]+)$", re.MULTILINE)
MOST_BACKUP = 45 * 1024 * 1024  # Telegram takes 50 MB


class System(Screen):
    """X0."""

    id = "X0"
    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True

    def draw(self, visit: Visit) -> Page:
        """How the service itself fares."""
        words, control = visit.words, visit.control
        nodes = [node for node in walk(control.tree()) if is_shown(node)]
        unseen = len(unseen_errors(visit))
        text = words(
            "system_text",
            version=control.service_version(),
            uptime=words.duration(control.uptime_s()),
            actors=len(nodes),
            up=sum(node.state == "running" for node in nodes),
            restarts=sum(node.restarts for node in nodes),
            inbox=sum(node.inbox for node in nodes),
            errors=unseen,
        )
        rows = (
            (go(words.label("b_actors"), "X1"), go(words.label("b_errors", n=unseen), "X3")),
            (go(words.label("b_users"), "X4"), go(words.label("b_language"), "X2")),
            (do(words.label("b_backup"), "X0", arg="backup"), go(words.label("b_metrics"), "X5")),
            (go(words.label("b_restart_bot"), "X0r", style="danger"), go(words.label("b_help"), "H0")),
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


class RestartBot(Question):
    """X0r: the question before the bot is stopped and started again."""

    id = "X0r"
    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True
    label = "b_restart_bot"

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """What that interrupts."""
        words = visit.words
        return crumbs(visit, words.label("system_title"), words.label("restart_bot_title")), words("ask_restart_bot")

    def back(self, visit: Visit) -> Link:
        """The system."""
        del visit
        return Link("X0")

    def act(self, visit: Visit) -> Reply:
        """A moment from now. The page changes by itself, and the bot's next life goes on with that: it shows then."""
        words = visit.words
        visit.control.restart_bot()
        path = crumbs(visit, words.label("system_title"), words.label("restart_bot_title"))
        return Reply(to=Link("X0"), page=Page(path, words("note_restart_bot"), back=Link("X0"), live_s=LIVE_S))


class Metrics(Screen):
    """X5: what is counted; as a file too."""

    id = "X5"
    right = Right.CHANGE
    act_right = Right.CHANGE
    private = True

    def draw(self, visit: Visit) -> Page:
        """The totals, one a line."""
        words = visit.words
        totals = list(_totals(visit.control.metrics()))
        shown = "\n".join(
            f"{name} {value:.0f}" if value >= 1000 else f"{name} {value:.3g}" for name, value in totals[:MOST_TOTALS]
        )
        text = join([words("metrics_text"), Html(f"<pre>{escape(shown)}</pre>") if totals else words("metrics_none")])
        path = crumbs(visit, words.label("system_title"), words.label("metrics_title"))
        rows = ((go(words.label("b_refresh"), "X5"), do(words.label("b_file"), "X5")),)
        return Page(path, text, rows, back=Link("X0"))

    def act(self, visit: Visit) -> Reply:
        """All of it, as Prometheus reads it."""
        content = visit.control.metrics().encode()
        return Reply(files=(File("metrics.txt", content, visit.words("metrics_caption")),))


def _totals(text: str) -> Iterator[tuple[str, float]]:
    """Each meter summed over its labels, without buckets; the names without the beginning that they share."""
    totals: dict[str, float] = {}
    for found in _SAMPLE.finditer(text):
        name = found["name"].removeprefix("vanka_")
        if not name.endswith("_bucket"):
            totals[name] = totals.get(name, 0.0) + float(found["value"])
    yield from sorted(totals.items())


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
        admin = visit.may(Right.CHANGE)
        path = (words.label("system_title"), words.label("language_title"))[0 if admin else 1 :]
        return Page(
            crumbs(visit, *path), words("language_text"), rows, back=Link("X0") if admin and visit.private else HOME
        )

    def act(self, visit: Visit) -> Reply:
        """Remember the choice."""
        language = as_language(visit.place.arg)
        if language is not None:
            visit.access.set_language(visit.person.id, language)
        return Reply(to=HOME)


class Help(Screen):
    """H0: one page a topic. The argument is the page."""

    id = "H0"
    topics = 7

    def draw(self, visit: Visit) -> Page:
        """A topic."""
        words = visit.words
        page, turning = pages(self.topics, page_of(visit.place.arg), lambda n: go("·", "H0", arg=str(n)), 1)
        return Page(crumbs(visit, words.label("help_title")), words(f"help_{page}"), turning)
