"""Gated DeltaNet against transformers' Qwen3-Next, a gradient step, masked attention, and chunks against steps."""

import math

import pytest
import torch
import torch.nn.functional as F

from snippets.essence import gated_delta as essence
from snippets.gated_delta import gated_delta_chunked, gated_delta_recurrent

FORMS = [gated_delta_recurrent, gated_delta_chunked]
KINDS = ["linear", "decay", "delta", "gated"]


def rows(device, T=11, dtype=torch.float64):
    """Queries, keys of length 1, values, and a state: B 2, H 3, D 4, M 5."""
    q, k = (torch.randn(2, 3, T, 4, device=device, dtype=dtype) for _ in range(2))
    v = torch.randn(2, 3, T, 5, device=device, dtype=dtype)
    return q, F.normalize(k, dim=-1), v, torch.randn(2, 3, 4, 5, device=device, dtype=dtype)


def gates(device, kind, T=11, dtype=torch.float64):
    """What `kind` of memory it is: beta and log_decay."""
    beta = torch.rand(2, 3, T, device=device, dtype=dtype) if kind in ("delta", "gated") else None
    decay = F.logsigmoid(2 * torch.randn(2, 3, T, device=device, dtype=dtype)) if kind in ("decay", "gated") else None
    return beta, decay


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("T", [1, 7, 64, 130])
def test_gated_delta_equals_transformers(form, T):
    from transformers.models.qwen3_next import modeling_qwen3_next as theirs

    torch.manual_seed(0)
    q, k, v, state = rows("cpu", T, torch.float32)
    beta, decay = gates("cpu", "gated", T, torch.float32)
    turned = [x.transpose(1, 2) for x in (q, k, v, decay, beta)]  # (B, T, H, ...)
    found, last = form(q, k, v, beta, decay, state)
    for rule in (theirs.torch_recurrent_gated_delta_rule, theirs.torch_chunk_gated_delta_rule):
        expected, expected_last = rule(*turned, initial_state=state, output_final_state=True)
        torch.testing.assert_close(found, expected.transpose(1, 2), atol=2e-5, rtol=2e-5)
        torch.testing.assert_close(last, expected_last, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk_size", [1, 2, 4, 11, 64])
def test_chunks_equal_steps(device, kind, chunk_size):
    """In values, state and gradients, whether chunks fit or the last one is short."""
    q, k, v, state = rows(device)
    inputs = [x.requires_grad_() for x in (q, k, v, state)]
    beta, decay = gates(device, kind)
    inputs += [x.requires_grad_() for x in (beta, decay) if x is not None]
    results = []
    for form, settings in ((gated_delta_recurrent, {}), (gated_delta_chunked, {"chunk_size": chunk_size})):
        found = form(q, k, v, beta, decay, state, **settings)
        weights = [torch.linspace(-1, 1, x.numel(), device=device, dtype=x.dtype).view_as(x) for x in found]
        gradients = torch.autograd.grad(sum((x * w).sum() for x, w in zip(found, weights, strict=True)), inputs)
        results.append([*found, *gradients])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("form", FORMS)
def test_linear_attention_is_attention_without_softmax(device, form):
    """Weights `q · k` of what came before, each faded by the decay since: a masked matrix, and no state."""
    q, k, v, _ = rows(device)
    _, decay = gates(device, "decay")
    since = torch.stack([decay[..., j + 1 : i + 1].sum(-1) for i in range(11) for j in range(11)], dim=-1)
    fade = since.view(2, 3, 11, 11).exp().tril()
    expected = (q @ k.mT / 2 * fade) @ v
    torch.testing.assert_close(form(q, k, v, None, decay)[0], expected, atol=1e-10, rtol=1e-10)
    torch.testing.assert_close(form(q, k, v)[0], (q @ k.mT / 2).tril() @ v, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("form", FORMS)
def test_delta_rule_is_a_gradient_step(device, form):
    """Of size beta, on half the squared error of what the key reads: autograd's gradient, token by token."""
    q, k, v, state = rows(device, 5)
    beta, _ = gates(device, "delta", 5)
    S = state.clone()
    for t in range(5):
        S = S.detach().requires_grad_()
        read = torch.einsum("bhdm,bhd->bhm", S, k[:, :, t])
        (gradient,) = torch.autograd.grad((read - v[:, :, t]).square().sum() / 2, S)
        S = S - beta[:, :, t, None, None] * gradient
    torch.testing.assert_close(form(q, k, v, beta, None, state)[1], S.detach(), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_last_is_read(device, form):
    """One key, three values: linear attention reads their sums, the delta rule with beta 1 the last one."""
    k = torch.tensor([0.6, 0.8], device=device).expand(1, 1, 3, 2)
    v = torch.tensor([1.0, 2.0, 4.0], device=device).view(1, 1, 3, 1)
    ones = torch.ones(1, 1, 3, device=device)

    def read(beta=None, log_decay=None):
        return form(k, k, v, beta, log_decay, scale=1.0)[0].flatten().tolist()

    assert read() == pytest.approx([1, 3, 7])
    assert read(ones) == pytest.approx([1, 2, 4])
    assert read(ones / 2) == pytest.approx([0.5, 1.25, 2.625])
    assert read(None, ones * math.log(0.5)) == pytest.approx([1, 2.5, 5.25])
    assert read(2 * ones) == pytest.approx([2, 2, 6])  # beyond the new value: an eigenvalue of -1


@pytest.mark.parametrize("form", FORMS)
def test_as_many_pairs_as_the_key_is_wide_are_kept(device, form):
    """Under orthogonal keys each is read back; linear attention with these keys does so too, with others neither."""
    k, _ = torch.linalg.qr(torch.randn(4, 4, device=device, dtype=torch.float64))
    v = torch.randn(4, 3, device=device, dtype=torch.float64)
    _, state = form(k[None, None], k[None, None], v[None, None], torch.ones(1, 1, 4, device=device))
    torch.testing.assert_close(k @ state[0, 0], v)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_reading_goes_on_where_it_stopped(device, form, kind):
    q, k, v, state = rows(device)
    beta, decay = gates(device, kind)

    def part(where, state):
        return form(*(None if x is None else x[:, :, where] for x in (q, k, v, beta, decay)), state)

    first, middle = part(slice(0, 4), state)
    nothing, same = part(slice(4, 4), middle)
    second, last = part(slice(4, 11), same)
    whole, expected = form(q, k, v, beta, decay, state)
    assert nothing.shape == (2, 3, 0, 5)
    torch.testing.assert_close(torch.cat([first, second], dim=2), whole)
    torch.testing.assert_close(last, expected)


def test_strong_decay_neither_overflows_nor_makes_nan(device):
    """exp(-200) from a token to the next: in a chunk the ratios of decays are never formed as quotients."""
    q, k, v, state = (x.float() for x in rows(device))
    beta, _ = gates(device, "delta", dtype=torch.float32)
    decay = torch.full((2, 3, 11), -200.0, device=device)
    outputs, last = gated_delta_chunked(q, k, v, beta, decay, state)
    expected = gated_delta_recurrent(q, k, v, beta, decay, state)
    torch.testing.assert_close(outputs, expected[0])
    torch.testing.assert_close(last, expected[1])


@pytest.mark.parametrize("form", FORMS)
def test_queries_are_scaled_as_attention_does(device, form):
    q, k, v, _ = rows(device)
    assert torch.equal(form(q, k, v)[0], form(q, k, v, scale=0.5)[0])
    torch.testing.assert_close(form(q, k, v, scale=1.0)[0], 2 * form(q, k, v)[0])


@pytest.mark.parametrize("form", FORMS)
def test_half_precision_keeps_its_state_in_float32(device, form):
    q, k, v, _ = (x.bfloat16() for x in rows(device))
    beta, decay = (x.bfloat16() for x in gates(device, "gated"))
    found, state = form(q, k, v, beta, decay)
    assert found.dtype == torch.bfloat16 and state.dtype == torch.float32
    wide, expected = form(*(x.float() for x in (q, k, v, beta, decay)))
    torch.testing.assert_close(state, expected)
    torch.testing.assert_close(found, wide.bfloat16())


Q, V = torch.zeros(2, 3, 4, 5), torch.zeros(2, 3, 4, 6)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Q, Q[:, :, :3], V), "q, k, v"),
        ((Q, Q, V[:, :1]), "q, k, v"),
        ((Q[0], Q[0], V[0]), "q, k, v"),
        ((Q, Q, V[0]), "q, k, v"),
        ((Q, Q, V, torch.zeros(2, 3)), r"beta \(2, 3\)"),
        ((Q, Q, V, None, torch.zeros(2, 4, 3)), r"log_decay \(2, 4, 3\)"),
        ((Q, Q, V, None, None, torch.zeros(2, 3, 6, 5)), r"state \(2, 3, 6, 5\) is not \(B, H, D, M\) \(2, 3, 5, 6\)"),
    ],
)
def test_wrong_shapes_are_refused(form, arguments, message):
    with pytest.raises(ValueError, match=message):
        form(*arguments)


def test_no_chunk_is_refused():
    with pytest.raises(ValueError, match="chunk_size 0"):
        gated_delta_chunked(Q, Q, V, chunk_size=0)


def test_essence_gives_what_the_module_gives():
    torch.manual_seed(0)
    q, k, v, state = rows("cpu", 6)
    beta, decay = gates("cpu", "gated", 6)
    outputs, last = gated_delta_recurrent(q, k, v, beta, decay, state, scale=1.0)
    one = [x[0, 0] for x in (q, k, v, beta, decay.exp())]
    shown, S = essence.chunk(state[0, 0], *one)
    torch.testing.assert_close(shown, outputs[0, 0])
    torch.testing.assert_close(S, last[0, 0])
    S = state[0, 0]
    for t, parts in enumerate(zip(*one, strict=True)):
        shown, S = essence.step(S, *parts)
        torch.testing.assert_close(shown, outputs[0, 0, t])
