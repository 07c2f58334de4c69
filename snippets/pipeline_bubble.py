r"""Pipeline parallelism: GPipe, 1F1B, and the bubble

The layers are split into stages, one a device, and the batch into microbatches that follow one another through them. At
both ends of a step devices stand idle. GPipe runs all forward passes before the first backward pass; 1F1B starts each
backward pass as soon as it can. The idle time is the same, the activations that must be kept are not.

$$
\frac{t_{\text{bubble}}}{t_{\text{ideal}}} = \frac{p - 1}{m}, \qquad
\text{kept by stage } i:\; m \text{ (GPipe)}, \quad \min(p - i, m) \text{ (1F1B)}
$$

Papers: [GPipe](https://arxiv.org/abs/1811.06965); [Efficient Large-Scale Language Model Training on GPU Clusters
Using Megatron-LM](https://arxiv.org/abs/2104.04473), section 2.2.

Letters: `p` stages, counted from 0 as `i`, `m` microbatches.
"""

from dataclasses import dataclass


# --8<-- [start:core]
@dataclass(frozen=True)
class Pass:
    """A forward (`F`) or backward (`B`) pass of one microbatch through one stage; the times are set by `simulate`."""

    kind: str
    microbatch: int
    start: float = 0.0
    end: float = 0.0


def gpipe(stages: int, microbatches: int) -> list[list[Pass]]:
    """The order of each stage's passes: all forward, then all backward.

    Raises:
        ValueError: If `stages` or `microbatches` is below 1.
    """
    _check(stages, microbatches)
    order = [Pass("F", number) for number in range(microbatches)]
    order += [Pass("B", number) for number in range(microbatches)]
    return [order for _ in range(stages)]


def one_f_one_b(stages: int, microbatches: int) -> list[list[Pass]]:
    """The order of each stage's passes: forward until the first gradient can come, then one of each in turn.

    Raises:
        ValueError: As `gpipe`.
    """
    _check(stages, microbatches)
    orders = []
    for stage in range(stages):
        ahead = min(stages - 1 - stage, microbatches)  # the last stage can turn round at once
        order = [Pass("F", number) for number in range(ahead)]
        for number in range(microbatches - ahead):
            order += [Pass("F", number + ahead), Pass("B", number)]
        order += [Pass("B", number) for number in range(microbatches - ahead, microbatches)]
        orders.append(order)
    return orders


def simulate(orders: list[list[Pass]], forward: float = 1.0, backward: float = 2.0) -> list[list[Pass]]:
    """When each pass runs, if every stage goes through its order and waits only for what the pass needs.

    A forward pass needs the one of the stage before; a backward pass the one of the stage after, and in the last stage
    its own forward pass. Communication takes no time.

    Args:
        orders: Passes of each stage.
        forward: Time of a forward pass through a stage.
        backward: Time of a backward pass; about twice as much, as there are two gradients to compute.

    Returns:
        The same passes with their times.

    Raises:
        ValueError: If the stages wait for one another for ever.
    """
    last = len(orders) - 1
    timeline: list[list[Pass]] = [[] for _ in orders]
    ends: dict[tuple[str, int, int], float] = {}  # (kind, microbatch, stage): when it was done
    while any(len(done) < len(order) for done, order in zip(timeline, orders, strict=True)):
        moved = False
        for stage, (done, order) in enumerate(zip(timeline, orders, strict=True)):
            while len(done) < len(order):
                kind, number = order[len(done)].kind, order[len(done)].microbatch
                if kind == "F":
                    needed = ("F", number, stage - 1) if stage > 0 else None
                else:
                    needed = ("B", number, stage + 1) if stage < last else ("F", number, stage)
                if needed is not None and needed not in ends:
                    break
                start = max(done[-1].end if done else 0.0, ends[needed] if needed else 0.0)
                end = start + (forward if kind == "F" else backward)
                ends[kind, number, stage] = end
                done.append(Pass(kind, number, start, end))
                moved = True
        if not moved:
            raise ValueError("the stages wait for one another: no order can be continued")
    return timeline


def bubble(timeline: list[list[Pass]]) -> float:
    """Idle time of a stage until all are done, as a share of the time it works; the worst stage counts."""
    total = max(run.end for runs in timeline for run in runs)
    return max(total / sum(run.end - run.start for run in runs) - 1 for runs in timeline)


def kept_activations(timeline: list[list[Pass]]) -> list[int]:
    """For each stage the most microbatches whose forward pass is done and whose backward pass is not."""
    peaks = []
    for runs in timeline:
        held = peak = 0
        for run in runs:
            held += 1 if run.kind == "F" else -1
            peak = max(peak, held)
        peaks.append(peak)
    return peaks


def draw(timeline: list[list[Pass]]) -> str:
    """One line a stage, one letter a unit of time: digits forward, letters backward, dots idle; for whole times."""
    lines = []
    for runs in timeline:
        line = ""
        for run in runs:
            mark = chr(ord("0" if run.kind == "F" else "a") + run.microbatch % 10)
            line += "." * (int(run.start) - len(line)) + mark * int(run.end - run.start)
        lines.append(line)
    width = max(map(len, lines))
    return "\n".join(line.ljust(width, ".") for line in lines)


def _check(stages: int, microbatches: int) -> None:
    """Refuse an empty pipeline."""
    if stages < 1 or microbatches < 1:
        raise ValueError(f"stages {stages} or microbatches {microbatches} is below 1")


# --8<-- [end:core]


def demo() -> None:
    """Four stages, six microbatches, both orders."""
    for name, orders in (("GPipe", gpipe(4, 6)), ("1F1B", one_f_one_b(4, 6))):
        timeline = simulate(orders)
        print(f"{name}: bubble {bubble(timeline):.2f}, activations kept {kept_activations(timeline)}")
        print(draw(timeline))


if __name__ == "__main__":
    demo()
