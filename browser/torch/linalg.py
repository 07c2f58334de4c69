"""`torch.linalg`: what tests and demonstrations use; gradients only where noted."""

from collections import namedtuple
from typing import Any

import numpy as np

from ._absent import lacking as _lacking
from ._core import Tensor, make, wrap
from ._create import eye
from ._dtypes import bool_, fit, int32, int64
from ._pointwise import where
from ._reduce import norm as _norm
from ._shape import stack


class LinAlgError(RuntimeError):
    """A matrix that has no such factors or no inverse."""


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
    try:
        out = np.linalg.inv(A._data)
    except np.linalg.LinAlgError:
        raise LinAlgError("linalg.inv: The diagonal element is zero, the inversion could not be completed.") from None

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        back = out.swapaxes(-1, -2)
        return (-back @ g @ back,)

    return make(out, A.dtype, "LinalgInvEx0", (A,), backward, (), True)


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
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    return (inv(A) @ B.unsqueeze(-1)).squeeze(-1) if vector else inv(A) @ B


def inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """`inv`, and where there is none, infinities and a number that is not 0 instead of an error."""
    singular = wrap(np.asarray(np.linalg.det(A._data) == 0), bool_)
    if check_errors or not singular.any():
        inverse = inv(A)
    else:
        place = singular[..., None, None]
        inverse = inv(where(place, eye(A.shape[-1], dtype=A.dtype), A)).masked_fill(place, np.inf)
    return namedtuple("linalg_inv_ex", ["inverse", "info"])(inverse, singular.to(int32))


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """`solve`, and a 0 that says that it could be."""
    result = solve(A, B) if left else solve(A.mT, B.mT).mT
    info = wrap(np.zeros(A.shape[:-2], np.int32), int32)
    return namedtuple("linalg_solve_ex", ["result", "info"])(result, info)


def det(A: Tensor) -> Tensor:
    """The determinant; with gradient where there is an inverse."""
    x = A._data
    out = np.asarray(np.linalg.det(x), x.dtype)

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return ((g * out)[..., None, None] * np.linalg.inv(x).swapaxes(-1, -2),)

    return make(out, A.dtype, "LinalgDet0", (A,), backward, (A,), True)


SVD = namedtuple("linalg_svd", ["U", "S", "Vh"])
QR = namedtuple("linalg_qr", ["Q", "R"])
Eigh = namedtuple("linalg_eigh", ["eigenvalues", "eigenvectors"])
Eig = namedtuple("linalg_eig", ["eigenvalues", "eigenvectors"])
Slogdet = namedtuple("linalg_slogdet", ["sign", "logabsdet"])
Lstsq = namedtuple("linalg_lstsq", ["solution", "residuals", "rank", "singular_values"])


def slogdet(A: Tensor) -> Slogdet:
    """The sign of the determinant, and the logarithm of its size; with gradient."""
    sign, size = (np.asarray(part, A._data.dtype) for part in np.linalg.slogdet(A._data))

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        return (g[..., None, None] * np.linalg.inv(A._data).swapaxes(-1, -2),)

    kept = make(sign, A.dtype, "LinalgSlogdet0", (A,), lambda g: (np.zeros_like(A._data),))
    return Slogdet(kept, make(size, A.dtype, "LinalgSlogdet0", (A,), backward, (A,)))


def svdvals(A: Tensor) -> Tensor:
    """Singular values, the largest first; with gradient."""
    u, s, vh = np.linalg.svd(A._data, full_matrices=False)
    return make(s, A.dtype, "LinalgSvd0", (A,), lambda g: ((u * g[..., None, :]) @ vh,), (A,))


def svd(A: Tensor, full_matrices: bool = True) -> SVD:
    """`U`, the singular values, and `Vᵀ`; with gradient of the reduced form."""
    if not (full_matrices and A.shape[-1] != A.shape[-2]):
        return _svd_with_gradient(A)
    _constant("svd(full_matrices=True)", A)
    return SVD(*(wrap(np.asarray(part), A.dtype) for part in np.linalg.svd(A._data)))


def _svd_with_gradient(A: Tensor) -> SVD:
    """The reduced singular value decomposition: one node for each part, each with its share of the gradient."""
    u, s, vh = np.linalg.svd(A._data, full_matrices=False)
    v = vh.swapaxes(-1, -2)

    def through(gu: Any, gs: Any, gv: Any) -> np.ndarray:
        gap = s[..., None, :] ** 2 - s[..., :, None] ** 2
        inverse = np.where(gap == 0, 0, 1 / np.where(gap == 0, 1, gap))
        inner = np.zeros((*s.shape, s.shape[-1]), s.dtype)
        if gu is not None:
            turn = u.swapaxes(-1, -2) @ gu
            inner += (inverse * (turn - turn.swapaxes(-1, -2))) * s[..., None, :]
        if gv is not None:
            turn = v.swapaxes(-1, -2) @ gv
            inner += s[..., :, None] * (inverse * (turn - turn.swapaxes(-1, -2)))
        if gs is not None:
            inner += gs[..., None] * np.eye(s.shape[-1], dtype=s.dtype)
        out = u @ inner @ vh
        if gu is not None and u.shape[-2] > u.shape[-1]:
            part = gu / s[..., None, :]
            out += (part - u @ (u.swapaxes(-1, -2) @ part)) @ vh
        if gv is not None and v.shape[-2] > v.shape[-1]:
            part = (gv / s[..., None, :]).swapaxes(-1, -2)
            out += u @ (part - (part @ v) @ vh)
        return out

    return SVD(
        make(u, A.dtype, "LinalgSvd0", (A,), lambda g: (through(g, None, None),), (A,)),
        make(s, A.dtype, "LinalgSvd0", (A,), lambda g: (through(None, g, None),), (A,)),
        make(vh, A.dtype, "LinalgSvd0", (A,), lambda g: (through(None, None, g.swapaxes(-1, -2)),), (A,)),
    )


def qr(A: Tensor, mode: str = "reduced") -> QR:
    """An orthogonal and a triangular factor; with gradient where there are at least as many rows as columns."""
    q, r = np.linalg.qr(A._data, mode)
    rows, cols = A._data.shape[-2:]
    if A.requires_grad and (rows < cols or mode != "reduced"):
        _constant("qr of a wide matrix", A)

    def through(gq: Any, gr: Any) -> np.ndarray:
        table = 0
        if gr is not None:
            table = table + r @ gr.swapaxes(-1, -2)
        if gq is not None:
            table = table - gq.swapaxes(-1, -2) @ q
        lower = np.tril(table)
        symmetric = lower + np.tril(table, -1).swapaxes(-1, -2)
        out = (0 if gq is None else gq) + q @ symmetric
        return np.linalg.solve(r, out.swapaxes(-1, -2)).swapaxes(-1, -2)

    return QR(
        make(q.copy(), A.dtype, "LinalgQr0", (A,), lambda g: (through(g, None),), (A,)),
        make(r.copy(), A.dtype, "LinalgQr0", (A,), lambda g: (through(None, g),), (A,)),
    )


def eigh(A: Tensor, UPLO: str = "L") -> Eigh:
    """Eigenvalues and eigenvectors of a symmetric matrix; with gradient."""
    w, v = np.linalg.eigh(A._data, UPLO)
    vh = np.conj(v.swapaxes(-1, -2))

    def of_vectors(g: np.ndarray) -> np.ndarray:
        gap = w[..., None, :] - w[..., :, None]
        inverse = np.where(gap == 0, 0, 1 / np.where(gap == 0, 1, gap))
        return v @ (inverse * (vh @ g)) @ vh

    return Eigh(
        make(w, A.dtype.to_real(), "LinalgEigh0", (A,), lambda g: ((v * g[..., None, :]) @ vh,), (A,)),
        make(v, A.dtype, "LinalgEigh0", (A,), lambda g: (of_vectors(g),), (A,)),
    )


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """Eigenvalues of a symmetric matrix, the smallest first; with gradient."""
    return eigh(A, UPLO).eigenvalues


def eig(A: Tensor) -> Eig:
    """Eigenvalues and eigenvectors, both complex."""
    _constant("eig", A)
    kind = A.dtype.to_complex()
    return Eig(*(wrap(fit(part, kind), kind) for part in np.linalg.eig(A._data)))


def eigvals(A: Tensor) -> Tensor:
    """Eigenvalues, complex."""
    return eig(A).eigenvalues


def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangular factor, or its transpose; with gradient."""
    try:
        lower = np.linalg.cholesky(A._data)
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.cholesky: The factorization could not be completed because the input is not positive-definite."
        ) from None

    def backward(g: np.ndarray) -> tuple[np.ndarray]:
        inverse = np.linalg.inv(lower)
        phi = np.tril(lower.swapaxes(-1, -2) @ g)
        phi -= 0.5 * np.einsum("...ii->...i", phi)[..., None] * np.eye(phi.shape[-1], dtype=phi.dtype)
        out = inverse.swapaxes(-1, -2) @ phi @ inverse
        return ((out + out.swapaxes(-1, -2)) / 2,)

    out = make(lower, A.dtype, "LinalgCholeskyEx0", (A,), backward, (), True)
    return out.mT if upper else out


def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """`x` with `A x = B` (or `x A = B`) for a triangular `A`; with gradient."""
    A = A.triu() if upper else A.tril()
    if unitriangular:
        A = A - A.diagonal(0, -2, -1).diag_embed() + eye(A.shape[-1], dtype=A.dtype)
    return inv(A) @ B if left else B @ inv(A)


def pinv(A: Tensor, *, rtol: float | None = None, rcond: float | None = None, hermitian: bool = False) -> Tensor:
    """The inverse of Moore and Penrose; with gradient where the matrix has full rank."""
    if A.requires_grad:
        tall = A.shape[-2] >= A.shape[-1]
        return inv(A.mT @ A) @ A.mT if tall else A.mT @ inv(A @ A.mT)
    small = rtol if rtol is not None else rcond
    small = max(A.shape[-2:]) * float(np.finfo(A._data.dtype).eps) if small is None else small
    return wrap(np.linalg.pinv(A._data, small), A.dtype)


def lstsq(A: Tensor, B: Tensor, rcond: Any = None, *, driver: Any = None) -> Lstsq:
    """The `x` that makes `|A x - B|` smallest; with gradient where `A` has full rank."""
    rank = wrap(np.asarray(np.linalg.matrix_rank(A._data)), int64)
    found = pinv(A) @ B
    tall = A.shape[-2] > A.shape[-1] and bool((rank == A.shape[-1]).all())
    rest = (A @ found - B).square().sum(-2) if tall else A.new_empty(0)
    return Lstsq(found, rest.detach(), rank, A.new_empty(0))


def matrix_exp(A: Tensor) -> Tensor:
    """The exponential: halved until small, a Taylor series, squared back; with gradient."""
    size = float(np.abs(A._data).sum(axis=-1).max(initial=0))
    halvings = max(0, int(np.ceil(np.log2(size))) + 1) if size > 0 else 0
    part = A / 2**halvings
    out = term = eye(A.shape[-1], dtype=A.dtype).expand(A.shape)
    for n in range(1, 19):
        term = term @ part / n
        out = out + term
    for _ in range(halvings):
        out = out @ out
    return out


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector at right angles to two; with gradient."""
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3.")
    a, b = input.unbind(dim), other.unbind(dim)
    return stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]], dim)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Sums of products along a dimension; with gradient."""
    return (x.conj() * y).sum(dim)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonal: a view."""
    return A.diagonal(offset, dim1, dim2)


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The product of matrices."""
    return input @ other


def vander(x: Tensor, N: int | None = None) -> Tensor:
    """Rising powers of each element."""
    return stack([x**n for n in range(x.shape[-1] if N is None else N)], -1)


def cond(A: Tensor, p: Any = None) -> Tensor:
    """How much a matrix can stretch an error."""
    _constant("cond", A)
    return wrap(np.asarray(np.linalg.cond(A._data, p), A._data.dtype), A.dtype)


__getattr__ = _lacking(__name__, "torch.linalg")
