"""Pictures that lie beside a note: only kinds that run nothing, told by their first bytes, with their size."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif"}
LARGEST = 10_000_000  # bytes
PIXELS = 50_000_000  # which a browser unpacks to 200 MB; half a megabyte can hold a thousand million
PARTS = 10_000  # before what says how large it is
MOVING = 1_000_000_000  # pixels of all frames or scans; a frame is unpacked again and again as long as it is looked at


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
    kind = kind_of(content)
    try:
        head = _jpeg(content) if kind == "jpg" else content
        width, height = imagesize.get(io.BytesIO(head), exif_rotation=kind == "jpg") if kind else (0, 0)
        across, down, frames = _gif(content) if kind == "gif" else (width, height, _frames(content, kind))
    except Exception as error:  # a damaged head can fail anywhere in it
        raise ValueError(str(error)) from error
    if not (0 < width < 50_000 and 0 < height < 50_000):
        raise ValueError("no PNG, JPEG, GIF or WebP")
    if across * down > PIXELS:
        raise ValueError(f"{across} by {down} pixels")
    if across * down * frames > MOVING:
        raise ValueError(f"{frames} frames of {across} by {down} pixels")
    return int(width), int(height)


def _jpeg(content: bytes) -> bytes:
    """Its head, until it says its size. What stands between its parts some take for a part, and browsers look through.

    Raises:
        ValueError: There is something between them, or no size.
    """
    at = 2
    for _ in range(PARTS):
        if content[at] != 0xFF:
            break
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return content[: at + 2 + length]
        if marker < 0xC0 or 0xD0 <= marker <= 0xDA:
            break
        at += 1 if marker == 0xFF else 2 + length
    raise ValueError("parts with something between them, and no size")


def _gif(content: bytes) -> tuple[int, int, int]:
    """The size of its screen, or of the first frame where that is larger: so much do browsers show; and its frames.

    Raises:
        ValueError: It is in more pieces than a program writes.
    """
    width, height = (int.from_bytes(content[at : at + 2], "little") for at in (6, 8))
    frames, at, left = 0, 13 + _colours(content[10:11]), PARTS + len(content) // 64
    while left > 0:
        mark = content[at : at + 1]
        if mark == b"!":  # what is said of it
            at += 2
        elif mark == b",":
            if not frames:
                beside, above, across, down = (
                    int.from_bytes(content[at + n : at + n + 2], "little") for n in (1, 3, 5, 7)
                )
                width, height = max(width, beside + across), max(height, above + down)
            frames += 1
            at += 11 + _colours(content[at + 9 : at + 10])
        else:
            return width, height, frames
        while left > 0 and (size := content[at : at + 1].ljust(1, b"\0")[0]):
            at, left = at + 1 + size, left - 1
        at, left = at + 1, left - 1
    raise ValueError(f"{frames} frames and more, without an end")


def _frames(content: bytes, kind: str) -> int:
    """How often a browser goes over all of a picture, at least: for each frame it shows, each scan of a JPEG.

    Raises:
        ValueError: It is in more pieces than a program writes.
    """
    if kind in ("webp", "jpg"):
        return max(1, content.count(b"ANMF" if kind == "webp" else b"\xff\xda"))
    frames, at = 1, 8
    for _ in range(PARTS):
        size, name = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        if name in (b"IDAT", b""):
            return frames
        if name == b"acTL":
            frames = max(frames, int.from_bytes(content[at + 8 : at + 12]))
        at += 12 + size
    raise ValueError("parts without an end")


def _colours(said: bytes) -> int:
    """Bytes of a table of colours, by the byte that says so; of one that is cut off there is none."""
    (flags,) = said or b"\0"
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
