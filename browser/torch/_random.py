"""Random numbers: torch's own on the CPU, from the same generator in the same order.

The generator is MT19937, seeded as NumPy's legacy one. Which of its 32-bit draws makes which number was read off
torch 2.13 and is held by tests/browser/torch_api/test_random.py:

- float32 takes the low 24 bits of a draw; a double the low 53 of two, the first being the high half;
- 16 and more normal numbers of contiguous memory fill it with uniform ones and turn blocks of 16 by Box-Muller, in
  float32 with the polynomials of torch's vector code; fewer use doubles, two at a time, and keep the second;
- memory that is not contiguous is filled number by number in the order of its addresses.
"""

import math
from typing import Any

import numpy as np

from ._core import PUBLIC, Tensor, both, function, method, store, wrap
from ._create import empty, finished
from ._dtypes import device as Device
from ._dtypes import dtype as DTYPE
from ._dtypes import fit, float16, float32, float64, get_default_dtype, int64
from ._reduce import argmax, topk
from ._shape import sizes

STATE_BYTES = 5056  # what torch.get_rng_state gives
F32 = np.float32


class Generator:
    """A source of random numbers with its own state."""

    def __init__(self, device: Any = "cpu") -> None:
        self.device = Device(device)
        self.manual_seed(67280421310721)  # torch's default

    def manual_seed(self, seed: int) -> "Generator":
        """Start again from a seed."""
        if not -(2**63) <= seed < 2**64:
            raise RuntimeError("Overflow when unpacking long long")
        self._seed = int(seed) % 2**64
        self._source: Any = None  # made when the first number is drawn: numpy.random takes long to import
        self._second: float | None = None  # the normal number that a pair left over
        return self

    @property
    def _bits(self) -> Any:
        """NumPy's generator of the draws."""
        if self._source is None:
            self._source = np.random.MT19937()
            self._source._legacy_seeding(self._seed % 2**32)
        return self._source

    def initial_seed(self) -> int:
        """The seed it started from."""
        return self._seed

    def seed(self) -> int:
        """Start again from a seed of the operating system."""
        import os

        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def get_state(self) -> Tensor:
        """The state as bytes, laid out as torch does."""
        state = self._bits.state["state"]
        packed = np.zeros(STATE_BYTES, np.uint8)
        words = packed.view(np.uint64)
        words[0], words[3:627] = self._seed, state["key"]
        packed[8:16].view(np.int32)[:] = (625 - state["pos"], 1)
        words[2] = state["pos"]
        if self._second is not None:
            packed.view(np.float64)[628], packed[5040] = self._second, 1
        return wrap(packed, PUBLIC["uint8"])

    def set_state(self, new_state: Tensor) -> "Generator":
        """Go back to a state."""
        packed = np.ascontiguousarray(new_state._data)
        if packed.shape != (STATE_BYTES,):
            raise RuntimeError(f"RNG state is wrong size: {packed.shape}, expected {STATE_BYTES} bytes")
        words = packed.view(np.uint64)
        left = int(packed[8:12].view(np.int32)[0])
        state = {"key": words[3:627].astype(np.uint32), "pos": 625 - left}
        self._seed = int(words[0])
        self._source = np.random.MT19937()
        self._source.state = {"bit_generator": "MT19937", "state": state}
        self._second = float(packed.view(np.float64)[628]) if packed[5040] else None
        return self

    def draws(self, count: int) -> np.ndarray:
        """The next 32-bit draws, as uint64."""
        return self._bits.random_raw(count)

    def long_draws(self, count: int) -> np.ndarray:
        """The next 64-bit numbers: two draws each."""
        pairs = self.draws(2 * count)
        return pairs[0::2] << np.uint64(32) | pairs[1::2]

    def doubles(self, count: int) -> np.ndarray:
        """Uniform doubles in [0, 1)."""
        return (self.long_draws(count) & np.uint64(2**53 - 1)) * 2.0**-53

    def uniforms(self, count: int, kind: DTYPE) -> np.ndarray:
        """Uniform numbers in [0, 1) as a type draws them; half precision is rounded later."""
        if kind is float64:
            return self.doubles(count)
        return (self.draws(count) & np.uint64(2**24 - 1)).astype(F32) * F32(2**-24)

    def normals(self, count: int) -> np.ndarray:
        """Standard normal doubles, one pair after the other; a second one may be left from before."""
        kept = [] if self._second is None or not count else [self._second]
        pairs = self.doubles((count - len(kept) + 1) // 2 * 2)
        found = np.array([*kept, *(number for u1, u2 in pairs.reshape(-1, 2).tolist() for number in _pair(u1, u2))])
        if count:
            self._second = float(found[count]) if len(found) > count else None
        return found[:count]


def _pair(u1: float, u2: float) -> tuple[float, float]:
    """Two normal numbers of two uniform ones, by the C library's functions: NumPy's differ in the last bit."""
    radius, theta = math.sqrt(-2.0 * math.log1p(-u2)), 2.0 * math.pi * u1
    return radius * math.cos(theta), radius * math.sin(theta)


default_generator = Generator()


def _own(generator: Generator | None) -> Generator:
    return default_generator if generator is None else generator


@function
def manual_seed(seed: int) -> Generator:
    """Start the default generator again from a seed."""
    return default_generator.manual_seed(int(seed))


@function
def initial_seed() -> int:
    """The seed the default generator started from."""
    return default_generator.initial_seed()


@function
def seed() -> int:
    """Start the default generator again from a seed of the operating system."""
    return default_generator.seed()


@function
def get_rng_state() -> Tensor:
    """The default generator's state."""
    return default_generator.get_state()


@function
def set_rng_state(new_state: Tensor) -> None:
    """Bring the default generator back to a state."""
    default_generator.set_state(new_state)


# The normal numbers of float32: the same additions, in the same order, as torch's vector code.


def _fma(a: np.ndarray, b: Any, c: Any) -> np.ndarray:
    """`a * b + c` rounded once to float32."""
    return (a.astype(np.float64) * b + c).astype(F32)


LOG = (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
COS = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
SIN = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
QUARTER_PI = (-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)  # π/4 in three parts


def _polynomial(x: np.ndarray, coefficients: tuple[float, ...]) -> np.ndarray:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total = _fma(total, x, F32(coefficient))
    return total


def _log(x: np.ndarray) -> np.ndarray:
    """The natural logarithm of float32, as Cephes computes it."""
    bits = x.view(np.int32)
    exponent = ((bits >> 23) - 126).astype(F32)
    mantissa = ((bits & 0x7FFFFF) | 0x3F000000).view(F32)  # in [0.5, 1)
    small = mantissa < F32(0.707106781186547524)
    exponent -= small
    mantissa = mantissa - F32(1) + np.where(small, mantissa, F32(0))
    square = mantissa * mantissa
    tail = _polynomial(mantissa, LOG) * mantissa
    tail = _fma(tail, square, exponent * F32(-2.12194440e-4))
    return _fma(exponent, F32(0.693359375), mantissa + _fma(square, -0.5, tail))


def _sin_cos(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of non-negative float32, as Cephes computes them."""
    octant = ((x * F32(1.27323954473516)).astype(np.int32) + 1) & ~1
    for part in QUARTER_PI:
        x = _fma(octant.astype(F32), F32(part), x)
    square = x * x
    cos = _polynomial(square, COS) * square
    cos = _fma(cos, square, -(square * F32(0.5))) + F32(1)
    sin = _fma(_polynomial(square, SIN) * square, x, x)
    swap = octant & 2 != 0
    sin, cos = np.where(swap, cos, sin), np.where(swap, sin, cos)
    return np.where(octant & 4 != 0, -sin, sin), np.where((octant - 2) & 4 == 0, -cos, cos)


def _box_muller(blocks: np.ndarray) -> np.ndarray:
    """Blocks `(n, 16)` of uniform numbers to normal ones: values j and j + 8 make a pair."""
    first, second = np.ascontiguousarray(1 - blocks[:, :8]), blocks[:, 8:]
    if blocks.dtype == np.float64:
        radius, theta = np.sqrt(-2 * np.log(first)), 2 * math.pi * second
        return np.concatenate([radius * np.cos(theta), radius * np.sin(theta)], axis=1)
    radius = np.sqrt(F32(-2) * _log(first))
    sin, cos = _sin_cos(F32(2 * math.pi) * second)
    return np.concatenate([radius * cos, radius * sin], axis=1)


def _normal_values(
    shape: tuple[int, ...], kind: DTYPE, dense: bool, mean: float, std: float, source: Generator
) -> np.ndarray:
    """Normal numbers in the order of memory."""
    count = math.prod(shape)
    wide = np.float64 if kind is float64 else F32
    if count < 16 or not dense:
        values = source.normals(count) * std + mean
        return values.astype(wide)
    whole = count // 16 * 16
    uniform = source.uniforms(whole if kind.itemsize == 2 else count, kind)
    values = np.empty(count, wide)
    values[:whole] = _box_muller(uniform[:whole].reshape(-1, 16)).reshape(-1)
    if whole != count:
        values[-16:] = _box_muller(source.uniforms(16, kind).reshape(1, 16)).reshape(-1)
    if kind is float64:
        return values * std + mean
    return values if (mean, std) == (0, 1) else _fma(values, F32(std), F32(mean))


def _placed(data: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values given in the order of an array's memory, in its shape."""
    if not data.ndim:
        return values.reshape(())
    order = np.argsort([-stride for stride in data.strides], kind="stable")  # the longest strides first
    return values.reshape([data.shape[axis] for axis in order]).transpose(np.argsort(order))


def _fill(target: Tensor, values: np.ndarray) -> Tensor:
    """Store values, given in the order of memory."""
    store(target.detach(), wrap(fit(_placed(target._data, values), target.dtype), target.dtype))
    return target


def _on_meta(target: Tensor) -> bool:
    """Whether there is nothing to fill.

    Raises:
        RuntimeError: If a leaf would lose its gradient.
    """
    if target.requires_grad and target._node is None and PUBLIC["is_grad_enabled"]():
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    return target.is_meta


@method
def uniform_(
    self: Tensor, from_: float = 0, to: float = 1, *, generator: Generator | None = None, **kwargs: float
) -> Tensor:
    """Uniform numbers in [from, to), in place."""
    low, high = kwargs.pop("a", kwargs.pop("from", from_)), kwargs.pop("b", to)
    if _on_meta(self):
        return self
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}")
    values = _own(generator).uniforms(self._data.size, self.dtype)
    kind = values.dtype.type
    if (low, high) != (0, 1):
        span = kind(high) - kind(low)
        values = values * span + kind(low) if self.dtype is float64 else _fma(values, span, kind(low))
    if self.dtype.itemsize == 2:  # what rounding took to the upper limit goes to the lower one
        values = np.where(fit(values, self.dtype) == fit(np.asarray(kind(high)), self.dtype), kind(low), values)
    return _fill(self, values)


@method
def normal_(self: Tensor, mean: float = 0, std: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Normal numbers, in place."""
    if _on_meta(self):
        return self
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    dense = self._data.flags.c_contiguous
    return _fill(self, _normal_values(self._data.shape, self.dtype, dense, mean, std, _own(generator)))


@method
def exponential_(self: Tensor, lambd: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Exponential numbers, in place."""
    if _on_meta(self):
        return self
    if lambd <= 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    uniform = _own(generator).doubles(self._data.size)
    if self.dtype is float64:  # NumPy's log1p differs from the C library's in the last bit
        return _fill(self, -1 / lambd * np.array([math.log1p(-u) for u in uniform.tolist()]))
    return _fill(self, (-1 / lambd * np.log1p(-uniform)).astype(F32))


@method
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """1 with probability `p`, else 0, in place."""
    if _on_meta(self):
        return self
    if isinstance(p, Tensor):
        return store(self, bernoulli(p.expand(self._data.shape), generator=generator).to(self.dtype))
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    return _fill(self, (_own(generator).doubles(self._data.size) < p).astype(F32))


@method
def random_(
    self: Tensor, from_: int | None = None, to: int | None = None, *, generator: Generator | None = None
) -> Tensor:
    """Whole numbers in [from, to), in place."""
    if from_ is not None and to is None:
        from_, to = 0, from_
    if from_ is None:
        return _fill(self, _any_integers(self.dtype, self._data.size, _own(generator)))
    return _fill(self, _integers(from_, to, self._data.size, _own(generator)))


def _any_integers(kind: DTYPE, count: int, source: Generator) -> np.ndarray:
    """Whole numbers of all that a type holds: of a float those that it holds exactly."""
    if kind in (int64, float64):
        return (source.long_draws(count) % np.uint64(2**63 if kind is int64 else 2**53 + 1)).astype(np.int64)
    if kind.rank < 2:
        return (source.draws(count) % np.uint64(2 if kind.rank == 0 else int(np.iinfo(kind.np).max) + 1)).astype(
            np.int64
        )
    return (source.draws(count) % np.uint64({float32: 2**24, float16: 2**11}.get(kind, 2**8) + 1)).astype(np.int64)


def _integers(low: int, high: int, count: int, source: Generator) -> np.ndarray:
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    span = high - low
    drawn = source.draws(count) if span < 2**28 else source.long_draws(count)
    return (drawn % np.uint64(span)).astype(np.int64) + low


def _shaped(size: tuple[Any, ...], dtype: DTYPE | None, device: Any = None) -> Tensor:
    return empty(*size, dtype=dtype or get_default_dtype(), device=device)


def _made(out: Tensor, device: Any, requires_grad: bool) -> Tensor:
    return finished(out._data, out.dtype, device, requires_grad)


@function
def rand(
    *args: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: DTYPE | None = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1)."""
    return _made(
        uniform_(_shaped(args if size is None else (size,), dtype, device), generator=generator), device, requires_grad
    )


@function
def randn(
    *args: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: DTYPE | None = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Standard normal numbers."""
    return _made(
        normal_(_shaped(args if size is None else (size,), dtype, device), generator=generator), device, requires_grad
    )


@function
def rand_like(
    input: Tensor,
    *,
    dtype: DTYPE | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Uniform numbers in the shape and type of a tensor."""
    return _made(uniform_(PUBLIC["empty_like"](input, dtype=dtype)), device, requires_grad)


@function
def randn_like(
    input: Tensor,
    *,
    dtype: DTYPE | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Standard normal numbers in the shape and type of a tensor."""
    return _made(normal_(PUBLIC["empty_like"](input, dtype=dtype)), device, requires_grad)


@function
def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: DTYPE | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers, each with its own mean and standard deviation where these are tensors."""
    if size is not None:
        out = normal_(_shaped((size,), dtype, device), mean, std, generator=generator)
        return _made(out, device, requires_grad)
    shape = np.broadcast_shapes(*(one._data.shape for one in (mean, std) if isinstance(one, Tensor)))
    kind = (mean if isinstance(mean, Tensor) else std).dtype
    return normal_(_shaped((shape,), kind), generator=generator) * std + mean


@function
def randint(
    low: Any = 0,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: DTYPE | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Whole numbers in [low, high)."""
    low, high = (one.item() if isinstance(one, Tensor) else one for one in (low, high))
    if size is None and isinstance(high, tuple | list):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    out = wrap(np.zeros(sizes((size,)), (dtype or int64).np), dtype or int64)
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    return _made(_fill(out, _integers(low, high, out._data.size, _own(generator))), device, requires_grad)


@function
def randint_like(
    input: Tensor, low: int, high: int | None = None, *, dtype: DTYPE | None = None, device: Any = None
) -> Tensor:
    """Whole numbers in the shape and type of a tensor."""
    return randint(low, high, tuple(input._data.shape), dtype=dtype or input.dtype)


@function
def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: DTYPE | None = None,
    device: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """The numbers below `n` in random order."""
    order = list(range(n))
    for i, draw in enumerate(_own(generator).draws(max(n - 1, 0)).tolist()):
        j = i + draw % (n - i)
        order[i], order[j] = order[j], order[i]
    kind = dtype or int64
    return finished(np.array(order, kind.np), kind, device)


@both
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element gives (or `p`), else 0."""
    if p is not None:
        return bernoulli_(PUBLIC["empty_like"](input), p, generator=generator)
    if input._data.size and not (input._data.min() >= 0 and input._data.max() <= 1):
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    kind = float64 if input.dtype is float64 else float32
    drawn = _own(generator).uniforms(input._data.size, kind).reshape(input._data.shape)
    return wrap((drawn < input._data).astype(input._data.dtype), input.dtype)


@both
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Places of the last dimension, drawn with probabilities in proportion to the values there."""
    if input.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > input._data.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    weights = input._data
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not (weights.sum(axis=-1) > 0).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    if not replacement or num_samples == 1:
        noise = exponential_(PUBLIC["empty_like"](input), generator=generator)
        keys = input.detach() / noise
        return argmax(keys, -1, keepdim=True) if num_samples == 1 else topk(keys, num_samples).indices
    rows = np.atleast_2d(weights if input.dtype is not float16 else weights.astype(F32))
    sums = np.cumsum(rows, axis=-1, dtype=rows.dtype)
    sums /= sums[:, -1:]
    sums[:, -1] = 1
    drawn = _own(generator).doubles(len(rows) * num_samples).reshape(len(rows), num_samples)
    found = np.stack([np.searchsorted(row, draw, "left") for row, draw in zip(sums, drawn, strict=True)])
    return wrap(found.reshape(*input._data.shape[:-1], num_samples).astype(np.int64), int64)


def dropout_mask(like: np.ndarray, keep: float) -> np.ndarray:
    """True where a value is kept; drawn as `bernoulli_` does, in the order of the memory of `empty_like`."""
    kept = default_generator.doubles(like.size) < keep
    return kept.reshape(like.shape) if like.flags.c_contiguous or 0 in like.strides else _placed(like, kept)


class fork_rng:
    """Leave the default generator as it was after the `with`."""

    def __init__(self, devices: Any = (), enabled: bool = True) -> None:
        self.enabled = enabled

    def __enter__(self) -> None:
        self.state = get_rng_state()

    def __exit__(self, *error: object) -> None:
        if self.enabled:
            set_rng_state(self.state)
