"""How much of one thing is read: more than anybody writes, and little enough that no file costs much."""

QUESTIONS = 2_000  # of a note
NAMES = 500  # of a note
TITLE_LETTERS = 1_000


def shortened(title: str, text: str) -> tuple[str, str]:
    """A title that is no longer than a title is, and the text, at whose beginning one that was longer stands whole."""
    if len(title) <= TITLE_LETTERS:
        return title, text
    return f"{title[: TITLE_LETTERS - 1]}…", f"{title}\n\n{text}".rstrip()
