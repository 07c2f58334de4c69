"""Repetition penalty by a factor, and the penalties that subtract."""

import torch


def repetition_penalty(z, tokens, theta):  # z: (V,)
    seen = torch.zeros(len(z), dtype=torch.bool)
    seen[tokens] = True  # 出现过的集合 g ‖ the set g of tokens that have occurred
    # 正的除，负的乘：都变小 ‖ positive or not, it goes down
    lower = torch.where(z > 0, z / theta, z * theta)
    return torch.where(seen, lower, z)


def subtractive_penalty(z, tokens, presence, frequency):
    counts = torch.bincount(tokens, minlength=len(z))
    # 出现过减一次，每次再减一份 ‖ once, and once for each time
    return z - presence * (counts > 0) - frequency * counts
