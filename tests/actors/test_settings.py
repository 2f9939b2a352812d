"""The service's own environment variables: what they mean, and what is said about a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors import settings
from actors.errors import BadSetting

TOKEN = "123456:AAE-abc_DEF"
KEYS = f"{'ab' * 32},{'cd' * 32}"


def test_nothing_given_means_the_documented_defaults(tmp_path: Path) -> None:
    read = settings.read({"VANKA_HOME": str(tmp_path)})
    assert read.home == tmp_path
    assert read.telegram_token is None
    assert read.admins == ()
    assert read.secret_key is None
    assert read.language is None
    assert read.http == ("127.0.0.1", 8787)
    assert read.log == "json"
    assert read.installer == "uv"


def test_on_a_terminal_the_log_is_for_people() -> None:
    assert settings.read({"VANKA_HOME": "/srv/vanka"}, terminal=True).log == "console"
    assert settings.read({"VANKA_HOME": "/srv/vanka", "VANKA_LOG": "json"}, terminal=True).log == "json"


def test_everything_can_be_given() -> None:
    read = settings.read(
        {
            "VANKA_HOME": "/srv/vanka",
            "VANKA_TELEGRAM_TOKEN": TOKEN,
            "VANKA_ADMIN": "42, -100123,42",
            "VANKA_TELEGRAM_API": "http://127.0.0.1:8081/",
            "VANKA_TELEGRAM_PROXY": "socks5://me:secret@10.0.0.1:1080",
            "VANKA_SECRET_KEY": KEYS,
            "VANKA_LANGUAGE": "EN",
            "VANKA_HTTP": "[::1]:9000",
            "VANKA_INSTALLER": "pip",
        }
    )
    assert read.telegram_token is not None
    assert read.telegram_token.reveal() == TOKEN
    assert read.admins == (42, -100123)
    assert read.telegram_api == "http://127.0.0.1:8081"
    assert read.secret_key is not None
    assert read.secret_key.reveal() == KEYS
    assert read.language == "en"
    assert read.http == ("::1", 9000)
    assert read.installer == "pip"


def test_the_http_server_can_be_off() -> None:
    assert settings.read({"VANKA_HOME": "/srv/vanka", "VANKA_HTTP": "off"}).http is None


def test_an_empty_variable_counts_as_not_given() -> None:
    assert settings.read({"VANKA_HOME": "/srv/vanka", "VANKA_TELEGRAM_TOKEN": " "}).telegram_token is None


def test_a_value_can_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    read = settings.read({"VANKA_HOME": str(tmp_path), "VANKA_TELEGRAM_TOKEN_FILE": str(tmp_path / "token")})
    assert read.telegram_token is not None
    assert read.telegram_token.reveal() == TOKEN


def test_value_and_file_together_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "admin").write_text("42")
    with pytest.raises(BadSetting, match="VANKA_ADMIN and VANKA_ADMIN_FILE are both given"):
        settings.read({"VANKA_HOME": "/srv/v", "VANKA_ADMIN": "1", "VANKA_ADMIN_FILE": str(tmp_path / "admin")})


def test_an_empty_file_counts_as_not_given(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    read = settings.read({"VANKA_HOME": "/srv/v", "VANKA_TELEGRAM_TOKEN_FILE": str(tmp_path / "empty")})
    assert read.telegram_token is None


def test_a_missing_and_a_binary_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("missing", "binary", "nul\0nul"):
        with pytest.raises(BadSetting, match="VANKA_ADMIN_FILE"):
            settings.read({"VANKA_HOME": "/srv/v", "VANKA_ADMIN_FILE": str(tmp_path / name)})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VANKA_HOME", "/"),
        ("VANKA_HOME", "/a\0b"),
        ("VANKA_TELEGRAM_TOKEN", "not a token"),
        ("VANKA_ADMIN", "42,me"),
        ("VANKA_ADMIN", "0"),
        ("VANKA_TELEGRAM_API", "ftp://host"),
        ("VANKA_TELEGRAM_API", "http://host:99999"),
        ("VANKA_TELEGRAM_PROXY", "10.0.0.1:1080"),
        ("VANKA_SECRET_KEY", "one\ntwo"),
        ("VANKA_SECRET_KEY", "short"),
        ("VANKA_SECRET_KEY", ","),
        ("VANKA_LANGUAGE", "de"),
        ("VANKA_HTTP", "8787"),
        ("VANKA_HTTP", "127.0.0.1:70000"),
        ("VANKA_HTTP", "http://127.0.0.1:80"),
        ("VANKA_LOG", "xml"),
        ("VANKA_INSTALLER", "conda"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_variable(variable: str, value: str) -> None:
    with pytest.raises(BadSetting) as raised:
        settings.read({"VANKA_HOME": "/srv/vanka", variable: value})
    assert variable in raised.value.message
    assert "\n" not in raised.value.message
    assert raised.value.exit_code == 2


def test_a_secret_is_never_repeated_in_the_error() -> None:
    for variable in ("VANKA_TELEGRAM_TOKEN", "VANKA_TELEGRAM_PROXY"):
        with pytest.raises(BadSetting) as raised:
            settings.read({"VANKA_HOME": "/srv/vanka", variable: "hunter2 hunter2"})
        assert "hunter2" not in raised.value.message + raised.value.hint


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match="VANKA_HOME"):
        settings.home({"VANKA_HOME": str(tmp_path / "file")})
