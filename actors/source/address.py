"""Repository addresses and branch names: what is given by people, checked and taken apart. Pure.

Only https, http, ssh (also as `user@host:path`), absolute local paths and file:// are taken. Whatever could be read as
an option, as a remote helper (`ext::`) or as two lines is refused here, so that nothing below has to wonder.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from actors.errors import BadBranch, BadUrl
from runtime.vault import Secret

_PORTS = {"https": 443, "http": 80, "ssh": 22}
_SCP = re.compile(r"^(?:(?P<user>[A-Za-z0-9._-]+)@)?(?P<host>[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\]):(?P<path>[^:].*)$")
_HOST = re.compile(r"^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$")
_USER = re.compile(r"^[A-Za-z0-9._][A-Za-z0-9._-]*$")
_TOKEN = re.compile(r"^(?:gh[pousr]_|github_pat_|glpat-|gldt-|[A-Za-z0-9_-]{32,}$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TAKEN = "Use https://..., http://..., ssh://..., user@host:path, or an absolute path on this machine."
_MOST = 2048


@dataclass(frozen=True)
class RemoteUrl:
    """Where a repository is, without credentials: safe to store, to print and to put on a command line.

    `scheme` is https, http, ssh or file. `host` is lower case and empty for a file, `port` None where it is the
    scheme's own. `path` is as the server is to be asked for it, with its leading `/` (scp form: as it was given).
    `user` is the login of an ssh address; it is part of the address, not a secret.
    """

    raw: str
    scheme: str
    host: str
    port: int | None
    path: str
    user: str | None = None

    @property
    def key(self) -> str:
        """16 hex digits that stay the same for the same address: the name of its mirror's directory."""
        return hashlib.sha256(self.raw.encode()).hexdigest()[:16]

    @property
    def safe(self) -> str:
        """The address as people may read it."""
        return self.raw

    @property
    def site(self) -> str:
        """Scheme, host and port: those who share it share limits, connections and credentials."""
        return f"{self.scheme}://{self.host}:{self.port or _PORTS.get(self.scheme, 0)}"

    @property
    def netloc(self) -> str:
        """The host, and the port where it is not the scheme's own, as git names them in its prompts."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def join(self, relative: str) -> RemoteUrl:
        """The address that a submodule's `./x` or `../x` means from here; raises BadUrl when it climbs too high."""
        base = self.path.rstrip("/")
        joined = posixpath.normpath(posixpath.join(base, relative))
        if joined in (".", "/", "..") or joined.startswith("../"):
            raise BadUrl(f"{relative} leads out of {self.safe}", url=self.safe)
        if self.scheme == "file":
            return parse(joined)
        if not self.path.startswith("/"):
            return parse(f"{self.user + '@' if self.user else ''}{self.netloc}:{joined}")
        user = f"{self.user}@" if self.user else ""
        return parse(f"{self.scheme}://{user}{self.netloc}{joined}")

    def moved(self, location: str) -> RemoteUrl | None:
        """Where a redirect leads, if it may be followed: http(s) only, and never from https to http."""
        try:
            there = parse(location)
        except BadUrl:
            return None
        if there.scheme not in ("https", "http") or (self.scheme == "https" and there.scheme != "https"):
            return None
        return there


@dataclass(frozen=True)
class Access:
    """What opens a private repository. `username` goes with `token`; `proxy` is an http or socks5 proxy's URL."""

    token: Secret | None = None
    username: str | None = None
    ssh_key: Secret | None = None
    proxy: str | None = None

    @property
    def digest(self) -> str:
        """A fingerprint that tells two ways in apart; it does not tell what they are. Empty for none."""
        parts = (
            self.token.reveal() if self.token else "",
            self.username or "",
            self.ssh_key.reveal() if self.ssh_key else "",
            self.proxy or "",
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32] if any(parts) else ""

    def login(self, url: RemoteUrl) -> tuple[str, str] | None:
        """User name and password for http(s), None without a token. Hosts that care want a name of their own."""
        if self.token is None or url.scheme not in ("https", "http"):
            return None
        default = "x-token-auth" if url.host == "bitbucket.org" else "x-access-token"
        return self.username or default, self.token.reveal()

    def for_other(self, mine: RemoteUrl, other: RemoteUrl) -> Access:
        """What may be shown to `other`, which `mine` refers to: secrets stay with the site that they are for."""
        return self if mine.site == other.site else Access(proxy=self.proxy)


def parse(url: str) -> RemoteUrl:
    """The address in its parts. Credentials in it are left out (see `split`). Raises BadUrl."""
    return split(url)[0]


def split(url: str) -> tuple[RemoteUrl, Access]:
    """The address, and the `user:token@` that stood in it as an Access. Raises BadUrl, never quoting a secret."""
    text = url.strip()
    if not text:
        raise _bad("the repository's address is empty")
    if len(text) > _MOST:
        raise _bad(f"the repository's address is longer than {_MOST} characters")
    if _CONTROL.search(text):
        raise _bad("the repository's address holds line breaks or other control characters")
    if text.startswith("-"):
        raise _bad("a repository's address does not start with -")
    if "::" in text.split("/", 1)[0] and not text.startswith("["):
        raise _bad("an address with :: starts a helper program of git; that is not allowed")
    if Path(text).is_absolute() and not text.startswith(("\\\\", "//")):  # no path to another machine
        return _local(text), Access()
    if " " in text or "\\" in text:
        raise _bad("the repository's address holds a space or a backslash")
    if "://" in text:
        return _with_scheme(text)
    found = _SCP.match(text)
    if found is None:
        raise _bad("that is not a repository's address")
    return _scp(found["user"], found["host"].strip("[]"), found["path"]), Access()


def check_branch(name: str) -> str:
    """The branch's name, if git takes it as one; raises BadBranch. The rules of `git check-ref-format --branch`."""
    text = name.strip()
    wrong = (
        not text
        or len(text.encode()) > 240
        or text.startswith(("-", "/", "refs/"))
        or text.endswith(("/", "."))
        or text in ("@", "HEAD")
        or any(bad in text for bad in ("..", "//", "@{", "\\"))
        or re.search(r"[\x00-\x20\x7f-\x9f~^:?*\[]", text) is not None
        or any(part.startswith(".") or part.endswith(".lock") for part in text.split("/"))
    )
    if wrong:
        shown = "".join(c if c.isprintable() else "?" for c in text)[:80]
        raise BadBranch(f"{shown!r} is not a branch's name", "Give it as `git branch` shows it.", branch=shown)
    return text


def _bad(reason: str) -> BadUrl:
    return BadUrl(reason, _TAKEN)


def _with_scheme(text: str) -> tuple[RemoteUrl, Access]:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _bad("that is not a repository's address") from None
    scheme = {"git+ssh": "ssh", "ssh+git": "ssh"}.get(parts.scheme, parts.scheme)
    if scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise _bad("a file:// address names no other machine")
        return _local(unquote(parts.path)), Access()
    if scheme not in _PORTS:
        raise _bad(f"{scheme}:// is not used for repositories here")
    if parts.query or parts.fragment:
        raise _bad("a repository's address has no ? and no #")
    host = (parts.hostname or "").lower()
    if not _HOST.match(host):
        raise _bad("the address names no host")
    path = re.sub(r"/+$", "", parts.path)
    if not path or ".." in path.split("/") or _CONTROL.search(unquote(path)):
        raise _bad("the address names a host but no repository on it")
    port = None if port == _PORTS[scheme] else port
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    if scheme == "ssh":
        return _ssh(host, port, path, user), Access()
    shown_host = f"[{host}]" if ":" in host else host
    raw = f"{scheme}://{shown_host}{'' if port is None else f':{port}'}{path}"
    return RemoteUrl(raw, scheme, host, port, path), _login(user, password)


def _login(user: str | None, password: str | None) -> Access:
    """`user:token@`, or a lone token before the @; a lone user name is kept for the token that may come."""
    if password and password != "x-oauth-basic":  # noqa: S105 - the word that stands where no password is
        return Access(token=Secret(password), username=user or None)
    if user and _TOKEN.match(user):
        return Access(token=Secret(user))
    return Access(username=user or None)


def _ssh(host: str, port: int | None, path: str, user: str | None) -> RemoteUrl:
    if user is not None and not _USER.match(user):
        raise _bad("the user in the address holds odd characters")
    if path.startswith("/-"):
        raise _bad("a repository's path does not start with -")
    shown_host = f"[{host}]" if ":" in host else host
    raw = f"ssh://{user + '@' if user else ''}{shown_host}{'' if port is None else f':{port}'}{path}"
    return RemoteUrl(raw, "ssh", host, port, path, user)


def _scp(user: str | None, host: str, path: str) -> RemoteUrl:
    if not _HOST.match(host) or (user is not None and not _USER.match(user)):
        raise _bad("that is not a repository's address")
    if path.startswith("-"):
        raise _bad("a repository's path does not start with -")
    path = path.rstrip("/") or "/"
    host = host.lower()
    shown_host = f"[{host}]" if ":" in host else host
    return RemoteUrl(f"{user + '@' if user else ''}{shown_host}:{path}", "ssh", host, None, path, user)


def _local(text: str) -> RemoteUrl:
    if _CONTROL.search(text):
        raise _bad("the repository's path holds control characters")
    clean = text.rstrip("/") or "/"
    if ".." in re.split(r"[/\\]", clean):
        raise _bad("a repository's path goes straight, without ..")
    return RemoteUrl(clean, "file", "", None, clean)
