"""`torch.nn.utils.rnn`: sequences of different lengths, padded or packed."""

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._absent import lacking as _lacking
from ..._core import Tensor, wrap
from ..._create import as_tensor, full
from ..._dtypes import int64
from ..._shape import cat, stack

_Fields = namedtuple("PackedSequence", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"])


class PackedSequence(_Fields):
    """Rows time by time, each time those sequences that are that long; the longest sequence first."""

    def __new__(
        cls, data: Tensor, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> "PackedSequence":
        if unsorted_indices is None and sorted_indices is not None:
            unsorted_indices = _inverse(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> "PackedSequence":
        """In another type."""
        return type(self)(self.data.to(*args, **kwargs), *self[1:])

    def cpu(self) -> "PackedSequence":
        """Itself."""
        return self

    def cuda(self, *args: Any) -> "PackedSequence":
        """There is no GPU."""
        raise AssertionError("Torch not compiled with CUDA enabled")

    is_cuda = False


def _inverse(order: Tensor) -> Tensor:
    return wrap(np.argsort(order._data, kind="stable"), int64)


def pad_sequence(
    sequences: Sequence[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences of different lengths as one tensor."""
    longest = max(len(one) for one in sequences)
    rows = []
    for one in sequences:
        filler = full((longest - len(one), *one.shape[1:]), padding_value, dtype=one.dtype)
        rows.append(cat([one, filler] if padding_side == "right" else [filler, one]))
    return stack(rows, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences without their padding."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[: int(length)] for row, length in zip(rows, lengths, strict=True)]


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """A padded batch without its padding."""
    sizes = as_tensor(lengths, dtype=int64)
    order = None
    if not enforce_sorted:
        order = wrap(np.argsort(-sizes._data, kind="stable"), int64)
        sizes, input = sizes[order], input.index_select(0 if batch_first else 1, order)
    rows, lengths = input if batch_first else input.transpose(0, 1), sizes._data
    if len(lengths) != rows.shape[0]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} (batch_size={rows.shape[0]})"
        )
    if (lengths <= 0).any():
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if (np.diff(lengths) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if "
            "you do "
            "not need ONNX exportability."
        )
    active = np.arange(int(lengths[0]))[:, None] < lengths[None, :]  # (time, sequence)
    time, place = np.nonzero(active)
    data = rows[wrap(place, int64), wrap(time, int64)]
    return PackedSequence(data, wrap(active.sum(1), int64), order)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """A padded batch, and the lengths."""
    counts = sequence.batch_sizes._data
    length = len(counts) if total_length is None else total_length
    if length < len(counts):
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {len(counts)}"
        )
    active = np.arange(counts[0])[None, :] < counts[:, None]  # (time, sequence)
    time, place = np.nonzero(active)
    out = full((length, int(counts[0]), *sequence.data.shape[1:]), padding_value, dtype=sequence.data.dtype)
    out = out.index_put((wrap(time, int64), wrap(place, int64)), sequence.data)
    lengths = wrap(active.sum(0), int64)
    if sequence.unsorted_indices is not None:
        out, lengths = out.index_select(1, sequence.unsorted_indices), lengths[sequence.unsorted_indices]
    return out.transpose(0, 1) if batch_first else out, lengths


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Sequences of different lengths, packed."""
    return pack_padded_sequence(pad_sequence(sequences), [len(one) for one in sequences], False, enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences again."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


__getattr__ = _lacking(__name__, "torch.nn.utils.rnn")
