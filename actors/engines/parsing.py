"""Whether a release's main file can be run at all: it is there, and an interpreter can parse it."""

from __future__ import annotations

from actors.engines.engine import RunOrder
from runtime.errors import ShellError
from runtime.shell import Cancel, Command, run

LIMIT_S = 30.0
# nothing is imported: a release may hold a module of any name, and this must not run it
PARSE = "import sys; compile(open(sys.argv[1], 'rb').read(), sys.argv[1], 'exec', 1024)"  # 1024: ast.PyCF_ONLY_AST


def why_not_run(order: RunOrder, python: tuple[str, ...], cancel: Cancel) -> str | None:
    """The reason in one sentence; None when nothing speaks against it. `python`: the interpreter with its options."""
    if not (order.directory / order.main).is_file():
        return f"there is no {order.main} in the release"
    try:
        outcome = run(Command((*python, "-c", PARSE, order.main), cwd=order.directory, timeout=LIMIT_S), cancel=cancel)
    except ShellError as error:
        return f"the environment's Python does not start: {error}"
    last = [line.strip() for line in outcome.text.splitlines() if line.strip()][-1:]
    return None if outcome.ok else f"{order.main} cannot be run: {''.join(last) or 'it says nothing'}"
