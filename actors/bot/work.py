"""A batch of updates, what a job does for one of them, and the count of a batch's updates that are done with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from actors.bot.dialogue import Dialogue, Show, Step, Turn, Typed
from actors.bot.rights import Role
from actors.bot.router import Routed
from actors.bot.session import Session
from actors.bot.talk import Item
from actors.bot.telegram import Telegram
from actors.bot.wire import Document, Incoming
from runtime.table import Table

MAX_DOCUMENT = 64 * 1024


@dataclass(frozen=True)
class Tools:
    """What work is done with; all of it may be used in any thread."""

    dialogue: Dialogue
    table: Table[Session]
    telegram: Telegram


@dataclass(frozen=True)
class Arrived:
    """A batch of updates; `handled` is called once when the last of them is done with."""

    updates: tuple[Incoming, ...]
    handled: Callable[[], None]


class Batch:
    """Counts down to the last update of a batch."""

    def __init__(self, count: int, handled: Callable[[], None]) -> None:
        self._left, self._handled = count, handled

    def one_done(self) -> None:
        """One update is done with."""
        self._left -= 1
        if self._left == 0:
            self._handled()


class Work:
    """What a job does for one update: what has an effect is marked as done before it is done."""

    def __init__(self, tools: Tools, item: Item, routed: Routed, role: Role, private: bool) -> None:
        self._dialogue, self._table, self._telegram = tools.dialogue, tools.table, tools.telegram
        self._item, self._routed, self._role, self._private = item, routed, role, private

    def __call__(self) -> Turn:
        """In the job's thread."""
        routed, step = self._routed, self._routed.step
        assert step is not None  # noqa: S101 - only then there is a job
        if routed.effect:
            self._table.put(str(routed.session.chat), routed.session)
        if routed.document is not None and isinstance(step, Typed):
            step = self._loaded(step, routed.document)
        return self._dialogue.step(routed.session, self._item.person, self._role, self._private, step)

    def _loaded(self, step: Typed, document: Document) -> Step:
        content = self._telegram.download(document.file_id, MAX_DOCUMENT)
        with contextlib.suppress(UnicodeDecodeError):
            return Typed(step.to, content.decode("utf-8-sig"))
        return Show(step.to, self._dialogue.words(self._item.person)("note_not_text"))
