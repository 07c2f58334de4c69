"""Tags that Feishu writes into its Markdown, as what they show."""

import re

FEISHU = re.compile(  # what no other program writes
    r"<(?:callout\s|grid\s+cols=|quote-container>|lark-table|text\s+\w+=|equation>"
    r"|(?:image|sheet|file|board|bitable|whiteboard)\s+token=)"
)
# Around text, which stays; `grid` and `column` only say where it stands.
AROUND = re.compile(r"</?(?:callout|text|grid|column|quote-container|synced-source|view)(?:\s[^<>\n]*)?(?<!/)>")
FORMULA = re.compile(r"<equation>([^<>\n]*)</equation>")
CELLS = re.compile(r"<(/?)lark-(table|tr|td)\b[^<>\n]*>")
ELSEWHERE = re.compile(
    r"<(?P<name>image|sheet|file|bitable|board|mindnote|iframe|whiteboard|add-ons|chat-card|isv)\s+"
    r"[^<>\n]*?\b(?:token|url|name|id)=\"(?P<which>[^\"\n]*)\"[^<>\n]*?(?:/>|>\s*</(?P=name)>)"
)


def without_feishu(line: str, dropped: list[str], told: list[str]) -> str:
    """A line of Feishu's Markdown without its tags, which go to `dropped`; what lies elsewhere goes to `told`."""

    def drop(mark: str) -> str:
        dropped.append(mark)
        return ""

    def elsewhere(match: re.Match[str]) -> str:
        what = "a picture" if match["name"] == "image" else f"an embedded {match['name']}"
        told.append(f"{what} ({match['which'][:60]})")
        return drop(match[0])

    line = FORMULA.sub(lambda match: f"{drop('<equation></equation>')}${match[1].strip()}$", line)
    line = CELLS.sub(lambda match: f"{drop(match[0])}<{match[1]}{match[2]}>", line)
    return AROUND.sub(lambda match: drop(match[0]), ELSEWHERE.sub(elsewhere, line))
