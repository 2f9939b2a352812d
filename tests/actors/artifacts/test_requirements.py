"""What goes into an environment's hash, and which requirements are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from actors.artifacts.environments import Environments
from actors.artifacts.installer import index_inputs
from actors.artifacts.interpreter import Interpreter
from actors.artifacts.layout import Layout
from actors.artifacts.requirements import Source, is_local, logical_lines, read_needs, without_editable
from actors.errors import BuildError
from tests.actors.artifacts.workshop import write


def key(root: Path, files: Mapping[str, str], environ: Mapping[str, str] | None = None) -> str:
    number = len(list(root.iterdir()))
    write(root / str(number), files)
    return Environments(Layout(root / "home"), environ or {}).key(root / str(number))


BASE = {
    "requirements.txt": "-r more/base.txt\n-c limits.txt\nflask\n",
    "more/base.txt": "-r deep.txt\n",
    "more/deep.txt": "rich\n",
    "limits.txt": "flask<4\n",
}


@pytest.mark.parametrize("changed", sorted(BASE))
def test_every_included_file_is_part_of_the_hash(tmp_path: Path, changed: str) -> None:
    assert key(tmp_path, BASE) == key(tmp_path, {**BASE, "main.py": "anything"})
    assert key(tmp_path, BASE) != key(tmp_path, {**BASE, changed: BASE[changed] + "more\n"})


def test_comments_and_blank_lines_are_not(tmp_path: Path) -> None:
    assert key(tmp_path, {"requirements.txt": "flask\n"}) == key(
        tmp_path, {"requirements.txt": "\n# why\nflask # web\n\n"}
    )


def test_python_platform_and_installer_are_part_of_the_hash(tmp_path: Path) -> None:
    write(tmp_path / "release", {"requirements.txt": "flask\n"})
    environments, own = Environments(Layout(tmp_path), {}), Interpreter.own()
    plain = environments.key(tmp_path / "release")
    assert environments.key(tmp_path / "release", own) == plain
    assert environments.key(tmp_path / "release", replace(own, identity=own.identity + " newer")) != plain
    assert environments.key(tmp_path / "release", installer="pip") != plain


def test_index_settings_are_part_of_the_hash_but_not_their_passwords(tmp_path: Path) -> None:
    files = {"requirements.txt": "flask\n"}
    plain = key(tmp_path, files)
    index = {"UV_INDEX_URL": "https://ann:secret@index.example/simple"}
    assert key(tmp_path, files, index) != plain
    assert key(tmp_path, files, {"UV_INDEX_URL": "https://ann:other@index.example/simple"}) == key(
        tmp_path, files, index
    )
    assert "secret" not in "".join(index_inputs(index, "uv"))
    assert key(tmp_path, files, {"UV_CACHE_DIR": "/somewhere", "VANKA_HOME": "/x"}) == plain


def test_no_secret_of_an_index_line_is_kept(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "--index-url https://ann:secret@index.example/simple\nflask\n"})
    assert "secret" not in "".join(read_needs(tmp_path).inputs)


@pytest.mark.parametrize("line", ["-r ../common.txt", "-r /etc/passwd", "--constraint=../x", "-c../x", "-r link.txt"])
def test_an_include_outside_of_the_release_is_refused(tmp_path: Path, line: str) -> None:
    write(tmp_path, {"release/requirements.txt": line + "\n", "common.txt": "flask\n", "x": ""})
    (tmp_path / "release" / "link.txt").symlink_to(tmp_path / "common.txt")
    with pytest.raises(BuildError, match="outside of the release"):
        read_needs(tmp_path / "release")


def test_an_include_that_is_missing_is_an_error_with_its_name(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "-r base.txt\n"})
    with pytest.raises(BuildError, match=r"base\.txt"):
        read_needs(tmp_path)


def test_includes_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "-r other.txt\n", "other.txt": "-r requirements.txt\nflask\n"})
    assert len(read_needs(tmp_path).inputs) == 3


def test_files_that_powershell_wrote_are_read(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes("flask\n".encode("utf-16"))
    assert read_needs(tmp_path).inputs == ("requirements.txt: flask",)


@pytest.mark.parametrize(
    ("line", "local"),
    [
        (".", True),
        ("-e .", True),
        ("--editable=./lib", True),
        ("./lib[extra]", True),
        ("lib/pkg-1.0-py3-none-any.whl", True),
        ("pkg @ file:///srv/pkg", True),
        ("--find-links wheels", True),
        ("flask>=2; python_version < '4'", False),
        ("flask[async]==3", False),
        ("git+https://example.org/x.git@main#egg=x", False),
        ("x @ https://example.org/x.whl", False),
        ("-e git+https://example.org/x.git#egg=x", False),
        ("--find-links https://example.org/", False),
        ("--index-url https://example.org/simple", False),
    ],
)
def test_local_requirements_are_known(line: str, local: bool) -> None:
    assert is_local(line) is local


def test_lines_are_read_as_pip_reads_them() -> None:
    text = "a \\\n  --hash=sha256:1 \\\n  --hash=sha256:2\n# c \\\nb#frag\nc # comment\n\\\n"
    assert list(logical_lines(text)) == ["a   --hash=sha256:1   --hash=sha256:2", "b#frag", "c"]


def test_editable_requirements_become_plain_ones() -> None:
    assert without_editable("flask\n-e .\n  --editable=./lib\n# -e no\n") == "flask\n.\n./lib\n# -e no\n"


@pytest.mark.parametrize(
    ("files", "source"),
    [
        ({}, Source.NOTHING),
        ({"pyproject.toml": "[tool.ruff]\n"}, Source.NOTHING),
        ({"pyproject.toml": "[project]\nname='a'\nversion='1'\n"}, Source.DEPENDENCIES),
        ({"pyproject.toml": "[project]\nname='a'\nversion='1'\n", "uv.lock": ""}, Source.LOCKED),
        ({"pyproject.toml": "[build-system]\nrequires=[]\n[project]\nname='a'\n"}, Source.PACKAGE),
        ({"pyproject.toml": "[build-system]\n[project]\nname='a'\n[tool.uv]\npackage=false\n"}, Source.DEPENDENCIES),
        ({"pyproject.toml": "[project]\nname='a'\n", "requirements.txt": ""}, Source.REQUIREMENTS),
    ],
)
def test_where_the_requirements_come_from(tmp_path: Path, files: Mapping[str, str], source: Source) -> None:
    write(tmp_path, files)
    assert read_needs(tmp_path).source is source


def test_a_broken_pyproject_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[project\n"})
    with pytest.raises(BuildError, match=r"pyproject\.toml cannot be read"):
        read_needs(tmp_path)


def test_a_package_depends_on_the_content_of_its_files(tmp_path: Path) -> None:
    files = {"pyproject.toml": "[build-system]\nrequires=[]\n", "src/a.py": "1"}
    assert key(tmp_path, files) == key(tmp_path, files)
    assert key(tmp_path, files) != key(tmp_path, {**files, "src/a.py": "2"})
