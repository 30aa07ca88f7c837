"""Grey images in PNG, as far as a set of digits needs it: 8 bits, not interlaced.

Portable Network Graphics (PNG) Specification, second edition, W3C, 2003.
"""

from __future__ import annotations

import struct
import zlib
from typing import Iterator, Tuple

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NONE, _SUB, _UP = 0, 1, 2


def decode(content: bytes) -> np.ndarray:
    """The pixels of an image: uint8 of shape (height, width).

    Raises:
        ValueError: it is no PNG, is damaged or cut off, is not grey with 8 bits, is interlaced, or
            uses a filter other than none, sub and up.
    """
    if not content.startswith(_SIGNATURE):
        raise ValueError("not a PNG")
    header, data = b"", b""
    for kind, chunk in _chunks(content):
        if kind == b"IHDR":
            header = chunk
        elif kind == b"IDAT":
            data += chunk
    if len(header) != 13:
        raise ValueError("a PNG without a header")
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if (depth, colour, interlaced) != (8, 0, 0):
        raise ValueError("a PNG that is not grey with 8 bits, or is interlaced")
    try:
        rows = np.frombuffer(zlib.decompress(data), np.uint8)
    except zlib.error as error:
        raise ValueError("a PNG that does not unpack: {}".format(error)) from error
    if rows.size != height * (width + 1):
        raise ValueError("a PNG that holds {} bytes of pixels".format(rows.size))
    rows = rows.reshape(height, width + 1)
    return _unfiltered(rows[:, 0], rows[:, 1:])


def _chunks(content: bytes) -> Iterator[Tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while place + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        kind, chunk = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(
            ">I", content.ljust(place + 12 + length), place + 8 + length
        )
        if zlib.crc32(kind + chunk) != checksum:
            break
        yield kind, chunk
        place += 12 + length
        if kind == b"IEND":
            return
    raise ValueError("a PNG that is damaged or cut off")


def _unfiltered(filters: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The pixels from what the filter of each row left of them; sums are modulo 256."""
    pixels = np.empty_like(rows)
    above = np.zeros(rows.shape[1], np.uint8)
    for number, (kind, row) in enumerate(zip(filters, rows)):
        if kind == _NONE:
            above = row
        elif kind == _SUB:
            above = np.cumsum(row, dtype=np.uint8)
        elif kind == _UP:
            above = row + above
        else:
            raise ValueError("a PNG with filter {} in row {}".format(kind, number))
        pixels[number] = above
    return pixels
