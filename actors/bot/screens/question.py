"""What all questions before something destructive share: Cancel first, a red button, a minute to answer."""

from __future__ import annotations

from actors.bot.keyboard import Style
from actors.bot.links import Link
from actors.bot.screen import CONFIRM_S, Choice, Page, Rows, Screen, Visit, do, go
from actors.bot.texts import Html


class Question(Screen):
    """One question. A subclass says what is asked, where Cancel leads, and what is done."""

    label = ""  # the key of the red button's words
    style: Style | None = "danger"

    def asks(self, visit: Visit) -> tuple[tuple[str, ...], Html]:
        """Where this is, and what is lost."""
        raise NotImplementedError

    def back(self, visit: Visit) -> Link:
        """Where Cancel leads."""
        raise NotImplementedError

    def more(self, visit: Visit) -> Rows:
        """Buttons beside the two."""
        del visit
        return ()

    def draw(self, visit: Visit) -> Page:
        """The question; its answer stands for a minute."""
        words, back, place = visit.words, self.back(visit), visit.place
        path, text = self.asks(visit)
        cancel = go(words.label("b_cancel"), back.screen, back.no, back.arg)
        first: tuple[Choice, ...] = (cancel, do(self.says(visit), self.id, place.no, place.arg, self.style))
        return Page(path, text, (first, *self.more(visit)), back=back, life_s=CONFIRM_S)

    def says(self, visit: Visit) -> str:
        """What stands on the red button."""
        return visit.words.label(self.label)
