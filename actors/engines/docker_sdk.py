"""Door to docker: the connection to an engine, with time limits, and errors that people understand."""

from __future__ import annotations

import io
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import Any, TypeVar, cast

import docker
import docker.errors
import docker.utils
import requests
import urllib3.exceptions

from actors.engines.docker_shapes import how_to_get_one
from actors.errors import EngineError, EngineSilent, NoEngine
from runtime.shell import Cancel

CONFLICT = 409  # the thing is in a state in which this cannot be done
READY_S = 5  # whether there is an engine at all
CALL_S = 20  # any single question
STEP_S = 900  # a stream may be silent for so long: a build's step, a quiet program
JOIN = "Run the service as a member of the group docker (that is as powerful as root)."
DEFAULT = "unix:///var/run/docker.sock"
FRAME = struct.Struct(">BxxxL")
BUFFER = 64 * 1024
T = TypeVar("T")
Question = Callable[[Any], T]
"""Asked of the SDK's APIClient. It is Any here on purpose: its types promise less than it does."""

BROKEN = (OSError, ValueError, HTTPException, requests.RequestException, urllib3.exceptions.HTTPError)
"""What reading a stream raises when the engine goes away, is silent for too long, or we closed it."""


class Line:
    """An APIClient of its own whose answers can be broken off from any thread. Whoever opens it closes it."""

    def __init__(self, api: docker.APIClient) -> None:
        self.api = api
        self._answers: list[requests.Response] = []
        self.broken = threading.Event()
        api.hooks["response"].append(self._heard)

    def break_off(self) -> None:
        """End what is being read, and what is going to be: the reader wakes, the engine gives up."""
        self.broken.set()
        for answer in self._answers:
            with suppress(OSError, ValueError, RuntimeError):  # it may be over already
                answer.raw.shutdown()

    def last(self) -> Any:
        """The newest answer as a buffered file of the bare connection, which may be silent for as long as it likes."""
        file = cast("Any", self._answers[-1].raw)._fp.fp
        file.raw._sock.settimeout(None)
        return file

    def body(self, path: str) -> io.BufferedReader:
        """The content of the answer to that question, as it comes; it may be silent for as long as it likes.

        Read through the SDK each of its frames costs some 60 us, which a flood of output multiplies.
        """
        fp = cast("Any", next(it.raw for it in self._answers if path in it.url))._fp
        fp.fp.raw._sock.settimeout(None)
        return io.BufferedReader(_Content(fp), BUFFER)

    def close(self) -> None:
        """Let everything go. In the reader's thread."""
        for answer in self._answers:
            answer.close()
        self.api.close()

    def _heard(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        self._answers.append(answer)
        if self.broken.is_set():
            self.break_off()


class _Content(io.RawIOBase):
    """An HTTP answer's content, whatever there is of it at a time."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer = answer

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        data = self._answer.read1(len(room))
        room[: len(data)] = data
        return len(data)


class Stream:
    """Pieces of bytes or records that come as they happen, to be read once. `close` ends it, from any thread."""

    def __init__(self, pieces: Any, line: Line) -> None:
        self._pieces = pieces
        self._line = line

    def __iter__(self) -> Iterator[Any]:
        """Until the other side ends it, it breaks, or `close`: the caller then looks for itself how things are."""
        try:
            for piece in self._pieces:
                if self._line.broken.is_set():
                    return
                yield piece
        except BROKEN:
            return
        finally:
            self._line.close()

    def close(self) -> None:
        """Wakes whoever reads."""
        self._line.break_off()


class Connection:
    """One engine: DOCKER_HOST's, else this machine's. Connected at first use; safe from any thread.

    Everything raises NoEngine where no engine answers and EngineError with the engine's own reason where it refuses.
    """

    def __init__(self, url: str | None = None) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._api: docker.APIClient | None = None

    def version(self) -> str:
        """The API version that both sides speak."""
        return self._client().api_version

    def ready(self) -> None:
        """Raises NoEngine where none answers, and EngineError where one does not within READY_S."""
        self._connect("auto", READY_S).close()

    def at_least(self, version: str) -> bool:
        """Whether the engine speaks that API version or a newer one."""
        return bool(docker.utils.version_gte(self.version(), version))

    def knock(self) -> None:
        """Raises NoEngine where no engine answers now, whoever answered before."""
        self.ask("the engine", lambda api: api.ping())

    def close(self) -> None:
        """Let the connection go; the next question makes a new one."""
        with self._lock:
            api, self._api = self._api, None
        if api is not None:
            api.close()

    def ask(self, what: str, question: Question[T]) -> T:
        """The answer; `what` begins the error's sentence."""
        with errors(what):
            return question(self._client())

    def find(self, what: str, question: Question[T]) -> T | None:
        """The answer; None where the engine knows no such thing."""
        with errors(what):
            try:
                return question(self._client())
            except docker.errors.NotFound:
                return None

    def stream(self, what: str, question: Question[Any]) -> Stream:
        """The answer piece by piece, on a line of its own. Whoever asks must read it, if only to its `close`."""
        line = Line(self._connect(self.version(), STEP_S))
        try:
            with errors(what):
                return Stream(question(line.api), line)
        except BaseException:
            line.close()
            raise

    def frames(self, what: str, question: Question[Any], path: str | None = None) -> Stream:
        """As `stream`, for both outputs of a program, in order. `path`: a part of the address that answers with them.

        Without one it is an answer whose connection was taken over. The SDK reads such a one from the bare socket and
        loses what came along with the answer's head.
        """
        line = Line(self._connect(self.version(), STEP_S))
        try:
            with errors(what):
                question(line.api)
                return Stream(_unframed(line.body(path) if path else line.last()), line)
        except BaseException:
            line.close()
            raise

    @contextmanager
    def patiently(self, what: str, limit_s: float, cancel: Cancel | None = None) -> Iterator[Any]:
        """An APIClient of its own for what takes long. `cancel` breaks off what it reads, and the engine gives up."""
        line = Line(self._connect(self.version(), limit_s))
        try:
            with errors(what), (cancel or Cancel()).telling(line.break_off):
                yield line.api
        finally:
            line.close()

    def _client(self) -> docker.APIClient:
        with self._lock:
            if self._api is None:
                self._api = self._connect("auto", CALL_S)
            return self._api

    def _connect(self, version: str, limit_s: float) -> docker.APIClient:
        given: Any = {"base_url": self._url} if self._url else docker.utils.kwargs_from_env()
        _knock(given.get("base_url") or DEFAULT)
        with errors("the engine"):
            return docker.APIClient(version=version, timeout=int(limit_s), **given)


def _unframed(file: Any) -> Iterator[bytes]:
    """The content of the frames: eight bytes tell which output it is and how long, then it comes."""
    while len(head := file.read(FRAME.size)) == FRAME.size:
        yield file.read(FRAME.unpack(head)[1])


def _knock(url: str) -> None:
    """Raise NoEngine, saying which door is shut, where nobody answers at a local socket."""
    if not url.startswith("unix://") or sys.platform == "win32":
        return
    path = "/" + url.removeprefix("unix://").lstrip("/")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
        knocking.settimeout(CALL_S)
        try:
            knocking.connect(path)
        except PermissionError as error:
            raise NoEngine(f"the Docker engine's socket {path} may not be used", JOIN) from error
        except OSError as error:
            raise no_engine() from error


def no_engine() -> NoEngine:
    """That there is none, with how to get one."""
    return NoEngine("no Docker engine answers here", how_to_get_one())


@contextmanager
def errors(what: str) -> Iterator[None]:
    """The engine's errors as ours."""
    try:
        yield
    except docker.errors.APIError as error:
        raise EngineError(f"{what}: {error.explanation or error}") from error
    except requests.Timeout as error:
        raise EngineSilent(f"{what}: the Docker engine did not answer in time", "Look: docker info") from error
    except (requests.ConnectionError, docker.errors.DockerException) as error:
        if isinstance(error.__cause__, requests.Timeout):  # while both sides agreed on a version
            raise NoEngine("the Docker engine does not answer", "Look what it does: docker info") from error
        raise no_engine() from error


def refusal(error: EngineError) -> int | None:
    """The HTTP status with which the engine refused; None where it did not answer at all."""
    cause = error.__cause__
    return cause.status_code if isinstance(cause, docker.errors.APIError) else None


def wanted_files(directory: str, ignored: list[str], dockerfile: str) -> list[str]:
    """The paths below a directory that a build sees, by the rules of .dockerignore."""
    return sorted(docker.utils.exclude_paths(directory, ignored, dockerfile=dockerfile))
