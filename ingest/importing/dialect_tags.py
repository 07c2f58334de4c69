"""Tags of Liquid (Jekyll, Hexo, GitBook) and short codes of Hugo in Markdown, written as what they show."""

import re
from collections.abc import Callable

from ingest.importing.escape import label
from ingest.markup import CJK

TAG = re.compile(
    r"\{%-?\s*+(?P<name>/?[\w-]++)(?P<said>[^{}%]*+)%\}|\{\{[<%]\s*+(?P<short>(?:/\s*+)?[\w-]++)(?P<told>[^{}]*+)(?<=[>%])\}\}"
)
CONTROL = frozenset("if unless for case capture assign comment raw highlight codeblock figure".split())
VIDEOS = {
    "youtube": "https://www.youtube.com/watch?v=",
    "bilibili": "https://www.bilibili.com/video/",
    "vimeo": "https://vimeo.com/",
}
TYPED = re.compile(r"(?<!`)(`++)[^`\n]*+\1")
CODES = re.compile(r"(?<!`)(`++)[^`\n]*+\1|\$[^$\n]+\$|https?://\S+|\]\([^()\n]*\)")


def ended(text: str) -> set[str]:
    """Names of the tags that have an end, and so hold what stands between."""
    names = (match["name"] or match["short"] for match in TAG.finditer(text))
    return {name.lstrip("/ ").removeprefix("end") for name in names if name.startswith(("end", "/"))}


def tags(run: list[str], ends: set[str], dropped: list[str]) -> list[str]:
    """Tags of Liquid and short codes of Hugo: code, pictures and videos; boxes leave their titles."""

    def tag(match: re.Match[str]) -> str:
        name, said = (match["name"] or match["short"]).replace(" ", ""), (match["said"] or "").removesuffix("-")
        said = (said or (match["told"] or "")[:-1].rstrip().removesuffix("/")).strip()
        shown = _shown(name, said, ends)
        if shown is None:
            return match[0]
        dropped.append(match[0])
        return shown

    return [
        beside_code(line, lambda text: TAG.sub(tag, text), TYPED) if re.search(r"\{[%{]", line) else line
        for line in run
    ]


def _shown(name: str, said: str, ends: set[str]) -> str | None:
    """What a tag leaves; None where it stays as it is."""
    kind = name.lstrip("/").removeprefix("end")
    closing = name != kind
    if kind in ("highlight", "codeblock"):
        named = re.search(r"lang:(\S+)", said) or (
            re.match(r"(?!codeblock)([\w+#-]+)", said) if kind == "highlight" else None
        )
        return "```" if closing else f"```{named[1] if named else ''}"
    if kind == "raw":
        return ""
    source = value_of(said, "src") or (said.split() or [""])[0]
    if kind in ("asset_img", "img", "image") or (kind in ("include", "figure") and value_of(said, "src")):
        words = value_of(said, "caption") or value_of(said, "title") or value_of(said, "alt")
        rest = "" if "=" in said else " ".join(part for part in said.split()[1:] if not part.isdigit()).strip("'\"")
        return f"![{label(words or rest)}]({source})"
    if kind in VIDEOS and source:
        return VIDEOS[kind] + source.strip("'\"") if not source.startswith("http") else source
    if kind in ("video", "embed", "pdf") and (found := re.search(r"https?://[^\s'\"]+", said)):
        return found[0]
    if kind in CONTROL or kind not in ends:
        return None
    title = value_of(said, "title") or value_of(said, "summary")
    if not title and "=" not in said:
        quoted = re.search(r"\"([^\"]+)\"", said)
        title = quoted[1] if quoted else " ".join(word for word in said.split() if re.search(f"[{CJK}]", word))
    return f"**{title}**" if title and not closing else ""


def value_of(said: str, name: str) -> str:
    found = re.search(rf"(?<![\w-]){name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s}}]+))", said)
    return next((part for part in found.groups() if part), "") if found else ""


def beside_code(line: str, change: Callable[[str], str], codes: re.Pattern[str] = CODES) -> str:
    """A line, what stands in it between code, formulas and addresses changed."""
    out, at = "", 0
    for code in codes.finditer(line):
        out += change(line[at : code.start()]) + code[0]
        at = code.end()
    return out + change(line[at:])
