"""How titles are set, in headings and in lists: Chinese lines end between phrases, not in a word; √d_k has its bar.

Browsers break a line after any Chinese character, and `word-break: auto-phrase` knows Japanese alone. Headings of
built pages get `<wbr>` where a phrase ends, and a class by which the style sheet lets lines end nowhere else. Text,
anchors and tables of contents stay what they are.

Words are those of pypinyin's list, which the search brings, and of `words.txt`, this project's own (`tools/words.py`).
"""

import re
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

HAN = "\u3400-\u9fff"
HEADING = re.compile(r"<(h[1-4])\b([^>]*)>(.*?)</\1>", re.DOTALL)
LISTED = re.compile(  # the title that a line of a list or a card begins with
    r'(<li>\s*(?:<p>)?(?!<a[^>]*\sclass=)<|<(?=a class="wiki-piece__title"))(a)\b([^>]*)>(.*?)</a>', re.DOTALL
)
TAG = re.compile(r"(<[^>]*>)")
OPAQUE = re.compile(r'<(?:code|svg|span class="arithmatex|a class="headerlink)\b')  # what is no text to cut
RUN = re.compile(f"[{HAN}]+")
ENDED = re.compile(f"(?:[{HAN}]{{2}}|[A-Za-z])$")  # a phrase; a single Chinese letter goes with what follows
# √d_k and W_o as they are set in formulas; top_p is the name of a thing.
ROOT = re.compile(r"√(\w)(?:_(\w+)\b)?")
INDEX = re.compile(r"\b([A-Za-z])_([A-Za-z0-9])\b")
WHY = re.compile("(?<![因认成作称变视])(为什么)")  # a word, whatever else its letters make: 第一代为什么 has no 代为
LONGEST = 8  # letters of a word, and of a phrase, so that a phone's line holds two
# Single letters that go with what stands before them; others go with what follows.
AFTER = frozenset("的了着过吗呢吧啊么们得地里中上下后前时者性化度率数量器式法型类项种个次页篇条句段层步年月日倍图表")


def with_phrases(page: str) -> str:
    """A page whose headings, and whose lists of titles, say where their lines may end."""
    page = HEADING.sub(lambda found: _title(*found.groups()), page)
    return LISTED.sub(lambda found: found[1][:-1] + _title(*found.groups()[1:]), page)


def _title(tag: str, attributes: str, inner: str) -> str:
    if not RUN.search(inner) and not ROOT.search(inner):
        return f"<{tag}{attributes}>{inner}</{tag}>"
    pieces, inside, said = [], 0, ""
    for piece in TAG.split(inner):
        if piece.startswith("<"):
            if inside:
                inside += 0 if piece.endswith("/>") else -1 if piece.startswith("</") else 1
            elif OPAQUE.match(piece):
                inside = 1
            pieces.append(piece)
        else:
            pieces.append(piece if inside else typeset(piece.replace("&#95;", "_"), said))  # _ as Markdown writes it
            said = (said + TAG.sub("", pieces[-1]))[-2:]
    known = re.search(r'\bclass="', attributes)
    classes = (
        attributes.replace('class="', 'class="wiki-phrases ', 1) if known else f'{attributes} class="wiki-phrases"'
    )
    return f"<{tag}{classes}>{''.join(pieces)}</{tag}>"


def typeset(text: str, said: str = "") -> str:
    """Text of a heading, with `<wbr>` between phrases and where Chinese meets a Latin word; roots have their bar.

    Args:
        said: The end of what stands before it in its heading: what is set apart, in bold or as a link, is a phrase.
    """

    def cut(found: re.Match[str]) -> str:
        parts = phrases(found[0], ENDED.search(said + text[max(0, found.start() - 2) : found.start()]) is not None)
        after = text[found.end() : found.end() + 1]
        last = "<wbr>" if after.isascii() and after.isalpha() and len(parts[-1]) > 1 else ""
        return f"{'<wbr>'.join(parts)}{last}"

    return INDEX.sub(r"\1<sub>\2</sub>", ROOT.sub(_root, RUN.sub(cut, text)))


def _root(found: re.Match[str]) -> str:
    index = f"<sub>{found[2]}</sub>" if found[2] else ""
    return f'<span class="wiki-sqrt"><span>√</span></span><span class="wiki-root">{found[1]}{index}</span>'


@cache
def phrases(run: str, goes_on: bool = False) -> tuple[str, ...]:
    """A run of Chinese letters, cut into phrases: words, each with the single letters that go with it.

    Args:
        goes_on: Whether it goes on after a phrase: the first one found is then what belongs to that, maybe nothing.
    """
    found = [""] if goes_on else []
    waiting = ""  # single letters that go with what follows
    for word in words(run):
        if len(word) > 1:
            found.append(waiting + word)
            waiting = ""
        elif word in AFTER and not waiting and found and len(found[-1]) < LONGEST:
            found[-1] += word
        else:
            waiting += word
            if word == "的" and len(waiting) > 1:
                found.append(waiting)
                waiting = ""
            if len(waiting) == LONGEST:
                found.append(waiting)
                waiting = ""
    if waiting and found and len(waiting) == 1:
        found[-1] += waiting
    elif waiting:
        found.append(waiting)
    return tuple(found)


def words(run: str) -> list[str]:
    """The words of a run, as few as can be; of equally many, those that are longest together, by squares."""
    return [word for part in WHY.split(run) for word in _fewest(part)]


def _fewest(run: str) -> list[str]:
    known = _words()
    best: list[tuple[float, int, int]] = [(0, 0, 0)]  # pieces, squares, and where the last word begins
    for end in range(1, len(run) + 1):
        choices = []
        for start in range(max(0, end - LONGEST), end):
            word = run[start:end]
            if len(word) == 1 or word in known:
                pieces, squares, _ = best[start]
                choices.append((pieces + (1 if len(word) > 1 else 1.5), squares - len(word) ** 2, start))
        best.append(min(choices, key=lambda choice: choice[:2]))
    found, end = [], len(run)
    while end:
        found.append(run[best[end][2] : end])
        end = best[end][2]
    return found[::-1]


@cache
def _words() -> frozenset[str]:
    own = (Path(__file__).parent / "words.txt").read_text("utf-8").split("\n", 1)[1].split()
    # Read out of its file: to import it, with how all of them are spoken, takes a third of a second of every build.
    listed = distribution("pypinyin").locate_file("pypinyin/phrases_dict.json")
    return frozenset(own).union(re.findall(r'^"(.+)": \[$', Path(str(listed)).read_text("utf-8"), re.MULTILINE))
