"""Markdown as other programs write it: its pictures carried, its comments left out, its own marks made ours."""

import re
import tomllib
from urllib.parse import quote

from ingest.importing.addresses import COUNTING, drawn_formula, real_address
from ingest.importing.dialects import outside_code, without_dialects
from ingest.importing.escape import label
from ingest.importing.feishu import FEISHU, without_feishu
from ingest.importing.html import FoundPictures, Written, to_markdown
from ingest.importing.logseq import without_outline
from ingest.marks import ask_mark
from ingest.markup import fenced_lines
from ingest.plain import plain, without_comments

PICTURE = re.compile(
    r"!\[((?:\\.|[^\[\]\\\n])*+)\]\([ \t]{0,9}<?"
    r"([^()<>\s]++(?:\([^()\s]*\)[^()<>\s]*)*+|[^()<>\n\"\s](?:[ \t]?[^()<>\n\"\s])*+)>?"
    r"[ \t]{0,9}(\"[^\"\n]*\")?[ \t]{0,9}\)"
)
REFERRED = re.compile(r"!\[((?:\\.|[^\[\]\\\n])*+)\]\[([^\[\]\n]*)\]")
DEFINED = re.compile(r"^ {0,3}\[([^\[\]^\n]+)\]:\s*<?(\S+?)>?(?:\s+[\"'(].*)?\s*$")
WIKI_PICTURE = re.compile(r"!\[\[([^\[\]|#\n]+)(?:[|#]([^\[\]\n]*))?\]\]")
WIKI_LINK = re.compile(r"(?<!!)\[\[([^\[\]|\n]+)(?:\|([^\[\]\n]*))?\]\]")
HTML_PICTURE = re.compile(r"<img\s[^<>]*>", re.IGNORECASE)
UNENDED = 20  # blocks without an end, after which no more are looked for
BLOCK = re.compile(r"<(style|script|table|h[1-6]|ul|ol|dl|pre|picture|blockquote|video|audio|iframe)\b", re.IGNORECASE)
CALLOUT = re.compile(r"^((?:\s*>)+\s*)\[!(\w+)\][+-]?[ \t]*(.*)$")
SIZE = re.compile(r"(?<!\s)\s+=\d*%?x\d*%?$")  # HackMD's `![](a.png =300x)`
HIGHLIGHT = re.compile(r"(?<![=\w`])==(?=\S)([^=`\n]{1,200}?)(?<=\S)==(?![=\w])", re.ASCII)
DRAWN = re.compile(r"!\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*+\]\(((?:https?:)?//(?:[^()\s]|\([^()\s]*\))++)\)")
SKETCH = re.compile(r"!\[([^\[\]\n]*)\]\((data:image/svg\+xml[^\n>]{0,200}<svg[^<>\n]{0,500}>[^\n]{0,5000}?</svg>)\)")
TAG_END = re.compile(r"(</(?:summary|p|div|details|ul|ol)>)[ \t]*(?=[^\s|])", re.IGNORECASE)
BLOCK_ID = re.compile(r"\s\^[A-Za-z0-9-]{3,40}$")
TAG = re.compile(r"#(?=[\w/-]*[^\W\d])[\w/-]+")  # of Obsidian
LONGEST = 500  # letters of a heading
PLACES = ("", "assets/", "attachments/", "images/", "img/", "附件/", "_resources/")


def read_markdown(text: str, pictures: FoundPictures) -> Written:
    """A Markdown file as ours; the letters of its comments count as left out, not as lost."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    seen = text.split("\n")
    bare, hidden = without_comments(_yaml_head(text))
    spoken = without_dialects(bare)
    bare = spoken.text
    outline = without_outline(bare)
    bare = outline.text
    told = [f"a comment in the text ({len(hidden)})" if len(hidden) > 1 else "a comment in the text"] if hidden else []
    told += spoken.told + outline.told
    dropped = [*hidden, *outline.dropped, *spoken.dropped]
    lines = _unboxed(bare.split("\n"))
    if FEISHU.search(bare):
        lines = outside_code(lines, lambda run: [without_feishu(line, dropped, told) for line in run])
    lines = outside_code(lines, lambda run: _without_blocks("\n".join(run), dropped).split("\n"))
    fenced = fenced_lines(lines)
    defined = {
        match[1].lower(): match[2]
        for at, line in enumerate(lines)
        if at not in fenced and (match := DEFINED.match(line))
    }
    used: set[str] = set()

    def place(source: str, alt: str, title: str = "") -> str:
        target = pictures.place(source)
        dropped.append(source if source != target else "")
        return (
            f"![{label(alt)}]({quote(target, safe='/:?&=%#+,;@~!$*.-_')}{' ' + title if title else ''})"
            if target
            else f"[图片：{alt or source[:60]}]"
        )

    def lead(match: re.Match[str]) -> str:
        dropped.append(match[0])
        return real_address(match[0])

    def drawn(match: re.Match[str]) -> str:
        if not (formula := drawn_formula(match[1])):
            return match[0]
        dropped.append(match[0])
        return f"${formula}$" if match.string.strip() != match[0] else f"$${formula}$$"

    def sketch(match: re.Match[str]) -> str:
        dropped.append(match[2])
        if not match[2].endswith("></svg>") or match[2].count("<") > 2:  # else it only waits for a picture
            told.append("a drawing (svg)")
        return match[1]

    def referred(match: re.Match[str]) -> str:
        name = (match[2] or match[1]).lower()
        used.add(name)
        alt = match[1] if match[1] or not match[2] else ""
        return place(defined[name], alt) if name in defined else match[0]

    out = []
    for at, line in enumerate(lines):
        if at not in fenced and line.startswith("#"):
            bare = _less_tagged(line)
            dropped.append(line[len(bare) :])
            line = bare
        if at in fenced or not re.search(r"!\[|<img|\[\[|\[!|\^|==|\?", line):
            out.append(line)
            continue
        line = SKETCH.sub(sketch, DRAWN.sub(drawn, COUNTING.sub(lead, line)))
        line = PICTURE.sub(lambda match: place(SIZE.sub("", match[2].strip()), match[1], match[3] or ""), line)
        line = REFERRED.sub(referred, line)
        line = HTML_PICTURE.sub(lambda match: place(_attribute(match[0], "src"), _attribute(match[0], "alt")), line)
        line = WIKI_PICTURE.sub(lambda match: _wiki_picture(match, pictures, place), line)
        line = WIKI_LINK.sub(_wiki_link, line)
        line = CALLOUT.sub(lambda match: f"{match[1]}**{match[3] or match[2]}**", line)
        line = HIGHLIGHT.sub(r"**\1**", line)
        out.append(BLOCK_ID.sub("", line))
    lines = []
    for at, line in enumerate(out):
        gone = None if at in fenced else DEFINED.match(line)
        (dropped if gone and gone[1].lower() in used else lines).append(line)
    return Written(plain("\n".join(lines)), seen, told, [*dropped, *_own_marks(lines, text)])


def _unboxed(lines: list[str]) -> list[str]:
    """Lines of which no callout is a quotation that asks: it is a box of Obsidian around a question and its answer."""
    out, inside = [], False
    for line in lines:
        box = CALLOUT.match(line)
        inside = (box is not None and ask_mark(box[3]) is not None) or (inside and box is None and line[:1] == ">")
        out.append(f"**{box[3]}**" if box and inside else re.sub("^> ?", "", line) if inside else line)
    return out


def _less_tagged(heading: str) -> str:
    """A heading without the tags at its end."""
    bare = heading.rstrip()
    while len(bare) < LONGEST and " #" in bare and TAG.fullmatch(bare, bare.rindex(" #") + 1):
        bare = bare[: bare.rindex(" #")].rstrip()
    return bare if re.search(r"[^#\s]", bare) else heading


def _without_blocks(text: str, dropped: list[str]) -> str:
    """Blocks of HTML as Markdown; one that never ends stays, a style sheet goes."""
    text = "\n".join(line if "`" in line else TAG_END.sub(r"\1\n\n", line) for line in text.split("\n"))
    out, at, left = [], 0, UNENDED
    for begun in BLOCK.finditer(text):
        if begun.start() < at or not left or "`" in text[text.rfind("\n", 0, begun.start()) + 1 : begun.start()]:
            continue
        depth = 0
        for tag in re.compile(rf"<(/?){begun[1]}\b[^<>]*>", re.IGNORECASE).finditer(text, begun.start()):
            depth += -1 if tag[1] else 1
            if not depth:
                block = text[begun.start() : tag.end()]
                out += [text[at : begun.start()], "\n\n", to_markdown(block).text, "\n\n"]
                dropped += [block] if begun[1].lower() in ("style", "script") else []
                at = tag.end()
                break
        else:
            left -= 1  # each is looked for to the end of the text
    return "".join([*out, text[at:]])


def _own_marks(lines: list[str], text: str) -> list[str]:
    """What is written for programs and shown to nobody: tags, anchors, marks of blocks, addresses of pictures."""
    tags = re.findall(
        r"(?m)^ *(?:(?:\?\?\?\+?|!!!)[ \t]+[\w-][\w -]*(?=[ \t]\")|:::+[ \t]*(?:\{[^{}\n]*\}|[\w-]+)(?=[ \t\[]*\S?))",
        text,
    )
    tags += re.findall(
        r"<[a-zA-Z/][^<>\n]*>|\{[#.:][^{}\n]*\}|\{\{[<%][^{}\n]*+(?<=[>%])\}\}|\[![^\[\]\n]*\]|\s\^[A-Za-z0-9-]{3,40}(?=\n|$)",
        text,
    )
    return [
        *tags,
        *re.findall(r"\]:\s*<?data:\S+|!?\[\[[^\[\]\n]*\]\]|\]\([^()\n]*\)", text),
        *(text.split("\n+++", 1)[:1] if text.startswith("+++") else ()),
    ]


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf"\b{name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", tag, re.IGNORECASE)
    return next((part for part in found.groups() if part is not None), "") if found else ""


def _wiki_picture(match: re.Match[str], pictures: FoundPictures, place: object) -> str:
    """Obsidian's `![[loss.png|300]]`: beside the text, or in a folder of attachments; of a note, its name."""
    name = match[1].strip()
    if not re.search(r"\.(?:png|jpe?g|gif|webp|svg|bmp)$", name, re.IGNORECASE):
        return name
    shown = match[2] or ""
    alt = "" if re.fullmatch(r"[\dx]*", shown) else shown
    for folder in PLACES:
        content = pictures.beside(folder + name)
        if content is not None:
            target = pictures.add(content, name)
            return f"![{label(alt)}]({target})" if target else f"[图片：{alt or name}]"
    pictures.left_out.append(f"a picture ({name})")
    return f"[图片：{alt or name}]"


def _wiki_link(match: re.Match[str]) -> str:
    if match[2] is not None or not match[1].startswith("#"):
        return (match[2] or match[1]).strip()
    return match[0]  # a table of contents, which the parser knows


def _yaml_head(text: str) -> str:
    """Hugo's head in TOML as one in YAML; one that is damaged stays as it is."""
    if not text.startswith("+++\n") or "\n+++" not in text[4:]:
        return text
    head, _, body = text[4:].partition("\n+++")
    try:
        values = tomllib.loads(head)
    except tomllib.TOMLDecodeError:
        return text
    said = [
        f"{name}: {value if not isinstance(value, str) else _quoted(value)}"
        for name, value in values.items()
        if not isinstance(value, dict)
    ]
    return "---\n" + "\n".join(said) + "\n---" + body


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
