"""How much of one thing is read: more than anybody writes, and little enough that no file costs much."""

import re
from collections.abc import Iterable
from dataclasses import replace

from ingest.model import Question

LARGEST = 1_000_000  # bytes of a text; somebody's whole year of notes is less
LARGEST_PAPERS = 16_000_000  # bytes of a week of papers, which a program writes
DOCUMENT, WHOLE = 200_000_000, 50_000_000  # bytes of what is converted; of a text, a feed or an export in one piece
MARKS = 100_000  # of a text: lines and ASCII punctuation, each of which may cost as much as a hundred letters
PAGE_MARKS, PARAGRAPH_MARKS = 20_000, 1_000  # of a page by hand: its Markdown takes the square of a paragraph's
PAGE_COST = 10_000_000  # marks of a paragraph times its letters: behind an open bracket all of it is looked through
CELLS, NOTE_SIGNS, CHOSEN = 20_000, 200, 300  # of all its tables; to one note; letters that choose lines of code
INCLUDED, ALL_INCLUDED = 2_000_000, 200_000_000  # bytes that a page by hand includes; that all of them do
INCLUDES, BLANKS = 50, 200  # of a page by hand; one after another
_MARK = re.compile(r"[\n!-/:-@\[-`{-~]")
QUESTIONS = 2_000  # of a note
NAMES = 500  # of a note
TITLE_LETTERS = 1_000
LISTED = 100  # items of a list in front matter
NAME_LETTERS = 200  # of a name or title in front matter, which other pages repeat
SYNONYMS = 5_000  # words of their table, each of which is looked for in every text
FILES = {"questions": 20_000, "docs": 5_000}  # of a kind of input; of others `OTHERS`
OTHERS = 2_000
BYTES = 200_000_000  # of all files of a kind
DIGITS = (
    9  # of a number that others wrote: Python refuses to read thousands, and more are more than anything here counts
)
PICTURE_BYTES = 500_000_000  # of all pictures: a site on GitHub Pages has 1 GB


def number_in(text: str, otherwise: int = 0) -> int:
    """The number that a text is, by its first digits; `otherwise` where it is none."""
    return int(text[:DIGITS]) if text.isdecimal() else otherwise


def marks_in(text: str) -> int:
    """How many lines and ASCII marks there are in a text."""
    return len(_MARK.findall(text))


def shortened(title: str, text: str) -> tuple[str, str]:
    """A title that is no longer than a title is, and the text, at whose beginning one that was longer stands whole."""
    if len(title) <= TITLE_LETTERS:
        return title, text
    return f"{title[: TITLE_LETTERS - 1]}…", f"{title}\n\n{text}".rstrip()


def few_names(questions: Iterable[Question], known: Iterable[str] = ()) -> tuple[tuple[Question, ...], int]:
    """Questions of one file, and how many names stand in it; who signed beyond the limit is named in the text alone.

    Args:
        questions: As they were read.
        known: The names in the file's head.
    """
    questions = tuple(questions)
    signed = (name for asked in questions for name in (asked.asker, *(answer.author for answer in asked.answers)))
    names = [name for name in dict.fromkeys([*known, *signed]) if name]
    if len(names) <= NAMES:
        return questions, len(names)
    kept = {"", *names[:NAMES]}
    fewer = []
    for asked in questions:
        answers = tuple(
            answer if answer.author in kept else replace(answer, text=f"{answer.text}\n\n—{answer.author}", author="")
            for answer in asked.answers
        )
        asker, text = (asked.asker, asked.text) if asked.asker in kept else ("", f"{asked.text}\n\n—{asked.asker}")
        fewer.append(replace(asked, asker=asker, text=text.lstrip("\n"), answers=answers))
    return tuple(fewer), len(names)
