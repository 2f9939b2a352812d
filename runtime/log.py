"""structlog: JSON or console, redaction, actor name on every line.

`configure` is called once, by main; `get(__name__)` may be called before and after. Lines of the standard `logging`
module (pykka, urllib3, telebot, waitress) come out of the same end. Nothing here raises for what it is given to log.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TextIO, cast

import structlog

from runtime.log_lines import LEVELS, Mode, bounded, exception_of, formatted, plain, renderer, traceback_of
from runtime.log_output import Output
from runtime.redact import Redactor

__all__ = [
    "Entry",
    "Log",
    "Logger",
    "Redactor",
    "bind",
    "catch_uncaught",
    "configure",
    "get",
    "recent_errors",
    "set_actor",
]

_KEPT_ERRORS = 50
_KEPT_TRACE = 8000  # characters of each
_OURS = ("timestamp", "level", "exception")
_HEAD = ("logger", "actor", "project", "event")
# These put a handler of their own on their logger when they are imported, which would print past the redactor.
_SELF_MADE = ("TeleBot",)

_WHERE: Final[ContextVar[tuple[str, str]]] = ContextVar("vanka_where", default=("", ""))


@dataclass(frozen=True, slots=True)
class Entry:
    """An error that was logged, for the chat's system screen; without secrets.

    `error` is the exception's last line, `trace` the whole of it, cut.
    """

    at: datetime
    level: str
    logger: str
    actor: str
    project: str
    event: str
    error: str
    trace: str = ""


def set_actor(actor: str, project: str = "") -> None:
    """From now on lines of this thread carry these names. For the dispatcher, once a turn: it costs well under 1 us."""
    _WHERE.set((actor, project))


@contextmanager
def bind(*, actor: str | None = None, project: str | None = None, **more: object) -> Iterator[None]:
    """Lines of this thread within the block carry these names; those that are not given stay as they are."""
    old_actor, old_project = _WHERE.get()
    token = _WHERE.set((old_actor if actor is None else actor, old_project if project is None else project))
    try:
        with structlog.contextvars.bound_contextvars(**more):
            yield
    finally:
        _WHERE.reset(token)


class Logger(structlog.BoundLoggerBase):
    """What `get` returns. Each method takes the sentence, values for its `%` places if it has any, and fields."""

    def debug(self, event: object, /, *args: object, **fields: object) -> None:
        self._say("debug", event, args, fields)

    def info(self, event: object, /, *args: object, **fields: object) -> None:
        self._say("info", event, args, fields)

    def warning(self, event: object, /, *args: object, **fields: object) -> None:
        self._say("warning", event, args, fields)

    def error(self, event: object, /, *args: object, **fields: object) -> None:
        self._say("error", event, args, fields)

    def critical(self, event: object, /, *args: object, **fields: object) -> None:
        self._say("critical", event, args, fields)

    def exception(self, event: object, /, *args: object, **fields: object) -> None:
        """An error with the traceback of the exception that is being handled."""
        fields.setdefault("exc_info", True)
        self._say("error", event, args, fields)

    def bind(self, **fields: object) -> Logger:
        """A logger that adds these fields to each of its lines."""
        return super().bind(**fields)

    def _say(self, level: str, event: object, args: tuple[object, ...], fields: dict[str, object]) -> None:
        try:
            self._process_event(level, formatted(event, args), fields)
        except structlog.DropEvent:
            pass  # how the last processor says that the line is written
        except Exception as error:  # noqa: BLE001 - who logs must never fail because of it
            Output().write(f"a log line was lost: {type(error).__name__}")


class Log:
    """The end of the chain: makes the line, cleans it, writes it, and remembers the last errors."""

    def __init__(self, mode: Mode, redactor: Redactor, stream: TextIO | None = None, level: str = "info") -> None:
        self.redactor = redactor
        self.threshold = LEVELS[level]
        self._output = Output(stream)
        self._render = renderer(mode, colors=mode == "console" and self._output.isatty())
        self._errors: deque[Entry] = deque(maxlen=_KEPT_ERRORS)

    def __call__(self, _logger: object, method: str, fields: MutableMapping[str, Any]) -> NoReturn:
        """structlog's last processor."""
        self.write(method, dict(fields))
        raise structlog.DropEvent

    def write(self, level: str, fields: dict[str, Any]) -> None:
        """Writes one line, if the level is high enough. Any thread; never raises."""
        if LEVELS.get(level, logging.ERROR) < self.threshold:
            return
        try:
            record = self._record(level, fields)
            line = self._render(dict(record))
        except Exception as error:  # noqa: BLE001 - a line that cannot be made is told of, not raised
            record = {"timestamp": _stamp(datetime.now(UTC)), "level": level, "event": "a log line could not be made"}
            line = self._render(record | {"error": type(error).__name__})
        if self._output.write(line) and (lost := self._output.take_lost()):
            self._output.write(self._render(_lost_record(lost)))

    def recent_errors(self) -> list[Entry]:
        """The last errors, newest first, fifty at most."""
        return list(reversed(self._errors.copy()))

    def close(self) -> None:
        """Back to how it was before `configure`; a log that another one took the place of has nothing to undo."""
        root = logging.getLogger()
        for handler in root.handlers[:]:
            if isinstance(handler, _Bridge) and handler.log is self:
                root.removeHandler(handler)
        if structlog.get_config()["processors"][-1] is self:
            _install(_before_configure())

    def _record(self, level: str, fields: dict[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC)
        error = exception_of(fields.pop("exc_info", None))
        actor, project = _WHERE.get()
        head = {"logger": fields.pop("logger_name", ""), "actor": actor, "project": project, "event": ""}
        given = {key: plain(value, self.redactor) for key, value in {**head, **fields}.items()}
        record: dict[str, Any] = {"timestamp": _stamp(now), "level": level}
        record |= {key: value for key in _HEAD if (value := given.pop(key))}
        record |= {f"{key}_" if key in _OURS else self.redactor.clean(key): value for key, value in given.items()}
        if error is not None:
            record["exception"] = bounded(traceback_of(error), self.redactor)
        if LEVELS.get(level, logging.ERROR) >= logging.ERROR:
            trace = str(record.get("exception", "")).rstrip()
            last = trace.rpartition("\n")[2]
            logger, actor, project, event = (str(record.get(key, "")) for key in _HEAD)
            self._errors.append(Entry(now, level, logger, actor, project, event, last, trace[-_KEPT_TRACE:]))
        return record


class _Bridge(logging.Handler):
    """Takes what is logged through the standard module. It needs no lock: the output has its own."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self.log = log

    def createLock(self) -> None:  # noqa: N802 - the standard library's name
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        args = record.args if isinstance(record.args, tuple) else (record.args,) if record.args else ()
        level = next((name for name, number in reversed(LEVELS.items()) if record.levelno >= number), "debug")
        fields = structlog.contextvars.get_contextvars()
        fields |= {"event": formatted(record.msg, args), "logger_name": record.name, "exc_info": record.exc_info}
        self.log.write(level, fields)


class _NoHandlerOfItsOwn(logging.Filter):
    """Asked before the handlers are: what a library put on its logger meanwhile is taken off in time."""

    def filter(self, record: logging.LogRecord) -> bool:
        _strip(logging.getLogger(record.name))
        return True


def configure(mode: Mode, redactor: Redactor, stream: TextIO | None = None, level: str = "info") -> Log:
    """Every line from now on, structlog's and standard logging's, goes to `stream` (standard error) through `redactor`.

    Called again, it takes the place of what was configured before.
    """
    log = Log(mode, redactor, stream, level)
    _install(log)
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Bridge)]:
        root.removeHandler(handler)
    for logger in [root, *map(logging.getLogger, list(logging.root.manager.loggerDict))]:
        _strip(logger)
    for name in _SELF_MADE:
        library = logging.getLogger(name)
        if not any(isinstance(known, _NoHandlerOfItsOwn) for known in library.filters):
            library.addFilter(_NoHandlerOfItsOwn())
    root.addHandler(_Bridge(log))
    root.setLevel(log.threshold)
    return log


def get(name: str) -> Logger:
    """The logger of that name. Before `configure` only warnings and worse are shown, on standard error."""
    if not structlog.is_configured():
        _install(_before_configure())
    return cast("Logger", structlog.get_logger(logger_name=name))


def recent_errors() -> list[Entry]:
    """The last errors that were logged, newest first, fifty at most."""
    last = structlog.get_config()["processors"][-1]
    return last.recent_errors() if isinstance(last, Log) else []


def catch_uncaught() -> Callable[[], None]:
    """Exceptions that nobody caught, in any thread, go to the log too, not past the redactor. Returns the undoing."""
    log = get("uncaught")
    before = sys.excepthook, threading.excepthook, sys.unraisablehook

    def main_thread(_kind: object, error: BaseException, _trace: object) -> None:
        log.critical("an exception ended the program", exc_info=error)

    def other_thread(failure: threading.ExceptHookArgs) -> None:
        name = failure.thread.name if failure.thread else "?"
        log.error("an exception ended a thread", thread=name, exc_info=failure.exc_value or failure.exc_type)

    def nowhere(failure: sys.UnraisableHookArgs) -> None:
        log.error("an exception had nowhere to go", exc_info=failure.exc_value, where=failure.object)

    def undo() -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before

    sys.excepthook, threading.excepthook, sys.unraisablehook = main_thread, other_thread, nowhere
    return undo


def _before_configure() -> Log:
    return Log("console", Redactor(), level="warning")


def _install(log: Log) -> None:
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, log],
        wrapper_class=Logger,
        context_class=dict,
        cache_logger_on_first_use=False,  # or a logger made before `configure` would go on as it was
    )


def _strip(logger: logging.Logger) -> None:
    for handler in [handler for handler in logger.handlers if type(handler) is logging.StreamHandler]:
        logger.removeHandler(handler)


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _lost_record(lost: int) -> dict[str, Any]:
    return {"timestamp": _stamp(datetime.now(UTC)), "level": "warning", "event": "log lines were lost", "lines": lost}
