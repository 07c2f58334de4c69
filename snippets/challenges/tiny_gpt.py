"""一批里各行先后写完：给 generate 加上结束。一行写出 eos 之后只再写 pad；所有的行都写完就停。

The rows of a batch end at different times: give generate an end. A row that has written eos goes on with pad; when
all rows have ended, stop.
"""

# --8<-- [start:task]
import torch


def generate(model, ids, max_new_tokens, eos, pad):  # model: (B, T) -> (B, T, V)
    for _ in range(max_new_tokens):
        new = model(ids)[:, -1].argmax(dim=-1)  # (B,)
        ids = torch.cat([ids, new[:, None]], dim=1)
    return ids


def counting(ids):  # 只会数数的模型：下一个加 1 ‖ a model that can only count: 1 more comes next
    return torch.nn.functional.one_hot((ids + 1) % 10, 10).float()


print(generate(counting, torch.tensor([[2], [5], [4]]), max_new_tokens=6, eos=7, pad=0))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def generate(model, ids, max_new_tokens, eos, pad):
    done = torch.zeros(len(ids), dtype=torch.bool)
    for _ in range(max_new_tokens):
        new = model(ids)[:, -1].argmax(dim=-1).masked_fill(done, pad)  # 写完的只写 pad ‖ ended: pad only
        ids = torch.cat([ids, new[:, None]], dim=1)
        done = done | (new == eos)  # eos 本身要留下 ‖ eos itself stays
        if bool(done.all()):
            break
    return ids


# --8<-- [end:answer]

# --8<-- [start:check]
calls = []


def after(ids):
    calls.append(ids.shape[1])
    return torch.nn.functional.one_hot((ids + 1) % 10, 10).float()


for starts, steps, expected in (
    ([2, 5, 4], 6, [[2, 3, 4, 5, 6, 7], [5, 6, 7, 0, 0, 0], [4, 5, 6, 7, 0, 0]]),
    ([6, 6], 6, [[6, 7], [6, 7]]),
    ([6, 1], 3, [[6, 7, 0, 0], [1, 2, 3, 4]]),
    ([7, 8], 2, [[7, 8, 9], [8, 9, 0]]),
):
    calls.clear()
    result = generate(after, torch.tensor([[start] for start in starts]), steps, eos=7, pad=0).tolist()
    for row, wanted in zip(result, expected, strict=True):
        kept = row[: len(wanted)]
        assert kept == wanted, (
            f"从 {wanted[0]} 数起，eos 是 7、pad 是 0：应当得到 {wanted}，得到 {row} ‖ "
            f"counting from {wanted[0]}, eos is 7, pad is 0: expected {wanted}, got {row}"
        )
    width = len(expected[0])
    assert len(result[0]) == width and len(calls) == width - 1, (
        f"从 {starts} 数起，应当在第 {width - 1} 步后停下 ‖ counting from {starts} should stop after step {width - 1}"
    )
# --8<-- [end:check]
