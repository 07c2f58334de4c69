r"""Gated DeltaNet: linear attention that can overwrite and forget

Attention without its softmax needs no cache: a matrix of fixed size adds up keys times values, and a query reads it.
What is only ever added to gets full. The delta rule writes the difference to what is stored already under the key, and
a gate lets all of it fade. Token by token that is slow to train; in chunks it is matrix products and the same numbers.

$$
S_t = \alpha_t S_{t-1} + \beta_t\, k_t \big(v_t - \alpha_t S_{t-1}^\top k_t\big)^\top, \qquad o_t = S_t^\top q_t
$$
$$
\big(I + \mathrm{tril}_{-1}(\mathrm{diag}(\beta)\, K K^\top \odot \Gamma)\big)\, U = \mathrm{diag}(\beta) \big(V -
\mathrm{diag}(\gamma) K S_0\big), \qquad
O = \mathrm{diag}(\gamma) Q S_0 + \mathrm{tril}(Q K^\top \odot \Gamma)\, U
$$

Papers: [Transformers are RNNs](https://arxiv.org/abs/2006.16236) (linear attention),
[Linear Transformers Are Secretly Fast Weight Programmers](https://arxiv.org/abs/2102.11174) (delta rule),
[Parallelizing Linear Transformers with the Delta Rule](https://arxiv.org/abs/2406.06484) (chunks),
[Gated Delta Networks](https://arxiv.org/abs/2412.06464).

Letters: `B` batch, `H` heads, `T` sequence, `D` width of keys, `M` of values; `S` is the state, `(D, M)`; `γ_i` is the
product of the `α` in a chunk up to `i`, and `Γ_ij = γ_i / γ_j`.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def gated_delta_recurrent(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor | None = None,
    log_decay: Tensor | None = None,
    state: Tensor | None = None,
    scale: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Token by token, as a model generates.

    Args:
        q: Queries `(B, H, T, D)`.
        k: Keys `(B, H, T, D)`, of length 1 for the delta rule (`F.normalize`): with longer ones it may blow up.
        v: Values `(B, H, T, M)`.
        beta: How far to overwrite, 0 to 1 (or 2), `(B, H, T)`. None: no delta rule, keys and values are just added.
        log_decay: Logarithm of `alpha`, not positive, `(B, H, T)`. None: nothing fades. transformers calls it `g`.
        state: What was read before, `(B, H, D, M)`; by default nothing.
        scale: Of the queries; by default `D ** -0.5`.

    Returns:
        Outputs `(B, H, T, M)`, in the dtype of `v`.
        The state after the last token, `(B, H, D, M)`, in float32 or wider.

    Raises:
        ValueError: If the shapes do not fit.
    """
    q, k, v, decay, state, dtype = _prepare(q, k, v, beta, log_decay, state, scale)
    outputs = []
    for t in range(q.shape[2]):
        state = state * decay[:, :, t, None, None].exp()
        key = k[:, :, t].unsqueeze(-1)  # (B, H, D, 1)
        change = v[:, :, t]  # (B, H, M)
        if beta is not None:
            stored = (state * key).sum(dim=-2)  # under this key
            change = beta[:, :, t, None].to(v.dtype) * (change - stored)
        state = state + key * change.unsqueeze(-2)
        outputs.append((state * q[:, :, t].unsqueeze(-1)).sum(dim=-2))
    return (torch.stack(outputs, dim=2) if outputs else torch.zeros_like(v)).to(dtype), state


def gated_delta_chunked(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor | None = None,
    log_decay: Tensor | None = None,
    state: Tensor | None = None,
    scale: float | None = None,
    chunk_size: int = 64,
) -> tuple[Tensor, Tensor]:
    """The same by matrix products, as a model is trained: `T / chunk_size` steps one after another, not `T`.

    Within a chunk the changes that the delta rule writes depend on each other only backwards: a triangular system.

    Args:
        q: As for `gated_delta_recurrent`.
        k: As there.
        v: As there.
        beta: As there.
        log_decay: As there.
        state: As there.
        scale: As there.
        chunk_size: Tokens in a chunk, at least 1; the work within one grows with its square.

    Returns:
        Outputs `(B, H, T, M)`, in the dtype of `v`.
        The state after the last token, `(B, H, D, M)`, in float32 or wider.

    Raises:
        ValueError: If the shapes do not fit or `chunk_size` is below 1.
    """
    if chunk_size < 1:
        raise ValueError(f"chunk_size {chunk_size} is below 1")
    q, k, v, decay, state, dtype = _prepare(q, k, v, beta, log_decay, state, scale)
    outputs = []
    for start in range(0, q.shape[2], chunk_size):
        Q, K, U, c = (x[:, :, start : start + chunk_size] for x in (q, k, v, decay))  # (B, H, C, ...)
        c = c.cumsum(dim=-1)  # (B, H, C), log γ
        later = torch.ones(c.shape[-1], c.shape[-1], dtype=torch.bool, device=c.device).triu(1)  # j after i
        ratio = (c.unsqueeze(-1) - c.unsqueeze(-2)).masked_fill(later, -torch.inf).exp()  # (B, H, C, C), Γ, 0 above
        if beta is not None:
            b = beta[:, :, start : start + chunk_size, None].to(v.dtype)  # (B, H, C, 1)
            system = b * (K @ K.mT) * ratio  # its diagonal is taken for 1
            U = b * (U - c.exp().unsqueeze(-1) * (K @ state))
            U = torch.linalg.solve_triangular(system, U, upper=False, unitriangular=True)  # (B, H, C, M)
        outputs.append(c.exp().unsqueeze(-1) * (Q @ state) + (Q @ K.mT * ratio) @ U)
        end = c[..., -1:]
        state = end.exp().unsqueeze(-1) * state + (K * (end - c).exp().unsqueeze(-1)).mT @ U
    return (torch.cat(outputs, dim=2) if outputs else torch.zeros_like(v)).to(dtype), state


def _prepare(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor | None,
    log_decay: Tensor | None,
    state: Tensor | None,
    scale: float | None,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, torch.dtype]:
    """Scaled queries, keys, values, log-decays and state in float32 or wider, and the dtype of the outputs."""
    if q.ndim != 4 or k.shape != q.shape or v.ndim != 4 or v.shape[:3] != q.shape[:3]:
        raise ValueError(f"q, k, v {[tuple(x.shape) for x in (q, k, v)]} are not twice (B, H, T, D) and (B, H, T, M)")
    for name, gate in (("beta", beta), ("log_decay", log_decay)):
        if gate is not None and gate.shape != q.shape[:3]:
            raise ValueError(f"{name} {tuple(gate.shape)} is not (B, H, T) {tuple(q.shape[:3])}")
    shape = (*q.shape[:2], q.shape[3], v.shape[3])
    if state is not None and state.shape != shape:
        raise ValueError(f"state {tuple(state.shape)} is not (B, H, D, M) {shape}")
    wide = torch.promote_types(v.dtype, torch.float32)
    decay = v.new_zeros(q.shape[:3]) if log_decay is None else log_decay.to(wide)
    state = v.new_zeros(shape, dtype=wide) if state is None else state.to(wide)
    return q.to(wide) * (q.shape[3] ** -0.5 if scale is None else scale), k.to(wide), v.to(wide), decay, state, v.dtype


# --8<-- [end:core]


def demo() -> None:
    """Three values stored under one key, then read: what was added up, or overwritten."""
    key = torch.tensor([1.0, 0.0])
    k = torch.stack([key, key, key]).view(1, 1, 3, 2)
    v = torch.tensor([1.0, 2.0, 4.0]).view(1, 1, 3, 1)
    ones = torch.ones(1, 1, 3)
    for name, settings in {
        "linear attention": {},
        "with decay 0.5": {"log_decay": (0.5 * ones).log()},
        "delta rule": {"beta": ones},
        "delta rule, half": {"beta": 0.5 * ones},
    }.items():
        output, _ = gated_delta_chunked(k, k, v, scale=1.0, **settings)
        print(f"{name:16} reads {[round(x, 2) for x in output.flatten().tolist()]}")


if __name__ == "__main__":
    demo()
