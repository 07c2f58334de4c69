"""What things are called: the concepts' names in both languages, and the words that mean the same.

A *sense* is something that has names: a concept with its page, or a line of talks/synonyms.txt. Where a text names it,
the index stores the sense beside the words (`@lora`), so that a question in one language finds pages in the other.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.model import Concept
from ingest.synonyms import Entry
from publish.search import HAN
from publish.search.terms import narrow, only_asks

JOINTS = re.compile(rf"[-_\s]+|(?<=[{HAN}])(?=[a-z0-9])|(?<=[a-z0-9])(?=[{HAN}])")
WORD = re.compile("[A-Za-z]+")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
BEFORE = "(?<![a-z0-9])"  # how a name of Latin letters begins
LONGEST = 200  # letters of a name, in which each is looked for within the one before; one may be written as eighteen
LOT = 24  # names' first characters that are looked at together
CAPITALS = re.compile("[A-Z]{2,}")


@dataclass
class Sense:
    """Something that has names.

    Attributes:
        id: The concept's name, or the first of the words.
        names: Folded: see `folded`.
        page: Whether it is a concept, and so has a page.
    """

    id: str
    names: list[str] = field(default_factory=list)
    page: bool = False


def folded(name: str) -> str:
    """A name as names are compared: simplified, lower case, words apart by one blank, those that case parts, too."""
    return " ".join(part for part in JOINTS.split(WORD.sub(_apart, narrow(name)).lower().strip()) if part)


def _apart(word: re.Match[str]) -> str:
    """The words that case parts: `KVCache`, but not `LLaMA`, as `partsOf` of browser/search/words.js does."""
    parts = CAMEL.split(word[0])
    return word[0] if any(len(part) < 2 or re.fullmatch("[A-Z][a-z]", part) for part in parts) else " ".join(parts)


class Names:
    """All senses, and where texts name them; of two names at one place the longer counts."""

    def __init__(self, concepts: Sequence[Concept], synonyms: Sequence[Entry]) -> None:
        self.senses: list[Sense] = []
        self._of: dict[str, Sense] = {}
        self._places: dict[str, int] = {}  # among the names of that sense
        self._seen: dict[str, tuple[bool, list[tuple[str, str]]]] = {}
        self._small: set[str] = set()  # names that are not capitals alone, as CLIP and RAG are
        for concept in concepts:
            self._add(self._begun(concept.name, page=True), [concept.short, *concept.aliases])
        for group in synonyms:
            keys = [_key(folded(name)) for name in group.names]
            known = next((self._of[key] for key in keys if key in self._of), None)
            self._add(known or self._begun(folded(group.names[0])), group.names)
        self._pattern = re.compile(_any_of([name for sense in self.senses for name in sense.names]))
        self._words = re.compile(_any_of([name for sense in self.senses if not sense.page for name in sense.names]))

    def _begun(self, name: str, page: bool = False) -> Sense:
        self.senses.append(Sense(name, page=page))
        return self.senses[-1]

    def _add(self, sense: Sense, names: Iterable[str]) -> None:
        for written in names:
            if not sense.page and only_asks(narrow(written)):  # is said in passing everywhere: 什么是大模型幻觉
                continue
            name = folded(written)
            key = _key(name)
            if not 0 < len(name) <= LONGEST:
                continue
            if key not in self._of:
                self._of[key], self._places[key] = sense, len(sense.names)
                sense.names.append(name)
            elif self._of[key] is sense and name.count(" ") > sense.names[self._places[key]].count(" "):
                sense.names[self._places[key]] = name  # which finds the joined spelling, too
            if not CAPITALS.fullmatch(written):
                self._small.add(key)

    def page_of(self, name: str) -> str:
        """The concept that a name means, or "" where it means none."""
        sense = self._of.get(_key(folded(name)))
        return sense.id if sense and sense.page else ""

    def find(self, text: str) -> list[tuple[str, str]]:
        """The senses that a text from `narrow` names, with the words it has for them, in order.

        Who writes `clip` means no CLIP; who writes 重复惩罚, a concept, speaks of 重复, too.
        """
        lower = text.lower()
        same = len(lower) == len(text)
        made: list[tuple[str, str]] = []
        for found in self._pattern.finditer(lower):
            words = found[0]
            if words not in self._seen:
                self._seen[words] = self._senses(words)
            capitals, senses = self._seen[words]
            if not (capitals and same and text[found.start() : found.end()] == words):
                made += senses
        return made

    def _senses(self, words: str) -> tuple[bool, list[tuple[str, str]]]:
        """Whether what was found has to be written in capitals, and the senses that it names."""
        key = _key(words)
        parts = [part for part in self._words.findall(words) if part != words]
        return key not in self._small, [(self._of[_key(name)].id, name) for name in (words, *parts)]


def _key(name: str) -> str:
    """A name without blanks, hyphens and the plural's `s` behind Latin letters."""
    return re.sub(r"(?<=[a-z]{3})s$", "", re.sub(r"[-_\s]+", "", name))


def _any_of(names: Sequence[str]) -> str:
    """A pattern for any of the names, the longest first: a tree of their characters, so many cost little."""
    root: dict[str, dict] = {}  # type: ignore[type-arg]
    for name in sorted(names, key=lambda name: -len(name.replace(" ", ""))):
        node = root
        for step in _steps(name):
            node = node.setdefault(step, {})
        node[""] = {}
    first = "".join(sorted({name[0] for name in names}))
    # `re` tries alternatives one after the other: a look at the first character spares most of the hundreds.
    latin = [BEFORE + _branch(root.pop(BEFORE))] if BEFORE in root else []
    others = list(root)
    lots = [others[at : at + LOT] for at in range(0, len(others), LOT)]
    tried = latin + [f"(?=[{''.join(lot)}]){_branch({step: root[step] for step in lot})}" for lot in lots]
    return f"(?=[{re.escape(first)}])(?:{'|'.join(tried)})" if tried else r"(?!)"


def _steps(name: str) -> list[str]:
    """A name's characters as patterns; a blank or a hyphen may part words, and Latin words are whole ones."""
    steps: list[str] = []
    words = name.split(" ")
    for before, word in pairwise(["", *words]):
        steps += [r"[-_ ]?"] if before else []
        steps += map(re.escape, word)
    if _is_latin(name[0]):
        steps.insert(0, BEFORE)
    if _is_latin(name[-1]):
        steps.append(r"s?(?![a-z0-9])" if re.search("[a-z]{3}$", name) else r"(?![a-z0-9])")
    return steps


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _branch(node: dict) -> str:  # type: ignore[type-arg]
    ends = "" in node
    inner = [step + _branch(below) for step, below in node.items() if step]
    if not inner:
        return ""
    whole = inner[0] if len(inner) == 1 and not ends else f"(?:{'|'.join(inner)})"
    return f"{whole}?" if ends else whole
