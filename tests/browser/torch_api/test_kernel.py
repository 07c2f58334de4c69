"""The kernel for products in the browser: valid WebAssembly that computes what NumPy does, run by Node."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from tests.browser.torch_api.pair import shim

kernel = shim._kernel
RUN = """
const { code, a, b, rows, shared, columns, aRow, aColumn, bRow } = JSON.parse(require("fs").readFileSync(0));
const memory = new WebAssembly.Memory({ initial: 4, maximum: 4 });
const module = new WebAssembly.Module(Uint8Array.from(code));
const { gemm } = new WebAssembly.Instance(module, { env: { memory } }).exports;
const at = { a: 1024, b: 65536, c: 131072 };
new Float32Array(memory.buffer, at.a, a.length).set(a);
new Float32Array(memory.buffer, at.b, b.length).set(b);
gemm(at.a, at.b, at.c, rows, shared, columns, aRow, aColumn, bRow, columns * 4);
console.log(JSON.stringify(Array.from(new Float32Array(memory.buffer, at.c, rows * columns))));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node runs the kernel")
@pytest.mark.parametrize(("rows", "shared", "columns"), [(4, 1, 8), (8, 5, 16), (16, 33, 24)])
@pytest.mark.parametrize("turned", [False, True])
def test_kernel_multiplies(rows, shared, columns, turned):
    source = np.random.default_rng(rows)
    a, b = (source.standard_normal(shape).astype(np.float32) for shape in ((rows, shared), (shared, columns)))
    memory = a.T.copy() if turned else a
    steps = (4, 4 * rows) if turned else (4 * shared, 4)
    given = {
        "code": list(kernel.code()), "a": memory.reshape(-1).tolist(), "b": b.reshape(-1).tolist(), "rows": rows,
        "shared": shared,
        "columns": columns, "aRow": steps[0], "aColumn": steps[1], "bRow": 4 * columns,
    }  # fmt: skip
    done = subprocess.run(["node", "-e", RUN], input=json.dumps(given), capture_output=True, text=True, check=True)
    np.testing.assert_allclose(np.reshape(json.loads(done.stdout), (rows, columns)), a @ b, rtol=1e-4, atol=1e-5)


def stand_in(a, b, c, rows, shared, columns, a_row, a_column, b_row, c_row):
    """The kernel's meaning, on addresses."""
    import ctypes

    def view(address, shape, steps):
        size = sum((count - 1) * step for count, step in zip(shape, steps, strict=True)) + 4
        memory = np.frombuffer((ctypes.c_char * size).from_address(address), np.float32)
        return np.lib.stride_tricks.as_strided(memory, shape, steps)

    view(c, (rows, columns), (c_row, 4))[...] = view(a, (rows, shared), (a_row, a_column)) @ view(
        b, (shared, columns), (b_row, 4)
    )


@pytest.mark.parametrize("shape", [(17, 9, 30), (4, 200, 8), (5, 100, 9), (64, 64, 65)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_products_use_it_and_finish_what_is_left_over(shape, order, monkeypatch):
    monkeypatch.setattr(kernel, "_gemm", lambda: stand_in)
    monkeypatch.setattr(shim._linalg, "WITHOUT_BLAS", True)
    rows, shared, columns = shape
    source = np.random.default_rng(0)
    x, y = (
        np.asarray(source.standard_normal(s).astype(np.float32), order=order)
        for s in ((rows, shared), (shared, columns))
    )
    assert kernel.fits(x, y)
    np.testing.assert_allclose(kernel.product(x, y), x @ y, rtol=1e-4, atol=1e-4)
    first, second = shim.tensor(np.stack([x, x + 1])).requires_grad_(), shim.tensor(np.stack([y, y - 1]))
    (first @ second).sum().backward()
    np.testing.assert_allclose(first.grad.numpy()[1], np.broadcast_to((y - 1).sum(1), x.shape), rtol=1e-3, atol=1e-3)
    layer = shim.nn.Linear(shared, columns)
    np.testing.assert_allclose(
        layer(shim.tensor(x)).detach().numpy(),
        x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy(),
        rtol=1e-4,
        atol=1e-4,
    )


def test_a_browser_without_the_instructions_uses_numpy(monkeypatch):
    monkeypatch.setattr(kernel, "_gemm", lambda: None)
    monkeypatch.setattr(shim._linalg, "WITHOUT_BLAS", True)
    x = shim.rand(20, 30)
    np.testing.assert_allclose((x @ x.T).numpy(), x.numpy() @ x.numpy().T, rtol=1e-5)
