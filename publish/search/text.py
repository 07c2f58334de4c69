"""Markdown -> what a reader would read aloud: sections of plain text, formulas as text, code apart."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.invisible import unescape
from publish.slugs import slug_of

FENCE = re.compile(r"^[ ]*(`{3,}|~{3,})")
HEADING = re.compile(r"^(#{1,6})\s+(.*)$")
INCLUDE = re.compile(r'^\s*-{1,}8<-{1,}\s+"([^"]+)"\s*$')
MARKER = re.compile(r"^\s*<!--.*?-->\s*$")
# What begins and does not end is looked for no farther than where the next one begins.
DISPLAY = re.compile(r"\$\$(.+?)\$\$|(?<!\\)\\\[((?:(?!(?<!\\)\\\[).)+?)\\\]", re.DOTALL)
INLINE = re.compile(r"(?<![\\$\w])\$(?=\S)((?:[^$\\\n]|\\.)+?)(?<=\S)\$(?!\d)|(?<!\\)\\\(((?:(?!(?<!\\)\\\().)+?)\\\)")
TICKS = re.compile(r"`+|\n")
IMAGE = re.compile(r"!\[((?:(?!!\[)[^\]])*+)\]\((?:[^()]++|\([^()]*+\))*+\)")
LINK = re.compile(
    r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\](?:\([^()\s]*(?:\([^()]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)|\[[^\]]*\])"
)
ADDRESS = re.compile(r"<?https?://[^\s<>()）」，。]+>?")
TAG = re.compile(r"<(?:/?[A-Za-z][^<>]*|!--(?:(?!<!--).)*?--)>")
EMPHASIS = re.compile(r"(\*\*|__|~~|\*)(?=\S)(.{1,300}?)(?<=\S)\1")
ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+|^\s*>+\s?|^\s*(?:\?{3}\+?|!{3})\s+\w+\s*|^\s*:\s+")
RULE = re.compile(r"(?:[-*_]\s*+){3,}+|\|?(?:\s*+:?-++:?\s*+\|)++\s*+:?-*+:?")  # without blanks around it
BLANKS = re.compile(r"\s+")
HELD = re.compile("\ue000(\\d+)\ue001|[\ue000\ue001]")  # stands for what is done with; nobody writes it
HAN_BREAK = re.compile(r"(?<=[\u3400-\u9fff，。；：、？！）」])[ \t]*\n\s*(?=[\u3400-\u9fff，。；：、？！（「])")

GREEK = (
    "alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ kappa κ lambda λ mu μ nu ν xi ξ pi π"
    " rho ρ sigma σ tau τ phi φ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Sigma Σ Phi Φ Psi Ψ"
    " Omega Ω"
)
SYMBOLS = (
    "times × cdot · le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ ll ≪ gg ≫ approx ≈ sim ~ in ∈ notin ∉ to → rightarrow →"
    " leftarrow ← Rightarrow ⇒ mapsto ↦ infty ∞ sum Σ prod ∏ int ∫ partial ∂ nabla ∇ pm ± odot ⊙ otimes ⊗ oplus ⊕"
    " mid | vert |"
    " Vert ‖ | ‖ dots … ldots … cdots … top ᵀ prime ′ propto ∝ forall ∀ exists ∃ cup ∪ cap ∩ subset ⊂ lVert ‖ rVert ‖"
    " lvert | rvert | langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ ell ℓ equiv ≡"
    " star * ast * colon : min min max max log log exp exp"
)
_words = [*GREEK.split(), *SYMBOLS.split()]
MACROS = dict(zip(_words[::2], _words[1::2], strict=True))
ARGUMENT = r"(\{[^{}]*\}|\\(?!d?frac|sqrt)[A-Za-z]+|\w)"
BARE = re.compile(  # commands whose argument stands without braces: `\hat R`, `\mathbb E`
    r"\\(mathrm|mathbf|mathbb|mathcal|boldsymbol|mathit|mathsf|bm|hat|bar|tilde|vec|sqrt)(?![A-Za-z])\s*(\\[A-Za-z]+|[^\W_])"
)
BELOW, ABOVE = "\ue002", "\ue003"  # stand for `_` and `^` that are done with
LOWERED = str.maketrans("0123456789aeijkmnoprstuvx+-", "₀₁₂₃₄₅₆₇₈₉ₐₑᵢⱼₖₘₙₒₚᵣₛₜᵤᵥₓ₊₋")
RAISED = str.maketrans("0123456789abcdehijklmnoprstuvwxyzT+-", "⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ⁺⁻")


@dataclass
class Section:
    """A piece of a page.

    Attributes:
        anchor: Of its heading, "" above the first one.
        heading: Plain text, "" above the first one.
        text: What it says, on one line.
        code: Its code, as written.
    """

    anchor: str
    heading: str
    text: str = ""
    code: str = ""
    lines: list[str] = field(default_factory=list, repr=False)
    pieces: list[str] = field(default_factory=list, repr=False)


def formula(tex: str) -> str:
    r"""A formula as text: `\frac{\alpha}{r}BAx` is `α/r BAx`."""
    tex = BARE.sub(r"\\\1{\2}", tex)
    tex = re.sub(
        r"\\(?:text|mathrm|mathbf|mathbb|mathcal|operatorname|boldsymbol|mathit|mathsf|bm)\*?\s*\{([^{}]*)\}",
        r"{\1}",
        tex,
    )
    tex = re.sub(r"\{\{([^{}]*)\}\}", r"{\1}", tex)
    tex = re.sub(
        r"\\(?:left|right|big|Big|bigg|Bigg|bigl|bigr|Bigl|Bigr|displaystyle|limits|nolimits)(?![A-Za-z])", "", tex
    )
    tex = re.sub(r"\\q?quad(?![A-Za-z])", " ", tex)
    tex = re.sub(r"\\(?:begin|end)\{[^{}]*\}|&|\\\\|\\[,;:! ]", " ", tex)
    for _ in range(3):  # fractions stand in fractions
        tex = re.sub(r"_\{([^{}]*)\}|_(\w)", lambda m: _small(m[1] or m[2] or "", LOWERED, BELOW), tex)
        tex = re.sub(r"\^\{([^{}]*)\}|\^(\\[A-Za-z]+|\w)", lambda m: _small(m[1] or m[2] or "", RAISED, ABOVE), tex)
        tex = re.sub(r"(?<![\w}^\\*\]])\{([^{}]*)\}", r"\1", re.sub(r"\}\s+\{", "}{", tex))  # no command's
        tex = re.sub(rf"\\binom\s*{ARGUMENT}\s*{ARGUMENT}", r"C(\1,\2)", tex)
        tex = re.sub(rf"\\[dt]?frac\s*{ARGUMENT}\s*{ARGUMENT}", _fraction, tex)
        tex = re.sub(r"\\sqrt\s*(?:\{([^{}]*)\}|(\w))", lambda m: _root(m[1] or m[2]), tex)
        tex = re.sub(
            r"\\(?:hat|bar|tilde|vec|overline|underline|underbrace|overbrace|widehat|widetilde)\s*\{([^{}]*)\}",
            r"\1",
            tex,
        )
    tex = re.sub(r"\\([A-Za-z]+|\|)", lambda m: MACROS.get(m[1], m[1]) + ("" if m[1] in MACROS else " "), tex)
    text = re.sub(r"[{}\\]", "", tex).replace(BELOW, "_").replace(ABOVE, "^")
    return BLANKS.sub(" ", text).strip()


def _fraction(found: re.Match[str]) -> str:
    parts = [part.strip("{} ") for part in found.groups()]
    over, under = (part if re.fullmatch(r"\\?\w+", part) else f"({part})" for part in parts)
    return f"{over}/{under} "


def _root(inside: str) -> str:
    return f"√{inside} " if re.fullmatch(r"\\?\w+(?:_\w)?", inside) else f"√({inside}) "


def _small(text: str, letters: dict[int, int], mark: str) -> str:
    if text.strip() in ("\\top", "T") and mark == ABOVE:
        return "ᵀ"
    if text and all(ord(letter) in letters for letter in text):
        return text.translate(letters)
    return f"{mark}{text}" if re.fullmatch(r"\\?\w+", text) else f"{mark}({text})"


def plain(markdown: str) -> str:
    """Inline Markdown as text on one line."""
    held: list[str] = []

    def hold(text: str) -> str:
        held.append(text)
        return f"\ue000{len(held) - 1}\ue001"

    text = _without_code(HELD.sub("", markdown), hold)
    text = DISPLAY.sub(lambda found: hold(f" {formula(found[1] or found[2])} "), text)
    text = INLINE.sub(lambda found: hold(formula(found[1] or found[2])), text)
    text = LINK.sub(r"\1", IMAGE.sub(r"\1", text))
    text = TAG.sub(" ", ADDRESS.sub(" ", text))
    for _ in range(2):
        text = EMPHASIS.sub(r"\2", text)
    pieces: list[str] = HELD.split(text)
    pieces[::2] = [unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", piece)) for piece in pieces[::2]]  # may make any sign
    pieces[1::2] = [held[int(place)] for place in pieces[1::2]]
    return BLANKS.sub(" ", HAN_BREAK.sub("", "".join(pieces))).strip()


def _without_code(text: str, hold: Callable[[str], str]) -> str:
    """A text with what `hold` gives in the place of its code, which ends at the next run of as many backticks."""
    spans: list[tuple[int, int, int]] = []  # where each run begins, its length, and where the next one like it begins
    below: dict[int, int] = {}  # by length, in this line
    for run in reversed([*TICKS.finditer(text)]):
        if run[0] == "\n":
            below = {}
            continue
        if (size := len(run[0])) in below:
            spans.append((run.start(), size, below[size]))
        below[size] = run.start()
    out, at = [], 0
    for start, size, end in reversed(spans):
        if start >= at:
            out += [text[at:start], hold(text[start + size : end].strip())]
            at = end + size
    return "".join([*out, text[at:]])


def sections(markdown: str, include: Callable[[str], str] = lambda name: "") -> list[Section]:
    """A page's Markdown in sections; its `<h1>` is left out.

    Args:
        markdown: Without front matter.
        include: The text of an included file, "" for what says nothing to a reader.
    """
    found, taken = [Section("", "")], dict[str, int]()
    lines = markdown.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if fence := FENCE.match(line):
            closing = re.compile(rf"^[ ]*{fence[1]}\s*$")
            end = next((n for n in range(at, len(lines)) if closing.match(lines[n])), len(lines))
            found[-1].pieces += [_code_line(line, include) for line in lines[at:end]]
            at = end + 1
        elif heading := HEADING.match(line):
            _open(found, taken, heading)
        elif inside := INCLUDE.match(line):
            if text := include(inside[1]):
                lines[at:at] = text.split("\n")
        elif not (MARKER.match(line) or RULE.fullmatch(line.strip())):
            found[-1].lines.append(_prose(line))
    for section in found:
        section.text, section.code = plain("\n".join(section.lines)), "".join(section.pieces)
    return found


def _open(found: list[Section], taken: dict[str, int], heading: re.Match[str]) -> None:
    title, attributes = _and_attributes(heading[2].rstrip().rstrip("#").rstrip())
    named = re.search(r"#([\w-]+)", attributes)
    text = plain(title)
    anchor = named[1] if named else _unique(slug_of(text, "-"), taken)
    taken.setdefault(anchor, 1)
    if len(heading[1]) > 1:
        found.append(Section(anchor, text))


def _and_attributes(line: str) -> tuple[str, str]:
    """A line without the `{ #id .class }` or `{: … }` at its end, and what stands in it."""
    bare = line.rstrip()
    text, brace, inside = bare[:-1].rpartition("{") if bare.endswith("}") else ("", "", "")
    if not brace or "}" in inside or not re.search(r"[#.=]", inside):
        return line, ""
    return text.rstrip(), inside


def _unique(slug: str, taken: dict[str, int]) -> str:
    """As Markdown's table of contents tells headings apart that read alike; `taken` says the next number of each."""
    slug = slug or "_1"
    name, number = slug, taken.get(slug, 1)
    while name in taken:
        name, number = f"{slug}_{number}", number + 1
    taken[slug] = number
    return name


def _code_line(line: str, include: Callable[[str], str]) -> str:
    inside = INCLUDE.match(line)
    return f"{include(inside[1]) if inside else line}\n"


def _prose(line: str) -> str:
    """A line without the marks of lists, quotations, boxes and tables, and with an end where it has none."""
    text = _and_attributes(ITEM.sub("", line))[0].strip()
    if text.startswith("|"):
        return "，".join(cell.strip() for cell in text.strip("|").split("|") if cell.strip()) + "；"
    return text.strip('"') if line.lstrip()[:3] in ("???", "!!!") else text
