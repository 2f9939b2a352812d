"""Imports point down, each package has one door, every module says what it is, and none keeps a state of its own."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_LINES = 300

# file -> why it may be longer
LONGER = {
    "actors/messages.py": "every command and event in one file, in the order of the walk: that is what it is for",
}

# from the ground up: a floor may import those before it, and parts of one floor each other unless told otherwise
FLOORS: tuple[tuple[str, ...], ...] = (
    ("runtime",),
    ("actors.model", "actors.errors", "actors.settings", "actors.about"),
    ("actors.messages",),
    ("actors.engines", "actors.health", "actors.source", "actors.artifacts", "actors.records"),
    ("actors.rollout", "actors.sandbox"),
    ("actors.pipeline",),
    ("actors.control",),
    (
        *("actors.project", "actors.bot", "actors.metrics", "actors.doors", "actors.keeper", "actors.warden"),
        "actors.checker",
    ),
    ("actors.tree",),
    ("actors.cli", "actors.hooks", "actors.home", "actors.house", "actors.__main__"),
)
NEIGHBOURS = ("actors.project", "actors.bot", "actors.metrics")

# package -> the only files that may import it
DOORS = {
    "subprocess": ("runtime/shell*.py", "runtime/programs.py", "runtime/guardian*.py"),
    "diskcache": ("runtime/store*.py",),
    "telebot": ("actors/bot/telegram.py", "actors/bot/wire*.py"),
    "git": ("actors/source/*.py",),
    "docker": ("actors/engines/docker_sdk.py",),
    "psutil": (
        *("runtime/host.py", "runtime/identity.py", "runtime/facts.py", "runtime/load.py", "runtime/process_load.py"),
        *("runtime/procfs.py", "runtime/cgroup.py"),
    ),
    "cryptography": ("runtime/vault.py", "actors/source/ssh.py"),
    "prometheus_client": ("runtime/meters.py",),
    "waitress": ("runtime/web.py",),
    "structlog": ("runtime/log*.py",),
    "pykka": ("runtime/*.py",),
    "resvg_py": ("runtime/picture.py",),
}

# what makes a fresh mutable object when a module is loaded
MUTABLE_CALLS = {"list", "dict", "set", "bytearray", "deque", "defaultdict", "OrderedDict", "Counter"}
MUTATORS = {
    *("append", "extend", "insert", "remove", "pop", "popitem", "popleft", "appendleft", "clear", "update", "add"),
    *("discard", "setdefault", "sort", "reverse"),
}


@dataclass(frozen=True)
class Module:
    """One file of the two floors, parsed."""

    path: str
    name: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """What a relative import starts from."""
        return self.name if self.path.endswith("__init__.py") else self.name.rpartition(".")[0]

    def imports(self) -> Iterator[tuple[int, str]]:
        """Every imported module or name as (line, dotted name), wherever in the file it stands."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parts = self.package.split(".")
                    base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [base])])
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


@functools.cache
def modules() -> tuple[Module, ...]:
    """All files of both floors."""
    found = []
    for floor in ("runtime", "actors"):
        for path in sorted((ROOT / floor).rglob("*.py")):
            relative = path.relative_to(ROOT)
            name = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
            text = path.read_text(encoding="utf-8")
            found.append(Module(relative.as_posix(), name, text, ast.parse(text, str(relative))))
    return tuple(found)


def part_of(name: str) -> tuple[int, str] | None:
    """The floor (0 is the ground) and the part that a dotted name belongs to; None for what is not ours."""
    for height, parts in enumerate(FLOORS):
        for part in parts:
            if name == part or name.startswith(part + "."):
                return height, part
    return None


def is_one_of(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a file is among those named; `*` stands for anything within one directory."""
    return any(fnmatch(path, pattern) and path.count("/") == pattern.count("/") for pattern in patterns)


def test_every_module_stands_on_a_floor() -> None:
    homeless = [it.path for it in modules() if part_of(it.name) is None and it.text.strip() and it.name != "actors"]
    assert homeless == []


def test_imports_point_down() -> None:
    wrong = []
    for module in modules():
        own = part_of(module.name)
        for line, name in module.imports():
            other = part_of(name)
            if own is None or other is None:
                continue
            if other[0] > own[0]:
                wrong.append(f"{module.path}:{line} imports {name}, which stands above it")
            elif own[1] != other[1] and own[1] in NEIGHBOURS and other[1] in NEIGHBOURS:
                wrong.append(f"{module.path}:{line} imports {name}: neighbours meet only in messages")
    assert wrong == []


def test_every_package_has_one_door() -> None:
    wrong = []
    for module in modules():
        for line, name in module.imports():
            door = DOORS.get(name.partition(".")[0])
            if door is not None and not is_one_of(module.path, door):
                wrong.append(f"{module.path}:{line} imports {name}; its door is {', '.join(door)}")
    assert wrong == []


def test_the_guardian_needs_the_standard_library_only() -> None:
    import sys

    foreign = [
        f"{module.path}:{line} imports {name}"
        for module in modules()
        if module.path == "runtime/guardian.py"
        for line, name in module.imports()
        if name.partition(".")[0] not in sys.stdlib_module_names | {"runtime"}
    ]
    assert foreign == []


def test_every_module_says_in_its_first_line_what_it_is() -> None:
    silent = []
    for module in modules():
        docstring = ast.get_docstring(module.tree)
        if module.text.strip() and (not docstring or not docstring.splitlines()[0].strip()):
            silent.append(module.path)
    assert silent == []


def test_no_module_is_longer_than_a_person_reads() -> None:
    long = {it.path: it.text.count("\n") for it in modules() if it.text.count("\n") > MOST_LINES}
    assert {path: lines for path, lines in long.items() if path not in LONGER} == {}
    assert set(LONGER) <= set(long), "a named exception that is none any more"


def test_no_module_keeps_mutable_state() -> None:
    wrong = [f"{module.path}:{line} {what}" for module in modules() for line, what in kept_state(module.tree)]
    assert wrong == []


def kept_state(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Where a module changes what it made at its top: a rebound global, or a container that is mutated."""
    made = {name: line for line, name in containers(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield node.lineno, f"rebinds {', '.join(node.names)}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
            if isinstance(node.func.value, ast.Name) and node.func.value.id in made:
                yield node.lineno, f"changes {node.func.value.id} by {node.func.attr}"
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.Delete)):
            targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
            for target in targets:
                if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id in made:
                    yield node.lineno, f"changes {target.value.id}"


def containers(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The names at a module's top that hold a fresh mutable container and that no function of its own shadows."""
    shadowed = {
        name.id
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for name in ast.walk(function)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names, value = [target for target in node.targets if isinstance(target, ast.Name)], node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            names, value = [node.target], node.value
        else:
            continue
        if is_mutable(value):
            yield from ((node.lineno, name.id) for name in names if name.id not in shadowed)


def is_mutable(value: ast.expr) -> bool:
    """Whether an expression makes a container that can be changed."""
    if isinstance(value, ast.Call):
        function = value.func
        return (function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")) in MUTABLE_CALLS
    return isinstance(value, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp))


# --- the checks themselves find what they are for


def parsed(text: str, path: str = "actors/bot/x.py") -> Module:
    """A module that was never written to disk."""
    return Module(path, ".".join(Path(path).with_suffix("").parts), text, ast.parse(text))


def test_a_relative_import_is_followed_to_where_it_leads() -> None:
    assert list(parsed("from ..project import deployer").imports()) == [(1, "actors.project.deployer")]
    assert list(parsed("from . import screen").imports()) == [(1, "actors.bot.screen")]


def test_a_changed_container_is_seen_and_a_constant_table_is_not() -> None:
    assert list(kept_state(ast.parse("seen = []\ndef f(x):\n    seen.append(x)"))) == [(3, "changes seen by append")]
    assert list(kept_state(ast.parse("cache: dict = {}\ndef f(x):\n    cache[x] = 1"))) == [(3, "changes cache")]
    assert list(kept_state(ast.parse("def f():\n    global n\n    n = 1"))) == [(2, "rebinds n")]
    assert list(kept_state(ast.parse("TABLE = {1: 2}\ndef f(x):\n    return TABLE[x]"))) == []


def test_a_door_is_a_file_and_not_a_directory() -> None:
    assert is_one_of("runtime/store_disk.py", ("runtime/store*.py",))
    assert not is_one_of("runtime/store/deep.py", ("runtime/store*.py",))
