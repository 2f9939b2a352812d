"""Commands that people send into a guest's container: each in a thread of its own, few at a time, told when ended."""

from __future__ import annotations

import threading

from actors.errors import Busy, NothingToDo, VankaError
from actors.messages import GuestStep
from actors.model.guest import Guest, Step
from actors.sandbox.command import Order, run_command
from actors.sandbox.guests import forget_files
from actors.sandbox.hall import Hall

MOST = 2  # at a time, in one guest


class Typed:
    """Of one service. Any thread."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._lock = threading.Lock()

    def send(self, guest: str, text: str, limit_s: int) -> None:
        """Begin it and come back at once. Raises Busy, and NothingToDo where nothing runs."""
        known = self._hall.guests.get(guest)
        found = self._hall.workshop.boxes.container(known) if known.alive else None
        if found is None:
            raise NothingToDo(f"the container of {known.name} has ended", "Run the repository again.")
        with self._lock:
            going = self._hall.guests.get(guest).commands
            if len(going) >= MOST:
                raise Busy(f"{MOST} commands run in {known.name} already", "Wait until one has ended.")
            self._hall.guests.change(guest, commands=(*going, text))
        arguments = (known, found.id, text, limit_s)
        threading.Thread(target=self._perform, args=arguments, name=f"guest-{guest}-command", daemon=True).start()

    def _perform(self, known: Guest, container: str, text: str, limit_s: int) -> None:
        workshop, guests = self._hall.workshop, self._hall.guests
        file = workshop.file(known.id)
        try:
            order = Order(text, limit_s, file, lambda: False, self._hall.variables(known.id), clean=workshop.clean)
            step = run_command(workshop.docker, container, order)
        except VankaError as error:  # the container went under its hands, or cannot take one more
            lines = (f"[vanka: {error.message}]",)
            step = Step(command=text, exit_code=None, seconds=0.0, count=0, lines=lines, hidden=0, file=file)
        try:
            with self._lock:
                going = list(guests.get(known.id).commands)
                going.remove(text)
                guests.change(known.id, commands=tuple(going))
            self._hall.tell(GuestStep(*guests.note(known.id, step)))
        except NothingToDo:
            forget_files(file.parent)  # the guest was removed meanwhile
