r"""`step` 一上来就把所有层都拼起来，一直握到最后，峰值是整个模型。改成用到哪层拼哪层、用完就放：结果不变，
`Meter` 量到的峰值不超过最大的一层。拼用 `meter.gather(parts)`，放用 `meter.free(W)`。

`step` gathers all layers at the start and holds them to the end: the peak is the whole model. Gather each layer when it
is needed and free it right after: the same result, with a peak (by `Meter`) of no more than the largest layer. Gather
by `meter.gather(parts)`, free by `meter.free(W)`.
"""

# --8<-- [start:task]
import torch


class Meter:
    def __init__(self):
        self.now = self.peak = 0

    def gather(self, parts):
        self.now += sum(part.numel() for part in parts)
        self.peak = max(self.peak, self.now)
        return torch.cat(parts)

    def free(self, W):
        self.now -= W.numel()


def step(shards, x, meter):  # shards[i]: the parts of layer i's matrix
    whole = [meter.gather(parts) for parts in shards]
    for W in whole:
        x = (x @ W.T).tanh()
    for W in whole:
        meter.free(W)
    return x


meter = Meter()
step([list(torch.randn(4, 4).chunk(2))] * 3, torch.randn(2, 4), meter)
print("peak", meter.peak)
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


class Meter:
    def __init__(self):
        self.now = self.peak = 0

    def gather(self, parts):
        self.now += sum(part.numel() for part in parts)
        self.peak = max(self.peak, self.now)
        return torch.cat(parts)

    def free(self, W):
        self.now -= W.numel()


def step(shards, x, meter):  # shards[i]: the parts of layer i's matrix
    for parts in shards:
        W = meter.gather(parts)
        x = (x @ W.T).tanh()
        meter.free(W)
    return x


meter = Meter()
step([list(torch.randn(4, 4).chunk(2))] * 3, torch.randn(2, 4), meter)
print("peak", meter.peak)
# --8<-- [end:answer]

# --8<-- [start:check]
torch.manual_seed(0)
sizes = [(6, 4), (5, 6), (4, 5)]
matrices = [torch.randn(size) for size in sizes]
x = torch.randn(3, 4)
expected = x
for W in matrices:
    expected = (expected @ W.T).tanh()
meter = Meter()
found = step([list(W.split(2)) for W in matrices], x, meter)
assert torch.allclose(found, expected), "结果变了 ‖ the result has changed"
assert meter.now == 0, "还有层没有放掉 ‖ a layer was not freed"
assert meter.peak > 0, "要用 meter.gather 来拼 ‖ gather by meter.gather"
assert meter.peak <= 30, (
    f"峰值是 {meter.peak} 个数，最大的一层只有 30：拼一层，用一层，放一层 ‖ the peak is {meter.peak} numbers, and the "
    f"largest layer has 30: gather one, use it, free it"
)
# --8<-- [end:check]
