"""An agent's loop: ask, run the calls, append what came back, ask again."""

import json
import re
from collections.abc import Callable
from typing import Any

CALL = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)


def run(model: Callable, tools: dict[str, Callable], h: list[dict[str, Any]], max_steps: int) -> list[dict[str, Any]]:
    for _ in range(max_steps):  # 总要有上限 ‖ there is always a limit
        a = model(h)
        h = [*h, {"role": "assistant", "content": a}]
        calls = CALL.findall(a)
        if not calls:  # 没有调用，就是答案 ‖ without a call it is the answer
            return h
        for call in calls:
            try:
                wanted = json.loads(call)
                o = str(tools[wanted["name"]](**wanted["arguments"]))
            except Exception as error:  # 出错也写回去，让模型自己改 ‖ errors go back too: the model can mend them
                o = f"error: {error!r}"
            h = [*h, {"role": "tool", "content": o}]
    return h
