"""Builds the service from its settings: every door and record, in order, before any actor starts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from actors.artifacts.cleaner import Cleaner
from actors.artifacts.environments import Environments
from actors.artifacts.layout import Layout
from actors.artifacts.releases import Releases
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
from actors.hooks import routes
from actors.metrics import Observatory
from actors.model.project import Environment
from actors.pipeline.services import Services
from actors.pipeline.went_back import catch_up
from actors.project.family import family
from actors.records import Records
from actors.records.notices import NoticeRecords
from actors.rollout.in_place import InPlace
from actors.sandbox import Sandbox
from actors.settings import Settings
from actors.source import Sources
from actors.tree import LANES, Plan, tree
from runtime import log
from runtime.child_spec import ChildSpec
from runtime.clock import SystemClock
from runtime.errors import KernelError, WrongKey
from runtime.lookout import Lookout
from runtime.meters import Meters
from runtime.programs import Programs
from runtime.redact import Redactor
from runtime.store import Store, restore
from runtime.system import System
from runtime.vault import Secret, Vault
from runtime.web import WebServer

say = log.get("vanka")
PROGRAMS_S = 5.0  # how long programs may take to end by themselves when all are stopped with the service
LEAST_SECRET = 6
LEAST_NUMBER = 9


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


def build(settings: Settings, redactor: Redactor, stop: Stop) -> Built:
    """Raises StoreBusy, StoreDamaged, WrongKey ... with what to do; nothing was started then."""
    clock = SystemClock()
    notices: list[str] = []
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout = Layout(settings.home)
    had_been_started = layout.store.exists()
    brought_back = _restore_pending(layout)
    store = Store.open(layout.store, on_notice=notices.append)
    learn = _learner(redactor)
    key = None if settings.secret_key is None else settings.secret_key.reveal()
    key_file = settings.home / "secret.key"
    _need_the_key(store, key, key_file)
    vault = Vault.from_settings(key, key_file, on_value=learn, on_notice=notices.append)
    for secret in (settings.telegram_token, settings.secret_key):
        if secret is not None:
            learn(secret)
    records = Records(store, vault, clock)
    releases, target = Releases(layout), Target(layout)
    environments = Environments(layout)
    lookout = Lookout()
    process = ProcessEngine(
        environments, Programs(settings.home / "exits.jsonl"), lookout, installer=settings.installer
    )
    # connects when a container is first asked for: a machine without an engine notices nothing until then
    docker = Docker()
    boxes = ContainerEngine(layout, docker, project=records.projects.by_no, kept=releases.versions)
    engines: dict[str, Engine] = {process.name: process, boxes.name: boxes}
    meters = Meters()
    services = Services(
        clock=clock,
        layout=layout,
        records=records,
        sources=Sources(layout.home, clock=clock),
        releases=releases,
        cleaner=Cleaner(layout, releases, environments, target),
        targets=target,
        strategy=InPlace(target),
        engines=engines,
        redactor=redactor,
        meters=meters,
    )
    notices += catch_up(services, brought_back=brought_back or store.brought_back)
    (layout.home / RESTORE_FILE).unlink(missing_ok=True)
    for notice in notices:
        say.warning(notice)
    system = System(clock=clock, lanes=LANES, on_turn=_name_on_log)
    sandbox = Sandbox(
        layout.home,
        services.sources,
        docker,
        records.guests,
        tell=system.bus.publish,
        clean=redactor.clean,
        clock=clock,
    )
    notices_told = NoticeRecords(store)
    house = House(
        services,
        system,
        store,
        family=lambda project: family(services, project),
        default_root=_default_root(settings),
        restart=lambda: stop.ask(again=True),
        told=lambda limit: notifications(notices_told, limit),
        started_at=clock.now(),
        http=settings.http,
    )
    control = Control(house)
    access = Access(store, clock, settings.admins, settings.language)
    bot_house = BotHouse(settings, services, control, store, access, notices_told, sandbox)
    built = Built(
        settings, system, store, services, control, lookout, notices, had_been_started, access, boxes, sandbox
    )

    desk = chat_desk(bot_house)
    chat = {"chat": lambda call: desk.request(call.args, call.asked_by)}
    doors: list[Door] = [
        CommandServer(control, settings.home, clean=redactor.clean, run=sandbox.run, more=chat, on_fault=_fault)
    ]
    if settings.http is not None:
        doors.append(WebServer(*settings.http, routes(system, control, meters)))
    built.tree = tree(
        Plan(
            services=services,
            house=house,
            control=control,
            store=store,
            meters=meters,
            observatory=Observatory(services, settings.home, sandbox.running),
            home=settings.home,
            sandbox=sandbox,
            herald=herald(bot_house),
            bot=bot_family(bot_house),
            doors=doors,
        )
    )
    services.rotation.start()
    return built


def _need_the_key(store: Store, key: str | None, key_file: Path) -> None:
    """A new key is made for a new home only: beside secrets that it cannot open it would hide that one is lost."""
    sealed = sum(store.count(f"{table}/") for table in ("variable", "credential", "guest-variable", "guest-access"))
    if key is None and sealed and not key_file.exists():
        store.close()
        raise WrongKey(
            f"{key_file} is gone, and {sealed} stored secrets were sealed with it",
            "Put it back from your backup, or give the key in VANKA_SECRET_KEY.",
        )


def _name_on_log(path: str) -> None:
    """Every line that an actor or its job logs names the actor, and the project whose family it belongs to."""
    top, _, rest = path.partition("/")
    log.set_actor(path, rest.partition("/")[0] if top == PROJECTS else "")


def _restore_pending(layout: Layout) -> bool:
    """A backup that somebody asked to restore takes the database's place before it is opened; whether there was one."""
    pending = layout.home / RESTORE_FILE
    if not pending.exists():
        return False
    restore(layout.store, pending)
    say.warning("the records were restored from a backup")
    return True


def _learner(redactor: Redactor) -> Callable[[Secret], None]:
    def learn(secret: Secret) -> None:
        text = secret.reveal()
        # masking what is shorter, or a port number, would hide ordinary words in every log and protect nothing
        if len(text) >= LEAST_SECRET and not (text.isdecimal() and len(text) < LEAST_NUMBER):
            redactor.learn(text)

    return learn


def _default_root(settings: Settings) -> Path:
    """Where projects are put whose path nobody named: beside the state, not in it."""
    return settings.home.with_name(f"{settings.home.name}-apps")


def _fault(request: object, error: BaseException) -> None:
    command = request.get("command") if isinstance(request, dict) else None
    say.error("a command failed in a way that it should not", command=command, exc_info=error)
