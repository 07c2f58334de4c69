"""Mathematics as TeX: MathML of the web, and what else is written as it.

Letters and signs stay the Unicode characters that they are, which KaTeX reads; only structure becomes commands.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Math:
    """An element of MathML: its name, attributes and children, or the text of one that has none."""

    name: str
    children: Sequence["Math"] = ()
    text: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


FUNCTIONS = frozenset(
    "arccos arcsin arctan arg cos cosh cot det dim exp gcd inf ker lim ln log max min Pr sin sinh sup tan tanh".split()
)
LARGE = {
    "∑": r"\sum", "∏": r"\prod", "∐": r"\coprod", "∫": r"\int", "∬": r"\iint", "∭": r"\iiint", "∮": r"\oint",
    "⋃": r"\bigcup", "⋂": r"\bigcap", "⋁": r"\bigvee", "⋀": r"\bigwedge", "⨁": r"\bigoplus", "⨂": r"\bigotimes",
}  # fmt: skip
ACCENTS = {
    "^": "hat", "ˆ": "hat", "\u0302": "hat", "~": "tilde", "˜": "tilde", "\u0303": "tilde", "¯": "bar", "\u0304": "bar",
    "\u0305": "overline", "‾": "overline", "→": "vec", "\u20d7": "vec", "˙": "dot", "\u0307": "dot", "¨": "ddot",
    "\u0308": "ddot", "ˇ": "check", "\u030c": "check", "˘": "breve", "\u0306": "breve", "⏞": "overbrace",
    "←": "overleftarrow", "\u20d6": "overleftarrow",
}  # fmt: skip
BELOW = {"⏟": "underbrace", "_": "underline", "\u0332": "underline", "\u2581": "underline", "‾": "underline"}
FACES = {"double-struck": "mathbb", "script": "mathcal", "fraktur": "mathfrak", "bold": "mathbf", "b": "mathbf",
         "sans-serif": "mathsf", "monospace": "mathtt"}  # fmt: skip
FENCES = {"{": r"\{", "}": r"\}", "⟨": r"\langle", "⟩": r"\rangle", "〈": r"\langle", "〉": r"\rangle", "‖": r"\|",
          "∥": r"\|", "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "": "."}  # fmt: skip
SPECIAL = {"\\": r"\backslash ", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "_": r"\_", "{": r"\{", "}": r"\}",
           "~": r"\sim ", "^": r"\hat{}", "−": "-", "\u2061": "", "\u2062": "", "\u2063": "", "\u200b": "",
           "\xa0": " ", "′": "'"}  # fmt: skip
NUMBERED = re.compile(r"(.*)\\#\s*(?:\\left\( (.*) \\right\)|\(([^()]*)\))\s*")
TEXT = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+")


def tex(math: Math) -> str:
    """The TeX of an element, without dollars."""
    return re.sub(r" {2,}", " ", _tex(math)).strip()


def _tex(math: Math) -> str:
    face = FACES.get(math.attributes.get("mathvariant", ""))
    if face and not math.children and math.text.strip():
        return rf"\{face}{{{_signs(math.text)}}}"
    if writer := _WRITERS.get(math.name):
        return writer(math, [_tex(child) for child in math.children])
    return _row(math.children) if math.children else _signs(math.text)


def _row(children: Iterable[Math]) -> str:
    """Neighbours; a command is kept from the letter behind it by a blank."""
    out = ""
    for child in children:
        part = _tex(child)
        joint = " " if re.search(r"\\[A-Za-z]+$", out) and part[:1].isalpha() else ""
        out += joint + part
    return out


def _signs(text: str) -> str:
    """Characters of mathematics; what only stands in text, such as Chinese, as `\\text`."""
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    bare = "".join(LARGE.get(char, SPECIAL.get(char, char)) for char in text)
    return TEXT.sub(lambda match: rf"\text{{{match[0]}}}", bare)


def _braced(part: str) -> str:
    return part if len(part) == 1 else f"{{{part}}}"


def _base(part: str) -> str:
    """What an index is written at: several signs are held together."""
    return part if len(part) <= 1 or re.fullmatch(r"\\[A-Za-z]+|\d+|\\\w+\{[^{}]*\}", part) else f"{{{part}}}"


def _name(math: Math, _: Sequence[str]) -> str:
    text = math.text.strip()
    if text in FUNCTIONS:
        return f"\\{text}"
    return rf"\mathrm{{{text}}}" if re.fullmatch(r"[A-Za-z]{2,}", text) else _signs(text)


def _words(math: Math, _: Sequence[str]) -> str:
    text = re.sub(r"[\\{}$]", "", math.text)
    return rf"\text{{{text}}}" if text.strip() else " "


def _fraction(math: Math, parts: Sequence[str]) -> str:
    above, below = (*parts, "", "")[:2]
    if math.attributes.get("linethickness", "1").strip(" px") in ("0", "0.0"):
        return rf"\binom{{{above}}}{{{below}}}"
    return f"{above}/{below}" if math.attributes.get("bevelled") == "true" else rf"\frac{{{above}}}{{{below}}}"


def _scripts(math: Math, parts: Sequence[str]) -> str:
    """msub, msup, msubsup, and munder, mover, munderover where they are limits or indexes."""
    base, rest = parts[0] if parts else "", list(parts[1:])
    low = rest.pop(0) if rest and math.name in ("msub", "msubsup", "munder", "munderover") else ""
    high = rest.pop(0) if rest else ""
    if math.name == "mover" and (mark := math.children[-1].text.strip()) in ACCENTS:
        return rf"\{_wide(ACCENTS[mark], base)}{{{base}}}"
    if math.name == "munder" and (mark := math.children[-1].text.strip()) in BELOW:
        return rf"\{BELOW[mark]}{{{base}}}"
    if math.name.startswith(("munder", "mover")) and not re.match(
        r"\\(?:lim|max|min|sup|inf|overbrace|underbrace)|\\(?:big|sum|prod|.*int)", base
    ):
        out = rf"\overset{{{high}}}{{{base}}}" if high else base
        return rf"\underset{{{low}}}{{{out}}}" if low else out
    return _base(base) + (f"_{_braced(low)}" if low else "") + (f"^{_braced(high)}" if high else "")


def _wide(accent: str, base: str) -> str:
    """An accent that reaches over all of several letters."""
    wide = {"hat": "widehat", "tilde": "widetilde", "vec": "overrightarrow", "bar": "overline"}
    return wide.get(accent, accent) if re.fullmatch(r"[^\\{}]{2,}", base) else accent


def _multiscripts(math: Math, parts: Sequence[str]) -> str:
    """mmultiscripts: indexes behind the base, and behind `mprescripts` those before it."""
    at = next((at for at, child in enumerate(math.children) if child.name == "mprescripts"), len(parts))

    def pairs(marks: Sequence[str]) -> str:
        each = zip(marks[::2], [*marks[1::2], ""], strict=False)
        written = ((f"_{_braced(low)}" * bool(low), f"^{_braced(high)}" * bool(high)) for low, high in each)
        return "{}".join(map("".join, written))

    before = pairs(parts[at + 1 :])
    return (f"{{}}{before}" if before else "") + _base(parts[0] if at else "") + pairs(parts[1:at])


def _enclosed(math: Math, parts: Sequence[str]) -> str:
    inside = _row(math.children)
    return rf"\boxed{{{inside}}}" if math.attributes.get("notation", "") in ("box", "roundedbox") else inside


def _root(math: Math, parts: Sequence[str]) -> str:
    if math.name == "msqrt":
        return rf"\sqrt{{{_row(math.children)}}}"
    return rf"\sqrt[{parts[1]}]{{{parts[0]}}}" if len(parts) > 1 and parts[1] else rf"\sqrt{{{''.join(parts[:1])}}}"


def _fenced(math: Math, parts: Sequence[str]) -> str:
    opening, closing = math.attributes.get("open", "("), math.attributes.get("close", ")")
    joint = (math.attributes.get("separators", ",").strip() or " ")[0]
    inside = f"{'|' if joint == '|' else joint} ".join(parts).strip()
    return rf"\left{FENCES.get(opening, opening)} {inside} \right{FENCES.get(closing, closing)}"


def _table(math: Math, parts: Sequence[str]) -> str:
    kind = math.attributes.get("kind", "matrix")
    if len(parts) == 1 and (numbered := NUMBERED.fullmatch(parts[0])):  # Word's `E=mc^2#(1)`
        return rf"{numbered[1].strip()} \tag{{{numbered[2] or numbered[3]}}}"
    return rf"\begin{{{kind}}} " + r" \\ ".join(parts) + rf" \end{{{kind}}}"


_WRITERS: dict[str, Callable[[Math, Sequence[str]], str]] = {
    "mi": _name,
    "mtext": _words,
    "ms": _words,
    "mspace": lambda math, parts: " ",
    "mphantom": lambda math, parts: "",
    "annotation": lambda math, parts: "",
    "annotation-xml": lambda math, parts: "",
    "mfrac": _fraction,
    "msqrt": _root,
    "mroot": _root,
    "mfenced": _fenced,
    "menclose": _enclosed,
    "mmultiscripts": _multiscripts,
    "none": lambda math, parts: "",
    "mprescripts": lambda math, parts: "",
    "mtable": _table,
    "mtr": lambda math, parts: " & ".join(parts),
    "mlabeledtr": lambda math, parts: " & ".join(parts[1:]),
    **dict.fromkeys(("msub", "msup", "msubsup", "munder", "mover", "munderover"), _scripts),
}
