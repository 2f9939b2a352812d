"""A thread that hears from the engine which containers end, and tells those who watch them."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Mapping

from actors.engines.docker_calls import Docker
from actors.engines.docker_sdk import Stream
from actors.errors import VankaError
from runtime import log

AGAIN_S = 1.0
IDLE_S = 60.0

say = log.get("vanka.containers")


class Ends:
    """Calls back when a container ends, from a thread of its own. Any thread may watch; that never waits.

    An engine that goes away is asked again each second: what ended meanwhile is told then.
    """

    def __init__(self, docker: Docker, labels: Callable[[], Mapping[str, str]]) -> None:
        self._docker = docker
        self._labels = labels
        self._changed = threading.Condition()
        self._watched: dict[int, tuple[str, Callable[[], None]]] = {}
        self._numbers = itertools.count()
        self._fresh: queue.SimpleQueue[int | None] = queue.SimpleQueue()  # no more than are watched
        self._threads: list[threading.Thread] = []
        self._stream: Stream | None = None
        self._stopped = False

    def watch(self, container: str, ended: Callable[[], None]) -> Callable[[], None]:
        """Call `ended` once, when that container has ended (soon, if it has already). Returns what ends that."""
        number = next(self._numbers)
        with self._changed:
            self._watched[number] = (container, ended)
            if not self._threads and not self._stopped:
                for name, work in (("container-ends", self._run), ("container-looks", self._look_at_fresh)):
                    self._threads.append(threading.Thread(target=work, name=name, daemon=True))
                    self._threads[-1].start()
            self._changed.notify_all()
        self._fresh.put(number)  # it may have ended before anybody listened
        return lambda: self._forget(number)

    def close(self) -> None:
        """Nobody is called any more."""
        with self._changed:
            self._stopped = True
            self._watched.clear()
            stream = self._stream
            self._changed.notify_all()
        self._fresh.put(None)
        if stream is not None:
            stream.close()

    def _forget(self, number: int) -> None:
        with self._changed:
            self._watched.pop(number, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._watched and not self._stopped:
                    self._changed.wait(IDLE_S)
                if self._stopped:
                    return
            try:
                self._listen()
            except VankaError as error:
                say.warning("the Docker engine cannot be listened to", error=error.message)
            with self._changed:
                if not self._stopped:
                    self._changed.wait(AGAIN_S)

    def _look_at_fresh(self) -> None:
        while (number := self._fresh.get()) is not None:
            self._look([number])

    def _listen(self) -> None:
        """First hear, then look: nothing ends in between unseen."""
        stream = self._docker.ends(self._labels())
        with self._changed:
            self._stream = stream
            if self._stopped:
                stream.close()
            numbers = list(self._watched)
        self._look(numbers)
        for record in stream:
            ended = str(record.get("id") or (record.get("Actor") or {}).get("ID") or "")
            with self._changed:
                numbers = [number for number, (container, _) in self._watched.items() if container == ended]
            self._look(numbers)

    def _look(self, numbers: list[int]) -> None:
        for number in numbers:
            with self._changed:
                watched = self._watched.get(number)
            if watched is None:
                continue
            container, call = watched
            try:
                found = self._docker.container(container)
            except VankaError:
                continue  # the engine is away: it is looked at again when it is back
            if found is None or not found.running:
                with self._changed:
                    mine = self._watched.pop(number, None)
                if mine is not None:
                    self._call(container, call)

    def _call(self, container: str, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - the edge of this thread: one caller's fault must not deafen the others
            say.error("the end of a container could not be told", container=container[:12], exc_info=error)
