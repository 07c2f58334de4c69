"""Tensors as torch prints them: four decimals, columns, 80 characters, the middle left out above 1,000 elements."""

import math
from typing import Any

import numpy as np

from ._core import PUBLIC, Tensor, function, method, wide
from ._dtypes import bool_, get_default_dtype, int64


class Options:
    """What `torch.set_printoptions` sets."""

    precision, threshold, edgeitems, linewidth, sci_mode = 4, 1000, 3, 80, None


PRINT_OPTS = Options


@function
def set_printoptions(
    precision: int | None = None,
    threshold: int | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors are printed."""
    profiles = {"default": (4, 1000, 3, 80), "short": (2, 1000, 2, 80), "full": (4, math.inf, 3, 80)}
    if profile is not None:
        Options.precision, Options.threshold, Options.edgeitems, Options.linewidth = profiles[profile]
    for name in ("precision", "threshold", "edgeitems", "linewidth"):
        value = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}[name]
        if value is not None:
            setattr(Options, name, value)
    Options.sci_mode = sci_mode


class Column:
    """The common form of some numbers: as wide as the widest, with decimals or an exponent where one needs it."""

    def __init__(self, values: np.ndarray) -> None:
        self.width, self.form = 1, "{}"
        self.point = ""
        if values.dtype.kind != "f":
            texts = [str(value) for value in values.reshape(-1).tolist()]
        else:
            values = values[np.isfinite(values) & (values != 0)].astype(np.float64).reshape(-1)
            self._choose(values)
            texts = [self.form.format(value) + self.point for value in values.tolist()]
        self.width = max(map(len, texts), default=1)

    def _choose(self, values: np.ndarray) -> None:
        """Pick whole numbers, decimals or an exponent."""
        whole = bool((values == np.ceil(values)).all())
        self.form, self.point = ("{:.0f}", ".") if whole else (f"{{:.{Options.precision}f}}", "")
        if not values.size:
            return
        low, high = np.abs(values).min(), np.abs(values).max()
        extreme = high / low > 1000 or high > 1e8 or (not whole and low < 1e-4)
        if Options.sci_mode or (Options.sci_mode is None and extreme):
            self.form, self.point = f"{{:.{Options.precision}e}}", ""

    def text(self, value: Any) -> str:
        """One number."""
        text = self.form.format(value)
        if self.point and math.isfinite(value):
            text += self.point
        return text.rjust(self.width)


class Pair:
    """The common form of complex numbers."""

    def __init__(self, values: np.ndarray) -> None:
        self.real, self.imag = Column(values.real), Column(values.imag)
        self.width = self.real.width + self.imag.width + 1

    def text(self, value: complex) -> str:
        """One number."""
        imag = (self.imag.text(value.imag) + "j").lstrip()
        return self.real.text(value.real) + ("" if imag[0] in "+-" else "+") + imag


def _edges(data: np.ndarray) -> np.ndarray:
    """The elements that are printed of a large tensor."""
    for axis, size in enumerate(data.shape):
        if size > 2 * Options.edgeitems:
            kept = [*range(Options.edgeitems), *range(size - Options.edgeitems, size)]
            data = data.take(kept, axis)
    return data


def _vector(data: np.ndarray, indent: int, short: bool, column: Any) -> str:
    """One row, in as many lines as it takes."""
    edge = Options.edgeitems
    if short and len(data) > 2 * edge:
        texts = [column.text(value) for value in data[:edge].tolist()]
        texts += [" ...", *(column.text(value) for value in data[-edge:].tolist())]
    else:
        texts = [column.text(value) for value in data.tolist()]
    per_line = max(1, (Options.linewidth - indent) // (column.width + 2))
    lines = [", ".join(texts[start : start + per_line]) for start in range(0, len(texts), per_line)] or [""]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _block(data: np.ndarray, indent: int, short: bool, column: Any) -> str:
    """The values, nested."""
    if data.ndim == 0:
        return column.text(data.item())
    if data.ndim == 1:
        return _vector(data, indent, short, column)
    rows: list[Any] = list(data)
    if short and len(rows) > 2 * Options.edgeitems:
        rows = [*rows[: Options.edgeitems], None, *rows[-Options.edgeitems :]]
    texts = ["..." if row is None else _block(row, indent + 1, short, column) for row in rows]
    return "[" + ("," + "\n" * (data.ndim - 1) + " " * (indent + 1)).join(texts) + "]"


def _tensor_str(self: Tensor, indent: int) -> str:
    """The values of a tensor, with so many blanks before all lines but the first."""
    data = np.asarray(wide(self))
    short = data.size > Options.threshold
    shown = _edges(data) if short else data
    column = Pair(shown) if data.dtype.kind == "c" else Column(shown)
    return _block(data, indent, short, column)


@method
def __repr__(tensor: Tensor) -> str:
    prefix, notes, kind = "tensor(", [], tensor.dtype
    data = np.asarray(wide(tensor))
    default = get_default_dtype()
    if not data.size:
        body = "[]"
        if data.ndim != 1:
            notes.append(f"size={tuple(data.shape)}")
        if kind is not default:
            notes.append(f"dtype={kind}")
    else:
        if kind not in (default, int64, bool_, default.to_complex()):
            notes.append(f"dtype={kind}")
        body = _tensor_str(tensor, len(prefix))
    if tensor.grad_fn is not None:
        notes.append(f"grad_fn=<{tensor.grad_fn.name()}>")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    text = prefix + body
    length = len(text) - text.rfind("\n") + 1
    for note in notes:
        if length + len(note) + 2 > Options.linewidth:
            text += ",\n" + " " * len(prefix) + note
            length = len(prefix) + len(note)
        else:
            text += f", {note}"
            length += len(note) + 2
    text += ")"
    return f"Parameter containing:\n{text}" if isinstance(tensor, PUBLIC["Parameter"]) else text
