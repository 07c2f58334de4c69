"""`accumulate` 把每个微批的**平均**损失再除以微批数。改到它留下的梯度与整批一次反向的相同，长短不一的微批也一样。
标签 `-100` 不计损失；微批仍要一个一个反向。

`accumulate` divides each micro-batch's **mean** loss by their number. Mend it so that it leaves the gradient of one
backward pass over the whole batch, also where micro-batches differ in length. Labels of `-100` have no loss;
micro-batches still go backward one by one.
"""

# --8<-- [start:task]
import torch
import torch.nn.functional as F


def accumulate(model, batches):  # batches: [(x (n, 4), y (n,)), ...]
    for x, y in batches:
        loss = F.cross_entropy(model(x), y)
        (loss / len(batches)).backward()


torch.manual_seed(0)
model = torch.nn.Linear(4, 3)
batches = [(torch.randn(n, 4), torch.randint(3, (n,))) for n in (8, 2, 2)]
batches[0][1][::2] = -100
accumulate(model, batches)
print(model.bias.grad)
# --8<-- [end:task]

# --8<-- [start:answer]
import torch
import torch.nn.functional as F


def accumulate(model, batches):  # batches: [(x (n, 4), y (n,)), ...]
    N = sum((y != -100).sum() for _, y in batches)
    for x, y in batches:
        loss = F.cross_entropy(model(x), y, reduction="sum")
        (loss / N).backward()


torch.manual_seed(0)
model = torch.nn.Linear(4, 3)
batches = [(torch.randn(n, 4), torch.randint(3, (n,))) for n in (8, 2, 2)]
batches[0][1][::2] = -100
accumulate(model, batches)
print(model.bias.grad)
# --8<-- [end:answer]

# --8<-- [start:check]
calls = []


class Counting(torch.nn.Linear):
    def forward(self, x):
        calls.append(len(x))
        return super().forward(x)


torch.manual_seed(1)
one = Counting(4, 3)
for sizes, ignored in (((4, 4), 0), ((6, 1, 3), 0), ((6, 1, 3), 4), ((2, 5), 2)):
    given = [(torch.randn(n, 4), torch.randint(3, (n,))) for n in sizes]
    given[0][1][:ignored] = -100  # (2, 5)：第一个微批一个也不计 ‖ (2, 5): nothing of the first one counts
    x, y = (torch.cat(parts) for parts in zip(*given, strict=True))
    one.zero_grad()
    F.cross_entropy(one(x), y).backward()
    whole = one.weight.grad.clone()
    one.zero_grad()
    calls.clear()
    accumulate(one, given)
    assert calls == list(sizes), (
        f"每个微批应当各做一次前向，现在前向的行数是 {calls} ‖ "
        f"each micro-batch should go forward once; the passes had {calls} rows"
    )
    found = one.weight.grad
    assert not torch.isnan(found).any(), (
        "有 NaN：一个微批可能一个计损失的标签都没有，不能除以它自己的个数 ‖ "
        "NaN: a micro-batch may have no label that counts, so do not divide by its own number"
    )
    assert torch.allclose(found, whole, atol=1e-5), (
        f"微批 {sizes}、其中 {ignored} 个标签不计：梯度应当等于整批的，现在最多差 {(found - whole).abs().max():.4f} ‖ "
        f"micro-batches of {sizes}, {ignored} labels ignored: the gradient should be that of the whole batch, and is "
        f"off by {(found - whole).abs().max():.4f}"
    )
# --8<-- [end:check]
