"""No secret passes: not quoted, not encoded, not cut in two, not in a URL that nobody told us about."""

from __future__ import annotations

import base64
import itertools
import json
import secrets
import threading
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.redact import MASK, Redactor

SECRET = 'pä/ss "wörd"+&=1'
BOT_TOKEN = "123456789:" + "Aa0_-" * 7


def knowing(*values: str) -> Redactor:
    redactor = Redactor()
    for value in values:
        assert redactor.learn(value)
    return redactor


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(json.dumps(SECRET)),
        repr(SECRET),
        repr(SECRET.encode()),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_known_value_is_masked_in_every_spelling(spelling: str) -> None:
    cleaned = knowing(SECRET).clean(f"before {spelling} after")
    assert MASK in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    assert "wörd" not in cleaned
    assert "w%c3" not in cleaned.lower()
    assert len(cleaned) <= len("before  after") + len(MASK) + 6  # quotes of the spelling may stay


@pytest.mark.parametrize("user", ["a", "ab", "abc", "x-access-token"])
def test_a_value_inside_a_basic_header_is_masked_whatever_stands_before_it(user: str) -> None:
    value = "correct-horse-battery"
    encoded = base64.b64encode(f"{user}:{value}:tail".encode()).decode()
    cleaned = knowing(value).clean(f"header {encoded}")
    kept = cleaned.removeprefix("header ").split(MASK)
    assert len(kept) == 2
    assert value[2:-2] not in "".join(
        base64.b64decode(part + "=" * (-len(part) % 4)).decode("latin-1") for part in kept
    )


def test_text_without_secrets_comes_back_as_it_was() -> None:
    text = "Проект shop: версия 7 собрана за 3.2 с — https://example.com/a?b=c"
    assert knowing(SECRET).clean(text) is text


def test_a_lone_surrogate_is_no_obstacle() -> None:
    assert knowing("secret-value").clean("\udc80 secret-value Ж") == f"\udc80 {MASK} Ж"


def test_short_and_everyday_values_are_not_learnt_and_it_says_so() -> None:
    redactor = Redactor()
    assert [redactor.learn(value) for value in ("", "abc", " ab ", "true", "None", "abcd")] == [False] * 5 + [True]
    assert redactor.clean("abc true None abcd") == f"abc true None {MASK}"


def test_a_forgotten_value_is_shown_again_and_the_others_are_not() -> None:
    redactor = knowing("first-value", "second-value")
    redactor.forget("first-value")
    redactor.forget("never-learnt")
    assert redactor.clean("first-value second-value") == f"first-value {MASK}"


def test_of_two_values_that_overlap_nothing_is_left() -> None:
    assert knowing("abcdef", "defghi").clean("<abcdefghi>") == f"<{MASK}>"
    assert knowing("abcd", "abcdefgh").clean("<abcdefgh>") == f"<{MASK}>"


def test_the_lines_of_a_key_are_masked_one_by_one() -> None:
    lines = [secrets.token_hex(32) for _ in range(3)]
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----\n"])
    cleaned = knowing(key).clean("\r\n".join(f"stdout: {line}" for line in key.splitlines()))
    assert not any(line in cleaned for line in lines)
    assert "BEGIN PRIVATE KEY" in cleaned


def test_a_value_read_from_a_file_is_found_without_its_line_end() -> None:
    assert knowing("token-value\n").clean("got token-value.") == f"got {MASK}."


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("https://user:pass@host/x", f"https://{MASK}@host/x"),
        ("https://user:p@ss@host/x", f"https://{MASK}@host/x"),
        ("https://пользователь:Рароль@host/", f"https://{MASK}@host/"),
        ("https://ghp_abc123@github.com/a/b.git", f"https://{MASK}@github.com/a/b.git"),
        (r"{\"url\": \"https:\/\/u:p@host\/\"}", rf"{{\"url\": \"https:\/\/{MASK}@host\/\"}}"),
        ("socks5://u:p@127.0.0.1:1080", f"socks5://{MASK}@127.0.0.1:1080"),
        ("ssh://git@host/x and git@host:x", "ssh://git@host/x and git@host:x"),
        ("ssh://deploy@host/x", "ssh://deploy@host/x"),
        ("https://host/?a=1&access_token=zzz&b=2", f"https://host/?a=1&access_token={MASK}&b=2"),
        ("https://host/mail?to=a@b.c", "https://host/mail?to=a@b.c"),
        (f"POST /bot{BOT_TOKEN}/getUpdates", f"POST /bot{MASK}/getUpdates"),
        (f"/bot{quote(BOT_TOKEN)}/sendMessage?text=x", f"/bot{MASK}/sendMessage?text=x"),
        (f"the token is {BOT_TOKEN}.", f"the token is {MASK}."),
        ("Authorization: Basic dXNlcjpwYXNz", f"Authorization: Basic {MASK}"),
        ("{'authorization': 'token abcdef0123'}", f"{{'authorization': 'token {MASK}'}}"),
        ("12:34:56 1690000000:short", "12:34:56 1690000000:short"),
    ],
)
def test_credentials_that_nobody_told_us_about_are_masked_where_they_stand(text: str, cleaned: str) -> None:
    assert Redactor().clean(text) == cleaned
    assert Redactor().clean(cleaned) == cleaned
    assert Redactor().clean_bytes(text.encode()) == cleaned.encode()


def test_raw_output_in_any_encoding_passes_unharmed() -> None:
    data = bytes(range(256)) * 3
    assert knowing(SECRET).clean_bytes(data) == data
    stream = knowing(SECRET).stream()
    assert stream.feed(data) + stream.flush() == data


def test_hundreds_of_values_are_all_found() -> None:
    values = [secrets.token_urlsafe(12) for _ in range(300)]
    redactor = knowing(*values)
    cleaned = redactor.clean(" ".join(values))
    assert cleaned == " ".join([MASK] * 300)


@settings(max_examples=150, deadline=None)
@given(
    values=st.lists(
        st.text("ab-Ж\n", min_size=4, max_size=9).filter(lambda value: len(value.strip()) >= 4), max_size=4
    ),
    text=st.text("ab-Ж \n", max_size=80),
    cuts=st.lists(st.integers(0, 160), max_size=12),
)
def test_a_stream_cut_anywhere_says_the_same_as_the_whole(values: list[str], text: str, cuts: list[int]) -> None:
    redactor = knowing(*values)
    data = text.encode()
    borders = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    stream = redactor.stream()
    given_out = b"".join(stream.feed(data[start:end]) for start, end in itertools.pairwise(borders))
    assert given_out + stream.flush() == redactor.clean_bytes(data)


def test_what_a_mask_covers_already_stays_hidden_while_nothing_new_is_certain() -> None:
    stream = knowing('se\ncret"').stream()
    assert stream.feed(b'say se\ncret"xnn') == f"say {MASK}".encode()
    assert stream.feed(b"xn") == b""
    assert stream.flush() == b"xnnxn"


@pytest.mark.parametrize(
    "text",
    [
        "git clone https://user:password@host/x failed\n",
        f"GET /bot{BOT_TOKEN}/getMe HTTP/1.1\n",
        "Authorization: Bearer abcdefghijklmnop next\n",
        "the value is correct-horse-battery, keep it\n",
    ],
)
def test_a_stream_of_single_bytes_hides_credentials_too(text: str) -> None:
    redactor = knowing("correct-horse-battery")
    stream = redactor.stream()
    given_out = b"".join(stream.feed(bytes([byte])) for byte in text.encode()) + stream.flush()
    assert given_out.decode() == redactor.clean(text)
    assert MASK in given_out.decode()


def test_a_finished_line_is_passed_on_at_once() -> None:
    stream = knowing("correct-horse-battery").stream()
    assert stream.feed(b"listening on port 8000\n") == b"listening on port 8000\n"


def test_a_flood_without_line_ends_is_passed_on_and_not_gathered() -> None:
    stream = knowing("aaaa").stream()
    sent = b"x" * 5000
    assert len(stream.feed(sent)) > 3000
    flood = sum(len(stream.feed(b"a" * 1000)) for _ in range(50))
    assert flood < 3000  # one mask for all of it, and what was held back before
    assert len(stream.flush()) < 3000


def test_a_value_learnt_while_output_flows_is_hidden_from_then_on() -> None:
    redactor = Redactor()
    stream = redactor.stream()
    assert stream.feed(b"new-secret \n") == b"new-secret \n"
    redactor.learn("new-secret")
    assert stream.feed(b"new-secret \n") == f"{MASK} \n".encode()


def test_many_threads_learn_and_clean_at_once() -> None:
    redactor = Redactor()
    values = [[f"secret-{worker}-{number}-value" for number in range(40)] for worker in range(4)]
    leaks: list[str] = []

    def work(mine: list[str]) -> None:
        for value in mine:
            redactor.learn(value)
            if value in redactor.clean(f"x {value} y"):
                leaks.append(value)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not leaks
    assert redactor.clean(" ".join(itertools.chain(*values))) == " ".join([MASK] * 160)
