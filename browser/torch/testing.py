"""`torch.testing`: one assertion."""

from typing import Any

import numpy as np

from ._core import Tensor, wide
from ._create import as_tensor
from ._dtypes import bfloat16, float16, float32, float64, promote_types

TOLERANCES = {float16: (1e-3, 1e-5), bfloat16: (1.6e-2, 1e-5), float32: (1.3e-6, 1e-5), float64: (1e-7, 1e-7)}


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Any = None,
) -> None:
    """Assert `|actual - expected| <= atol + rtol * |expected|` for tensors, numbers, and sequences or mappings of them.

    Raises:
        AssertionError: If they differ in value, shape or type.
        ValueError: If only one tolerance is given.
    """
    options = {"rtol": rtol, "atol": atol, "equal_nan": equal_nan, "check_dtype": check_dtype, "msg": msg}
    if isinstance(actual, dict) and isinstance(expected, dict):
        if set(actual) != set(expected):
            raise AssertionError(f"The keys of the mappings do not match: {sorted(actual)} and {sorted(expected)}")
        for key, value in expected.items():
            assert_close(actual[key], value, **options)
        return
    if isinstance(actual, list | tuple) and isinstance(expected, list | tuple):
        if len(actual) != len(expected):
            raise AssertionError(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}")
        for ours, theirs in zip(actual, expected, strict=True):
            assert_close(ours, theirs, **options)
        return
    if isinstance(actual, Tensor) != isinstance(expected, Tensor):
        raise AssertionError(
            f"None of the pair types are the same: {type(actual).__name__} and {type(expected).__name__}"
        )
    if (rtol is None) != (atol is None):
        raise ValueError("Both 'rtol' and 'atol' must be either specified or unspecified")
    wrong = _difference(as_tensor(actual), as_tensor(expected), rtol, atol, equal_nan, check_dtype)
    if wrong:
        raise AssertionError(msg(wrong) if callable(msg) else msg or wrong)


def _difference(actual: Tensor, expected: Tensor, rtol: Any, atol: Any, equal_nan: bool, check_dtype: bool) -> str:
    """What is different, or nothing."""
    if actual.shape != expected.shape:
        return f"The values for attribute 'shape' do not match: {actual.shape} != {expected.shape}."
    if check_dtype and actual.dtype is not expected.dtype:
        return f"The values for attribute 'dtype' do not match: {actual.dtype} != {expected.dtype}."
    if rtol is None:
        pairs = [TOLERANCES.get(one.dtype.to_real(), (0.0, 0.0)) for one in (actual, expected)]
        rtol, atol = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
    kind = promote_types(actual.dtype, expected.dtype)
    ours, theirs = (np.atleast_1d(wide(one)) for one in (actual.to(kind), expected.to(kind)))
    if kind.rank < 2:
        ours, theirs = ours.astype(np.int64), theirs.astype(np.int64)
    with np.errstate(all="ignore"):
        gap = np.abs(ours - theirs)
        close = (ours == theirs) | (np.isfinite(gap) & (gap <= atol + rtol * np.abs(theirs)))
        if equal_nan:
            close |= np.isnan(ours) & np.isnan(theirs)
        if close.all():
            return ""
        share = 100 * (~close).sum() / close.size
        relative = gap / np.abs(theirs)
        places = [
            tuple(
                int(n)
                for n in np.unravel_index(np.argmax(np.where(close, -1, np.nan_to_num(one, nan=np.inf))), one.shape)
            )
            for one in (gap, relative)
        ]
    how = "close" if rtol or atol else "equal"
    head = f"{'Tensor-likes' if actual.ndim else 'Scalars'} are not {how}!"
    if not actual.ndim:
        return (
            f"{head}\n\nExpected {expected.item()} but got {actual.item()}.\n"
            f"Absolute difference: {gap.item()} (up to {atol} allowed)\n"
            f"Relative difference: {relative.item()} (up to {rtol} allowed)"
        )
    return (
        f"{head}\n\nMismatched elements: {(~close).sum()} / {close.size} ({share:.1f}%)\n"
        f"Greatest absolute difference: {gap[places[0]]} at index {places[0]} (up to {atol} allowed)\n"
        f"Greatest relative difference: {relative[places[1]]} at index {places[1]} (up to {rtol} allowed)"
    )
