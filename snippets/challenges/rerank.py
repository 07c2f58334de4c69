"""写平均精度 AP：把相关文档的名次从前到后列出，在每一个名次上算「到这里为止有几成是相关的」，再对**全部**相关文档
求平均。没有相关文档时是 0。现在的写法只看了第一个相关的。

Write average precision: list the ranks of the relevant documents, take at each of them the part of what was seen so far
that is relevant, and average over **all** relevant documents. Without one it is 0. What stands there looks at the first
relevant one alone.
"""

# --8<-- [start:task]
import torch


def average_precision(relevant, scores):  # bool (N,), (N,) -> float
    hits = relevant[scores.argsort(descending=True)]
    ranks = hits.nonzero().flatten() + 1
    return 1 / ranks[0].item()


print(average_precision(torch.tensor([True, False, True]), torch.tensor([3.0, 2.0, 1.0])))
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def average_precision(relevant, scores):  # bool (N,), (N,) -> float
    hits = relevant[scores.argsort(descending=True)]
    ranks = hits.nonzero().flatten() + 1
    precisions = [(place + 1) / rank for place, rank in enumerate(ranks.tolist())]
    return sum(precisions) / max(len(precisions), 1)


print(average_precision(torch.tensor([True, False, True]), torch.tensor([3.0, 2.0, 1.0])))
# --8<-- [end:answer]

# --8<-- [start:check]
yes = torch.tensor([True, False, True, False])
found = average_precision(yes, torch.tensor([4.0, 3.0, 2.0, 1.0]))
assert abs(found - (1 + 2 / 3) / 2) < 1e-6, f"名次 1、3：(1/1 + 2/3) / 2 = 0.833，现在是 {found:.3f}"
found = average_precision(yes, torch.tensor([1.0, 4.0, 2.0, 3.0]))
assert abs(found - (1 / 3 + 2 / 4) / 2) < 1e-6, f"名次 3、4：(1/3 + 2/4) / 2 = 0.417，现在是 {found:.3f}；要按得分排"
assert average_precision(torch.ones(5).bool(), torch.rand(5)) == 1, "全都相关时是 1"
assert average_precision(torch.zeros(3).bool(), torch.rand(3)) == 0, "没有相关文档时应当是 0，不要报错"
# --8<-- [end:check]
