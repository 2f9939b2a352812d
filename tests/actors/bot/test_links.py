"""Links, spans of time and .env lines: what fits into a button, what people type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.bot.dotenv import parse_dotenv
from actors.bot.links import MAX_DATA_BYTES, Link, base36, parse
from actors.bot.spans import parse_span
from actors.errors import BadInterval

ARGS = st.text("abcxyzABCXYZ0123456789_.,-", max_size=24)


@given(st.sampled_from(["M0", "P1s", "A2t"]), st.integers(0, 2**31), ARGS, st.booleans())
def test_a_link_comes_back_as_it_was_sent(screen: str, no: int, arg: str, act: bool) -> None:
    data = Link(screen, no, arg, act).data("abc123")
    assert data.isascii()
    if len(data) <= MAX_DATA_BYTES:
        assert parse(data) == Link(screen, no, arg, act, "abc123" if act else "")


@given(st.text(max_size=80))
def test_whatever_comes_from_a_client_is_a_link_or_nothing(data: str) -> None:
    link = parse(data)
    assert link is None or link.no >= 0


@given(st.integers(0, 2**60))
def test_numbers_keep_their_value(number: int) -> None:
    assert int(base36(number), 36) == number


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), ("45", 45), ("5 мин", 300), ("2 Ч", 7200)],
)
def test_a_span_is_understood_in_both_languages(typed: str, seconds: int) -> None:
    assert parse_span(typed) == seconds


@pytest.mark.parametrize("typed", ["", "soon", "-5m", "1.5h", "8d", "0s", "10x", "9" * 30, "²h"])
def test_what_is_no_span_is_refused(typed: str) -> None:
    with pytest.raises(BadInterval):
        parse_span(typed)


@given(st.text(max_size=400))
def test_any_text_is_read_as_dotenv_without_a_crash(text: str) -> None:
    found, strange = parse_dotenv(text)
    assert strange >= 0
    assert all(name.isidentifier() for name in found)


def test_dotenv_knows_quotes_comments_and_export() -> None:
    text = "export A='x # y'\nB=\"1\\n2\"\n# no\nC=plain # comment\nC=last\nD=\nE==\n"
    assert parse_dotenv(text) == ({"A": "x # y", "B": "1\n2", "C": "last", "D": "", "E": "="}, 0)
