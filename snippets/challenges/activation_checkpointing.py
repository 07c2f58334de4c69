"""`Again` 现在把 `f` 的图整个留着。改到前向只留输入 `x`：前向跑一遍不记图，反向时再跑一遍、从那里反向。`f` 总共跑两遍，
权重与输入的梯度都与不用它时相同。

`Again` keeps the whole graph of `f`. Keep the input `x` alone: run forward without a graph, and once more, with one,
when the gradient comes. `f` runs twice in all, and weights and input get the gradients that they would get without it.
"""

# --8<-- [start:task]
import torch


class Again(torch.autograd.Function):
    @staticmethod
    def forward(ctx, f, x):
        with torch.enable_grad():
            ctx.x = x.detach().requires_grad_()
            ctx.y = f(ctx.x)
        return ctx.y.detach()

    @staticmethod
    def backward(ctx, g):
        ctx.y.backward(g)
        return None, ctx.x.grad


layer = torch.nn.Linear(3, 3)
x = torch.ones(2, 3, requires_grad=True)
Again.apply(lambda x: layer(x).tanh(), x).sum().backward()
print(x.grad)
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


class Again(torch.autograd.Function):
    @staticmethod
    def forward(ctx, f, x):
        ctx.f = f
        ctx.save_for_backward(x)
        return f(x)

    @staticmethod
    def backward(ctx, g):
        x = ctx.saved_tensors[0].detach().requires_grad_()
        with torch.enable_grad():
            y = ctx.f(x)
        y.backward(g)
        return None, x.grad


layer = torch.nn.Linear(3, 3)
x = torch.ones(2, 3, requires_grad=True)
Again.apply(lambda x: layer(x).tanh(), x).sum().backward()
print(x.grad)
# --8<-- [end:answer]

# --8<-- [start:check]
torch.manual_seed(0)
one, runs = torch.nn.Linear(3, 3), []


def f(x):
    runs.append(torch.is_grad_enabled())
    return (one(x) * x).tanh()


start = torch.randn(4, 3)
plain = start.clone().requires_grad_()
(f(plain) ** 2).sum().backward()
expected, weight = plain.grad.clone(), one.weight.grad.clone()
one.zero_grad()
runs.clear()
again = start.clone().requires_grad_()
output = Again.apply(f, again)
assert runs == [False], (
    f"前向应当跑一遍 f、不记图，现在跑了 {len(runs)} 遍，记图的有 {sum(runs)} 遍 ‖ "
    f"forward should run f once without a graph; it ran {len(runs)} times, {sum(runs)} of them with one"
)
(output**2).sum().backward()
assert runs == [False, True], (
    f"反向应当再跑一遍 f、记图，现在前后一共跑了 {len(runs)} 遍 ‖ "
    f"backward should run f once more, with a graph; there were {len(runs)} runs in all"
)
assert again.grad is not None and torch.allclose(again.grad, expected, atol=1e-6), (
    "输入的梯度与不用 Again 时不同 ‖ the input's gradient is not the one without Again"
)
assert torch.allclose(one.weight.grad, weight, atol=1e-6), (
    "权重的梯度与不用 Again 时不同 ‖ the weight's gradient is not the one without Again"
)
# --8<-- [end:check]
