"""写出 1F1B：一段的次序现在是 GPipe（全部前向，再全部反向），要留 m 份激活。改成能反向就反向，第 i 段最多留 p − i 份，
气泡不变。用 "F0" 表示第 0 个微批的前向，"B0" 是它的反向。

Write 1F1B: a stage's order is now GPipe's (all forward, then all backward), which keeps m activations. Go backward as
soon as it is possible: stage i keeps p − i at most, and the bubble stays the same. "F0" is the forward pass of
microbatch 0, "B0" its backward pass.
"""

# --8<-- [start:task]
from snippets.pipeline_bubble import Pass, bubble, draw, kept_activations, simulate


def order(stage, stages, microbatches):
    """The passes of one stage, in order, such as `["F0", "F1", "B0", "B1"]`."""
    return [f"F{k}" for k in range(microbatches)] + [f"B{k}" for k in range(microbatches)]


orders = [[Pass(step[0], int(step[1:])) for step in order(stage, 4, 6)] for stage in range(4)]
timeline = simulate(orders)
print(draw(timeline))
print(f"bubble {bubble(timeline):.2f}, activations kept {kept_activations(timeline)}")
# --8<-- [end:task]


# --8<-- [start:answer]
def order(stage, stages, microbatches):
    """The passes of one stage, in order, such as `["F0", "F1", "B0", "B1"]`."""
    ahead = min(stages - 1 - stage, microbatches)  # forward passes before the first gradient can come
    steps = [f"F{k}" for k in range(ahead)]
    for k in range(microbatches - ahead):
        steps += [f"F{k + ahead}", f"B{k}"]
    return steps + [f"B{k}" for k in range(microbatches - ahead, microbatches)]


# --8<-- [end:answer]

# --8<-- [start:check]
from snippets.pipeline_bubble import Pass, bubble, kept_activations, simulate

for stages, microbatches in ((4, 6), (3, 2), (1, 3), (5, 9)):
    plan = [order(stage, stages, microbatches) for stage in range(stages)]
    wanted = sorted([f"F{k}" for k in range(microbatches)] + [f"B{k}" for k in range(microbatches)])
    for stage, steps in enumerate(plan):
        assert sorted(steps) == wanted, (
            f"{stages} 段 {microbatches} 个微批：第 {stage} 段的前向、反向应各恰好一次 ‖ "
            f"{stages} stages, {microbatches} microbatches: forward and backward once each in stage {stage}"
        )
    try:
        timeline = simulate([[Pass(step[0], int(step[1:])) for step in steps] for steps in plan])
    except ValueError:
        raise AssertionError(f"{stages} 段 {microbatches} 个微批：各段互相等，卡死了") from None
    kept = kept_activations(timeline)
    most = [min(stages - stage, microbatches) for stage in range(stages)]
    assert all(a <= b for a, b in zip(kept, most, strict=True)), (
        f"{stages} 段 {microbatches} 个微批：留了 {kept} 份激活，应不超过 {most} ‖ "
        f"{stages} stages, {microbatches} microbatches: {kept} activations are kept, expected at most {most}"
    )
    assert abs(bubble(timeline) - (stages - 1) / microbatches) < 1e-6, (
        f"气泡 {bubble(timeline):.2f}，应是 (p-1)/m = {(stages - 1) / microbatches:.2f}：等得太多 ‖ "
        f"a bubble of {bubble(timeline):.2f}, expected (p-1)/m = {(stages - 1) / microbatches:.2f}: too much waiting"
    )
# --8<-- [end:check]
