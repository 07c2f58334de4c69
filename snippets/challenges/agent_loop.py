"""这个循环一碰就碎：模型写错工具名、参数给错、工具自己报错，程序都会停下；模型一直调用，它就一直转。改好它：错误写成
以 `error:` 开头的工具消息还给模型；至多问 `max_steps` 次；超过 `limit` 个字的结果截断，并说明原来有多长。返回全部消息。

This loop breaks at a touch: a wrong name, wrong arguments, a tool that fails, and the program stops; a model that keeps
calling keeps it turning. Mend it: errors go back to the model as a tool's message that begins with `error:`; the model
is asked `max_steps` times at most; a result of more than `limit` characters is cut, and says how long it was. All
messages are returned.
"""


# --8<-- [start:task]
def run(model, tools, messages, max_steps=8, limit=100):
    """model(messages) gives {"content": ...} or {"name": ..., "arguments": {...}}."""
    while True:
        reply = model(messages)
        messages = [*messages, {"role": "assistant", **reply}]
        if "name" not in reply:
            return messages
        result = str(tools[reply["name"]](**reply["arguments"]))
        messages = [*messages, {"role": "tool", "content": result}]


# --8<-- [end:task]


# --8<-- [start:answer]
def run(model, tools, messages, max_steps=8, limit=100):
    """model(messages) gives {"content": ...} or {"name": ..., "arguments": {...}}."""
    for _ in range(max_steps):
        reply = model(messages)
        messages = [*messages, {"role": "assistant", **reply}]
        if "name" not in reply:
            return messages
        try:
            result = str(tools[reply["name"]](**reply["arguments"]))
        except Exception as error:
            result = f"error: {type(error).__name__}: {error}"
        if len(result) > limit:
            result = f"{result[:limit]} … ({len(result)} characters)"
        messages = [*messages, {"role": "tool", "content": result}]
    return messages


# --8<-- [end:answer]


# --8<-- [start:check]
def script(*replies):
    seen = []

    def model(messages):
        seen.append([dict(one) for one in messages])
        return replies[min(len(seen), len(replies)) - 1]

    return model, seen


def call(name, **arguments):
    return {"name": name, "arguments": arguments}


tools = {"half": lambda x: 1 / x, "page": lambda: "字" * 500, "short": lambda: "行"}
start = [{"role": "user", "content": "?"}]
model, seen = script(call("half", x=4), {"content": "done"})
found = run(model, tools, start)
assert [one["role"] for one in found] == ["user", "assistant", "tool", "assistant"] and found[2]["content"] == "0.25", (
    "没有出错时，应当和原来一样 ‖ where nothing goes wrong, it should be as before"
)
for wrong in (call("third", x=4), call("half", y=4), call("half", x=0)):
    model, seen = script(wrong, {"content": "sorry"})
    try:
        found = run(model, tools, start)
    except Exception as error:
        raise AssertionError(
            f"{wrong} 使程序停下了：{error!r}；应当写成 error: 还给模型 ‖ "
            f"{wrong} stopped the program: {error!r}; it should go back to the model as error: ..."
        ) from None
    assert found[2]["content"].startswith("error:"), (
        "错误要写成以 error: 开头的工具消息 ‖ an error should be a tool's message that begins with error:"
    )
    assert seen[1][-1] == found[2], "模型下一步要看得到这条错误 ‖ the model should see the error in its next step"
model, seen = script(call("short"))
found = run(model, tools, start, max_steps=5)
assert len(seen) == 5, (
    f"应当问 5 次就停，问了 {len(seen)} 次 ‖ it should ask 5 times and stop, it asked {len(seen)} times"
)
assert found[-1]["content"] == "行", "停下时，最后一次的结果也要在里面 ‖ the last result should be there when it stops"
model, seen = script(call("page"), {"content": "done"})
found = run(model, tools, start, limit=10)
assert found[2]["content"].startswith("字" * 10) and found[2]["content"].count("字") == 10, (
    "超过 10 个字的结果应当截断到 10 个字 ‖ a result of more than 10 characters should be cut to 10"
)
assert "500" in found[2]["content"], "要告诉模型原来有多长 ‖ the model should be told how long it was"
assert len(start) == 1, "不要改动交来的消息 ‖ the messages that were given should not be changed"
# --8<-- [end:check]
