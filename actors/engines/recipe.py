"""What an image is made from: the project's own Dockerfile, or the standard Python recipe where it has none."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import stat
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from actors.artifacts.installer import Uv
from actors.artifacts.interpreter import Interpreter
from actors.artifacts.making import find_uv
from actors.artifacts.manifest import BYTECODE, VENV
from actors.artifacts.requirements import LOCK, PYPROJECT, REQUIREMENTS, Needs, Source, read_needs
from actors.engines.docker_sdk import wanted_files
from actors.errors import BuildError
from runtime.errors import ShellError
from runtime.shell import Cancel, Command, run

DOCKERFILE = "Dockerfile"
IGNORE = ".dockerignore"
OURS = ".vanka.Dockerfile"
LISTED = ".vanka-requirements.txt"
WORKDIR = "/app"
EXPORT_S = 120.0
SPOOL_BYTES = 8 * 1024 * 1024
_INCLUDES = re.compile(r"requirements\.txt: (-r|-c|--requirement|--constraint)\b")
_INSTALL = "pip install --no-cache-dir"


@dataclass(frozen=True)
class Recipe:
    """`dockerfile` is a name in the archive; `added` are files that the archive holds beside the project's own."""

    dockerfile: str
    standard: bool
    added: Mapping[str, bytes] = field(default_factory=dict)


def recipe_for(directory: Path, main: str, cancel: Cancel) -> Recipe:
    """How the files in that directory become an image; raises BuildError."""
    own = directory / DOCKERFILE
    if own.is_file():
        return Recipe(OURS, standard=False, added={OURS: own.read_bytes()})
    if not (directory / main).is_file():
        raise BuildError(
            f"there is neither a {DOCKERFILE} nor {main} in the repository",
            "Add one of them, or name another main file with --main.",
            main=main,
        )
    needs = read_needs(directory)
    listed = _listed(directory, needs, cancel)
    added = {OURS: _text(needs).encode()} | ({LISTED: listed} if listed is not None else {})
    return Recipe(OURS, standard=True, added=added)


def base_image() -> str:
    """The official small image of the Python that the service itself runs on."""
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


def _text(needs: Needs) -> str:
    """What is needed is installed before the files come, where that can be: a change of code then installs nothing.

    As few steps as can be, for each costs its time at each build, also one that is taken from the cache. Directory,
    command and variables are given to the container (`actors.engines.container_spec`).
    """
    lines = [f"FROM {base_image()}"]
    files = f"COPY . {WORKDIR}/"
    included = any(_INCLUDES.match(line) for line in needs.inputs)
    match needs.source:
        case Source.NOTHING:
            lines += [files]
        case Source.REQUIREMENTS if not needs.local and not included:
            lines += [f"COPY {REQUIREMENTS} /tmp/", f"RUN {_INSTALL} -r /tmp/{REQUIREMENTS}", files]
        case Source.REQUIREMENTS:
            lines += [files, f"RUN cd {WORKDIR} && {_INSTALL} -r {REQUIREMENTS}"]
        case Source.DEPENDENCIES | Source.LOCKED:
            lines += [f"COPY {LISTED} /tmp/{REQUIREMENTS}", f"RUN {_INSTALL} -r /tmp/{REQUIREMENTS}", files]
        case Source.PACKAGE:
            lines += [files, f"RUN cd {WORKDIR} && {_INSTALL} ."]
    return "\n".join(lines) + "\n"


def _listed(directory: Path, needs: Needs, cancel: Cancel) -> bytes | None:
    """The requirements that stand in no file of their own: what the lock pins, or pyproject.toml depends on."""
    if needs.source not in (Source.DEPENDENCIES, Source.LOCKED):
        return None
    binary = find_uv()
    if needs.source is Source.LOCKED and binary is not None:
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / REQUIREMENTS
            argv = Uv(binary, Interpreter.own()).export(file)
            try:
                outcome = run(Command(argv, cwd=directory, timeout=EXPORT_S), cancel=cancel)
            except ShellError as error:
                raise BuildError(f"{LOCK} could not be read: {error}") from error
            if not outcome.ok:
                raise BuildError(f"{LOCK} could not be read: {shlex.join(argv[:2])} failed", output=outcome.text)
            return file.read_bytes()
    project = tomllib.loads((directory / PYPROJECT).read_text(encoding="utf-8")).get("project", {})
    return "".join(f"{line}\n" for line in project.get("dependencies", ())).encode()


def labelled(recipe: Recipe, labels: Mapping[str, str]) -> Recipe:
    """The recipe with all labels in one step: an engine that is told of them makes a step for each, at each build.

    In the standard recipe it is the second step: labels that stay the same then cost nothing from the second build on.
    """
    pairs = (f"{name}={json.dumps(value)}".replace("$", "\\$") for name, value in labels.items())
    line = f"LABEL {' '.join(pairs)}\n".encode()
    text = recipe.added[recipe.dockerfile].rstrip() + b"\n"
    if recipe.standard:
        first, _, rest = text.partition(b"\n")
        text = first + b"\n" + line + rest
    else:
        text += line
    return replace(recipe, added={**recipe.added, recipe.dockerfile: text})


def archive(directory: Path, recipe: Recipe, *, under: str = "") -> IO[bytes]:
    """The directory as a build wants it: what .dockerignore leaves, plain owners and rights, no link that leads out.

    With `under` all of it goes into a folder of that name, where no file of it means anything to the engine.
    In memory while it is small, else in a temporary file. The caller closes it.
    """
    spooled = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - handed out open
    root = os.path.realpath(directory)
    with tarfile.open(fileobj=spooled, mode="w", format=tarfile.GNU_FORMAT) as tar:
        if under:
            folder = tarfile.TarInfo(under)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        for name in wanted_files(root, [] if under else _ignored(directory), recipe.dockerfile):
            parts = name.split(os.sep)
            # the engine would apply IGNORE once more
            if under or (parts[0] not in (VENV, IGNORE) and BYTECODE not in parts):
                _add(tar, root, name, under)
        for name, content in recipe.added.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    spooled.seek(0)
    return spooled


def _add(tar: tarfile.TarFile, root: str, name: str, under: str) -> None:
    path = os.path.join(root, name)
    found = os.lstat(path)
    entry = tarfile.TarInfo("/".join(filter(None, (under, name.replace(os.sep, "/")))))
    entry.mtime = int(found.st_mtime)
    if stat.S_ISLNK(found.st_mode):
        target = os.readlink(path)
        end = os.path.normpath(os.path.join(os.path.dirname(path), target))
        if os.path.isabs(target) or not end.startswith(root + os.sep):
            return  # a link of ours to kept data: the container has a volume there
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        tar.addfile(entry)
    elif stat.S_ISDIR(found.st_mode):
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(entry)
    elif stat.S_ISREG(found.st_mode):
        entry.size = found.st_size
        entry.mode = 0o755 if found.st_mode & stat.S_IXUSR else 0o644
        with open(path, "rb") as file:
            tar.addfile(entry, file)


def _ignored(directory: Path) -> list[str]:
    try:
        text = (directory / IGNORE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []  # there is none
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
