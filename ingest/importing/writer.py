"""Elements of HTML written as Markdown, and plain text written so that it says the same in Markdown."""

import re
from typing import Any

from markdownify import MarkdownConverter

from ingest.importing.escape import escape


def link(text: str, target: str) -> str:
    """A link whose target holds nothing that ends it early."""
    return f"[{text}]({address(target)})"


def address(target: str) -> str:
    """An address without what would end it early in Markdown."""
    return re.sub(r"[\s()<>\"]", lambda match: f"%{ord(match[0]):02X}" if match[0].isascii() else "%20", target.strip())


def label(text: str) -> str:
    """The words of a picture, in which brackets do not end it."""
    return re.sub(r"(?<!\\)([\[\]])", r"\\\1", " ".join(text.split()))


class Writer(MarkdownConverter):
    """A line break begins a paragraph: one kept as a line's end would vanish between Chinese characters.

    Besides the elements of HTML it knows `<tex>`, a formula whose text is TeX, and `<note>`, a mark of a footnote.
    """

    def __init__(self) -> None:
        super().__init__(
            heading_style="ATX",
            bullets="-",
            table_infer_header=True,
            strip=["u"],
            code_language_callback=lambda pre: str(pre.get("data-language") or ""),
        )

    def escape(self, text: str, parent_tags: set[str]) -> str:
        shown = escape(text) if text else ""
        return shown.replace("|", "\\|") if parent_tags & {"td", "th"} else shown

    def convert_br(self, element: Any, text: str, parent_tags: set[str]) -> str:
        if parent_tags & {"pre", "_noformat"}:
            return f"\n{text}"
        return (" " if parent_tags & {"td", "th", "li", "_inline"} else "\n\n") + text

    def convert_a(self, element: Any, text: str, parent_tags: set[str]) -> str:
        target = str(element.get("href") or "")
        if (
            not re.match(r"(?:https?:|mailto:)", target, re.IGNORECASE)
            or parent_tags & {"_noformat"}
            or not text.strip()
        ):
            return text
        before, words, after = re.match(r"(\s*)(.*?)(\s*)$", text, re.DOTALL).groups()  # type: ignore[union-attr]
        if words.replace("\\_", "_").replace("\\*", "*") == target and target == address(target):
            return f"{before}{target}{after}"
        return (
            before
            + link(
                re.sub(r"\s+", " ", re.sub(r"(?<!\\)[\[\]](?!\()", r"\\\g<0>", words) if "](" not in words else words),
                target,
            )
            + after
        )

    def convert_img(self, element: Any, text: str, parent_tags: set[str]) -> str:
        return f"![{label(str(element.get('alt') or ''))}]({address(str(element.get('src') or ''))})"

    def convert_tex(self, element: Any, text: str, parent_tags: set[str]) -> str:
        formula = " ".join(element.get_text().split())
        if not formula:
            return ""
        if element.get("display") and not parent_tags & {"td", "th", "_inline"}:
            return f"\n\n$$\n{formula}\n$$\n\n"
        return f"${formula}$".replace("|", r"\vert ") if parent_tags & {"td", "th"} else f"${formula}$"

    def convert_note(self, element: Any, text: str, parent_tags: set[str]) -> str:
        return f"[^{element.get('name')}]"

    def convert_div(self, element: Any, text: str, parent_tags: set[str]) -> str:
        if name := element.get("data-note"):
            return f"\n\n[^{name}]: {' '.join(text.split())}\n\n"
        return str(super().convert_div(element, text, parent_tags))  # type: ignore[misc]

    def convert_s(self, element: Any, text: str, parent_tags: set[str]) -> str:
        return str(self.convert_del(element, text, parent_tags))  # type: ignore[attr-defined]

    convert_strike = convert_s

    def convert_dt(self, element: Any, text: str, parent_tags: set[str]) -> str:
        return f"\n\n**{text.strip()}**\n\n" if text.strip() else ""

    def convert_dd(self, element: Any, text: str, parent_tags: set[str]) -> str:
        return f"\n\n{text.strip()}\n\n"
