"""Pictures of a PDF as files."""

import struct
import zlib

from pdfminer.layout import LTImage


def picture_file(image: LTImage) -> tuple[str, bytes] | None:
    """A picture as a file: JPEG as it is, plain grey or RGB samples as PNG; None for anything else."""
    stream = image.stream
    names = [str(getattr(name, "name", name)) for name, _ in stream.get_filters()]
    if names and names[-1] in ("DCTDecode", "DCT"):
        content = stream.get_data() if len(names) > 1 else stream.get_rawdata()
        return ("jpg", content) if content and content.startswith(b"\xff\xd8") else None
    width, height = image.srcsize
    if image.bits != 8 or not (width and height):
        return None
    samples = stream.get_data()
    channels = len(samples) // (width * height)
    if channels not in (1, 3) or len(samples) != channels * width * height:
        return None
    space = " ".join(map(str, image.colorspace))
    if "Indexed" in space or "Lab" in space:
        return None
    return "png", _png(width, height, channels, samples)


def _png(width: int, height: int, channels: int, samples: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    row = width * channels
    rows = b"".join(b"\0" + samples[at : at + row] for at in range(0, len(samples), row))
    head = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
