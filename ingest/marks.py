"""The marks of questions and answers, in all the forms that people write them: one grammar for notes and collections.

`Q1：`, `- **Q2.** `, `### ❓ Q3 …`, `> 问：`, `**问题4：** …`, `A1：`, `答：`, `**回答：**`.
"""

import re
from dataclasses import dataclass

from ingest.markup import CJK

# Before a mark: a quotation, an item, a heading, bold, a sign such as ❓.
_BEFORE = (
    r"^(?P<indent>\s*+)(?P<quote>>\s*+)?(?P<item>[-*+•]\s++|\d{1,3}[.、)]\s*+(?=\**(?:[QqＱ]\s*\d|问)))?"
    r"(?P<heading>#{1,6}\s*+)?(?P<bold>\*\*|__)?(?P<sign>[^\w\s*_#>`'\"“‘（(【\[<$\\/.,，。|!~=+-]++\s*+)?(?P<inner>\*\*|__)?"
)
_AFTER = r"(?P<close>\*\*|__)?\s*(?P<colon>[:：]|\.(?=\*\*|__))(?P<after>\*\*|__)?\s*+(?P<rest>.*)$"
_LOOSE = r"(?P<close>\*\*|__)?(?:(?P<colon>[:：])|[.、．)）](?!\d)|(?=\s))(?P<after>\*\*|__)?\s*+(?P<rest>.*)$"
INTERVIEWER = re.compile("面试官|考官|interviewer", re.IGNORECASE)
_ASK = rf"(?P<name>[QqＱ]|问题?|提问|(?i:question|problem|{INTERVIEWER.pattern}))"
_SAID_BY = r"(?<=\*)我|候选人|应聘者|求职者|面试者|(?i:candidate|interviewee)"
_SAY = rf"(?P<name>[AaＡΑА]|回答|答案?|解答|{_SAID_BY}|(?i:answer|solution))"
_NUMERALS = "一二三四五六七八九十"
_COUNT = rf"\s*+(?P<number>[{_NUMERALS}]{{1,3}}(?=\s*[*_]*\s*[:：])|\d{{0,3}})(?![\d%])"
ASK = re.compile(_BEFORE + _ASK + _COUNT + _AFTER)
ASK_LOOSE = re.compile(_BEFORE + _ASK + r"\s*(?P<number>\d{1,3})(?![\d%])" + _LOOSE)
SAY = re.compile(_BEFORE + r"[（(]?" + _SAY + _COUNT + _AFTER)
SAY_LOOSE = re.compile(_BEFORE + r"[（(]?" + _SAY + r"\s*(?P<number>\d{1,3})(?![\d%])" + _LOOSE)

WORDS = re.compile(
    "如何|怎么|怎样|咋|为什么|为啥|为何|什么|啥|是否|有没有|有无|能不能|能否|可不可以|可否|会不会|是不是|要不要|需不需要|该不该|好不好"
    "|哪些|哪个|哪种|哪家|哪里|哪一|多少|多大|多久|多长|几个|几种|想问|请问|请教|求问|求助|求推荐|吗[。！,，；;]?$|呢[。！]?$"
    r"|\b(?:what|why|how|which|when|where|who|whether)\b",
    re.IGNORECASE,
)
REQUEST = re.compile(
    "^(?:请|简单|大概|大致|详细|具体|先|再|你|给我|帮我|能不能)*"
    "(?:介绍|讲|说说|说一|谈|聊|解释|简述|描述|列举|举例|对比|比较|推导|手写|写[一出]|实现|分析|阐述|概括|评价)"
    "|一下|说说|(?:区别|异同|优缺点|联系|不同)[。.]?$"
    r"|^(?:explain|describe|discuss|tell|compare|list|give|define|outline|name|walk|differentiate|write|implement"
    r"|summari[sz]e|provide|state|mention)\b",
    re.IGNORECASE,
)
ADDRESS = re.compile(rf"\[[^\[\]]*\]\([^()\s]*\)|https?://[^\s{CJK}]+|<https?://[^<>\s]+>")
STATES = re.compile(r"[。；;]|[，,].*[，,]")
CITES = re.compile(r"- 知乎|的文章|\barxiv\b|\.pdf\b|《[^《》]+》$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that was read.

    Attributes:
        number: As it was written, "" where it has none.
        text: What stands behind it, without what belongs to the mark.
        level: Of the heading that it is, 0 where it is none.
        indent: How far the text below an item is set in, which no longer means anything once the mark is gone.
        plain: Whether it has its colon.
        named: Whether it is a word such as 问题 that may also begin a sentence.
    """

    number: str
    text: str
    level: int = 0
    indent: int = 0
    plain: bool = True
    named: bool = False


def ask_mark(line: str) -> Mark | None:
    """The question that a line begins; None where it begins none."""
    mark = _read(line, ASK, ASK_LOOSE)
    return mark if mark and (mark.text or mark.number) else None


def say_mark(line: str) -> Mark | None:
    """The answer that a line begins; None where it begins none."""
    return _read(line, SAY, SAY_LOOSE)


def _read(line: str, strict: re.Pattern[str], loose: re.Pattern[str]) -> Mark | None:
    match = strict.match(line) or loose.match(line)
    if match is None:
        return None
    text = match["rest"].strip()
    if match["after"] and not (match["bold"] or match["inner"]):  # what follows begins in bold
        text = match["after"] + text
    if (match["bold"] or match["inner"]) and not match["close"]:  # it closes behind the question, if not at its mark
        text = text.replace(match["bold"] or match["inner"], "", 1)
    number = _digits(match["number"])
    level = len((match["heading"] or "").strip())
    indent = len(match["indent"] + (match["item"] or "")) if match["item"] else 0
    stands_out = bool(level or match["bold"] or match["item"] or match["quote"] or match["sign"] or number)
    # What an interviewer says is not always a question.
    named = len(match["name"]) > 1 and not number and not (stands_out and not INTERVIEWER.match(match["name"]))
    return Mark(number, text.strip(), level, indent, bool(match["colon"]), named)


def _digits(number: str) -> str:
    """A count such as `二十一` in digits; one in digits as it is."""
    if not number or number[0] not in _NUMERALS:
        return number
    tens, ten, ones = number.rpartition("十")
    value = (_NUMERALS.index(tens[-1]) + 1 if tens else 1) * 10 if ten else 0
    return str(value + (_NUMERALS.index(ones[-1]) + 1 if ones else 0))


def asks(text: str) -> bool:
    """Whether a text asks: by its mark, or by its words. A statement, a title and an address do not."""
    bare = ADDRESS.sub("", text).strip()
    return bool(re.search(r"[?？]", bare) or WORDS.search(bare)) and not (
        CITES.search(bare) and not re.search("[?？]$", bare)
    )


def requests(text: str) -> bool:
    """Whether a text asks, or tells to answer: `介绍一下…`, `Explain …`, `…的区别`."""
    bare = text.strip()
    return asks(bare) or bool(REQUEST.search(bare) and not re.search("(?:[篇面类章节]|部分|汇总|总结|系列)$", bare))


def is_topic(text: str) -> bool:
    """Whether a text only names what is talked about (`数学能力：…`): short, no statement, no title of something."""
    bare = re.sub(r"^\S{2,12}[:：]\s*(?=\S)", "", text.strip())
    return 0 < len(bare) <= 40 and not (STATES.search(bare) or ADDRESS.search(text) or CITES.search(text))
