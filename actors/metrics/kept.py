"""The history in a file, so that the next service knows the day before its start."""

from __future__ import annotations

import base64
import json
import sys
import zlib
from pathlib import Path

from actors.metrics.history import History, Track
from runtime.log import get
from runtime.store_files import write_durably

log = get("actors.metrics")
FILE = "load.history"
VERSION = 1
MOST_BYTES = 64 * 1024**2


def keep(history: History, file: Path) -> None:
    """Put it there, whole or not at all; a disk that has no room for it costs nothing else."""
    minute, tracks = history.tracks()
    plain = {
        "version": VERSION,
        "order": sys.byteorder,
        "minute": minute,
        "tracks": {key: [track.last, *map(_packed, track.content())] for key, track in tracks.items()},
    }
    try:
        write_durably(file, json.dumps(plain))
    except OSError as error:
        log.warning("the load's history could not be kept", error=str(error))


def bring_back(history: History, file: Path) -> bool:
    """What an earlier service kept; False, and nothing of it, where it cannot be used."""
    try:
        if file.stat().st_size > MOST_BYTES:
            return False
        plain = json.loads(file.read_text(encoding="utf-8"))
        if (plain["version"], plain["order"]) != (VERSION, sys.byteorder):
            return False
        tracks = {key: Track.of(last, *map(_unpacked, kept)) for key, (last, *kept) in plain["tracks"].items()}
        history.restore(int(plain["minute"]), tracks)
    except FileNotFoundError:
        return False
    except (OSError, ValueError, TypeError, KeyError, AttributeError, zlib.error) as error:
        log.warning("the load's history cannot be read; it begins anew", error=str(error))
        return False
    return True


def _packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 1)).decode()


def _unpacked(text: str) -> bytes:
    unpacking = zlib.decompressobj()
    return unpacking.decompress(base64.b64decode(text, validate=True), MOST_BYTES)
