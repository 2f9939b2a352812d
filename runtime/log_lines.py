"""One line of the log: a record made plain, cleaned of secrets, and rendered for machines or people."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal

from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer

from runtime.redact import Redactor

Mode = Literal["console", "json"]

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}
_LONGEST_TEXT = 32_768
_MOST_ITEMS = 100
_DEEPEST = 5
_LARGEST = 2**63  # beyond it, not a number and infinity too, readers of JSON disagree
# What somebody else's code (repr, str, walking) may raise. Not KeyboardInterrupt: that one comes from a person.
_FOREIGN = (Exception, SystemExit, GeneratorExit)
# Output of other programs may hold what moves the cursor or forges a line: on a terminal it is shown, not obeyed.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {10: "\\n", 13: "\\r", 9: "\\t"}
_CONTROL_IN_BLOCK = {code: shown for code, shown in _CONTROL.items() if code not in (9, 10)}


def renderer(mode: Mode, *, colors: bool) -> Callable[[dict[str, Any]], str]:
    """What makes one line (without its end) of a plain record."""
    if mode == "json":
        as_json = JSONRenderer(ensure_ascii=False)
        return lambda record: str(as_json(None, "", record))
    as_text = ConsoleRenderer(colors=colors, exception_formatter=plain_traceback)

    def console(record: dict[str, Any]) -> str:
        block = record.pop("exception", None)
        shown = {key: value.translate(_CONTROL) if isinstance(value, str) else value for key, value in record.items()}
        line = str(as_text(None, "", shown))
        return line if block is None else f"{line}\n{str(block).rstrip().translate(_CONTROL_IN_BLOCK)}"

    return console


def plain(value: object, redactor: Redactor, depth: int = 0) -> object:
    """The value as JSON knows it, without secrets and bounded in size. Never raises, whatever the value does."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and type(value) in (int, float):
        text = _shown(value)
        cleaned = redactor.clean(text)
        return value if cleaned == text and abs(value) < _LARGEST else cleaned
    if isinstance(value, str):
        return bounded(str.__str__(value), redactor)
    if isinstance(value, bytes):
        return bounded(value[: 4 * _LONGEST_TEXT].decode("utf-8", "replace"), redactor)
    if depth < _DEEPEST:
        try:
            if isinstance(value, Mapping):
                pairs = list(value.items())[:_MOST_ITEMS]
                return {bounded(_shown(key), redactor): plain(item, redactor, depth + 1) for key, item in pairs}
            if isinstance(value, list | tuple | set | frozenset):
                return [plain(item, redactor, depth + 1) for item in list(value)[:_MOST_ITEMS]]
        except _FOREIGN as error:  # a container of somebody else's may raise anything when walked
            return f"<unreadable {type(value).__name__}: {type(error).__name__}>"
    return bounded(_shown(value), redactor)


def bounded(text: str, redactor: Redactor) -> str:
    """The text cleaned and cut; a secret that the cut would go through is left out, not shown in part."""
    if len(text) <= _LONGEST_TEXT:
        return redactor.clean(text)
    head = redactor.stream().feed(text[:_LONGEST_TEXT].encode("utf-8", "replace"))
    return f"{head.decode('utf-8', 'replace')}... ({len(text)} characters)"


def formatted(event: object, args: tuple[object, ...]) -> str:
    """`event % args`; when the two do not fit together, both one after the other."""
    if not args:
        return _shown(event)
    try:
        return str(_shown(event) % (args[0] if len(args) == 1 and isinstance(args[0], Mapping) else args))
    except _FOREIGN:  # a badly made log line must not become a failure of who writes it
        return " ".join([_shown(event), *map(_shown, args)])


ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def exception_of(exc_info: object) -> BaseException | None:
    """What `exc_info` means: True is the exception being handled, else it is one itself or the triple of one."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return next((part for part in exc_info if isinstance(part, BaseException)), None)
    return sys.exc_info()[1] if exc_info else None


def traceback_of(error: BaseException) -> str:
    """The traceback with causes, without the values of variables: those are where secrets hide."""
    try:
        return "".join(traceback.format_exception(error))
    except _FOREIGN as failure:  # an exception class may break in its own text
        return f"{type(error).__name__} (its traceback cannot be shown: {type(failure).__name__})"


def _shown(value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    try:
        return repr(value)
    except _FOREIGN as error:
        return f"<unprintable {type(value).__name__}: {type(error).__name__}>"
