"""The git program for all that talks to a server, takes long or writes: run by the shell's door in a clean environment.

How credentials travel. A token goes through the child's environment to an askpass script that prints it only when the
prompt names exactly the site that it is for. The other ways leak more: an argument or a URL is seen by all users of
the machine and is written into the mirror; `http.extraHeader` is sent unasked and may follow a redirect to another
host; a credential file lies on disk. A child's environment can be read by its owner only. Deploy keys are files of
mode 0600 that exist only while git runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from actors.errors import SourceError
from actors.source import complaints, ssh
from actors.source.address import Access, RemoteUrl
from actors.source.repository import Sink
from runtime.capture import OnLine
from runtime.errors import Cancelled, CommandMissing
from runtime.shell import BUILD_OOM_SCORE, Cancel, Command, Outcome, clean_env, run

_NOT_FOR_GIT = (
    "PIP_",
    "UV_",
    "XDG_",
)  # pip's settings may hold credentials, XDG_CONFIG_HOME settings of the user's git
_CONFIG = """\
# Written by the service at each start: the only settings that its git reads.
[protocol]
	allow = never
	version = 2
[protocol "https"]
	allow = always
[protocol "http"]
	allow = always
[protocol "ssh"]
	allow = always
[protocol "file"]
	allow = always
[core]
	hooksPath = /dev/null
	fsmonitor = false
	protectHFS = true
	protectNTFS = true
	autocrlf = false
	longpaths = true
[credential]
	helper =
[safe]
	# a local path is named by the administrator, and may belong to another user (a mounted volume)
	directory = *
[http]
	# a server that packs a large repository sends a sign of life every 5 s, and not more
	lowSpeedLimit = 1
	lowSpeedTime = 120
[fetch]
	recurseSubmodules = false
	writeCommitGraph = false
[submodule]
	recurse = false
[gc]
	auto = 4000
	autoPackLimit = 30
	autoDetach = false
	pruneExpire = 1.day.ago
[maintenance]
	auto = false
[advice]
	detachedHead = false
"""
_ASKPASS = """\
#!/bin/sh
# Answers git's two questions, and only for the site that the token is for.
case "$1" in
  "$VANKA_ASK_USERNAME") printf '%s\\n' "$VANKA_GIT_USERNAME" ;;
  "$VANKA_ASK_PASSWORD") printf '%s\\n' "$VANKA_GIT_PASSWORD" ;;
  *) exit 1 ;;
esac
"""


class Tool:
    """Runs git for one home. Safe from any thread; each call is one child process with a limit."""

    def __init__(self, home: Path) -> None:
        self._ssh = home / "ssh"
        self._config = home / "mirrors" / "git.config"
        self._askpass = self._ssh / "askpass"
        for directory in (self._ssh, self._config.parent):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._ssh.chmod(0o700)
        ssh.forget_left_keys(self._ssh)
        _write(self._config, _CONFIG, 0o600)
        _write(self._askpass, _ASKPASS, 0o700)

    @property
    def known_hosts(self) -> Path:
        """Where the keys of servers that were met are pinned."""
        return self._ssh / "known_hosts"

    def run(
        self,
        arguments: Sequence[str],
        *,
        timeout: float,
        url: RemoteUrl | None = None,
        access: Access | None = None,
        git_dir: Path | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        cancel: Cancel | None = None,
        sink: Sink = None,
        on_line: OnLine | None = None,
    ) -> Outcome:
        """Run `git ARGUMENTS`; how it ended is in the outcome. Raises Cancelled, and SourceError when git is absent."""
        where = () if git_dir is None else (f"--git-dir={git_dir}",)
        with self._environment(url, access or Access()) as environment:
            child = Command(
                ("git", *where, *arguments),
                cwd=cwd or git_dir or self._ssh,
                env={**environment, **(env or {})},
                timeout=timeout,
                stdin=stdin,
                oom_score_adj=BUILD_OOM_SCORE,
            )
            try:
                outcome = run(child, cancel=cancel, sink=sink, on_line=on_line, clean=_Cleaner(access))
            except CommandMissing as missing:
                raise SourceError("git is not on this machine", "Install git.") from missing
        if outcome.cancelled:
            raise Cancelled("told to end while git ran")
        return outcome

    def local_environment(self) -> dict[str, str]:
        """The settings that git needs to read a mirror of ours; no credential in it."""
        return {
            "HOME": str(self._ssh),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self._config),
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_PROTOCOL_FROM_USER": "0",
            "GCM_INTERACTIVE": "never",
            "LC_ALL": "C",
            "LANGUAGE": "C",
        }

    @contextmanager
    def _environment(self, url: RemoteUrl | None, access: Access) -> Iterator[dict[str, str]]:
        environment = {name: value for name, value in clean_env().items() if not name.startswith(_NOT_FOR_GIT)}
        environment.update(self.local_environment())
        if "SSL_CERT_FILE" in environment:  # not every build of git's TLS library looks at it by itself
            environment["GIT_SSL_CAINFO"] = environment["SSL_CERT_FILE"]
        if access.proxy:
            environment.update(http_proxy=access.proxy, https_proxy=access.proxy, all_proxy=access.proxy)
        if url is not None:
            environment.update(self._login(url, access))
        key = access.ssh_key if url is not None and url.scheme == "ssh" else None
        with ssh.key_file(self._ssh, key) as file:
            environment["GIT_SSH_COMMAND"] = ssh.command(self.known_hosts, file)
            environment["GIT_SSH_VARIANT"] = "ssh"
            yield environment

    def _login(self, url: RemoteUrl, access: Access) -> dict[str, str]:
        login = access.login(url)
        if login is None:
            return {}
        user, password = login
        encoded = quote(user, safe="-._~")
        return {
            "GIT_ASKPASS": str(self._askpass),
            "VANKA_ASK_USERNAME": f"Username for '{url.scheme}://{url.netloc}': ",
            "VANKA_ASK_PASSWORD": f"Password for '{url.scheme}://{encoded}@{url.netloc}': ",
            "VANKA_GIT_USERNAME": user,
            "VANKA_GIT_PASSWORD": password,
        }


class _Cleaner:
    """Cleans lines of output before they are stored. Binary: what is no text stays as it is."""

    def __init__(self, access: Access | None) -> None:
        self._access = access

    def __call__(self, line: bytes) -> bytes:
        return complaints.clean(line.decode("utf-8", "surrogateescape"), self._access).encode(
            "utf-8", "surrogateescape"
        )


def _write(file: Path, text: str, mode: int) -> None:
    """Put the file in place whole, with its mode from the beginning."""
    staged = file.with_name(f".{file.name}.{os.getpid()}")
    staged.unlink(missing_ok=True)
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as out:
        out.write(text)
    staged.replace(file)
