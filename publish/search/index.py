"""The search index of a built site: `python -m publish index site` runs Pagefind over rewritten pages.

Pagefind cuts Chinese with a dictionary, browsers cut queries with another. So here every run of Chinese characters is
stored as its overlapping pairs (位置编码: 位置 置编 编码 码), and browser/search/query.js asks for pairs. What a
page says can be read back: a dot marks what was put in (see `plain` in search_merge.py). Words are also stored as they
may be asked for: in simplified characters, `top_p`, `top-p` and `TopP` as topp, top and p.
"""

import html
import json
import re
import subprocess
import sys
import tempfile
import unicodedata
from functools import cache
from pathlib import Path

from opencc import OpenCC

from ingest.tree import Tree
from publish.search import HAN
from publish.search.merge import merge

# Marks that no text has and that Pagefind takes for punctuation.
PAIR, AFTER_SPACE, EXTRA, END = "\u2e31", "\u2e32", "\u2e33", "\u2e34"
LATIN = "A-Za-z0-9\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"  # full-width forms too
TOKEN = re.compile(rf"(?P<han>[{HAN}]+)|(?<![&#{LATIN}])(?P<word>[{LATIN}]+(?:[-_.\uff0d\uff3f\uff0e][{LATIN}]+)*)")
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
ARTICLE = re.compile(r"<article[^>]*md-content__inner.*?</article>", re.DOTALL)
EXAMPLE = re.compile(r'<details class="example".*?</details>', re.DOTALL)  # of a concept whose own page has it too
MARKUP = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)
ENGLISH = re.compile(r'data-english="([^"]*)">.*?data-pagefind-filter="topic\[data-v]" data-v="([^"]*)"')
AT_ONCE = 2_500  # pages whose words Pagefind holds at once, in 0.6 GB
ROOT = "article.md-content__inner"
EXCLUDED = ".headerlink, .md-source-file, .md-content__button, div.arithmatex, .wiki-source, .wiki-chips, .wiki-badge"


@cache
def simplified() -> dict[str, str]:
    """Every traditional character that has a simplified form, with it."""
    convert = OpenCC("t2s").convert
    common = (chr(point) for start, end in ((0x3400, 0x4DC0), (0x4E00, 0xA000)) for point in range(start, end))
    return {character: new for character in common if (new := convert(character)) != character}


def pairs(run: str) -> list[str]:
    """Overlapping pairs of a run of characters, and its last character."""
    return [run[at : at + 2] for at in range(len(run))]


def expand(text: str) -> str:
    """Text (HTML between two tags) as it is stored: Pagefind cuts it at blanks and nowhere else."""
    return TOKEN.sub(_stored, text)


def _stored(match: re.Match[str]) -> str:
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    stored = _run(match["han"], before.isspace()) if match["han"] else _word(match["word"])
    return stored if after.isspace() else f"{stored}{END} "


def _run(run: str, spaced: bool) -> str:
    plain = "".join(simplified().get(character, character) for character in run)
    extra = [new for old, new in zip(pairs(run), pairs(plain), strict=True) if old != new]
    first = AFTER_SPACE if spaced else f" {PAIR}"
    return first + f" {PAIR}".join(pairs(run)) + "".join(f" {EXTRA}{new}" for new in extra)


def _word(word: str) -> str:
    folded = unicodedata.normalize("NFKC", word)
    joined = re.sub(r"[-_.]", "", folded)
    pieces = [PART.findall(piece) if len(piece) > 1 else [piece] for piece in re.split(r"[-_.]", folded)]
    parts = [part for piece in pieces for part in piece]
    extra = [joined] if joined != word else []
    if len(parts) > 1 and re.search(r"[-_.]|[a-z][A-Z]", folded):  # not bf16
        extra += parts
    return word + "".join(f" {EXTRA}{one.lower()}" for one in dict.fromkeys(extra))


def rewritten(page: str) -> str:
    """A built page's article with its texts as they are stored; "" where there is none."""
    article = ARTICLE.search(page)
    if not article:
        return ""
    text, done, at = EXAMPLE.sub("", article[0]), [], 0
    for tag in MARKUP.finditer(text):
        done += [expand(text[at : tag.start()]), tag[0]]
        at = tag.end()
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8"></head><body>{"".join(done)}</body></html>'


def build(site: Path) -> int:
    """Write `site/pagefind/`; returns how many pages are in the index."""
    # English pages say the same as Chinese ones, which a search would find twice.
    paths = [path for path in sorted(site.rglob("index.html")) if not path.is_relative_to(site / "en")]
    with tempfile.TemporaryDirectory() as name:
        parts = [Path(name) / str(at) for at in range(-(-len(paths) // AT_ONCE))]
        count = 0
        english: dict[str, str] = {}
        for path in paths:
            page = path.read_text("utf-8")
            english |= {html.unescape(title): html.unescape(new) for new, title in ENGLISH.findall(page)}
            if text := rewritten(page):
                target = parts[count % len(parts)] / path.relative_to(site)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8")
                count += 1
        for part in parts:
            command = [sys.executable, "-m", "pagefind", "--silent", "--force-language", "unknown", "--site", str(part)]
            command += ["--root-selector", ROOT, "--exclude-selectors", EXCLUDED, "--output-path", f"{part}-index"]
            subprocess.run(command, check=True)
        made = Path(name) / "pagefind"
        indexed = merge([Path(f"{part}-index") for part in parts], made)
        table = simplified()
        forms = json.dumps(["".join(table), "".join(table.values())], ensure_ascii=False)
        (made / "traditional.json").write_text(forms, "utf-8")
        (made / "english.json").write_text(json.dumps(english, ensure_ascii=False), "utf-8")
        _put(made, Tree(site.parent), f"{site.name}/pagefind")
    return indexed


def _put(made: Path, tree: Tree, place: str) -> None:
    """Bring an index into a site; its entry comes last, and then what is of an older one goes."""
    paths = [path for path in made.rglob("*") if path.is_file()]
    paths.sort(key=lambda path: (path.suffix == ".json", path))
    files = {f"{place}/{path.relative_to(made).as_posix()}": path.read_bytes() for path in paths}
    for name, content in files.items():
        tree.write(name, content)
    for name, _ in list(tree.walk(place)):
        if name not in files:
            tree.remove(name)
            tree.prune(name.rpartition("/")[0])
