"""Herald actor: turns events into stored notices for everybody who wants them. It works without a bot, too."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from actors.bot.access import Access
from actors.bot.alerts import ADMINS_ONLY, MINOR, Kind, Level, default_level
from actors.bot.crashes import Crashes
from actors.bot.events import EVENTS, Draft, Drafts, Event
from actors.bot.notices import line, message
from actors.bot.outbox_messages import Wake
from actors.bot.rights import Right, Role, may
from actors.bot.texts import plain
from actors.errors import VankaError
from actors.messages import Remind
from actors.pipeline.services import Services
from actors.records.notices import Delivery, Notice, NoticeRecords, Told
from actors.records.reminders import Reminder, Reminders
from runtime.actor import Actor
from runtime.child_spec import ChildSpec
from runtime.errors import StoreError
from runtime.facts import ActorCrashed, ActorParked, ActorRestarted, RootCoolingDown
from runtime.jobs import Done
from runtime.log import get

log = get("actors.bot.herald")
LOOKED_AT = 300  # deployments that a start looks through for what nobody was told
CRASHES_S = 5.0
RETRY_S = 30.0
MAX_UNSAVED = 500
OUTPUT_LINES = 30
OUTBOX = "bot/outbox"


@dataclass(frozen=True)
class Missed:
    """What ended and was not told, found in the records."""

    done: Done[list[Draft]]


@dataclass(frozen=True)
class LookAtCrashes:
    """Has somebody waited long enough for a restart?"""


@dataclass(frozen=True)
class SaveAgain:
    """The store would not take a notice; perhaps it does now."""


@dataclass(frozen=True)
class ReminderDue:
    """Somebody wanted to be told again by now."""

    key: str


Kernels = ActorCrashed | ActorRestarted | ActorParked | RootCoolingDown
Message = Event | Kernels | Missed | LookAtCrashes | SaveAgain | Remind | ReminderDue


class Herald(Actor[Message]):
    """Stores every notice, then wakes the outbox. A crash of either loses none that was stored.

    `sends` False: there is no bot; notices are kept to be read, for nobody.
    """

    def __init__(self, services: Services, records: NoticeRecords, access: Access, *, sends: bool, outbox: str) -> None:
        super().__init__()
        self._services = services
        self._records = records
        self._reminders = Reminders(services.records.store)
        self._access = access
        self._sends = sends
        self._outbox_path = outbox
        self._crashes = Crashes()
        self._unsaved: deque[tuple[Draft, datetime, int | None]] = deque(maxlen=MAX_UNSAVED)

    def on_start(self) -> None:
        """Listen first, then look for what ended while nobody listened."""
        self._outbox = self.context.system.address(self._outbox_path)
        self._drafts = Drafts(self._services.records, self._services.redactor.clean, self._named)
        for event in (*EVENTS, ActorCrashed, ActorRestarted, ActorParked, RootCoolingDown):
            self.context.subscribe(event)
        self.context.every(CRASHES_S, LookAtCrashes())
        self.context.every(RETRY_S, SaveAgain())
        for reminder in self._reminders.all():
            self._wind(reminder)
        missed = partial(find_missed, self._services, self._records, self._drafts)
        self.context.job("disk", missed, Missed)

    def receive(self, message: Message) -> object:
        """Stores; never waits for Telegram. Answers Remind."""
        match message:
            case Remind():
                return self._remind(message)
            case ReminderDue(key):
                self._reminder_due(key)
            case ActorCrashed(path, error):
                if not error.startswith("Drill:"):  # somebody asked for it and looks on
                    self._crashes.crashed(path, self._services.redactor.clean(error), self._now())
            case ActorRestarted(path, _incarnation, took):
                self._crash(self._crashes.restarted(path, took, self._now()))
            case ActorParked(path, error):
                self._crash({"how": "actor_parked", "actor": path, "error": self._services.redactor.clean(error)})
            case RootCoolingDown(path, error, seconds):
                clean = self._services.redactor.clean(error)
                self._crash({"how": "actor_root", "actor": path, "error": clean, "took_s": seconds})
            case LookAtCrashes():
                for facts in self._crashes.overdue(self._now()):
                    self._crash(facts)
            case Missed(done):
                for draft in done.result():
                    self._tell(draft)
            case SaveAgain():
                self._save_again()
            case _:
                heard = self._drafts.of(message)
                if heard is not None:
                    self._tell(heard)
        return None

    # --- reminders

    def _remind(self, wish: Remind) -> object:
        answer = self.context.defer()
        due = self._services.clock.now() + timedelta(seconds=wish.seconds)
        try:
            project = self._services.records.projects.get(wish.deployment.project)
            reminder = Reminder(wish.chat, project.no, wish.deployment.id, due)
            self._reminders.put(reminder)
        except (VankaError, StoreError) as error:
            answer.fail(error)
            return answer
        self._wind(reminder)
        answer.answer(None)
        return answer

    def _wind(self, reminder: Reminder) -> None:
        left = (reminder.due - self._services.clock.now()).total_seconds()
        self.context.after(max(left, 0.0), ReminderDue(reminder.key))

    def _reminder_due(self, key: str) -> None:
        """The wish may have been moved or dealt with, and the test decided about, since the clock was set."""
        reminder, now = self._reminders.get(key), self._services.clock.now()
        if reminder is None or reminder.due > now:
            return
        draft = self._drafts.still_undecided(reminder)
        if draft is not None and may(self._access.role(reminder.chat), Right.RUN):
            self._tell(draft, only=reminder.chat)
        self._reminders.forget(reminder)

    # --- telling

    def _crash(self, facts: dict[str, Any] | None) -> None:
        if facts is not None:
            self._tell(Draft(Kind.ACTOR, None, facts))

    def _tell(self, draft: Draft, at: datetime | None = None, only: int | None = None) -> None:
        """Store it, wake the outbox. What the store will not take now is tried again, and is not sent before."""
        at = at or self._services.clock.now()
        deliveries = self._deliveries(draft) if self._sends and only is None else []
        if self._sends and only is not None:  # who asked for it hears it, whatever they want to hear otherwise
            deliveries = [Delivery(chat=only, silent=False)]
        try:
            key = draft.key or f"{draft.kind}:{at.isoformat()}:{self._records.next_number()}"
            notice = self._records.add(
                key, draft.kind, at, draft.facts, deliveries, project=draft.project, minor=draft.kind in MINOR
            )
        except StoreError as error:
            log.error("a notice could not be stored; it is tried again", kind=draft.kind, error=str(error))
            self._unsaved.append((draft, at, only))
            return
        if notice is not None and deliveries:
            loud = any(not delivery.silent for delivery in deliveries)
            self._outbox.tell(Wake(tuple(delivery.chat for delivery in deliveries), loud))

    def _save_again(self) -> None:
        unsaved, self._unsaved = self._unsaved, deque(maxlen=MAX_UNSAVED)
        for draft, at, only in unsaved:
            self._tell(draft, at, only)

    def _deliveries(self, draft: Draft) -> list[Delivery]:
        """Everybody who may see it and did not turn it off."""
        found = []
        for user in self._access.users():
            role = Role(user.role) if user.role is not None else None
            if not may(role, Right.SEE) or (draft.kind in ADMINS_ONLY and role is not Role.ADMIN):
                continue
            if draft.to not in (None, user.id):
                continue
            usual = Level.SILENT if draft.quietly else default_level(draft.kind)
            wishes = self._access.wishes(user.id)
            level = wishes.level(draft.kind) or usual
            of_project = wishes.of_project(int(draft.facts.get("no") or 0))
            if Level.OFF not in (level, of_project):
                silent = Level.SILENT in (level, of_project)
                found.append(Delivery(chat=user.id, silent=silent))
        return found

    def _named(self, asked_by: str) -> str:
        """A person behind "telegram:42" by name; empty for what nobody asked for."""
        kind, _, number = asked_by.partition(":")
        if kind != "telegram":
            return "" if asked_by in ("watcher", "runner", "deployer", "health") else asked_by.removeprefix("chat:")
        known = next((user for user in self._access.users() if str(user.id) == number), None)
        return known.name or number if known is not None else number

    def _now(self) -> float:
        return self.context.system.clock.monotonic()


def find_missed(services: Services, notices: NoticeRecords, drafts: Drafts) -> list[Draft]:
    """Deployments that ended and were told to nobody, oldest first: the service died between the two. In a job."""
    told_from = notices.told_from()
    if told_from is None:
        notices.set_told_from(services.clock.now())  # what happened before anybody could be told is history
        return []
    found = []
    for deployment in services.records.deployments.journal(LOOKED_AT):
        if deployment.ended_at is None or deployment.ended_at <= told_from:
            continue
        try:
            project = services.records.projects.get(deployment.project)
        except VankaError:
            continue  # it was removed since
        output = services.tail(services.layout.deployment_log(project, deployment.id), OUTPUT_LINES)
        draft = drafts.ended(deployment, output if deployment.error is not None else ())
        if draft is not None and draft.key is not None and not notices.knows(draft.key):
            found.append((deployment.ended_at, draft))
    return [draft for _at, draft in sorted(found, key=lambda each: each[0])]


def notifications(records: NoticeRecords, limit: int) -> list[dict[str, Any]]:
    """What was told and what waits, newest first, as `vanka notifications --json` shows it. Any thread."""
    return [_shown(notice, deliveries) for notice, deliveries in records.newest(limit)]


def _shown(notice: Notice, deliveries: list[Delivery]) -> dict[str, Any]:
    states = {delivery.state for delivery in deliveries}
    order = (Told.WAITING, Told.SENDING, Told.PERHAPS, Told.REFUSED, Told.FOLDED, Told.DELIVERED)
    state = next((state for state in order if state in states), None)
    shown = {Told.SENDING: Told.WAITING.value, None: "kept"}.get(state, state)
    return {
        "id": notice.id,
        "at": notice.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "kind": notice.kind,
        "project": notice.project,
        "text": plain(line(notice, "en")),
        "state": str(shown),
        "attempts": max((delivery.attempts for delivery in deliveries), default=0),
        "lines": plain(message(notice, "en").text).split("\n"),
        "chats": {str(delivery.chat): delivery.state.value for delivery in deliveries},
    }


def herald_spec(
    services: Services, records: NoticeRecords, access: Access, *, sends: bool, outbox: str = OUTBOX
) -> ChildSpec:
    """The child spec of the herald, id "herald"; with `sends` it wakes the outbox at that path."""
    start = partial(Herald, services, records, access, sends=sends, outbox=outbox)
    return ChildSpec("herald", start, replay=1)
