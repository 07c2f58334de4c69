"""Runs units in one torch: `worker.py FOLDER REPORT [UNIT ...]`. Each unit has a process of its own.

The browser's torch is found first where `FOLDER/shim` is on the path. Packages that are not there are stood in for,
in the same way under both torches.
"""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import random
import signal
import sys
import time
import traceback
import types
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

LIMIT = 100  # seconds for one unit
MODULES = {"d2l": "d2l.torch", "timm": "timm.layers", "labml_nn": "labml_nn.transformers"}
ABSENT = """IPython gym gymnasium matplotlib_inline pandas requests scipy torchvision PIL tiktoken sklearn wandb
accelerate torchaudio safetensors huggingface_hub transformers datasets beartype torchtyping loguru
colt5_attention_kernels tensorboardX matplotlib jaxtyping ray h5py sentencepiece torchao blobfile kagglehub
omegaconf lightning pytorch_lightning lightning_fabric skbase optuna bitsandbytes triton fairscale fairseq
fvcore nir nirtorch torchcde statsmodels torchdata tensordict kornia_rs colt5_attention mamba_ssm
mpl_toolkits""".split()


class _Shell(types.ModuleType):
    """A module of which every member is a stand-in; decorators hand functions on."""

    __path__: list[str] = []  # noqa: RUF012 - what makes it a package

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return mock.MagicMock(
            name=name, side_effect=lambda *args, **kw: args[0] if args and callable(args[0]) else mock.DEFAULT
        )


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a shell where nothing else is found."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname.split(".")[0] in ABSENT:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: Any) -> Any:
        """The shell."""
        return _Shell(spec.name)

    def exec_module(self, module: Any) -> None:
        """Nothing to run."""


def plain(value: Any) -> Any:
    """Tensors as their type, shape and numbers; containers element by element; other things by name."""
    import torch

    if isinstance(value, torch.Tensor):
        numbers = value.detach()
        numbers = torch.view_as_real(numbers) if numbers.is_complex() else numbers
        numbers = numbers.double() if numbers.dtype in (torch.bfloat16, torch.float16) else numbers
        return {"dtype": str(value.dtype), "shape": list(value.shape), "numbers": numbers.reshape(-1)[:3000].tolist()}
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value if isinstance(value, int | float | str | bool | None) else type(value).__name__


def run(unit: Any, report: Path) -> None:
    """Run one unit in this process and write what it gives."""
    import numpy as np
    import torch

    warnings.simplefilter("ignore")
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    start = time.perf_counter()
    try:
        found: dict[str, Any] = {"result": plain(unit())}
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{frame.filename.split('site/')[-1]}:{frame.lineno}" for frame in frames][-3:]
        found = {"error": f"{type(error).__name__}: {error}"[:400], "where": where}
    found["seconds"] = round(time.perf_counter() - start, 3)
    report.write_text(json.dumps(found), "utf-8")


def main() -> None:
    """Run the units that are asked for, one after the other."""
    report, *wanted = sys.argv[1:]
    sys.meta_path.append(StandIns())
    import more_units  # noqa: F401 - adds to them
    from units import UNITS  # beside this file

    packages = set()
    for name, unit in UNITS.items():
        if wanted and not any(one in name for one in wanted):
            continue
        if (package := MODULES.get(name.split(":")[0], name.split(":")[0])) not in packages:
            packages.add(package)
            with contextlib.suppress(BaseException):  # once here, so that the units need not: they say what is wrong
                importlib.import_module(package)
        path = Path(report, f"{name.replace('/', '_')}.json")
        child = os.fork()
        if not child:
            signal.alarm(LIMIT)
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, 1)
            run(unit, path)
            os._exit(0)
        os.waitpid(child, 0)
        if not path.exists():
            path.write_text(
                json.dumps({"error": f"no answer within {LIMIT} s", "where": [], "seconds": LIMIT}), "utf-8"
            )


if __name__ == "__main__":
    main()
