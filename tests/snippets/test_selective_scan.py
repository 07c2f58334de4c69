"""Mamba's scan against transformers, the equation's exact solution, a convolution, a gated RNN; rounds and steps."""

import pytest
import torch
import torch.nn.functional as F
from transformers import MambaConfig
from transformers.models.mamba.modeling_mamba import MambaMixer, mamba_selective_scan

from snippets.essence import selective_scan as essence
from snippets.selective_scan import MambaBlock, discretize, parallel_scan, recurrent_scan, selective_scan

SCANS = [parallel_scan, recurrent_scan]
NAMES = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")


def rows(device, L=7, dtype=torch.float64):
    """Inputs of every kind: b 2, d 3, n 4."""
    shapes = {"u": (2, 3, L), "delta": (2, 3, L), "A": (3, 4), "B": (2, 4, L), "C": (2, 4, L), "D": (3,)}
    shapes |= {"z": (2, 3, L), "delta_bias": (3,), "state": (2, 3, 4)}
    found = {name: torch.randn(shape, device=device, dtype=dtype) for name, shape in shapes.items()}
    return found | {"A": -found["A"].exp()}


def without_state(given):
    return {name: given[name] for name in NAMES}


@pytest.mark.parametrize("scan", SCANS)
@pytest.mark.parametrize("L", [1, 2, 3, 8, 13])
def test_scan_equals_transformers(scan, L):
    torch.manual_seed(0)
    given = without_state(rows("cpu", L, torch.float32))
    found, state = selective_scan(**given, delta_softplus=True, scan=scan)
    given["hidden_states"], given["dt"] = given.pop("u"), given.pop("delta")
    expected, last = mamba_selective_scan(**given, delta_softplus=True, return_last_state=True)
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=2e-5)
    torch.testing.assert_close(state, last, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("L", [1, 2, 3, 4, 5, 8, 13])
def test_rounds_equal_steps(device, L):
    """In values and gradients, whatever the length; and there are log2 L of them."""
    a, x = (torch.randn(2, 3, L, 4, device=device, dtype=torch.float64, requires_grad=True) for _ in range(2))
    weights = torch.linspace(-1, 1, x.numel(), device=device, dtype=x.dtype).view_as(x)
    results = []
    for scan in SCANS:
        found = scan(a, x)
        results.append([found, *torch.autograd.grad((found * weights).sum(), (a, x), allow_unused=L == 1)])
    for ours, theirs in zip(*results, strict=True):
        assert ours is theirs is None or torch.allclose(ours, theirs, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize(("L", "rounds"), [(1, 0), (2, 1), (3, 2), (64, 6), (65, 7)])
def test_rounds_are_the_logarithm_of_the_length(L, rounds, monkeypatch):
    joined = []
    cat = torch.cat
    monkeypatch.setattr(torch, "cat", lambda *given, **more: joined.append(1) or cat(*given, **more))
    parallel_scan(torch.ones(1, 1, L, 1), torch.ones(1, 1, L, 1))
    assert len(joined) == 2 * rounds


def test_zero_order_hold_solves_the_equation(device):
    """h' = A h + B u with u held during each step: the matrix exponential of [[A, B u], [0, 0]] gives h at its end."""
    given = rows(device)
    u, delta, A, B = given["u"], given["delta"].exp(), given["A"], given["B"]
    _, found = selective_scan(u, delta, A, B, given["C"], state=given["state"], zoh=True)
    h = given["state"].clone()
    for t in range(u.shape[2]):
        system = torch.zeros(2, 3, 5, 5, device=device, dtype=u.dtype)
        system[..., :4, :4] = torch.diag_embed(A)
        system[..., :4, 4] = B[:, None, :, t] * u[:, :, t, None]
        flow = torch.matrix_exp(system * delta[:, :, t, None, None])
        h = (flow @ torch.cat([h, torch.ones_like(h[..., :1])], dim=-1).unsqueeze(-1)).squeeze(-1)[..., :4]
    torch.testing.assert_close(found, h, atol=1e-10, rtol=1e-10)


def test_mambas_input_is_that_of_short_steps(device):
    """Δ B and the held one part in the second order: a tenth of the step is a hundredth of the difference."""
    A, B = -torch.ones(1, 1, device=device, dtype=torch.float64), torch.ones(1, 1, 1, device=device)

    def apart(length):
        delta = torch.full((1, 1, 1), length, device=device, dtype=torch.float64)
        (kept, taken), (same, held) = discretize(delta, A, B), discretize(delta, A, B, zoh=True)
        assert torch.equal(kept, same)
        return (taken - held).item()

    assert apart(0.001) / apart(0.01) == pytest.approx(0.01, rel=0.01)
    assert apart(0.01) == pytest.approx(0.01**2 / 2, rel=0.01)


@pytest.mark.parametrize("scan", SCANS)
def test_constant_coefficients_are_a_convolution(device, scan):
    """Equation 3: y = u * (C B̄, C Ā B̄, C Ā² B̄, ...)."""
    given = rows(device)
    delta, B, C = torch.full_like(given["u"], 0.3), given["B"][:1, :, :1], given["C"][:1, :, :1]
    keep, enter = discretize(delta[:1, :, :1], given["A"], B)  # (1, d, 1, n)
    powers = torch.arange(7, device=device)
    kernel = (C.mT.unsqueeze(1) * enter * keep ** powers[:, None]).sum(-1)  # (1, d, L)
    padded = F.pad(given["u"], (6, 0))
    expected = F.conv1d(padded, kernel[0].flip(-1).unsqueeze(1), groups=3)
    found, _ = selective_scan(given["u"], delta, given["A"], B.expand(2, 4, 7), C.expand(2, 4, 7), scan=scan)
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-10)


def test_one_state_of_rate_one_is_a_gated_recurrence(device):
    """Theorem 1: n = 1, A = -1, B = 1 and Δ = softplus(w) give h = (1 - g) h + g u with g = sigmoid(w)."""
    u, w = torch.randn(2, 2, 3, 7, device=device, dtype=torch.float64)
    A, one = -torch.ones(3, 1, device=device, dtype=torch.float64), torch.ones(2, 1, 7, device=device)
    found, _ = selective_scan(u, w, A, one, one, delta_softplus=True, zoh=True)
    h, g = torch.zeros(2, 3, device=device, dtype=torch.float64), w.sigmoid()
    for t in range(7):
        h = (1 - g[..., t]) * h + g[..., t] * u[..., t]
        torch.testing.assert_close(found[..., t], h)


@pytest.mark.parametrize("scan", SCANS)
def test_values_by_hand(device, scan):
    """Steps of ln 2 at rate -1 keep half; B̄ = ln 2 in Mamba's way, 1/2 where the input is held."""
    two = torch.full((1, 1, 3), 2.0, device=device)
    u, delta, A = torch.tensor([[[1.0, 0.0, 4.0]]], device=device), two.log(), -torch.ones(1, 1, device=device)

    def read(**more):
        y, state = selective_scan(u, delta, A, two / 2, two, scan=scan, **more)
        assert state.item() == pytest.approx(y[0, 0, -1].item() / 2)
        return y.flatten().tolist()

    assert read(zoh=True) == pytest.approx([1.0, 0.5, 4.25])
    assert read() == pytest.approx([1.3863, 0.6931, 5.8918], abs=1e-4)
    assert read(zoh=True, state=torch.full((1, 1, 1), 3.0, device=device)) == pytest.approx([4.0, 2.0, 5.0])


@pytest.mark.parametrize("scan", SCANS)
def test_a_tiny_step_passes_by_and_a_huge_one_starts_anew(device, scan):
    given = rows(device)
    given |= {"delta": torch.full_like(given["u"], 1e-12), "D": None, "z": None, "delta_bias": None}
    _, state = selective_scan(**given, scan=scan)
    torch.testing.assert_close(state, given["state"])
    huge = given | {"delta": torch.full_like(given["u"], 1e3)}
    here, _ = selective_scan(**huge, zoh=True, scan=scan)
    there, _ = selective_scan(**huge | {"state": None}, zoh=True, scan=scan)
    torch.testing.assert_close(here, there)


@pytest.mark.parametrize("scan", SCANS)
def test_reading_goes_on_where_it_stopped(device, scan):
    given = rows(device)

    def part(where, state):
        cut = {name: x[..., where] if name in ("u", "delta", "B", "C", "z") else x for name, x in given.items()}
        return selective_scan(**cut | {"state": state}, delta_softplus=True, scan=scan)

    first, middle = part(slice(0, 3), given["state"])
    second, last = part(slice(3, 7), middle)
    whole, expected = part(slice(0, 7), given["state"])
    torch.testing.assert_close(torch.cat([first, second], dim=2), whole)
    torch.testing.assert_close(last, expected)


@pytest.mark.parametrize("scan", SCANS)
def test_gradients_are_right(device, scan):
    given = rows(device, 3)
    order = (*NAMES, "state")
    inputs = [given[name].requires_grad_() for name in order]

    def outputs(*inputs):
        return selective_scan(**dict(zip(order, inputs, strict=True)), delta_softplus=True, zoh=True, scan=scan)

    assert torch.autograd.gradcheck(outputs, inputs)


def test_half_precision_keeps_its_state_in_float32(device):
    given = {name: x.bfloat16() for name, x in rows(device).items()}
    found, state = selective_scan(**given, delta_softplus=True)
    assert found.dtype == torch.bfloat16 and state.dtype == torch.float32
    wide, expected = selective_scan(**{name: x.float() for name, x in given.items()}, delta_softplus=True)
    torch.testing.assert_close(state, expected)
    torch.testing.assert_close(found, wide.bfloat16())


def test_double_precision_stays_so(device):
    found, state = selective_scan(**rows(device), delta_softplus=True)
    assert found.dtype == state.dtype == torch.float64


def test_block_equals_transformers():
    """Its parameters have the names of mamba_ssm's, and so of transformers'."""
    torch.manual_seed(0)
    config = MambaConfig(hidden_size=20, state_size=5, conv_kernel=3, expand=3, num_hidden_layers=1)
    theirs = MambaMixer(config, layer_idx=0).eval()
    ours = MambaBlock(20, d_state=5, d_conv=3, expand=3)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 6, 20)
    whole, _ = ours(x)
    torch.testing.assert_close(whole, theirs(x), atol=1e-5, rtol=1e-5)
    first, cache = ours(x[:, :4])
    second, cache = ours(x[:, 4:5], cache)
    third, _ = ours(x[:, 5:], cache)
    torch.testing.assert_close(torch.cat([first, second, third], dim=1), whole)


def test_block_begins_as_mambas_does(device):
    """Rates -1 to -n, no state read past D = 1, steps between 0.001 and 0.1; `dt_rank` is a sixteenth of the width."""
    block = MambaBlock(33).to(device)
    assert block.dt_proj.in_features == 3
    torch.testing.assert_close(-block.A_log.exp(), -torch.arange(1.0, 17, device=device).expand(66, 16))
    assert block.D.tolist() == [1.0] * 66
    steps = F.softplus(block.dt_proj.bias)
    assert 0.001 <= steps.min() < 0.004 and 0.03 < steps.max() <= 0.1
    weight = block.dt_proj.weight
    assert -(3**-0.5) <= weight.min() < -0.5 and 0.5 < weight.max() <= 3**-0.5
    assert block.conv1d.kernel_size == (4,)
    assert block.conv1d.bias is not None and block.in_proj.bias is block.out_proj.bias is block.x_proj.bias is None


def test_block_is_causal(device):
    block, x = MambaBlock(8).to(device), torch.randn(1, 6, 8, device=device)
    other = torch.cat([x[:, :4], torch.randn(1, 2, 8, device=device)], dim=1)
    torch.testing.assert_close(block(x)[0][:, :4], block(other)[0][:, :4])
    assert not torch.allclose(block(x)[0][:, 4:], block(other)[0][:, 4:])


U, A, B = torch.zeros(2, 3, 7), torch.zeros(3, 4), torch.zeros(2, 4, 7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((U, U[:1], A, B, B), r"u, delta, z \[\(2, 3, 7\), \(1, 3, 7\), None\]"),
        ((U[0], U[0], A, B, B), "u, delta, z"),
        ((U[..., :0], U[..., :0], A, B[..., :0], B[..., :0]), "L at least 1"),
        ((U, U, A, B, B, None, U[:, :1]), "u, delta, z"),
        ((U, U, A[:1], B, B), r"A \(1, 4\) is not \(3, 4\)"),
        ((U, U, A[0, 0], B, B), r"A \(\) is not \(3,\)"),
        ((U, U, A, B[:, :1], B), r"B \(2, 1, 7\) is not \(2, 4, 7\)"),
        ((U, U, A, B, B[..., :1]), r"C \(2, 4, 1\) is not \(2, 4, 7\)"),
        ((U, U, A, B, B, torch.zeros(1)), r"D \(1,\) is not \(3,\)"),
        ((U, U, A, B, B, None, None, torch.zeros(3, 1)), r"delta_bias \(3, 1\) is not \(3,\)"),
        ((U, U, A, B, B, None, None, None, False, A), r"state \(3, 4\) is not \(2, 3, 4\)"),
    ],
)
def test_wrong_shapes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        selective_scan(*arguments)


def test_essence_gives_what_the_module_gives():
    torch.manual_seed(0)
    given = rows("cpu")
    given |= {"delta": given["delta"].exp(), "D": None, "z": None, "delta_bias": None}
    expected, last = selective_scan(**given)
    h = given["state"][0]
    for t in range(7):
        now = (given[name][0, :, t] for name in ("u", "delta"))
        y, h = essence.step(h, *now, given["A"], given["B"][0, :, t], given["C"][0, :, t])
        torch.testing.assert_close(y, expected[0, :, t])
    torch.testing.assert_close(h, last[0])
    a, x = torch.rand(7, 3, 4), torch.randn(7, 3, 4)
    steps = recurrent_scan(a.movedim(0, 1)[None], x.movedim(0, 1)[None])  # (1, 3, 7, 4)
    torch.testing.assert_close(essence.scan(a, x), steps[0].movedim(1, 0))
