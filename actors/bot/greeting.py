"""What the bot says of itself: its name, and the commands that clients offer for `/`, in each language."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.bot.commands import COMMANDS
from actors.bot.orders import Order, SetCommands
from actors.bot.rights import Role, may
from actors.bot.telegram import CommandHint
from actors.bot.texts import CATALOGUES, Language, Words, as_language

if TYPE_CHECKING:
    from actors.bot.access import Access

MOST = 1000


class Greeting:
    """`name` is the bot's user name once it is known, else an empty text; any thread may read it."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._told: dict[int, tuple[Role, Language | None]] = {}
        self.name = ""

    def to_everybody(self, tell: Callable[[Order], None]) -> None:
        """Whoever opens the bot is offered /start."""
        for language in CATALOGUES:
            code = None if language == "en" else language
            tell(SetCommands(_hints(("start",), language), language_code=code))

    def to(self, user: int, role: Role, tell: Callable[[Order], None]) -> None:
        """Who is known is offered, in their own chat, all that they may use; told when that is new.

        In the language that they chose, else in each by their client's. Called when they write: before they ever
        did, there is no chat with them.
        """
        chosen = as_language(self._access.language(user))
        if self._told.get(user) == (role, chosen):
            return
        if len(self._told) >= MOST:
            self._told.clear()
        self._told[user] = (role, chosen)
        names = tuple(name for name, command in COMMANDS.items() if may(role, command.right))
        for language in CATALOGUES:
            code = None if language == "en" else language
            tell(SetCommands(_hints(names, chosen or language), language_code=code, chat=user))


def _hints(names: tuple[str, ...], language: Language) -> tuple[CommandHint, ...]:
    words = Words(language)
    return tuple(CommandHint(name, words.label(f"cmd_{name}")) for name in names)
