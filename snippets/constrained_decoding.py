r"""Constrained decoding: only tokens from which a valid text can still come

"Answer in JSON" is a request; here it is a guarantee. What may still come is an expression; a letter takes its part
away and leaves another expression (a derivative), and these are the states of an automaton. Each token of the
vocabulary is walked through it once, and what remains is a table: in this state, these tokens, and then that state. At
each step the logits of all other tokens become minus infinity.

$$
A(s)=\{v:\ \delta^*(s,v)\text{ can still come to the end}\},\qquad
\tilde p(v\mid x_{<t})=\frac{p(v\mid x_{<t})\,[v\in A(s_t)]}{\sum_{u\in A(s_t)}p(u\mid x_{<t})},\qquad
s_{t+1}=\delta^*(s_t,x_t)
$$

Papers: [Efficient Guided Generation](https://arxiv.org/abs/2307.09702), section 3 (the table);
[Derivatives of Regular Expressions](https://doi.org/10.1145/321239.321249).

Letters: `B` batch, `V` vocabulary, `S` states of the table.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

Expression = tuple[Any, ...]  # its kind, and its parts
EMPTY: Expression = ("empty",)  # the text without letters; `either()` of nothing matches no text at all


# --8<-- [start:core]
def letters(some: str, others: bool = False) -> Expression:
    """One of these letters; with `others`, one that is not among them. `[ab]` and `[^ab]`."""
    return ("letters", frozenset(some), others)


def then(*parts: Expression) -> Expression:
    """One after the other."""
    rest = EMPTY
    for part in reversed(parts):
        rest = _two(part, rest)
    return rest


def literal(text: str) -> Expression:
    """This text."""
    return then(*(letters(letter) for letter in text))


def either(*parts: Expression) -> Expression:
    """One of them: `a|b`. In whatever order and however often they are named, it is the same expression."""
    flat = frozenset(one for part in parts for one in (part[1] if part[0] == "either" else [part]))
    return next(iter(flat)) if len(flat) == 1 else ("either", flat)


def many(part: Expression, least: int = 0, most: int | None = None) -> Expression:
    """`least` to `most` times, without `most` any number: `{least,most}`, and `*` if nothing is said."""
    more = ("many", part) if most is None else EMPTY
    for _ in range(0 if most is None else most - least):
        more = either(EMPTY, then(part, more))
    return then(*[part] * least, more)


def token_table(text: Expression, vocabulary: Sequence[str], eos_token_id: int) -> Tensor:
    """What may follow, and where it leads: the index of outlines.

    Args:
        text: What the whole text has to match.
        vocabulary: Each token's text, `V` of them. Those without text, as special tokens are, are never allowed.
        eos_token_id: The token that ends the text, allowed where it is complete.

    Returns:
        Int64 `(S, V)`: the next state, -1 where the token is not allowed. State 0 is the start, S - 1 the end.

    Raises:
        ValueError: If no text of these tokens matches.
    """
    tree: dict[str, Any] = {}  # what is dead after a letter is dead for all tokens that begin so
    for token, spelled in enumerate(vocabulary):
        if spelled and token != eos_token_id:
            node = tree
            for letter in spelled:
                node = node.setdefault(letter, {})
            node.setdefault("", []).append(token)
    states, edges, todo = {text: 0}, [], [text]
    for state, expression in enumerate(todo):  # grows while it is read
        for token, rest in _walk(tree, expression):
            if rest not in states:
                states[rest] = len(states)
                todo.append(rest)
            edges.append((state, token, states[rest]))
    end = len(states)  # where rows of a batch that are done stay
    edges += [(state, eos_token_id, end) for state, rest in enumerate([*todo, EMPTY]) if _complete(rest)]
    table = torch.full((end + 1, len(vocabulary)), -1)
    state, token, after = torch.tensor(edges).T
    table[state, token] = after
    alive = tokens_to_end(table) >= 0
    if not alive[0]:
        raise ValueError("no text of these tokens matches")
    return torch.where(alive[table], table, -1)


def tokens_to_end(table: Tensor) -> Tensor:
    """The fewest tokens from each state to the end, that of the end among them, `(S,)`; -1 if there is no way."""
    found = torch.full((len(table),), -1, device=table.device)
    found[-1] = 0
    for step in range(1, len(table)):
        found[((table >= 0) & (found[table] >= 0)).any(dim=1) & (found < 0)] = step
    return found


def mask_logits(logits: Tensor, table: Tensor, states: Tensor, remaining: int | None = None) -> Tensor:
    """Minus infinity for what is not allowed; the logits are `(B, V)`, as what is returned.

    Args:
        logits: Shape `(B, V)`.
        table: Of `token_table`.
        states: The state of each row, `(B,)`. After tokens `(B,)` it is `table[states, tokens]`.
        remaining: Tokens that may still be written, the end among them: what cannot end in time is not allowed either.

    Raises:
        ValueError: If shapes do not fit, or a row cannot end in time.
    """
    if logits.shape != (len(states), table.shape[1]):
        raise ValueError(f"logits {tuple(logits.shape)} are not {(len(states), table.shape[1])}")
    after = table[states]  # (B, V)
    allowed = after >= 0
    if remaining is not None:
        allowed &= tokens_to_end(table)[after] < remaining
    if not bool(allowed.any(dim=1).all()):
        raise ValueError(f"a row cannot end within {remaining} tokens")
    return logits.masked_fill(~allowed, -torch.inf)


def _two(first: Expression, second: Expression) -> Expression:
    """One after the other, grouped to the right, so that what is equal looks equal."""
    if first == EMPTY or second == either():
        return second
    if first[0] == "then":
        return ("then", first[1], _two(first[2], second))
    return first if second == EMPTY or first == either() else ("then", first, second)


def _complete(text: Expression) -> bool:
    """Whether nothing more need come."""
    if text[0] == "either":
        return any(map(_complete, text[1]))
    return text[0] in ("empty", "many") or (text[0] == "then" and _complete(text[1]) and _complete(text[2]))


@lru_cache(2**16)
def _after(text: Expression, letter: str) -> Expression:
    """What may still come after a letter: Brzozowski's derivative."""
    if text[0] == "letters":
        return EMPTY if (letter in text[1]) != text[2] else either()
    if text[0] == "either":
        return either(*(_after(part, letter) for part in text[1]))
    if text[0] == "many":
        return then(_after(text[1], letter), text)
    if text[0] == "then":
        gone = then(_after(text[1], letter), text[2])
        return either(gone, _after(text[2], letter)) if _complete(text[1]) else gone
    return either()


def _walk(node: dict[str, Any], text: Expression) -> Iterator[tuple[int, Expression]]:
    """Tokens that may follow, each with what may still come after it."""
    for letter, below in node.items():
        if letter == "":
            yield from ((token, text) for token in below)
        elif (rest := _after(text, letter)) != either():
            yield from _walk(below, rest)


# --8<-- [end:core]


def demo() -> None:
    """A date, with tokens of one and two digits: what may come first, and what after "20"."""
    vocabulary = ["<eos>", *"0123456789-", "20", "26", "ab"]
    digit = letters("0123456789")
    table = token_table(then(many(digit, 4, 4), letters("-"), many(digit, 2, 2)), vocabulary, 0)
    for name, state in {
        "at first": 0,
        "after 20": int(table[0, 12]),
        "after 2026": int(table[table[0, 12], 13]),
    }.items():
        print(f"{name}: {[vocabulary[token] for token in (table[state] >= 0).nonzero().flatten()]}")


if __name__ == "__main__":
    demo()
