"""Contributors' text made safe for a page.

Contributors' Markdown never reaches the site generator. It is rendered here, by CommonMark rules with raw HTML off,
cleaned by nh3, and put into the page as one HTML block in which no Markdown extension can find anything to act on.
"""

import html
import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from ingest.invisible import unescape, visible
from ingest.markup import CJK, bare_urls, fenced_lines, join_lines
from ingest.pictures import Picture
from ingest.safe_math import use_math
from ingest.urls import canonical_url

_PICTURE = re.compile(
    r'!\[((?:\\[^\n]|[^\[\]\\\n])*+)\]\(<?[^\S\n]*+((?:[^()<>\n"\s]++[^\S\n]*+)+?)>?(?:\s*+(?<=\s)"([^"\n]*)")?\)'
)
_PLAIN_URL = re.compile(r"https?://(?!\S*xn--)[a-z][\w.-]*\.[a-z]{2,6}(?:[/?#]|$)", re.IGNORECASE | re.ASCII)
_DELIMITER = re.compile(r"\s*+(?:\|\s*+)?:?-++:?\s*+(?:\|\s*+:?-++:?\s*+)*+\|?\s*+")
# What ends a single-quoted string of YAML, is not printable to it, or ends a `<script>` or opens something in one.
NOT_IN_JSON_LD = re.compile(r"[<>&'\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def to_html(text: str, picture: Callable[[str], Picture | None] = lambda path: None) -> str:
    """Safe HTML of one run of contributors' Markdown, as a single block with no line a Markdown parser would act on.

    What Markdown itself would hide is shown: definitions of references, cells beyond a table's head, the numbers of a
    list that counts its own way, what follows the language of a fence.

    Args:
        text: Markdown.
        picture: The picture that lies at a path, as it was written; others than that are shown as links or as text.
    """
    lines = _widen_tables(visible(text).split("\n"))
    env: dict[str, Any] = {"picture": picture, "references": _References()}
    rendered = _MARKDOWN.render("\n".join(lines), env)
    defined = [*env.get("references", {}).values(), *env.get("duplicate_refs", ())]
    for start, end in sorted(definition["map"] for definition in defined):
        rendered += f"<p>{html.escape(join_lines(lines[start:end]))}</p>\n"
    rendered = nh3.clean(rendered, **_ALLOWED)
    rendered = rendered.replace("`", "&#96;").replace("~", "&#126;").expandtabs(4)
    return re.sub(r"(?<=\n) +(?=\n)", "", visible(rendered)).strip()  # entities may have brought some in again


def escape(text: str) -> str:
    """Contributors' text for a line of Markdown: every character that could mean something becomes an entity."""
    one_line = " ".join(visible(text).split())
    quoted = re.sub(r"[^\w\s\-.,%/?;@']|_", lambda match: _entity(match[0]), one_line)
    starts_list = re.match(r"-|\d+[.)]", quoted)
    return _entity(quoted[0]) + quoted[1:] if starts_list else quoted


def attribute(text: str) -> str:
    """Contributors' text for an attribute's value."""
    return html.escape(visible(text))


def linked(text: str) -> str:
    """Contributors' text for a line of HTML, its addresses as links without what says who shared them."""
    parts, at = [], 0
    for match in bare_urls(text):
        url = canonical_url(match[0])
        link = f'<a href="{address(url)}" rel="nofollow noopener">{escape(url)}</a>'
        parts += [escape(text[at : match.start()]), link]
        at = match.end()
    return " ".join(part for part in (*parts, escape(text[at:])) if part)


def _widen_tables(lines: list[str]) -> list[str]:
    """Lines with empty cells added to the head of a table that has longer rows."""
    if not any("-" in line and _DELIMITER.fullmatch(line) for line in lines):
        return lines
    fenced = fenced_lines(lines)
    widest = [0] * (len(lines) + 1)  # of the rows from each line to the next blank one
    for at in range(len(lines) - 1, 0, -1):
        widest[at] = max(widest[at + 1], _cells(lines[at])) if lines[at].strip() else 0
    for at in range(1, len(lines)):
        if at in fenced or not _DELIMITER.fullmatch(lines[at]):
            continue
        head = _cells(lines[at - 1])
        if head == _cells(lines[at]) and 0 < (more := widest[at + 1] - head) <= 100:
            lines[at - 1] = f"{lines[at - 1].rstrip().removesuffix('|')}|{' |' * more}"
            lines[at] = f"{lines[at].rstrip().removesuffix('|')}|{'-|' * more}"
    return lines


def _cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row.strip().removeprefix("|").removesuffix("|"))) + 1


def _entity(char: str) -> str:
    return f"&#{ord(char)};" if char.isascii() else char


def meta(text: str) -> str:
    """Contributors' text for front matter, which themes print into `<title>` and attributes without escaping."""
    wide = str.maketrans({"<": "＜", ">": "＞", "&": "＆", '"': "＂", "'": "＇", "\\": "＼"})
    return " ".join(visible(unescape(text)).split()).translate(wide)


def json_ld(value: object) -> str:
    """A value as JSON for a single-quoted string of front matter, which the theme prints into a `<script>`.

    No text in it can end the string or the element, or open another, and nothing in it makes the front matter invalid.
    """
    text = visible(json.dumps(value, ensure_ascii=False))
    return NOT_IN_JSON_LD.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def address(url: str) -> str:
    """A link's target for a line of Markdown: the web or mail, and no character that Markdown or HTML would act on."""
    if not re.match(r"https?://|mailto:", url, re.IGNORECASE):
        return "#"
    quoted = re.sub(r"[\s()<>\[\]{}\"'`*\\$|^~]", lambda match: f"%{ord(match[0]):02X}", visible(url))
    return html.escape(quoted)


def _is_web(url: str) -> bool:
    """Whether the cleaning keeps a link's target: the web or mail, with a host that can be one."""
    return re.match(r"(https?://|mailto:)", url, re.IGNORECASE) is not None and (
        _PLAIN_URL.match(url) is not None or "href" in nh3.clean(f'<a href="{html.escape(url)}">', **_ALLOWED)
    )


def _link_bare_urls(state: StateCore) -> None:
    """Turn addresses in text into links; CJK punctuation ends an address, which CommonMark's own rule misses."""
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        children: list[Token] = []
        depth = 0
        for token in block.children:
            depth += (token.type == "link_open") - (token.type == "link_close")
            if token.type != "text" or depth:
                children.append(token)
                continue
            at = 0
            for match in bare_urls(token.content):
                if match.start() > at:
                    children.append(Token("text", "", 0, content=token.content[at : match.start()]))
                children.append(Token("link_open", "a", 1, attrs={"href": match[0]}))
                children.append(Token("text", "", 0, content=match[0]))
                children.append(Token("link_close", "a", -1))
                at = match.end()
            if at < len(token.content):
                children.append(Token("text", "", 0, content=token.content[at:]))
        block.children = _join_chinese(children)


def _join_chinese(tokens: list[Token]) -> list[Token]:
    """Drop soft line breaks between Chinese characters: a browser would show each as a blank."""
    kept = []
    for at, token in enumerate(tokens):
        around = tokens[max(at - 1, 0)].content[-1:] + (tokens[at + 1].content[:1] if at + 1 < len(tokens) else "")
        if not (token.type == "softbreak" and re.fullmatch(f"[{CJK}]{{2}}", around)):
            kept.append(token)
    return kept


def _picture(state: StateInline, silent: bool) -> bool:
    """`![alt](path "title")` of a picture that lies beside the note."""
    match = _PICTURE.match(state.src, state.pos)
    found = state.env["picture"](unquote(match[2].strip())) if match else None
    if match is None or found is None:
        return False
    if not silent:
        token = state.push("picture", "img", 0)
        token.attrs = {
            "src": found.address,
            "alt": re.sub(r"\\([\[\]\\])", r"\1", match[1]),
            "width": found.width,
            "height": found.height,
        }
        token.attrs |= {"title": match[3]} if match[3] else {}
    state.pos = match.end()
    return True


def _number_items(state: StateCore) -> None:
    """Keep the numbers of a list that does not count by ones."""
    following: list[int] = []
    for token in state.tokens:
        if token.type == "ordered_list_open":
            following.append(int(token.attrs.get("start", 1)))
        elif token.type == "ordered_list_close":
            following.pop()
        elif token.type == "list_item_open" and token.info:
            if int(token.info) != following[-1]:
                token.attrs["value"] = int(token.info)
            following[-1] = int(token.info) + 1


class _Renderer(RendererHTML):
    """Headings below those of the page; other hosts' images as links, so that no page asks them for anything."""

    def fence(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any) -> str:
        more = tokens[at].info.strip().partition(" ")[2].strip()
        return (f"<p><code>{html.escape(more)}</code></p>\n" if more else "") + super().fence(tokens, at, options, env)

    def picture(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any) -> str:
        return f'<img{self.renderAttrs(tokens[at])} loading="lazy">'

    def heading_open(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any) -> str:
        return f"<{_deeper(tokens[at].tag)}>"

    def heading_close(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any) -> str:
        return f"</{_deeper(tokens[at].tag)}>\n"

    def image(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any) -> str:
        label = html.escape(f"{tokens[at].content or '图片'} {tokens[at].attrs.get('title', '')}".strip())
        return f'<a href="{html.escape(str(tokens[at].attrs["src"]))}">{label}</a>'


def _deeper(tag: str) -> str:
    return f"h{min(6, max(4, int(tag[1]) + 1))}"


class _References(dict[str, Any]):
    """Definitions of references, whose addresses and titles may be repeated so often that a page could be of any size.

    What goes beyond stands as it was written. CommonMark's own implementations have the same limit.
    """

    def __init__(self) -> None:
        super().__init__()
        self._left = 100_000  # letters

    def get(self, label: str, default: Any = None) -> Any:
        found = super().get(label, default)
        self._left -= len(found["href"]) + len(found["title"]) if found else 0
        return found if self._left >= 0 else default


_DEEPEST = 17  # of blocks, of which a list is two; the parser's own limit, below which it drops the text, is 20


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """What is nested too deep to be read as blocks stands as one paragraph, as it was written."""
    if silent or state.level < _DEEPEST:
        return False
    outside = (line for line in range(start, end) if state.sCount[line] < state.blkIndent and not state.isEmpty(line))
    end = state.line = next(outside, end)
    state.push("paragraph_open", "p", 1).map = [start, end]
    token = state.push("inline", "", 0)
    token.map, token.children = [start, end], []
    token.content = state.getLines(start, end, state.blkIndent, False).strip()
    state.push("paragraph_close", "p", -1)
    return True


# Cells that rows lack and a table is filled up with; behind so many it ends. By the parser's own limit 80 kB became
# 13 MB and took half a minute.
table.__globals__["MAX_AUTOCOMPLETED_CELLS"] = 500


def _make_markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable(["table", "strikethrough"])
    use_math(markdown)
    markdown.validateLink = _is_web  # type: ignore[method-assign]
    markdown.core.ruler.push("link_bare_urls", _link_bare_urls)
    markdown.core.ruler.push("number_items", _number_items)
    markdown.inline.ruler.before("image", "picture", _picture)
    markdown.block.ruler.before("table", "too_deep", _too_deep)
    return markdown


_MARKDOWN = _make_markdown()
_ALLOWED: dict[str, Any] = {
    "tags": set(
        "a blockquote br code del div em h4 h5 h6 hr img li ol p pre".split()
        + "s span strong table tbody td th thead tr ul".split()
    ),
    "attributes": {"a": {"href", "title"}, "code": {"class"}, "ol": {"start"}, "span": {"class"}, "div": {"class"}}
    | {"img": {"alt", "height", "loading", "src", "title", "width"}, "li": {"value"}},
    "url_schemes": {"http", "https", "mailto"},
    "link_rel": "nofollow noopener",
}
