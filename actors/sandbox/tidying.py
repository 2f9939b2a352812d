"""What guests left behind that nobody knows any more: taken away once in a service's life, drafts now and then."""

from __future__ import annotations

import shutil
import threading
from datetime import timedelta
from pathlib import Path

from actors.engines.images import MARK
from actors.errors import VankaError
from actors.sandbox.hall import Hall
from actors.sandbox.source import SOURCE

DRAFTS = timedelta(days=1)


class Tidying:
    """One service's. Any thread."""

    def __init__(self, hall: Hall, home: Path) -> None:
        self._hall, self._home = hall, home
        self._lock = threading.Lock()
        self._files_done = self._engine_done = False

    @property
    def begun(self) -> bool:
        """Whether it was tried at all."""
        return self._files_done

    def once(self) -> None:
        """Files first; in the engine, where one answers: one that is away is tried again the next time."""
        with self._lock:
            if not self._files_done:
                self._files()
                self._files_done = True
            if not self._engine_done:
                self._engine_done = self._engine()

    def drafts(self) -> None:
        """Secrets of guests that were never begun."""
        self._hall.records.drop_drafts(DRAFTS)

    def _files(self) -> None:
        self.drafts()
        root = self._hall.workshop.root
        for folder in root.iterdir() if root.is_dir() else ():
            if folder.name.startswith(SOURCE) or not self._hall.guests.knows(folder.name):
                shutil.rmtree(folder, ignore_errors=True)

    def _engine(self) -> bool:
        if not (self._home / MARK).exists():
            return True  # nothing was ever made here
        try:
            self._hall.workshop.boxes.sweep([known.id for known in self._hall.guests.all() if known.alive])
        except VankaError:
            return False
        return True
