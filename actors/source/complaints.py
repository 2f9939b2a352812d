"""Git's and ssh's words of failure, turned into the tree of errors; cleaned before anybody sees them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from actors.errors import AccessDenied, EmptyRepository, HostKeyChanged, NoSuchCommit, SourceError, Unreachable
from actors.source.address import Access, RemoteUrl

_HOST_KEY = ("remote host identification has changed", "host key verification failed")
_DENIED = (
    "authentication failed",
    "could not read username",
    "could not read password",
    "terminal prompts disabled",
    "permission denied",
    "access denied",
    "authorization failed",
    "you do not have permission",
    "returned error: 401",
    "returned error: 403",
    "too many authentication failures",
    "invalid format",  # ssh about a key that is none
    "error in libcrypto",
)
_ABSENT = (
    "repository not found",
    "no such repository",
    "does not appear to be a git repository",
    "project you were looking for could not be found",
    "returned error: 404",
    "returned error: 410",
    "' not found",
    "does not exist",
)
_SILENT = (
    "could not resolve",
    "connection refused",
    "connection reset",
    "connection closed",
    "connection timed out",
    "timed out",
    "unable to access",
    "network is unreachable",
    "no route to host",
    "early eof",
    "rpc failed",
    "the remote end hung up",
    "could not read from remote repository",
    "unexpected disconnect",
    "too slow",
)
_NO_COMMIT = ("not our ref", "unadvertised object", "couldn't find remote ref")
_FULL = ("no space left on device", "disk quota exceeded")
DAMAGE = (
    "not a git repository",
    "is corrupt",
    "corrupt loose object",
    "object file",  # ... is empty
    "bad object",
    "unable to read tree",
    "unable to read sha1 file",
    "unable to read",
    "missing blob",
    "missing tree",
    "missing commit",
    "did not send all necessary objects",
    "invalid sha1 pointer",
    "invalid object",
    "bad sha1",
    "bad ref",
    "bad signature",
    "bad tree object",
    "could not parse object",
    "failed to read object",
    "garbage at end",
    "inflate:",
    "packfile",
    "pack has bad object",
    "index file",
    "bad config line",
    "not a valid object name",
    "unknown repository extension",
)
_TELLING = re.compile(r"^(?:fatal|error|remote|ERROR|ssh|Host key|Permission|git@|.*: Permission denied)", re.I)
_DULL = re.compile(
    r"correct access rights|and the repository exists|^remote: (?:counting|enumerating|compressing|total)", re.I
)
_CREDENTIALS = re.compile(r"://[^/@\s]*@")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MOST = 400


class NoSpaceError(SourceError):
    """The disk is full: neither the server nor the mirror is to blame."""


def clean(text: str, access: Access | None = None) -> str:
    """The tool's words without control characters, without credentials in addresses, without the given secrets."""
    text = _CONTROL.sub("", text.replace("\r", "\n"))
    text = _CREDENTIALS.sub("://", text)
    for secret in _secrets(access):
        text = text.replace(secret, "••••")
    return text


def last_words(text: str, access: Access | None = None) -> str:
    """The lines in which the tool says why it failed, as one line of at most 400 characters."""
    lines = [line.strip() for line in clean(text, access).splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.match(line) and not _DULL.search(line)]
    said = "; ".join(telling[-3:] or lines[-2:])
    return said if len(said) <= _MOST else said[: _MOST - 1] + "…"


def is_damage(text: str) -> bool:
    """Whether the words tell of a mirror that cannot be read any more."""
    return _any(DAMAGE, text.lower())


def is_locked(text: str) -> bool:
    """Whether another git, living or dead, stands in the way: by its lock file, or by having been quicker."""
    low = text.lower()
    return ".lock': file exists" in low or ("cannot lock ref" in low and "but expected" in low)


def classify(text: str, url: RemoteUrl, access: Access | None = None, *, timed_out: bool = False) -> SourceError:
    """The error that the tool's output tells of. Its message ends with the tool's own last words, cleaned."""
    low, words = text.lower(), last_words(text, access)
    said = f": {words}" if words else ""
    if timed_out:
        return Unreachable(f"{url.safe} took too long{said}", "Look at the network, or try again later.", url=url.safe)
    if _any(_HOST_KEY, low):
        return host_key_changed(url)
    if _any(_FULL, low):
        return NoSpaceError(f"no space is left for {url.safe}{said}", "Free some space on the disk.", url=url.safe)
    if _any(_NO_COMMIT, low):
        return NoSuchCommit(f"{url.safe} does not have that commit{said}", url=url.safe)
    if _any(_DENIED, low):
        return denied(url, access, said)
    if _any(_ABSENT, low):
        return absent(url, said)
    if _any(_SILENT, low):
        return Unreachable(f"{url.safe} does not answer{said}", "Look at the address and the network.", url=url.safe)
    return SourceError(f"git failed on {url.safe}{said}", url=url.safe)


def denied(url: RemoteUrl, access: Access | None, said: str = "") -> AccessDenied:
    """The repository wants a token or a key, or another one than it was given."""
    wants = "a deploy key" if url.scheme == "ssh" else "a token"
    if access is not None and (access.token or access.ssh_key):
        return AccessDenied(
            f"{url.safe} does not accept what it was given{said}",
            f"Give {wants} that may read this repository and has not run out.",
            url=url.safe,
        )
    return AccessDenied(f"{url.safe} wants {wants}{said}", f"Give {wants} that may read it.", url=url.safe)


def absent(url: RemoteUrl, said: str = "") -> Unreachable:
    """There is no such repository, or the server says so to those who may not see it."""
    return Unreachable(
        f"there is no repository at {url.safe}{said}",
        "Look at the address; a private repository looks like this without the right token or key.",
        url=url.safe,
    )


def host_key_changed(url: RemoteUrl) -> HostKeyChanged:
    """The server's key is another than the one that was accepted at the first meeting."""
    return HostKeyChanged(
        f"the server of {url.safe} shows another host key than before",
        f"If the server was really changed, remove the line of {url.host} from ssh/known_hosts; else somebody listens.",
        url=url.safe,
        host=url.host,
    )


def empty(url: RemoteUrl) -> EmptyRepository:
    """The repository has no commit yet."""
    return EmptyRepository(f"{url.safe} has no commit yet", "Push a first commit.", url=url.safe)


def _any(words: Iterable[str], low: str) -> bool:
    return any(word in low for word in words)


def _secrets(access: Access | None) -> list[str]:
    return [access.token.reveal()] if access is not None and access.token is not None else []
