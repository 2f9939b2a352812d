"""The commands that make an environment, with uv or with pip, as values; and the variables that they may see."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from actors.artifacts.interpreter import Interpreter, python_in
from actors.artifacts.requirements import without_credentials

Installer = Literal["uv", "pip"]

INDEX_SETTINGS = (
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_PRE", "PIP_ONLY_BINARY"),
    *("PIP_NO_BINARY", "PIP_PREFER_BINARY", "PIP_CONSTRAINT", "PIP_CONFIG_FILE", "PIP_REQUIRE_HASHES"),
    *("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_SOURCES"),
    *("UV_INDEX_STRATEGY", "UV_PRERELEASE", "UV_RESOLUTION", "UV_EXCLUDE_NEWER", "UV_CONSTRAINT", "UV_OVERRIDE"),
    *("UV_NO_BINARY", "UV_NO_BUILD", "UV_TORCH_BACKEND", "UV_CONFIG_FILE", "UV_BUILD_CONSTRAINT"),
    *("UV_NO_BUILD_ISOLATION", "UV_FORK_STRATEGY", "UV_REQUIRE_HASHES"),
)
"""Variables that decide what is installed: they go into the hash (credentials taken out) and to the tool."""

_PASSED = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "NETRC"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO"),
    *("PIP_CERT", "PIP_CLIENT_CERT", "PIP_TRUSTED_HOST", "PIP_PROXY", "PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT"),
    *("PIP_RETRIES", "PIP_CACHE_DIR", "PIP_NO_CACHE_DIR", "PIP_KEYRING_PROVIDER"),
    *("UV_CACHE_DIR", "UV_NO_CACHE", "UV_OFFLINE", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_INSECURE_HOST"),
    *("UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES", "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_BUILDS", "UV_KEYRING_PROVIDER"),
    *("CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS", "CPPFLAGS", "PKG_CONFIG_PATH", "MAKEFLAGS", "CARGO_HOME"),
    *("RUSTUP_HOME", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA"),
    *("LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "NUMBER_OF_PROCESSORS"),
)
_INDEX_CREDENTIALS = re.compile(r"UV_INDEX_\w+_(USERNAME|PASSWORD)")
_FILES_NAMED = (
    "PIP_CONSTRAINT",
    "PIP_CONFIG_FILE",
    "UV_CONSTRAINT",
    "UV_OVERRIDE",
    "UV_BUILD_CONSTRAINT",
    "UV_CONFIG_FILE",
)
_SETTINGS_FILES = {
    "pip": ("/etc/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf"),
    "uv": ("/etc/uv/uv.toml", "~/.config/uv/uv.toml"),
}


def tool_environment(environ: Mapping[str, str], cache: Path) -> dict[str, str]:
    """What a build may see of the service's own variables: no token, no key, no virtual environment of ours.

    Where there is no home directory to hold the tools' caches, they lie under `cache`.
    """
    named = (*INDEX_SETTINGS, *_PASSED, *(name for name in environ if _INDEX_CREDENTIALS.fullmatch(name)))
    seen = {name: environ[name] for name in named if name in environ}
    home = seen.get("HOME") or seen.get("USERPROFILE") or ""
    if not home or not os.access(home, os.W_OK):
        seen["HOME"] = str(cache)
        seen.setdefault("UV_CACHE_DIR", str(cache / "uv"))
        seen.setdefault("PIP_CACHE_DIR", str(cache / "pip"))
    return {
        **seen,
        "GIT_TERMINAL_PROMPT": "0",
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "NO_COLOR": "1",
        "UV_NO_PROGRESS": "1",
    }


def index_inputs(environ: Mapping[str, str], installer: Installer) -> list[str]:
    """What the index settings add to the hash: the variables, and the content of the settings files."""
    inputs = [f"{name}={without_credentials(environ[name])}" for name in INDEX_SETTINGS if environ.get(name)]
    files = [*_SETTINGS_FILES[installer], *(environ[name] for name in _FILES_NAMED if environ.get(name))]
    home = environ.get("HOME", "")
    for name in files:
        path = Path(name.replace("~", home, 1) if name.startswith("~") else name)
        if path.is_absolute() and path.is_file() and os.access(path, os.R_OK):
            inputs.append(f"{name}: {without_credentials(path.read_text(encoding='utf-8', errors='replace'))}")
    return inputs


@dataclass(frozen=True)
class Uv:
    """Commands for uv. Files are copied, never linked: a link would share them with uv's cache and other projects."""

    binary: Path
    python: Interpreter

    def create(self, venv: Path, *, seed: bool = True) -> tuple[str, ...]:
        """Make the virtual environment, with the current pip in it."""
        seeds = ("--seed",) if seed else ()
        plain = ("--relocatable", "--no-project", "--link-mode", "copy", "--python", str(self.python.executable))
        return (str(self.binary), "venv", *seeds, *plain, str(venv))

    def install(self, venv: Path, *what: str) -> tuple[str, ...]:
        """Install requirements (`-r FILE`) or paths."""
        plain = ("--python", str(python_in(venv)), "--link-mode", "copy", "--compile-bytecode")
        return (str(self.binary), "pip", "install", *plain, *what)

    def export(self, into: Path) -> tuple[str, ...]:
        """Write what uv.lock pins as a requirements file; the lock itself is not changed."""
        plain = ("--frozen", "--no-dev", "--no-emit-project", "--format", "requirements.txt", "--quiet")
        return (str(self.binary), "export", *plain, "--python", str(self.python.executable), "--output-file", str(into))


@dataclass(frozen=True)
class Pip:
    """Commands for `python -m venv` and pip."""

    python: Interpreter

    def create(self, venv: Path) -> tuple[str, ...]:
        """Make the virtual environment with the pip that Python brings."""
        return (str(self.python.executable), "-m", "venv", str(venv))

    def renew(self, venv: Path) -> tuple[str, ...]:
        """Bring pip up to date."""
        return (str(python_in(venv)), "-m", "pip", "install", "--upgrade", "pip")

    def bring(self, venv: Path) -> tuple[str, ...]:
        """Put the pip that Python brings into an environment that has none."""
        return (str(python_in(venv)), "-m", "ensurepip", "--upgrade")

    def install(self, venv: Path, *what: str) -> tuple[str, ...]:
        """Install requirements (`-r FILE`) or paths."""
        return (str(python_in(venv)), "-m", "pip", "install", *what)
