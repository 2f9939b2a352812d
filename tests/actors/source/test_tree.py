"""What a release may hold: names and links."""

from __future__ import annotations

import pytest

from actors.errors import BuildError
from actors.source.tree import Entry, check_links, check_names, read_modules, read_tree

FILE = "100644"


def names(*paths: str, windows: bool = False) -> None:
    check_names([Entry(FILE, "a" * 40, path) for path in paths], windows=windows)


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".GIT/config",
        "a/.git",
        ".git ",
        ".git.",
        ".git. .",
        ".git::$INDEX_ALLOCATION/x",
        "git~1",
        ".g\u200cit/x",
        "..",
        "../x",
        "a/../../x",
        ".",
        "a//b",
        "/etc/x",
        "a/./b",
    ],
)
def test_names_that_lead_elsewhere_are_refused(path: str) -> None:
    with pytest.raises(BuildError):
        names("main.py", path)


@pytest.mark.parametrize("path", [".gitignore", ".github/x.yml", "a.git", "aux.py", "con", "файл.py", "a b", "-x"])
def test_ordinary_names_are_taken(path: str) -> None:
    names("main.py", path)


@pytest.mark.parametrize("path", ["con", "AUX.py", "a/nul.txt", "com1", "a:b", "a\\b", "x ", "y."])
def test_names_that_windows_cannot_hold_are_refused_there(path: str) -> None:
    with pytest.raises(BuildError, match="Windows"):
        names(path, windows=True)


def test_two_spellings_that_windows_takes_for_one_are_refused_there() -> None:
    with pytest.raises(BuildError, match="cannot tell"):
        names("Readme/a", "README/b", windows=True)


def test_a_link_that_is_a_folder_too_is_refused() -> None:
    with pytest.raises(BuildError, match="at the same time"):
        names("a", "a/b")


def test_a_path_that_comes_twice_is_refused() -> None:
    with pytest.raises(BuildError, match="twice"):
        names("a", "a")


def test_an_unknown_kind_of_file_is_refused() -> None:
    with pytest.raises(BuildError, match="mode"):
        check_names([Entry("100700", "a" * 40, "x")])


@pytest.mark.parametrize(
    "links",
    [
        {"a": "/etc/passwd"},
        {"a": ".."},
        {"a": "../x"},
        {"a/b": "../../x"},
        {"a": "b/../../x"},
        {"a": "C:/x"},
        {"deep/l": "..", "m": "deep/l/../x"},
        {"l/one": "../..", "two": "l/one"},
        {"x": "y", "y": "z", "z": "../out"},
        {"d": "e/f", "e/f": "../../out"},
        {"a": ""},
    ],
)
def test_links_that_leave_the_release_are_refused_as_the_system_would_follow_them(links: dict[str, str]) -> None:
    with pytest.raises(BuildError):
        check_links(links)


@pytest.mark.parametrize(
    "links",
    [
        {"a": "b"},
        {"a/b": "../c"},
        {"a": "a"},
        {"a": "b", "b": "a"},
        {"a": "missing/thing"},
        {"a/b/c": "../../d/e"},
        {"l": "a/b", "m": "l/../x"},
    ],
)
def test_links_inside_the_release_are_taken(links: dict[str, str]) -> None:
    check_links(links)


def test_the_error_names_the_path_and_the_target() -> None:
    with pytest.raises(BuildError, match=r"conf/secrets .*leaves the release.*/etc/shadow"):
        check_links({"conf/secrets": "/etc/shadow"})


def test_a_tree_and_its_submodules_are_read() -> None:
    output = b"100644 blob " + b"a" * 40 + b"\tmain.py\0" + b"160000 commit " + b"b" * 40 + b"\tlib\0"
    assert [entry.path for entry in read_tree(output)] == ["main.py", "lib"]
    config = b"submodule.x.path\nlib\0submodule.x.url\n../lib.git\0submodule.y.path\nz\0submodule.y.update\nnone\0"
    modules = read_modules(config)
    assert modules["lib"].url == "../lib.git"
    assert modules["z"].skipped
