"""Pictures that lie beside a note: only kinds that run nothing, told by their first bytes, with their size."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif"}
LARGEST = 10_000_000  # bytes
PIXELS = 50_000_000  # which a browser unpacks to 200 MB; half a megabyte can hold a thousand million


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a note: its address from any page that is two folders deep, and its size in pixels."""

    address: str
    width: int
    height: int


Pictures = Mapping[str, Picture]  # by path relative to the project's root


def kind_of(content: bytes) -> str:
    """`png`, `jpg`, `gif` or `webp`; "" for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    return next((kind for mark, kind in KINDS.items() if content.startswith(mark)), "")


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height in pixels.

    Raises:
        ValueError: It is too large, of no kind that is known, or says no size.
    """
    import imagesize  # it loads urllib, for which a check without pictures need not wait

    if len(content) > LARGEST:
        raise ValueError(f"{len(content)} bytes")
    try:
        width, height = imagesize.get(io.BytesIO(content)) if kind_of(content) else (0, 0)
    except Exception as error:  # a damaged head can fail anywhere in it
        raise ValueError(str(error)) from error
    if not (0 < width < 50_000 and 0 < height < 50_000):
        raise ValueError("no PNG, JPEG, GIF or WebP")
    if width * height > PIXELS:
        raise ValueError(f"{width} by {height} pixels")
    return int(width), int(height)
