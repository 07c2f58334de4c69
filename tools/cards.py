"""`python -m tools.cards [NAME…]`: the pictures by which links to concepts are shared, `docs/assets/cards/NAME.png`.

Each shows a concept's names, its group and its picture; `site.png` is for all other pages. Chromium draws them with the
fonts of the machine, and they are committed: a build needs neither, and gives the same bytes everywhere. What a card
says is kept in it as a hash, by which `tests/tools/test_cards.py` knows those that are out of date.
"""

import hashlib
import html
import io
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import sync_playwright

from ingest.files import write_bytes
from ingest.front_matter import front_matter
from ingest.model import Source
from publish.phrases import typeset

ROOT = Path(__file__).parents[1]
TOPICS, CARDS = ROOT / "docs" / "topics", ROOT / "docs" / "assets" / "cards"
SIZE = (1200, 630)
COLOURS = 16  # of a card: four bits a pixel, and the edges of letters stay smooth
KEY = "Says"  # the name under which a card keeps the hash
SITE = "site"
# The first is the same engine without the windows around pages, which cost as much as the pages.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
LOGO = (ROOT / "theme" / "partials" / "logo.html").read_text("utf-8").split("-#}", 1)[1].strip()
STYLE = (
    (ROOT / "docs" / "assets" / "colours.css").read_text("utf-8")
    + """
  * { box-sizing: border-box; margin: 0; }
  body { background: #fff; color: var(--wiki-ink); display: grid; font-family: "Noto Sans CJK SC", sans-serif;
    grid-template: 1fr auto / minmax(0, 1fr) auto; height: 630px; padding: 64px 72px 52px; width: 1200px;
    border-left: 20px solid var(--wiki-group, var(--wiki-ink)); }
  main { align-self: center; }
  main:nth-last-child(2) :is(h1, h1.long) { font-size: 80px; }
  .wiki-sqrt span { font-family: sans-serif; font-weight: 400; margin-right: -0.1em; }
  .wiki-root { border-top: 0.06em solid; }
  sub { font-size: 0.6em; }
  .group { color: var(--wiki-group, var(--wiki-quiet)); font-size: 30px; font-weight: 700; }
  h1 { font-size: 68px; font-weight: 700; line-height: 1.25; margin: 14px 0 20px; overflow-wrap: anywhere;
    word-break: keep-all; }
  h1.long { font-size: 54px; }
  .english { color: var(--wiki-quiet); font-size: 32px; line-height: 1.4; }
  figure { align-self: center; margin-left: 48px; }
  figure svg { height: auto; max-height: 430px; width: 420px; }
  figcaption { display: none; }
  figure rect { fill: var(--wiki-group); }
  footer { align-items: center; border-top: 2px solid var(--wiki-line); display: flex; font-size: 32px;
    font-weight: 700; gap: 16px; grid-column: 1 / -1; padding-top: 26px; }
  footer svg { height: 44px; width: 44px; }
  .wiki-logo__run { fill: var(--wiki-run); }
  footer span { color: var(--wiki-run); margin-left: auto; }
"""
)


def pages(names: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """Each card by its name, as a page that Chromium draws."""
    wanted = {*names}
    groups = list(_front(TOPICS / "index.md")["groups"])
    for path in sorted(TOPICS.glob("*.md")):
        if path.stem != "index" and (not wanted or path.stem in wanted):
            front = _front(path)
            number = groups.index(front["group"]) + 1 if front["group"] in groups else 0
            picture = TOPICS / "pictures" / f"{path.stem}.html"
            yield (
                path.stem,
                _page(
                    front["title"],
                    front["english"],
                    front["group"],
                    number,
                    picture.read_text("utf-8") if picture.exists() else "",
                    "可以在页面里运行" if front.get("snippet") else "",
                ),
            )
    if not wanted or SITE in wanted:
        yield (
            SITE,
            _page("大语言模型：读得懂公式，也跑得动代码", "Large language models, with code that runs in the page"),
        )


def says(page: str) -> str:
    """A hash of what a card shows; not of how."""
    return hashlib.sha256(page.partition("<main>")[2].replace("<wbr>", "").encode()).hexdigest()[:16]


def said(card: Path) -> str:
    """The hash that a card keeps; "" where there is none."""
    if not card.exists():
        return ""
    with Image.open(card) as opened:
        return opened.info.get(KEY, "")


def fonts() -> bool:
    """Whether this machine can draw Chinese letters as the committed cards have them."""
    finder = shutil.which("fc-list")
    return bool(finder and "Noto Sans CJK SC" in subprocess.run([finder], capture_output=True, text=True).stdout)


def write(names: Iterable[str] = ()) -> None:
    """Draw cards into `docs/assets/cards/`, those that say something new."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        # A picture may be somebody else's: it runs nothing and asks for nothing.
        tab = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, java_script_enabled=False, offline=True)
        for name, page in pages(names):
            out, hashed = CARDS / f"{name}.png", says(page)
            if said(out) == hashed:
                continue
            tab.set_content(page)
            shot = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
            info = PngInfo()
            info.add_text(KEY, hashed)
            small = shot.quantize(palette=_palette(shot), dither=Image.Dither.NONE)
            small.paste(0, mask=shot.convert("L").point(lambda light: 255 * (light > 253)))  # white, not nearly so
            content = io.BytesIO()
            small.save(content, "png", optimize=True, pnginfo=info)
            write_bytes(out, content.getvalue(), ROOT if out.is_relative_to(ROOT) else CARDS)
        browser.close()


def _palette(shot: Image.Image) -> Image.Image:
    """The colours that a card is kept in: those it has most of, and steps from them to white.

    What a library finds by itself leaves out the orange of the small mark.
    """
    counts = sorted(shot.getcolors(maxcolors=1 << 20), reverse=True)
    most = [colour for _, colour in counts if max(colour) - min(colour) > 24 or sum(colour) < 360][:3]
    full = list(dict.fromkeys([*most, (194, 65, 12), (86, 96, 114)]))[:4]
    steps = [tuple(round(255 - (255 - c) * part) for c in colour) for colour in full for part in (1, 0.7, 0.4)]
    tints = [tuple(round(255 - (255 - c) * 0.12) for c in colour) for colour in full[:2]]
    picked = [(255, 255, 255), (225, 229, 237), *tints, *steps][:COLOURS]
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for colour in picked + [picked[0]] * (COLOURS - len(picked)) for value in colour])
    return palette


def _front(path: Path) -> dict:
    return front_matter(Source(path.name, path.read_text("utf-8")))[0]


def _page(title: str, english: str, group: str = "", number: int = 0, picture: str = "", runs: str = "") -> str:
    body = f' class="wiki-group--{number}"' if number else ""
    size = " class=long" if len(title) > 16 else ""
    return (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><style>{STYLE}</style><body{body}><main>'
        f'<p class="group">{html.escape(group)}</p><h1{size}>{typeset(html.escape(title))}</h1>'
        f'<p class="english">{typeset(html.escape(english))}</p></main>{picture}'
        f"<footer>{LOGO} OpenLLM Wiki<span>{runs}</span></footer></body></html>"
    )


if __name__ == "__main__":
    if not fonts():
        sys.exit("cards are drawn with Noto Sans CJK SC (on Debian and Ubuntu: fonts-noto-cjk), which is not here")
    write(sys.argv[1:])
