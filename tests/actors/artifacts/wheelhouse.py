"""Tiny packages in a folder, so that environments can be made without a network."""

from __future__ import annotations

import base64
import ensurepip
import hashlib
import shutil
import zipfile
from pathlib import Path


def wheel(folder: Path, name: str, version: str, code: str = "") -> Path:
    """A wheel that holds one module."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": code or f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(text.encode())}\n")
    files[f"{info}/RECORD"] = "".join(lines) + f"{info}/RECORD,,\n"
    made = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return made


def wheelhouse(folder: Path) -> dict[str, str]:
    """A folder of packages, pip among them; the variables with which uv and pip know no other source."""
    for bundled in (Path(ensurepip.__file__).parent / "_bundled").glob("*.whl"):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(bundled, folder)
    wheel(folder, "wheel", "0.1")  # Python 3.11 wants it in a new environment
    wheel(folder, "greeting", "1.0")
    wheel(folder, "greeting", "2.0")
    wheel(folder, "farewell", "1.0")
    return {
        "UV_OFFLINE": "1",
        "UV_FIND_LINKS": str(folder),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder),
    }


BACKEND = """
import base64, hashlib, os, pathlib, zipfile


def build_wheel(folder, config_settings=None, metadata_directory=None):
    pathlib.Path("build").mkdir(exist_ok=True)  # as real ones do, beside the sources
    files = {"own.py": pathlib.Path("own.py").read_text()}
    metadata = "Metadata-Version: 2.1\\nName: own\\nVersion: 1\\nRequires-Dist: greeting\\n"
    files["own-1.dist-info/METADATA"] = metadata
    files["own-1.dist-info/WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files["own-1.dist-info/RECORD"] = "".join(f"{name},,\\n" for name in [*files, "own-1.dist-info/RECORD"])
    name = "own-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name


build_editable = build_wheel
"""


def package(code: str, folder: str = "") -> dict[str, str]:
    """The files of a package `own` that builds itself and wants `greeting`."""
    project = '[project]\nname = "own"\nversion = "1"\ndependencies = ["greeting"]\n'
    system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    files = {"pyproject.toml": system + project, "backend.py": BACKEND, "own.py": code}
    return {f"{folder}{name}": text for name, text in files.items()}
