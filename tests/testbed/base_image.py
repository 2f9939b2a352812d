#!/usr/bin/env python3
"""A base image with Python for the tests, made of this Debian machine's own files: no registry has to be reached.

`base_image.py TAG` packs some packages with all that they depend on, the interpreter that runs this (as /usr/local, as
the official images have it) with pip, and the certificates that the machine trusts. Standard library only.
"""

from __future__ import annotations

import glob
import io
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterable, Iterator

PACKAGES = (
    *("bash", "coreutils", "dash", "debianutils", "diffutils", "findutils", "gawk", "grep", "gzip", "hostname"),
    *("libc-bin", "libc6", "login", "mawk", "mount", "netbase", "passwd", "procps", "sed", "tar", "util-linux", "git"),
)
NOT_WANTED = re.compile(
    r"/usr/share/(doc|man|info|locale|lintian|bug|bash-completion|common-licenses|perl)|/etc/(init\.d|cron)|/var/cache|/gconv/"
)
NOT_OF_PYTHON = re.compile(
    r"/(site-packages|dist-packages|test|tests|idlelib|tkinter|turtledemo|lib2to3|__pycache__|config-[^/]*|EXTERNALLY-MANAGED)(/|$)"
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


def fill(image: Image) -> None:
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
    copy_packages(image)
    copy_python(image)
    for name in ("passwd", "group"):
        image.copy(f"/usr/share/base-passwd/{name}.master", f"/etc/{name}")
    image.text("etc/nsswitch.conf", b"passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n")
    image.copy("/etc/os-release", follow=True)
    image.copy(os.environ.get("CA_BUNDLE", CERTIFICATES), CERTIFICATES, follow=True)


def copy_packages(image: Image) -> None:
    """The packages' files, and the links that stand for a choice among them (awk)."""
    names = with_dependencies(PACKAGES)
    for path in sorted(set(said("dpkg", "-L", *names).splitlines())):
        if path.startswith("/") and not NOT_WANTED.search(path):
            image.copy(path)
    for path in glob.glob("/etc/alternatives/*"):
        if path.rpartition("/")[2] in ("awk", "nawk", "pager", "which"):
            image.copy(path)
            image.link(f"usr/bin/{path.rpartition('/')[2]}", path)


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
                image.copy(path, inside + relative, follow=True)
    image.copy(sys.executable, f"/usr/local/bin/python{version}", follow=True)
    image.link("usr/local/bin/python3", f"python{version}")
    image.link("usr/local/bin/python", "python3")
    image.link(f"usr/local/lib/python{version}/dist-packages", "site-packages")
    for path in glob.glob(os.path.join(sys.base_prefix, "lib", f"libpython{version}.so*")):
        image.copy(path, f"/usr/lib/{os.path.basename(path)}")  # where the linker looks without a cache of its own
    for path in shared_libraries([sys.executable, *glob.glob(os.path.join(library, "lib-dynload", "*.so"))]):
        if not path.startswith(sys.base_prefix + "/lib/libpython"):
            known = path.startswith(("/lib", "/usr/lib"))
            image.copy(path, path if known else f"/usr/lib/{os.path.basename(path)}", follow=True)
    for name, content in pip_files():
        image.text(f"{inside.lstrip('/')}/site-packages/{name}", content)
    for name in ("pip", "pip3"):
        image.text(f"usr/local/bin/{name}", PIP, 0o755)


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
    tag = sys.argv[1] if len(sys.argv) > 1 else "python:3.11-slim"
    changes = [word for setting in SETTINGS for word in ("--change", setting)]
    with subprocess.Popen(["docker", "import", *changes, "-", tag], stdin=subprocess.PIPE) as importing:
        assert importing.stdin is not None  # it was asked for
        image = Image(importing.stdin)
        fill(image)
        image.close()
    if importing.returncode:
        return importing.returncode
    check = ("docker", "run", "--rm", "--network", "none", tag)
    works = "import ssl, sqlite3, ctypes, lzma, bz2, zlib, venv; print('python works')"
    return subprocess.run([*check, "python3", "-c", works], check=False, timeout=LIMIT_S).returncode


if __name__ == "__main__":
    sys.exit(main())
