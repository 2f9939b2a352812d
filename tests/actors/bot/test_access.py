"""Who gets in, how, and what they may then do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.bot.access import PAIRING_LENGTH, Access
from actors.bot.attempts import BY_ALL, BY_ONE
from actors.bot.mail import is_quiet
from actors.bot.rights import Right, Role
from actors.records.people import MAX_INVITATIONS, Quiet
from runtime.store import Store
from tests.fakes.clock import FakeClock

ANNA, BORIS, STRANGER = 42, 43, 666


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path)
    yield store
    store.close()


@pytest.fixture
def again(store: Store, clock: FakeClock) -> Callable[..., Access]:
    """The same records at the next start of the service."""
    return lambda *admins: Access(store, clock, admins)


def paired(access: Access) -> Access:
    assert access.pair(access.pairing_code() or "", ANNA, "Anna")
    return access


def test_administrators_by_setting_are_there_at_once_and_cannot_be_removed(again: Callable[..., Access]) -> None:
    access = again(ANNA, -100)
    assert access.role(ANNA) is Role.ADMIN
    assert access.admins() == (ANNA, -100)
    assert access.pairing_code() is None
    assert not access.block(ANNA)
    assert not access.remove(ANNA)
    access.set_role(ANNA, Role.VIEWER)
    assert access.role(ANNA) is Role.ADMIN
    assert [user.id for user in access.users()] == [-100, ANNA]


def test_a_stranger_is_nobody_and_may_nothing(again: Callable[..., Access]) -> None:
    access = again(ANNA)
    assert access.role(STRANGER) is None
    assert not any(access.may(access.role(STRANGER), right) for right in Right)


@pytest.mark.parametrize(
    ("role", "rights"),
    [(Role.ADMIN, set(Right)), (Role.OPERATOR, {Right.SEE, Right.RUN}), (Role.VIEWER, {Right.SEE})],
)
def test_each_role_has_its_rights(again: Callable[..., Access], role: Role, rights: set[Right]) -> None:
    access = again(ANNA)
    access.let_in(BORIS, role)
    assert {right for right in Right if access.may(access.role(BORIS), right)} == rights


def test_the_first_to_send_the_code_is_the_administrator_and_the_code_works_once(again: Callable[..., Access]) -> None:
    access = again()
    code = access.pairing_code()
    assert code is not None
    assert len(code) == PAIRING_LENGTH
    assert not access.pair("x" * PAIRING_LENGTH, ANNA)
    assert access.pair(f" {code[:6].lower()}-{code[6:]} ", ANNA, "Anna")
    assert access.role(ANNA) is Role.ADMIN
    assert access.pairing_code() is None
    assert not access.pair(code, STRANGER)
    assert again().role(ANNA) is Role.ADMIN
    assert again().pairing_code() is None


def test_every_start_without_an_administrator_has_another_code(again: Callable[..., Access]) -> None:
    assert again().pairing_code() != again().pairing_code()


def test_codes_cannot_be_tried_without_end(again: Callable[..., Access], clock: FakeClock) -> None:
    access = again()
    code = access.pairing_code() or ""
    for _ in range(BY_ONE):
        assert not access.pair("A" * PAIRING_LENGTH, STRANGER)
    assert not access.pair(code, STRANGER), "even the right one, after so many wrong ones"
    for user in range(1000, 1000 + BY_ALL):
        access.pair("A" * PAIRING_LENGTH, user)
    assert not access.pair(code, ANNA)
    clock.advance(3601)
    assert access.pair(code, ANNA)


def test_ordinary_talk_is_no_attempt(again: Callable[..., Access]) -> None:
    access = again()
    for _ in range(100):
        assert not access.pair("hello", ANNA)
        assert not access.accept("hello", ANNA)
    assert access.pair(access.pairing_code() or "", ANNA)


def test_an_invitation_gives_its_role_once_within_an_hour(again: Callable[..., Access], clock: FakeClock) -> None:
    access = paired(again())
    code = access.invite(Role.OPERATOR)
    assert len(code) == 22
    assert access.accept("x" * 22, BORIS) is None
    assert access.accept(code, BORIS, "Boris") is Role.OPERATOR
    assert access.accept(code, STRANGER) is None
    assert again().role(BORIS) is Role.OPERATOR
    late = access.invite(Role.VIEWER)
    clock.advance(3601)
    assert access.accept(late, STRANGER) is None


def test_an_invitation_takes_nothing_from_who_may_more_and_stays_open(again: Callable[..., Access]) -> None:
    access = paired(again())
    code = access.invite(Role.VIEWER)
    assert access.accept(code, ANNA) is Role.ADMIN
    assert access.accept(code, BORIS) is Role.VIEWER


def test_an_open_invitation_survives_a_restart_and_is_not_readable_in_the_store(
    again: Callable[..., Access], store: Store
) -> None:
    code = paired(again()).invite(Role.VIEWER)
    assert code not in str(list(store.scan("")))
    assert again().accept(code, BORIS) is Role.VIEWER


def test_open_invitations_are_bounded(again: Callable[..., Access], store: Store) -> None:
    access = paired(again())
    codes = [access.invite(Role.VIEWER) for _ in range(MAX_INVITATIONS + 20)]
    assert store.count("invitation/") == MAX_INVITATIONS
    assert access.accept(codes[-1], BORIS) is Role.VIEWER


def test_who_is_blocked_has_no_role_and_no_way_back_in_of_their_own(again: Callable[..., Access]) -> None:
    access = paired(again())
    access.let_in(BORIS, Role.OPERATOR, "Boris")
    code = access.invite(Role.OPERATOR)
    assert access.block(BORIS)
    assert access.role(BORIS) is None
    assert access.is_blocked(BORIS)
    assert access.accept(code, BORIS) is None
    assert [user.id for user in access.users()] == [ANNA]
    assert [user.name for user in again().blocked()] == ["Boris"]
    access.let_in(BORIS, Role.VIEWER)
    assert access.role(BORIS) is Role.VIEWER


def test_the_last_administrator_stays(again: Callable[..., Access]) -> None:
    access = paired(again())
    assert not access.remove(ANNA)
    assert not access.block(ANNA)
    access.set_role(ANNA, Role.VIEWER)
    assert access.role(ANNA) is Role.ADMIN
    access.let_in(BORIS, Role.ADMIN)
    assert access.remove(ANNA)
    assert again().role(ANNA) is None


def test_languages_and_wishes_are_remembered(again: Callable[..., Access]) -> None:
    access = paired(again())
    assert access.language(ANNA) is None
    assert access.telling_language(ANNA) == "ru"
    access.met(ANNA, "Anna", "en")
    assert access.telling_language(ANNA) == "en"
    access.set_language(ANNA, "ru")
    access.set_level(ANNA, "succeeded", "off")
    access.set_quiet(ANNA, Quiet(23, 8, 180))
    for known in (access, again()):
        assert (known.language(ANNA), known.telling_language(ANNA)) == ("ru", "ru")
        assert known.wishes(ANNA).level("succeeded") == "off"
        assert known.wishes(ANNA).level("failed") is None
        assert known.wishes(ANNA).quiet == Quiet(23, 8, 180)
    with pytest.raises(ValueError, match="no such"):
        access.set_language(ANNA, "de")
    with pytest.raises(ValueError, match="no such"):
        access.set_level(ANNA, "failed", "louder")
    with pytest.raises(ValueError, match="no such"):
        access.set_quiet(ANNA, Quiet(24, 3))


def test_nothing_is_remembered_of_strangers(again: Callable[..., Access], store: Store) -> None:
    access = again(ANNA)
    access.met(STRANGER, "x", "en")
    access.set_language(STRANGER, "en")
    access.set_level(STRANGER, "failed", "off")
    assert store.count("user/") + store.count("wishes/") == 0


def test_quiet_hours_may_go_over_midnight_in_the_persons_own_time(clock: FakeClock) -> None:
    noon = clock.now()
    assert is_quiet(Quiet(11, 13), noon)
    assert not is_quiet(Quiet(13, 11), noon)
    assert is_quiet(Quiet(13, 11), noon.replace(hour=2))
    assert is_quiet(Quiet(23, 8, 11 * 60 + 30), noon)
    assert not is_quiet(Quiet(5, 5), noon)
    assert not is_quiet(None, noon)
