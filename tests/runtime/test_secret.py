"""A secret never shows."""

from __future__ import annotations

import base64
import copy
import io
import json
import logging
import pickle
import traceback

import pytest

from runtime.vault import Secret

OLD = Secret(base64.b64encode(b"o" * 32).decode())
NEW = Secret(base64.urlsafe_b64encode(b"\xfb" * 32).decode().rstrip("="))
PASSPHRASE = Secret("correct horse battery staple")
VALUE = Secret("s3cr3t-value")


def test_a_secret_prints_as_dots_in_every_way() -> None:
    ways = [repr(VALUE), str(VALUE), f"{VALUE}", f"{VALUE!r}", "%s" % VALUE, "%r" % (VALUE,), "{}".format(VALUE)]  # noqa: UP031, UP032  # the ways
    ways += [str([VALUE]), str({"a": VALUE}), f"{VALUE:>20}".strip(), ascii([VALUE])]
    assert all("s3cr3t" not in way for way in ways)
    assert set(ways[:7]) == {"••••"}
    assert repr(Secret("")) == repr(Secret("x" * 100))


def test_a_secret_does_not_go_into_json_or_pickle() -> None:
    with pytest.raises(TypeError):
        json.dumps({"a": VALUE})
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError) as caught:
            pickle.dumps(VALUE, protocol)
        assert "s3cr3t" not in str(caught.value)


def test_a_secret_does_not_show_in_logs_and_tracebacks() -> None:
    stream = io.StringIO()
    log = logging.Logger("test")
    log.addHandler(logging.StreamHandler(stream))
    try:
        held = VALUE
        raise RuntimeError("it failed with", held)
    except RuntimeError as error:
        log.exception("with %s and %r", VALUE, [VALUE])
        whole = traceback.TracebackException.from_exception(error, capture_locals=True)
        stream.write("".join(whole.format()))
    assert "••••" in stream.getvalue()
    assert "s3cr3t" not in stream.getvalue()


def test_secrets_are_equal_when_their_texts_are_and_to_nothing_else() -> None:
    assert Secret("ключ") == Secret("ключ")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert bool(Secret("a"))
    assert not Secret("")


def test_a_secret_does_not_change_and_copies_to_itself() -> None:
    assert copy.copy(VALUE) is VALUE
    assert copy.deepcopy({"a": VALUE})["a"] is VALUE
    with pytest.raises(AttributeError):
        VALUE.other = 1
    with pytest.raises(TypeError):
        Secret(5)  # type: ignore[arg-type]  # the point
