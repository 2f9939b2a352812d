"""Builds the service from its settings: every door and record, in order, before any actor starts."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from actors.artifacts.cleaner import Cleaner
from actors.artifacts.target import Target
from actors.bot.access import Access
from actors.bot.family import BotHouse, bot_family, chat_desk, herald
from actors.bot.herald import notifications
from actors.cli.service import CommandServer
from actors.control import Control, House
from actors.control.core import PROJECTS
from actors.control.service import RESTORE_FILE
from actors.doors import Door
from actors.engines.container import ContainerEngine
from actors.engines.docker_calls import Docker
from actors.engines.engine import Engine
from actors.engines.process import ProcessEngine
from actors.errors import VankaError
from actors.home import Home, open_home
from actors.hooks import routes
from actors.metrics import Observatory
from actors.model.project import Environment
from actors.pipeline.services import Services
from actors.pipeline.went_back import catch_up
from actors.project.family import family
from actors.records.notices import NoticeRecords
from actors.rollout.in_place import InPlace
from actors.sandbox import Sandbox
from actors.settings import Settings
from actors.source import Sources
from actors.tree import LANES, Plan, tree
from runtime import log
from runtime.child_spec import ChildSpec
from runtime.clock import SystemClock
from runtime.errors import KernelError
from runtime.lookout import Lookout
from runtime.meters import Meters
from runtime.programs import Programs
from runtime.redact import Redactor
from runtime.store import Store
from runtime.system import System
from runtime.web import WebServer

say = log.get("vanka")
PROGRAMS_S = 5.0  # how long programs may take to end by themselves when all are stopped with the service


class Stop:
    """Tells the main thread to end the service. Any thread, and signal handlers."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.again = False

    def ask(self, *, again: bool = False) -> None:
        """Stop in order; `again`: the guardian is to start the service once more."""
        self.again = self.again or again
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Whether it was asked, after `seconds` at most."""
        return self._event.wait(seconds)


@dataclass
class Built:
    """A service that is ready to start. `notices` holds what the store or the vault had to say while they opened."""

    settings: Settings
    system: System
    store: Store
    services: Services
    control: Control
    lookout: Lookout
    notices: list[str]
    had_been_started: bool
    access: Access
    boxes: ContainerEngine
    sandbox: Sandbox
    tree: ChildSpec = field(init=False)

    def stop_programs(self) -> None:
        """End every program, all at once, as `vanka up --stop-projects` promises. The next service starts them again.

        Raises nothing: what cannot be ended is logged, and the others are.
        """
        projects = self.services.records.projects.all()
        runs = [self.services.records.runs.get(project, where) for project in projects for where in Environment]
        for name, engine in self.services.engines.items():
            try:
                handles = [
                    *(run.handle for run in runs if run is not None and run.engine == name),
                    *engine.everything(),
                ]
                if handles:
                    engine.stop(handles[0], PROGRAMS_S, others=handles[1:])
            except (VankaError, KernelError) as error:
                say.error("programs could not be stopped", engine=name, error=str(error))

    def close(self) -> None:
        """After the tree has stopped: everything that holds files or threads."""
        self.lookout.stop()
        self.services.rotation.stop()
        self.sandbox.close()
        self.services.sources.close()
        self.boxes.close()
        self.store.close()


@dataclass(frozen=True)
class _Engines:
    """What runs releases, and what they share."""

    by_name: dict[str, Engine]
    boxes: ContainerEngine
    docker: Docker
    lookout: Lookout


def build(settings: Settings, redactor: Redactor, stop: Stop) -> Built:
    """Raises StoreBusy, StoreDamaged, WrongKey ... with what to do; nothing was started then."""
    clock = SystemClock()
    home = open_home(settings, redactor, clock)
    store, directory = home.store, home.layout.home
    engines = _engines(settings, home)
    meters = Meters()
    services = _services(home, engines, redactor, meters, clock)
    home.notices.extend(catch_up(services, brought_back=home.brought_back))
    (directory / RESTORE_FILE).unlink(missing_ok=True)
    for notice in home.notices:
        say.warning(notice)
    system = System(clock=clock, lanes=LANES, on_turn=_name_on_log)
    sandbox = Sandbox(
        directory,
        services.sources,
        engines.docker,
        home.records.guests,
        tell=system.bus.publish,
        clean=redactor.clean,
        clock=clock,
    )
    told = NoticeRecords(store)
    house = House(
        services,
        system,
        store,
        family=lambda project: family(services, project),
        default_root=_default_root(settings),
        restart=lambda: stop.ask(again=True),
        told=lambda limit: notifications(told, limit),
        started_at=clock.now(),
        http=settings.http,
    )
    control = Control(house)
    access = Access(store, clock, settings.admins, settings.language)
    built = Built(
        settings,
        system,
        store,
        services,
        control,
        engines.lookout,
        home.notices,
        home.had_been_started,
        access,
        engines.boxes,
        sandbox,
    )
    bot = BotHouse(settings, services, control, store, access, told, sandbox)
    built.tree = tree(
        Plan(
            services=services,
            house=house,
            control=control,
            store=store,
            meters=meters,
            observatory=Observatory(services, directory, sandbox.running),
            home=directory,
            sandbox=sandbox,
            herald=herald(bot),
            bot=bot_family(bot),
            doors=_doors(built, bot, meters, redactor),
        )
    )
    services.rotation.start()
    return built


def _engines(settings: Settings, home: Home) -> _Engines:
    lookout = Lookout()
    programs = Programs(home.layout.home / "exits.jsonl")
    process = ProcessEngine(home.environments, programs, lookout, installer=settings.installer)
    # connects when a container is first asked for: a machine without an engine notices nothing until then
    docker = Docker()
    projects, releases = home.records.projects, home.releases
    boxes = ContainerEngine(home.layout, docker, project=projects.by_no, kept=releases.versions)
    by_name: dict[str, Engine] = {each.name: each for each in (process, boxes)}
    return _Engines(by_name, boxes, docker, lookout)


def _services(home: Home, engines: _Engines, redactor: Redactor, meters: Meters, clock: SystemClock) -> Services:
    layout, target = home.layout, Target(home.layout)
    return Services(
        clock=clock,
        layout=layout,
        records=home.records,
        sources=Sources(layout.home, clock=clock),
        releases=home.releases,
        cleaner=Cleaner(layout, home.releases, home.environments, target),
        targets=target,
        strategy=InPlace(target),
        engines=engines.by_name,
        redactor=redactor,
        meters=meters,
    )


def _doors(built: Built, bot: BotHouse, meters: Meters, redactor: Redactor) -> list[Door]:
    """Where others ask something of the service: its socket, and HTTP unless that is off."""
    settings, control, sandbox = built.settings, built.control, built.sandbox
    desk = chat_desk(bot)
    chat = {"chat": lambda call: desk.request(call.args, call.asked_by)}
    doors: list[Door] = [
        CommandServer(control, settings.home, clean=redactor.clean, run=sandbox.run, more=chat, on_fault=_fault)
    ]
    if settings.http is not None:
        doors.append(WebServer(*settings.http, routes(built.system, control, meters)))
    return doors


def _name_on_log(path: str) -> None:
    """Every line that an actor or its job logs names the actor, and the project whose family it belongs to."""
    top, _, rest = path.partition("/")
    log.set_actor(path, rest.partition("/")[0] if top == PROJECTS else "")


def _default_root(settings: Settings) -> Path:
    """Where projects are put whose path nobody named: beside the state, not in it."""
    return settings.home.with_name(f"{settings.home.name}-apps")


def _fault(request: object, error: BaseException) -> None:
    command = request.get("command") if isinstance(request, dict) else None
    say.error("a command failed in a way that it should not", command=command, exc_info=error)
