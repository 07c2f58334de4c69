"""What there is to find: the records that ingest hands over, and the pages that people write in `docs/`."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from ingest.addresses import GENERATED, KINDS, OWNED, SEARCHED
from ingest.concepts import parse_concept
from ingest.front_matter import front_matter
from ingest.model import Concept, Source
from ingest.tree import Tree
from publish.search.text import Section, plain, sections

KIND_ORDER = ("concept", "question", "talk", "paper", "")  # documents of a kind stand together, the newest first
LISTS = {"generated", "records", "notebooks", "runtime", "assets", "widgets", *OWNED} - {
    "people"
}  # folders without pages of their own
WRITTEN = {"qa/ask.md"}  # of these folders, what speaks for itself
SKIPPED = {"index", "404"}
TAKEN = re.compile(r"^(参考|References|接着读)$")  # sections that name others
CAPTION = re.compile(r"<figcaption[^>]*>(.*?)</figcaption>", re.DOTALL)
CODE = re.compile(r"generated/(?:en/)?code/(\w+)\.md")
LANGUAGE = re.compile("[\u3400-\u9fff]")


@dataclass
class Document:
    """A page, a paper, or whatever else is one result.

    Attributes:
        kind: One of `KIND_ORDER`.
        address: Of its page, relative to the site's root.
        title: On one line.
        english: Its English title, or "".
        names: What else it is called.
        lead: What it says in short: shown first.
        sections: What it says.
        references: Titles that it names.
        filters: What it can be filtered by.
        date: ISO, or "".
        language: Of the site's two, whose search finds it; "" for both.
        url: Of what it is about, elsewhere; "" for the page itself.
        anchor: Of its place on the page.
    """

    kind: str
    address: str
    title: str
    english: str = ""
    names: list[str] = field(default_factory=list)
    lead: str = ""
    sections: list[Section] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    filters: dict[str, list[str]] = field(default_factory=dict)
    date: str = ""
    language: str = ""
    url: str = ""
    anchor: str = ""


def concepts_in(project: Tree) -> list[Concept]:
    """Every concept page's front matter."""
    names = (name for name in pages_in(project) if re.fullmatch(r"docs/topics/(?!index\.)[^/]+", name))
    found = (parse_concept(Source(name, _read(project, name)))[0] for name in names)
    return [concept for concept in found if concept]


def pages_in(project: Tree) -> list[str]:
    """Every Markdown file in `docs/`, in order."""
    found = (name for name, kind in project.walk("docs") if kind == "file" and name.endswith(".md"))
    return sorted(found, key=lambda name: name.split("/"))


def _read(project: Tree, name: str) -> str:
    return project.read(name).decode("utf-8").replace("\r\n", "\n")


def lines_of(project: Tree) -> Iterator[tuple[str, str]]:
    """All that documents are made of: for each a text and, for a hand-written page, its name in `docs/`.

    The text of a page is that of its file and of the files that it includes.
    """
    weeks = [name for name, _ in project.walk(f"docs/{GENERATED}/search")]  # of papers
    for records in (f"docs/{SEARCHED}", *weeks):
        if project.kind(records) != "file":
            continue
        yield from ((f"{line}\n", "") for line in _read(project, records).split("\n") if line)
    for path in pages_in(project):
        name = path.removeprefix("docs/")
        parts = name.removeprefix("en/").split("/")
        if len(parts) > 1 and parts[0] in LISTS and name not in WRITTEN:
            continue
        yield _whole(_read(project, path), project), name


def _whole(text: str, project: Tree) -> str:
    """A page with the code and the pictures' captions that it includes; generated parts list other pages: left out."""

    def held(path: str) -> str:
        return _read(project, path) if ".." not in path and project.kind(path) == "file" else ""

    def code(name: str, section: str) -> str:
        text = held(f"snippets/{name}") or held(f"docs/{name}")
        _, _, rest = text.partition(f"[start:{section}]")
        part, end, _ = rest.partition(f"[end:{section}]")
        return "\n".join(part.split("\n")[1:-1]) if section and end else text

    def included(found: re.Match[str]) -> str:
        name, _, section = found[1].partition(":")
        if part := CODE.fullmatch(name):  # which shows the code of a snippet, and links
            core = code(f"{part[1]}.py", "core")
            return f"```python\n{core}\n```" if core else ""
        if name.endswith(".html"):
            return "\n".join(CAPTION.findall(held(f"docs/{name}")))
        return code(name, section) if name.endswith(".py") else ""

    return re.sub(r'^[^\S\n]*-++8<-++[^\S\n]+"([^"\n]+)"[^\S\n]*$', included, text, flags=re.MULTILINE)


def document_of(text: str, name: str, concepts: dict[str, Concept]) -> Document | None:
    """A document of one of `lines_of`; None for a page that only lists others.

    Args:
        text: A line of records, or a page.
        name: Of the page in `docs/`, "" for a record.
        concepts: Of the concepts, by their names.
    """
    return _page(text, name, concepts) if name else _record(json.loads(text), concepts)


def _record(line: dict[str, Any], concepts: dict[str, Concept]) -> Document:
    line["topics"] = [name for name in line["topics"] if name in concepts]
    kind = str(line["kind"])
    made = Document(kind, line["address"], plain(line["title"]), date=line["date"])
    made.filters = {
        "topic": [concepts[name].title for name in line["topics"]],
        "code": ["yes"] if line["code"] else [],
        "lang": ["zh" if LANGUAGE.search(made.title) else "en"],
    }
    if kind == "question":
        opening = line["asked"].partition("\n\n")[0]
        if opening.endswith("?") and not LANGUAGE.search(opening):  # the same question in English
            made.english = plain(opening)
        made.names = [plain(title) for title in line["also"]]
        made.filters |= {
            "status": [line["status"]],
            "talk": [line["talk"]] * bool(line["talk"]),
            "person": line["people"],
        }
        made.references = [plain(title) for title in line["references"]] + [
            concepts[name].short for name in line["topics"]
        ]
        asked, answers = sections(line["asked"]), [part for text in line["answers"] for part in sections(text)]
        for part in answers:  # an answer's headings have no address
            part.anchor = ""
        made.sections = [*answers, *(part for part in asked if part.text or part.code)]
        made.lead = next((part.text for part in made.sections if part.text), "")
    elif kind == "talk":
        made.filters |= {"talk": [line["talk"]], "person": line["people"]}
        made.lead = plain(line["summary"])
        page = "\n\n".join([line["text"], *(f"## {title}\n\n{text}" for title, text in line["sections"])])
        made.sections = sections(page)
        made.references = [concepts[name].short for name in line["topics"]]
    elif "url" in line:
        made.url, made.anchor = line["url"], line["anchor"]
        made.lead = "，".join(filter(None, ["、".join(line["people"]), line["feed"], line["date"]]))
    else:
        made.references = list(made.filters["topic"])  # headings of that page
    return made


def _page(text: str, name: str, concepts: dict[str, Concept]) -> Document | None:
    source = Source(name, text)
    meta, body, _, _ = front_matter(source)
    stem = name.rpartition("/")[2].removesuffix(".md")
    english = name.startswith("en/")
    is_concept = name.removeprefix("en/").startswith("topics/") and stem != "index"
    found = sections(body)
    heading = re.search(r"^# (.+)$", body, re.MULTILINE)
    said = re.sub(r"(?<!\s)\s*+\{[^{}]*\}\s*$", "", heading[1]) if heading else ""
    title = plain(str(meta.get("title") or said.strip())) or stem * is_concept  # which others name, whatever it says
    if not title or (stem in SKIPPED and not is_concept and len("".join(part.text for part in found)) < 40):
        return None
    address = re.sub(r"(^|/)index$", r"\1", name.removesuffix(".md"))
    made = Document("concept" if is_concept else "", f"{address}/" if stem != "index" else address, title)
    made.language = "en" if english else ""
    made.sections = [part for part in found if not TAKEN.match(part.heading)]
    made.references = [part.text for part in found if TAKEN.match(part.heading)]
    made.lead = plain(
        str(meta.get("summary") or meta.get("description") or next((p.text for p in found if p.text), ""))
    )
    concept = concepts.get(stem) if english else parse_concept(source)[0]
    if is_concept and concept:
        if english:  # is found by its Chinese names, too
            made.names = [concept.title, *concept.aliases]
        else:
            made.english, made.names = concept.english, list(concept.aliases)
        made.filters = {
            "topic": [concept.title],
            "code": ["yes"] if concept.example else [],
            "lang": ["en" if english else "zh"],
        }
    return made


class _Has(Protocol):
    head: Document


Any_ = TypeVar("Any_", bound=_Has)


def in_order(found: list[Any_]) -> list[Any_]:
    """Documents as they are numbered; a page that has one in the other language is for searches of its own alone."""
    english = {one.head.address for one in found if one.head.language == "en"}
    for one in found:
        if f"en/{one.head.address}" in english:
            one.head.language = "zh"
    found.sort(key=lambda one: (one.head.address, one.head.anchor, one.head.title, one.head.url))
    found.sort(key=lambda one: one.head.date, reverse=True)
    found.sort(key=lambda one: (KIND_ORDER.index(one.head.kind), one.head.language))
    return found


def kind_name(kind: str) -> str:
    """What the page calls a kind."""
    return KINDS[kind].name if kind else ""
