"""Formulas in contributors' text: `$…$`, `$$…$$`, `\\(…\\)` and `\\[…\\]`, as the elements that KaTeX looks for."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin

_ENDS = {"\\(": "\\)", "\\[": "\\]"}
_LONGEST_FORMULA = 4_000
_LIKE_TEX = re.compile(r"[\\^_=+<>{}]")
_ONE_LETTER = re.compile(r"\s*[A-Za-z]\s*")


def use_math(markdown: MarkdownIt) -> None:
    """Let a parser read formulas."""
    options = {"allow_labels": False, "allow_space": False, "allow_digits": False, "double_inline": True}
    markdown.use(dollarmath_plugin, **options, renderer=_math)
    # The plugin's own wrappers become the ones the site's mathematics looks for.
    for rule, tag in (("math_inline", "span"), ("math_inline_double", "span"), ("math_block", "div")):
        markdown.renderer.rules[rule] = _math_rule(tag, rule != "math_inline")  # type: ignore[attr-defined]
    block = next(rule for rule in markdown.block.ruler.__rules__ if rule.name == "math_block").fn
    after = ["paragraph", "reference", "blockquote", "list"]  # a formula may follow a line of text
    markdown.block.ruler.at("math_block", partial(_math_block, block), {"alt": after})
    markdown.inline.ruler.before("escape", "math_bracket", _bracket_math)


def _bracket_math(state: StateInline, silent: bool) -> bool:
    r"""`\(…\)` and `\[…\]`, as TeX itself writes formulas; a bracket that is only escaped has no such end."""
    begin, end = state.src[state.pos : state.pos + 2], -1
    if begin in _ENDS:
        end = _next(state, _ENDS[begin], state.pos + 2)
    if not state.pos + 2 < end <= state.pos + _LONGEST_FORMULA:
        return False
    inside = state.src[state.pos + 2 : end]
    if not (_LIKE_TEX.search(inside) or (begin == "\\(" and _ONE_LETTER.fullmatch(inside))):
        return False
    if not silent:
        state.push("math_inline" if begin == "\\(" else "math_inline_double", "math", 0).content = inside
    state.pos = end + 2
    return True


def _next(state: StateInline, mark: str, start: int) -> int:
    """Where a mark stands next, the end of the text where it does not; remembered, so that none is looked for twice."""
    text, at = state.env.get(mark, ("", -1))
    if text is not state.src or at < start:
        found = state.src.find(mark, start, state.posMax)
        at = len(state.src) + _LONGEST_FORMULA if found < 0 else found
        state.env[mark] = (state.src, at)
    return int(at)


def _math_block(block: Callable[..., bool], state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The plugin's rule, which writes its token even where it is only asked whether it would."""
    begins = state.src.startswith("$$", state.bMarks[start] + state.tShift[start])
    return begins if silent else begins and block(state, start, end, silent)


def _math(content: str, options: Mapping[str, bool]) -> str:
    left, right = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return f"{left}{html.escape(content.strip())}{right}"


def _math_rule(tag: str, display: bool) -> Any:
    def render(tokens: Sequence[Token], at: int, options: OptionsDict, env: Any) -> str:
        return f'<{tag} class="arithmatex">{_math(tokens[at].content, {"display_mode": display})}</{tag}>'

    return render
