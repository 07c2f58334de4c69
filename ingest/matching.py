"""Which concepts a text is about: those it names, and those whose pages say what it says.

A name alone may deceive: `量化` is quantization among weights and something else among stocks. A name that is also a
plain word therefore counts only in company that concept pages know. What is said without a name is found by BM25 over
the pages' names, phrases and prose, in both languages: Latin words by their stems, Chinese by pairs of letters.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import PurePosixPath

from ingest.concepts import fold, owners
from ingest.front_matter import front_matter
from ingest.markup import fenced_lines
from ingest.model import Concept, Source

CONCEPTS = 6  # of a record, at most
NAMED = 4  # what stands in a page's names, phrases and summary counts as if its prose said it so often
SATURATION, LENGTH = 4.0, 0.5  # BM25's k and b: prose has to repeat a word before it is about it
COMMON = 0.5  # a term that so many of the pages share tells nothing
TERMS = 400  # of a text; what is longer has said by then what it is about
LIKELY = 5.0  # a score from which a text is about a concept that it does not name:
FIELD = 2.0  # less by so much, where all of its terms are the field's,
CHANCE = 0.05  # more by so much for each term, since long texts agree with every page in something,
ALSO = 1.0  # and by so much where it names another concept
CLOSE = 0.95  # of the best score: who reaches so much is meant as well
SUPPORTED = 0.5  # of the best score: what a name needs that is a plain word
NOT_IN_PASSING = 0.55  # of the best score: what a name needs that stands in the text alone,
OFTEN = 3  # unless it stands there so often
UNNAMED = 2  # so many concepts a text is about without naming them
FAMILIAR = 3  # terms that so many pages have are the field's
FEW = 20  # the pages of fewer concepts do not know their field
STRAY = 0.5  # a plain word is no name where fewer of the other terms are the field's,
COMPANY = 0.5  # and where they score less for its concept

Weighed = tuple[dict[str, dict[str, float]], frozenset[str]]

_BRITISH = re.compile(r"(?<=[a-z]{2})is(?=(?:ations?|ers?|ing|ed|es?)\b)")
_RUN = re.compile(r"[a-z0-9]+|[\u4e00-\u9fff]+")
_LITTLE = frozenset(
    "a an the of in on to for and or with without by from as at is are was be been it its this that these those what "
    "which who how why when where do does did can could should would will not no we you they our your my he his her if "
    "then than so but into over under between about more most less some any each other such use used using via make "
    "makes made give given get let there out up only also both after before during while very own same".split()
)
_ASKING = frozenset(
    "怎么 什么 为什 么是 么要 是什 怎样 如何 哪些 哪个 一个 一下 这个 那个 可以 我们 不是 就是 "
    "还是 没有 有什 么区 区别 么不 么用 能不 不能 样的 有哪 有没 时候 的时 应该 需要 这样 那么 "
    "么样 一点 多少 一种 不同 之间 因为 所以 而且 但是 如果 的话 他们 自己 现在 已经 知道 觉得 "
    "一样 不一 么办 办法 么做 以后 之后 之前 以前".split()
)


def _fold(text: str) -> str:
    """`fold`, and one spelling for `tokeniser` and `tokenizer`."""
    return _BRITISH.sub("iz", fold(text))


def terms(text: str) -> list[str]:
    """What a text is compared by: stems of Latin words, pairs of Chinese letters; without what every question says."""
    return _terms(_fold(text))


def _terms(folded: str) -> list[str]:
    return [*chain.from_iterable(map(_terms_of, _RUN.findall(folded)))]


@lru_cache(1_000)  # a text is read again without each of its names
def _terms_of(run: str) -> Sequence[str]:
    if run[0] >= "\u4e00":
        return [pair for at in range(len(run) - 1) if (pair := run[at : at + 2]) not in _ASKING]
    return [_stem(run)] if len(run) > 1 and run not in _LITTLE else ()


def _stem(word: str) -> str:
    """A word without the commonest English endings, so that `quantized` and `quantizing` are one."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            break
    return word.rstrip("e") if len(word) > 4 else word


def prose_of(pages: Iterable[Source]) -> dict[str, str]:
    """What concept pages say in words, by their names: without head, code, formulas, addresses and marks."""
    return {PurePosixPath(page.path).stem: _words(page) for page in pages}


def _words(page: Source) -> str:
    lines = front_matter(page)[1].split("\n")
    fenced = fenced_lines(lines)
    text = "\n".join(line for at, line in enumerate(lines) if at not in fenced and "--8<--" not in line)
    text = re.sub(r"\$\$[^$]*+\$\$|\$[^$\n]*+\$", " ", text)
    return re.sub(r"\]\([^()\n]*+\)|<[^<>]*+>", " ", text)


class Matcher:
    """Finds the concepts that a text is about; built once of all concepts, it answers each text by itself.

    Names of Latin letters match whole words only (`GAE` is not in `engage`), Chinese ones anywhere; where two overlap,
    the longest wins.

    Args:
        concepts: All there are.
        prose: What their pages say, by name (`prose_of`), and what the English ones say; without it there are names,
            phrases and summaries alone.
        weighed: What `weigh` gives for these, where that is known.
    """

    def __init__(self, concepts: Sequence[Concept], *prose: Mapping[str, str], weighed: Weighed | None = None) -> None:
        self._owners: dict[str, str] = {}
        self._spelled: dict[str, str] = {}
        for concept in concepts:
            for alias in concept.aliases:
                self._owners.setdefault(_fold(alias), concept.name)
                self._spelled.setdefault(_fold(alias), alias)
        self._first = min(2, *map(len, self._owners)) if self._owners else 1
        lengths: dict[str, set[int]] = {}
        for alias in self._owners:
            lengths.setdefault(alias[: self._first], set()).add(len(alias))
        # By first letters, the lengths that aliases have: to look for those costs the same for one and for a hundred.
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}
        self._weights, self._familiar = weighed or weigh(concepts, *prose)
        self._knows_the_field = len(concepts) >= FEW

    def find(self, title: str, *more: str) -> tuple[str, ...]:
        """Names of the concepts that a text is about: those it names, most often named first, then the likeliest.

        Args:
            title: What it says of itself, or all there is: whatever is named here counts.
            more: Its text: what is named here in passing does not.
        """
        named, likely = self.found(title, *more)
        return *named, *likely

    def found(
        self, title: str, *more: str, aside: str = "", surer: float = 0.0
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The same, those it names apart from the likeliest.

        Args:
            title, more: As of `find`.
            aside: A text in which a name that is made of plain words has to stand often.
            surer: By how much the score of the likeliest has to be higher where the next one is as likely, and less
                where it is not; where this is given, the author writes acronyms in capitals.
        """
        said = dict.fromkeys(terms("\n".join((title, *more, aside)))[:TERMS])
        scores = self._scores(said)
        best, rival, *_ = [*sorted(scores.values(), reverse=True), 0.0, 0.0]

        def named(text: str) -> list[str]:
            return self._named(text, lambda name: scores.get(name, 0.0) >= SUPPORTED * best, bool(surer))

        counts = Counter(self._owners[alias] for alias in named(title))
        told, beside = [alias for text in more for alias in named(text)], named(aside)
        firm = told + [alias for alias in beside if not self._spelled[alias].split()[-1].islower()]
        meant = {name for alias in firm if scores.get(name := self._owners[alias], 0.0) >= NOT_IN_PASSING * best}
        for name, count in Counter(self._owners[alias] for alias in told + beside).items():
            if name in counts or count >= OFTEN or name in meant:
                counts[name] += count
        order = tuple(sorted(counts, key=lambda name: -counts[name]))
        known = self._known(said) / (len(said) or 1)
        likely = LIKELY + surer * rival / (best or 1.0) - FIELD * known + CHANCE * len(said) + ALSO * bool(order)
        unnamed = ((-score, name) for name, score in scores.items() if name not in counts)
        likeliest = sorted((lost, name) for lost, name in unnamed if -lost >= max(CLOSE * best, likely))
        return order, tuple(name for _, name in likeliest[:UNNAMED])

    def _scores(self, said: Mapping[str, None]) -> dict[str, float]:
        scores: dict[str, float] = defaultdict(float)
        for term in said:
            for name, weight in self._weights.get(term, {}).items():
                scores[name] += weight
        return scores

    def _known(self, said: Mapping[str, None]) -> int:
        """How many terms are the field's."""
        return len(self._familiar.intersection(said))

    def _named(self, text: str, supported: Callable[[str], bool], in_capitals: bool = False) -> list[str]:
        """The names in a text, in order, as often as they stand there; a plain word names only those `supported`.

        Args:
            text: What is read.
            supported: Whether the rest speaks for a concept.
            in_capitals: Whether an acronym in small letters is no name: `clips` are not of CLIP.
        """
        folded = _fold(text)
        found = self._aliases(folded)
        plain = {alias for alias in set(found) if self._knows_the_field and self._is_plain(alias, text)}
        strays = {
            alias
            for alias in plain
            if not (self._is_acronym(alias, text) or supported(self._owners[alias]))
            or (in_capitals and self._spelled[alias].isupper() and not self._is_acronym(alias, text))
            or self._is_stray(alias, folded)
        }
        return [alias for alias in found if alias not in strays]

    def _is_plain(self, alias: str, text: str) -> bool:
        """Whether a name may be a word of another meaning, too: short, and not of a spelling that only it has."""
        spelled = self._spelled[alias]
        if not spelled.isascii():
            return len(spelled) <= 2
        unmistakable = re.search(r"[a-z].*[A-Z]|[A-Z]{2}.*[a-z]", spelled) and spelled in text
        return spelled.isalpha() and not unmistakable

    def _is_acronym(self, alias: str, text: str) -> bool:
        """Whether a text has a name in the capitals that it is spelled in: `RLHF`, not `clip`."""
        spelled = self._spelled[alias]
        return spelled.isupper() and spelled in text

    def _is_stray(self, alias: str, folded: str) -> bool:
        """Whether the rest of a text speaks of other things than concept pages do."""
        rest = dict.fromkeys(_terms(folded.replace(alias, "\n"))[:TERMS])
        if len(rest) < 2 or self._known(rest) >= STRAY * len(rest):
            return False
        owner = self._owners[alias]
        return sum(self._weights[term].get(owner, 0.0) for term in rest if term in self._weights) < COMPANY

    def _aliases(self, text: str) -> list[str]:
        """Aliases in a folded text, in order, none overlapping another."""
        found = [
            (at, alias)
            for at in range(len(text))
            for length in self._lengths.get(text[at : at + self._first], ())
            if (alias := text[at : at + length]) in self._owners
            and len(alias) == length  # at the end of the text fewer letters are left
            and _is_whole(text, at, at + length)
        ]
        taken = bytearray(len(text))  # whether an alias stands over a letter; the longer ones come first
        kept: list[tuple[int, str]] = []
        for at, alias in sorted(found, key=lambda match: (-len(match[1]), match[0])):
            end = at + len(alias)
            if not (taken[at] or taken[end - 1]):
                taken[at:end] = b"\1" * len(alias)
                kept.append((at, alias))
        return [alias for _, alias in sorted(kept)]


def weigh(concepts: Sequence[Concept], *prose: Mapping[str, str]) -> Weighed:
    """What terms say of concepts, and those that many of the pages share; arguments as of `Matcher`.

    Pages of one language are compared with each other; a word counts by the language that makes more of it.
    """
    weights, familiar = _weigh(_said(concepts, *prose[:1]))
    for english in prose[1:]:
        for term, saying in _weigh(_said(concepts, english))[0].items():
            known = weights.setdefault(term, {}) if term.isascii() else {}
            known |= {name: weight for name, weight in saying.items() if weight > known.get(name, 0.0)}
    return weights, familiar


def _said(concepts: Sequence[Concept], prose: Mapping[str, str] | None = None) -> dict[str, Counter[str]]:
    """How often each concept's page says each term; what names it counts `NAMED` times."""
    found = {}
    owned = owners(concepts)
    for concept in concepts:
        # A phrase of one page may have become the name of another since.
        phrases = [one for one in concept.phrases if owned.get(fold(one), concept.name) == concept.name]
        names = (concept.title, concept.english, *concept.aliases, *phrases, concept.summary)
        said = found[concept.name] = Counter(terms((prose or {}).get(concept.name, "")))
        for term in terms("\n".join(names)):
            said[term] += NAMED
    return found


def _weigh(pages: Mapping[str, Counter[str]]) -> Weighed:
    """BM25: what a term adds to the score of each concept, and the terms that many pages share."""
    shared = Counter(term for said in pages.values() for term in said)
    mean = sum(said.total() for said in pages.values()) / (len(pages) or 1) or 1.0
    weights: dict[str, dict[str, float]] = {}
    for name, said in pages.items():
        damped = SATURATION * (1 - LENGTH + LENGTH * said.total() / mean)
        for term, count in said.items():
            if shared[term] <= max(1, COMMON * len(pages)):
                rarity = math.log(1 + (len(pages) - shared[term] + 0.5) / (shared[term] + 0.5))
                weights.setdefault(term, {})[name] = rarity * count / (count + damped)
    return weights, frozenset(term for term, count in shared.items() if count >= FAMILIAR)


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no Latin letter or digit goes on where a Latin alias begins or ends, but for an `s` of more than one."""
    if start and _latin(text[start]) and _latin(text[start - 1]):
        return False
    end += end - start > 2 and text[end - 1].isalpha() and text[end : end + 1] == "s"
    return end == len(text) or not (_latin(text[end - 1]) and _latin(text[end]))


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()
