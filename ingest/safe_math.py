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

_BRACKETS = re.compile(r"\\\((?P<inline>(?:(?!\\\)).)+)\\\)|\\\[(?P<block>(?:(?!\\\]).)+)\\\]", re.DOTALL)
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
    match = _BRACKETS.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "\\" else None
    if match is None or len(match[0]) > _LONGEST_FORMULA:
        return False
    inside = match["inline"] or match["block"]
    if not (_LIKE_TEX.search(inside) or (match["inline"] and _ONE_LETTER.fullmatch(inside))):
        return False
    if not silent:
        state.push("math_inline" if match["inline"] else "math_inline_double", "math", 0).content = inside
    state.pos = match.end()
    return True


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
