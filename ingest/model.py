"""The records that the whole pipeline speaks in. All are frozen; none knows where it is stored or shown."""

import re
from dataclasses import dataclass
from datetime import date

SECTION_KINDS = (
    "news", "picks", "classic", "practice", "free-talk", "meta", "references", "plans", "join", "past", "other",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """One file of text as it was read.

    Attributes:
        path: Path relative to the project's root, with forward slashes; it names the file in every problem.
        text: The file's content, decoded as UTF-8, line ends as `\\n`.
    """

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link somebody wrote.

    Attributes:
        url: Canonical address: no tracking parameters, no redirector, arXiv as `https://arxiv.org/abs/ID`.
        title: The title it was given, or the address where there is none.
        source: The address exactly as written.
        line: 1-based line in the file.
    """

    url: str
    title: str
    source: str
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """A run of Markdown exactly as written, `line` being its first line (1-based)."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a talk.

    Attributes:
        kind: One of `SECTION_KINDS`; a subsection has its parent's kind.
        title: The heading as written.
        level: 2 for a section, 3 for a subsection.
        line: 1-based line of the heading.
        blocks: The text below it, in order.
        links: Every link in those blocks, in order.
    """

    kind: str
    title: str
    level: int
    line: int
    blocks: tuple[Block, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: Markdown `text`, its `author` ("" if unsigned), and whether it was marked as accepted.

    `said` is its day and `origin` the address where it was given, where its signature says them.
    """

    text: str
    author: str
    line: int
    accepted: bool = False
    said: date | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a talk or of `talks/questions/`.

    Attributes:
        id: Permanent; `talk-004-q8`, or the stem of its file. It is also the page's address: `qa/<id>/`.
        title: The question on one line.
        text: Markdown that says more than the title, or "".
        asker: Who asked, "" if unknown.
        answers: Accepted ones first, else in the order written. A question without one is open.
        path, line: The file it stands in, and its 1-based line there.
        talk, section: Id of the talk it was asked in, and the title of that talk's section; or "".
        sources: The references given for its answers.
        topics: Names of concepts: those its author wrote, then those its text names.
        asked: The day it was asked: the talk's, or the one its file gives; None where neither is known.
        updated: The days on which its file was changed, as it says.
        origin: The address where it was asked, or "".
        duplicate_of: Id of the question it repeats, or "".
        fields: What else its file's head says, such as where it was taken from.
        remarks: Markdown of the references' lines that say more than their links do.
        interview: Whether it is one that interviewers ask: concept pages list it with what readers ask themselves.
    """

    id: str
    title: str
    text: str
    asker: str
    answers: tuple[Answer, ...]
    path: str
    line: int
    talk: str = ""
    section: str = ""
    sources: tuple[Link, ...] = ()
    topics: tuple[str, ...] = ()
    asked: date | None = None
    duplicate_of: str = ""
    fields: tuple["Field", ...] = ()
    remarks: str = ""
    updated: tuple[date, ...] = ()
    origin: str = ""
    interview: bool = False

    @property
    def status(self) -> str:
        """`answered` or `open`."""
        return "answered" if self.answers else "open"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a note's head, such as `【主持人】：羡鱼`, its value as written."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Talk:
    """One weekly note.

    Attributes:
        id: `talk-004`.
        number: `004`, or what the hosts call it (`番外02`).
        title: The note's own title.
        date: The evening of the talk, or None where the note does not say.
        time: `HH:MM`, local time of the group, or "".
        summary: The items of 本期提要.
        hosts, editors, contributors: Names, in the order written, each once.
        video: Address of the recording, or "".
        sections: In the order written.
        questions: In the order written.
        unplaced: Text that no rule understood; it is shown where it stood, above the first section.
        path: The file it stands in.
        fields: The head's fields as written, from which the attributes above were read.
        topics: Names of the concepts its text names.
    """

    id: str
    number: str
    title: str
    date: date | None
    time: str
    summary: tuple[str, ...]
    hosts: tuple[str, ...]
    editors: tuple[str, ...]
    contributors: tuple[str, ...]
    video: str
    sections: tuple[Section, ...]
    questions: tuple[Question, ...]
    unplaced: tuple[Block, ...]
    path: str
    fields: tuple[Field, ...] = ()
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper or post, as the archive keeps it: no abstract.

    Attributes:
        id: `arxiv:2607.11111`, `doi:10.1234/x`, or `url:` and a hash of the canonical address.
        title: On one line.
        url: Canonical address.
        arxiv_id: Without version, or "".
        doi: In lower case, or "".
        authors: In the order of the feed.
        published: Day on which it appeared, or None where nobody says it who can know.
        feed: Title of the feed that brought it first.
        topics: Names of the concepts that its title and abstract name.
        versions: The versions that were announced, such as `v1`, in ascending order.
        also: Titles of other feeds that name it.
        votes: How many readers of Hugging Face's daily papers liked it.
        code: Address of its code, or "".
        withdrawn: Whether its authors, or arXiv, took it back.
        arrived: Day on which it came into the archive.
        authority: From whom title, authors and day are: `arXiv v2`, `Hugging Face`, `own` (its own site), or "".
        guid: Its name in the feed, where that says more than its ids and address do.
        line: A sentence of its abstract where that is free to be copied (arXiv's is), or "".
        abstract: As it was read, to find concepts in it; it is never archived.
    """

    id: str
    title: str
    url: str
    arxiv_id: str = ""
    doi: str = ""
    authors: tuple[str, ...] = ()
    published: date | None = None
    feed: str = ""
    topics: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    votes: int = 0
    code: str = ""
    withdrawn: bool = False
    arrived: date | None = None
    authority: str = ""
    guid: str = ""
    line: str = ""
    abstract: str = ""


@dataclass(frozen=True, slots=True)
class Week:
    """The papers of one ISO week: `name` is `2026-W47`, or `undated` for those whose week nobody knows."""

    name: str
    papers: tuple[Paper, ...]


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept page, from the front matter of `docs/topics/<name>.md`.

    Attributes:
        name: The page's stem, also the snippet's module name where there is one.
        title: Chinese title with the English term.
        aliases: Other names, in either language.
        group: Heading under which the concept index lists it.
        summary: One sentence.
        snippet: Module name under `snippets/`, or "".
        example: Whether the page has an `example` section to embed elsewhere.
        builds_on: Names of the concepts to read before it.
        english: English title.
        phrases: What people say who mean it and do not know its name, in either language.
        learn: What one will know who has read it: three lines.
        minutes: How long that takes.
        translated: Whether it says that there is an English page.
        picture: Whether it shows the picture of its name.
        symbols: What its letters stand for: a role and its names on each line.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    group: str
    summary: str
    snippet: str
    example: bool
    path: str
    builds_on: tuple[str, ...] = ()
    english: str = ""
    phrases: tuple[str, ...] = ()
    learn: tuple[str, ...] = ()
    minutes: int = 1
    translated: bool = False
    picture: bool = False
    symbols: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The title without its explanation, for places with little room: `LoRA` of `LoRA：低秩适配`."""
        return re.split("[：（]|: | \\(", self.title)[0]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A module of `snippets/`, read from its source without importing it.

    Attributes:
        name: Module name.
        title: First line of its docstring.
        summary: The docstring's first paragraph after the title, or "".
        papers: Addresses named in its docstring.
        public: Names of its public functions and classes.
        path: Path of the file.
    """

    name: str
    title: str
    summary: str
    papers: tuple[str, ...]
    public: tuple[str, ...]
    path: str
