"""A strict reader of PNG pictures, independent of what draws ours: what a browser would refuse, it refuses."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cached_property

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
Colour = tuple[int, int, int]


class NotAPictureError(ValueError):
    """Why it is none."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture of eight bits a channel; `palette` where its pixels are places in one."""

    width: int
    height: int
    channels: int
    raw: bytes
    palette: bytes = b""

    @cached_property
    def rows(self) -> list[bytes]:
        """The pixels, row by row; seconds for a large picture."""
        return _unfiltered(self.raw, self.width * self.channels, self.channels)

    def at(self, x: float, y: float) -> Colour:
        """The colour of the pixel there."""
        pixel = self.rows[int(y)][int(x) * self.channels : (int(x) + 1) * self.channels]
        if self.palette:
            pixel = self.palette[3 * pixel[0] : 3 * pixel[0] + 3]
        return (pixel[0], pixel[0], pixel[0]) if len(pixel) < 3 else (pixel[0], pixel[1], pixel[2])

    def column(self, x: float, top: float, bottom: float) -> set[Colour]:
        """The colours of a vertical line."""
        return {self.at(x, y) for y in range(int(top), int(bottom))}


def read(content: bytes) -> Picture:
    """The picture; NotAPictureError says what is wrong with it. Not interlaced, eight bits a channel."""
    if not content.startswith(SIGNATURE):
        raise NotAPictureError("no PNG signature")
    chunks = _chunks(content[len(SIGNATURE) :])
    if chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13 or chunks[-1] != (b"IEND", b""):
        raise NotAPictureError("IHDR must be the first chunk and IEND the last")
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if not width or not height or depth != 8 or kind not in _CHANNELS or interlaced:
        raise NotAPictureError("a size or a kind that cannot be read")
    try:
        raw = zlib.decompress(b"".join(data for name, data in chunks if name == b"IDAT"))
    except zlib.error as error:
        raise NotAPictureError(f"its data is damaged: {error}") from error
    channels = _CHANNELS[kind]
    if len(raw) != height * (1 + width * channels):
        raise NotAPictureError("its data is of another size than it says")
    palette = next((data for name, data in chunks if name == b"PLTE"), b"") if kind == 3 else b""
    if max(raw[:: width * channels + 1]) > 4:
        raise NotAPictureError("a row filter that there is not")
    return Picture(width, height, channels, raw, palette)


def plain(width: int, height: int, colour: Colour = (9, 9, 9)) -> bytes:
    """A picture of that size in one colour."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress((b"\0" + bytes(colour) * width) * height)
    chunks = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    made = (struct.pack(">I", len(it)) + name + it + struct.pack(">I", zlib.crc32(name + it)) for name, it in chunks)
    return SIGNATURE + b"".join(made)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    while data:
        if len(data) < 12:
            raise NotAPictureError("it ends within a chunk")
        (length,) = struct.unpack(">I", data[:4])
        name, body, check = data[4:8], data[8 : 8 + length], data[8 + length : 12 + length]
        if len(check) != 4 or zlib.crc32(name + body) != struct.unpack(">I", check)[0]:
            raise NotAPictureError(f"chunk {name!r} is damaged")
        found.append((name, body))
        data = data[12 + length :]
    if not found:
        raise NotAPictureError("there is nothing in it")
    return found


def _unfiltered(raw: bytes, stride: int, step: int) -> list[bytes]:
    rows: list[bytes] = []
    above = bytes(stride)
    for start in range(0, len(raw), stride + 1):
        kind, line = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        if kind == 2:
            line = bytearray((here + up) & 255 for here, up in zip(line, above, strict=True))
        elif kind:
            _along(kind, line, above, step)
        above = bytes(line)
        rows.append(above)
    return rows


def _along(kind: int, line: bytearray, above: bytes, step: int) -> None:
    """The filters that look to the left."""
    for i in range(len(line)):
        left, up, corner = (line[i - step], above[i], above[i - step]) if i >= step else (0, above[i], 0)
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + up) // 2
        else:
            far_left, far_up, far_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
            guess = left if far_left <= far_up and far_left <= far_corner else up if far_up <= far_corner else corner
        line[i] = (line[i] + guess) & 255
