"""Recurrent layers: RNN, LSTM and GRU, over batches of one length or packed, and their single steps.

A layer in one direction is one step of the tape: the loop over time runs on arrays, forwards and back.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _create as make
from .._core import Tensor, wide, wrap
from .._dtypes import fit
from .._linalg import _flat, linear
from .._shape import cat, stack
from ..autograd import Function, once_differentiable
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter
from .utils.rnn import PackedSequence


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (np.tanh(0.5 * x) + 1)


# One step of each kind: the gates of the input and of the state, and the state before, to the state and what backward
# reads; then the gradients of the states to those of the gates and of the state before.


def _plain_step(activation: Callable[[Any], Any], slope: Callable[[Any], Any]) -> tuple[Any, Any]:
    def step(gi: np.ndarray, gh: np.ndarray, h: np.ndarray, c: Any) -> Any:
        out = activation(gi + gh)
        return out, None, (out,)

    def back(kept: Any, dh: np.ndarray, dc: Any) -> Any:
        gate = dh * slope(kept[0])
        return gate, gate, 0, None

    return step, back


def _lstm_step(gi: np.ndarray, gh: np.ndarray, h: np.ndarray, c: np.ndarray) -> Any:
    i, f, g, o = np.split(gi + gh, 4, axis=1)
    i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
    cell = f * c + i * g
    size = np.tanh(cell)
    return o * size, cell, (i, f, g, o, c, size)


def _lstm_back(kept: Any, dh: np.ndarray, dc: np.ndarray) -> Any:
    i, f, g, o, c, size = kept
    cell = dc + dh * o * (1 - size * size)
    parts = [cell * g * i * (1 - i), cell * c * f * (1 - f), cell * i * (1 - g * g), dh * size * o * (1 - o)]
    gate = np.concatenate(parts, axis=1)
    return gate, gate, 0, cell * f


def _gru_step(gi: np.ndarray, gh: np.ndarray, h: np.ndarray, c: Any) -> Any:
    (ri, zi, ni), (rh, zh, nh) = np.split(gi, 3, axis=1), np.split(gh, 3, axis=1)
    r, z = _sigmoid(ri + rh), _sigmoid(zi + zh)
    n = np.tanh(ni + r * nh)
    return (1 - z) * n + z * h, None, (r, z, n, nh, h)


def _gru_back(kept: Any, dh: np.ndarray, dc: Any) -> Any:
    r, z, n, nh, h = kept
    dn = dh * (1 - z) * (1 - n * n)
    dz = dh * (h - n) * z * (1 - z)
    dr = dn * nh * r * (1 - r)
    return np.concatenate([dr, dz, dn], axis=1), np.concatenate([dr, dz, dn * r], axis=1), dh * z, None


STEPS = {
    "RNN_TANH": (1, *_plain_step(np.tanh, lambda y: 1 - y * y)),
    "RNN_RELU": (1, *_plain_step(lambda x: np.maximum(x, 0), lambda y: y > 0)),
    "LSTM": (4, _lstm_step, _lstm_back),
    "GRU": (3, _gru_step, _gru_back),
}


class Recurrent(Function):
    """One layer in one direction over packed rows: at each time the rows of the sequences that are that long."""

    @staticmethod
    def forward(ctx: Any, mode: str, sizes: list[int], reverse: bool, x: Tensor, h0: Tensor, c0: Any, *w: Any) -> Any:
        given = [None if one is None else wide(one) for one in (x, h0, c0, *w)]
        data, h, c, w_ih, w_hh, b_ih, b_hh = given
        _, step, _ = STEPS[mode]
        h, c = h.copy(), None if c is None else c.copy()
        gates = _flat(data, w_ih.T)
        gates = gates if b_ih is None else gates + b_ih
        ends = np.cumsum(sizes)
        times = list(zip((ends - sizes).tolist(), sizes, strict=True))
        out = np.empty((len(data), h.shape[1]), gates.dtype)
        kept: list[Any] = []
        for start, size in reversed(times) if reverse else times:
            before, cells = h[:size].copy(), None if c is None else c[:size].copy()
            state = _flat(before, w_hh.T)
            state = state if b_hh is None else state + b_hh
            new, cell, parts = step(gates[start : start + size], state, before, cells)
            kept.append((start, size, before, parts))
            h[:size] = out[start : start + size] = new
            if c is not None:
                c[:size] = cell
        ctx.mode, ctx.kept, ctx.given, ctx.kind = mode, kept, given, x.dtype
        ctx.save_for_backward(x, *(one for one in w if one is not None))
        found = [wrap(fit(one, x.dtype), x.dtype) for one in (out, h, c) if one is not None]
        return tuple(found) if c is not None else (*found, None)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_out: Tensor, g_h: Tensor, g_c: Any) -> Any:
        data, _, _, w_ih, w_hh, b_ih, b_hh = ctx.given
        _, _, back = STEPS[ctx.mode]
        dh = wide(g_h).copy()
        dc = None if g_c is None else wide(g_c).copy()
        into = wide(g_out)
        to_input = np.zeros((len(data), len(w_ih)), dh.dtype)
        to_weight, to_bias = np.zeros_like(w_hh), np.zeros(len(w_hh), dh.dtype)
        for start, size, before, parts in reversed(ctx.kept):
            total = dh[:size] + into[start : start + size]
            gate, state, direct, cell = back(parts, total, None if dc is None else dc[:size])
            to_input[start : start + size] = gate
            to_weight += _flat(state.T, before)
            to_bias += state.sum(axis=0)
            dh[:size] = _flat(state, w_hh) + direct
            if dc is not None:
                dc[:size] = cell
        grads = [
            _flat(to_input, w_ih), dh, dc, _flat(to_input.T, data), to_weight,
            None if b_ih is None else to_input.sum(axis=0), None if b_hh is None else to_bias,
        ]  # fmt: skip
        return (None, None, None, *(None if one is None else wrap(fit(one, ctx.kind), ctx.kind) for one in grads))


class RNNBase(Module):
    """Layers of one kind on top of each other, in one direction or both."""

    mode = "RNN_TANH"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if proj_size:
            raise NotImplementedError("proj_size of recurrent layers is not in the browser's torch")
        if hidden_size <= 0:
            raise ValueError("hidden_size must be greater than zero")
        if num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, dropout, bidirectional
        self.proj_size = proj_size
        rows, directions = STEPS[self.mode][0] * hidden_size, 2 if bidirectional else 1
        self._names: list[list[str]] = []
        kind = {"device": device, "dtype": dtype}
        for layer in range(num_layers):
            width = input_size if layer == 0 else hidden_size * directions
            for side in range(directions):
                end = f"_l{layer}" + ("_reverse" if side else "")
                shapes = {"weight_ih": (rows, width), "weight_hh": (rows, hidden_size)}
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
                for name, shape in shapes.items():
                    setattr(self, name + end, Parameter(make.empty(*shape, **kind)))
                self._names.append([name + end for name in shapes])
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform within `1 / sqrt(hidden_size)`."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing to do on the CPU."""

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._names for name in names]

    @property
    def _flat_weights(self) -> list[Parameter]:
        return [getattr(self, name) for name in self._flat_weights_names]

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters, layer by layer."""
        return [[getattr(self, name) for name in names] for names in self._names]

    def forward(self, input: Any, hx: Any = None) -> Any:
        packed = isinstance(input, PackedSequence)
        if packed:
            rows, sizes = input.data, input.batch_sizes.tolist()
            single, batch = False, sizes[0]
        else:
            single = input.ndim == 2
            if input.ndim not in (2, 3):
                raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.ndim}D instead")
            rows = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
            length, batch, _ = rows.shape
            sizes = [batch] * length
        if rows.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {rows.shape[-1]}"
            )
        hidden = self._hidden(hx, batch, rows, single, input if packed else None)
        out, states = self._run(rows if packed else rows.flatten(0, 1), sizes, hidden, None if packed else batch)
        if packed:
            result: Any = PackedSequence(out, input.batch_sizes, input.sorted_indices, input.unsorted_indices)
            if input.unsorted_indices is not None:
                states = [one.index_select(1, input.unsorted_indices) for one in states]
        else:
            out = out.unflatten(0, (-1, batch))
            result = out.squeeze(1) if single else out.transpose(0, 1) if self.batch_first else out
        if single:
            states = [one.squeeze(1) for one in states]
        return result, tuple(states) if self.mode == "LSTM" else states[0]

    def _hidden(self, hx: Any, batch: int, rows: Tensor, single: bool, packed: Any) -> list[Tensor]:
        """The first states `(layers · directions, batch, hidden)`."""
        shape = (self.num_layers * (2 if self.bidirectional else 1), batch, self.hidden_size)
        count = 2 if self.mode == "LSTM" else 1
        if hx is None:
            return [make.zeros(shape, dtype=rows.dtype) for _ in range(count)]
        given = list(hx) if self.mode == "LSTM" else [hx]
        given = [one.unsqueeze(1) if single else one for one in given]
        for place, one in enumerate(given):
            if one.shape != shape:
                name = f"hidden[{place}]" if self.mode == "LSTM" else "hidden"
                raise RuntimeError(f"Expected {name} size {shape}, got {list(one.shape)}")
        if packed is not None and packed.sorted_indices is not None:
            given = [one.index_select(1, packed.sorted_indices) for one in given]
        return given

    def _run(self, rows: Tensor, sizes: list[int], hidden: list[Tensor], batch: int | None) -> Any:
        """All layers over packed rows: the last one's rows, and the states at the end."""
        directions = 2 if self.bidirectional else 1
        ends: list[list[Tensor]] = [[] for _ in hidden]
        for layer in range(self.num_layers):
            outs = []
            for side in range(directions):
                place = layer * directions + side
                weights = [getattr(self, name) for name in self._names[place]]
                weights += [None] * (4 - len(weights))
                starts = [one[place] for one in hidden] + [None] * (2 - len(hidden))
                out, h, c = Recurrent.apply(self.mode, sizes, bool(side), rows, *starts, *weights)
                outs.append(out)
                for end, one in zip(ends, (h, c), strict=False):
                    end.append(one)
            rows = outs[0] if directions == 1 else cat(outs, -1)
            if self.dropout and layer < self.num_layers - 1:
                rows = F.dropout(rows, self.dropout, self.training)
        return rows, [stack(end) for end in ends]

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        for name, usual in (("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0)):
            value = getattr(self, name)
            text += f", {name}={value}" if value != usual else ""
        return text + (", bidirectional=True" if self.bidirectional else "")


class RNN(RNNBase):
    """`h = tanh(x W + h U)`, or with relu."""

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", *args: Any, **kw: Any
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        self.__dict__["mode"] = f"RNN_{nonlinearity.upper()}"
        super().__init__(input_size, hidden_size, num_layers, *args, **kw)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """A state and a cell, with gates for input, forgetting and output."""

    mode = "LSTM"


class GRU(RNNBase):
    """A state, with gates for reset and update."""

    mode = "GRU"


class RNNCellBase(Module):
    """One step."""

    mode = "RNN_TANH"

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows, kind = STEPS[self.mode][0] * hidden_size, {"device": device, "dtype": dtype}
        self.weight_ih = Parameter(make.empty(rows, input_size, **kind))
        self.weight_hh = Parameter(make.empty(rows, hidden_size, **kind))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(make.empty(rows, **kind)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform within `1 / sqrt(hidden_size)`."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _gates(self, input: Tensor, hx: Any) -> tuple[Tensor, Tensor, Tensor, bool]:
        """The gates of the input and of the state; the state; whether there was no batch."""
        if input.ndim not in (1, 2):
            raise ValueError(f"{type(self).__name__}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        single = input.ndim == 1
        input = input.unsqueeze(0) if single else input
        hx = make.zeros(len(input), self.hidden_size, dtype=input.dtype) if hx is None else hx
        hx = hx.unsqueeze(0) if hx.ndim == 1 else hx
        if input.shape[1] != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {input.shape[1]} expected {self.input_size}")
        if hx.shape[1] != self.hidden_size:
            raise RuntimeError(f"hidden0 has inconsistent hidden_size: got {hx.shape[1]}, expected {self.hidden_size}")
        return linear(input, self.weight_ih, self.bias_ih), linear(hx, self.weight_hh, self.bias_hh), hx, single

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else f", bias={self.bias}")


class RNNCell(RNNCellBase):
    """One step of `RNN`."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", **kwargs: Any
    ) -> None:
        super().__init__(input_size, hidden_size, bias, **kwargs)
        self.nonlinearity = nonlinearity

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}")

    def forward(self, input: Tensor, hx: Any = None) -> Tensor:
        gi, gh, _, single = self._gates(input, hx)
        out = (gi + gh).tanh() if self.nonlinearity == "tanh" else (gi + gh).relu()
        return out.squeeze(0) if single else out


class LSTMCell(RNNCellBase):
    """One step of `LSTM`."""

    mode = "LSTM"

    def forward(self, input: Tensor, hx: Any = None) -> tuple[Tensor, Tensor]:
        h, c = (None, None) if hx is None else hx
        gi, gh, h, single = self._gates(input, h)
        c = make.zeros(h.shape, dtype=h.dtype) if c is None else c.unsqueeze(0) if c.ndim == 1 else c
        i, f, g, o = (gi + gh).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return (h.squeeze(0), c.squeeze(0)) if single else (h, c)


class GRUCell(RNNCellBase):
    """One step of `GRU`."""

    mode = "GRU"

    def forward(self, input: Tensor, hx: Any = None) -> Tensor:
        gi, gh, h, single = self._gates(input, hx)
        (ri, zi, ni), (rh, zh, nh) = gi.chunk(3, 1), gh.chunk(3, 1)
        z = (zi + zh).sigmoid()
        out = (1 - z) * (ni + (ri + rh).sigmoid() * nh).tanh() + z * h
        return out.squeeze(0) if single else out
