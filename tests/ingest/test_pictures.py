"""Pictures beside notes: shown where the note shows them, from the site itself, and from nowhere else."""

import re
import struct
import time
import zlib
from urllib.parse import quote

import pytest

from ingest.cli import main
from ingest.pictures import kind_of, size_of
from tests.ingest.conftest import NOTE, QUESTION


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def head(width, height):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


def png(width, height):
    rows = zlib.compress(b"".join(b"\0" + bytes(width) for _ in range(height)))
    return head(width, height) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


GIF = b"GIF89a" + struct.pack("<HH", 3, 2) + b"\0\0\0;"
JPEG = b"\xff\xd8\xff\xc0\0\x11\x08" + struct.pack(">HH", 5, 7) + b"\x03" + b"\0" * 9 + b"\xff\xd9"
WEBP = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + b"\x08\0\0\x05\0\0"


def frame(width, height, colours=b""):
    """What a GIF shows first, which a browser shows whole."""
    said = b"!\xfe\1a\1b\0" + b"!\xf9\4" + bytes(5)
    return colours + said + b"," + struct.pack("<HHHH", 1, 1, width - 1, height - 1) + b"\0\2\2L\1\0;"


def gif(first):
    flags = b"\x80" if first[0] == 0 else b"\0"
    return GIF[:10] + flags + b"\0\0" + first


def part(marker, content):
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def sized(width, height):
    return part(0xC0, b"\x08" + struct.pack(">HH", height, width) + b"\1\1\x11\0") + part(0xDA, b"\1\1\0\0?\0")


def build(project):
    return main(["build", *(part for n in ("talks", "docs", "snippets") for part in (f"--{n}", str(project / n)))])


def put(project, name, content):
    path = project / "talks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def with_picture(project, markdown):
    (project / "talks/notes/101.md").write_text(NOTE.replace("从 8 试起。", f"从 8 试起：{markdown}"), "utf-8")


@pytest.mark.parametrize(
    ("content", "kind", "size"),
    [(png(4, 3), "png", (4, 3)), (GIF, "gif", (3, 2)), (JPEG, "jpg", (7, 5)), (WEBP, "webp", (9, 6))],
)
def test_kind_and_size_are_read_off_the_bytes(content, kind, size):
    assert (kind_of(content), size_of(content)) == (kind, size)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gif(frame(9_000, 9_000)), "9000 by 9000 pixels"),
        (gif(frame(9_000, 9_000, b"\0" * 6)), "9000 by 9000 pixels"),
        (JPEG[:2] + part(0, sized(9_000, 9_000)) + sized(7, 5), "something between them"),
        (JPEG[:2] + part(0xE0, b"") + b"\0" + sized(7, 5), "something between them"),
    ],
)
def test_picture_is_as_large_as_a_browser_takes_it_to_be(content, said):
    """A few bytes say one size to who reads the head, and unpack to gigabytes in each reader's browser."""
    with pytest.raises(ValueError, match=said):
        size_of(content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gif(frame(7_000, 7_000)[:-1] * 21 + b";"), "21 frames of 7000 by 7000 pixels"),
        (head(7_000, 7_000) + chunk(b"acTL", struct.pack(">II", 21, 0)) + chunk(b"IDAT", b""), "21 frames of 7000"),
        (
            head(7_000, 7_000)
            + chunk(b"tEXt", b"acTL" + struct.pack(">II", 1, 0))
            + chunk(b"acTL", struct.pack(">II", 21, 0)),
            "21 frames of 7000",
        ),
        (
            head(7_000, 7_000) + chunk(b"tEXt", b"IDAT") + chunk(b"acTL", struct.pack(">II", 21, 0)),
            "21 frames of 7000",
        ),
        (head(9, 9) + chunk(b"tEXt", b"") * 10_001, "parts without an end"),
        (JPEG[:2] + sized(7_000, 7_000) + part(0xDA, b"a") * 20, "21 frames of 7000"),  # of some bytes each
        (WEBP[:24] + struct.pack("<I", 6_999)[:3] * 2 + b"ANMF" * 21, "21 frames of 7000 by 7000 pixels"),
        (gif(frame(9, 9)[:-1] * 30_000), "frames and more"),
        (gif(frame(9, 9)[:-2] + b"\1a" * 100_000), "frames and more"),
    ],
)
def test_pictures_that_move_are_no_larger_than_one_that_stands(content, said):
    """A frame of 49 million pixels takes 40 kB; a browser unpacks each as often as it is shown."""
    with pytest.raises(ValueError, match=said):
        size_of(content)
    assert size_of(gif(frame(640, 480)[:-1] * 300)) == (3, 2)


def test_frame_within_a_screen_and_parts_with_padding_are_read():
    assert size_of(gif(frame(3, 2))) == size_of(GIF[:10]) == size_of(gif(frame(3, 2))[:16]) == (3, 2)
    assert size_of(JPEG[:2] + part(0xE1, b"a") + b"\xff\xff" + sized(7, 5)) == (7, 5)


@pytest.mark.parametrize(
    "content",
    [
        GIF[:13] + b"!\xfe" + b"\1a" * 400_000 + b"\0" + frame(9_000, 9_000),
        GIF[:13] + b"!\xfe\0" * 400_000 + frame(9_000, 9_000),
        JPEG[:2] + b"\xff\xc4\0\2" * 400_000 + JPEG[2:],
    ],
)
def test_head_of_a_picture_is_read_no_further_than_pictures_say_something(content):
    began = time.process_time()
    with pytest.raises(ValueError, match=r"without an end|no size"):
        size_of(content)
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n", png(4, 3)[:20], head(60_000, 1), head(9_000, 9_000), b"GIF89a"],
)
def test_what_is_no_whole_picture_has_no_size(content):
    with pytest.raises(ValueError, match=r"."):
        size_of(content)


def test_picture_stands_on_both_pages_with_its_size_and_description(project):
    put(project, "notes/101/1.png", png(4, 3))
    with_picture(project, '![秩与损失](101/1.png "一条曲线")')
    assert build(project) == 0
    for page in ("talks/101.md", "qa/talk-101-q1.md"):
        [image] = re.findall("<img[^>]*>", (project / "docs" / page).read_text("utf-8"))
        address = re.search('src="([^"]*)"', image)[1]
        for part in ('alt="秩与损失"', 'title="一条曲线"', 'width="4"', 'height="3"', 'loading="lazy"'):
            assert part in image
        # A page lies in a folder of its own: talks/101/index.html.
        place = (project / "docs" / page.removesuffix(".md") / address).resolve()
        assert place.parent == project / "docs/talks/pictures"
        assert place.read_bytes() == png(4, 3)


@pytest.mark.parametrize("name", ["lsgan loss 图.png", "🏃.png", "CON.png", "a" * 200 + ".png", "１.PNG", "-.png"])
def test_name_of_any_kind_gives_one_safe_address(project, name):
    put(project, f"questions/faq/{name}", png(4, 3))
    for written in {name, quote(name)}:
        (project / "talks/questions/unmerge-lora.md").write_text(QUESTION.replace("能，", f"![图](faq/{written}) "))
        assert build(project) == 0
        [address] = re.findall('src="([^"]*)"', (project / "docs/qa/unmerge-lora.md").read_text("utf-8"))
        assert re.fullmatch(r"\.\./\.\./talks/pictures/[\w-]{1,80}\.png", address)
        assert [path.name for path in (project / "docs/talks/pictures").iterdir()] == [address.rpartition("/")[2]]


@pytest.mark.parametrize(
    "path",
    ["../../secret.png", "/etc/passwd", "101/../../../secret.png", "101/gone.png", "file:///etc/passwd", "101/a.svg",
     "101/script.png", "101/link.png", "..%2F..%2Fsecret.png", "101/1.png/../../../../secret.png"],
)  # fmt: skip
def test_nothing_but_pictures_beside_notes_is_shown(project, path, capsys):
    (project / "secret.png").write_bytes(png(4, 3))
    put(project, "notes/101/a.svg", b"<svg onload='pwned()'/>")
    put(project, "notes/101/script.png", b"<script>pwned()</script>")
    (project / "talks/notes/101/link.png").symlink_to(project / "secret.png")
    with_picture(project, f"![图]({path})")
    assert build(project) == 1
    said = capsys.readouterr().err
    assert said.count("F004") == 2  # the script and the link; no rule looks at a drawing
    assert said.count(": M002 no picture") == 1
    page = (project / "docs/talks/101.md").read_text("utf-8")
    assert "<img" not in page
    assert "图" in page
    assert not (project / "docs/talks/pictures").exists()


def test_note_that_is_a_link_to_another_file_is_not_read(project, capsys):
    (project / "secret.md").write_text("secret")
    (project / "talks/questions/a.md").symlink_to(project / "secret.md")
    assert build(project) == 1
    assert "talks/questions/a.md:1:1: F001 cannot read: a link" in capsys.readouterr().err
    assert not any("secret" in path.read_text("utf-8") for path in (project / "docs").rglob("*.md"))


def test_picture_that_is_gone_goes_from_the_site(project):
    put(project, "notes/101/1.png", png(4, 3))
    build(project)
    assert len(list((project / "docs/talks/pictures").iterdir())) == 1
    (project / "talks/notes/101/1.png").unlink()
    build(project)
    assert not (project / "docs/talks/pictures").exists()
