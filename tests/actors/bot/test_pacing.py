"""Pacing keeps within Telegram's limits, whatever is asked of it."""

from __future__ import annotations

import random

from actors.bot.pacing import MAX_CHATS, Pacing
from tests.fakes.botapi.rates import Rates

SMALL = 1e-6


def test_a_short_burst_to_a_chat_passes_at_once_and_then_one_goes_each_second() -> None:
    pacing = Pacing()
    times = []
    now = 100.0
    for _ in range(5):
        now = pacing.next_time(7, now)
        pacing.spend(7, now)
        times.append(now)
    assert times == [100.0, 100.0, 100.0, 101.0, 102.0]


def test_a_quiet_chat_gets_its_burst_back() -> None:
    pacing = Pacing()
    for _ in range(3):
        pacing.spend(7, 0.0)
    assert pacing.next_time(7, 0.0) > 0.0
    for _ in range(3):
        assert pacing.next_time(7, 10.0) == 10.0
        pacing.spend(7, 10.0)


def test_asking_for_the_time_costs_nothing() -> None:
    pacing = Pacing()
    assert {pacing.next_time(7, 5.0) for _ in range(100)} == {5.0}


def test_a_group_gets_no_more_than_twenty_in_any_minute() -> None:
    pacing = Pacing()
    now, times = 0.0, []
    for _ in range(70):
        now = pacing.next_time(-5, now)
        pacing.spend(-5, now)
        times.append(now)
    assert all(later - earlier > 60 for earlier, later in zip(times, times[20:], strict=False))


def test_many_chats_together_stay_under_thirty_in_any_second() -> None:
    pacing = Pacing()
    now, times = 0.0, []
    for chat in range(1, 200):
        now = pacing.next_time(chat, now)
        pacing.spend(chat, now)
        times.append(now)
    assert all(later - earlier > 1 for earlier, later in zip(times, times[30:], strict=False))
    assert times[-1] < 10, "and they are not slower than they must be"


def test_one_busy_chat_does_not_hold_up_the_others() -> None:
    pacing = Pacing()
    for _ in range(4):
        pacing.spend(7, 0.0)
    assert pacing.next_time(7, 0.0) > 0.9
    assert pacing.next_time(8, 0.0) < 0.1


def test_retry_after_silences_the_chat_for_exactly_so_long() -> None:
    pacing = Pacing()
    pacing.penalize(7, 30, 100.0)
    assert pacing.next_time(7, 100.0) == 130.0
    assert pacing.next_time(7, 129.0) == 130.0
    assert pacing.next_time(7, 131.0) == 131.0
    assert pacing.next_time(8, 100.0) == 100.0


def test_a_shorter_penalty_does_not_shorten_a_longer_one() -> None:
    pacing = Pacing()
    pacing.penalize(7, 30, 100.0)
    pacing.penalize(7, 1, 101.0)
    assert pacing.next_time(7, 101.0) == 130.0


def test_two_chats_punished_at_once_silence_everybody() -> None:
    pacing = Pacing()
    pacing.penalize(7, 30, 100.0)
    pacing.penalize(8, 20, 101.0)
    assert pacing.next_time(9, 101.0) == 121.0


def test_a_penalty_without_a_chat_silences_everybody() -> None:
    pacing = Pacing()
    pacing.penalize(None, 5, 0.0)
    assert pacing.next_time(9, 0.0) == 5.0


def test_what_was_sent_too_early_is_paid_back() -> None:
    pacing = Pacing()
    for _ in range(6):
        pacing.spend(7, 0.0)
    assert pacing.next_time(7, 0.0) == 4.0


def test_ten_thousand_chats_leave_no_more_than_the_bound_behind() -> None:
    pacing = Pacing()
    for chat in range(1, 10_001):
        pacing.spend(chat, chat * 10.0)
    assert len(pacing._chats) <= MAX_CHATS


def test_who_keeps_to_the_pacing_is_never_refused_by_the_server_s_rates() -> None:
    chance = random.Random(7)
    pacing, rates, now = Pacing(), Rates(), 0.0
    rates.on = True
    for _ in range(3000):
        chat = chance.choice([1, 2, 3, 4, 5, 6, -1, -2, *range(100, 140)])
        now = pacing.next_time(chat, now + chance.choice([0.0, 0.0, 0.01, 0.2]))
        pacing.spend(chat, now)
        assert rates.retry_after(chat, now + SMALL) == 0
