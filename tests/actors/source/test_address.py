"""Addresses and branch names: what is taken, what is refused, what is split off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import BadBranch, BadUrl
from actors.source import Access, check_branch, parse, split
from runtime.vault import Secret


@pytest.mark.parametrize(
    ("text", "raw", "scheme", "host", "port", "path"),
    [
        ("https://github.com/me/x.git", "https://github.com/me/x.git", "https", "github.com", None, "/me/x.git"),
        ("https://GitHub.com:443/me/shop/", "https://github.com/me/shop", "https", "github.com", None, "/me/shop"),
        ("http://127.0.0.1:8080/shop", "http://127.0.0.1:8080/shop", "http", "127.0.0.1", 8080, "/shop"),
        ("http://[::1]:8080/shop", "http://[::1]:8080/shop", "http", "::1", 8080, "/shop"),
        ("git@github.com:me/shop.git", "git@github.com:me/shop.git", "ssh", "github.com", None, "me/shop.git"),
        ("host:shop", "host:shop", "ssh", "host", None, "shop"),
        ("ssh://git@host:2222/me/shop", "ssh://git@host:2222/me/shop", "ssh", "host", 2222, "/me/shop"),
        ("git+ssh://git@host/me/shop", "ssh://git@host/me/shop", "ssh", "host", None, "/me/shop"),
        ("/srv/git/my shop.git/", "/srv/git/my shop.git", "file", "", None, "/srv/git/my shop.git"),
        ("file:///srv/git/my%20shop", "/srv/git/my shop", "file", "", None, "/srv/git/my shop"),
        ("  https://host/x  ", "https://host/x", "https", "host", None, "/x"),
    ],
)
def test_an_address_is_taken_apart(text: str, raw: str, scheme: str, host: str, port: int | None, path: str) -> None:
    url = parse(text)
    assert (url.raw, url.scheme, url.host, url.port, url.path) == (raw, scheme, host, port, path)
    assert parse(url.raw) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "ext::sh -c id",
        "ext::/bin/sh",
        "fd::17",
        "--upload-pack=id",
        "-oProxyCommand=id",
        "ssh://-oProxyCommand=id/x",
        "git@-oProxyCommand=id:x",
        "-o@host:x",
        "ssh://git@host/-x",
        "host:-x",
        "git://host/x",
        "ftp://host/x",
        "javascript://host/x",
        "file://other/x",
        "https://",
        "https://host",
        "https://host/",
        "https://host/x?y",
        "https://host/x#y",
        "https://host/a/../b",
        "https://ho st/x",
        "https://host/x\ny",
        "https://host/x%0ay",
        "https://host:port/x",
        "https://host:99999/x",
        "../shop",
        "shop",
        "/srv/../etc",
        "/srv/a\0b",
        "\\\\host\\share x",
        "https://host/" + "x" * 3000,
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadUrl):
        parse(text)


def test_a_token_in_the_address_is_split_off_and_shows_nowhere() -> None:
    url, access = split("https://me:ghp_secret%2Fx@github.com/me/shop.git")
    assert url.raw == url.safe == "https://github.com/me/shop.git"
    assert access.username == "me"
    assert access.token == Secret("ghp_secret/x")
    assert "secret" not in f"{url!r} {access!r}"


def test_a_lone_token_is_known_from_a_lone_user() -> None:
    assert split("https://github_pat_abc@github.com/a/b")[1].token == Secret("github_pat_abc")
    bitbucket = split("https://john@bitbucket.org/a/b")[1]
    assert (bitbucket.token, bitbucket.username) == (None, "john")


def test_an_error_about_an_address_does_not_quote_its_secret() -> None:
    with pytest.raises(BadUrl) as caught:
        parse("https://me:verysecret@host/x?y")
    assert "verysecret" not in f"{caught.value} {caught.value.record()}"


def test_the_same_address_has_the_same_key_however_it_is_written() -> None:
    assert parse("https://HOST:443/x/").key == parse("https://u:p@host/x").key
    assert parse("https://host/x").key != parse("https://host/y").key
    assert len(parse("/srv/x").key) == 16


@pytest.mark.parametrize(
    ("base", "relative", "joined"),
    [
        ("https://host/me/shop.git", "../lib.git", "https://host/me/lib.git"),
        ("https://host:8443/me/shop", "../../you/lib", "https://host:8443/you/lib"),
        ("git@host:me/shop.git", "../lib.git", "git@host:me/lib.git"),
        ("ssh://git@host:22/me/shop", "./lib", "ssh://git@host/me/shop/lib"),
        ("/srv/git/shop.git", "../lib.git", "/srv/git/lib.git"),
    ],
)
def test_a_submodules_relative_address_is_joined(base: str, relative: str, joined: str) -> None:
    assert parse(base).join(relative).raw == joined


def test_a_relative_address_cannot_climb_above_its_host() -> None:
    with pytest.raises(BadUrl):
        parse("git@host:me/shop").join("../../../etc")


def test_secrets_stay_with_the_site_they_are_for() -> None:
    access = Access(token=Secret("t"), proxy="http://proxy:1")
    mine = parse("https://host/a")
    assert access.for_other(mine, parse("https://host/b")) is access
    for other in ("https://evil/b", "http://host/b", "https://host:444/b", "git@host:b"):
        assert access.for_other(mine, parse(other)) == Access(proxy="http://proxy:1")


def test_a_redirect_is_not_followed_to_another_kind_of_address() -> None:
    assert parse("https://host/a").moved("http://host/a") is None
    assert parse("https://host/a").moved("file:///etc") is None
    assert parse("http://host/a").moved("https://host/b") == parse("https://host/b")


@pytest.mark.parametrize("name", ["main", "feature/x-1", "v1.0", "ветка", "a@b", "x.lockx"])
def test_a_branch_name_is_taken(name: str) -> None:
    assert check_branch(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "-x",
            "--upload-pack=id",
            "a..b",
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "/a",
            "a/",
            "a//b",
        ),
        *(".a", "a/.b", "a.lock", "a.lock/b", "a.", "@", "HEAD", "a@{1}", "a\nb", "a\x7f", "refs/heads/a", "x" * 300),
    ],
)
def test_what_is_no_branch_name_is_refused(name: str) -> None:
    with pytest.raises(BadBranch):
        check_branch(name)


@given(st.text(max_size=60))
def test_whatever_is_taken_as_an_address_is_no_option_and_one_line(text: str) -> None:
    try:
        url = parse(text)
    except BadUrl:
        return
    assert not url.raw.startswith("-")
    assert url.raw.isprintable() or url.scheme == "file"
    assert "::" not in url.raw.split("/")[0] or "[" in url.raw
    assert parse(url.raw) == url
