"""One step of SGD, of Adam with L2, and of AdamW."""


def sgd(θ, g, η):
    return θ - η * g


def moments(g, m, v, t, β1=0.9, β2=0.999, ϵ=1e-8):
    m = β1 * m + (1 - β1) * g  # 梯度的滑动平均 ‖ running mean of the gradient
    v = β2 * v + (1 - β2) * g**2  # 梯度平方的滑动平均 ‖ and of its square
    step = (m / (1 - β1**t)) / ((v / (1 - β2**t)) ** 0.5 + ϵ)  # 从 0 起步的偏差要修正 ‖ both started at 0
    return step, m, v


def adam_l2(θ, g, m, v, t, η, λ):
    step, m, v = moments(g + λ * θ, m, v, t)  # 衰减也被 √v 除过 ‖ the decay is divided by √v, too
    return θ - η * step, m, v


def adamw(θ, g, m, v, t, η, λ):
    step, m, v = moments(g, m, v, t)
    return (1 - η * λ) * θ - η * step, m, v  # 衰减不经过 √v ‖ the decay passes by √v
