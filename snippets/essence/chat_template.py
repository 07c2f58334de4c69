"""Chat templates: ChatML, as tokens and as what is learned of them."""

from collections.abc import Callable


def encode(
    messages: list[dict[str, str]], tokenize: Callable[[str], list[int]], start: int, end: int
) -> tuple[list[int], list[bool]]:
    x: list[int] = []
    m: list[bool] = []
    for message in messages:
        head = [start, *tokenize(message["role"] + "\n")]  # 记号是特殊 token，不经过 tokenize ‖ markers: special tokens
        c = tokenize(message["content"])  # 里面写着记号也只是文字 ‖ markers written in here are only text
        tail = tokenize("\n")
        says = message["role"] == "assistant"
        x += [*head, *c, end, *tail]
        m += [False] * len(head) + [says] * (len(c) + 1) + [False] * len(tail)  # 结束符也要学 ‖ the end is learned too
    return x, m


def prompt(messages: list[dict[str, str]], tokenize: Callable[[str], list[int]], start: int, end: int) -> list[int]:
    x, _ = encode(messages, tokenize, start, end)
    return [*x, start, *tokenize("assistant\n")]  # 该助手说了 ‖ the assistant's turn begins
