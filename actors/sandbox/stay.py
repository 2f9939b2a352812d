"""A guest's stay: prepared, its program run and looked after to its end, in a thread of its own.

Every step is on record before the next one, so the service may die at any of them: the next one begins a stay that
goes on where this one was. The container and what runs in it do not notice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from actors.errors import NoEngine, Unreachable, VankaError
from actors.messages import GuestDown, GuestEnded, GuestKept, GuestStep
from actors.model.guest import Ending, Guest, GuestState, Step
from actors.sandbox import program
from actors.sandbox.hall import ENDS, ENDS_WITHIN_S, Hall, Orders, Patience
from actors.sandbox.preparing import Asked, Ready, prepare
from runtime.log import get
from runtime.output import OutputFile

MOST_TRIES = 3  # to prepare it, over services that ended meanwhile
IDLE_S = 2.0
LOST = "its container has ended"

say = get("vanka.sandbox")


class _OverError(Exception):
    """The stay has come to its end."""

    def __init__(self, step: Step | None, error: str = "", *, well: bool = False) -> None:
        super().__init__(error)
        self.step, self.error, self.well = step, error, well


class Stay:
    """One guest's. Any thread may `stop`, `leave`, `renew` and look at its output."""

    def __init__(self, hall: Hall, guest: str, done: Callable[[Stay], None]) -> None:
        self.guest = guest
        self._hall, self._done = hall, done
        self._orders = Orders()
        self._watched: program.Watched | None = None
        self._patience = Patience(hall.pauses)
        self._thread = threading.Thread(target=self._run, name=f"guest-{guest}", daemon=True)

    def start(self) -> None:
        """Begin, or go on with what is on record; once."""
        self._thread.start()

    def stop(self, wait_s: float) -> bool:
        """End all of it; whether that was done in time."""
        self._orders.stop()
        return self.join(wait_s)

    def join(self, wait_s: float) -> bool:
        """Whether its thread has ended, after so long at most."""
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def leave(self) -> None:
        """The service ends: let it go on alone."""
        self._orders.stop(leave=True)

    def renew(self) -> None:
        """Prepare it anew, and put that in the place of what runs."""
        self._orders.renew()

    def last_lines(self, most: int) -> tuple[tuple[str, ...], int]:
        """What its program has written at last, and how many lines it has written; empty while none runs."""
        watched = self._watched
        return ((), 0) if watched is None else (watched.transcript.last(most), watched.transcript.count)

    # --- the thread

    def _run(self) -> None:
        try:
            self._stay()
        except _OverError as end:
            self._close(end)
        except VankaError as trouble:
            self._close(_OverError(None, trouble.message))
        except Exception as trouble:  # noqa: BLE001 - the edge of this thread: the chat must hear that it is over
            if not self._orders.end.is_set():
                say.error("a third-party repository could not be run", guest=self.guest, exc_info=trouble)
            self._close(_OverError(None, "something went wrong on our side"))
        finally:
            self._done(self)

    def _stay(self) -> None:
        container = self._found()
        while True:
            self._check()
            self._orders.renewing()
            if container is None:
                container = self._prepared()
            ended = self._attended(container)
            self._check()
            container = self._renewed(container) if ended is None else self._started_again(container, ended)

    def _close(self, end: _OverError) -> None:
        """Nothing of it runs any more, and everybody is told."""
        if self._orders.leaving.is_set() or not self._hall.guests.knows(self.guest):
            return
        stopped = self._orders.end.is_set()
        try:
            self._hall.workshop.boxes.remove(self.guest)
        except VankaError as error:
            say.warning("a third-party container could not be taken away yet", error=error.message)
        known = self._change(
            state=GuestState.ENDED if end.well or stopped else GuestState.FAILED,
            error="" if stopped else end.error,
            running="",
            execution="",
            tries=0,
            ended_at=time.time(),
            ending=Ending.STOPPED if stopped else Ending.WELL if end.well else Ending.BAD,
        )
        if not stopped:
            self._hall.tell(GuestEnded(known, end.step))

    def _check(self) -> None:
        if self._orders.end.is_set():
            raise _OverError(None)

    def _known(self) -> Guest:
        return self._hall.guests.get(self.guest)

    def _change(self, **changes: Any) -> Guest:
        return self._hall.guests.change(self.guest, **changes)

    # --- before its program

    def _found(self) -> str | None:
        """The container in which it was when another service looked after it; None: it is to be prepared."""
        known = self._known()
        if known.state is GuestState.PREPARING:
            return None
        container = self._container(known)
        if container is not None:
            if not known.execution:
                program.end_all(self._hall.workshop.docker, container)
            self._change(state=GuestState.RUNNING, running=known.program)
            return container
        if known.wish.test:
            raise _OverError(None, LOST)
        self._change(run=known.run + 1, execution="")
        return None

    def _container(self, known: Guest) -> str | None:
        """Its container, if it runs. An engine that is away is waited for: nothing can be said without it."""
        while True:
            try:
                found = self._hall.workshop.boxes.container(known)
                return None if found is None else found.id
            except NoEngine:
                self._orders.pause(program.AWAY_S)
                self._check()

    def _prepared(self) -> str:
        """A container in which its program can begin. Production that ran before is tried again, a while."""
        while True:
            self._orders.renewing()  # what runs before is what is prepared: the next look finds the newer one
            known = self._change(state=GuestState.PREPARING, running="", tries=self._known().tries + 1)
            if known.tries > MOST_TRIES and not known.commit:
                raise _OverError(None, f"it could not be prepared {MOST_TRIES} times")
            lasting = bool(known.commit) and not known.wish.test
            try:
                self._hall.workshop.boxes.remove(known.id, run=known.run)  # what a service left that was killed
                ready = self._prepare(known, known.commit or known.wish.ref)
            except VankaError as trouble:
                self._check()
                if not lasting:
                    raise
                self._wait_patiently(None, trouble.message)
                continue
            if isinstance(ready, Ready):
                return self._begun(ready, known.run, fresh=not known.commit)
            step = self._hall.guests.note(self.guest, ready)[1]
            if not lasting:
                raise _OverError(step)
            self._wait_patiently(step, "")

    def _prepare(self, known: Guest, ref: str | None) -> Ready | Step:
        asked = Asked(
            self._hall.records.access(known.id),
            self._hall.variables(self.guest),
            on_commit=lambda commit: self._change(tried=commit),
            on_command=lambda text: self._change(running=text),
            on_step=lambda step: self._hall.tell(GuestStep(*self._hall.guests.note(self.guest, step))),
        )
        try:
            return prepare(self._hall.workshop, known, ref, asked, self._orders.end)
        except Unreachable:
            self._change(tried="")  # the next look at the repository tries again
            raise

    def _begun(self, ready: Ready, run: int, *, fresh: bool) -> str:
        """Its container is there, its program has not begun. `fresh`: its time begins anew, too."""
        known, seconds = self._known(), self._known().wish.seconds
        known = self._change(
            state=GuestState.RUNNING,
            commit=ready.commit,
            program=ready.program,
            running=ready.program,
            run=run,
            execution="",
            error="",
            tries=0,
            restarts=0 if fresh else known.restarts,
            until=(time.time() + seconds if seconds else 0.0) if fresh else known.until,
        )
        self._hall.workshop.boxes.remove(known.id, but=run)
        return ready.container

    def _renewed(self, container: str) -> str:
        """A new container beside the one that runs, then in its place; where it cannot be, that one goes on."""
        known = self._known()
        beside = replace(known, run=known.run + 1)
        error, step = "", None
        try:
            ready = self._prepare(beside, known.wish.ref)
            if isinstance(ready, Ready):
                OutputFile(self._output(known)).remove()
                self._patience.forget()
                return self._begun(ready, beside.run, fresh=True)
            step = self._hall.guests.note(self.guest, ready)[1]
        except VankaError as trouble:
            self._check()
            error = trouble.message
        self._hall.tell(GuestKept(self._change(running=known.program), error, step))
        return container

    # --- its program

    def _attended(self, container: str) -> program.Ended | None:
        """Its program, begun if it has not been, to its end; None when something else is to be done first."""
        known, docker = self._known(), self._hall.workshop.docker
        if not known.program:
            self._idle(container)
            return None
        if not known.execution:
            limit = max(1, round(known.until - time.time())) if known.until else 0
            execution = program.prepare(docker, container, known.program, limit, self._hall.variables(self.guest))
            known = self._change(execution=execution, began_at=time.time(), running=known.program)
        state = docker.execution(known.execution)
        if state is not None and not state.running and state.exit_code is None:
            docker.begin(known.execution)  # on record first: it may be the next service that begins it
        clean = self._hall.workshop.clean
        self._watched = watched = program.Watched(docker, container, known, self._output(known), clean)
        try:
            ended = watched.follow(self._orders.interrupted, self._orders.pause)
        finally:
            self._watched = None
        if ended is None and self._orders.end.is_set() and not self._orders.leaving.is_set():
            self._hall.guests.note(self.guest, watched.step(None))
        return ended

    def _output(self, known: Guest) -> Path:
        return self._hall.workshop.file(known.id, f"program-{known.run}-{known.restarts}")

    def _idle(self, container: str) -> None:
        """Without a main file it stays open for commands until its time is over."""
        while not self._orders.interrupted():
            if 0 < self._known().until < time.time():
                raise _OverError(None, well=True)
            found = self._hall.workshop.docker.container(container)
            if found is None or not found.running:
                raise _OverError(None, LOST)
            self._orders.pause(IDLE_S)

    def _started_again(self, container: str, ended: program.Ended) -> str | None:
        """After a pause: where its program is to be started once more, None: in a new container. Else it is over."""
        known, step = self._hall.guests.note(self.guest, ended.step)
        well = step.exit_code == 0 or step.limit
        if known.wish.test or well:
            raise _OverError(step, well=well)
        self._wait_patiently(step, "")
        if not ended.lost and program.end_all(self._hall.workshop.docker, container):
            self._change(state=GuestState.RUNNING)
            return container
        self._change(run=known.run + 1)
        return None

    def _wait_patiently(self, step: Step | None, trouble: str) -> None:
        """The pause before production is tried again; it is over when it came to its end too often."""
        pause = self._patience.ended(time.monotonic(), 0.0 if step is None else step.seconds)
        if pause is None:
            often = f"it ended {ENDS + 1} times within {ENDS_WITHIN_S / 60:.0f} minutes and is not started any more"
            raise _OverError(step, trouble or often)
        restarts = self._known().restarts + 1
        known = self._change(state=GuestState.RESTARTING, running="", execution="", error=trouble, restarts=restarts)
        if step is not None and self._patience.first:
            self._hall.tell(GuestDown(known, step, pause))
        self._orders.pause(pause)
        self._check()
