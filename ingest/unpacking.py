"""Bodies of answers, unpacked no further than is asked for."""

import zlib
from collections.abc import Callable

import brotli

_Unpack = Callable[[bytes, int], bytes]


def _gzip() -> _Unpack:
    return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress  # with gzip's header or zlib's


def _brotli() -> _Unpack:
    unpacker = brotli.Decompressor()

    def unpack(part: bytes, room: int) -> bytes:
        unpacked = bytes(unpacker.process(part, output_buffer_limit=room))
        while len(unpacked) < room and not unpacker.can_accept_more_data():
            unpacked += unpacker.process(b"", output_buffer_limit=room - len(unpacked))
        return unpacked

    return unpack


UNPACKERS: dict[str, Callable[[], _Unpack]] = {
    "gzip": _gzip,
    "deflate": _gzip,
    "br": _brotli,
    "identity": lambda: lambda part, room: part,
}
