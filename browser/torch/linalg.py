"""`torch.linalg`: what tests and demonstrations use; gradients only where noted."""

from typing import Any

import numpy as np

from ._absent import lacking as _lacking
from ._core import Tensor, make, wrap
from ._create import eye
from ._dtypes import int64
from ._reduce import norm as _norm


def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The norm of a vector, or the Frobenius norm; with gradient."""
    if ord not in (None, "fro") and (isinstance(dim, tuple) or (dim is None and A.ndim == 2)):
        return matrix_norm(A, ord)
    return _norm(A, 2 if ord in (None, "fro") else ord, dim, keepdim)


def vector_norm(x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The norm of all elements or along dimensions; with gradient."""
    return _norm(x, ord, dim, keepdim)


def matrix_norm(A: Tensor, ord: Any = "fro") -> Tensor:
    """The norm of a matrix; with gradient only for `fro`."""
    if ord == "fro":
        return _norm(A, 2, (-2, -1))
    _constant("matrix_norm", A)
    return wrap(np.asarray(np.linalg.norm(A._data, ord, axis=(-2, -1))), A.dtype)


def _constant(name: str, tensor: Tensor) -> None:
    if tensor.requires_grad:
        raise NotImplementedError(
            f"the gradient of torch.linalg.{name} is not in the browser's torch; detach() the tensor"
        )


def matrix_rank(A: Tensor, tol: Any = None, **kwargs: Any) -> Tensor:
    """How many singular values are not negligible."""
    return wrap(np.asarray(np.linalg.matrix_rank(A._data, tol, **kwargs), np.int64), int64)


def inv(A: Tensor) -> Tensor:
    """The inverse; with gradient."""
    out = np.linalg.inv(A._data)
    back = out.swapaxes(-1, -2)
    return make(out, A.dtype, "LinalgInvEx0", (A,), lambda g: (-back @ g @ back,), (), True)


def matrix_power(A: Tensor, n: int) -> Tensor:
    """A matrix times itself `n` times; with gradient."""
    if n < 0:
        return matrix_power(inv(A), -n)
    out = eye(A.shape[-1], dtype=A.dtype).expand(A.shape)
    for _ in range(n):
        out = out @ A
    return out


def multi_dot(tensors: Any) -> Tensor:
    """The product of several matrices; with gradient."""
    first, *others = tensors
    for one in others:
        first = first @ one
    return first


def solve(A: Tensor, B: Tensor) -> Tensor:
    """`x` with `A x = B`; with gradient."""
    return inv(A) @ B


def det(A: Tensor) -> Tensor:
    """The determinant; with gradient where there is an inverse."""
    out = np.asarray(np.linalg.det(A._data))

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return ((g * out)[..., None, None] * np.linalg.inv(A._data).swapaxes(-1, -2),)

    return make(out, A.dtype, "LinalgDet0", (A,), backward, (A,))


def svdvals(A: Tensor) -> Tensor:
    """Singular values, the largest first."""
    _constant("svdvals", A)
    return wrap(np.linalg.svd(A._data, compute_uv=False), A.dtype)


def svd(A: Tensor, full_matrices: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """`U`, the singular values, and `Vᵀ`."""
    _constant("svd", A)
    return tuple(wrap(np.asarray(part), A.dtype) for part in np.linalg.svd(A._data, full_matrices))


def qr(A: Tensor, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """An orthogonal and a triangular factor."""
    _constant("qr", A)
    return tuple(wrap(np.asarray(part), A.dtype) for part in np.linalg.qr(A._data, mode))


def eigvalsh(A: Tensor) -> Tensor:
    """Eigenvalues of a symmetric matrix, the smallest first."""
    _constant("eigvalsh", A)
    return wrap(np.linalg.eigvalsh(A._data), A.dtype)


def eigh(A: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of a symmetric matrix."""
    _constant("eigh", A)
    return tuple(wrap(np.asarray(part), A.dtype) for part in np.linalg.eigh(A._data))


def cholesky(A: Tensor) -> Tensor:
    """The lower triangular factor."""
    _constant("cholesky", A)
    return wrap(np.linalg.cholesky(A._data), A.dtype)


__getattr__ = _lacking(__name__, "torch.linalg")
