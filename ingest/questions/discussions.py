"""Parse what was asked on GitHub: an export of discussions or issues, and an answer to the question form."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from ingest.model import Answer, Field, Question
from ingest.questions.parse import parse_answer


def parse_discussions(text: str, path: str, to_markdown: Callable[[str], str]) -> list[Question]:
    """Questions of GitHub Discussions: a webhook's payload, a list, or a GraphQL answer with `nodes` or `edges`.

    Args:
        text: JSON.
        path: Where it was read.
        to_markdown: Makes Markdown of the HTML of a `bodyHTML`, which is read where there is no `body`.

    Raises:
        ValueError: It is no JSON, or holds no discussion.
    """
    found = list(_discussions(json.loads(text)))
    if not found:
        raise ValueError("no discussion with a title")
    return [parse_discussion(item, path, to_markdown) for item in found]


def _discussions(value: Any) -> Iterable[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _discussions(item)
    elif isinstance(value, dict):
        asked, chosen = value.get("discussion"), value.get("answer")
        if isinstance(asked, dict) and isinstance(chosen, dict):  # a webhook tells of them side by side
            yield from _discussions({**asked, "answer": chosen})
        elif isinstance(value.get("title"), str) and ("body" in value or "bodyHTML" in value or "number" in value):
            yield value
        else:
            for item in value.values():
                yield from _discussions(item)


def parse_discussion(item: dict[str, Any], path: str, to_markdown: Callable[[str], str]) -> Question:
    """The question of one discussion or issue; arguments as for all."""
    chosen = item.get("answer")
    accepted = chosen if isinstance(chosen, dict) else {}
    said = [accepted] if accepted else []
    for comment in _nodes(item.get("comments")):
        replies = (comment, *_nodes(comment.get("replies")))
        said += [reply for reply in replies if not (accepted and reply.get("id") == accepted.get("id"))]
    found = (
        Answer(_body(one, to_markdown), _author(one), 1, one is accepted or bool(one.get("isAnswer")), *said_where(one))
        for one in said
    )
    answers = tuple(answer for answer in found if answer.text)
    numbered = isinstance(item.get("number"), int)
    name = f"discussion-{item['number']}" if numbered else _whole(item.get("id") or "discussion")
    asked, origin = said_where(item)
    if form := parse_form(_body(item, to_markdown), path):
        given = tuple(replace(answer, author=answer.author or form.asker or _author(item)) for answer in form.answers)
        form = replace(form, id=name, asker=form.asker or _author(item), answers=(*given, *answers))
        return replace(form, asked=asked, origin=origin)
    return Question(
        name, _whole(" ".join(item["title"].split())), _body(item, to_markdown), _author(item),
        answers, path, 1, asked=asked, origin=origin,
    )  # fmt: skip


def parse_form(text: str, path: str) -> Question | None:
    """The question that an answer to `.github/ISSUE_TEMPLATE/question.yml` asks; None where the text is none."""
    parts = re.split(r"(?m)^### (问题|背景|回答|参考|相关概念|提问者|许可)\s*$", text.replace("\r\n", "\n"))
    said = {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    said |= {name: "" for name, body in said.items() if body == "_No response_"}
    if parts[0].strip() or not {"问题", "回答", "许可"} <= said.keys() or not said["问题"]:
        return None
    agreed = re.match(r"-\s*\[x\]", said["许可"], re.IGNORECASE)
    return Question(
        "q1", " ".join(said["问题"].split()), said.get("背景", ""), said.get("提问者", ""),
        (parse_answer([(1, line) for line in said["回答"].split("\n")]),) if said["回答"] else (), path, 1,
        topics=tuple(re.findall(r"[\w-]+", said.get("相关概念", ""))), remarks=said.get("参考", ""),
        fields=(Field("licence", "CC-BY-4.0", 1),) if agreed else (),
    )  # fmt: skip


def _nodes(value: Any) -> list[dict[str, Any]]:
    """Items of a connection (`nodes`, or `edges` with a `node`), of a list, or of nothing (null, a count)."""
    if isinstance(value, dict):
        edges = [edge.get("node") for edge in value.get("edges") or () if isinstance(edge, dict)]
        value = value.get("nodes") or edges
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def said_where(item: dict[str, Any]) -> tuple[date | None, str]:
    """When and at which address something was said, as GraphQL or as the older interface tells it."""
    day = re.match(r"\d{4}-\d\d-\d\d", str(item.get("createdAt") or item.get("created_at") or ""))
    address = _whole(item.get("html_url") or item.get("url") or "")
    try:
        said = date.fromisoformat(day[0]) if day else None
    except ValueError:
        said = None
    return said, address if re.fullmatch(r"https?://[^\s<>\"`]+", address) else ""


def _author(item: dict[str, Any]) -> str:
    author = item.get("author") or item.get("user")
    return _whole(author.get("login") or "" if isinstance(author, dict) else author or "")


def _body(item: dict[str, Any], to_markdown: Callable[[str], str]) -> str:
    return _whole(item.get("body") or to_markdown(str(item.get("bodyHTML") or ""))).strip()


def _whole(value: object) -> str:
    """As text, without halves of characters, which JSON can hold and no file can."""
    return str(value).encode("utf-8", "replace").decode()
