"""采样引擎（如 vLLM）与训练框架算出的概率不一样，样本其实来自另一个策略。用截断的重要性采样修正：
每个 token 的梯度乘以 min(π_训练 / π_采样, C)。这个权重是常数，不能有梯度流过它。

A sampling engine's probabilities differ from the training framework's: the samples come from another policy. Correct
it by truncated importance sampling: each token's gradient is multiplied by min(π_train / π_rollout, C). The weight is
a constant; no gradient may flow through it.
"""

# --8<-- [start:task]
import torch


def policy_gradient_loss(train_logps, rollout_logps, advantages, cap=2.0):
    """Log-probabilities of the sampled tokens in both engines and advantages, `(B, T)`: one number."""
    return -(advantages * train_logps).mean()


train_logps = torch.tensor([[0.5, 0.2, 0.9]]).log().requires_grad_()
rollout_logps = torch.tensor([[0.5, 0.4, 0.1]]).log()
policy_gradient_loss(train_logps, rollout_logps, torch.ones(1, 3)).backward()
print("pull on each token:", -3 * train_logps.grad)
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


def policy_gradient_loss(train_logps, rollout_logps, advantages, cap=2.0):
    """Log-probabilities of the sampled tokens in both engines and advantages, `(B, T)`: one number."""
    weights = (train_logps - rollout_logps).exp().clamp(max=cap).detach()
    return -(weights * advantages * train_logps).mean()


# --8<-- [end:answer]

# --8<-- [start:check]
train = torch.tensor([[0.5, 0.2, 0.9, 0.3]]).log().requires_grad_()
rollout = torch.tensor([[0.5, 0.4, 0.1, 0.2]]).log().requires_grad_()
A = torch.tensor([[1.0, 1.0, 1.0, -2.0]])
result = policy_gradient_loss(train, rollout, A, cap=2.0)
assert result.ndim == 0, "损失是一个数"
gradients = torch.autograd.grad(result, (train, rollout), allow_unused=True)
assert gradients[1] is None or not gradients[1].any(), "rollout_logps 是数据，不能有梯度"
pull = -4 * gradients[0][0]
assert abs(pull[0].item() - 1.0) < 1e-5, "两边一致的 token，权重是 1"
assert abs(pull[1].item() - 0.5) < 1e-5, (
    f"0.2 对 0.4 的 token，推力应是 0.5，现在是 {pull[1].item():.2f}：权重是 π_训练 / π_采样，而且要 detach"
)
assert abs(pull[2].item() - 2.0) < 1e-5, f"0.9 对 0.1：权重是 9，应截到 C = 2，现在是 {pull[2].item():.2f}"
assert abs(pull[3].item() + 3.0) < 1e-5, "优势为负也要乘同一个权重"
cap3 = torch.autograd.grad(policy_gradient_loss(train, rollout, A, cap=3.0), train)[0]
assert abs(-4 * cap3[0, 2].item() - 3.0) < 1e-5, "没有用上参数 cap"
# --8<-- [end:check]
