"""A gradient through a gradient: MAML on sines, a Hessian, a Newton step."""
import torch
import torch.nn.functional as F
from torch.autograd.functional import hessian, jacobian
from torch.func import functional_call, grad, vmap

torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(1, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
params = {k: v.detach().clone().requires_grad_() for k, v in net.named_parameters()}
outer = torch.optim.Adam(params.values(), lr=1e-2)
for it in range(3):
    losses = []
    for task in range(2):
        amplitude, phase = torch.rand(2).tolist()
        x = torch.rand(10, 1) * 10 - 5
        y = amplitude * torch.sin(x + phase)
        inner = F.mse_loss(functional_call(net, params, (x[:5],)), y[:5])
        grads = torch.autograd.grad(inner, params.values(), create_graph=True)
        fast = {k: p - 0.1 * g for (k, p), g in zip(params.items(), grads)}
        losses.append(F.mse_loss(functional_call(net, fast, (x[5:],)), y[5:]))
    loss = torch.stack(losses).mean()
    outer.zero_grad()
    loss.backward()
    outer.step()
    print(it, f"{loss.item():.4f}")


def rosenbrock(v):
    return (1 - v[0]) ** 2 + 100 * (v[1] - v[0] ** 2) ** 2


v = torch.tensor([-1.2, 1.0], dtype=torch.float64)
for _ in range(6):
    v = v - torch.linalg.solve(hessian(rosenbrock, v), jacobian(rosenbrock, v))
print(v)
per_sample = vmap(grad(lambda w, x: (w @ x).tanh()), in_dims=(None, 0))(torch.ones(3), torch.randn(4, 3))
print(per_sample.shape, f"{per_sample.norm():.4f}")
x = torch.tensor(3.0, requires_grad=True)
y = x**3
dy = torch.autograd.grad(y, x, create_graph=True)[0]
print(dy.item(), torch.autograd.grad(dy, x)[0].item())
