"""The two torches side by side: the browser's, under the name `browser_torch`, and the real one."""

import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "browser" / "torch"
OTHER_BUILD = bool(torch.version.cuda or torch.version.hip)
as_on_cpu = pytest.mark.skipif(OTHER_BUILD, reason="a page's torch is that of the CPU, and this build has more")


def load() -> ModuleType:
    """The browser's torch, under a name of its own."""
    if "browser_torch" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "browser_torch", PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)]
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules["browser_torch"] = module
        spec.loader.exec_module(module)
    return sys.modules["browser_torch"]


shim = load()


def both(values: Any, dtype: str | None = None, requires_grad: bool = False) -> tuple[Any, Any]:
    """The same tensor twice: of the browser's torch, and of the real one."""
    made = []
    for module in (shim, torch):
        kind = getattr(module, dtype) if dtype else None
        made.append(module.tensor(np.array(values), dtype=kind, requires_grad=requires_grad))
    return made[0], made[1]


def outcome(run: Callable[..., Any], *args: Any) -> Any:
    """What a function gives, or the exception it raises."""
    try:
        return run(*args)
    except Exception as error:
        return error


def plain(value: Any) -> Any:
    """Tensors as `(type, shape, array)`, containers element by element."""
    if isinstance(value, torch.Tensor | shim.Tensor):
        numbers = value.detach().to(type_of(value).float32) if "bfloat16" in str(value.dtype) else value.detach()
        return (
            str(value.dtype),
            tuple(value.shape),
            np.array(
                numbers.resolve_conj().resolve_neg().numpy() if isinstance(value, torch.Tensor) else numbers.numpy()
            ),
        )
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, torch.dtype | torch.device | shim.dtype | shim.device):
        return str(value)
    return value


def type_of(value: Any) -> ModuleType:
    """The torch that a tensor belongs to."""
    return torch if isinstance(value, torch.Tensor) else shim


def assert_same(ours: Any, theirs: Any, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Assert equal types, shapes and (close) values, or exceptions of one type."""
    if isinstance(theirs, Exception) or isinstance(ours, Exception):
        assert type(ours) is type(theirs), f"browser: {ours!r}\ntorch: {theirs!r}"
        return
    ours, theirs = plain(ours), plain(theirs)
    _compare(ours, theirs, rtol, atol)


def _compare(ours: Any, theirs: Any, rtol: float, atol: float) -> None:
    if isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            _compare(one, other, rtol, atol)
    elif isinstance(theirs, tuple):
        assert ours[:2] == theirs[:2]
        if theirs[2].dtype.kind in "fc":
            if theirs[0] in ("torch.float16", "torch.bfloat16"):
                rtol, atol = max(rtol, 1e-2), max(atol, 1e-2)
            np.testing.assert_allclose(ours[2], theirs[2], rtol=rtol, atol=atol)
        else:
            np.testing.assert_array_equal(ours[2], theirs[2])
    elif isinstance(theirs, float):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)
    else:
        assert ours == theirs


def tensors_in(value: Any) -> list[Any]:
    """The differentiable tensors of a result."""
    if isinstance(value, torch.Tensor | shim.Tensor):
        return [value] if value.requires_grad else []
    return [one for part in value for one in tensors_in(part)] if isinstance(value, tuple | list) else []


def check(
    run: Callable[..., Any], arrays: Sequence[np.ndarray], rtol: float = 1e-5, atol: float = 1e-6, grads: bool = True
) -> None:
    """Assert that `run(torch, *tensors)` gives the same in both, and the same gradients.

    Args:
        run: Takes the module and the tensors.
        arrays: Values of the tensors; floating-point ones ask for gradients.
        rtol: Relative tolerance.
        atol: Absolute tolerance.
        grads: Whether to compare gradients, of a weighted sum of all results.
    """
    results, inputs = [], []
    for module in (shim, torch):
        given = [module.tensor(array, requires_grad=grads and array.dtype.kind in "fc") for array in arrays]
        inputs.append(given)
        results.append(outcome(run, module, *given))
    assert_same(*results, rtol=rtol, atol=atol)
    if isinstance(results[0], Exception) or not grads:
        return
    assert [one.shape for one in tensors_in(results[0])] == [one.shape for one in tensors_in(results[1])]
    for module, result in zip((shim, torch), results, strict=True):
        total = 0
        for one in tensors_in(result):
            one = module.view_as_real(one) if one.is_complex() else one
            weights = np.linspace(0.5, 1.5, one.numel()).reshape(tuple(one.shape))
            total = total + (one * module.tensor(weights, dtype=one.dtype)).sum()
        if tensors_in(result):
            total.backward()
    for ours, theirs in zip(*inputs, strict=True):
        assert (ours.grad is None) == (theirs.grad is None)
        if theirs.grad is not None:
            assert_same(ours.grad, theirs.grad, rtol=rtol, atol=atol * 10)
