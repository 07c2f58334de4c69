"""「训练一个 Φ 参数的模型，最少要几张卡？」写出函数：给定 ZeRO 阶段与每张卡能留给模型状态的字节数，返回最少的卡数；
再多的卡也放不下时返回 None。按 2 + 2 + 12 字节算。

"How few devices can train a model of Φ parameters?" Write the function: given ZeRO's stage and the bytes each device
has for model states, return the smallest number of devices, or None where no number suffices. Count 2 + 2 + 12 bytes.
"""

# --8<-- [start:task]
from snippets.zero_memory import rank_bytes


def fewest_ranks(parameters, stage, memory):
    """Smallest number of data-parallel ranks, or None."""
    return -(-16 * parameters // memory)


for stage in range(4):
    print(f"7B, 64 GB a device, stage {stage}:", fewest_ranks(7_000_000_000, stage, 64_000_000_000))
# --8<-- [end:task]


# --8<-- [start:answer]
def fewest_ranks(parameters, stage, memory):
    """Smallest number of data-parallel ranks, or None."""
    cut = (0, 12, 14, 16)[stage] * parameters  # bytes shared out over the ranks
    left = memory - (16 * parameters - cut)  # what a device has for its share
    if left < 0 or (left == 0 and cut):
        return None
    return max(1, -(-cut // left)) if cut else 1


# --8<-- [end:answer]

# --8<-- [start:check]
from snippets.zero_memory import rank_bytes

B, GB = 10**9, 10**9
sizes = [(7, 64), (7, 31), (70, 71), (1, 16), (1, 100), (1, 5)]
for parameters, memory in [(parameters * B, memory * GB + GB // 4) for parameters, memory in sizes]:
    for stage in range(4):
        fits = [n for n in range(1, 200) if rank_bytes(parameters, n, stage) <= memory]
        right = fits[0] if fits else None
        mine = fewest_ranks(parameters, stage, memory)
        assert mine == right, (
            f"{parameters / B:.0f}B 参数、每卡 {memory / GB:.2f} GB、阶段 {stage}：应是 {right}，你给出 {mine}。"
            "没有切开的部分每张卡都要有一整份，只有切开的部分随卡数变小 ‖ "
            f"{parameters / B:.0f}B parameters, {memory / GB:.2f} GB per device, stage {stage}: expected {right}, "
            f"got {mine}. What is not sharded is whole on every device; only what is sharded shrinks with their number"
        )
# --8<-- [end:check]
