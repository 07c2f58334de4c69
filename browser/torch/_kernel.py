"""Products of float32 matrices in the browser, whose NumPy has no BLAS: a kernel of WebAssembly, put together here.

`code()` is the kernel's bytes, a side module as Emscripten links them: `ctypes` loads it like any shared library,
and it works on Python's own memory. Four rows and eight columns of the result stay in registers while the shared dimension is
walked; the left factor may lie in any order, the right one needs its rows in one piece.

    for i in 0, 4, …:  for j in 0, 8, …:
        C[i:i+4, j:j+8] = sum over k of A[i:i+4, k, None] * B[k, j:j+8]
"""

import functools
from typing import Any

import numpy as np

ROWS, COLUMNS = 4, 8
LEAST = 4096  # multiplications below which a call costs more than it saves


def _unsigned(n: int) -> bytes:
    """A number as WebAssembly writes it: seven bits a byte, the lowest first."""
    head, rest = n & 0x7F, n >> 7
    return bytes([head]) if not rest else bytes([head | 0x80]) + _unsigned(rest)


def _vector(*items: bytes) -> bytes:
    return _unsigned(len(items)) + b"".join(items)


def _name(text: str) -> bytes:
    return _unsigned(len(text)) + text.encode()


def _section(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _unsigned(len(body)) + body


def _get(local: int) -> bytes:
    return b"\x20" + _unsigned(local)


def _set(local: int, *value: bytes) -> bytes:
    return b"".join(value) + b"\x21" + _unsigned(local)


def _number(n: int) -> bytes:
    return b"\x41" + _unsigned(n)  # below 64, where signed and unsigned are written alike


ADD, TIMES = b"\x6a", b"\x6c"
# Of four floats at once: load, load one into all four places, store, zeros, sum, product.
LOAD, SPLAT, STORE = b"\xfd\x00\x02", b"\xfd\x09\x02\x00", b"\xfd\x0b\x02"
ZEROS, SUM, PRODUCT = b"\xfd\x0c" + bytes(16), b"\xfd\xe4\x01", b"\xfd\xe6\x01"
I32, V128 = b"\x7f", b"\x7b"

# The parameters: addresses of A, B and C; rows, shared dimension and columns; steps of A along rows and columns, of B
# and of C along rows, in bytes. Then the locals.
A, B, C, M, K, N, A_ROW, A_COLUMN, B_ROW, C_ROW = range(10)
ROW, COLUMN, AT, FROM_A, FROM_B, TO_C, LEFT, RIGHT, ONE, SUMS = range(10, 20)


def _loop(counter: int, step: int, limit: int, body: bytes) -> bytes:
    """`for counter in range(0, limit, step)`, at least once."""
    again = _get(counter) + _number(step) + ADD + b"\x22" + _unsigned(counter) + _get(limit) + b"\x49\x0d\x00"
    return _set(counter, _number(0)) + b"\x03\x40" + body + again + b"\x0b"


def _moved(base: int, count: int, step: int) -> bytes:
    """`base + count * step`."""
    return _get(base) + (_get(step) + ADD) * count


def code() -> bytes:
    """The kernel as a side module."""
    places = [(row, half, SUMS + 2 * row + half) for row in range(ROWS) for half in (0, 1)]
    inner = _set(LEFT, _get(FROM_B), LOAD, b"\x00") + _set(RIGHT, _get(FROM_B), LOAD, b"\x10")
    for row in range(ROWS):
        inner += _set(ONE, _moved(FROM_A, row, A_ROW), SPLAT)
        for half, part in enumerate((LEFT, RIGHT)):
            total = SUMS + 2 * row + half
            inner += _set(total, _get(total), _get(ONE), _get(part), PRODUCT, SUM)
    inner += _set(FROM_A, _get(FROM_A), _get(A_COLUMN), ADD) + _set(FROM_B, _get(FROM_B), _get(B_ROW), ADD)
    four = _number(4) + TIMES + ADD
    block = b"".join(_set(total, ZEROS) for _, _, total in places)
    block += _set(FROM_A, _get(A), _get(ROW), _get(A_ROW), TIMES, ADD) + _set(FROM_B, _get(B), _get(COLUMN), four)
    block += _loop(AT, 1, K, inner)
    block += _set(TO_C, _get(C), _get(ROW), _get(C_ROW), TIMES, ADD, _get(COLUMN), four)
    for row, half, total in places:
        block += _moved(TO_C, row, C_ROW) + _get(total) + STORE + bytes([16 * half])
    body = _loop(ROW, ROWS, M, _loop(COLUMN, COLUMNS, N, block))
    local = _vector(_unsigned(6) + I32, _unsigned(3 + 2 * ROWS) + V128)
    function = local + body + b"\x0b"
    return b"".join(
        [
            b"\0asm\x01\0\0\0",
            _section(0, _name("dylink.0") + bytes([1, 4, 0, 0, 0, 0])),  # needs no memory and no table of its own
            _section(1, _vector(b"\x60" + _vector(*[I32] * 10) + _vector())),
            _section(2, _vector(_name("env") + _name("memory") + b"\x02\x00\x01")),
            _section(3, _vector(b"\x00")),
            _section(7, _vector(_name("gemm") + b"\x00\x00")),
            _section(10, _vector(_unsigned(len(function)) + function)),
        ]
    )


@functools.cache
def _gemm() -> Any:
    """The kernel, loaded when it is first needed: a memory snapshot of Python must not hold it. None where it cannot
    be."""
    import ctypes
    import tempfile
    from pathlib import Path

    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "gemm.so")
            path.write_bytes(code())
            function = ctypes.CDLL(str(path)).gemm
    except (OSError, AttributeError):  # a browser without 128-bit instructions
        return None
    function.argtypes, function.restype = [ctypes.c_int32] * 10, None
    return function


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def fits(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether the kernel is worth calling for `x @ y`."""
    rows, shared = x.shape[-2:]
    columns = y.shape[-1]
    big = rows >= ROWS and columns >= COLUMNS and rows * shared * columns >= LEAST
    return big and x.dtype == y.dtype == np.float32 and _gemm() is not None


def product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`x @ y` of float32 matrices; what is left over of rows and columns by NumPy."""
    y = y if y.strides[-1] == 4 else np.ascontiguousarray(y)
    (rows, shared), columns = x.shape, y.shape[1]
    out = np.empty((rows, columns), np.float32)
    whole, wide = rows - rows % ROWS, columns - columns % COLUMNS
    steps = (*x.strides, y.strides[0], out.strides[0])
    _gemm()(_address(x), _address(y), _address(out), whole, shared, wide, *steps)
    if whole < rows:
        out[whole:] = np.einsum("ij,jk->ik", x[whole:], y)
    if wide < columns:
        out[:whole, wide:] = np.einsum("ij,jk->ik", x[:whole], y[:, wide:])
    return out


def products(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`x @ y` of stacks of float32 matrices."""
    lead = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    first = np.broadcast_to(x, (*lead, *x.shape[-2:]))
    second = np.broadcast_to(y, (*lead, *y.shape[-2:]))
    out = np.empty((*lead, x.shape[-2], y.shape[-1]), np.float32)
    for place in np.ndindex(lead):
        out[place] = product(first[place], second[place])
    return out
