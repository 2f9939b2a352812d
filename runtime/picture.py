"""Door to resvg: an SVG drawing in, a PNG out, made by a process of its own.

A drawing's native code thus costs the service no memory, can be ended by its limit, and takes nothing down.
"""

from __future__ import annotations

import sys

from runtime.errors import PictureError, ShellError
from runtime.shell import BUILD_OOM_SCORE, Command, run

DRAW_S = 15.0
_PNG = b"\x89PNG\r\n\x1a\n"
_DRAW = (
    "import sys, resvg_py\n"
    "drawing = sys.stdin.buffer.read().decode()\n"
    "sys.stdout.buffer.write(resvg_py.svg_to_bytes(svg_string=drawing, skip_system_fonts=True))\n"
)


def png(svg: str, timeout: float = DRAW_S) -> bytes:
    """The drawing as a PNG of the size that it names. It may hold no text: no fonts are looked for.

    Blocks (a job's thread) for about a tenth of a second, `timeout` seconds at most. Raises PictureError.
    """
    command = Command(
        (sys.executable, "-P", "-c", _DRAW),
        timeout=timeout,
        stdin=svg.encode("utf-8", "replace"),
        oom_score_adj=BUILD_OOM_SCORE,
    )
    try:
        outcome = run(command)
    except ShellError as error:
        raise PictureError(f"the picture could not be drawn: {error}", error.hint) from error
    if outcome.timed_out:
        raise PictureError(f"the picture was not drawn within {timeout:g} s", "The machine is busy; try again.")
    if not outcome.ok or not outcome.output.startswith(_PNG):
        lines = [line.strip() for line in outcome.text.splitlines() if line.strip()]
        said = lines[-1][:200] if lines else f"exit code {outcome.code}"
        raise PictureError(f"the picture could not be drawn: {said}", "See the log; `pip install resvg-py` if missing.")
    return outcome.output
