"""把参数量的公式推广到混合专家（MoE）：每层有 `experts` 个 MLP，每个 token 只经过 `active` 个，
另有一个 d×experts 的路由矩阵。返回总参数与激活参数（嵌入、注意力、归一化、路由都算激活）。对不对，
用 Mixtral 8x7B 验证：总 46.7B，激活 12.9B。

Extend the count of parameters to a mixture of experts: `experts` MLPs in each layer, of which a token goes through
`active`, and a router of d×experts. Return total and active parameters (embeddings, attention, norms and router are
active). Mixtral 8x7B is the proof: 46.7B in all, 12.9B active.
"""


# --8<-- [start:task]
def sizes(layers, width, kv_width, hidden, vocabulary, experts, active):
    """Total and active parameters of a decoder without biases, embeddings not tied."""
    attention = 2 * width * width + 2 * width * kv_width
    mlp = 3 * width * hidden
    total = 2 * vocabulary * width + layers * (attention + mlp + 2 * width) + width
    return total, total


total, active = sizes(32, 4096, 1024, 14336, 32000, experts=8, active=2)
print(f"Mixtral: {total / 1e9:.1f}B in all, {active / 1e9:.1f}B active")
# --8<-- [end:task]


# --8<-- [start:answer]
def sizes(layers, width, kv_width, hidden, vocabulary, experts, active):
    """Total and active parameters of a decoder without biases, embeddings not tied."""
    attention = 2 * width * width + 2 * width * kv_width
    mlp, router = 3 * width * hidden, width * experts
    shared = 2 * vocabulary * width + layers * (attention + router + 2 * width) + width
    return shared + layers * experts * mlp, shared + layers * active * mlp


# --8<-- [end:answer]

# --8<-- [start:check]
total, active = sizes(32, 4096, 1024, 14336, 32000, 8, 2)
assert abs(total - 46.7e9) < 0.05e9, (
    f"总参数算出 {total / 1e9:.1f}B，应约 46.7B：8 个专家都要存，注意力只有一份 ‖ "
    f"{total / 1e9:.1f}B parameters in all, expected about 46.7B: all 8 experts are stored, attention is there once"
)
assert abs(active - 12.9e9) < 0.05e9, (
    f"激活参数算出 {active / 1e9:.1f}B，应约 12.9B：每个 token 只经过 2 个专家 ‖ "
    f"{active / 1e9:.1f}B active parameters, expected about 12.9B: a token passes through 2 experts only"
)
tiny = sizes(1, 2, 2, 3, 5, experts=4, active=1)
assert tiny == (20 + 16 + 4 * 18 + 8 + 4 + 2, 20 + 16 + 18 + 8 + 4 + 2), (
    f"手算的小例子（1 层、宽 2、中间 3、词表 5、4 个专家选 1）应是 (122, 68)，现在是 {tiny}：路由矩阵也要数 ‖ "
    f"1 layer, width 2, hidden 3, vocabulary 5, 1 of 4 experts: expected (122, 68), got {tiny}: count the router too"
)
assert sizes(3, 8, 4, 16, 10, 2, 2)[0] == sizes(3, 8, 4, 16, 10, 2, 2)[1], (
    "专家全选时，激活应等于总数 ‖ with all experts chosen, active should equal total"
)
# --8<-- [end:check]
