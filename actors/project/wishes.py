"""Wishes: what people ask of a runner, one after the other. Part of the runner."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from actors.errors import VankaError
from actors.messages import RestartProgram, StartProgram, StopProgram
from runtime.actor import Context
from runtime.reply import Deferred

MOST_HELD = 100
Wish = StartProgram | StopProgram | RestartProgram


class Wishes:
    """Kept while the runner finds out what is to run, which it soon knows. Used in the runner's own callbacks only."""

    def __init__(self, context: Context, finds_out: Callable[[], bool], obey: Callable[[Wish, Deferred], None]) -> None:
        """`obey` begins it or raises a VankaError; it answers when it is done."""
        self._context = context
        self._finds_out = finds_out
        self._obey = obey
        self._held: deque[tuple[Wish, Deferred]] = deque()

    def asked(self, wish: Wish) -> Deferred:
        """Obeyed now or a little later; too many at a time are not kept."""
        answer = self._context.defer()
        self._held.append((wish, answer))
        if len(self._held) > MOST_HELD:
            self._try(*self._held.popleft())
        self.go_on()
        return answer

    def go_on(self) -> None:
        """Obey what was kept, as far as that is possible by now."""
        while self._held and not self._finds_out():
            self._try(*self._held.popleft())

    def _try(self, wish: Wish, answer: Deferred) -> None:
        try:
            self._obey(wish, answer)
        except VankaError as error:
            answer.fail(error)
