"""Git's pkt-line format and the answers of `ls-refs` and `info/refs`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

FLUSH = b"0000"
DELIMITER = b"0001"
_ID = re.compile(r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")


class WireError(ValueError):
    """The answer is not what git's protocol allows."""


class RefusalError(WireError):
    """The server put its own words of refusal into the answer."""


@dataclass(frozen=True)
class RefList:
    """Names and ids that a server showed. `default` is the branch that HEAD points to, None where it is none."""

    refs: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None

    def branch(self, name: str) -> str | None:
        """The id at the head of the branch."""
        return self.refs.get(f"refs/heads/{name}")

    @property
    def branches(self) -> tuple[str, ...]:
        """The branches' names, the default first."""
        names = sorted(ref.removeprefix("refs/heads/") for ref in self.refs if ref.startswith("refs/heads/"))
        return tuple(sorted(names, key=lambda name: name != self.default))


def packet(text: str) -> bytes:
    """One line of a request."""
    data = text.encode()
    return b"%04x%s" % (len(data) + 4, data)


def ls_refs(prefixes: Iterable[str], object_format: str = "sha1") -> bytes:
    """The body of the version-2 request for the refs with those prefixes."""
    wanted = b"".join(packet(f"ref-prefix {prefix}\n") for prefix in prefixes)
    kind = packet(f"object-format={object_format}\n") if object_format != "sha1" else b""
    return packet("command=ls-refs\n") + kind + DELIMITER + packet("symrefs\n") + wanted + FLUSH


def packets(data: bytes) -> Iterator[bytes | None]:
    """The lines of an answer, without their line breaks; None where a section ends. Raises WireError."""
    at = 0
    while at < len(data):
        try:
            length = int(data[at : at + 4], 16)
        except ValueError:
            raise WireError("not git's protocol") from None
        if length < 4:
            at += 4
            yield None
            continue
        if length == 4 or at + length > len(data):
            raise WireError("the answer was cut short")
        line = data[at + 4 : at + length].rstrip(b"\n")
        if line.startswith(b"ERR "):
            raise RefusalError(line[4:].decode("utf-8", "replace"))
        at += length
        yield line


def read_ls_refs(data: bytes) -> RefList:
    """The answer to `ls_refs`. Raises WireError."""
    if not data.endswith(FLUSH):
        raise WireError("the answer has no end")
    refs: dict[str, str] = {}
    default = None
    for line in packets(data):
        if line is None:
            continue
        name_and_rest = line.decode("utf-8", "surrogateescape").split(" ")
        if len(name_and_rest) < 2 or not _ID.match(name_and_rest[0]):
            continue  # `unborn HEAD ...` and whatever later versions may add
        refs[name_and_rest[1]] = name_and_rest[0]
        if name_and_rest[1] == "HEAD":
            default = _symref_of(name_and_rest[2:]) or default
    return RefList(refs, default)


def _symref_of(attributes: Iterable[str]) -> str | None:
    for attribute in attributes:
        if attribute.startswith("symref-target:refs/heads/"):
            return attribute.removeprefix("symref-target:refs/heads/")
    return None


@dataclass(frozen=True)
class Advertisement:
    """What `info/refs` told: either a version-2 server with its object format, or the refs themselves."""

    version: int
    object_format: str
    refs: RefList


def read_advertisement(data: bytes) -> Advertisement:
    """The answer to `GET info/refs?service=git-upload-pack`. Raises WireError."""
    lines = [line for line in packets(data) if line is not None]
    if lines and lines[0].startswith(b"# service="):
        lines = lines[1:]
    if lines and lines[0] == b"version 2":
        formats = [
            line.removeprefix(b"object-format=").decode() for line in lines if line.startswith(b"object-format=")
        ]
        if not any(line.split(b"=")[0] == b"ls-refs" for line in lines):
            raise WireError("the server does not list its refs")
        return Advertisement(2, formats[0] if formats else "sha1", RefList())
    if lines and lines[0] == b"version 1":
        lines = lines[1:]
    return _read_v0(lines)


def _read_v0(lines: list[bytes]) -> Advertisement:
    refs: dict[str, str] = {}
    default, object_format = None, "sha1"
    for number, line in enumerate(lines):
        text, _, capabilities = line.decode("utf-8", "surrogateescape").partition("\0")
        if number == 0:
            for capability in capabilities.split(" "):
                if capability.startswith("symref=HEAD:refs/heads/"):
                    default = capability.removeprefix("symref=HEAD:refs/heads/")
                if capability.startswith("object-format="):
                    object_format = capability.removeprefix("object-format=")
        sha, _, name = text.partition(" ")
        if not _ID.match(sha) or not name:
            raise WireError("not git's protocol")
        if name != "capabilities^{}" and not name.endswith("^{}"):
            refs[name] = sha
    if default is None and "HEAD" in refs:
        default = _guess(refs)
    return Advertisement(0, object_format, RefList(refs, default))


def _guess(refs: Mapping[str, str]) -> str | None:
    """Very old servers do not say what HEAD points to: the well-known names first, as git itself does."""
    same = sorted(
        name.removeprefix("refs/heads/")
        for name, sha in refs.items()
        if sha == refs["HEAD"] and name.startswith("refs/heads/")
    )
    for known in ("main", "master"):
        if known in same:
            return known
    return same[0] if same else None


def read_ls_remote(text: str) -> RefList:
    """The lines of `git ls-remote --symref`; lines that are something else (warnings) are passed over."""
    refs: dict[str, str] = {}
    default = None
    for line in text.splitlines():
        left, _, name = line.partition("\t")
        if left.startswith("ref: refs/heads/") and name == "HEAD":
            default = left.removeprefix("ref: refs/heads/")
        elif _ID.match(left) and name and not name.endswith("^{}"):
            refs[name] = left
    return RefList(refs, default)
