"""Environment to frozen Settings, checked.

Every variable `X` may instead be given as `X_FILE`, the path of a file that holds the value. Empty counts as not given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import urlsplit

from actors.errors import BadSetting
from runtime.errors import BadKey

if TYPE_CHECKING:
    from runtime.vault import Secret

PREFIX = "VANKA_"
MAX_FILE_BYTES = 64 * 1024
DEFAULT_HTTP = "127.0.0.1:8787"
MAX_PORT = 65535
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")

Language = Literal["ru", "en"]
LogMode = Literal["console", "json"]
Installer = Literal["uv", "pip"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the service was started with. `http` None: no HTTP server; `language` None: the reader's own, else Russian.

    `telegram_api` None: Telegram's own server.
    """

    home: Path
    telegram_token: Secret | None = None
    admins: tuple[int, ...] = ()
    telegram_api: str | None = None
    telegram_proxy: str | None = None
    secret_key: Secret | None = None
    language: Language | None = None
    http: tuple[str, int] | None = ("127.0.0.1", 8787)
    log: LogMode = "json"
    installer: Installer = "uv"


def read(environ: Mapping[str, str], *, terminal: bool = False) -> Settings:
    """The settings of this environment; raises BadSetting naming the first variable that cannot be used.

    `terminal` tells whether a person reads the log: it decides VANKA_LOG where that is not given. Nothing is created.
    """
    return Settings(
        home=home(environ),
        telegram_token=_secret("TELEGRAM_TOKEN", _telegram_token(_value(environ, "TELEGRAM_TOKEN"))),
        admins=_admins(_value(environ, "ADMIN")),
        telegram_api=_url("TELEGRAM_API", _value(environ, "TELEGRAM_API"), ("http", "https")),
        telegram_proxy=_url(
            "TELEGRAM_PROXY", _value(environ, "TELEGRAM_PROXY"), ("http", "https", "socks5", "socks5h")
        ),
        secret_key=_secret_key(_value(environ, "SECRET_KEY")),
        language=cast("Language | None", _choice("LANGUAGE", _value(environ, "LANGUAGE"), ("ru", "en"))),
        http=_http(_value(environ, "HTTP") or DEFAULT_HTTP),
        log=cast(
            "LogMode",
            _choice("LOG", _value(environ, "LOG"), ("console", "json")) or ("console" if terminal else "json"),
        ),
        installer=cast("Installer", _choice("INSTALLER", _value(environ, "INSTALLER"), ("uv", "pip")) or "uv"),
    )


def home(environ: Mapping[str, str]) -> Path:
    """The state directory, absolute; all that a client of the running service needs. Raises BadSetting."""
    given = _value(environ, "HOME")
    if given is None:
        # here and not above: a client that was told its home need not load what looks for it
        from runtime.host import data_dir

        return data_dir()
    if "\0" in given:
        raise _bad("HOME", "has a NUL character in it")
    try:
        path = Path(given).expanduser().absolute()
    except RuntimeError as error:
        raise _bad("HOME", f"{given!r} names a home directory that is not known") from error
    try:
        wrong = path.exists() and not path.is_dir()
    except OSError as error:
        raise _bad("HOME", f"cannot be used: {path}: {error.strerror or error}") from error
    if wrong:
        raise _bad("HOME", f"{path} is not a directory")
    if path == Path(path.anchor):
        raise _bad("HOME", "cannot be the root of the file system", "Give a directory of Vanka's own.")
    return path


def _bad(name: str, what: str, hint: str = "") -> BadSetting:
    return BadSetting(f"{PREFIX}{name} {what}", hint, variable=PREFIX + name)


def _value(environ: Mapping[str, str], name: str) -> str | None:
    """The variable's value, or what the file named by its `_FILE` twin holds; None when neither is given."""
    direct = environ.get(PREFIX + name, "").strip()
    file_name = environ.get(f"{PREFIX}{name}_FILE", "").strip()
    if direct and file_name:
        raise _bad(name, f"and {PREFIX}{name}_FILE are both given", "Keep one of them.")
    if not file_name:
        return direct or None
    try:
        with open(file_name, "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise _bad(f"{name}_FILE", f"cannot be read: {file_name}: {reason}") from error
    if len(content) > MAX_FILE_BYTES:
        raise _bad(f"{name}_FILE", f"names a file of more than {MAX_FILE_BYTES // 1024} KB: {file_name}")
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise _bad(f"{name}_FILE", f"names a file that is not UTF-8 text: {file_name}") from error
    return text or None  # as an empty variable: not given


def _secret(name: str, value: str | None) -> Secret | None:
    if value is None:
        return None
    if any(ord(letter) < ord(" ") for letter in value):
        raise _bad(name, "holds more than one line")
    # here and not above: it loads cryptography, which a client of the running service never needs
    from runtime.vault import Secret

    return Secret(value)


def _secret_key(value: str | None) -> Secret | None:
    """The keys as they were given, tried once: a service that cannot use them must say so before it starts."""
    key = _secret("SECRET_KEY", value)
    if key is not None:
        # here for the same reason as above
        from runtime.vault import Secret, Vault

        try:
            Vault([Secret(part.strip()) for part in key.reveal().split(",") if part.strip()])
        except BadKey as error:
            raise _bad("SECRET_KEY", "cannot be used", error.hint) from error
    return key


def _telegram_token(value: str | None) -> str | None:
    if value is not None and not _TOKEN.fullmatch(value):
        raise _bad("TELEGRAM_TOKEN", "is not a bot's token", "It looks like 123456:ABC-DEF and comes from @BotFather.")
    return value


def _admins(value: str | None) -> tuple[int, ...]:
    """Chat ids in the order given, each once."""
    if value is None:
        return ()
    ids: dict[int, None] = {}
    for part in filter(None, (part.strip() for part in value.split(","))):
        if not re.fullmatch(r"-?[0-9]{1,18}", part) or not int(part):
            raise _bad("ADMIN", f"holds {part!r}, which is not a chat id", "Give numbers, separated by commas.")
        ids[int(part)] = None
    return tuple(ids)


def _choice(name: str, value: str | None, choices: tuple[str, ...]) -> str | None:
    if value is None or value.lower() in choices:
        return value and value.lower()
    raise _bad(name, f"is {value!r}", f"It can be {' or '.join(choices)}.")


def _url(name: str, value: str | None, schemes: tuple[str, ...]) -> str | None:
    """The URL without a slash at its end. The value is not repeated in the error: a proxy's may hold a password."""
    if value is None:
        return None
    hint = f"It looks like {schemes[0]}://host:port."
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise _bad(name, "is not a URL", hint) from error
    if parts.scheme not in schemes or not parts.hostname or port == 0 or re.search(r"\s", value):
        raise _bad(name, f"is not a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}", hint)
    return value.rstrip("/")


def _http(value: str) -> tuple[str, int] | None:
    """(host, port), or None for `off`. Port 0 lets the system choose."""
    if value.lower() == "off":
        return None
    host, colon, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if (
        not colon
        or not host
        or re.search(r"[\s/@]", host)
        or not re.fullmatch(r"[0-9]{1,5}", port)
        or int(port) > MAX_PORT
    ):
        raise _bad("HTTP", f"is {value!r}", f"It looks like {DEFAULT_HTTP}, or is off.")
    return host, int(port)
