"""Pages out of records: a dictionary from path under `docs/` to Markdown. Templates lie in `templates/`.

Text that contributors wrote comes in by these doors only: `e` (one line, every special character an entity), `html`
(a block of safe HTML), `attr` (an attribute), `address` (a link's target), `json_ld` (JSON for machines) and `meta`
(front matter).
"""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ingest import safe_html
from ingest.addresses import KINDS, Kind, slug_for
from ingest.feeds.weeks import Weeks
from ingest.kept import Kept, Wanted, hash_of
from ingest.markup import CJK
from ingest.model import Concept, Paper, Question, Talk
from ingest.pages.atom import atom
from ingest.pages.compiled import Compiled
from ingest.pages.days import day_en, day_zh, short_week_zh, week_zh
from ingest.pages.learning_map import learning_map
from ingest.pages.lessons import lesson_parts
from ingest.pages.lines import lines, listed
from ingest.pages.papers import PaperPages
from ingest.pages.path import PathPages, fresh
from ingest.pages.people import people_of, person_slug
from ingest.pages.records import atom_entry, newest_asked, qapage
from ingest.pages.talks import parts_of, points
from ingest.pages.ways import Ways
from ingest.pictures import Pictures
from ingest.wiki import Wiki

TALK, QUESTION, PAPER = KINDS["talk"], KINDS["question"], KINDS["paper"]
PERSON, CHANGE, MODULE = KINDS["person"], KINDS["change"], KINDS["module"]
PER_PAGE = 200
NEWEST = 50  # entries of a feed
WEEKS, PER_WEEK = 8, 20  # of the page of changes
SHORT = 400  # letters: what a talk says in fewer, a concept page may say at length


_code: dict[str, bytes] = {}  # of the templates, in this process and by what the last build kept
_plain_html = lru_cache(maxsize=20_000)(safe_html.to_html)  # a process may render again


def render(wiki: Wiki, pictures: Pictures, ways: Ways | None = None, kept: Kept | None = None) -> dict[str, str]:
    """Every generated page of the site.

    Args:
        wiki: The linked records.
        pictures: Those that lie beside notes and questions.
        ways: From the site to those who make it.
        kept: Pages of the last build, of which the same program made them.
    """
    return dict(_Renderer(wiki, pictures, ways or Ways(), kept or Kept()).pages())


class _Renderer:
    def __init__(self, wiki: Wiki, pictures: Pictures, ways: Ways, kept: Kept) -> None:
        self.kept = kept
        self.wiki = wiki
        self.pictures = pictures
        self.concepts = {concept.name: concept for concept in wiki.records.concepts}
        self.snippets = {snippet.name: snippet for snippet in wiki.records.snippets}
        self.questions = {question.id: question for question in wiki.records.questions}
        self.talks = sorted(wiki.records.talks, key=lambda talk: (str(talk.date or ""), talk.number), reverse=True)
        self.hashes = {name: hash_of(question) for name, question in self.questions.items()}
        self.told = {talk.number: hash_of(talk) for talk in self.talks}
        self.asked: dict[str, list[Question]] = defaultdict(list)  # by concept
        for question in self.questions.values():
            for name in question.topics:
                self.asked[name].append(question)
        self.after: dict[str, dict[str, Concept]] = defaultdict(dict)  # what builds on a concept
        for concept in self.concepts.values():
            for base in concept.builds_on:
                self.after[base][concept.name] = concept
        self.people = people_of(self.talks, self.questions.values())
        _code.update(kept.before("templates") or {})
        kept.results["templates"] = "", _code
        self.environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            bytecode_cache=Compiled(_code),
            auto_reload=False,  # nobody edits a template during a run
            autoescape=False,  # the doors named above escape, each for its place
        )
        self.environment.filters |= {
            "e": safe_html.escape, "linked": safe_html.linked, "html": self._html, "attr": safe_html.attribute,
            "meta": safe_html.meta, "address": safe_html.address, "json_ld": safe_html.json_ld, "slug": slug_for,
            "name_slug": person_slug, "language": _language, "qapage": qapage,
            "day_zh": day_zh, "day_en": day_en, "week_zh": week_zh, "short_week_zh": short_week_zh,
        }  # fmt: skip
        self.environment.globals |= {
            "concepts": self.concepts, "snippets": self.snippets, "questions": self.questions,
            "duplicates": self.wiki.duplicates,
            "ways": ways, "group_class": self._group_classes(),
        }  # fmt: skip
        self.path = PathPages(wiki.records.path, self.concepts)
        self.english = {name: replace(concept, title=concept.english) for name, concept in self.concepts.items()}
        self.english_path = PathPages(wiki.records.path, self.english, True, wiki.records.groups)
        self.shared = hash_of(self.concepts, self.snippets, list(wiki.records.groups), sorted(pictures.items()), ways)
        self.papers = PaperPages(wiki.records.weeks, self.concepts, kept, partial(hash_of, self.shared), self._page)
        self.weeks = self.papers.weeks

    def _group_classes(self) -> dict[str, str]:
        """The class by which docs/assets/colours.css knows the group of each concept that is in one that is named."""
        numbers = {group: number for number, group in enumerate(self.wiki.records.groups, 1)}
        found = self.concepts.items()
        return {name: f"wiki-group--{numbers[one.group]}" for name, one in found if one.group in numbers}

    def pages(self) -> Iterator[tuple[str, str]]:
        open_questions = [q for q in self.questions.values() if q.status == "open"]
        people = sorted(self.people.values(), key=lambda person: (-person.total, person.slug))
        yield from self.kept.all_pages([self._talk(talk) for talk in self.talks])
        yield TALK.page("index"), self._page("talks", talks=self.talks)
        yield from self._asked()
        places = {name: self._order(question) for name, question in self.questions.items()}
        everything = sorted(self.questions.values(), key=lambda question: places[question.id][0])
        counts = Counter(group for _, group in places.values())
        chunks = [everything[at : at + PER_PAGE] for at in range(0, len(everything), PER_PAGE)] or [[]]
        sizes = counts, len(open_questions), {name: len(asked) for name, asked in self.asked.items()}
        for number, chunk in enumerate(chunks, 1):
            path = QUESTION.page("index" if number == 1 else f"page-{number}")
            values = {"number": number, "last": len(chunks), "open": len(open_questions), "counts": self.asked}
            grouped: dict[str, list[Question]] = defaultdict(list)
            for question in chunk:
                grouped[places[question.id][1]].append(question)
            shown = [(group, questions, counts[group]) for group, questions in grouped.items()]
            make = partial(self._page, "questions", grouped=shown, **values)
            yield path, self._kept_page(path, (number, sizes, listed(chunk)), make)
        yield self._open(QUESTION.page("open"), "open", open_questions, listed=open_questions)
        yield QUESTION.page("ask"), self._page("ask")
        yield from self.papers.pages(self.wiki.records.feeds)
        for person in people:
            yield PERSON.page(person.slug), self._page(PERSON.template, person=person)
            for slug, name in person.others.items():
                if slug not in self.people:
                    yield PERSON.page(slug), self._page("moved", person=person, name=name)
        yield PERSON.page("index"), self._page("people", people=people)
        yield from self._changes()
        yield from self._fragments(open_questions)

    def _order(self, question: Question) -> tuple[int, str]:
        """The place and name of the group in which a question is listed: that of its first concept."""
        concept = next((self.concepts[name] for name in question.topics if name in self.concepts), None)
        groups = list(self.wiki.records.groups)
        if concept is None:
            return len(groups) + 1, "别的"
        return groups.index(concept.group) if concept.group in groups else len(groups), concept.group

    def _asked(self) -> Iterator[tuple[str, str]]:
        """The page of each question."""
        yield from self.kept.all_pages([self._question(question) for question in self.questions.values()])
        for name, same in ((name, same) for name, found in self.wiki.duplicates.items() for same in found):
            yield QUESTION.page(slug_for(same.id)), self._page("duplicate", question=same, first=self.questions[name])

    def _question(self, question: Question) -> Wanted[str]:
        alike, repeats = self.wiki.related[question.id], self.wiki.duplicates.get(question.id, ())
        made_of = self.hashes[question.id], [self.hashes[name] for name in alike], repeats
        related = [self.questions[name] for name in alike]
        short = bool(question.talk) and sum(len(answer.text) for answer in question.answers) < SHORT
        return self._record(QUESTION, slug_for(question.id), made_of, question=question, related=related, short=short)

    def _talk(self, talk: Talk) -> Wanted[str]:
        parts, first = parts_of(talk)
        values = {"talk": talk, "parts": parts, "first_asked": first, "points": points(parts)}
        return self._record(TALK, slug_for(talk.number), self.told[talk.number], **values)

    def _changes(self) -> Iterator[tuple[str, str]]:
        """What is new, by the dates of the records, so that the same input gives the same bytes: a page, and feeds."""
        dated: dict[str, list[tuple[date, str, Talk | Question | Paper]]] = {
            "talks": [(talk.date, talk.id, talk) for talk in self.talks if talk.date],
            "questions": [(q.asked, q.id, q) for q in self.questions.values() if q.asked],
            "papers": [(p.published, p.id, p) for week in self.weeks[:WEEKS] for p in week.latest if p.published],
        }
        weeks: dict[str, dict[str, list[Talk | Question | Paper]]] = {}
        for kind, found in dated.items():
            found.sort(key=lambda item: (-item[0].toordinal(), item[1]))
            for day, _, record in found:
                name = "{:04}-W{:02}".format(*day.isocalendar())
                weeks.setdefault(name, {kind: [] for kind in dated})[kind].append(record)
        newest = sorted(weeks.items(), reverse=True)[:WEEKS]
        archived = {week.name: week.dated for week in self.weeks}
        yield CHANGE.page("index"), self._page(CHANGE.template, weeks=newest, shown=PER_WEEK, archived=archived)
        titles = {"talks": TALK.name, "questions": QUESTION.name, "papers": PAPER.name}
        for kind, found in dated.items():
            entries = (atom_entry(record, day) for day, _, record in found[:NEWEST])
            yield f"{CHANGE.folder}/{kind}.xml", atom(f"OpenLLM Wiki：{titles[kind]}", f"{kind}.xml", entries)

    def _fragments(self, open_questions: Sequence[Question]) -> Iterator[tuple[str, str]]:
        """Texts that hand-written pages include."""
        talks: dict[str, list[Talk]] = defaultdict(list)
        for talk in self.talks:
            for name in talk.topics:
                talks[name].append(talk)
        common = self.wiki.records.path, Weeks.of(self.wiki.records.weeks).stamps  # `shared` knows all concepts
        for concept in self.concepts.values():
            asked, told = self.asked[concept.name], talks[concept.name]
            said = listed(asked), [(talk.number, talk.title, talk.date) for talk in told]
            path = f"generated/topics/{concept.name}.md"
            yield path, self._kept_page(path, (common, said), partial(self._concept, concept, asked=asked, told=told))
        paths = {"zh": self.path, "en": self.english_path}
        yield from lesson_parts(self.wiki.records, self.hashes, paths, self._kept_page, self._page)
        groups: dict[str, list[Concept]] = {group: [] for group in self.wiki.records.groups}
        for concept in self.concepts.values():
            groups.setdefault(concept.group, []).append(concept)
        yield "generated/topics.md", self._page("concepts", groups=groups, counts=self.asked)
        yield self._map("generated/map.md", groups, self.concepts, self.path)
        yield from lines(self.wiki, self.kept, self.shared, self.hashes, self.told)
        with_code = [concept for concept in self.concepts.values() if concept.snippet in self.snippets]
        yield from ((MODULE.page(one.snippet), self._page(MODULE.template, concept=one)) for one in with_code)
        yield "generated/snippets.md", self._page("snippets", groups=groups)
        papers_read = [paper for week in self.weeks[:WEEKS] for paper in week.best]
        talks_new, questions_new, papers_new = fresh(self.talks, newest_asked(self.questions.values()), papers_read)
        values = {
            "new_talks": talks_new,
            "new_questions": questions_new,
            "new_papers": papers_new,
            "open_questions": open_questions,
            "with_code": with_code,
            "groups": groups,
            "counts": self.asked,
            "path": self.path,
            "english": False,
        }
        yield from ((f"generated/{name}.md", self._page(name, **values)) for name in ("promise", "home", "path"))
        yield from self._english(groups, values, open_questions)

    def _concept(self, concept: Concept, **lists: object) -> str:
        """What follows on the page of a concept."""
        after = list(self.after[concept.name].values())
        lists |= {"published": self.papers.on(concept.name), "count": self.papers.count_on(concept.name)}
        return self._page("concept", after=after, picked=self.papers.picked, **self.path.of(concept), **lists)

    def _english(
        self, chinese: Mapping[str, Sequence[Concept]], values: Mapping[str, object], open_questions: Sequence[Question]
    ) -> Iterator[tuple[str, str]]:
        """Fragments of the English pages: concepts have their English titles, other records stay as they are."""
        concepts, path, names = self.english, self.english_path, self.wiki.records.groups
        groups = {names.get(group, group): [concepts[one.name] for one in chinese[group]] for group in chinese}
        with_code = [concept for concept in concepts.values() if concept.snippet in self.snippets]
        values = {**values, "concepts": concepts, "groups": groups, "with_code": with_code, "path": path}
        values["english"] = True
        yield from ((f"generated/en/{page}.md", self._page(page, **values)) for page in ("promise", "path"))
        for concept in (concept for concept in concepts.values() if concept.translated):
            yield f"generated/en/topics/{concept.name}.md", self._page("en/foot", **path.of(concept))
        templates = {"home": "home", "topics": "concepts", "snippets": "snippets", "archive": "archive"}
        for page, template in templates.items():
            yield f"generated/en/{page}.md", self._page(f"en/{template}", **values)
        yield self._open("generated/en/open.md", "en/open", open_questions, **values)
        reading = ": arrows lead from what to read first to what builds on it"
        yield self._map("generated/en/map.md", groups, concepts, path, _english_address, reading)

    def _open(self, path: str, template: str, questions: Sequence[Question], /, **values: object) -> tuple[str, str]:
        """A list of the questions that wait for an answer; there may be thousands."""
        made_of = [self.hashes[question.id] for question in questions]
        return path, self._kept_page(path, made_of, partial(self._page, template, **values))

    def _map(self, path: str, *drawn: Any) -> tuple[str, str]:
        """A map of all concepts, which `shared` knows."""
        made_of = self.wiki.records.path, self.wiki.records.groups
        return path, self._kept_page(path, made_of, lambda: learning_map(*drawn) + "\n")

    def _html(self, text: str, path: str) -> str:
        """Safe HTML of what a file says; its pictures are looked for beside it."""
        if "!" not in text:  # by which pictures begin
            return _plain_html(text)
        beside = PurePosixPath(path).parent
        return safe_html.to_html(text, lambda name: self.pictures.get(posixpath.normpath(beside / name)))

    def _record(self, kind: Kind, name: str, made_of: object, **values: object) -> Wanted[str]:
        """The page of a record, which is rendered where it is made of something new."""
        return kind.page(name), hash_of(self.shared, made_of), partial(self._page, kind.template, **values)

    def _kept_page(self, path: str, made_of: object, render: Callable[[], str]) -> str:
        """A page's text: the last one, where it was made of the same."""
        return self.kept.page(path, hash_of(self.shared, made_of), render)

    def _page(self, template: str, **values: object) -> str:
        text = self.environment.get_template(f"{template}.md.j2").render(values)
        return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _english_address(concept: Concept) -> str:
    """The way from the English list of concepts to one's page."""
    return f"{concept.name}/" if concept.translated else f"../../topics/{concept.name}/"


def _language(title: str) -> str:
    return "en" if title and not re.search(f"[{CJK}]", title) else "zh"
