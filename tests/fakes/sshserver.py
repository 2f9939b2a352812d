"""A real sshd on loopback that serves repositories by deploy key, as a git hosting service does."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.fakes.gitserver import GitRepo

_LIMIT_S = 20.0
# the forced command decides what a key may do: read the repositories below one directory
_SHELL = """\
#!/bin/sh
set -f
set -- $SSH_ORIGINAL_COMMAND
path=$(printf %s "${2:-}" | tr -d "'" | sed 's#^/*##; s#\\.git$##')
case $path in ''|*..*) echo "no such repository" >&2; exit 128;; esac
[ -d "ROOT/$path.git" ] || { echo "ERROR: Repository not found." >&2; exit 128; }
[ "$1" = git-upload-pack ] && exec git upload-pack "ROOT/$path.git"
echo "no shell here" >&2; exit 1
"""


def find_sshd() -> str:
    """The path of sshd; the test is skipped where there is none."""
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None or shutil.which("ssh-keygen") is None or shutil.which("ssh") is None:
        pytest.skip("no OpenSSH client and server on this machine")
    return found


class SshServer:
    """Use it in a `with`. `key` may read; `new_host_key` makes it another server at the same place."""

    def __init__(self, directory: Path) -> None:
        self._sshd = find_sshd()
        self._directory = directory
        self.root = directory / "repos"
        self.root.mkdir(parents=True)
        directory.chmod(0o700)
        self.key, self.public = self._make_key("deploy")
        self._make_key("host")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> SshServer:
        self._write_settings()
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def url(self, name: str) -> str:
        """The address of the repository of that name."""
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}/{name}.git"

    def repo(self, name: str = "shop", **options: str) -> GitRepo:
        """A new repository of that name."""
        return GitRepo(self.root / f"{name}.git", self.root / f"{name}.work", **options)

    def allow(self, public: str) -> None:
        """Let the owner of that public key read, too."""
        shell = shlex.quote(str(self._directory / "shell"))
        with (self._directory / "authorized_keys").open("a") as keys:
            keys.write(f'restrict,command="{shell}" {public}\n')

    def new_host_key(self) -> None:
        """From now on the server shows another host key."""
        self._stop()
        for name in ("host", "host.pub"):
            (self._directory / name).unlink()
        self._make_key("host")
        self._start()

    def _make_key(self, name: str) -> tuple[str, str]:
        file = self._directory / name
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)]
        subprocess.run(made, check=True, timeout=_LIMIT_S)
        return file.read_text(), file.with_suffix(".pub").read_text().strip()

    def _write_settings(self) -> None:
        shell = self._directory / "shell"
        shell.write_text(_SHELL.replace("ROOT", str(self.root)))
        shell.chmod(0o755)
        self.allow(self.public)
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self._directory}/host",
            f"PidFile {self._directory}/sshd.pid",
            f"AuthorizedKeysFile {self._directory}/authorized_keys",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "UsePAM no",
            "StrictModes no",
            "AcceptEnv GIT_PROTOCOL",
            "PermitRootLogin prohibit-password",
        ]
        (self._directory / "sshd_config").write_text("\n".join(lines) + "\n")

    def _start(self) -> None:
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # sshd, run by root, wants its own empty folder
        log = self._directory / "sshd.log"
        self._child = subprocess.Popen(
            [self._sshd, "-D", "-f", str(self._directory / "sshd_config"), "-E", str(log)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + _LIMIT_S
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._child.poll() is not None or time.monotonic() > until:
                self._stop()
                pytest.skip(f"sshd does not start here: {log.read_text()[-300:] if log.exists() else ''}")
            time.sleep(0.02)  # one more look at the port, within the limit

    def _stop(self) -> None:
        if self._child is not None:
            self._child.terminate()
            self._child.wait(_LIMIT_S)
            self._child = None
