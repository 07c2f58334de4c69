"""Each token's D features, by their own mean and variance."""


def layer_norm(x, γ, β, ϵ=1e-5):
    μ = x.mean(dim=-1, keepdim=True)  # (..., 1)：只看这一个 token ‖ this token alone
    σ2 = ((x - μ) ** 2).mean(dim=-1, keepdim=True)  # 除以 D，不是 D - 1 ‖ divided by D, not D - 1
    y = (x - μ) / (σ2 + ϵ) ** 0.5  # ϵ 在根号里面 ‖ ϵ stands inside the root
    return y * γ + β
