r"""`z` 数了绿 token，却没有减去碰巧该有的个数，也没有除以标准差，长一点的普通文本都会被当成有水印。改对：
$T$ 个 token 里碰巧是绿的个数服从二项分布，每个的概率是 $\gamma$。

`z` counts green tokens, but neither takes away what chance gives nor divides by the standard deviation, so any longer
text would seem marked. Make it right: of $T$ tokens each is green with probability $\gamma$ by chance.
"""

# --8<-- [start:task]
import math


def z(green, T, gamma):
    return green / math.sqrt(T)


print("100 tokens, 25 green:", z(25, 100, 0.25))
print("100 tokens, 60 green:", z(60, 100, 0.25))
# --8<-- [end:task]

# --8<-- [start:answer]
import math


def z(green, T, gamma):
    return (green - gamma * T) / math.sqrt(T * gamma * (1 - gamma))


print("100 tokens, 25 green:", z(25, 100, 0.25))
print("100 tokens, 60 green:", z(60, 100, 0.25))
# --8<-- [end:answer]

# --8<-- [start:check]
for T, gamma in ((100, 0.25), (40, 0.5), (300, 0.1)):
    chances = [math.comb(T, g) * gamma**g * (1 - gamma) ** (T - g) for g in range(T + 1)]
    mean = sum(p * z(g, T, gamma) for g, p in enumerate(chances))
    variance = sum(p * (z(g, T, gamma) - mean) ** 2 for g, p in enumerate(chances))
    assert abs(mean) < 1e-6, (
        f"没有水印的文本（T = {T}，γ = {gamma}），z 的平均应当是 0，现在是 {mean:.2f} ‖ "
        f"without a mark (T = {T}, γ = {gamma}) z should be 0 on average, and is {mean:.2f}"
    )
    assert abs(variance - 1) < 1e-6, (
        f"没有水印的文本（T = {T}，γ = {gamma}），z 的方差应当是 1，现在是 {variance:.2f} ‖ "
        f"without a mark (T = {T}, γ = {gamma}) z should have variance 1, not {variance:.2f}"
    )
# --8<-- [end:check]
