"""One style sheet for every page: the theme's and ours together, without what no page of this site has.

A browser paints nothing before all of a page's sheets are there, and asks for each on its own. Together they are one
request; what the theme brings for pieces that this site has not (`LACKS`), comments and blanks are 40 % of them. The
sheets themselves stay beside it as they are: Zensical's pages name them, and a reader can look at them.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from publish.memory import Project, digest_of

NAME = "assets/site.css"
PARTS = (  # in the order in which pages name them
    r"assets/stylesheets/main\.\w+\.min\.css",
    r"assets/stylesheets/palette\.\w+\.min\.css",
    r"assets/colours\.css",
    r"assets/wiki\.css",
    r"runtime/cell/cell\.css",
    r"runtime/widget/widget\.css",
    r"assets/vendor/katex/katex\.min\.css",  # named by no page: browser/page/math.js brings it where this sheet is not
)
LINK = re.compile(rf'<link rel="stylesheet" href="((?:\.\./)*|/(?:[^"/]+/)*)(?:{"|".join(PARTS)})">\s*')

# Pieces of the theme that no page here has, by how their classes begin: `tests/site/test_styles.py` looks.
LACKS = re.compile(
    r"\.(?:tabbed-|md-search|md-post|md-author|md-banner|md-consent|md-feedback|md-pagination|md-social|md-status|md-version"
    r"|grid\b|md-profile|md-meta|md-tag|md-annotation|md-button|md-input|key-|critic|task-list|emojione|twemoji|gemoji|mermaid)"
    r"|table\+\*"  # it wraps tables: nothing follows one, and for this any new element had all around it styled anew
    r"|\[data-md-color-switching\]"  # for which all of the page is styled anew, twice at each visit
    r"|\[data-md-color-(?:primary|accent)=(?!custom)"
)
# For `table:not([class]) td>:first-child` any change of any class would have all that is below it styled anew.
PLAIN_TABLE = ("table:not([class])", "table:not(.highlighttable)")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TEXT = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|url\([^)"']*\))""")
FILE = re.compile(r"""(url\(["']?)(?!["']?(?:[a-z]+:|[/#]))""")
ICON = re.compile(r"(--md-[\w-]*icon[\w-]*):(?:\"[^\"]*\"|'[^']*'|[^;}\"'])*(?:;|(?=\}))")
BRACKETS = re.compile(r":[\w-]+\([^()]*\)")


def with_one_sheet(page: str) -> str:
    """The page with one link in the place of those to the parts."""
    first = LINK.search(page)
    if not first:
        return page
    link = f'<link rel="stylesheet" href="{first[1]}{NAME}">\n'
    return page[: first.start()] + link + LINK.sub("", page[first.end() :])


def write(project: Project, files: Mapping[str, str]) -> set[str]:
    """Bring the sheet up to date; returns where in the site it is.

    Args:
        project: The project, its pages built.
        files: Hashes of the files beside the pages, by where in the site they are.
    """
    names = [name for part in PARTS for name in sorted(files) if re.fullmatch(part, name)]
    inputs, out = [digest_of(Path(__file__)), [(name, files[name]) for name in names]], [project.site / NAME]
    if project.memory.skips("styles", inputs, out):
        return {NAME}
    sheets = ((name, project.tree.read(f"site/{name}").decode("utf-8", "replace")) for name in names)
    made = together(_placed(name, sheet) for name, sheet in sheets).encode()
    project.tree.write(f"site/{NAME}", made)
    project.memory.made("styles", inputs, out)
    return {NAME}


def _placed(name: str, sheet: str) -> str:
    """A sheet whose addresses, which are relative to its own place, are relative to that of the one sheet."""
    folder = posixpath.relpath(posixpath.dirname(name), posixpath.dirname(NAME))
    return FILE.sub(rf"\1{folder}/", sheet)


def together(sheets: Iterable[str]) -> str:
    """Sheets one after another, without comments, blanks and what `LACKS` names; icons that are left without use go."""
    text = "".join(_rules(_small(sheet)) for sheet in sheets).replace(*PLAIN_TABLE)
    return ICON.sub(lambda icon: icon[0] if f"var({icon[1]}" in text else "", text)


def _small(sheet: str) -> str:
    """A sheet without comments, and without blanks but those between words."""
    pieces = TEXT.split(COMMENT.sub("", sheet))
    pieces[::2] = [re.sub(r" ?([{};,]) ?", r"\1", re.sub(r"\s+", " ", piece)) for piece in pieces[::2]]
    return "".join(pieces).replace(";}", "}").strip()


def _rules(text: str) -> str:
    """Rules without selectors that can match nothing here; a rule that has no other goes, and a block that is empty."""
    made = []
    for head, body in _blocks(text):
        if head.startswith(("@media", "@supports", "@layer", "@container")):
            body = _rules(body)
        elif body and not head.startswith("@"):
            head = ",".join(selector for selector in _apart(head) if not LACKS.search(_certain(selector)))
        if not body:
            made += [head] if head.endswith(";") else []
        elif head:
            made.append(f"{head}{{{body}}}")
    return "".join(made)


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """What stands before each pair of braces, and in it; a statement alone has nothing in it."""
    at = start = depth = 0
    head = ""
    for piece in TEXT.split(text):
        for offset, letter in enumerate(piece if not TEXT.fullmatch(piece) else ""):
            here = at + offset
            if letter == "{":
                depth += 1
                if depth == 1:
                    head, start = text[start:here], here + 1
            elif letter == "}":
                depth -= 1
                if depth == 0:
                    yield head, text[start:here]
                    start = here + 1
            elif letter == ";" and depth == 0:
                yield text[start : here + 1], ""
                start = here + 1
        at += len(piece)


def _apart(head: str) -> Iterator[str]:
    """The selectors of a list: commas within brackets part none."""
    start = depth = 0
    for at, letter in enumerate(head):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            yield head[start:at]
            start = at + 1
    yield head[start:]


def _certain(selector: str) -> str:
    """A selector without what stands in brackets: exclusions and alternatives, which match without what they name."""
    while (shorter := BRACKETS.sub("", selector)) != selector:
        selector = shorter
    return selector
