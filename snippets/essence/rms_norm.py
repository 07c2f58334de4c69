"""Divided by the root of the mean square; no mean is taken away."""


def rms_norm(x, γ, ϵ=1e-6):
    rms = ((x**2).mean(dim=-1, keepdim=True) + ϵ) ** 0.5  # 均方的根，ϵ 在根号里 ‖ root mean square, ϵ inside
    return x / rms * γ  # 没有 μ，也没有 β ‖ no μ, and no β
