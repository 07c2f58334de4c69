r"""Preference losses: cDPO, rDPO, KTO, ORPO, SimPO

DPO wants pairs, trusts every label, keeps a reference model beside the policy and adds up log-probabilities, whatever
the length. Each of these losses gives one of that up: cDPO and rDPO the trust in labels, KTO the pairs, ORPO the
reference and the fine-tuning before it, SimPO the reference and the sum.

$$
\mathcal{L}_{\text{cDPO}} = -(1 - \epsilon) \log \sigma(m) - \epsilon \log \sigma(-m), \qquad
\mathcal{L}_{\text{rDPO}} = \frac{-(1 - \epsilon) \log \sigma(m) + \epsilon \log \sigma(-m)}{1 - 2 \epsilon}
$$
$$
\mathcal{L}_{\text{KTO}} = \lambda_y \big(1 - \sigma(\pm (r - \beta z_0))\big), \qquad
\mathcal{L}_{\text{ORPO}} = -\bar\ell_w - \lambda \log \sigma\Big(\log \frac{o_w}{o_l}\Big), \qquad
\mathcal{L}_{\text{SimPO}} = -\log \sigma\big(\beta \bar\ell_w - \beta \bar\ell_l - \gamma\big)
$$

Papers: [cDPO](https://ericmitchell.ai/cdpo.pdf), [rDPO](https://arxiv.org/abs/2403.00409),
[KTO](https://arxiv.org/abs/2402.01306), [ORPO](https://arxiv.org/abs/2403.07691),
[SimPO](https://arxiv.org/abs/2405.14734).

Letters: `B` pairs or responses; `w` is the chosen response, `l` the rejected one; `r` is `β` times the log-ratio to the
reference and `m` the difference of two such rewards; `ℓ̄` is the mean log-probability of a response's tokens and
`o = exp(ℓ̄) / (1 - exp(ℓ̄))` its odds.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


# --8<-- [start:core]
def noisy_dpo_loss(margins: Tensor, label_smoothing: float = 0.1, robust: bool = False) -> Tensor:
    """DPO for labels of which some are the wrong way round: cDPO, or rDPO.

    Args:
        margins: Implicit reward of the chosen response less that of the rejected one, `beta` included, any shape.
        label_smoothing: `epsilon`, the share of wrong labels, in [0, 0.5). 0 is DPO.
        robust: rDPO: the mean over labels so flipped is the loss of the true ones. Otherwise cDPO, whose minimum lies
            where the policy is as unsure as the labels, at a margin of `log((1 - epsilon) / epsilon)`.

    Returns:
        Shape of `margins`, in float32 or wider; rDPO's may be negative, and has no lower bound.

    Raises:
        ValueError: If `label_smoothing` is not in [0, 0.5).
    """
    if not 0 <= label_smoothing < 0.5:
        raise ValueError(f"label_smoothing {label_smoothing} is not in [0, 0.5)")
    right, flipped = -F.logsigmoid(_wide(margins)), -F.logsigmoid(-_wide(margins))
    if robust:
        return ((1 - label_smoothing) * right - label_smoothing * flipped) / (1 - 2 * label_smoothing)
    return (1 - label_smoothing) * right + label_smoothing * flipped


def kto_reference_point(policy_logps: Tensor, ref_logps: Tensor) -> Tensor:
    """How far the policy is from the reference, as KTO estimates it: a response is good if it goes beyond that.

    Args:
        policy_logps: Summed log-probabilities under the policy of responses that belong to *other* prompts, `(B,)`.
        ref_logps: The same under the reference, `(B,)`.

    Returns:
        One number, not negative and without gradient, in float32 or wider.

    Raises:
        ValueError: If the shapes are not one `(B,)` with at least one response.
    """
    policy_logps, ref_logps = _same(policy_logps, ref_logps)
    return (policy_logps - ref_logps).mean().clamp(min=0).detach()


def kto_loss(
    policy_logps: Tensor,
    ref_logps: Tensor,
    desirable: Tensor,
    reference_point: Tensor | float,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
) -> Tensor:
    """KTO's loss of every response: no pairs, one verdict each.

    Args:
        policy_logps: Summed log-probabilities of the responses under the policy, `(B,)`.
        ref_logps: Under the frozen reference, `(B,)`.
        desirable: The verdicts, bool `(B,)`.
        reference_point: `z₀` of `kto_reference_point`, before `beta`.
        beta: How fast the value saturates, positive.
        desirable_weight: `λ_D`; raise it where good responses are rare.
        undesirable_weight: `λ_U`.

    Returns:
        Losses `(B,)`, between 0 and the weight.

    Raises:
        ValueError: If shapes differ, `desirable` is not bool or `beta` is not positive.
    """
    _positive(beta=beta)
    policy_logps, ref_logps = _same(policy_logps, ref_logps)
    if desirable.dtype != torch.bool or desirable.shape != policy_logps.shape:
        raise ValueError(f"desirable is {desirable.dtype} {tuple(desirable.shape)}, not bool {tuple(ref_logps.shape)}")
    gain = beta * (policy_logps - ref_logps - reference_point)  # (B,)
    return torch.where(desirable, desirable_weight * (-gain).sigmoid(), undesirable_weight * gain.sigmoid())


def orpo_loss(
    chosen_logps: Tensor, rejected_logps: Tensor, beta: float = 0.1, nll_loss: Tensor | None = None
) -> Tensor:
    """ORPO's loss of every pair: fine-tuning on the chosen response, and the odds between the two.

    Args:
        chosen_logps: Mean log-probabilities of the chosen responses' tokens under the policy, `(B,)`, below 0.
        rejected_logps: The same of the rejected ones, `(B,)`.
        beta: The paper's `λ`, weight of the odds ratio, positive. trl calls it `beta` too.
        nll_loss: The part that fine-tunes, `(B,)` or one number; by default minus `chosen_logps`.

    Returns:
        Losses `(B,)`, in float32 or wider.

    Raises:
        ValueError: If shapes differ or `beta` is not positive.
    """
    _positive(beta=beta)
    chosen_logps, rejected_logps = _same(chosen_logps, rejected_logps)
    log_odds = _log_odds(chosen_logps) - _log_odds(rejected_logps)  # (B,)
    return (-chosen_logps if nll_loss is None else nll_loss) - beta * F.logsigmoid(log_odds)


def simpo_loss(chosen_logps: Tensor, rejected_logps: Tensor, beta: float = 2.0, gamma: float = 1.0) -> Tensor:
    """SimPO's loss of every pair: the reward is the mean log-probability, which is also what generation goes by.

    Args:
        chosen_logps: Mean log-probabilities of the chosen responses' tokens under the policy, `(B,)`.
        rejected_logps: The same of the rejected ones, `(B,)`.
        beta: Positive; 2 to 10, far above DPO's, since a mean is far smaller than a sum.
        gamma: The margin by which the chosen reward must win, not negative. trl's `simpo_gamma`.

    Returns:
        Losses `(B,)`, in float32 or wider.

    Raises:
        ValueError: If shapes differ, `beta` is not positive or `gamma` is negative.
    """
    _positive(beta=beta)
    if not gamma >= 0:
        raise ValueError(f"gamma {gamma} is negative")
    chosen_logps, rejected_logps = _same(chosen_logps, rejected_logps)
    return -F.logsigmoid(beta * (chosen_logps - rejected_logps) - gamma)


def _log_odds(logps: Tensor) -> Tensor:
    """`log(p / (1 - p))` from `log p`; a probability that was rounded to 1 has large odds, not infinite ones."""
    logps = logps.clamp(max=-torch.finfo(logps.dtype).eps)
    return logps - (-torch.expm1(logps)).log()


def _same(*logps: Tensor) -> list[Tensor]:
    """Log-probabilities in float32 or wider, refused unless all have one shape `(B,)`."""
    shapes = [tuple(logp.shape) for logp in logps]
    if len(set(shapes)) > 1 or any(logp.ndim != 1 or len(logp) == 0 for logp in logps):
        raise ValueError(f"log-probabilities have shapes {shapes}, not one shape (B,)")
    return [_wide(logp) for logp in logps]


def _positive(beta: float) -> None:
    """Raise ValueError unless `beta` is positive."""
    if not beta > 0:
        raise ValueError(f"beta {beta} is not positive")


def _wide(x: Tensor) -> Tensor:
    """A tensor in float32 or wider."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


# --8<-- [end:core]


def demo() -> None:
    """How hard each loss pulls at the chosen response, by how well it is ranked already."""
    reference, z0 = torch.full((5,), -2.0), torch.tensor(0.0)
    for name, loss in {
        "DPO": lambda logps: noisy_dpo_loss(logps - reference, 0.0),
        "cDPO": lambda logps: noisy_dpo_loss(logps - reference, 0.1),
        "KTO": lambda logps: kto_loss(logps, reference, reference < 0, z0, beta=1.0),
        "ORPO": lambda logps: orpo_loss(logps, reference),
        "SimPO": lambda logps: simpo_loss(logps, reference),
    }.items():
        logps = torch.tensor([-6.0, -4.0, -2.0, -1.0, -0.1], requires_grad=True)
        (pull,) = torch.autograd.grad(loss(logps).sum(), logps)
        print(f"{name:5}", "  ".join(f"{-x:5.2f}" for x in pull.tolist()))


if __name__ == "__main__":
    demo()
