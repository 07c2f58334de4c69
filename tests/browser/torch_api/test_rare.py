"""Functions that are imported when asked for give what real torch gives: values, types, shapes and gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browser.torch_api.pair import check, shim
from tests.browser.torch_api.test_functions import QUICK, SEEDS, SHAPES, numbers

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated", "ignore:.*chain_matmul", "ignore:Using torch.cross")
REAL = {
    name: (lambda t, x, name=name: getattr(t, name)(x))
    for name in """asinh deg2rad rad2deg positive i0 sinc isreal nanmedian atleast_1d atleast_2d atleast_3d diagflat
    """.split()
} | {
    "logaddexp2": lambda t, x: t.logaddexp2(x, x + 0.5),
    "xlogy": lambda t, x: t.xlogy(x, x.abs() + 0.1),
    "hypot": lambda t, x: t.hypot(x, x - 3),
    "copysign": lambda t, x: t.copysign(x, -x),
    "fmax": lambda t, x: (t.fmax(x, 0.3 - x), t.fmin(x, 0.3 - x)),
    "ldexp": lambda t, x: t.ldexp(x, t.tensor(2)),
    "float_power": lambda t, x: t.float_power(x, 2),
    "heaviside": lambda t, x: t.heaviside(x.detach(), t.tensor(0.5, dtype=x.dtype)),
    "special": lambda t, x: (
        t.special.expit(x),
        t.special.ndtr(x),
        t.special.entr(x.abs()),
        t.special.psi(x.abs() + 1),
    ),
    "dist": lambda t, x: t.dist(x, x - 1, 3),
    "sgn": lambda t, x: t.sgn(x.detach()),
    "swapdims": lambda t, x: x.swapdims(0, -1) if x.ndim else x,
    "sum_to_size": lambda t, x: (x + t.ones(2, *x.shape, dtype=x.dtype)).sum_to_size(x.shape),
}
SMALL = {name: (lambda t, x, name=name: getattr(t, name)(x)) for name in ("atanh", "erfinv")}
POSITIVE = {name: (lambda t, x, name=name: getattr(t, name)(x)) for name in ("lgamma", "digamma")} | {
    "acosh": lambda t, x: t.acosh(x + 1.1),
    "polygamma": lambda t, x: (t.polygamma(1, x), t.polygamma(2, x)),
    "mvlgamma": lambda t, x: t.mvlgamma(x + 1, 2),
}


@pytest.mark.parametrize("name", REAL)
@QUICK
@given(shape=SHAPES, seed=SEEDS, dtype=st.sampled_from(["float32", "float64"]))
def test_functions_of_any_number(name, shape, seed, dtype):
    check(REAL[name], [numbers(seed, shape, dtype=dtype)], rtol=2e-5)


@pytest.mark.parametrize("name", SMALL)
@QUICK
@given(shape=SHAPES, seed=SEEDS)
def test_functions_of_small_numbers(name, shape, seed):
    check(SMALL[name], [numbers(seed, shape, "unit")], rtol=2e-5)


@pytest.mark.parametrize("name", POSITIVE)
@QUICK
@given(shape=SHAPES, seed=SEEDS, dtype=st.sampled_from(["float32", "float64"]))
def test_functions_of_positive_numbers(name, shape, seed, dtype):
    check(POSITIVE[name], [numbers(seed, shape, "positive", dtype)], rtol=1e-4, atol=1e-5)


MATRIX = {
    "products": lambda t, x, y: (
        t.inner(x, y), t.vdot(x[0], y[0]), t.ger(x[0], y[0]), t.addmv(x[:, 0], x, y[0]), t.addr(x, x[:, 0], y[0]),
        t.addbmm(x @ y.T, t.stack([x, y]), t.stack([y.T, x.T])), t.chain_matmul(x, y.T, x), t.block_diag(x, y, x[0]),
    ),
    "statistics": lambda t, x, y: (t.cov(x), t.corrcoef(x), t.cov(x[0]), t.pdist(x)),
    "histogram": lambda t, x, y: tuple(t.histogram(x.detach(), 4)),
    "renorm": lambda t, x, y: t.renorm(x, 2, 0, 1.0),
    "areas": lambda t, x, y: (
        t.trapezoid(x), t.trapezoid(x, y), t.trapz(x, dx=0.5), t.cumulative_trapezoid(x), t.gradient(x, dim=1),
    ),
    "shapes": lambda t, x, y: (
        t.fliplr(x), t.flipud(x), t.rot90(x), t.rot90(x, 3), t.rot90(x, 2), t.hsplit(x, [1]), t.vsplit(x, [1]),
        t.column_stack([x[0], y[0]]), t.row_stack([x, y]), t.dstack([x, y]), x.split_with_sizes([1, 3], 1),
        t.vander(x[0].detach(), 3), t.moveaxis(x, 0, 1), x.swapaxes(0, 1),
        t.movedim(x[None], (0, 1), (2, 0)), x.mH, x.adjoint(),
    ),
    "as_strided": lambda t, x, y: t.as_strided(x, (2, 2), (1, 2), 1),
    "scatters": lambda t, x, y: (
        t.select_scatter(x, y[0], 0, 1), t.slice_scatter(x, y[:, :1], 1, 0, 4, 4), t.diagonal_scatter(x, y[:, 0]),
        t.put(x, t.tensor([1, 5]), y[0, :2]), t.put(x, t.tensor([1, 1]), y[0, :2], accumulate=True),
    ),
    "cross": lambda t, x, y: (t.cross(x.T[:3], y.T[:3]), t.linalg.cross(x[:, :3], y[:, :3])),
}  # fmt: skip


@pytest.mark.parametrize("name", MATRIX)
@QUICK
@given(seed=SEEDS)
def test_functions_of_matrices(name, seed):
    check(MATRIX[name], [numbers(seed, (3, 4)), numbers(seed + 1, (3, 4))], rtol=1e-4, atol=1e-5)


SQUARE = {
    "det": lambda t, a: (t.det(a), t.slogdet(a), t.logdet(a @ a.mT), t.linalg.det(t.stack([a, a + 1]))),
    "inverse": lambda t, a: (t.inverse(a), t.pinverse(a), t.linalg.pinv(a[:, :2]), t.matrix_power(a, 3)),
    "matrix_exp": lambda t, a: t.matrix_exp(a / 3),
    "solve": lambda t, a: (t.linalg.solve(a, a[0]), t.linalg.solve(a, a), t.linalg.lstsq(a, a[:, :1]).solution),
    "triangular": lambda t, a: t.linalg.solve_triangular(a, a[:, :1], upper=True),
    "svd": lambda t, a: (t.linalg.svdvals(a), t.svd(a).S, (lambda u, s, v: u @ s.diag() @ v.mT)(*t.svd(a[:, :2]))),
    "vectors": lambda t, a: (lambda u, s, v: (u.abs(), v.abs()))(*t.linalg.svd(a, full_matrices=False)),
    "eigh": lambda t, a: (t.linalg.eigvalsh(a + a.mT), t.linalg.eigh(a + a.mT).eigenvectors.abs()),
    "qr": lambda t, a: tuple(one.abs() for one in t.linalg.qr(a)),
    "cholesky": lambda t, a: (t.linalg.cholesky(a @ a.mT), t.cholesky(a @ a.mT, upper=True)),
    "eig": lambda t, a: t.linalg.eigvals(a.detach()).abs().sort().values,
    "others": lambda t, a: (
        t.linalg.vecdot(a, a),
        t.linalg.diagonal(a),
        t.linalg.vander(a[0]),
        t.linalg.cond(a.detach()),
    ),
}


@pytest.mark.parametrize("name", SQUARE)
@settings(QUICK, max_examples=4)
@given(seed=SEEDS)
def test_linear_algebra(name, seed):
    array = numbers(seed, (3, 3), dtype="float64") + 3 * np.diag([1.0, 2.0, 3.0])
    check(SQUARE[name], [array], rtol=1e-6, atol=1e-7)


INTEGERS = {
    "windows": lambda t: [
        getattr(t, f"{n}_window")(5, p) for n in ("hann", "hamming", "blackman", "bartlett") for p in (True, False)
    ],
    "in place": lambda t: (
        t.ones(3, 3).triu_(),
        t.tensor([0.5]).asin_().multiply_(2).fix_(),
        t.relu_(t.tensor([-1.0, 1.0])),
    ),
    "names": lambda t: (t.typename(t.ones(1)), t.typename(3), t.ones(1).type(), t.get_float32_matmul_precision()),
    "gcd": lambda t: (t.gcd(t.tensor([12, 8]), t.tensor([18, 3])), t.lcm(t.tensor([12, 8]), t.tensor([18, 3]))),
    "places": lambda t: t.unravel_index(t.tensor([3, 5]), (2, 4)),
    "asked": lambda t: (t.tensor(1.0).is_nonzero(), t.is_signed(t.ones(1)), t.is_same_size(t.ones(2), t.ones(3))),
    "range": lambda t: t.scalar_tensor(3),
}


@pytest.mark.parametrize("name", INTEGERS)
def test_functions_of_integers(name):
    check(INTEGERS[name], [])


FFT = {
    "stft": lambda t, x: (
        t.stft(x.repeat(1, 9), 8, window=t.hamming_window(8), return_complex=True),
        x.repeat(1, 9).stft(8, 3, 6, t.hann_window(6), False, normalized=True, onesided=False, return_complex=False),
        t.istft(
            t.stft(x.repeat(1, 9), 8, 2, window=t.kaiser_window(8), return_complex=True),
            8,
            2,
            window=t.kaiser_window(8),
        ),
        t.stft(x.repeat(1, 9)[0], 8, 2, None, t.ones(8), True, "constant", return_complex=True).istft(
            8, 2, 8, t.ones(8), length=16
        ),
    ),
    "fft": lambda t, x: (
        t.fft.fft(x),
        t.fft.ifft(x).resolve_conj(),
        t.fft.fft(x, 3),
        t.fft.fft(x, 9, norm="ortho"),
        t.fft.fft(x, dim=0),
    ),
    "fft2": lambda t, x: (
        t.fft.fft2(x),
        t.fft.ifft2(x, norm="forward").resolve_conj(),
        t.fft.fftn(x),
        t.fft.fft(t.fft.fft(x, dim=-1), dim=-2).real,
    ),
    "rfft": lambda t, x: (t.fft.rfft(x), t.fft.rfft2(x), t.fft.rfft(x, 4), t.fft.rfftn(x, norm="ortho")),
    "irfft": lambda t, x: (
        t.fft.irfft(t.fft.rfft(x)),
        t.fft.irfft(t.fft.rfft(x), 5),
        t.fft.irfft2(t.fft.rfft2(x), x.shape),
    ),
    "shift": lambda t, x: (t.fft.fftshift(x), t.fft.ifftshift(x, 1), t.fft.fftfreq(5, 0.5), t.fft.rfftfreq(6)),
}


@pytest.mark.parametrize("name", FFT)
@QUICK
@given(rows=st.integers(1, 5), columns=st.integers(2, 6), seed=SEEDS)
def test_fourier_transforms(name, rows, columns, seed):
    check(FFT[name], [numbers(seed, (rows, columns))], rtol=1e-4, atol=1e-5)


def test_what_is_imported_when_asked_for_is_all_there():
    from browser_torch._lazy import RARE

    for name in RARE.split():
        assert name in shim._core.PUBLIC or hasattr(shim.Tensor, name), name
    rare = {
        name
        for name in vars(shim._rare)
        if name in shim._core.PUBLIC and shim._core.PUBLIC[name].__module__ == shim._rare.__name__
    }
    assert rare <= set(RARE.split())


NUMPYS = {
    "axis": lambda t, x: (x.sum(axis=0), t.mean(x, axis=1, keepdims=True), x.argmax(axis=1), t.cat([x, x], axis=1)),
    "more axis": lambda t, x: (x.softmax(axis=0), t.stack([x, x], axis=1), x.unsqueeze(axis=0), t.unbind(x, axis=1)),
    "size": lambda t, x: x.split(split_size=1),
}


@pytest.mark.parametrize("name", NUMPYS)
def test_numpys_names_of_arguments(name):
    check(NUMPYS[name], [numbers(0, (2, 3))])


def test_results_go_where_out_says():
    def run(t, x):
        out, empty = t.zeros(2, 3), t.empty(0)
        given = t.add(x.detach(), 1, out=out)
        t.matmul(x.detach(), x.detach().T, out=empty)
        values, places = t.empty(2), t.empty(2, dtype=t.long)
        t.max(x.detach(), 1, out=(values, places))
        return given is out, out, empty, values, places, t.exp(x, out=t.empty(2, 3)) if x.requires_grad else 0

    check(run, [numbers(0, (2, 3))], grads=False)
    with pytest.raises(RuntimeError, match="out="):
        shim.exp(shim.ones(2, requires_grad=True), out=shim.empty(2))
