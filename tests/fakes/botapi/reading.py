"""From an HTTP request to a method and its raw parameters, wherever in the request they stand."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.botapi.refusal import RefusalError, bad

MAX_URL = 16 * 1024
_PATH = re.compile(r"/bot(?P<token>\d+:[A-Za-z0-9_-]+)/(?P<method>[A-Za-z]+)")
_FIELD = re.compile(r';\s*([a-z]+)=(?:"([^"]*)"|([^;]+))')


@dataclass(frozen=True)
class Call:
    """One request; `problem` is set where it could not even be read. Files are `(name, content)`."""

    method: str
    token: str
    params: dict[str, Any] = field(default_factory=dict)
    problem: RefusalError | None = None


def read_call(target: str, content_type: str, body: bytes) -> Call:
    """Reads parameters from the address, a form, a multipart body or JSON."""
    parts = urlsplit(target)
    found = _PATH.fullmatch(parts.path)
    if found is None:
        return Call("", "", problem=RefusalError(404, "Not Found"))
    method, token = found["method"], found["token"]
    if len(target) > MAX_URL:
        return Call(method, token, problem=RefusalError(414, "Request-URI Too Large"))
    try:
        params: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True, errors="strict"))
        params |= _body(content_type, body)
    except (ValueError, RecursionError):
        return Call(method, token, problem=bad("can't parse the request's body or address"))
    return Call(method, token, params)


def _body(content_type: str, body: bytes) -> dict[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return {}
    if kind == "application/json":
        found = json.loads(body)
        if not isinstance(found, dict):
            raise ValueError("an object is expected")
        return found
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", strict_parsing=True))
    if kind == "multipart/form-data":
        return _multipart(content_type, body)
    raise ValueError(f"unknown content type {kind}")


def _multipart(content_type: str, body: bytes) -> dict[str, Any]:
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if found is None:
        raise ValueError("no boundary")
    params: dict[str, Any] = {}
    for part in body.split(b"--" + found[1].encode())[1:-1]:
        head, separator, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not separator or not content.endswith(b"\r\n"):
            raise ValueError("a part without an end")
        disposition = _disposition(head)
        content = content.removesuffix(b"\r\n")
        if "filename" in disposition:
            params[disposition["name"]] = (disposition["filename"], content)
        else:
            params[disposition["name"]] = content.decode()
    return params


def _disposition(head: bytes) -> dict[str, str]:
    line = next((line for line in head.decode().split("\r\n") if line.lower().startswith("content-disposition:")), "")
    found = {name: quoted or bare.strip() for name, quoted, bare in _FIELD.findall(line)}
    if "name" not in found:
        raise ValueError("a part without a name")
    return found
