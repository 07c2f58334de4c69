#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""A script as it lies in a repository: arguments, logging, seeds, a checkpoint, `main()`."""
from __future__ import annotations

import argparse
import json
import logging
import os
import random
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim.lr_scheduler import LambdaLR, StepLR

logger = logging.getLogger(__name__)


def set_seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True)


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a small model", formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--no-cuda", action="store_true", default=False)
    parser.add_argument("--out", type=Path, default=Path("runs"))
    return parser.parse_args(argv)


def train(args: argparse.Namespace, model: nn.Module, device: torch.device) -> Dict[str, Any]:
    optimizer: optim.Optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, nesterov=True)
    scheduler = LambdaLR(optimizer, lambda epoch: 0.95**epoch)
    criterion = nn.MSELoss().to(device)
    x = torch.linspace(-1, 1, 32, device=device).unsqueeze(1)
    history: List[Tuple[int, float]] = []
    for epoch in range(1, args.epochs + 1):
        optimizer.zero_grad()
        loss = criterion(model(x), x.pow(2))
        loss.backward()
        optimizer.step()
        scheduler.step()
        history.append((epoch, round(loss.item(), 4)))
        logger.info("epoch %d loss %.4f lr %.4f", epoch, loss.item(), scheduler.get_last_lr()[0])
    return {"history": history, "state": model.state_dict()}


def main() -> int:
    args = parse_args()
    logging.basicConfig(format="%(levelname)s - %(name)s - %(message)s", level=logging.INFO, stream=sys.stdout)
    use_cuda = not args.no_cuda and torch.cuda.is_available()
    device = torch.device("cuda:0" if use_cuda else "cpu")
    set_seed(0)
    model = nn.Sequential(nn.Linear(1, 8), nn.ReLU(inplace=True), nn.Linear(8, 1)).to(device)
    result = train(args, model, device)
    args.out.mkdir(parents=True, exist_ok=True)
    path = os.path.join(args.out, "checkpoint.pt")
    torch.save(result["state"], path)
    (args.out / "history.json").write_text(json.dumps(result["history"]))
    model.load_state_dict(torch.load(path, map_location=device, weights_only=True))
    print(json.loads((args.out / "history.json").read_text())[-1], sorted(os.listdir(args.out)))
    print({k: tuple(v.shape) for k, v in model.state_dict().items()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
