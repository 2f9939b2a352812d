"""A stranger, his repository, and what comes of running it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, TypeVar

from actors.engines.docker_calls import Docker
from actors.model.guest import Guest, GuestState, Wish
from actors.records.guests import GuestRecords
from actors.sandbox import Sandbox
from actors.source import Sources
from runtime.backoff import Backoff
from tests.fakes.clock import FakeClock
from tests.fakes.gitrepo import GitRepo
from tests.scenarios.service import eventually

T = TypeVar("T")
QUICKLY = Backoff(first=0.05, longest=0.2)
FOREVER = "import time\nprint('on', flush=True)\ntime.sleep(600)\n"


class Stranger:
    """Runs code in the sandbox as `vanka run` and the chat would. `told` holds the events so far."""

    def __init__(
        self, home: Path, sources: Sources, docker: Docker, records: GuestRecords, repo: GitRepo, url: str
    ) -> None:
        self.home, self.sources, self.docker, self.records = home, sources, docker, records
        self.repo, self.url = repo, url
        self.told: list[Any] = []
        self.clock = FakeClock()  # for the times between looks only
        self._lock = threading.Lock()
        self.sandbox = self._service()

    def _service(self) -> Sandbox:
        return Sandbox(
            self.home,
            self.sources,
            self.docker,
            self.records,
            tell=self._hear,
            clean=lambda text: text.replace("tell-nobody", "***"),
            pauses=QUICKLY,
            clock=self.clock,
        )

    def _hear(self, event: Any) -> None:
        with self._lock:
            self.told.append(event)

    def run(
        self, main: str = "", command: tuple[str, ...] = (), files: dict[str, str] | None = None, **how: Any
    ) -> Any:
        """What `vanka run` answers for a repository with that main.py (and those files)."""
        self.repo.commit({"main.py": main, **(files or {})}, "strange")
        return self.sandbox.run(self.url, command=command, **({"network": False} | how))

    def begins(self, main: str | None, files: dict[str, str] | None = None, guest: str = "", **wish: Any) -> Guest:
        """A guest of the chat's with that main.py (None: the repository stays as it is)."""
        if main is not None or files:
            self.repo.commit({**({} if main is None else {"main.py": main}), **(files or {})}, "strange")
        return self.sandbox.start(self._wish(**wish), guest, "telegram:42")

    def _wish(self, *, network: bool = False, **wish: Any) -> Wish:
        return Wish(url=self.url, network=network, **wish)

    def is_at(self, guest: Guest, state: GuestState, limit_s: float = 60.0) -> Guest:
        """The guest, once it is in that state."""

        def there() -> Guest | None:
            known = self.sandbox.get(guest.id)
            return known if known.state is state else None

        found = eventually(there, f"{state}: {self.sandbox.get(guest.id)}", limit_s)
        assert found is not None
        return found

    def runs(self, guest: Guest, line: str = "on") -> Guest:
        """The guest, once its program has written that line."""
        eventually(lambda: line in self.sandbox.last_lines(guest.id, 5)[0], f"{line}: {self.sandbox.get(guest.id)}", 60)
        return self.sandbox.get(guest.id)

    def hears(self, kind: type[T], limit_s: float = 60.0) -> T:
        """The first event of that kind, once it was told."""

        def heard() -> T | None:
            with self._lock:
                return next((event for event in self.told if isinstance(event, kind)), None)

        found = eventually(heard, f"{kind.__name__}; so far {self.told}", limit_s)
        assert found is not None
        return found

    def looks(self) -> None:
        """The time to look at watched repositories has come."""
        self.clock.advance(3600)
        self.sandbox.watch()

    def goes_down(self) -> None:
        """The service ends; what runs goes on."""
        self.sandbox.close()

    def comes_back(self) -> None:
        """The next service, with all that was on record."""
        self.told.clear()
        self.sandbox = self._service()
        self.sandbox.look()

    def things(self) -> tuple[list[str], list[str], list[str]]:
        """The containers, images and networks of this home in the engine."""
        mark = self.home / "engine-id"
        mine = {"vanka.home": mark.read_text().strip() if mark.exists() else "none"}
        images = [image.id for image in self.docker.images(mine)]
        return self.docker.containers(mine), images, self.docker.networks(mine)

    def close(self) -> None:
        """Nothing of it is left."""
        for guest in self.records.all(self.home):
            self.sandbox.remove(guest.id)
        self.sandbox.close()
