"""How a program that keeps ending is treated."""

from __future__ import annotations

from actors.project.patience import PARK_ENDS, PARK_WITHIN_S, YOUNG_S, Next, Patience


def test_young_version_goes_back_at_its_third_end() -> None:
    patience = Patience()
    said = [patience.ended(now, kept_for=now) for now in (1.0, 2.0, 4.0)]
    assert said == [Next.START_AGAIN, Next.START_AGAIN, Next.GO_BACK]


def test_version_that_was_kept_long_ago_is_started_again_until_it_is_parked() -> None:
    patience = Patience()
    said = [patience.ended(float(now), kept_for=YOUNG_S * 10) for now in range(PARK_ENDS)]
    assert said == [Next.START_AGAIN] * (PARK_ENDS - 1) + [Next.PARK]


def test_ends_that_lie_far_apart_never_park_it() -> None:
    patience = Patience()
    gap = PARK_WITHIN_S / (PARK_ENDS - 2)
    assert all(patience.ended(gap * turn, kept_for=1e9) is Next.START_AGAIN for turn in range(100))


def test_pauses_grow_with_each_end_and_begin_anew_when_it_was_steady() -> None:
    patience = Patience()
    patience.ended(0.0, 1e9)
    first = patience.pause()
    for turn in range(5):
        patience.ended(1000.0 * turn, 1e9)
    assert patience.pause() > first * 4
    patience.steady()
    patience.ended(9999.0, 1e9)
    assert patience.pause() <= 0.5
