"""What an environment is made of, the inputs of its hash: requirements with their includes, or pyproject.toml.

Local requirements (`.`, `-e .`, `./lib`) are installed from a copy of the release and never as editable: a release does
not change, and an environment must not lead into a directory that may be cleaned away. The content of the whole
release then goes into the hash, so such an environment is shared only by releases with the same files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from actors.artifacts.manifest import BYTECODE, VENV
from actors.errors import BuildError

REQUIREMENTS = "requirements.txt"
PYPROJECT = "pyproject.toml"
LOCK = "uv.lock"
MAX_FILE_BYTES = 4 * 1024 * 1024
_COMMENT = re.compile(r"(^|\s+)#.*$")
_INCLUDE = re.compile(r"^(?:-r|-c|--requirement|--constraint)(?:\s+|=|(?<=-[rc]))(?P<file>\S.*)$")
_EDITABLE = re.compile(r"^(?:-e|--editable)(?:\s+|=)(?P<what>\S.*)$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_REMOTE = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_FILE_URL = re.compile(r"^(?:[A-Za-z0-9._-]+(?:\[[^]]*\])?\s*@\s*)?file:")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


class Source(Enum):
    """Which file says what is needed."""

    REQUIREMENTS = "requirements.txt"
    LOCKED = "uv.lock"
    DEPENDENCIES = "the dependencies in pyproject.toml"
    PACKAGE = "the package in pyproject.toml"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Needs:
    """What a release asks for. `inputs` is all that the environment's content depends on, line by line, no secrets.

    `local`: it installs from the release's own files. `variables` are named as `${NAME}` in the requirements.
    """

    source: Source
    inputs: tuple[str, ...]
    local: bool = False
    variables: frozenset[str] = frozenset()


def read_needs(release: Path) -> Needs:
    """What this release asks for; raises BuildError when a file cannot be read or leads out of the release."""
    if (release / REQUIREMENTS).is_file():
        return _from_requirements(release)
    if (release / PYPROJECT).is_file():
        return _from_pyproject(release)
    return Needs(Source.NOTHING, ())


def without_credentials(text: str) -> str:
    """The text with user names, passwords and tokens taken out of its URLs."""
    return _CREDENTIALS.sub("", text)


def logical_lines(text: str) -> Iterator[str]:
    """The lines of a requirements file as pip reads them: joined at a backslash, without comments and blanks."""
    joined = ""
    for line in text.splitlines():
        comment = bool(re.match(r"\s*#", line))
        if line.endswith("\\") and not comment:
            joined += line[:-1]
            continue
        whole = _COMMENT.sub("", joined + ("" if comment else line)).strip()
        joined = ""
        if whole:
            yield whole
    if joined.strip():
        yield _COMMENT.sub("", joined).strip()


def _from_requirements(release: Path) -> Needs:
    inputs: list[str] = []
    local = False
    for name, lines in _included(release):
        for line in lines:
            inputs.append(f"{name}: {without_credentials(line)}")
            local = local or is_local(line) or _EDITABLE.match(line) is not None
    inputs.extend(_uv_settings(release))
    if local:
        inputs.extend(_content(release))
    named = frozenset(name for line in inputs for name in _VARIABLE.findall(line))
    return Needs(Source.REQUIREMENTS, tuple(inputs), local, named)


def _included(release: Path) -> Iterator[tuple[str, list[str]]]:
    """Every requirements and constraints file with its lines, once each; what lies at a URL is named only."""
    waiting, seen = [release / REQUIREMENTS], set[Path]()
    while waiting:
        file = waiting.pop(0)
        inside = _inside(release, file)
        if inside in seen:
            continue
        seen.add(inside)
        lines = list(logical_lines(_text(release, inside)))
        for line in lines:
            match = _INCLUDE.match(line)
            if match and not _REMOTE.match(match["file"]):
                waiting.append(file.parent / match["file"].strip().strip("\"'"))
        yield inside.relative_to(os.path.realpath(release)).as_posix(), lines


def _inside(release: Path, file: Path) -> Path:
    real, root = Path(os.path.realpath(file)), Path(os.path.realpath(release))
    if root not in real.parents:
        shown = os.path.relpath(os.path.normpath(file), release)
        raise BuildError(
            f"the requirements refer to {shown}, which is outside of the release",
            "Keep included requirements inside the repository (and inside the project's sub-folder).",
            output=f"{shown}: outside of the release",
        )
    return real


def _text(release: Path, file: Path) -> str:
    shown = os.path.relpath(file, os.path.realpath(release))
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise BuildError(f"{shown} is larger than {MAX_FILE_BYTES} bytes", output=f"{shown}: too large")
        data = file.read_bytes()
    except OSError as error:
        reason = f"{shown}: {error.strerror}"
        raise BuildError(f"the requirements cannot be read: {reason}", output=reason) from error
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):  # as PowerShell's `>` writes it
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def is_local(line: str) -> bool:
    """Whether a logical line installs from a path, or names files to install from."""
    match = _EDITABLE.match(line)
    what = (match["what"] if match else line).strip().strip("\"'")
    if _FILE_URL.match(what):
        return True
    if match is None and what.startswith("-"):
        return bool(re.match(r"^(-f|--find-links)[\s=]", what)) and "://" not in what
    if "://" in what:
        return False
    path = what.split(";")[0].strip()
    path = re.sub(r"\[[^]]*\]$", "", path)
    return path.startswith((".", "/", "~")) or "/" in path or "\\" in path or path.endswith((".whl", ".tar.gz", ".zip"))


def without_editable(text: str) -> str:
    """A requirements file in which editable requirements are plain ones; other lines are untouched."""

    def plain(line: str) -> str:
        match = _EDITABLE.match(line.strip())
        return match["what"] if match else line

    return "\n".join(plain(line) for line in text.splitlines()) + "\n"


def _from_pyproject(release: Path) -> Needs:
    text = _text(release, _inside(release, release / PYPROJECT))
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BuildError(f"{PYPROJECT} cannot be read: {error}", output=f"{PYPROJECT}: {error}") from error
    inputs = [f"{PYPROJECT}: {without_credentials(line)}" for line in text.splitlines()]
    project, tool = content.get("project"), content.get("tool", {})
    settings = tool.get("uv", {}) if isinstance(tool, dict) else {}
    package = settings.get("package", "build-system" in content) if isinstance(settings, dict) else False
    if package and ("build-system" in content or project is not None):
        return Needs(Source.PACKAGE, (*inputs, *_content(release)), local=True)
    if not isinstance(project, dict):
        return Needs(Source.NOTHING, ())
    if (release / LOCK).is_file():
        lock = _text(release, _inside(release, release / LOCK))
        return Needs(Source.LOCKED, (*inputs, *(f"{LOCK}: {without_credentials(line)}" for line in lock.splitlines())))
    return Needs(Source.DEPENDENCIES, tuple(inputs))


def _uv_settings(release: Path) -> list[str]:
    """What uv finds beside the requirements: its own file, and its table in pyproject.toml."""
    found: list[str] = []
    if (release / "uv.toml").is_file():
        lines = _text(release, _inside(release, release / "uv.toml")).splitlines()
        found.extend(f"uv.toml: {without_credentials(line)}" for line in lines)
    if (release / PYPROJECT).is_file():
        with contextlib.suppress(tomllib.TOMLDecodeError):  # not what is installed from: the tool may say more of it
            tool = tomllib.loads(_text(release, _inside(release, release / PYPROJECT))).get("tool", {})
            if isinstance(tool, dict) and "uv" in tool:
                found.append(f"tool.uv: {without_credentials(json.dumps(tool['uv'], sort_keys=True, default=str))}")
    return found


def _content(release: Path) -> list[str]:
    """One line a file of the release, with the hash of its content: what a build of it may depend on."""
    found: list[str] = []
    for base, folders, files in os.walk(release):
        top = Path(base) == release
        folders[:] = sorted(name for name in folders if name != BYTECODE and not (top and name == VENV))
        for name in sorted(files):
            path = Path(base, name)
            shown = path.relative_to(release).as_posix()
            if path.is_symlink():
                found.append(f"{shown} -> {os.readlink(path)}")
            elif path.is_file():
                with open(path, "rb") as opened:
                    found.append(f"{shown} {hashlib.file_digest(opened, 'sha256').hexdigest()}")
    return found


def shown(argv: tuple[str, ...]) -> str:
    """A command as a person would type it, without credentials."""
    return without_credentials(shlex.join(argv))
