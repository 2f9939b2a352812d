"""The Python that environments are made of, and what its identity adds to their hash."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine. Two with the same `identity` can use the same packages."""

    executable: Path
    identity: str

    @classmethod
    def own(cls) -> Interpreter:
        """The one that runs us; outside of our own virtual environment, which must never leak into a project's."""
        base = getattr(sys, "_base_executable", None) or sys.executable
        parts = (
            platform.python_implementation(),
            platform.python_version(),
            sys.implementation.cache_tag or "",
            sysconfig.get_platform(),
            platform.machine(),
            "-".join(platform.libc_ver()),
            str(sysconfig.get_config_var("SOABI") or ""),
        )
        return cls(Path(base), " ".join(parts))


def python_in(venv: Path) -> Path:
    """The interpreter of a virtual environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
