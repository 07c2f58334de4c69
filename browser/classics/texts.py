"""Texts of this site's own in the form of those that tutorials train on. Made, not kept: the same ones each time."""

import random
import re
from functools import cache

SPEAKERS = ("KING ALDRIC", "QUEEN MIRELLE", "DUKE OF VAIL", "ROWENA", "TOBIAS", "First Guard", "Second Guard", "Jester")
NOUNS = (
    "crown sword river winter garden candle promise shadow harvest letter mountain raven mirror throne fortune silence "
    "lantern feast horizon zephyr quill judgment oath jewel exile kinsman"
).split()
PEOPLE = "king queen father brother sister soldier poet stranger neighbour fool widow judge captain".split()
VERBS = "follow fear remember forgive carry watch question betray honour cross mend praise awaken deny seek".split()
WAYS = ("gently", "never again", "boldly", "by night", "at dawn", "without haste", "with a heavy heart", "all the same")
KINDS = "old brave silent golden weary gentle false quick broken bright cruel humble frozen vexed young".split()
LINES = (
    "What {kind} {noun} is this that comes {way}?",
    "I {verb} the {noun}, and the {noun} answers {way}.",
    "My {kind} {person}, thou shalt {verb} no {noun} here;",
    "If {person} and {person} {verb} one {noun},",
    "Then let the {kind} {noun} {verb} us {way}.",
    "O {noun}! O {kind}, {kind} {noun}!",
    "The {person} hath no {noun} but his {noun},",
    "And yet, good {person}, we {verb} it {way}.",
    "Who would {verb} a {kind} {person} for a {noun}?",
    "'Tis but the {noun}, sir: it will {verb} thee {way}.",
    "Go to, go to; thy {noun}'s a {kind} one.",
    "Nay, {verb} me not -- I am the {person}'s {noun}.",
)
STORY = (
    "The {person} had kept the {kind} {noun} for years, and nobody came to {verb} it.",
    "It was {kind}, he thought, to {verb} a {noun} {way}.",
    '"You {verb} what you cannot mend," said the {person}, and turned the {noun} over in her hands.',
    "Outside, the {noun} stood {way}, as if some {person} had asked it to {verb} the {kind} house.",
    "I did not {verb} him then; I only saw the {noun} and the {kind} light on it.",
    "There is no {noun} so {kind} that a {person} will not {verb} it in the end.",
)
SOUNDS = "b br c ch d dr el f g gr h j k kh l m n ph q r s sh st t th v w x y z".split()
VOWELS = "a a a e e e i i o o u ia ei ai ee y".split()
ENDS = "a ah an ana el elle en er ia ian ie in ina is la lyn n na ne on or ra ryn s ton us yn".split()


def _filled(pattern: str, draw: random.Random) -> str:
    words = {"noun": NOUNS, "person": PEOPLE, "verb": VERBS, "kind": KINDS, "way": WAYS}
    return re.sub(r"\{(\w+)\}", lambda match: draw.choice(words[match[1]]), pattern)


@cache
def play(size: int = 200_000) -> str:
    """Speeches of a play that nobody wrote, with the 65 letters and marks of the file that it stands in for."""
    draw = random.Random(1)
    parts = [
        "A VOICE:\nThis is no Shakespeare, but a text of the site's own;\n"
        "it has his form & letters, 3 $ worth of words.\n"
        "Zounds! Yet Xerxes, Hal, Paris and Quince shall serve.\n"
    ]
    length = len(parts[0])
    while length < size:
        lines = [_filled(draw.choice(LINES), draw) for _ in range(draw.randint(1, 6))]
        parts.append(f"{draw.choice(SPEAKERS)}:\n" + "\n".join(lines) + "\n")
        length += len(parts[-1]) + 1
    return "\n".join(parts)


@cache
def story(size: int = 20_000) -> str:
    """A tale that nobody wrote."""
    draw = random.Random(2)
    parts = ["This tale is the site's own; it stands in for a file that a page cannot download."]
    while sum(map(len, parts)) < size:
        parts.append(" ".join(_filled(draw.choice(STORY), draw) for _ in range(draw.randint(2, 5))))
    return "\n\n".join(parts) + "\n"


@cache
def names(count: int = 4_000) -> str:
    """Made-up names, one a line, in small letters, each once."""
    draw = random.Random(3)
    found: dict[str, None] = {}
    while len(found) < count:
        middle = "".join(draw.choice(SOUNDS) + draw.choice(VOWELS) for _ in range(draw.choice((1, 1, 2))))
        found[(draw.choice(("", "", *VOWELS)) + middle + draw.choice(ENDS))[:15]] = None
    return "\n".join(found) + "\n"
