"""Word's mathematics (OMML) as TeX: it is read as the MathML that it stands for."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.importing.mathematics import FUNCTIONS, Math, tex


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


def omml_tex(omath: Omml) -> str:
    """The TeX of an `m:oMath`."""
    return tex(_from_omml(omath))


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
    named = text.strip() in FUNCTIONS or (node.said("rPr/sty") == "p" and not plain)
    face = {"mathvariant": node.said("rPr/scr") or node.said("rPr/sty")}
    return Math("mi" if named else "mtext" if plain else "mo", text=text, attributes=face)


def _upright(math: Math) -> Math:
    """The name of a function, whose letters are one word."""
    if math.children:
        return replace(math, children=[_upright(child) for child in math.children])
    return replace(math, name="mi") if re.fullmatch(r"\s*[A-Za-z]{2,}\s*", math.text) else math


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
    "func": lambda node: Math("mrow", [_upright(_part(node, "fName")), Math("mspace"), _part(node, "e")]),
    "limLow": _of("munder", "e", "lim"),
    "limUpp": _of("mover", "e", "lim"),
    "borderBox": lambda node: Math("menclose", [_part(node, "e")], attributes={"notation": "box"}),
    "acc": _omml_accent,
    "bar": _omml_bar,
    "groupChr": _omml_group,
    "m": _omml_matrix,
    "eqArr": _omml_array,
}
