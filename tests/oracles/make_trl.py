"""Write `trl.json`: what trl 0.11.4 computes for GAE and DPO, as reference values for the tests of the snippets.

Run in an environment of its own (requirements.txt beside this file):

    .venv-oracles/bin/python tests/oracles/make_trl.py            # writes trl.json
    .venv-oracles/bin/python tests/oracles/make_trl.py --check    # compares with it; exit 1 if it is stale
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
from trl import DPOTrainer
from trl.trainer.dpo_config import FDivergenceType
from trl.trainer.ppo_trainer import PPOTrainer

TARGET = Path(__file__).with_name("trl.json")
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


def references() -> dict[str, object]:
    """Everything that goes into `trl.json`."""
    return {"trl": trl.__version__, "gae": gae_cases(), "dpo": dpo_cases(), "sequence_logps": logps_case()}


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
        TARGET.write_text(json.dumps(references(), indent=1) + "\n", encoding="utf-8")
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
