"""Which paths a project may be put into: refused with a clear error when they are given, before anything is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from actors.errors import BadPath
from actors.model.project import Project

MAX_PATH = 1000
MAX_NAME = 200  # names of ours are made from the target's, a little longer, beside it
FIRST_PERSON = (
    1000  # user ids of people begin here on Linux; below are services, whose "homes" are /usr/sbin and the like
)
_ODD = '"*<>|?\\' if os.name != "nt" else '"*<>|?'
_SYSTEM = (
    *("/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/media", "/mnt", "/opt", "/proc", "/root"),
    *("/run", "/sbin", "/srv", "/sys", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/sbin", "/usr/share"),
    *("/var", "/var/lib", "/var/log", "/var/run", "/var/cache", "/Users", "/Applications", "/Library"),
)
_SYSTEM_WHOLE = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc",
    "/sbin",
    "/sys",
    "/usr/bin",
    "/usr/lib",
)


def check(path: Path, project: Project | None, others: Iterable[Project], home: Path) -> None:
    """Raise BadPath when no project may be put there; what the directory holds is not asked here."""
    text = str(path)
    reason = _form(text)
    if reason:
        raise BadPath(
            f"{text!r} cannot be a project's path: {reason}", "Give an absolute path such as /srv/shop.", path=text
        )
    real = real_place(path)
    # another project's target is a link into Vanka's home: it is to be called by the project's name
    for other in others:
        if project is None or other.no != project.no:
            _other(text, real, other)
    reason = _system(real) or _homes(real) or _vanka(real, home)
    if reason:
        raise BadPath(
            f"{text} cannot be a project's path: {reason}", "Choose a directory of its own for it.", path=text
        )
    reason = _usable(path, real)
    if reason:
        raise BadPath(
            f"{text} cannot be a project's path: {reason}", "See the directory and who may write there.", path=text
        )


def real_place(path: Path) -> Path:
    """The path with all links resolved but its own last name: that one may be a link of ours."""
    whole = Path(os.path.normpath(path))
    return Path(os.path.realpath(whole.parent)) / whole.name


def _form(text: str) -> str:
    if not os.path.isabs(text):
        return "it must be absolute"
    name = os.path.basename(os.path.normpath(text))
    if ".." in Path(text).parts:
        return "it must not contain .."
    drive, rest = os.path.splitdrive(text)
    if not rest.isprintable() or any(letter in rest for letter in _ODD) or os.pathsep in text:
        return "it holds characters that tools choke on"
    if any(part != part.strip() for part in Path(rest).parts):
        return "a name in it begins or ends with a space"
    try:
        length = len(os.fsencode(name)), len(os.fsencode(drive + rest))
    except UnicodeEncodeError:
        return "it holds characters that this system cannot write"
    if length[0] > MAX_NAME or length[1] > MAX_PATH:
        return "it is too long"
    return ""


def _system(real: Path) -> str:
    if real == Path(real.anchor) or not real.name:
        return "it is the whole file system"
    if str(real) in _SYSTEM or real in {Path("/", "tmp"), Path("/", "var", "tmp")}:
        return "it belongs to the system"
    if any(Path(folder) in real.parents for folder in _SYSTEM_WHOLE):
        return "it lies in a directory of the system"
    return ""


def _homes(real: Path) -> str:
    for home in home_directories():
        if real == home:
            return "it is a home directory"
        if real in home.parents:
            return f"the home directory {home} lies in it"
    return ""


def home_directories() -> Iterator[Path]:
    """Our user's home directory, and those of the people on this machine."""
    own = os.path.expanduser("~")
    if os.path.isabs(own) and own != "/":
        yield Path(os.path.realpath(own))
    if sys.platform != "win32":
        import pwd  # not on Windows

        for user in pwd.getpwall():
            if (user.pw_uid >= FIRST_PERSON or user.pw_uid == 0) and os.path.isdir(user.pw_dir) and user.pw_dir != "/":
                yield Path(os.path.realpath(user.pw_dir))


def _vanka(real: Path, home: Path) -> str:
    ours = Path(os.path.realpath(home))
    if _same(real, ours) or _within(real, ours):
        return "it is Vanka's own directory, or lies in it"
    if _within(ours, real):
        return "Vanka's own directory lies in it"
    return ""


def _other(text: str, real: Path, other: Project) -> None:
    theirs = real_place(Path(other.path))
    if _same(real, theirs):
        relation = "is the path of"
    elif _within(real, theirs):
        relation = "lies inside the path of"
    elif _within(theirs, real):
        relation = "lies around the path of"
    else:
        return
    raise BadPath(
        f"{text} {relation} the project {other.name}",
        "Choose a directory of its own for it.",
        path=text,
        other=other.name,
    )


def _usable(path: Path, real: Path) -> str:
    if real.exists() and not real.is_dir():
        return "it is a file"
    if os.path.ismount(path) and os.access(path, os.W_OK | os.X_OK):
        return ""  # filled entry by entry: nothing is made beside it
    parent = real.parent
    while not os.path.lexists(parent):
        parent = parent.parent
    if not parent.is_dir():
        return f"{parent} is not a directory"
    if not os.access(parent, os.W_OK | os.X_OK):
        return f"nothing can be made in {parent}"
    return ""


def _same(one: Path, other: Path) -> bool:
    return os.path.normcase(one) == os.path.normcase(other)


def _within(inner: Path, outer: Path) -> bool:
    return os.path.normcase(inner).startswith(os.path.normcase(outer).rstrip(os.sep) + os.sep)
