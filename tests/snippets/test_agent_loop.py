"""Schemas against transformers', complaints against jsonschema, the loop with models from a script."""

import itertools
import json

import pytest

from snippets.agent_loop import complaints, execute, parse_reply, run, tool_schema
from snippets.essence import agent_loop as essence


def price(item: str, count: int = 1) -> float:
    """What some of an item cost.

    Args:
        item: Its name.
        count: How many.

    Returns:
        Their price.
    """
    return {"pen": 1.5, "book": 20.0}[item] * count


def total(prices: list[float], whole: bool) -> str:
    """Add prices up.

    Args:
        prices: Numbers, or
        whole: Without cents.
    """
    return f"{sum(prices):.{0 if whole else 2}f}"


def today() -> str:
    """The date."""
    return "2026-11-29"


TOOLS = {"price": price, "total": total, "today": today}


def call(name, **arguments):
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments})}</tool_call>"


def script(*replies):
    """A model that says these, and the histories that it was shown."""
    seen = []

    def model(messages):
        seen.append(list(messages))
        return replies[min(len(seen), len(replies)) - 1]

    return model, seen


USER = [{"role": "user", "content": "how much?"}]


@pytest.mark.parametrize("name", TOOLS)
def test_schema_is_that_of_transformers(name):
    from transformers.utils import get_json_schema

    expected = get_json_schema(TOOLS[name])
    expected["function"].pop("return", None)  # what comes back is not told here
    assert tool_schema(TOOLS[name]) == expected


def test_parameter_without_description_or_of_an_odd_type_is_refused():
    def silent(x: int):
        """Says nothing."""

    def odd(x: dict):
        """Takes anything.

        Args:
            x: A thing.
        """

    def bare(x):
        """Takes anything.

        Args:
            x: A thing.
        """

    def elsewhere(x: int):
        """Says of
            x: that it is none of
        the arguments.
        """

    for function in (silent, elsewhere):
        with pytest.raises(ValueError, match=f"{function.__name__} does not describe x"):
            tool_schema(function)
    for function in (odd, bare):
        with pytest.raises(ValueError, match="none of str, int, float, bool"):
            tool_schema(function)


def test_what_is_returned_describes_no_argument():
    def left(count: int) -> int:
        """Take some.

        Args:
            count: How many.

        Returns:
            count: What is left.
        """

    assert tool_schema(left)["function"]["parameters"]["properties"]["count"]["description"] == "How many."


def test_a_function_that_says_nothing_has_an_empty_description():
    def mute() -> None:
        pass

    assert tool_schema(mute)["function"]["description"] == ""


SCHEMAS = [
    *({"type": kind} for kind in ("object", "array", "string", "integer", "number", "boolean", "null")),
    {"enum": [1, "a", None]},
    {"enum": [True]},
    {"type": "string", "enum": ["a", "b"]},
    {"type": "array", "items": {"type": "integer"}},
    {"type": "object", "properties": {"x": {"type": "integer"}, "y": {}}, "required": ["x"]},
    {"type": "object", "properties": {"x": {"type": "object", "required": ["z"]}}, "additionalProperties": False},
    {"properties": {"x": {"enum": [2]}}, "items": {"type": "string"}},
    {},
]
VALUES = [
    *(None, True, False, 0, 1, 2.0, 2.5, -1, "", "a", "b", [], {}, [1, 2], [1, "a"], ["a"], [True]),
    *({"x": 1}, {"x": 2}, {"x": "1"}, {"x": True}, {"y": 1}, {"x": {}}, {"x": {"z": 1}}, {"x": {"z": 1}, "w": 0}),
]


@pytest.mark.parametrize(("schema", "value"), list(itertools.product(SCHEMAS, VALUES)))
def test_there_are_complaints_if_and_only_if_jsonschema_has_some(schema, value):
    import jsonschema

    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(value))
    of_another_type = any(error.validator == "type" and not error.path for error in errors)
    assert len(complaints(value, schema)) == (1 if of_another_type else len(errors))  # then nothing else is said


def test_complaints_say_where_and_what():
    schema = {
        "type": "object",
        "properties": {"list": {"type": "array", "items": {"type": "integer"}}, "unit": {"enum": ["°C"]}},
        "required": ["list", "unit", "day"],
        "additionalProperties": False,
    }
    assert complaints({"list": [1, "二"], "unit": "度", "more": 0}, schema) == [
        "arguments: day is missing",
        'arguments.list[1]: "二" is no integer',
        "arguments.unit: \"度\" is none of ['°C']",
        "arguments: there is no more",
    ]


def test_calls_are_found_in_a_reply():
    text = f"Let me see.\n{call('price', item='pen')}\n{call('today')} then"
    assert parse_reply(text) == [
        {"name": "price", "arguments": {"item": "pen"}},
        {"name": "today", "arguments": {}},
    ]
    assert parse_reply('<tool_call>\n{"name": "today"}\n') == [{"name": "today", "arguments": {}}]  # cut off behind it
    assert parse_reply("no call, <tool> or {}") == []


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("{'name': 'today'}", "the call is no JSON: Expecting property name"),
        ('{"name": "today"', "the call is no JSON: Expecting ',' delimiter"),
        ("[" * 2_000, "the call is no JSON: "),
        ("[]", 'expected {"name": ..., "arguments": {...}}'),
        ('{"arguments": {}}', "expected"),
        ('{"name": 3}', "expected"),
        ('{"name": "today", "error": ""}', "expected"),
    ],
)
def test_a_call_that_cannot_be_read_says_so(written, error):
    (found,) = parse_reply(f"<tool_call>{written}</tool_call>")
    assert found["error"].startswith(error)
    assert "name" not in found
    assert execute(found, TOOLS, lambda *_: True) == f"error: {found['error']}"


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("price", {"item": "book", "count": 2}, "40.0"),
        ("price", {"item": "book"}, "20.0"),
        ("today", {}, "2026-11-29"),
        ("total", {"prices": [1, 2.5], "whole": False}, "3.50"),
        ("prise", {}, "error: there is no tool prise; there are price, total, today"),
        ("price", {}, "error: arguments: item is missing"),
        ("price", {"item": "pen", "n": 1}, "error: arguments: there is no n"),
        ("price", {"count": "2"}, 'error: arguments: item is missing; arguments.count: "2" is no integer'),
        ("price", '{"item": "pen"}', 'error: arguments: "{\\"item\\": \\"pen\\"}" is no object'),
        ("price", {"item": "car"}, "error: KeyError: 'car'"),
    ],
)
def test_what_the_model_is_told(name, arguments, said):
    assert execute({"name": name, "arguments": arguments}, TOOLS, lambda *_: True) == said


def test_other_letters_stay_readable_in_results():
    def where() -> list[str]:
        """A place."""
        return ["北京"]

    assert execute({"name": "where", "arguments": {}}, {"where": where}, lambda *_: True) == '["北京"]'


def test_what_is_not_confirmed_is_not_run():
    ran, asked = [], []

    def delete(file: str) -> str:
        """Delete a file.

        Args:
            file: Its name.
        """
        ran.append(file)
        return "gone"

    def confirm(name, arguments):
        asked.append((name, arguments))
        return arguments["file"] == "a"

    model, _ = script(call("delete", file="b") + call("delete", file="a") + call("delete"), "done")
    found = run(model, {"delete": delete}, USER, confirm=confirm)
    assert ran == ["a"]
    assert asked == [("delete", {"file": "b"}), ("delete", {"file": "a"})]  # nobody is asked about what cannot be run
    said = [message["content"] for message in found.messages if message["role"] == "tool"]
    assert said == ["error: not permitted; do not try again", "gone", "error: arguments: file is missing"]


def test_errors_go_back_and_the_model_mends_them():
    replies = [call("price", item="pen", count="2"), call("price", item="pen", count=2), "They cost 3.0."]
    model, seen = script(*replies)
    found = run(model, TOOLS, USER)
    assert (found.stop, found.steps) == ("answer", 3)
    assert found.messages == [
        *USER,
        {"role": "assistant", "content": replies[0]},
        {"role": "tool", "name": "price", "content": 'error: arguments.count: "2" is no integer'},
        {"role": "assistant", "content": replies[1]},
        {"role": "tool", "name": "price", "content": "3.0"},
        {"role": "assistant", "content": "They cost 3.0."},
    ]
    assert [len(one) for one in seen] == [1, 3, 5]
    assert found.read == sum(len(message["content"]) for history in seen for message in history)
    assert len(USER) == 1


def test_what_the_model_does_with_its_copy_changes_nothing():
    def model(messages):
        messages.clear()
        return "answer"

    assert len(run(model, TOOLS, USER).messages) == 2


def test_steps_are_limited():
    replies = [call("price", item="pen", count=count) for count in range(9)]
    model, seen = script(*replies)
    found = run(model, TOOLS, USER, max_steps=4)
    assert (found.stop, found.steps, len(seen)) == ("steps", 4, 4)
    assert found.messages[-1]["content"] == "4.5"  # the last result is there
    assert run(model, TOOLS, USER, max_steps=0).messages == USER
    turns = (call("price", item="pen", count=count) for count in range(99))
    assert run(lambda messages: next(turns), TOOLS, USER).steps == 10  # unless something else is said


def test_what_is_read_is_limited():
    """Of 9 characters first; then 9, a call of 80, and "1.5": 92, and 101 together."""
    reply = call("price", item="pen").ljust(80)
    for limit, steps in ((8, 0), (9, 1), (100, 1), (101, 2)):
        model, seen = script(reply)
        found = run(model, TOOLS, USER, max_read=limit)
        assert (found.stop, found.steps, len(seen)) == ("read", steps, steps)
        assert found.read == (0, 9, 101)[steps]


def test_the_same_call_again_and_again_ends_the_run():
    replies = [call("price", item="pen"), call("today"), call("price", item="pen"), call("price", item="pen"), "x"]
    model, _ = script(*replies)
    found = run(model, TOOLS, USER)
    assert (found.stop, found.steps) == ("repeats", 4)
    assert found.messages[-1]["content"] == "1.5"
    model, _ = script(*(call("price", item="pen", count=count) for count in (1, 2, 3)), "x")
    assert run(model, TOOLS, USER).stop == "answer"  # the same tool is not the same call
    model, _ = script(call("price", item="pen", count=1), call("price", count=1, item="pen"), "x")
    assert run(model, TOOLS, USER, max_repeats=2).stop == "repeats"  # in whatever order its arguments stand
    model, _ = script("<tool_call>x</tool_call>")
    found = run(model, TOOLS, USER, max_repeats=2)
    assert found.steps == 2  # what cannot be read repeats too
    assert [message["name"] for message in found.messages if message["role"] == "tool"] == ["", ""]


def test_long_results_are_cut_and_say_so():
    def read() -> str:
        """A long text."""
        return "x" * 30

    model, _ = script(call("read"), "done")
    assert run(model, {"read": read}, USER, max_result=10).messages[2]["content"] == "x" * 10 + " … (30 characters)"
    model, _ = script(call("read"), "done")
    assert run(model, {"read": read}, USER, max_result=30).messages[2]["content"] == "x" * 30
    model, _ = script(call("total", prices=[], whole=True), "done")
    kept = run(model, {"total": says_much(3000)}, USER).messages[2]["content"]
    assert kept == "x" * 2000 + " … (3000 characters)"


def test_hundred_thousand_characters_are_read_unless_something_else_is_said():
    """All that the model reads, in all of its steps together."""
    for size, stop in ((100_000, "answer"), (100_001, "read")):
        assert run(lambda messages: "done", TOOLS, [{"role": "user", "content": "x" * size}]).stop == stop
    model, _ = script(call("today"), "done")
    assert run(model, TOOLS, [{"role": "user", "content": "x" * 50_000}]).stop == "read"


def says_much(length):
    """A tool that says much, whatever it is asked."""

    def total(prices: list[float], whole: bool) -> str:
        """Says much.

        Args:
            prices: Anything.
            whole: Anything.
        """
        return "x" * length

    return total


def test_essence_gives_what_the_module_gives():
    replies = [call("price", item="pen") + call("today"), call("price", item="car"), call("prise"), "done"]
    mine = run(script(*replies)[0], TOOLS, USER).messages
    short = essence.run(script(*replies)[0], TOOLS, USER, 10)
    assert [one["role"] for one in short] == [one["role"] for one in mine]
    for one, other in zip(short, mine, strict=True):
        assert one["content"] == other["content"] or all(m["content"].startswith("error: ") for m in (one, other))
    assert len(essence.run(script(call("today"))[0], TOOLS, USER, 3)) == len(
        run(script(call("today"))[0], TOOLS, USER, max_steps=3).messages
    )
