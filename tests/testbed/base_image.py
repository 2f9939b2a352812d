#!/usr/bin/env python3
"""A base image with Python for the tests, made of this Debian machine's own files: no registry has to be reached.

`base_image.py TAG [--with PACKAGE ...]` packs what the official slim images consist of, with all that it depends on:
Debian's packages, the interpreter that runs this (as /usr/local) with pip, and the certificates that the machine
trusts. `--with` adds packages to that; without it, those that the tests' programs use. Standard library only.
"""

from __future__ import annotations

import argparse
import glob
import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator

PACKAGES = (
    *("apt", "base-files", "bash", "ca-certificates", "coreutils", "dash", "debian-archive-keyring", "debianutils"),
    *("diffutils", "dpkg", "findutils", "grep", "gzip", "hostname", "libc-bin", "libc6", "login", "mawk", "mount"),
    *("netbase", "openssl", "passwd", "perl-base", "sed", "tar", "tzdata", "util-linux"),
)
FOR_TESTS = ("gawk", "git", "procps")
NOT_WANTED = re.compile(
    r"/usr/share/(doc/.*/(?!copyright$)|man|info|locale|lintian|bug|bash-completion|perl)|/etc/(init\.d|cron)|/var/cache"
)
NOT_OF_PYTHON = re.compile(
    r"/(site-packages|dist-packages|test|tests|__pycache__|config-[^/]*|EXTERNALLY-MANAGED)(/|$)|/lib-dynload/_(tkinter|(ctypes_)?test)"
)
MERGED = ("bin", "sbin", "lib", "lib64")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
LIMIT_S = 300
SETTINGS = (
    "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin",
    "ENV LANG=C.UTF-8",
    f"ENV PIP_CERT={CERTIFICATES}",
    f"ENV SSL_CERT_FILE={CERTIFICATES}",
    "ENV PIP_DISABLE_PIP_VERSION_CHECK=1",
    "ENV PIP_ROOT_USER_ACTION=ignore",
    'CMD ["python3"]',
)
PIP = b"#!/usr/local/bin/python3\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"


def said(*argv: str) -> str:
    """What a command prints; raises where it fails."""
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True, timeout=LIMIT_S).stdout


def with_dependencies(wanted: Iterable[str]) -> list[str]:
    """Installed packages and all that they need, from the package database."""
    needs = {}
    for line in said("dpkg-query", "-Wf", "${Package}\t${Pre-Depends}, ${Depends}\n").splitlines():
        name, _, rest = line.partition("\t")
        # of alternatives the first is what is mostly there
        firsts = (part.split("|")[0] for part in rest.split(","))
        needs[name] = [re.sub(r"\(.*?\)|:any|\s", "", first) for first in firsts]
    found: dict[str, None] = {}
    queue = list(wanted)
    while queue:
        name = queue.pop()
        if name in needs and name not in found:
            found[name] = None
            queue += [need for need in needs[name] if need]
    return list(found)


class Image:
    """A tar archive of a root directory in the making; each name goes in once."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._tar = tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT)  # noqa: SIM115 - closed by close
        self._names: set[str] = set()

    def close(self) -> None:
        """Write the archive's end."""
        self._tar.close()

    def directory(self, name: str, mode: int = 0o755) -> None:
        """An empty directory."""
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode = tarfile.DIRTYPE, mode
        self._put(entry)

    def link(self, name: str, target: str) -> None:
        """A symbolic link."""
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        self._put(entry)

    def text(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """A file with that content."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), mode
        self._put(entry, io.BytesIO(content))

    def copy(self, path: str, name: str | None = None, *, follow: bool = False) -> None:
        """A file or link of this machine, under its own name or another; what is not there is left out."""
        real = os.path.realpath(path) if follow else path
        if os.path.islink(real):
            self.link(merged(name or path), os.readlink(real))
        elif os.path.isfile(real):
            with open(real, "rb") as file:
                found = os.fstat(file.fileno())
                entry = tarfile.TarInfo(merged(name or path))
                entry.size, entry.mode, entry.mtime = found.st_size, found.st_mode & 0o7777, int(found.st_mtime)
                self._put(entry, file)

    def _put(self, entry: tarfile.TarInfo, content: io.BufferedIOBase | None = None) -> None:
        if entry.name not in self._names:
            self._names.add(entry.name)
            self._tar.addfile(entry, content)


def merged(path: str) -> str:
    """The name inside the image: /bin, /sbin, /lib are links into /usr there."""
    name = path.lstrip("/")
    return f"usr/{name}" if name.partition("/")[0] in MERGED else name


def fill(image: Image, more: Iterable[str]) -> None:
    """The whole root directory."""
    for name in (
        "usr",
        *(f"usr/{it}" for it in MERGED),
        "etc",
        "root",
        "home",
        "proc",
        "sys",
        "dev",
        "run",
        "opt",
        "var",
    ):
        image.directory(name)
    for name in MERGED:
        image.link(name, f"usr/{name}")
    for name in ("tmp", "var/tmp"):
        image.directory(name, 0o1777)
    copy_packages(image, with_dependencies((*PACKAGES, *more)))
    copy_python(image)
    for name in ("passwd", "group"):
        image.copy(f"/usr/share/base-passwd/{name}.master", f"/etc/{name}")
    image.text("etc/nsswitch.conf", b"passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n")
    image.copy("/etc/os-release", follow=True)
    image.copy(os.environ.get("CA_BUNDLE", CERTIFICATES), CERTIFICATES, follow=True)


def copy_packages(image: Image, names: list[str]) -> None:
    """The packages' files, their entries in the package database, and the links that stand for a choice (awk)."""
    for path in sorted(set(said("dpkg", "-L", *names).splitlines())):
        if path.startswith("/") and not NOT_WANTED.search(path):
            image.copy(path)
    for path in glob.glob("/etc/alternatives/*"):
        if path.rpartition("/")[2] in ("awk", "nawk", "pager", "which"):
            image.copy(path)
            image.link(f"usr/bin/{path.rpartition('/')[2]}", path)
    wanted = tuple(f"Package: {name}\n" for name in names)
    with open("/var/lib/dpkg/status", encoding="utf-8") as file:
        entries = [entry for entry in file.read().split("\n\n") if f"{entry}\n".startswith(wanted)]
    image.text("var/lib/dpkg/status", "".join(f"{entry}\n\n" for entry in entries).encode())
    image.copy("/var/lib/dpkg/info/format")
    for name in names:
        for path in (f"/var/lib/dpkg/info/{name}.list", *glob.glob(f"/var/lib/dpkg/info/{name}:*.list")):
            image.copy(path)


def copy_python(image: Image) -> None:
    """The interpreter that runs this, moved to /usr/local, its libraries, and pip out of its own wheel."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    library = sysconfig.get_path("stdlib")
    inside = f"/usr/local/lib/python{version}"
    for directory, _names, files in os.walk(library):
        for name in files:
            path = os.path.join(directory, name)
            relative = path[len(library) :]
            if not NOT_OF_PYTHON.search(relative):
                copy_own(image, path, inside + relative)
    copy_own(image, sys.executable, f"/usr/local/bin/python{version}")
    image.link("usr/local/bin/python3", f"python{version}")
    image.link("usr/local/bin/python", "python3")
    image.link(f"usr/local/lib/python{version}/dist-packages", "site-packages")
    for path in glob.glob(os.path.join(sys.base_prefix, "lib", f"libpython{version}.so.*")):
        copy_own(image, path, f"/usr/lib/{os.path.basename(path)}")  # where the linker looks without a cache
    modules = [it for it in glob.glob(os.path.join(library, "lib-dynload", "*.so")) if not NOT_OF_PYTHON.search(it)]
    for path in shared_libraries([sys.executable, *modules]):
        if not path.startswith(sys.base_prefix + "/lib/libpython"):
            known = path.startswith(("/lib", "/usr/lib"))
            image.copy(path, path if known else f"/usr/lib/{os.path.basename(path)}", follow=True)
    for name, content in pip_files():
        image.text(f"{inside.lstrip('/')}/site-packages/{name}", content)
    for name in ("pip", "pip3"):
        image.text(f"usr/local/bin/{name}", PIP, 0o755)


def copy_own(image: Image, path: str, name: str) -> None:
    """A file of the interpreter; a binary without its symbols, as in the official images, where strip is there."""
    real = os.path.realpath(path)
    binary = ".so" in os.path.basename(path) or path == sys.executable
    if not binary or shutil.which("strip") is None:
        image.copy(real, name)
        return
    with tempfile.TemporaryDirectory() as scratch:
        stripped = os.path.join(scratch, "binary")
        subprocess.run(("strip", "--strip-unneeded", "-o", stripped, real), check=True, timeout=LIMIT_S)
        image.copy(stripped, name)


def shared_libraries(binaries: list[str]) -> list[str]:
    """What the dynamic linker loads for them, by its own words."""
    done = subprocess.run(["ldd", *binaries], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return sorted(set(re.findall(r"(?:=> )?(/\S+\.so\S*) \(0x", done.stdout)))


def pip_files() -> Iterator[tuple[str, bytes]]:
    """pip as the interpreter carries it; Debian's own carries none, and the image is then made without."""
    for wheel in glob.glob(os.path.join(sysconfig.get_path("stdlib"), "ensurepip", "_bundled", "*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            yield from ((name, archive.read(name)) for name in archive.namelist() if not name.endswith("/"))


def main() -> int:
    """Make the image, and show that its Python runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tag", nargs="?", default="python:3.11-slim")
    parser.add_argument("--with", dest="more", nargs="*", default=FOR_TESTS, metavar="PACKAGE")
    given = parser.parse_args()
    changes = [word for setting in SETTINGS for word in ("--change", setting)]
    with subprocess.Popen(["docker", "import", *changes, "-", given.tag], stdin=subprocess.PIPE) as importing:
        assert importing.stdin is not None  # it was asked for
        image = Image(importing.stdin)
        fill(image, given.more)
        image.close()
    if importing.returncode:
        return importing.returncode
    check = ("docker", "run", "--rm", "--network", "none", given.tag)
    works = "import ssl, sqlite3, ctypes, lzma, bz2, zlib, venv; print('python works')"
    return subprocess.run([*check, "python3", "-c", works], check=False, timeout=LIMIT_S).returncode


if __name__ == "__main__":
    sys.exit(main())
