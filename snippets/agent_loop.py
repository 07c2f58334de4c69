r"""An agent's loop: the model asks for tools, the program runs them, what they said is read in the next step

A model writes text and does nothing. Told which tools there are, by names and JSON Schemas, it writes a call; the
program checks it, runs it, and appends what came back; then the model is asked again, until it answers without a call.
Whatever goes wrong becomes a message too, so that the model can mend it. Limits end what would not end.

$$
a_t\sim\pi(\cdot\mid h_t),\qquad o_t=\mathrm{tool}(a_t),\qquad h_{t+1}=h_t\oplus a_t\oplus o_t,\qquad
\Pr(\text{all right})=p^n,\qquad \text{read}=\sum_{t=1}^{n}|h_t|
$$

Papers: [ReAct](https://arxiv.org/abs/2210.03629), section 2 (the loop); calls are written as in
[Hermes' format](https://github.com/NousResearch/Hermes-Function-Calling), which Qwen's templates use.

Letters: `h` history, `a` what the model writes, `o` what the tool says, `n` steps.
"""

import inspect
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, get_args, get_origin, get_type_hints

Tools = dict[str, Callable[..., Any]]
Message = dict[str, Any]  # role and content, as chat templates take them
KINDS = {str: "string", int: "integer", float: "number", bool: "boolean"}
CALL = re.compile(r"<tool_call>(.*?)(?:</tool_call>|\Z)", re.DOTALL)


# --8<-- [start:core]
def tool_schema(function: Callable[..., Any]) -> dict[str, Any]:
    """What a model is told of a function, from its signature and docstring; as transformers' `get_json_schema`.

    Raises:
        ValueError: If a parameter is not described, or is of another type than str, int, float, bool and lists of them.
    """
    text = inspect.getdoc(function) or ""
    said = dict(re.findall(r"^ {4}(\w+): (.+)$", text.partition("\n\nArgs:\n")[2].partition("\n\n")[0], re.MULTILINE))
    properties, required, hints = {}, [], get_type_hints(function)
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in said:
            raise ValueError(f"{function.__name__} does not describe {name}")
        properties[name] = {**_kind(hints.get(name)), "description": said[name]}
        if parameter.default is parameter.empty:
            required.append(name)
    parameters = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    described = {"name": function.__name__, "description": text.partition("\n\n")[0], "parameters": parameters}
    return {"type": "function", "function": described}


def complaints(value: Any, schema: dict[str, Any], where: str = "arguments") -> list[str]:
    """What is wrong with a value by its JSON Schema, in words that the model can use; [] if nothing.

    Looks at `type`, `enum`, `properties`, `required`, `additionalProperties: false` and `items`.
    """
    kind = schema.get("type")
    if kind and not _is(value, kind):
        return [f"{where}: {json.dumps(value, ensure_ascii=False)} is no {kind}"]
    if not any(one == value and (one is True) == (value is True) for one in schema.get("enum", [value])):  # 1 == True
        return [f"{where}: {json.dumps(value, ensure_ascii=False)} is none of {schema['enum']}"]
    found = []
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
        for name, part in value.items():
            if name in properties:
                found += complaints(part, properties[name], f"{where}.{name}")
            elif schema.get("additionalProperties") is False:
                found.append(f"{where}: there is no {name}")
    if isinstance(value, list):
        for place, part in enumerate(value):
            found += complaints(part, schema.get("items", {}), f"{where}[{place}]")
    return found


def parse_reply(text: str) -> list[dict[str, Any]]:
    """The calls of a reply, each with `name` and `arguments`; one that cannot be read has `error` instead of a name."""
    calls: list[dict[str, Any]] = []
    for written in CALL.findall(text):
        try:
            call = json.loads(written)
            known = isinstance(call, dict) and isinstance(call.get("name"), str) and "error" not in call
            calls.append(
                {"arguments": {}, **call} if known else {"error": 'expected {"name": ..., "arguments": {...}}'}
            )
        except (ValueError, RecursionError) as error:
            calls.append({"error": f"the call is no JSON: {error}"})
    return calls


def execute(call: dict[str, Any], tools: Tools, confirm: Callable[[str, dict[str, Any]], bool]) -> str:
    """What to tell the model about a call: the tool's result, or what was wrong with it."""
    if "error" in call:
        return f"error: {call['error']}"
    if (name := call["name"]) not in tools:
        return f"error: there is no tool {name}; there are {', '.join(tools)}"
    schema = {**tool_schema(tools[name])["function"]["parameters"], "additionalProperties": False}
    if wrong := complaints(call["arguments"], schema):
        return f"error: {'; '.join(wrong)}"
    if not confirm(name, call["arguments"]):
        return "error: not permitted; do not try again"
    try:
        result = tools[name](**call["arguments"])
        return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    except Exception as error:  # whatever it is, the model shall know
        return f"error: {type(error).__name__}: {error}"


@dataclass
class Run:
    """What happened: all messages, why it ended (`answer`, `steps`, `read` or `repeats`), and what was read."""

    messages: list[Message]
    stop: str = "steps"
    steps: int = 0
    read: int = 0


def run(
    model: Callable[[list[Message]], str],
    tools: Tools,
    messages: list[Message],
    max_steps: int = 10,
    max_read: int = 100_000,
    max_repeats: int = 3,
    max_result: int = 2_000,
    confirm: Callable[[str, dict[str, Any]], bool] = lambda name, arguments: True,
) -> Run:
    """Ask, run, append, until there is an answer, which is the last message then, or a limit.

    Args:
        model: Its reply to the messages so far.
        tools: Functions by name, as `tool_schema` reads them.
        messages: The history to begin with; it is not changed.
        max_steps: Replies at most.
        max_read: Characters that the model reads at most, in all steps together: what one pays for.
        max_repeats: The same call so many times ends the run.
        max_result: Characters of a result that are kept; the model is told how many there were.
        confirm: Whether a call may be run; for what cannot be undone, a person is asked.
    """
    done, seen = Run(list(messages)), Counter[str]()
    while done.steps < max_steps:
        size = sum(len(message["content"]) for message in done.messages)
        if done.read + size > max_read:
            return replace(done, stop="read")
        done = replace(done, read=done.read + size, steps=done.steps + 1)
        reply = model(list(done.messages))
        done.messages.append({"role": "assistant", "content": reply})
        calls = parse_reply(reply)
        if not calls:
            return replace(done, stop="answer")
        for call in calls:
            result = execute(call, tools, confirm)
            more = f" … ({len(result)} characters)" if len(result) > max_result else ""
            done.messages.append({"role": "tool", "name": call.get("name", ""), "content": result[:max_result] + more})
            seen[json.dumps(call, sort_keys=True)] += 1
        if max(seen.values()) >= max_repeats:
            return replace(done, stop="repeats")
    return done


def _kind(hint: Any) -> dict[str, Any]:
    """The schema of a type."""
    if get_origin(hint) is list:
        return {"type": "array", "items": _kind(get_args(hint)[0])}
    if hint not in KINDS:
        raise ValueError(f"{hint} is none of {', '.join(kind.__name__ for kind in KINDS)}, or a list of one")
    return {"type": KINDS[hint]}


def _is(value: Any, kind: str) -> bool:
    """Whether a value is of a JSON Schema type: 2.0 is an integer, true is no number."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if kind in ("number", "integer"):
        return numeric and (kind == "number" or float(value).is_integer())
    return isinstance(value, {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}[kind])


# --8<-- [end:core]


def demo() -> None:
    """A scripted model: it names a tool that is not there, is told so, and answers with what the right one says."""

    def today() -> str:
        """The date."""
        return "2026-11-29"

    calls = ['<tool_call>{"name": "date"}</tool_call>', '<tool_call>{"name": "today"}</tool_call>']
    script = iter([*calls, "It is 2026-11-29."])
    for message in run(lambda _: next(script), {"today": today}, [{"role": "user", "content": "Which day?"}]).messages:
        print(f"{message['role']:9} {message['content']}")


if __name__ == "__main__":
    demo()
