"""What can be wrong with an input, and how it is said: `path:line:col: CODE what was found; what was expected`."""

from dataclasses import dataclass

ERROR, WARNING = "error", "warning"

RULES: dict[str, tuple[str, str]] = {
    # code: (severity, what was expected)
    "F001": (ERROR, "a readable file"),
    "F002": (ERROR, "UTF-8 text"),
    "F003": (ERROR, "front matter that is a YAML mapping"),
    "F004": (WARNING, "pictures in PNG, JPEG, GIF or WebP, inside the document"),
    "F005": (ERROR, "a note of which every letter finds a place"),
    "N001": (ERROR, "a line `【编号】：NNN`"),
    "N002": (ERROR, "a number no other note has"),
    "N003": (ERROR, "a date such as `【时间】：2023-06-10 22:00`"),
    "N004": (ERROR, "the sections 本周新闻, 本周推荐 and Free Talk"),
    "N005": (WARNING, "text under a section heading or in a field"),
    "P001": (ERROR, "one JSON record with title and url on each line"),
    "P002": (ERROR, "an RSS, Atom or JSON feed, or Hugging Face daily papers"),
    "P003": (WARNING, "a feed with entries"),
    "P004": (WARNING, "an entry with a title and a link"),
    "P005": (WARNING, "entries with a date"),
    "P006": (ERROR, "a feed without entity declarations"),
    "P007": (ERROR, "a source that answers"),
    "P008": (WARNING, "a well-formed feed in the encoding it declares"),
    "P009": (ERROR, "a name such as 2026-W47.jsonl"),
    "P010": (ERROR, "OPML 2.0 whose outlines have an xmlUrl"),
    "P011": (WARNING, "the address that the feed has now"),
    "Q001": (ERROR, "an id no other question has"),
    "Q002": (ERROR, "a first heading `# question`"),
    "Q003": (ERROR, "a day such as `date: 2026-11-21`"),
    "S001": (ERROR, "the name of a module in snippets/"),
    "S002": (ERROR, "Python that parses, with a docstring"),
    "T001": (ERROR, "the name of a page in docs/topics/"),
    "T002": (ERROR, "an alias no other topic has"),
    "T003": (ERROR, "front matter with title, aliases, group and summary"),
}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with an input. `line` and `column` are 1-based; 0 columns are never shown."""

    path: str
    line: int
    column: int
    code: str
    message: str

    @property
    def severity(self) -> str:
        """`error` or `warning`, as the rule says."""
        return RULES[self.code][0]

    @property
    def hint(self) -> str:
        """What was expected instead."""
        return RULES[self.code][1]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.code} {self.message}; expected {self.hint}"
