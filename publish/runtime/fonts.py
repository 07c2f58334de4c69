"""The Chinese font of matplotlib's labels: of a font that weighs megabytes, the letters that people write.

fontTools makes it, out of the wheel that the runtime ships with matplotlib; so the build needs no more than it has.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from ingest.files import write_bytes
from publish.runtime.assets import AssetError, run

MARKS = "，。、；：？！“”‘’（）《》【】…—·％＋－＝×→≤≥−±°²³√∞≈≠∑∂αβγδεζηθικλμνξπρστυφχψωΔΣΩ"
# Without hints, and without what sets type: matplotlib uses neither. The time in the file stays that of the font.
SUBSET = """
import sys
sys.path.insert(0, sys.argv[1])
from fontTools import subset
from fontTools.ttLib import TTFont

font = TTFont(sys.argv[2], recalcTimestamp=False)
options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 4, 6, 13, 14])
work = subset.Subsetter(options)
work.populate(text=open(sys.argv[3], encoding="utf-8").read())
work.subset(font)
font.flavor = None
font.save(sys.argv[4])
"""


def letters() -> str:
    """Those of GB 2312's first level, which are the 3,755 most used, and the marks among them; Latin ones too."""
    pairs = (bytes([row, place]) for row in range(0xB0, 0xD8) for place in range(0xA1, 0xFF))
    han = {pair.decode("gb2312", "ignore") for pair in pairs}
    return "".join(sorted({*"".join(han), *MARKS, *map(chr, range(0x20, 0x7F))}))


def subset(font: bytes, fonttools: bytes, kept: Path) -> bytes:
    """A font with these letters alone, as TrueType.

    Args:
        font: As published, in WOFF2.
        fonttools: The wheel of fontTools, as published.
        kept: Folder for the result: it takes seconds.

    Raises:
        AssetError: It is no font, or there is nothing to unpack it with.
    """
    parts = [font, fonttools, Path(__file__).read_bytes()]
    place = kept / f"{hashlib.sha256(b''.join(hashlib.sha256(part).digest() for part in parts)).hexdigest()}.ttf"
    if place.is_file():
        return place.read_bytes()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [folder / "fonttools.whl", folder / "font.woff2", folder / "letters.txt", folder / "made.ttf"]
        for path, content in zip(paths, [fonttools, font, letters().encode()], strict=False):
            path.write_bytes(content)
        try:
            run([sys.executable, "-c", SUBSET, *map(str, paths)])
        except (OSError, subprocess.SubprocessError) as error:
            raise AssetError(f"the font cannot be cut down: {error}") from error
        content = paths[-1].read_bytes()
    write_bytes(place, content)
    return content
