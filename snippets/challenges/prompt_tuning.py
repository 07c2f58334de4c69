r"""每一层在 key、value 前接上 `m` 个前缀，但这里的因果掩码把前缀也当成了「未来」，多数 token 看不到它。
改对掩码：前缀**人人可见**，其余照旧因果。

Each layer's keys and values begin with `m` of the prefix, but this causal mask takes the prefix for the future,
and most tokens do not see it. Mend the mask: **everyone sees the prefix**, and the rest stays causal.
"""

# --8<-- [start:task]
import torch


def attend(query, key, value, p_key, p_value):  # (T, D) three times, (m, D) twice -> (T, D)
    keys, values = torch.cat([p_key, key]), torch.cat([p_value, value])
    scores = query @ keys.T / query.shape[-1] ** 0.5  # (T, m + T)
    seen = torch.ones(scores.shape, dtype=torch.bool).tril()
    return scores.masked_fill(~seen, -torch.inf).softmax(-1) @ values


torch.manual_seed(0)
query, key, value = torch.randn(3, 4, 8)
print(attend(query, key, value, *torch.randn(2, 2, 8)).shape)
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def attend(query, key, value, p_key, p_value):  # (T, D) three times, (m, D) twice -> (T, D)
    keys, values = torch.cat([p_key, key]), torch.cat([p_value, value])
    scores = query @ keys.T / query.shape[-1] ** 0.5  # (T, m + T)
    seen = torch.ones(scores.shape, dtype=torch.bool).tril(len(p_key))
    return scores.masked_fill(~seen, -torch.inf).softmax(-1) @ values


torch.manual_seed(0)
query, key, value = torch.randn(3, 4, 8)
print(attend(query, key, value, *torch.randn(2, 2, 8)).shape)
# --8<-- [end:answer]


# --8<-- [start:check]
for m in (3, 1, 0, 6):
    torch.manual_seed(m)
    query, key, value = torch.randn(3, 5, 4)
    p_key, p_value = torch.randn(2, m, 4)
    before = attend(query, key, value, p_key, p_value)
    assert before.shape == (5, 4), (
        f"输出应当是 (5, 4)，现在是 {tuple(before.shape)}：前缀只作 key 和 value ‖ "
        f"the output should be (5, 4), got {tuple(before.shape)}: a prefix has keys and values only"
    )
    for at in range(5):
        later = value.clone()
        later[at] += 1
        moved = (attend(query, key, later, p_key, p_value) - before).abs().amax(1) > 1e-6
        assert not moved[:at].any(), (
            f"m = {m}：改动位置 {at} 的 value，更早的位置也变了：看到了未来 ‖ "
            f"m = {m}: a new value at {at} changed an earlier position, which sees the future"
        )
        assert moved[at:].all(), (
            f"m = {m}：改动位置 {at} 的 value，它自己或后面的位置没有变：该看的没看到 ‖ "
            f"m = {m}: a new value at {at} did not change itself or a later position, which should see it"
        )
    for at in range(m):
        other = p_value.clone()
        other[at] += 1
        moved = (attend(query, key, value, p_key, other) - before).abs().amax(1) > 1e-6
        assert moved.all(), (
            f"m = {m}：前缀的第 {at} 个，位置 {moved.tolist().index(False)} 看不到：前缀应当人人可见 ‖ "
            f"m = {m}: position {moved.tolist().index(False)} does not see prefix {at}: everybody should see the prefix"
        )
    for t in range(5):
        scores = torch.cat([p_key, key[: t + 1]]) @ query[t] / 2
        want = scores.softmax(0) @ torch.cat([p_value, value[: t + 1]])
        assert torch.allclose(before[t], want, atol=1e-5), (
            f"m = {m}：位置 {t} 的输出不对 ‖ m = {m}: the output at position {t} is wrong"
        )
# --8<-- [end:check]
