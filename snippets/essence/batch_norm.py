"""Each channel c over batch, height and width; running statistics for inference."""


def batch_norm(x, γ, β, running, ϵ=1e-5):
    μ = x.mean(dim=(0, 2, 3), keepdim=True)  # (1, C, 1, 1)：每个通道一个 ‖ one for each channel
    σ2 = ((x - μ) ** 2).mean(dim=(0, 2, 3), keepdim=True)
    M = x[:, 0].numel()
    mean, var = running
    running = 0.9 * mean + 0.1 * μ, 0.9 * var + 0.1 * σ2 * M / (M - 1)  # 累积的是无偏方差 ‖ the unbiased one
    return γ * (x - μ) / (σ2 + ϵ) ** 0.5 + β, running


def inference(x, γ, β, running, ϵ=1e-5):
    mean, var = running  # 与同批的其他样本无关 ‖ whatever else is in the batch
    return γ * (x - mean) / (var + ϵ) ** 0.5 + β
