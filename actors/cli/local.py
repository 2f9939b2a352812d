"""Commands that need no running service: up, demo, chat, doctor, version."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import sys
import tempfile
from pathlib import Path

import actors
from actors import settings
from actors.about import own_version
from actors.cli.arguments import Commands
from actors.cli.context import Context
from actors.errors import BadSetting, NoService, Refused

GUARDIAN = "VANKA_GUARDIAN"  # set by the guardian: its process id
HEARTBEAT = "heartbeat"
WHICH = "show which Vanka this is"


def register(commands: Commands) -> None:
    """Add this group's commands."""
    parser = commands.add("up", up, "run the service in the foreground", json=False)
    parser.add_argument("--stop-projects", action="store_true", help="stop the deployed programs too when it ends")
    commands.add("demo", demo, "see a commit deployed, broken and rolled back, in a minute", json=False)
    commands.add("chat", chat, "use the bot's menus in this terminal", json=False)
    commands.add("doctor", doctor, "check what Vanka needs of this machine")
    commands.add("version", version, WHICH)


def up(context: Context) -> int:
    """Become the guardian, which starts this command once more under its eyes; that one is the service.

    Nothing comes back on Linux: the process is replaced, so that it is PID 1 in an image and signals reach it.
    """
    given = settings.read(context.environ, terminal=context.err.isatty())
    if guarded():
        from actors.__main__ import run_service

        return run_service(given, stop_projects=context.args.stop_projects)
    if GUARDIAN in os.environ:
        # one that nobody is above of would outlive whoever starts the next guardian, and keep the home from it
        raise Refused("the guardian that started this service has ended", "Start it again: vanka up")
    _make_home(given.home)
    _refuse_second(context)
    python = (sys.executable, "-P", "-m")
    argv = (*python, "runtime.guardian", "--home", str(given.home), "--heartbeat", str(given.home / HEARTBEAT), "--")
    again = (*python, "actors.cli", "up", *(("--stop-projects",) if context.args.stop_projects else ()))
    return _become((*argv, *again))


def _make_home(home: Path) -> None:
    """The state directory, writable and closed to others; raises BadSetting, for nothing else can be done then."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(PermissionError):  # a mounted volume may have another owner and yet be ours to use
            home.chmod(0o700)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        what = f"VANKA_HOME cannot be used: {home}: {error.strerror or error}"
        raise BadSetting(what, "Give a directory that you may write to.", variable="VANKA_HOME") from error


def _refuse_second(context: Context) -> None:
    """Raise where a service of this home answers: a second one could never open its store."""
    try:
        there = context.ask("ping")
    except NoService:
        return
    raise Refused(f"a service runs on {context.home} already (pid {there['pid']})", "See: vanka status")


def guarded() -> bool:
    """Whether the parent of this process is a guardian: it is the service then, and would be started again."""
    guardian = os.environ.get(GUARDIAN)
    # in a virtual environment of Windows a launcher stands between the two
    return guardian is not None and (os.name == "nt" or guardian == str(os.getppid()))


def _become(argv: tuple[str, ...]) -> int:  # noqa: RET503 - on Linux it never returns
    checkout = str(Path(actors.__path__[0]).parent)
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([checkout, *(p for p in path if p and p != checkout)])}
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        # what is called exec there ends the parent at once, and the terminal believes that the command is over
        return os.spawnve(os.P_WAIT, argv[0], argv, environ)  # noqa: S606 - no shell
    os.execve(argv[0], argv, environ)  # noqa: S606 - no shell is the point


def demo(context: Context) -> int:
    """The story that a newcomer sees first."""
    from actors.cli.demo import main as tell

    return tell(context.out)


def chat(context: Context) -> int:
    """The bot's menus, here."""
    try:
        terminal = importlib.import_module("actors.bot.terminal")
    except ModuleNotFoundError as error:
        raise Refused(
            "this Vanka was installed without its menus", "Every command works without: vanka --help"
        ) from error
    code: int = terminal.main(context.home)
    return code


def doctor(context: Context) -> int:
    """What the machine lacks."""
    from actors.cli import doctor as checks

    return checks.doctor(context)


def version(context: Context) -> int:
    """Which Vanka, on what."""
    facts = {"version": own_version(), "python": platform.python_version(), "platform": platform.platform()}
    context.show(facts, lambda it: f"vanka {it['version']} (Python {it['python']}, {it['platform']})")
    return 0
