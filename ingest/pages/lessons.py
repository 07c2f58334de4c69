"""The parts of concept pages that are the same on all: the head, the example, the code, the challenge."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from ingest.model import Concept, Question
from ingest.pages.path import PathPages
from ingest.wiki import Records

LANGUAGES = {"zh": "", "en": "en/"}  # and where their parts lie below generated/


def lesson_parts(
    records: Records,
    hashes: Mapping[str, str],
    paths: Mapping[str, PathPages],
    keep: Callable[..., str],
    page: Callable[..., str],
) -> Iterator[tuple[str, str]]:
    """Fragments that concept pages include, in both languages.

    Args:
        records: All of them.
        hashes: Of the questions, by id.
        paths: The path, by language.
        keep: Gives a page by its path, what it is made of beside concepts, and what renders it where that is new.
        page: Renders a template by its name with values.
    """

    def part(folder: str, kind: str, made_of: object, **values: object) -> tuple[str, str]:
        name = _place(folder, kind, told)
        values |= {"concept": told, "lang": lang}
        return name, keep(name, (told, made_of), partial(page, f"{folder}{kind}", **values))

    concepts = {concept.name: concept for concept in records.concepts}
    english = {one.name: one for one in records.english}
    essences = {essence.name: essence for essence in records.essences}
    challenges = {challenge.name: challenge for challenge in records.challenges}
    snippets = {snippet.name for snippet in records.snippets}
    interviews: dict[str, list[Question]] = defaultdict(list)  # in Chinese, as the pages are that list them
    for question in records.questions:
        for name in question.topics if question.interview and not question.duplicate_of else ():
            interviews[name].append(question)
    for lang, folder in LANGUAGES.items():
        for concept in concepts.values():
            told = concept
            if lang == "en":
                if concept.name not in english:
                    continue
                said = english[concept.name]
                told = replace(concept, title=concept.english, learn=said.learn, minutes=said.minutes)
            before = [_titled(concepts[name], lang) for name in concept.builds_on if name in concepts]
            yield part(folder, "before", records.path, **paths[lang].of(concept), before=before)
            challenge, asked = challenges.get(concept.snippet), interviews[concept.name] if lang == "zh" else []
            made_of = challenge, [hashes[question.id] for question in asked]
            yield part(folder, "challenge", made_of, challenge=challenge, interviews=asked)
            if concept.snippet not in snippets:
                continue
            essence = essences.get(concept.snippet)
            yield part(folder, "code", essence, essence=essence)
            if lang == "en":
                yield _place(folder, "cell", told), records.cells.get(concept.name, "") + "\n"


def _titled(concept: Concept, lang: str) -> Concept:
    return replace(concept, title=concept.english) if lang == "en" else concept


def _place(folder: str, kind: str, concept: Concept) -> str:
    return f"generated/{folder}{kind}/{concept.name}.md"
