"""给一组 logits 找温度：让 softmax(logits / 温度) 的熵恰好等于 `target`。温度越高熵越大，所以可以用二分法。
`target` 总在 0 与 log V 之间（两端不取）。

Find the temperature at which the entropy of softmax(logits / temperature) is `target`. The entropy grows with the
temperature, so bisection works. `target` lies strictly between 0 and log V.
"""

# --8<-- [start:task]
import torch

from snippets.policy_entropy import policy_entropy


def temperature_for(logits, target):
    """Logits `(V,)`, all different, and the entropy wanted, in nats."""
    return 1.0


logits = torch.tensor([3.0, 2.0, 1.0, 0.5])
for target in (0.1, 0.7, 1.3):
    temperature = temperature_for(logits, target)
    print(f"target {target}: temperature {temperature:.3f}, entropy {policy_entropy(logits / temperature).item():.3f}")
# --8<-- [end:task]

# --8<-- [start:answer]
import math

import torch

from snippets.policy_entropy import policy_entropy


def temperature_for(logits, target):
    """Logits `(V,)`, all different, and the entropy wanted, in nats."""
    low, high = 1e-4, 1e6  # temperatures range over orders of magnitude: halve them in the logarithm
    for _ in range(60):
        middle = math.sqrt(low * high)
        if policy_entropy(logits / middle).item() < target:
            low = middle
        else:
            high = middle
    return middle


# --8<-- [end:answer]

# --8<-- [start:check]
torch.manual_seed(5)
for scale in (0.05, 1.0, 40.0):
    for size in (4, 50):
        z = scale * torch.randn(size)
        for share in (0.2, 0.5, 0.95):
            wanted = share * torch.log(torch.tensor(float(size))).item()
            found = float(temperature_for(z, wanted))
            assert found > 0, "温度必须大于 0"
            p = (z / found).softmax(dim=-1)
            entropy = -(p * p.clamp(min=1e-30).log()).sum().item()
            assert abs(entropy - wanted) < 0.01, (
                f"logits 的尺度约 {scale}，词表 {size}：要熵 {wanted:.2f}，温度 {found:.4g} 给出 {entropy:.2f}。"
                "熵太小就升温；搜索的范围要跨几个数量级"
            )
# --8<-- [end:check]
