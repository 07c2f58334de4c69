"""The names of a note's sections, as people write them."""

import re
import unicodedata
from collections.abc import Sequence

from ingest.markup import WORDS

SECTIONS = {
    "本周新闻": "news", "本周推荐": "picks", "本周经典": "classic", "本周实践": "practice", "freetalk": "free-talk",
    "序章": "meta", "背景": "meta", "背景介绍": "meta", "本期记录": "meta", "注意事项": "meta",
    "参考资料": "references", "后续计划": "plans", "加入/赞助我们": "join", "加入我们": "join", "往期精彩": "past",
}  # fmt: skip
SUBSECTIONS = {"学术", "项目", "工业界", "资料", "模型", "其他", "杂项", "线上讨论", "群里讨论", "工业"}
ALWAYS = ("本周新闻", "本周推荐", "freetalk")
TIGHT = 16  # letters of a line that is nothing but such a name
HEADING = re.compile(rf"^ {{0,3}}(#{{1,6}})(?:\s+({WORDS}))?(?:\s+#+)?\s*$")
ORDINAL = re.compile(
    r"^(?:第?[一二三四五六七八九十]{1,3}(?:部分|[章节])?\s*[、.．:：)）]|[（(][一二三四五六七八九十\d]{1,3}[)）]|\d{1,2}\s*[、.．)）])\s*"
)


def section_name(title: str) -> str:
    """What a heading is looked up by: no width, case, blanks, emphasis, signs, number, anchor, colon or `-optional`."""
    folded = unicodedata.normalize("NFKC", title).lower().strip()
    folded = re.sub(r"(?<!\s)\s*+\{[#.:][^{}]*+\}$", "", folded)
    bare = ORDINAL.sub("", re.sub(r"^[^\w\s(（]+\s*", "", folded))
    return re.sub(r"-?optional|\(可选\)|[\s:*]", "", bare or folded)


def tight_sections(texts: Sequence[str], alone: set[int]) -> set[int]:
    """Lines that name a section of every talk between other text, where nothing names it as a heading does."""
    named: dict[str, list[int]] = {}
    for at, text in enumerate(texts):
        heading = HEADING.match(text)
        if len(text) <= TIGHT and (name := section_name((heading[2] or "") if heading else text)) in ALWAYS:
            named.setdefault(name, []).append(-1 if heading or at in alone else at)
    bare = [places for places in named.values() if -1 not in places]
    return {at for places in bare for at in places} if len(bare) > 1 else set()  # a single one may be said in a text
