"""Mathematics as TeX: MathML of the web and OMML of Word, which is read as the MathML that it stands for.

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


@dataclass(frozen=True, slots=True)
class Omml:
    """An element of Word's mathematics, without namespaces."""

    name: str
    children: Sequence["Omml"] = ()
    text: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    def child(self, name: str) -> "Omml":
        """The first child of this name; an empty one where there is none."""
        return next((child for child in self.children if child.name == name), Omml(name))

    def said(self, way: str, default: str = "") -> str:
        """The value (`m:val`) of the property at the end of a way, such as `naryPr/chr`."""
        here: Omml | None = self
        for name in way.split("/"):
            here = next((child for child in here.children if child.name == name), None) if here else None
        return default if here is None else here.attributes.get("val", "1")


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
FENCES = {"{": r"\{", "}": r"\}", "⟨": r"\langle", "⟩": r"\rangle", "〈": r"\langle", "〉": r"\rangle", "‖": r"\|",
          "∥": r"\|", "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "": "."}  # fmt: skip
SPECIAL = {"\\": r"\backslash ", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "_": r"\_", "{": r"\{", "}": r"\}",
           "~": r"\sim ", "^": r"\hat{}", "−": "-", "\u2061": "", "\u2062": "", "\u2063": "", "\u200b": "",
           "\xa0": " ", "′": "'"}  # fmt: skip
TEXT = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+")


def tex(math: Math) -> str:
    """The TeX of an element, without dollars."""
    return re.sub(r" {2,}", " ", _tex(math)).strip()


def omml_tex(omath: Omml) -> str:
    """The TeX of an `m:oMath`."""
    return tex(_from_omml(omath))


def _tex(math: Math) -> str:
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
        return rf"\{ACCENTS[mark]}{{{base}}}"
    if math.name == "munder" and (mark := math.children[-1].text.strip()) in BELOW:
        return rf"\{BELOW[mark]}{{{base}}}"
    if math.name.startswith(("munder", "mover")) and not re.match(
        r"\\(?:lim|max|min|sup|inf)|\\(?:big|sum|prod|.*int)", base
    ):
        out = rf"\overset{{{high}}}{{{base}}}" if high else base
        return rf"\underset{{{low}}}{{{out}}}" if low else out
    return _base(base) + (f"_{_braced(low)}" if low else "") + (f"^{_braced(high)}" if high else "")


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
    "mtable": _table,
    "mtr": lambda math, parts: " & ".join(parts),
    "mlabeledtr": lambda math, parts: " & ".join(parts[1:]),
    **dict.fromkeys(("msub", "msup", "msubsup", "munder", "mover", "munderover"), _scripts),
}


def _from_omml(node: Omml) -> Math:
    """Word's element as the one of MathML that says the same; an unknown one as the row of its children."""
    if node.name == "r":
        return _run(node)
    if node.name in _OMML:
        return _OMML[node.name](node)
    return Math("mrow", [_from_omml(child) for child in node.children if not child.name.endswith("Pr")], node.text)


def _run(node: Omml) -> Math:
    text = "".join(child.text for child in node.children if child.name == "t")
    plain = node.said("rPr/nor", "0") != "0" or text.strip() in FUNCTIONS
    return Math("mi" if text.strip() in FUNCTIONS else "mtext" if plain else "mo", text=text)


def _part(node: Omml, name: str) -> Math:
    return _from_omml(node.child(name))


def _of(kind: str, *names: str) -> Callable[[Omml], Math]:
    return lambda node: Math(kind, [_part(node, name) for name in names])


def _omml_fraction(node: Omml) -> Math:
    kind = {"noBar": {"linethickness": "0"}, "lin": {"bevelled": "true"}}.get(node.said("fPr/type"), {})
    return Math("mfrac", [_part(node, "num"), _part(node, "den")], attributes=kind)


def _omml_root(node: Omml) -> Math:
    degree = _part(node, "deg")
    bare = node.said("radPr/degHide", "0") not in ("0", "off", "false") or not tex(degree)
    return Math("msqrt", [_part(node, "e")]) if bare else Math("mroot", [_part(node, "e"), degree])


def _omml_large(node: Omml) -> Math:
    sign = Math("mo", text=node.said("naryPr/chr", "∫"))
    return Math("mrow", [Math("msubsup", [sign, _part(node, "sub"), _part(node, "sup")]), _part(node, "e")])


def _omml_delimited(node: Omml) -> Math:
    kind = {"open": node.said("dPr/begChr", "("), "close": node.said("dPr/endChr", ")")}
    # A property that is there without a value is an empty one: `\left.`
    kind = {name: "" if value == "1" else value for name, value in kind.items()}
    inside = [_from_omml(child) for child in node.children if child.name == "e"]
    return Math("mfenced", inside, attributes=kind | {"separators": node.said("dPr/sepChr", "|")})


def _omml_accent(node: Omml) -> Math:
    return Math("mover", [_part(node, "e"), Math("mo", text=node.said("accPr/chr", "\u0302"))])


def _omml_bar(node: Omml) -> Math:
    below = node.said("barPr/pos", "bot") == "bot"
    return Math("munder" if below else "mover", [_part(node, "e"), Math("mo", text="_" if below else "‾")])


def _omml_group(node: Omml) -> Math:
    above = node.said("groupChrPr/pos", "bot") == "top"
    sign = Math("mo", text=node.said("groupChrPr/chr", "⏟"))
    return Math("mover" if above else "munder", [_part(node, "e"), sign])


def _omml_matrix(node: Omml) -> Math:
    rows = [
        Math("mtr", [_from_omml(cell) for cell in row.children if cell.name == "e"])
        for row in node.children
        if row.name == "mr"
    ]
    return Math("mtable", rows)


def _omml_array(node: Omml) -> Math:
    rows = [Math("mtr", [_from_omml(row)]) for row in node.children if row.name == "e"]
    return Math("mtable", rows, attributes={"kind": "aligned"})


_OMML: dict[str, Callable[[Omml], Math]] = {
    "f": _omml_fraction,
    "sSub": _of("msub", "e", "sub"),
    "sSup": _of("msup", "e", "sup"),
    "sSubSup": _of("msubsup", "e", "sub", "sup"),
    "sPre": lambda node: Math(
        "mrow", [Math("msubsup", [Math("mrow"), _part(node, "sub"), _part(node, "sup")]), _part(node, "e")]
    ),
    "rad": _omml_root,
    "nary": _omml_large,
    "d": _omml_delimited,
    "func": lambda node: Math("mrow", [_part(node, "fName"), Math("mspace"), _part(node, "e")]),
    "limLow": _of("munder", "e", "lim"),
    "limUpp": _of("mover", "e", "lim"),
    "acc": _omml_accent,
    "bar": _omml_bar,
    "groupChr": _omml_group,
    "m": _omml_matrix,
    "eqArr": _omml_array,
}
