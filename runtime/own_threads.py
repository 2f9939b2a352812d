"""A thread of its own for each actor that blocks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from runtime.dispatcher import Worker

if TYPE_CHECKING:
    from runtime.life import Life


class OwnThreads:
    """A thread for each life, for actors that block."""

    def __init__(self, here: threading.local, on_turn: Callable[[str], object]) -> None:
        self.here = here
        self.on_turn = on_turn
        self._lock = threading.Lock()
        self._threads: dict[Life, OwnThread] = {}
        self._stopped = False

    def attach(self, life: Life) -> None:
        """Start the thread; RuntimeError when the machine gives none, or after `stop`."""
        if self._stopped:
            raise RuntimeError("the system has stopped")
        thread = OwnThread(self, life)
        thread.start()
        with self._lock:
            self._threads[life] = thread

    def submit(self, life: Life) -> None:
        """Wake its thread."""
        thread = self._threads.get(life)
        if thread is not None:
            thread.wake.put(True)

    def submit_soon(self, life: Life) -> None:
        """Wake its thread."""
        self.submit(life)

    def abandon(self, life: Life) -> None:
        """Let go of the thread; it ends when it comes out of the actor's code."""
        self.detach(life)

    def detach(self, life: Life) -> None:
        """The life is over: its thread ends after this turn."""
        with self._lock:
            thread = self._threads.pop(life, None)
        if thread is not None:
            thread.wake.put(False)

    def workers(self) -> list[Worker]:
        """All threads."""
        with self._lock:
            return list(self._threads.values())

    def busy(self) -> list[Worker]:
        """The threads inside an actor's code."""
        with self._lock:
            return [thread for thread in self._threads.values() if thread.work is not None]

    def stop(self) -> None:
        """End the threads as they come free. Does not wait."""
        self._stopped = True
        with self._lock:
            lives = list(self._threads)
        for life in lives:
            self.detach(life)


class OwnThread(Worker):
    """The thread of one life."""

    def __init__(self, owner: OwnThreads, life: Life) -> None:
        super().__init__(f"actor-{life.cell.path}", owner.here, owner.on_turn)
        self.owner = owner
        self.mine = life
        self.wake: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def run(self) -> None:
        """Turn after turn, until the life is over."""
        life = self.mine
        while self.wake.get():
            while self.turn(life):
                pass
            if life.over:
                break
        self.owner.detach(life)
