"""Drawings become pictures in a process of their own: what is wrong with one ends that process and nothing else."""

from __future__ import annotations

import sys

import pytest

from runtime import picture
from runtime.errors import PictureError
from tests.fakes import png

SQUARE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="10" height="10" fill="#00ff00"/></svg>'
)


def test_a_drawing_becomes_a_picture_of_its_size_and_colours() -> None:
    made = png.read(picture.png(SQUARE))
    assert (made.width, made.height) == (20, 10)
    assert made.at(5, 5) == (0, 255, 0)


def test_the_service_itself_loads_nothing_for_it() -> None:
    picture.png(SQUARE)
    assert "resvg_py" not in sys.modules


@pytest.mark.parametrize("drawing", ["", "<svg", "plain words", '<svg xmlns="http://www.w3.org/2000/svg" width="-1"/>'])
def test_what_is_no_drawing_is_refused_with_a_reason(drawing: str) -> None:
    with pytest.raises(PictureError, match=r"could not be drawn: ."):
        picture.png(drawing)


def test_a_drawing_that_takes_too_long_is_ended_by_its_limit() -> None:
    with pytest.raises(PictureError, match=r"not drawn within 0\.001 s"):
        picture.png(SQUARE, timeout=0.001)


def test_without_the_library_it_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "_DRAW", picture._DRAW.replace("resvg_py", "not_there_at_all"))
    with pytest.raises(PictureError, match="No module named 'not_there_at_all'"):
        picture.png(SQUARE)


def test_without_a_python_it_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(PictureError, match="not on this machine"):
        picture.png(SQUARE)
