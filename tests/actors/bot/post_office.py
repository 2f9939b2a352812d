"""A post office for tests: a real kernel on a clock moved by hand, a real store, a strict server, outbox, herald."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from actors.artifacts.cleaner import Cleaner
from actors.artifacts.environments import Environments
from actors.artifacts.layout import Layout
from actors.artifacts.releases import Releases
from actors.artifacts.target import Target
from actors.bot.access import Access
from actors.bot.herald import herald_spec, notifications
from actors.bot.mail import Mail
from actors.bot.outbox import outbox_spec
from actors.bot.telegram import Telegram
from actors.messages import DeploymentEnded, DeploymentStarted
from actors.model.deployment import Deployment, Kind, StageName, StageRecord, StageState, State
from actors.model.project import Environment, Policy, Project
from actors.model.version import Commit
from actors.pipeline.services import Services
from actors.records import Records
from actors.records.notices import NoticeRecords
from actors.rollout.in_place import InPlace
from actors.source import Sources
from runtime.child_spec import ChildSpec, OnGiveUp, supervisor
from runtime.clock import Clock
from runtime.redact import Redactor
from runtime.store import Store
from runtime.system import System
from runtime.vault import Secret, Vault
from tests.fakes.botapi import BotApiServer
from tests.fakes.clock import FakeClock

LIMIT = 20.0
ADMIN = 42


def services_of(home: Path, store: Store, clock: Clock) -> Services:
    """What a herald needs of the service; there are no engines."""
    layout = Layout(home)
    vault = Vault.from_settings(None, home / "secret.key")
    releases, target = Releases(layout), Target(layout)
    return Services(
        clock=clock,
        layout=layout,
        records=Records(store, vault, clock),
        sources=Sources(layout.home, clock=clock),
        releases=releases,
        cleaner=Cleaner(layout, releases, Environments(layout), target),
        targets=target,
        strategy=InPlace(target),
        engines={},
        redactor=Redactor(),
    )


class PostOffice:
    """Everything between an event and a person. `down` and `up` are the death and the next life of the service."""

    def __init__(self, home: Path, server: BotApiServer | None, clock: Clock, admins: tuple[int, ...]) -> None:
        self.home, self.server, self.clock, self.admins = home, server, clock, admins
        self.up()

    def up(self) -> None:
        """The service starts."""
        clock, layout = self.clock, Layout(self.home)
        self.store = Store.open(layout.store, clock=clock)
        self.services = services_of(self.home, self.store, clock)
        self.records = NoticeRecords(self.store)
        self.access = Access(self.store, clock, self.admins, "ru")
        self.system = System(clock=clock, workers=2)
        herald = herald_spec(self.services, self.records, self.access, sends=self.server is not None)
        bot: list[ChildSpec] = []
        self.telegram: Telegram | None = None
        if self.server is not None:
            self.telegram = Telegram(Secret(self.server.token), self.server.url, connect_timeout=2, read_timeout=2)
            mail = Mail(self.records, self.access, clock)
            bot = [supervisor("bot", [outbox_spec(self.telegram, mail)], restarts=1000, on_give_up=OnGiveUp.PARK)]
        self.system.start(supervisor("root", [herald, *bot], restarts=1000))
        self.settle()

    def down(self) -> None:
        """The service ends."""
        self.system.stop(5.0)
        self.services.sources.close()
        if self.telegram is not None:
            self.telegram.close()
        self.store.close()

    def tell(self, order: Any) -> None:
        """An order to the outbox."""
        self.system.address("bot/outbox").tell(order)

    def publish(self, event: object) -> None:
        """An event, and the herald has dealt with it."""
        self.system.bus.publish(event)
        assert self.system.settle(LIMIT)

    def settle(self) -> None:
        """Wait until neither an actor nor a job has anything to do now."""
        end = time.monotonic() + LIMIT
        calm = 0
        while calm < 3:
            assert time.monotonic() < end, f"the jobs do not end: {self.system.jobs.load()}"
            idle = self.system.idle() and not any(sum(load) for load in self.system.jobs.load().values())
            calm = calm + 1 if idle else 0
            time.sleep(0.001)

    def advance(self, seconds: float, step: float = 0.5) -> None:
        """Time goes by; the jobs that timers begin are waited for."""
        assert isinstance(self.clock, FakeClock)
        self.settle()
        left = seconds
        while left > 0:
            self.clock.advance(min(step, left))
            self.settle()
            left -= step

    def until(self, condition: Callable[[], Any], *, step: float = 0.5, most: float = 7200.0) -> Any:
        """Let time go by until it holds."""
        passed = 0.0
        self.settle()
        while not (value := condition()):
            assert passed < most, "it did not come true"
            self.advance(step, step)
            passed += step
        return value

    def told(self) -> list[dict[str, Any]]:
        """What `vanka notifications` shows, oldest first."""
        return notifications(self.records, 1000)[::-1]

    def states(self) -> list[str]:
        """What became of each notice, oldest first."""
        return [str(each["state"]) for each in self.told()]

    # --- things that happen

    def project(self, name: str = "shop", policy: Policy = Policy.DEPLOY) -> Project:
        """A project on record."""
        records = self.services.records.projects
        return next((p for p in records.all() if p.name == name), None) or records.add(
            Project(
                no=0,
                name=name,
                url="https://git.example/x",
                path=f"/srv/{name}",
                created_at=self.clock.now(),
                policy=policy,
            )
        )

    def deployment(
        self, name: str = "shop", state: State = State.SUCCEEDED, error: str | None = None, **fields: Any
    ) -> Deployment:
        """A deployment that ran for 72 s, on record in its last state."""
        project, records = self.project(name), self.services.records
        number = fields.pop("number", 7)
        commit = Commit(f"{number:07x}" + "0" * 33, f"Fix <cart> {number}", "Анна", self.clock.now())
        version = records.versions.number(project, commit)
        now = self.clock.now()
        environment = fields.pop("environment", Environment.PRODUCTION)
        kind = fields.pop("kind", Kind.DEPLOY)
        queued = records.deployments.open(
            project,
            kind,
            environment,
            "telegram:42",
            now - timedelta(seconds=72),
            commit=commit.sha,
            version=version.number,
            **fields,
        )
        running = records.deployments.move(project, queued, State.RUNNING, now - timedelta(seconds=72))
        bad = StageName.BUILD if state is State.FAILED else StageName.VERIFY if state is State.ROLLED_BACK else None
        for stage in StageName:
            failed = stage is bad
            done = StageState.FAILED if failed else StageState.SUCCEEDED
            running = running.with_stage(StageRecord(stage, done, now - timedelta(seconds=12), now))
            if failed:
                break
        if state is State.RUNNING:
            return records.deployments.put(project, running)
        return records.deployments.move(project, running, state, now, error)

    def ends(self, name: str = "shop", state: State = State.SUCCEEDED, error: str | None = None, **fields: Any) -> None:
        """It ends, and that is published."""
        output = tuple(fields.pop("output", ()))
        self.publish(DeploymentEnded(self.deployment(name, state, error, **fields), output))

    def begins(self, name: str = "shop", **fields: Any) -> None:
        """It begins, and that is published."""
        self.publish(DeploymentStarted(self.deployment(name, State.RUNNING, **fields)))
