"""把 KL 直接放进损失，梯度要对：对策略自己采样的 token 取期望之后，恰好是 KL(π‖π_ref) 的梯度。
现在用的 k₃ 给出的是反方向的 KL。只改 `kl_term`。

Put the KL into the loss with the right gradient: averaged over tokens that the policy itself drew, it must be the
gradient of KL(π‖π_ref). k₃, used now, gives that of the other direction. Change `kl_term` alone.
"""

# --8<-- [start:task]
import torch


def kl_term(logps, ref_logps):
    """What stands in the loss for each sampled token: autograd differentiates it with respect to `logps`."""
    d = logps - ref_logps
    return torch.exp(-d) - 1 + d


theta = torch.tensor([1.0, 0.0, -1.0], requires_grad=True)
ref_logps = torch.tensor([0.2, 0.3, 0.5]).log()
logps = theta.log_softmax(dim=-1)
kl_of_policy = (logps.exp() * (logps - ref_logps)).sum()
print("wanted:", torch.autograd.grad(kl_of_policy, theta, retain_graph=True)[0])
print("given: ", torch.autograd.grad((logps.exp().detach() * kl_term(logps, ref_logps)).sum(), theta)[0])
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def kl_term(logps, ref_logps):
    """k2: its gradient is d times that of log π, which is the score function's estimate of the KL's."""
    return (logps - ref_logps).square() / 2


# --8<-- [end:answer]

# --8<-- [start:check]
for seed in range(4):
    torch.manual_seed(seed)
    theta, reference = (2 * torch.randn(6)).requires_grad_(), torch.randn(6).log_softmax(dim=-1)
    logps = theta.log_softmax(dim=-1)
    wanted = torch.autograd.grad((logps.exp() * (logps - reference)).sum(), theta, retain_graph=True)[0]
    term = kl_term(logps, reference)
    assert term.shape == logps.shape, (
        "每个 token 给一项，形状与 logps 相同 ‖ one term for each token, of the shape of logps"
    )
    given = torch.autograd.grad((logps.exp().detach() * term).sum(), theta)[0]
    assert given.abs().max() > 1e-3, (
        "梯度的期望是 0：k₁ 作损失什么也不约束 ‖ the expected gradient is 0: k₁ as a loss holds nothing back"
    )
    assert torch.allclose(given, wanted, atol=1e-5), (
        "期望不是 KL(π‖π_ref) 的梯度。要的是 d·∇log π：哪个函数对 d 求导等于 d？ ‖ "
        "the mean is not the gradient of KL(π, π_ref): d·∇log π is wanted; which function has the derivative d?"
    )
# --8<-- [end:check]
