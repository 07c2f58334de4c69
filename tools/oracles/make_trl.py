"""Write `trl.json`: what trl 0.11.4 computes for RLHF, DPO and its kin, for the tests of the snippets.

Run in an environment of its own (requirements.txt beside this file):

    .venv-oracles/bin/python -m tools.oracles.make_trl            # writes trl.json
    .venv-oracles/bin/python -m tools.oracles.make_trl --check    # compares with it; exit 1 if it is stale
"""

import argparse
import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
import trl
from torch import Tensor
from trl import CPOTrainer, DPOTrainer, KTOTrainer, ORPOTrainer, RewardTrainer
from trl.trainer.dpo_config import FDivergenceType
from trl.trainer.ppo_trainer import PPOTrainer
from trl.trainer.utils import AdaptiveKLController

from ingest.tree import Tree

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "tests" / "snippets" / "trl.json"
IGNORE = -100


def gae_case(rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float) -> dict[str, object]:
    """One call of trl's own `compute_advantages`, unbound: of the trainer it reads the config alone."""
    config = SimpleNamespace(gamma=gamma, lam=lam, whiten_rewards=False)
    trainer = SimpleNamespace(config=config)
    kept_values, whitened, returns = PPOTrainer.compute_advantages(trainer, values, rewards, mask)
    return {
        "rewards": rewards.tolist(),
        "values": values.tolist(),
        "mask": mask.bool().tolist(),
        "gamma": gamma,
        "lam": lam,
        "advantages": (returns - kept_values).tolist(),  # trl returns them whitened only
        "whitened": whitened.tolist(),
        "returns": returns.tolist(),
    }


def gae_cases() -> list[dict[str, object]]:
    """Rows of full length, padded on the right, masked prompts on the left, and a row of one step."""
    generator = torch.Generator().manual_seed(0)
    cases = []
    for gamma, lam in ((1.0, 0.95), (0.99, 0.95), (0.9, 0.0), (1.0, 1.0)):
        rewards, values = (torch.randn(4, 7, generator=generator, dtype=torch.float64) for _ in range(2))
        mask = torch.ones(4, 7, dtype=torch.float64)
        mask[1, 4:] = 0  # padding
        mask[2, :3] = 0  # prompt
        mask[3, 1:] = 0  # a response of one token
        cases.append(gae_case(rewards, values, mask, gamma, lam))
    return cases


def dpo_cases() -> list[dict[str, object]]:
    """trl's own `dpo_loss`, unbound, for the plain, the smoothed and the IPO loss."""
    generator = torch.Generator().manual_seed(1)
    cases = []
    for loss_type, beta, smoothing in (("sigmoid", 0.1, 0.0), ("sigmoid", 0.5, 0.1), ("ipo", 0.1, 0.0)):
        logps = [-20 * torch.rand(5, generator=generator, dtype=torch.float64) for _ in range(4)]
        trainer = SimpleNamespace(
            accelerator=SimpleNamespace(device="cpu"),
            beta=beta,
            f_divergence_params=None,
            f_divergence_type=FDivergenceType.REVERSE_KL.value,
            label_smoothing=smoothing,
            loss_type=loss_type,
            reference_free=False,
        )
        losses, chosen_rewards, rejected_rewards = DPOTrainer.dpo_loss(trainer, *logps)
        cases.append(
            {
                "loss_type": loss_type,
                "beta": beta,
                "label_smoothing": smoothing,
                "logps": [logp.tolist() for logp in logps],
                "losses": losses.tolist(),
                "chosen_rewards": chosen_rewards.tolist(),
                "rejected_rewards": rejected_rewards.tolist(),
            }
        )
    return cases


def logps_case() -> dict[str, object]:
    """trl's own `get_batch_logps`: prompts and padding ignored, one row without any label."""
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(3, 6, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(5, (3, 6), generator=generator)
    labels[0, :2] = IGNORE
    labels[1, 4:] = IGNORE
    labels[2] = IGNORE
    sums, counts = DPOTrainer.get_batch_logps(logits, labels)
    return {"logits": logits.tolist(), "labels": labels.tolist(), "sums": sums.tolist(), "counts": counts.tolist()}


def reward_cases() -> list[dict[str, object]]:
    """trl's own `compute_loss` of reward models: plain, with margins, and with rewards pulled to mean zero."""
    generator = torch.Generator().manual_seed(3)
    cases = []
    for margins, center in ((False, None), (True, None), (True, 0.01)):
        chosen, rejected = (3 * torch.randn(6, 1, generator=generator, dtype=torch.float64) for _ in range(2))
        inputs = {f"{name}_{kind}": kind for name in ("input_ids", "attention_mask") for kind in ("chosen", "rejected")}
        if margins:
            inputs["margin"] = torch.rand(6, 1, generator=generator, dtype=torch.float64)
        rewards = {"chosen": chosen, "rejected": rejected}
        trainer = SimpleNamespace(
            use_reward_data_collator=True, args=SimpleNamespace(center_rewards_coefficient=center)
        )
        loss = RewardTrainer.compute_loss(trainer, lambda input_ids, r=rewards, **_: {"logits": r[input_ids]}, inputs)
        cases.append(
            {
                "chosen": chosen.flatten().tolist(),
                "rejected": rejected.flatten().tolist(),
                "margin": inputs["margin"].flatten().tolist() if margins else None,
                "center": center or 0.0,
                "loss": loss.item(),
            }
        )
    return cases


def kl_cases() -> list[dict[str, object]]:
    """trl's own `compute_rewards`, unbound, with each of its penalties; responses of 6, 4, 3 and 1 tokens."""
    generator = torch.Generator().manual_seed(4)
    cases = []
    for kind, beta in (("kl", 0.2), ("abs", 0.1), ("mse", 0.05), ("full", 0.3)):
        logits, ref_logits = (torch.randn(4, 6, 5, generator=generator, dtype=torch.float64) for _ in range(2))
        labels = torch.randint(5, (4, 6, 1), generator=generator)
        full, ref_full = logits.log_softmax(-1), ref_logits.log_softmax(-1)
        logps, ref_logps = full.gather(-1, labels).squeeze(-1), ref_full.gather(-1, labels).squeeze(-1)
        scores = torch.randn(4, generator=generator, dtype=torch.float64)
        mask = torch.ones(4, 6, dtype=torch.long)
        mask[1, 4:] = 0  # padding
        mask[2, :3] = 0  # prompt
        mask[3, 1:] = 0  # a response of one token
        trainer = SimpleNamespace(config=SimpleNamespace(kl_penalty=kind), kl_ctl=SimpleNamespace(value=beta))
        trainer._kl_penalty = lambda *pair, owner=trainer: PPOTrainer._kl_penalty(owner, *pair)
        pair = (full, ref_full) if kind == "full" else (logps, ref_logps)
        rewards, _, kls = PPOTrainer.compute_rewards(trainer, scores, *pair, mask)
        cases.append(
            {
                "kind": kind,
                "beta": beta,
                "scores": scores.tolist(),
                "logits": logits.tolist(),
                "ref_logits": ref_logits.tolist(),
                "logps": logps.tolist(),
                "ref_logps": ref_logps.tolist(),
                "mask": mask.bool().tolist(),
                "rewards": rewards.tolist(),
                "kls": kls.tolist(),
            }
        )
    return cases


def controller_case() -> dict[str, object]:
    """trl's own adaptive coefficient over a run of measured divergences, in and out of its clipping."""
    controller, kls, betas = AdaptiveKLController(0.2, 6.0, 10000), [0.0, 5.0, 6.5, 30.0, 7.5, 6.0], []
    for kl in kls:
        controller.update(kl, 256)
        betas.append(controller.value)
    return {"init": 0.2, "target": 6.0, "horizon": 10000, "steps": 256, "kls": kls, "betas": betas}


def ppo_cases() -> list[dict[str, object]]:
    """trl's own `loss`, unbound: clipped losses, clip fractions, entropy and divergences of old and new policy."""
    generator = torch.Generator().manual_seed(5)
    cases = []
    for clip, clip_value in ((0.2, 0.2), (0.1, 0.5)):
        logits = torch.randn(4, 6, 5, generator=generator, dtype=torch.float64)
        old_logits = logits + 0.5 * torch.randn(4, 6, 5, generator=generator, dtype=torch.float64)
        labels = torch.randint(5, (4, 6), generator=generator)
        logps, old_logps = (
            x.log_softmax(-1).gather(-1, labels.unsqueeze(-1)).squeeze(-1) for x in (logits, old_logits)
        )
        values, old_values, returns, advantages = (
            torch.randn(4, 6, generator=generator, dtype=torch.float64) for _ in range(4)
        )
        mask = torch.ones(4, 6, dtype=torch.long)
        mask[1, 4:] = 0  # padding
        mask[2, :3] = 0  # prompt
        mask[3, 1:] = 0  # a response of one token
        config = SimpleNamespace(cliprange=clip, cliprange_value=clip_value, vf_coef=1.0, ratio_threshold=10.0)
        actor, critic, stats = PPOTrainer.loss(
            SimpleNamespace(config=config), old_logps, old_values, logits, values, logps, mask, advantages, returns
        )
        cases.append(
            {
                "clip": clip,
                "clip_value": clip_value,
                "logits": logits.tolist(),
                "labels": labels.tolist(),
                "logps": logps.tolist(),
                "old_logps": old_logps.tolist(),
                "values": values.tolist(),
                "old_values": old_values.tolist(),
                "returns": returns.tolist(),
                "advantages": advantages.tolist(),
                "mask": mask.bool().tolist(),
                "actor": actor.item(),
                "critic": critic.item(),
                "actor_clipped": stats["policy/clipfrac"].item(),
                "critic_clipped": stats["val/clipfrac"].item(),
                "entropy": stats["policy/entropy"].item(),
                "approxkl": stats["policy/approxkl"].item(),
                "policykl": stats["policy/policykl"].item(),
            }
        )
    return cases


def early_stop_cases() -> list[dict[str, object]]:
    """trl's own `_early_stop`, unbound, in one process: divergences on both sides of 1.5 times the target."""
    cases = []
    for kl in (-1.0, 0.0, 0.1, 0.1499, 0.1501, 1.0):
        trainer = SimpleNamespace(
            config=SimpleNamespace(early_stopping=True, target_kl=0.1),
            is_distributed=False,
            optimizer=SimpleNamespace(zero_grad=lambda: None),
        )
        cases.append({"kl": kl, "target": 0.1, "stop": PPOTrainer._early_stop(trainer, torch.tensor(kl))})
    return cases


def preference_cases() -> dict[str, object]:
    """trl's own losses of the trainers for KTO, ORPO and SimPO, unbound, and its robust DPO."""
    generator = torch.Generator().manual_seed(6)
    here = SimpleNamespace(device="cpu", gather=lambda kl: kl)  # one process

    def logps(width: float) -> Tensor:
        return -width * torch.rand(5, generator=generator, dtype=torch.float64)

    kto = []
    for weights in ((1.0, 1.0), (1.3, 0.7)):
        rows = [logps(20.0) for _ in range(6)]  # policy: chosen, rejected, of other prompts; then the reference's
        trainer = SimpleNamespace(accelerator=here, calculate_KL=True, loss_type="kto", beta=0.1)
        trainer.desirable_weight, trainer.undesirable_weight = weights
        losses, _, _, kl = KTOTrainer.kto_loss(trainer, *rows)
        kto.append({"logps": [row.tolist() for row in rows], "weights": list(weights)})
        kto[-1] |= {"losses": losses.tolist(), "kl": kl.item()}
    chosen, rejected = logps(3.0), logps(3.0)
    odds, *_ = ORPOTrainer.odds_ratio_loss(SimpleNamespace(accelerator=here, beta=0.2), chosen, rejected)
    trainer = SimpleNamespace(accelerator=here, loss_type="simpo", beta=2.5, simpo_gamma=0.8, label_smoothing=0.0)
    simpo, _, _ = CPOTrainer.cpo_loss(trainer, chosen, rejected)
    margins = [logps(9.0) for _ in range(4)]
    trainer = SimpleNamespace(accelerator=here, beta=0.5, label_smoothing=0.2, loss_type="robust", reference_free=False)
    trainer.f_divergence_type, trainer.f_divergence_params = FDivergenceType.REVERSE_KL.value, None
    robust, _, _ = DPOTrainer.dpo_loss(trainer, *margins)
    return {
        "kto": kto,
        "means": [chosen.tolist(), rejected.tolist()],
        "odds_ratio": {"beta": 0.2, "losses": odds.tolist()},
        "simpo": {"beta": 2.5, "gamma": 0.8, "losses": simpo.tolist()},
        "robust": {"beta": 0.5, "label_smoothing": 0.2, "logps": [x.tolist() for x in margins]}
        | {"losses": robust.tolist()},
    }


def references() -> dict[str, object]:
    """Everything that goes into `trl.json`."""
    return {
        "trl": trl.__version__,
        "gae": gae_cases(),
        "dpo": dpo_cases(),
        "sequence_logps": logps_case(),
        "reward": reward_cases(),
        "kl": kl_cases(),
        "adaptive_kl": controller_case(),
        "ppo": ppo_cases(),
        "early_stop": early_stop_cases(),
        "preference": preference_cases(),
    }


def same(a: object, b: object) -> bool:
    """Whether two trees of JSON agree, numbers within 1e-9."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    return type(a) is type(b) and a == b


def main() -> int:
    """Write or check. Exit codes: 0 fine, 1 stale, 2 unreadable."""
    parser = argparse.ArgumentParser(description="Reference values of trl 0.11.4.")
    parser.add_argument("--check", action="store_true", help="compare with trl.json instead of writing it")
    if not parser.parse_args().check:
        Tree(ROOT).write(TARGET.relative_to(ROOT).as_posix(), f"{json.dumps(references(), indent=1)}\n".encode())
        return 0
    try:
        committed = json.loads(TARGET.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"error: {TARGET}: {error}\n")
        return 2
    if not same(committed, references()):
        sys.stderr.write(f"error: {TARGET} is stale; run this script without --check\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
