"""Bodies of answers, unpacked no further than is asked for, and however their servers wrongly describe them."""

import zlib

import brotli

ACCEPTED = "gzip, deflate, br, identity"
_GZIP = b"\x1f\x8b"
_TEXT = b"<{[ \t\r\n\xef\xfe\xff"  # the first byte of a feed in any encoding
# Codings that nobody here can unpack; any other unknown name, such as `utf-8` or `aws-chunked`, packs nothing.
_FOREIGN = {"zstd", "compress", "x-compress", "exi", "pack200-gzip", "dcb", "dcz"}


class CannotUnpack(ValueError):
    """Says why a body cannot be unpacked."""


class Unpacker:
    """A body by the codings that its server names, the last of which was applied last.

    Names are taken for hints: what is packed is seen by its first bytes, so a plain body under `gzip`, a packed one
    under no name, and one packed twice come out as they were meant.
    """

    def __init__(self, codings: str) -> None:
        names = [name.strip().lower() for name in codings.split(",")]
        self._foreign = min(_FOREIGN.intersection(names), default="")
        layers: dict[str, type[_Deflated] | type[_Brotli]] = {
            "gzip": _Deflated, "x-gzip": _Deflated, "deflate": _Deflated, "br": _Brotli,
        }  # fmt: skip
        found: list[_Deflated | _Brotli] = [
            layers[name](name == "deflate") for name in reversed(names) if name in layers
        ]
        self._layers = [*found, _Deflated()]

    def feed(self, part: bytes, room: int) -> bytes:
        """What comes of the next part, `room` bytes at most.

        Raises:
            CannotUnpack: It is damaged.
        """
        if self._foreign and part:
            if part[0] not in _TEXT:
                raise CannotUnpack(f"a body packed as {self._foreign}")
            self._foreign = ""  # it is not
        try:
            for layer in self._layers:
                part = layer.feed(part, room)
            return part
        except (zlib.error, brotli.error) as error:
            raise CannotUnpack(f"a damaged packed body ({error})") from None

    def end(self) -> bytes:
        """What was held back until the end.

        Raises:
            CannotUnpack: There is more to come.
        """
        held = b""
        for layer in self._layers:
            held = layer.end(layer.feed(held, len(held) + 1) if held else b"")
        return held


class _Deflated:
    """gzip of any number of members, zlib, or neither.

    Attributes:
        raw: Whether what looks like nothing at all is taken for bare deflate, which some servers mean by `deflate`.
    """

    def __init__(self, raw: bool = False) -> None:
        self.raw = raw
        self.begun = b""  # too little to see what it is
        self.inflate: zlib._Decompress | None = None
        self.plain = False

    def feed(self, part: bytes, room: int) -> bytes:
        if self.plain:
            return part
        part, self.begun = self.begun + part, b""
        out = bytearray()
        while part and len(out) < room:
            if self.inflate is None or self.inflate.eof:
                if self.inflate is not None and not (part := part.lstrip(b"\0")).startswith(_GZIP[: len(part)]):
                    break  # after the last member comes nothing that counts
                if len(part) < 2:
                    self.begun = part
                    break
                if not (window := self._window(part)):
                    self.plain = True
                    return part
                self.inflate = zlib.decompressobj(window)
            out += self.inflate.decompress(part, room - len(out))
            part = self.inflate.unused_data
        return bytes(out)

    def end(self, last: bytes) -> bytes:
        if self.inflate is not None and not self.inflate.eof:
            raise CannotUnpack("a packed body that ends in the middle")
        return last + (self.begun if self.inflate is None else b"")

    def _window(self, start: bytes) -> int:
        """What zlib calls the format that begins like this; 0 for a body that is not packed."""
        if start.startswith(_GZIP):
            return zlib.MAX_WBITS | 16
        if start[0] & 15 == 8 and int.from_bytes(start[:2], "big") % 31 == 0:
            return zlib.MAX_WBITS
        return -zlib.MAX_WBITS if self.raw and start[0] not in _TEXT else 0


class _Brotli:
    def __init__(self, raw: bool = False) -> None:
        self.unpacker = brotli.Decompressor()
        self.plain: bool | None = None

    def feed(self, part: bytes, room: int) -> bytes:
        if self.plain is None and part:
            self.plain = part[:1] == b"<"  # with other letters of a text a packed body may begin
        if self.plain or not part:
            return part
        unpacked = bytes(self.unpacker.process(part, output_buffer_limit=room))
        while len(unpacked) < room and not self.unpacker.can_accept_more_data():
            unpacked += self.unpacker.process(b"", output_buffer_limit=room - len(unpacked))
        return unpacked

    def end(self, last: bytes) -> bytes:
        if self.plain is False and not self.unpacker.is_finished():
            raise CannotUnpack("a packed body that ends in the middle")
        return last
