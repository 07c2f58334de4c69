"""Elements of HTML written as Markdown, and plain text written so that it says the same in Markdown."""

import re
from typing import Any

from markdownify import MarkdownConverter

from ingest.importing.addresses import real_address
from ingest.importing.escape import address, escape, label, link


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
        target = real_address(str(element.get("href") or ""))
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
