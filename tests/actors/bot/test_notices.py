"""What happens becomes a stored notice, is told once and in order, and reads well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from actors.bot.alerts import Kind, Level
from actors.bot.rights import Role
from actors.messages import (
    CommitSeen,
    DeploymentEnded,
    LoadExceeded,
    LoadRecovered,
    ProgramDown,
    ProgramParked,
    Remind,
    ServiceNotice,
    ServiceStarted,
    TestDiscarded,
    TestFinished,
    WatchFailed,
    WatchRecovered,
)
from actors.model.deployment import Kind as Deploying
from actors.model.deployment import State
from actors.model.load import Raised, Resource
from actors.model.project import Environment, Policy
from actors.model.version import Commit
from actors.records.notices import Delivery, NoticeRecords, Told
from actors.records.reminders import Reminders
from runtime.commands import RestartChild
from runtime.facts import ActorCrashed, ActorParked, ActorRestarted
from runtime.store import Store
from tests.actors.bot.post_office import ADMIN, PostOffice
from tests.fakes.botapi import BotApiServer
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server() -> Iterator[BotApiServer]:
    with BotApiServer() as running:
        running.user(ADMIN, "ru").writes("/start")
        yield running
        running.assert_nothing_refused()


@pytest.fixture
def post(tmp_path: Path, server: BotApiServer, clock: FakeClock) -> Iterator[PostOffice]:
    office = PostOffice(tmp_path, server, clock, (ADMIN,))
    yield office
    office.down()


@pytest.fixture
def quiet_post(tmp_path: Path, clock: FakeClock) -> Iterator[PostOffice]:
    """Without a bot."""
    office = PostOffice(tmp_path, None, clock, ())
    yield office
    office.down()


def texts(server: BotApiServer) -> list[str]:
    return [message.text for message in server.user(ADMIN).messages]


# --- the records


def test_a_fact_is_stored_once(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    records = NoticeRecords(store)
    to_anna = [Delivery(chat=ADMIN, silent=True)]
    assert records.add("d1:failed", "failed", NOW, {}, to_anna) is not None
    assert records.add("d1:failed", "failed", NOW, {}, to_anna) is None
    assert len(records.waiting(ADMIN, 10)) == 1
    store.close()


def test_the_oldest_go_when_there_are_too_many_but_what_waits_and_matters_stays(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    records = NoticeRecords(store, kept=100)
    records.add("failure", "failed", NOW, {}, [Delivery(chat=1, silent=False)])
    for number in range(250):
        records.add(f"p{number}", "started", NOW, {}, [Delivery(chat=1, silent=True)], minor=True)
    assert len(records.newest(1000)) <= 150
    assert records.waiting(1, 1)[0][0].key == "failure"
    assert len(records.waiting(1, 1000)) == len(records.newest(1000))
    assert records.told_from() == NOW
    store.close()


# --- from event to person


def test_a_deployment_is_told_from_its_start_to_its_end(post: PostOffice, server: BotApiServer) -> None:
    post.begins()
    post.until(lambda: texts(server))
    post.ends()
    post.until(lambda: len(texts(server)) == 2)
    started, ended = server.user(ADMIN).messages
    assert started.text.startswith("🟡 shop №1: разворачиваю\n0000007 Fix <cart> 7 — Анна")
    assert ended.text.startswith("✅ shop №1 развёрнут за 1:12\n0000007 Fix <cart> 7 — Анна")
    assert (started.silent, ended.silent) == (True, True)
    assert post.states() == ["delivered", "delivered"]


def test_bad_news_is_loud_and_says_what_runs_now(post: PostOffice, server: BotApiServer) -> None:
    post.services.records.versions.set_current(post.project(), 1, NOW)
    post.ends(state=State.ROLLED_BACK, error="verify: nobody answers", previous=1, output=["Traceback", "boom"])
    post.until(lambda: texts(server))
    told = server.user(ADMIN).last
    assert not told.silent
    assert "не прижился: этап «проверка». Возвращена версия №1" in told.text
    assert told.text.endswith("Traceback\nboom")
    assert told.labels == [["🔁 Повторить", "📄 Лог", "⏪ Версии"]]


def test_the_same_end_heard_twice_is_told_once(post: PostOffice, server: BotApiServer) -> None:
    ended = post.deployment()
    for _ in range(3):
        post.publish(DeploymentEnded(ended))
    post.until(lambda: texts(server))
    post.advance(30)
    assert len(texts(server)) == 1


def test_a_finished_test_asks_for_a_decision(post: PostOffice, server: BotApiServer) -> None:
    test = post.deployment(environment=Environment.TEST, kind=Deploying.TEST)
    post.publish(TestFinished(test, True, None, ("ok",), 0))
    post.until(lambda: texts(server))
    told = server.user(ADMIN).last
    assert told.text.startswith("✅ shop №1: тест прошёл за 1:12. Что дальше?")
    assert "Ошибок в логе: 0" in told.text
    assert told.labels == [["🚀 Решить", "⏰ Напомнить позже"], ["🔁 Повторить", "📄 Лог"]]
    assert not told.silent
    post.publish(TestDiscarded(test, unasked=True))
    post.until(lambda: len(texts(server)) == 2)
    assert "никто не решил, тест снят" in texts(server)[1]


def test_what_happens_to_programs_repositories_and_the_service_is_told(post: PostOffice, server: BotApiServer) -> None:
    post.project()
    events = [
        ProgramDown("shop", Environment.PRODUCTION, 1, 3, 1, 4.0, ("boom",)),
        ProgramParked("shop", 1, None, ("boom",)),
        WatchFailed("shop", "no answer", 1, NOW),
        WatchRecovered("shop", NOW),
        ServiceStarted(NOW, after_crash=True),
        ServiceStarted(NOW, after_crash=False),
        ServiceNotice("the disk could not be cleaned up: a folder of root's"),
    ]
    for number, event in enumerate(events):
        post.publish(event)
        post.advance(3)
        assert len(texts(server)) == number + (1 if number < 5 else 0)
    heads = [text.splitlines()[0] for text in texts(server)]
    assert heads == [
        "🔴 shop №1 упал с кодом 3. Запущу снова через 4 с",
        "🔴 shop №1 всё время падает и больше не запускается (код —). Нужно ваше решение",
        "⚠️ shop: репозиторий не проверяется",
        "🟢 shop: репозиторий снова проверяется",
        "🧯 Сервис упал и поднялся снова",
        "🛠 Диск не очищен: a folder of root's",
    ]


def test_a_passed_threshold_is_told_once_and_loudly_and_its_end_without_a_sound(
    post: PostOffice, server: BotApiServer
) -> None:
    raised = Raised(Resource.MEMORY, 90, 93.4, NOW)
    for _ in range(3):  # told again after each crash of ours
        post.publish(LoadExceeded(raised))
    post.until(lambda: texts(server))
    over = replace(raised, percent=61.0, over=NOW + timedelta(seconds=725))
    for _ in range(3):
        post.publish(LoadRecovered(over))
    post.until(lambda: len(texts(server)) == 2)
    high, normal = server.user(ADMIN).messages
    assert (high.text, high.silent) == ("🔺 RAM: в среднем 93% за пять минут, порог 90%", False)
    assert (normal.text, normal.silent) == ("🟢 RAM: 61%, снова в норме. Выше порога 90% было 12:05", True)
    assert high.labels == [["📊 Нагрузка", "⚠ Пороги"]]


def test_who_turned_thresholds_off_hears_nothing_of_them(post: PostOffice, server: BotApiServer) -> None:
    post.access.set_level(ADMIN, Kind.LOAD, "off")
    post.publish(LoadExceeded(Raised(Resource.CPU, 90, 93.4, NOW)))
    post.advance(30)
    assert texts(server) == []


def test_a_commit_is_told_only_where_nothing_else_would_tell_of_it(post: PostOffice, server: BotApiServer) -> None:
    commit = Commit("a" * 40, "New", "Anna", NOW)
    post.project("deploys")
    post.project("notifies", Policy.NOTIFY)
    post.publish(CommitSeen("deploys", commit, NOW))
    post.publish(CommitSeen("notifies", commit, NOW))
    post.until(lambda: texts(server))
    post.advance(30)
    assert [text.splitlines()[0] for text in texts(server)] == ["🆕 notifies: новый коммит"]


def test_an_actor_that_keeps_crashing_is_told_once_in_five_minutes_with_how_often(
    post: PostOffice, server: BotApiServer
) -> None:
    for _ in range(20):
        post.publish(ActorCrashed("projects/shop/runner", "ValueError: x", "", NOW))
        post.publish(ActorRestarted("projects/shop/runner", 2, 0.001))
        post.advance(1)
    assert texts(server) == ["🧯 projects/shop/runner упал: ValueError: x. Перезапущен за 0.001 с"]
    post.advance(300, 5)
    assert len(texts(server)) == 2
    assert "(20-й раз за час)" in texts(server)[1]
    post.publish(ActorParked("projects/shop/runner", "ValueError: x"))
    post.until(lambda: len(texts(server)) == 3)


def test_drills_are_not_told(post: PostOffice, server: BotApiServer) -> None:
    post.publish(ActorCrashed("metrics", "Drill: metrics: crashed on purpose", "", NOW))
    post.publish(ActorRestarted("metrics", 2, 0.001))
    post.advance(30)
    assert texts(server) == []


def test_people_are_told_what_they_want_in_the_way_they_want(post: PostOffice, server: BotApiServer) -> None:
    server.user(7, "en").writes("/start")
    post.access.let_in(7, Role.VIEWER)
    post.access.set_language(7, "en")
    post.access.set_level(7, Kind.SUCCEEDED, "loud")
    post.access.set_level(ADMIN, Kind.SUCCEEDED, "off")
    post.ends()
    post.publish(ServiceNotice("only for administrators"))
    post.until(lambda: texts(server))
    post.advance(5)
    assert [message.text.splitlines()[0] for message in server.user(7).messages] == ["✅ shop #1 deployed in 1:12"]
    assert not server.user(7).last.silent
    assert texts(server) == ["🛠 only for administrators"]


def test_what_ended_while_nobody_listened_is_told_at_the_next_start(post: PostOffice, server: BotApiServer) -> None:
    post.advance(1)
    first = post.deployment(number=1)
    post.publish(DeploymentEnded(first))
    post.until(lambda: texts(server))
    post.advance(1)
    post.deployment(number=2, state=State.FAILED, error="build: no")  # the service dies before it was published
    post.down()
    post.up()
    post.until(lambda: len(texts(server)) == 2)
    assert texts(server)[1].startswith("❌ shop №2 не развёрнут: этап «сборка»")
    post.down()
    post.up()
    post.advance(60)
    assert len(texts(server)) == 2


def test_without_a_bot_notices_are_kept_to_be_read(quiet_post: PostOffice) -> None:
    quiet_post.ends(state=State.FAILED, error="build: no")
    (told,) = quiet_post.told()
    assert (told["kind"], told["project"], told["state"], told["attempts"]) == ("failed", "shop", "kept", 0)
    assert str(told["text"]).startswith("❌ shop #1 was not deployed: stage build")


def test_a_full_store_delays_a_notice_and_does_not_lose_it(
    post: PostOffice, server: BotApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runtime.errors import StoreFull

    def full(*_args: object, **_named: object) -> None:
        raise StoreFull("no space")

    with monkeypatch.context() as patch:
        patch.setattr(NoticeRecords, "add", full)
        post.publish(ServiceNotice("the disk is full"))
        post.advance(40)
        assert texts(server) == []
    post.until(lambda: texts(server))
    assert texts(server) == ["🛠 the disk is full"]
    assert post.states() == [Told.DELIVERED]


def test_what_happens_while_the_bot_is_parked_is_noted_and_told_when_it_is_back(
    post: PostOffice, server: BotApiServer
) -> None:
    def state() -> str:
        return next(node.state for node in post.system.tree().children if node.name == "bot")

    while state() != "failed":
        assert post.system.crash("bot", ValueError("no chat to be had"))
        post.settle()
    post.ends(error="oh", state=State.FAILED)
    kinds = [each["kind"] for each in post.told()]
    assert Kind.FAILED in kinds
    assert Kind.ACTOR in kinds  # that the bot is parked is noted, too
    assert post.states()[-1] == "waiting"

    post.system.address("/").ask(RestartChild("bot"), 10.0)
    post.until(lambda: not post.records.chats_waiting())
    texts = "\n".join(message.text for message in server.user(ADMIN).messages)
    assert "shop" in texts
    assert "bot" in texts


class Undecided:
    """A test that waits for a decision, of which everybody was told."""

    def __init__(self, post: PostOffice, server: BotApiServer) -> None:
        self.post, self.server = post, server
        self.project = post.project()
        environment, kind = Environment.TEST, Deploying.TEST
        self.test = post.deployment(state=State.SUCCEEDED, environment=environment, kind=kind, number=9)
        post.services.records.deployments.set_undecided(self.project, self.test, post.clock.now())
        post.publish(TestFinished(self.test, True, None))
        post.until(lambda: not post.records.chats_waiting())

    def remind(self, seconds: int) -> None:
        self.post.system.address("herald").ask(Remind(ADMIN, self.test, seconds), 10.0)

    def reminders(self) -> list[str]:
        self.post.until(lambda: not self.post.records.chats_waiting())
        return [it.text for it in self.server.user(ADMIN).messages if "⏰" in it.text]


@pytest.fixture
def undecided(post: PostOffice, server: BotApiServer) -> Undecided:
    return Undecided(post, server)


def test_person_is_reminded_of_a_test_that_still_waits_even_if_they_want_to_hear_of_none(
    undecided: Undecided, post: PostOffice
) -> None:
    post.access.set_level(ADMIN, Kind.TEST_FINISHED, Level.OFF)
    undecided.remind(3600)
    post.advance(3590, 60)
    assert undecided.reminders() == []
    post.advance(20)
    (said,) = undecided.reminders()
    assert "тест всё ещё ждёт вашего решения" in said
    post.advance(7200, 60)
    assert len(undecided.reminders()) == 1


def test_reminder_that_was_moved_comes_at_its_new_time_and_outlives_the_service(
    undecided: Undecided, post: PostOffice
) -> None:
    undecided.remind(3600)
    undecided.remind(3 * 3600)
    post.advance(3700, 60)
    assert undecided.reminders() == []
    post.down()
    post.up()
    post.advance(2 * 3600, 60)
    assert len(undecided.reminders()) == 1


def test_nobody_is_reminded_of_what_was_decided(undecided: Undecided, post: PostOffice) -> None:
    undecided.remind(60)
    post.services.records.deployments.set_undecided(undecided.project, None, post.clock.now())
    post.advance(120)
    assert undecided.reminders() == []
    assert Reminders(post.store).all() == []
