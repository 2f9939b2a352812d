"""Runner: keeps the production program running - starts, adopts, restarts, stops - while no deployment is at work."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from actors.errors import Busy, NothingToDo
from actors.messages import (
    Crashing,
    JobCommand,
    ProgramAdopted,
    ProgramDown,
    ProgramParked,
    ProgramStarted,
    ProgramStopped,
    ProgramUp,
    RestartProgram,
    RunnerUp,
    StandDown,
    StartProgram,
    StoodDown,
    StopProgram,
    TakeOver,
)
from actors.model.project import Environment, Project
from actors.model.run import Life, Run, RunStatus
from actors.pipeline.runs import start_anew, stop_run
from actors.pipeline.services import Services
from actors.project.patience import Next, Patience
from actors.project.program import Ended, Message, Mode, Started, StartNow, Steady, Stopped
from actors.project.wishes import Wish, Wishes
from runtime.actor import Actor
from runtime.address import Address
from runtime.jobs import Done
from runtime.reply import Deferred
from runtime.timers import Timer

STEADY_S = 30.0  # a program that stays up for so long is up again
OUTPUT_LINES = 30


class Runner(Actor[Message]):
    """The one that may start and stop production, unless it was told to stand down."""

    def __init__(self, services: Services, project_no: int) -> None:
        super().__init__()
        self._services = services
        self._records = services.records
        self._no = project_no
        self._mode = Mode.WAITING
        self._run: Run | None = None
        self._unwatch: Callable[[], None] | None = None
        self._job: Address[JobCommand] | None = None
        self._deployment: str | None = None
        self._timer: Timer | None = None
        self._down_at: float | None = None
        self._is_new = True
        self._unasked = False
        self._patience = Patience()

    def on_start(self) -> None:
        """Ask the deployer: it knows whether a deployment is at work."""
        self._wishes = Wishes(self.context, self._finds_out, self._obey)
        self.context.sibling("deployer").tell(RunnerUp())

    def on_stop(self) -> None:
        """The program goes on without us."""
        self._let_go()

    def receive(self, message: Message) -> object:
        """Answers StartProgram, StopProgram and RestartProgram when they are done."""
        answer = self._handle(message)
        self._wishes.go_on()
        return answer

    def _handle(self, message: Message) -> object:
        match message:
            case TakeOver(_environment, run):
                self._take_over(run)
            case StandDown(deployment, job):
                self._stand_down(deployment, job)
            case Ended(run, status):
                if run == self._run and self._mode is Mode.UP:
                    self._ended(run, status)
            case StartNow():
                if self._mode is Mode.DOWN:
                    self._start(None, None)
            case Steady(run):
                self._steady(run)
            case Started(done, asked, asked_by):
                self._started(done, asked, asked_by)
            case Stopped():
                self._stopped(message)
            case StartProgram() | StopProgram() | RestartProgram():
                return self._wishes.asked(message)
            case _:
                assert_never(message)
        return None

    # --- with the deployer

    def _take_over(self, run: Run | None) -> None:
        if self._deployment is not None and not self._records.deployments.get(self._deployment).ended:
            return  # said before we stood down for that one: the deployer says it again at its end
        self._let_go()
        self._job = self._deployment = None
        project = self._project()
        if run is None:
            self._mode = Mode.OFF
            if project.wanted_up and self._records.versions.current(project) is not None:
                self._start(None, None)
            return
        self._run = run
        self._services.board.write(self._no, parked=False, next_start_s=None)
        status = self._services.engine(run.engine).status(run.handle)
        self._mode = Mode.UP
        if status.life is Life.ALIVE:
            age = (self._services.clock.now() - run.started_at).total_seconds()
            if age > STEADY_S:
                self.context.publish(ProgramAdopted(run))
            self._watch(run)
        elif project.wanted_up and self._is_new:
            self._run = replace(run, restarts=run.restarts + 1)  # nobody watched it end: the machine was restarted
            self._start(None, None)
        elif project.wanted_up:
            self._ended(run, status)
        else:
            self._records.runs.clear(project, Environment.PRODUCTION)
            self._run, self._mode = None, Mode.OFF
        self._is_new = False

    def _stand_down(self, deployment: str, job: Address[JobCommand]) -> None:
        self._let_go()
        self._job, self._deployment = job, deployment
        if self._mode is not Mode.WORKING:
            self._mode = Mode.STANDING_DOWN
            job.tell(StoodDown())

    # --- with people

    def _finds_out(self) -> bool:
        """Just restarted, it does not know yet what is to run, or brings up what ended meanwhile."""
        return self._mode is Mode.WAITING or (self._mode is Mode.WORKING and self._unasked)

    def _obey(self, message: Wish, answer: Deferred) -> None:
        project = self._project()
        if self._mode in (Mode.STANDING_DOWN, Mode.WORKING, Mode.WAITING):
            raise Busy(f"{project.name} is being changed right now", f"Wait, or `vanka cancel {project.name}`.")
        if self._records.versions.current(project) is None:
            raise NothingToDo(f"{project.name} was never deployed", f"Use `vanka deploy {project.name}`.")
        self._records.projects.change(self._no, wanted_up=not isinstance(message, StopProgram))
        if isinstance(message, StartProgram) and self._mode is Mode.UP:
            answer.answer(None)
            return
        self._patience = Patience()
        if isinstance(message, StartProgram):
            self._start(answer, message.asked_by)
        else:
            self._stop_program(answer, message.asked_by, start_again=isinstance(message, RestartProgram))

    # --- the program

    def _ended(self, run: Run, status: RunStatus) -> None:
        self._let_go()
        project = self._project()
        now = self._services.clock.monotonic()
        if self._down_at is None:
            self._down_at = now
        kept_at = self._records.versions.current_since(project) or run.started_at
        todo = self._patience.ended(now, (self._services.clock.now() - kept_at).total_seconds())
        self._run = replace(run, restarts=run.restarts + 1)
        self._records.runs.put(project, self._run)
        log = self._services.layout.program_log(project, Environment.PRODUCTION)
        output = tuple(self._services.tail(log, OUTPUT_LINES))
        if todo is Next.PARK:
            self._give_up(ProgramParked(project.name, run.version, status.exit_code, output))
            return
        self._mode = Mode.DOWN
        pause = self._patience.pause()
        self.context.publish(
            ProgramDown(
                project.name, run.environment, run.version, status.exit_code, self._patience.ends, pause, output
            )
        )
        self._timer = self.context.after(pause, StartNow())
        if todo is Next.GO_BACK:
            why = f"version {run.version} keeps ending (last with {status.exit_code})"
            self.context.sibling("deployer").tell(Crashing(run.version, why))

    def _give_up(self, parked: ProgramParked) -> None:
        self._mode = Mode.PARKED
        self._services.board.write(self._no, parked=True)
        self.context.publish(parked)

    def _start(self, asked: Deferred | None, asked_by: str | None) -> None:
        self._mode, self._unasked = Mode.WORKING, asked is None
        services, project = self._services, self._project()
        restarts = 0 if self._run is None or asked is not None else self._run.restarts

        def start() -> Run:
            number = services.records.versions.current(project)
            if number is None:
                raise NothingToDo(f"{project.name} was never deployed", "")
            version = services.records.versions.get(project, number)
            return start_anew(services, project, version, Environment.PRODUCTION, restarts=restarts)

        self.context.job("disk", start, lambda done: Started(done, asked, asked_by))

    def _started(self, done: Done[Run], asked: Deferred | None, asked_by: str | None) -> None:
        run = done.value
        if self._gave_way():
            if asked is not None:
                asked.answer(None)
            return
        if run is None:
            self._start_failed(done.error, asked)
            return
        self._mode = Mode.UP
        self._run = run
        self.context.publish(ProgramStarted(run, asked_by))
        self._watch(run)
        if asked is not None:
            asked.answer(None)

    def _start_failed(self, error: BaseException | None, asked: Deferred | None) -> None:
        if asked is not None and error is not None:
            asked.fail(error)
        if self._patience.ended(self._services.clock.monotonic(), math.inf) is Next.PARK:
            project = self._project()
            version = self._records.versions.current(project) or 0
            self._give_up(ProgramParked(project.name, version, None, (str(error),)))
        else:
            self._mode = Mode.DOWN
            self._timer = self.context.after(self._patience.pause(), StartNow())

    def _stop_program(self, asked: Deferred, asked_by: str, *, start_again: bool) -> None:
        self._let_go()
        self._mode, self._unasked = Mode.WORKING, False
        services, project = self._services, self._project()
        self.context.job(
            "disk",
            lambda: stop_run(services, project, Environment.PRODUCTION),
            lambda done: Stopped(done, asked, asked_by, start_again),
        )

    def _stopped(self, message: Stopped) -> None:
        if message.done.error is not None and message.asked is not None:
            message.asked.fail(message.done.error)
        self._run = None
        if self._gave_way():
            return
        self._mode = Mode.OFF
        if message.start_again:
            self._start(message.asked, message.asked_by)
            return
        self.context.publish(ProgramStopped(self._project().name, message.asked_by))
        if message.asked is not None:
            message.asked.answer(None)

    def _steady(self, run: Run) -> None:
        if self._mode is not Mode.UP or run != self._run:
            return
        self._patience.steady()
        if self._down_at is not None:
            after = self._services.clock.monotonic() - self._down_at
            self._down_at = None
            self.context.publish(ProgramUp(run, after))

    # --- small things

    def _watch(self, run: Run) -> None:
        address = self.context.address
        self._services.board.write(self._no, parked=False, next_start_s=None)
        engine = self._services.engine(run.engine)
        self._unwatch = engine.on_end(run.handle, lambda status: address.tell(Ended(run, status)))
        self._timer = self.context.after(STEADY_S, Steady(run))

    def _let_go(self) -> None:
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _gave_way(self) -> bool:
        """A job waits since before our own work ended: it may go on now."""
        if self._job is None:
            return False
        self._mode = Mode.STANDING_DOWN
        self._job.tell(StoodDown())
        return True

    def _project(self) -> Project:
        return self._records.projects.by_no(self._no)
