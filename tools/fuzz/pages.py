"""Fuzzes what lets pages, code, drawings and questions pass, against what makes pages of them; see `make fuzz`.

A page by hand, a docstring, a lesson or a drawing that the checker passes, and any question, may become no page with an
element that acts: not as the built-page guard reads it, not as browsers do. Each is drawn from a seed, which is printed
where it fails.
"""

import argparse
import random
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from html import escape
from pathlib import Path
from textwrap import indent
from types import FrameType

import griffe
from justhtml import JustHTML
from mkdocs.config import load_config
from mkdocs_autorefs import fix_refs

from ingest.bilingual import in_language
from ingest.lessons import cell_of, parse_challenge
from ingest.model import Source
from ingest.pipeline import Inputs, build
from ingest.safety import _texts, check_drawing, check_page, check_snippet
from publish import generator
from publish.phrases import with_phrases
from publish.scripts import ACTIVE, THEIRS, faults
from publish.search.text import sections

ROOT = Path(__file__).parents[2]
OTHERS = 8  # pages to each question and docstring, which take longer
PATIENCE = 5  # seconds of the processor for a page of a kilobyte
HEAD = "---\ntitle: T\n---\n\n"
# Beside letters and blanks: all by which a reader of Markdown changes its mind of what it reads.
PARTS = [
    *"\n \t`~<>[](){}!|$*_:\\\"'&;#-+=^.1/",
    "\n\n", "\n    ", "\n  ", "\n> ", "\n- ", "\n1. ", "\n    > ", "\n  - ", "\r", "\0", "\2", "\3", "\u202e", "```",
    "\n```\n", "\n~~~\n", "```python\n", "\n````\n", "```{ .python }\n", "\n> ```\n", "\n- ```\n", "    ```\n",
    "<b>", "</b>", "<x{", "<x{t}", "<x)", "\n<x]", "<a ", "</a>", "<p", "<br>", "<!--", "-->", "<![CDATA[", "]]>",
    "<?", "?>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '" onclick=alert(1) x="',
    "<div markdown>", "</div>", "<svg/onload=alert(1)>", "<style>", "<iframe src=//e.x>", "<https://e.x>",
    "<a@b.cc>", "<javascript:alert(1)>", "{: ", "{ #i }", "{ .c }", "{: onclick=alert(1) }", "{#__search}",
    " id=__search", "{ .md-nav }", " style=x", "}\n", "[x](", "![x](", "](/y)", "[r]", "[x][r]", "![x][r]",
    "\n\n[r]: ", "//e.x/p.png", "javascript:alert(1)", "data:text/html,x", "java&#115;cript:x", "&lt;", "&#60;",
    "&colon;", "&amp;", "\\(", "\\)", "\\[", "\\]", "$$", "\n$$\n", "$a$", "\\begin{a}", "|a|b|\n|-|-|\n|c|d|",
    "\n|-|\n", "a[^1]", "\n\n[^1]: ", "\n*[a]: ", "\n!!! note\n    ", '\n??? note "', '\n=== "x"\n    ',
    '\n--8<-- "topics/pictures/lora.html"\n', "<!-- --8<-- [start:example] -->", "--8<--\n", "\n::: os\n", "\n# ",
    "\n===\n", "\n---\n", "# __search\n", "][", "[]", "&lt;b onclick=x&gt;", "`<b onclick=x>`", "[`<b onclick=x>`][]",
    '"a ‖ ', '"a ‖ b"', " ‖ ", '"""', "\x85", "\u2028", "&#xE000;1&#xE001;", "[x](a onclick=b c)",
    "\nArgs:\n    ", "\n    x: ", "\nRaises:\n    ", "\nNote: ", "`x: ", "a", "字字", "√a", "1 < 2", "i <j", "``",
]  # fmt: skip


def draw(seed: int) -> str:
    """A page's text."""
    chance = random.Random(seed)
    few = chance.choices(PARTS, k=chance.randint(2, 9))  # a page of all is one that the checker refuses
    return "".join(chance.choice(few if chance.random() < 0.9 else PARTS) for _ in range(chance.randint(3, 40)))


def acts(text: str) -> Iterator[str]:
    """What acts in the HTML of a page's text."""
    yield from faults(f"<article>{text}</article>")
    left = [JustHTML(text, fragment=True, sanitize=False).root]
    while left:
        node = left.pop()
        left += node.children or []
        attributes = {name.lower(): value or "" for name, value in (getattr(node, "attrs", None) or {}).items()}
        if node.name in ACTIVE and attributes.get("class") != "wiki-ask" and attributes.get("http-equiv") != "refresh":
            yield f"<{node.name}>"
        for name, value in attributes.items():
            address = re.sub(r"[\0-\x20]", "", value).lower()
            if (
                (name.startswith("on") and value)
                or name in ("style", "srcdoc", "srcset", "ping", "formaction", "http-equiv")
                or (name == "src" and re.match(r"[a-z]+:|[/\\]{2}", address))
                or re.match(r"(?:javascript|data|vbscript|file):", address)
                or (name == "id" and THEIRS.match(value))
                or (name == "class" and re.search(r"(?:^|\s)md-(?!annotation)", value))
            ):
                yield f"<{node.name} {name}={value!r}>"


def _late(_: int, __: FrameType | None) -> None:
    raise TimeoutError(f"more than {PATIENCE} seconds")


class Fuzz:
    """The generator's Markdown, and what is made with it of a seed."""

    def __init__(self) -> None:
        config = load_config(str(ROOT / "mkdocs.yml"))
        config = config.plugins.on_config(config)
        self._options = {
            "extensions": config["markdown_extensions"],
            "extension_configs": config["mdx_configs"] or {},
            "tab_length": 4,
        }
        self._markdown = generator._Markdown()
        self.passed = 0

    def html(self, text: str) -> str:
        """What the generator makes of a page behind its front matter."""
        generator._included.clear()
        return with_phrases(fix_refs(self._markdown.Markdown(**self._options).convert(text), {}.__getitem__)[0])

    def try_one(self, text: str, asked: bool) -> list[str]:
        """What is wrong with a page of this text and, where they are `asked` for, with a question and a docstring."""
        found = []
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not check_page(Source("docs/guide/x.md", HEAD + text)):
            self.passed += 1
            found += [f"page: {what}" for what in acts(self.html(text))]
        if asked:
            question = Source("talks/questions/x.md", f"# {text}\n\n## 回答\n\n{text}\n\n-- {text}\n")
            pages, _, _ = build(Inputs(questions=(question,)))
            shown = (page.split("\n---\n", 1)[-1] for name, page in pages.items() if name.startswith("qa/x"))
            found += [f"question: {what}" for page in shown for what in acts(self.html(page))]
            sections(text)  # as the search reads it
            for kind in (self.docstring, self.cell, self.challenge, self.drawing):
                found += [f"{kind.__name__}: {what}" for what in kind(text)]
        return found

    def docstring(self, text: str) -> Iterator[str]:
        """What acts in a docstring of this text, which the reference shows part by part."""
        code = f'"""T."""\n\n\ndef f(x):\n    {text!r}\n'
        if check_snippet(Source("snippets/a.py", code)):
            return
        docstring = griffe.visit("a", filepath=Path("a.py"), code=code)["f"].docstring
        with suppress(ValueError):  # of a name that is none
            for section in docstring.parse("google", warnings=False) if docstring else ():
                yield from (what for said in _texts(section.as_dict()) for what in acts(self.html(said)))

    def cell(self, text: str) -> Iterator[str]:
        """What acts in the cell of an English page, whose Chinese one has this text as an example's code."""
        mark = "<!-- --8<-- [{}:example] -->"
        page = f"{mark.format('start')}\n\n`````text\n{text}\n`````\n\n{mark.format('end')}\n"
        if not check_page(Source("docs/topics/x.md", HEAD + page)):
            yield from acts(self.html(cell_of(page)))

    def challenge(self, text: str) -> Iterator[str]:
        """What acts in a challenge that is checked with such messages, in either language."""
        check = f"assert x, {text!r}\nassert x, '''{text}'''  # {text.partition(chr(10))[0]}"
        regions = {"task": "x = 1", "answer": "x = 1", "check": check}
        parts = (f"# --8<-- [start:{name}]\n{code}\n# --8<-- [end:{name}]\n" for name, code in regions.items())
        source = Source("snippets/challenges/a.py", '"""中\n\nEn\n"""\n\n' + "\n".join(parts))
        if check_snippet(source) or not parse_challenge(source)[0]:
            return
        for lang in ("zh", "en"):
            yield from acts(self.html(f"``` {{ .python }}\n{in_language(check, lang)}\n```\n"))

    def drawing(self, text: str) -> Iterator[str]:
        """What acts in a drawing with such letters, where a page includes it in a list."""
        label = escape(text)
        drawn = f'<figure class="wiki-picture">\n<text aria-label="{label}">{label}</text>\n</figure>'
        if not check_drawing(Source("docs/topics/pictures/x.html", drawn)):
            yield from acts(self.html("- a\n\n" + indent(drawn, "    ")))


def main() -> int:
    """Try seeds until the time is over; the exit code is 1 where one failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz.pages", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1000, help="the first; each page takes the next")
    options = parser.parse_args()
    fuzz, failed, end, seed = Fuzz(), 0, time.monotonic() + options.seconds, options.seed
    signal.signal(signal.SIGPROF, _late)
    while time.monotonic() < end:
        text = draw(seed)
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)
        try:
            found = fuzz.try_one(text, seed % OTHERS == 0)
        except Exception as error:
            found = [repr(error)]
        signal.setitimer(signal.ITIMER_PROF, 0)
        if found:
            print(f"seed {seed}: {text!r}\n  " + "\n  ".join(found))
            failed += 1
        seed += 1
    print(f"{seed - options.seed} pages, {fuzz.passed} passed the checker, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
