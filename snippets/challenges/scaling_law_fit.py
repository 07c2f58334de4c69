r"""`optimum` 把算力平分给参数和 token（$N=D=\sqrt{C/6}$）。改成在 $6ND=C$ 之下让损失最小的 $N$ 与 $D$，$A$、$B$、
$\alpha$、$\beta$ 是什么都要对。

`optimum` gives parameters and tokens the same number, $N = D = \sqrt{C/6}$. Find those with the least loss where
$6ND = C$, whatever $A$, $B$, $\alpha$ and $\beta$ are.
"""


# --8<-- [start:task]
def loss(N, D, E, A, B, alpha, beta):
    return E + A / N**alpha + B / D**beta


def optimum(C, E, A, B, alpha, beta):
    N = (C / 6) ** 0.5
    return N, C / (6 * N)


N, D = optimum(1e21, 1.8172, 482.01, 2085.43, 0.3478, 0.3658)
print(f"N {N:.3g}  D {D:.3g}  loss {loss(N, D, 1.8172, 482.01, 2085.43, 0.3478, 0.3658):.4f}")
# --8<-- [end:task]


# --8<-- [start:answer]
def loss(N, D, E, A, B, alpha, beta):
    return E + A / N**alpha + B / D**beta


def optimum(C, E, A, B, alpha, beta):
    N = (alpha * A / (beta * B)) ** (1 / (alpha + beta)) * (C / 6) ** (beta / (alpha + beta))
    return N, C / (6 * N)


N, D = optimum(1e21, 1.8172, 482.01, 2085.43, 0.3478, 0.3658)
print(f"N {N:.3g}  D {D:.3g}  loss {loss(N, D, 1.8172, 482.01, 2085.43, 0.3478, 0.3658):.4f}")
# --8<-- [end:answer]

# --8<-- [start:check]
laws = [(1.8172, 482.01, 2085.43, 0.3478, 0.3658), (1.69, 406.4, 410.7, 0.34, 0.28), (0.5, 3.0, 900.0, 0.2, 0.6)]
for law in laws:
    for C in (1e18, 1e21, 1e24):
        N, D = optimum(C, *law)
        assert abs(6 * N * D / C - 1) < 1e-6, (
            f"C = {C:.0e} 时 6ND 是 {6 * N * D:.3g}，应当正好用完算力 ‖ 6ND is {6 * N * D:.3g} for a budget of {C:.0e}"
        )
        for factor in (0.5, 0.95, 1.05, 2.0):
            other = loss(N * factor, D / factor, *law)
            assert loss(N, D, *law) <= other, (
                f"C = {C:.0e}、E, A, B, α, β = {law} 时，N 换成 {factor} 倍（D 相应变小或变大）损失反而更低："
                f"{other:.4f} < {loss(N, D, *law):.4f} ‖ for a budget of {C:.0e} and {law} a model of {factor} times "
                f"the size is better: {other:.4f} < {loss(N, D, *law):.4f}"
            )
# --8<-- [end:check]
