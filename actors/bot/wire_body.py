"""Bodies of calls to Telegram: JSON, or a form with files that is sent in blocks."""

from __future__ import annotations

import io
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UPLOAD_SECONDS = 300.0
_BLOCK = 64 * 1024


@dataclass(frozen=True, repr=False)
class Content:
    """The bytes of a file to send; without a long `repr`, which telebot would make of every call for its debug log."""

    content: bytes


class Upload(io.BytesIO):
    """A large body that is sent in blocks: each has the time limit of a connect, all together `UPLOAD_SECONDS`."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._end = time.monotonic() + UPLOAD_SECONDS

    def read(self, size: int | None = -1) -> bytes:
        """The next block; TimeoutError when all of it has taken too long."""
        if time.monotonic() > self._end:
            raise TimeoutError("the upload took too long")
        return super().read(size)


def encode(params: Mapping[str, object], files: Mapping[str, Any] | None) -> tuple[bytes | Upload, dict[str, str]]:
    """Body and headers of a call. Files are `(name, Content)`."""
    if not files:
        body, kind = json.dumps(params, ensure_ascii=False).encode("utf-8", "replace"), "application/json"
    else:
        body, kind = _multipart(params, files)
    headers = {"Content-Type": kind, "Content-Length": str(len(body))}
    # sent whole, a large body would have to be gone within the time limit of a connect
    return Upload(body) if len(body) > _BLOCK else body, headers


def _multipart(params: Mapping[str, object], files: Mapping[str, Any]) -> tuple[bytes, str]:
    """Not by urllib3: telebot makes it leave file names without quotes."""
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for name, value in params.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        parts += [head.encode(), _plain(value).encode("utf-8", "replace"), b"\r\n"]
    for name, value in files.items():
        filename, content = value if isinstance(value, tuple) else (name, value)
        quoted = filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{quoted}"\r\n'
        kind = "Content-Type: application/octet-stream\r\n\r\n"
        data = content.content if isinstance(content, Content) else content
        parts += [(head + kind).encode("utf-8", "replace"), data, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


def _plain(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)
