"""Records as lines of JSON, one for each: what did not change is not said again."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from ingest.addresses import SEARCHED
from ingest.kept import Kept, hash_of
from ingest.model import Question
from ingest.pages.records import question_line
from ingest.searched import searched
from ingest.wiki import Wiki


def listed(questions: Iterable[Question]) -> list[tuple[str, ...]]:
    """What lists show of questions: see `question_item` in `_macros.j2`."""
    return [(question.id, question.title, question.status) for question in questions]


def lines(
    wiki: Wiki, kept: Kept, made_of: str, asked: Mapping[str, str], told: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Questions for programs, and all records but papers for a search.

    Args:
        wiki: The linked records.
        kept: Pages of the last build.
        made_of: The hash of all concepts.
        asked: Hashes of the questions, by id.
        told: Those of the talks, by number.
    """
    records, path = wiki.records, "generated/questions.jsonl"
    concepts = {concept.name: concept for concept in records.concepts}
    yield path, kept.lines(path, "", [(asked[one.id], partial(question_line, one)) for one in records.questions])
    wanted = []
    for question in records.questions:
        repeats = wiki.duplicates.get(question.id, ())
        key = hash_of(asked[question.id], repeats) if repeats else asked[question.id]
        wanted.append((key, partial(searched, question, concepts, repeats)))
    wanted += [(told[talk.number], partial(searched, talk, concepts)) for talk in records.talks]
    yield SEARCHED, kept.lines(SEARCHED, made_of, wanted)
