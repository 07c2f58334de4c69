"""Glyphs of a PDF as Markdown within a line: escaped, and with their links."""

import re
from collections.abc import Sequence

from ingest.importing.escape import escape
from ingest.importing.pdf_lines import Glyph


def linked(glyphs: Sequence[Glyph]) -> str:
    """Text with its links: bare where the text is the address, `[text](address)` elsewhere."""
    out: list[str] = []
    at = 0
    while at < len(glyphs):
        end = at
        while end < len(glyphs) and glyphs[end].uri == glyphs[at].uri:
            end += 1
        raw = "".join(glyph.text for glyph in glyphs[at:end])
        text = re.sub(r"\s+", " ", raw)
        label = text.strip()
        if not glyphs[at].uri or not label:
            out.append(escape(text))
        else:
            out.append(" " * text.startswith(" ") + _link(label, glyphs[at].uri) + " " * text.endswith(" "))
        at = end
    return re.sub(r"[ \t]+", " ", "".join(out))


def _link(label: str, uri: str) -> str:
    bare = re.sub(r"^https?://|/$", "", label.replace(" ", ""))
    if bare == re.sub(r"^(?:https?://|mailto:)|/$", "", uri):
        return uri if label.startswith("http") else f"[{label}]({uri})"
    if re.match(r"https?://", label):  # an address and what the rectangle covers beside it
        written = re.match(r"\S+?(?=[\s\u2e80-\uffff]|$)", label)
        if written and uri.startswith(written[0].rstrip("/")):
            return f"{uri} {label[written.end() :].strip()}".strip()
    label = escape(label).replace("[", "\\[").replace("]", "\\]")
    target = uri.replace("(", "%28").replace(")", "%29")
    return f"[{label}]({target})"
