r"""GPTQ: round a column, let the columns to come make up for it

Rounding each weight to the nearest level looks at the weight alone. What counts is the layer's output, and inputs are
correlated: if one weight was rounded up, its neighbours can go down a little. GPTQ rounds one column of the weight at a
time and moves all that are not rounded yet to where the output's error is least, which a Cholesky factor gives for all
columns at once.

$$
\min_{\hat W} \lVert (W - \hat W) X \rVert^2, \qquad H = X X^\top, \qquad H^{-1} = U^\top U \;(U \text{ upper}), \qquad
e_j = \frac{w_j - \hat w_j}{U_{jj}}, \qquad W_{:, j+1:} \leftarrow W_{:, j+1:} - e_j \, U_{j, j+1:}
$$

Paper: [GPTQ](https://arxiv.org/abs/2210.17323), section 3; the update of one weight is
[Optimal Brain Surgeon](https://arxiv.org/abs/2208.11580)'s.

Letters: `out`, `in` widths of the layer, `n` groups of a row; `q` codes, `s` scales, `w_j` column `j` of `W`.
"""

import torch
from torch import Tensor


# --8<-- [start:core]
def input_hessian(x: Tensor) -> Tensor:
    """How the inputs of a layer go together, from a few hundred texts.

    Args:
        x: What goes into the layer, `(..., in)`.

    Returns:
        The mean of the outer products, `(in, in)`, in float32 or wider.
    """
    rows = _wide(x).flatten(0, -2)
    return rows.T @ rows / len(rows)


def absmax_scales(weight: Tensor, bits: int, group: int | None = None) -> Tensor:
    """Scale of each group of a row: its largest weight gets the largest code.

    Args:
        weight: `(out, in)`.
        bits: 2 to 8.
        group: Neighbouring weights that share a scale; divides `in`. None: the whole row.

    Returns:
        Shape `(out, n)`, in float32 or wider; 1 for a group of zeros.

    Raises:
        ValueError: If an argument is out of its range.
    """
    group = weight.shape[-1] if group is None else group
    if not 2 <= bits <= 8 or group < 1 or weight.ndim != 2 or weight.shape[1] % group:
        raise ValueError(f"bits {bits} are not 2 to 8, or group {group} does not divide {tuple(weight.shape)}")
    scale = _wide(weight).unflatten(1, (-1, group)).abs().amax(dim=-1) / (2 ** (bits - 1) - 1)
    return scale.masked_fill(scale == 0, 1.0)


def round_to_nearest(weight: Tensor, scale: Tensor, bits: int) -> Tensor:
    """Each weight by itself to the nearest code: what GPTQ is to be better than.

    Args:
        weight: `(out, in)`.
        scale: `(out, n)`.
        bits: 2 to 8.

    Returns:
        Codes, int8 `(out, in)`.
    """
    most = 2 ** (bits - 1) - 1
    return (_wide(weight) / _spread(scale, weight)).round().clamp(-most, most).to(torch.int8)


def dequantize(q: Tensor, scale: Tensor) -> Tensor:
    """The weights that codes `(out, in)` and scales `(out, n)` stand for."""
    return q * _spread(scale, q)


@torch.no_grad()
def gptq(
    weight: Tensor, hessian: Tensor, scale: Tensor, bits: int = 4, damp: float = 0.01, act_order: bool = False
) -> Tensor:
    """Codes that keep the outputs of a layer, rather than its weights, near to what they were.

    Args:
        weight: `(out, in)`.
        hessian: `(in, in)`, from `input_hessian`.
        scale: `(out, n)`, from `absmax_scales`; fixed beforehand, GPTQModel's `static_groups`.
        bits: 2 to 8.
        damp: Part of the mean of the diagonal that is added to it: with fewer texts than inputs `H` has no inverse.
        act_order: Begin with the inputs that are largest, while all others can still make up for them; GPTQModel's
            `desc_act`.

    Returns:
        Codes, int8 `(out, in)`.

    Raises:
        ValueError: If shapes do not fit or `damp` is not positive.
    """
    width = weight.shape[-1]
    if weight.ndim != 2 or hessian.shape != (width, width) or width % scale.shape[-1]:
        shapes = [tuple(x.shape) for x in (weight, hessian, scale)]
        raise ValueError(f"weight, hessian and scale {shapes} are not (out, in), (in, in) and (out, n)")
    if not damp > 0:
        raise ValueError(f"damp {damp} is not positive")
    diagonal = hessian.diagonal()
    order = diagonal.argsort(descending=True, stable=True) if act_order else torch.arange(width, device=weight.device)
    W, s = _wide(weight)[:, order], _spread(scale, weight)[:, order]  # a copy each, (out, in)
    H = _wide(hessian)[order][:, order]
    eye = torch.eye(width, dtype=H.dtype, device=H.device)
    H = H + (damp * diagonal.mean().clamp(min=1e-10)) * eye
    U = torch.linalg.cholesky(torch.linalg.inv(H)).T  # upper: row j tells what column j does to those after it
    most, codes = 2 ** (bits - 1) - 1, torch.empty_like(W)
    for j in range(width):
        codes[:, j] = (W[:, j] / s[:, j]).round().clamp(-most, most)
        error = (W[:, j] - codes[:, j] * s[:, j]) / U[j, j]  # (out,)
        W[:, j + 1 :] -= error.unsqueeze(1) * U[j, j + 1 :]
    return codes[:, order.argsort()].to(torch.int8)


def output_error(weight: Tensor, other: Tensor, hessian: Tensor) -> Tensor:
    """Mean squared difference of the outputs of two weights `(out, in)`, a sum over `out`; one number."""
    difference = _wide(weight) - _wide(other)
    return ((difference @ hessian.to(difference)) * difference).sum()


def _spread(scale: Tensor, like: Tensor) -> Tensor:
    """A scale for each weight, `(out, in)`."""
    return scale.repeat_interleave(like.shape[-1] // scale.shape[-1], dim=-1)


def _wide(x: Tensor) -> Tensor:
    """A tensor in float32 or wider."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


# --8<-- [end:core]


def demo() -> None:
    """Error of a layer's output with each way of rounding, for inputs that go together."""
    torch.manual_seed(0)
    x = torch.randn(256, 8) @ torch.randn(8, 32) + 0.3 * torch.randn(256, 32)
    weight, H = torch.randn(16, 32), input_hessian(x)
    for bits in (4, 3):
        scale = absmax_scales(weight, bits)
        for name, q in (
            ("nearest", round_to_nearest(weight, scale, bits)),
            ("GPTQ", gptq(weight, H, scale, bits)),
            ("GPTQ, largest first", gptq(weight, H, scale, bits, act_order=True)),
        ):
            print(f"int{bits} {name:19} {output_error(weight, dequantize(q, scale), H).item():.2f}")


if __name__ == "__main__":
    demo()
