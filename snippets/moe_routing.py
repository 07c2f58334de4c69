r"""Mixture of experts: routing and load balancing

Instead of one feed-forward network a layer has `E` of them, the experts, and a router that sends each token to `k`:
many parameters, little computation. Left alone, a router favours a few experts, which then learn fastest and are
chosen ever more; a loss on the balance (or a bias on the choice) keeps all of them in use.

$$
y = \sum_{i \in \mathcal{T}} g_i\, \mathrm{MLP}_i(x), \quad \mathcal{T} = \mathrm{TopK}(W_r x), \quad
g = \mathrm{softmax}\big((W_r x)_{\mathcal{T}}\big), \qquad
\mathcal{L} = E \sum_{i=1}^{E} f_i P_i
$$

Papers: [Mixtral of Experts](https://arxiv.org/abs/2401.04088), section 2.1;
[Switch Transformers](https://arxiv.org/abs/2101.03961), section 2.2 (the loss);
[Auxiliary-Loss-Free Load Balancing](https://arxiv.org/abs/2408.15664) (the bias).

Letters: `N` tokens, `C` model width, `K` hidden width of an expert, `E` experts, `k` experts of each token, `f_i` share
of the choices that fell on expert `i`, `P_i` its mean probability.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# --8<-- [start:core]
def route(logits: Tensor, k: int, bias: Tensor | None = None, norm_topk_prob: bool = True) -> tuple[Tensor, Tensor]:
    """Choose `k` experts for each token, and what each of them counts.

    Args:
        logits: Of the router, `(N, E)`.
        k: Experts of each token, 1 to `E`.
        bias: Added to the logits for the choice and not for the weights, `(E,)`; see `balance_bias`. None: 0.
        norm_topk_prob: Whether the weights of the chosen sum to 1 (Mixtral, DeepSeek-V3). If not, they are their shares
            of the softmax over all experts (Switch, OLMoE): with `k` 1 the only weights that teach the router anything.

    Returns:
        Weights, `(N, k)`, largest choice first. Float32 or wider.
        Numbers of the experts, `(N, k)`, integers.

    Raises:
        ValueError: If `k` is not in 1 to `E`.
    """
    if not 1 <= k <= logits.shape[-1]:
        raise ValueError(f"k {k} is not in 1 to {logits.shape[-1]}")
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    experts = (logits if bias is None else logits + bias).topk(k, dim=-1).indices
    if norm_topk_prob:
        return logits.gather(-1, experts).softmax(dim=-1), experts
    return logits.softmax(dim=-1).gather(-1, experts), experts


def load_balancing_loss(logits: Tensor, k: int, real: Tensor | None = None) -> Tensor:
    """The auxiliary loss of Switch Transformers, to be added with a factor of about 0.01.

    The gradient comes from `P` alone: counting choices has none.

    Args:
        logits: Of the router, `(N, E)`.
        k: Experts of each token.
        real: Bool or 0/1 `(N,)`, False at padding, which does not count. None: all count.

    Returns:
        A scalar: 1 where all experts are chosen alike, up to `E / k` where all tokens agree; 0 where no token counts.

    Raises:
        ValueError: If `k` is not in 1 to `E`, or `real` is not `(N,)`.
    """
    real = torch.ones_like(logits[:, 0], dtype=torch.bool) if real is None else real.bool()  # (N,)
    if real.shape != logits.shape[:1]:
        raise ValueError(f"real {tuple(real.shape)} does not fit logits {tuple(logits.shape)}")
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32)).masked_fill(~real[:, None], 0.0)
    _, experts = route(logits, k)
    E, count = logits.shape[-1], real.sum().clamp(min=1)
    share = (F.one_hot(experts, E) * real[:, None, None]).sum(dim=(0, 1)) / (k * count)  # f, (E,)
    probability = (logits.softmax(dim=-1) * real[:, None]).sum(dim=0) / count  # P, (E,)
    return E * (share * probability).sum()


@torch.no_grad()
def balance_bias(bias: Tensor, experts: Tensor, rate: float = 0.001) -> Tensor:
    """One step of balancing without a loss: lower the bias of experts chosen too often, raise that of the others.

    Args:
        bias: As `route` takes it, `(E,)`.
        experts: As `route` returned them for a batch, `(N, k)`.
        rate: How far a bias moves.

    Returns:
        The new bias, `(E,)`.
    """
    counts = F.one_hot(experts, len(bias)).sum(dim=(0, 1)).to(bias.dtype)  # (E,)
    return bias + rate * (counts.mean() - counts).sign()


class MoE(nn.Module):
    """A layer of gated experts, as in Mixtral.

    The router works in float32 whatever the rest does: of logits in bfloat16 some percent of the tokens see a tie at
    the boundary, and go to experts that they would not have chosen.

    Args:
        width: `C`, transformers' `hidden_size`.
        hidden: `K`, its `moe_intermediate_size`.
        experts: `E`, its `num_experts`.
        k: Experts of each token, its `num_experts_per_tok`.
        norm_topk_prob: See `route`.

    Raises:
        ValueError: If a width is below 1, `k` is not in 1 to `experts`, or the router could not learn: the weight of a
            single expert, normalised, is always 1.
    """

    def __init__(self, width: int, hidden: int, experts: int, k: int = 2, norm_topk_prob: bool = True) -> None:
        super().__init__()
        if width < 1 or hidden < 1:
            raise ValueError(f"width {width} and hidden {hidden} are not both positive")
        if not 1 <= k <= experts:
            raise ValueError(f"k {k} is not in 1 to {experts}")
        if k == 1 and norm_topk_prob and experts > 1:
            raise ValueError("k 1 with norm_topk_prob leaves the router without a gradient: set norm_topk_prob=False")
        self.k, self.norm_topk_prob = k, norm_topk_prob
        self.router = nn.Linear(width, experts, bias=False)
        self.gate_up = nn.Parameter(torch.randn(experts, 2 * hidden, width) * width**-0.5)
        self.down = nn.Parameter(torch.randn(experts, width, hidden) * hidden**-0.5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Send every token through its experts.

        Args:
            x: Shape `(..., C)`.

        Returns:
            Outputs, `(..., C)`.
            Logits of the router, `(N, E)`, for `load_balancing_loss`.
        """
        tokens = x.reshape(-1, x.shape[-1])  # (N, C)
        wide = torch.promote_types(x.dtype, torch.float32)
        logits = F.linear(tokens.to(wide), self.router.weight.to(wide))
        weights, experts = route(logits, self.k, norm_topk_prob=self.norm_topk_prob)
        output = torch.zeros_like(tokens)
        for expert in experts.unique().tolist():  # those that were chosen at all
            rows, slots = (experts == expert).nonzero(as_tuple=True)  # the n tokens that chose it
            gate, up = (tokens[rows] @ self.gate_up[expert].T).chunk(2, dim=-1)  # (n, K) each
            result = (F.silu(gate) * up) @ self.down[expert].T  # (n, C)
            output.index_add_(0, rows, (result * weights[rows, slots, None]).to(output.dtype))
        return output.view(x.shape), logits


# --8<-- [end:core]


def demo() -> None:
    """Parameters held and used, and what the balancing loss says of an even and an uneven router."""
    torch.manual_seed(0)
    layer = MoE(width=32, hidden=64, experts=16, k=2)
    experts = layer.gate_up.numel() + layer.down.numel()
    print(f"parameters of the experts: {experts}, used by one token: {experts * layer.k // 16}")
    _, logits = layer(torch.randn(1000, 32))
    for name, skew in (("fresh router", 0.0), ("favours expert 0", 3.0)):
        shifted = logits.detach() + skew * F.one_hot(torch.tensor(0), 16)
        print(f"{name}: balancing loss {load_balancing_loss(shifted, k=2).item():.2f}")


if __name__ == "__main__":
    demo()
