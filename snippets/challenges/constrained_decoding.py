"""只遮住不合法的 token，得到的不是「模型在合法文本中的分布」：一条开头合法、后面很难写完的路会被选得太多。这里每个位置
的概率都是 `p`，至多写 `remaining` 个 token（终止符在内）。让 `choose` 给出真正的条件概率：每个合法的 token，还要乘上
「从它之后的状态出发，剩下的步数里写得完」的概率。终点上就是 1。

Masking what is not valid does not give the model's distribution among valid texts: a way that begins well and is hard
to finish is taken too often. Here the probabilities at each place are `p`, and at most `remaining` tokens are written,
the end among them. Let `choose` give the true conditional probabilities: each valid token times the probability that,
from the state behind it, the text is finished in the steps that are left. At the end that is 1.
"""

# --8<-- [start:task]
import torch


def choose(p, table, state, remaining):  # (V,), int (S, V), -1: not allowed; S - 1: the end -> (V,)
    q = p * (table[state] >= 0)
    return q / q.sum()


# tokens <eos>, a, b; texts "a" and "bbb"
table = torch.tensor([[-1, 1, 2], [4, -1, -1], [-1, -1, 3], [-1, -1, 1], [4, -1, -1]])
print(choose(torch.tensor([0.5, 0.2, 0.3]), table, 0, 9))
# --8<-- [end:task]


# --8<-- [start:answer]
import torch


def choose(p, table, state, remaining):  # (V,), int (S, V), -1: not allowed; S - 1: the end -> (V,)
    done = torch.zeros(len(table))
    done[-1] = 1
    for _ in range(remaining - 1):
        done = (p * (table >= 0) * done[table]).sum(dim=1)
        done[-1] = 1
    q = p * (table[state] >= 0) * done[table[state]]
    return q / q.sum()


# tokens <eos>, a, b; texts "a" and "bbb"
table = torch.tensor([[-1, 1, 2], [4, -1, -1], [-1, -1, 3], [-1, -1, 1], [4, -1, -1]])
print(choose(torch.tensor([0.5, 0.2, 0.3]), table, 0, 9))
# --8<-- [end:answer]


# --8<-- [start:check]
table = torch.tensor([[-1, 1, 2], [4, -1, -1], [-1, -1, 3], [-1, -1, 1], [4, -1, -1]])
p = torch.tensor([0.5, 0.2, 0.3])
found = choose(p, table, 0, 9)
assert abs(float(found.sum()) - 1) < 1e-6, "概率之和应当是 1 ‖ the probabilities should add up to 1"
# "a<eos>" has 0.2 · 0.5 = 0.1, "bbb<eos>" 0.3³ · 0.5 = 0.0135
assert abs(float(found[1]) - 0.1 / 0.1135) < 1e-5, (
    f"a 的概率应当是 0.1 / (0.1 + 0.0135) = 0.881，现在是 {float(found[1]):.3f} ‖ "
    f"a should have 0.1 / (0.1 + 0.0135) = 0.881, it has {float(found[1]):.3f}"
)
assert float(choose(p, table, 0, 3)[1]) == 1, (
    "只剩 3 个 token，bbb 加终止符写不完，只能选 a ‖ with 3 tokens left, bbb and its end do not fit: only a does"
)
assert 0 < float(choose(p, table, 0, 4)[2]) < 0.2, (
    "剩 4 个 token，bbb 加终止符刚好写得完 ‖ with 4 tokens left, bbb and its end just fit"
)
assert float(choose(p, table, 1, 5)[0]) == 1, "写完 a 只能结束 ‖ after a the text can only end"
loop = torch.tensor([[1, 0, -1], [1, -1, -1]])  # any number of a
found = choose(p, loop, 0, 3)  # of <eos>, a<eos>, aa<eos>
assert abs(float(found[0]) - 1 / (1 + 0.2 + 0.04)) < 1e-5, (
    "至多 3 个 token：空、a、aa 三种，比例 1 : 0.2 : 0.04 ‖ at most 3 tokens: nothing, a or aa, as 1 to 0.2 to 0.04"
)
# --8<-- [end:check]
