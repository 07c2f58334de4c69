"""Activation checkpointing against torch.utils.checkpoint, layers run plainly, and a count of what is alive."""

from types import SimpleNamespace

import pytest
import torch
import torch.utils.checkpoint as theirs

from snippets.activation_checkpointing import (
    _random_state,
    _set_random_state,
    activation_bytes,
    checkpoint,
    checkpoint_sequential,
    peak_activations,
    segment_lengths,
)
from snippets.essence import activation_checkpointing as essence


def layers(device, count=5, dropout=0.0):
    torch.manual_seed(1)
    return [
        torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Tanh(), torch.nn.Dropout(dropout)).double().to(device)
        for _ in range(count)
    ]


def inputs(device, rows=3):
    draw = torch.Generator().manual_seed(0)
    return torch.randn(rows, 4, generator=draw, dtype=torch.float64).to(device).requires_grad_()


def gradients(run, parts, x):
    """Output, and gradients of the input and of all weights."""
    for part in parts:
        part.zero_grad()
    x.grad = None
    output = run(x)
    (output**2).sum().backward()
    return [output.detach(), x.grad, *(weight.grad.clone() for part in parts for weight in part.parameters())]


@pytest.mark.parametrize("segments", [1, 2, 3, 5])
def test_outputs_and_gradients_are_those_of_the_plain_layers_and_of_torch(device, segments):
    parts, x = layers(device), inputs(device)
    plain = gradients(torch.nn.Sequential(*parts), parts, x)
    ours = gradients(lambda x: checkpoint_sequential(parts, segments, x), parts, x)
    its = gradients(lambda x: theirs.checkpoint_sequential(parts, segments, x, use_reentrant=True), parts, x)
    for one, other, third in zip(ours, plain, its, strict=True):
        torch.testing.assert_close(one, other)
        torch.testing.assert_close(one, third)


def test_gradients_reach_all_arguments_that_ask_for_them(device):
    a, b, c = inputs(device), inputs(device) * 2, inputs(device).detach()
    b = b.detach().requires_grad_()
    (checkpoint(lambda a, b, c: (a * b + c).tanh() * c, a, b, c)).sum().backward()
    found = [a.grad.clone(), b.grad.clone()]
    a.grad = b.grad = None
    ((a * b + c).tanh() * c).sum().backward()
    torch.testing.assert_close(found, [a.grad, b.grad])
    assert c.grad is None


@pytest.mark.parametrize("preserve", [True, False])
def test_dropout_drops_the_same_unless_it_is_told_not_to(device, preserve):
    """And what is drawn after the backward pass is what would have been drawn without it."""
    (part,), x = layers(device, count=1, dropout=0.5), inputs(device, rows=50)
    torch.manual_seed(5)
    plain = gradients(part, [part], x)
    after = torch.rand(3, device=device)
    torch.manual_seed(5)
    found = gradients(lambda x: checkpoint(part, x, preserve_rng_state=preserve), [part], x)
    assert torch.equal(found[0], plain[0])
    assert torch.allclose(found[1], plain[1]) == preserve
    assert torch.equal(torch.rand(3, device=device), after) == preserve


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_is_as_it_was(device, dtype):
    """The backward pass runs outside of it."""
    (part,), kinds = layers(device, count=1), []
    part.float()
    x = inputs(device).detach().float().requires_grad_()

    def run(x):
        y = part[0](x)
        kinds.append(y.dtype)
        return y.float()

    with torch.autocast(device.type, dtype=dtype):
        output = checkpoint(run, x)
    output.sum().backward()
    checkpoint(run, x).sum().backward()
    assert kinds == [dtype, dtype, torch.float32, torch.float32]


def test_random_numbers_of_each_gpu_go_back_to_it(monkeypatch):
    """Of arguments on two GPUs, which need not be there for it."""
    put = {}
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: f"that of {device}")
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device: put.update({str(device): state}))
    args = [SimpleNamespace(device=torch.device(name)) for name in ("cuda:1", "cpu", "cuda:0", "cuda:1")]
    _set_random_state(args, _random_state(args))
    assert put == {"cuda:1": "that of cuda:1", "cuda:0": "that of cuda:0"}


class Count:
    """How many layers' activations are alive, and the most that ever were."""

    alive = most = 0


class Token:
    """Alive as long as a graph holds it, or its layer went backward."""

    def __init__(self):
        Count.alive += 1
        Count.most = max(Count.most, Count.alive)
        self.there = True

    def release(self):
        Count.alive -= self.there
        self.there = False

    def __del__(self):
        self.release()


class Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.token = Token()
        return x * 2

    @staticmethod
    def backward(ctx, g):
        ctx.token.release()
        return g * 2


@pytest.mark.parametrize(("count", "segments"), [(6, 1), (6, 2), (7, 2), (7, 3), (9, 3), (5, 5), (16, 4)])
def test_peak_is_what_is_counted(device, count, segments):
    """Layers within a segment, and the inputs of segments that have not gone backward yet."""
    x, inner = inputs(device), []
    Count.alive = Count.most = 0
    lengths = segment_lengths(count, segments)

    def layer(x):
        y = Layer.apply(x)
        inner.append(Count.alive if torch.is_grad_enabled() else 0)
        return y

    output = checkpoint_sequential([layer] * count, segments, x)
    assert Count.alive == lengths[-1]  # of the others nothing is left but their inputs
    output.sum().backward()
    assert Count.alive == 0
    runs = inner[count:]  # those of the backward pass, the last checkpointed segment first
    expected = [alive for length in reversed(lengths[:-1]) for alive in range(1, length + 1)]
    assert runs == expected
    most = [lengths[-1] + segments - 1, *(length + at + 1 for at, length in enumerate(lengths[:-1]))]
    assert peak_activations(count, segments) == max(most)
    assert len(inner) == 2 * count - lengths[-1]  # each layer but those of the last segment twice
    torch.testing.assert_close(x.grad, torch.full_like(x, 2.0**count))


def test_least_is_near_two_roots():
    for n in (16, 64, 100, 400):
        peaks = [peak_activations(n, k) for k in range(1, n + 1)]
        assert peaks[0] == n
        assert min(peaks) == peaks[round(n**0.5) - 1] == 2 * round(n**0.5) - 1


def test_segments_are_as_equal_as_can_be():
    assert segment_lengths(7, 3) == [3, 2, 2]
    assert segment_lengths(6, 3) == [2, 2, 2]
    assert segment_lengths(4, 1) == [4]
    assert segment_lengths(4, 4) == [1, 1, 1, 1]


def test_bytes_of_gpt_3s_layer_by_hand():
    """s = 2048, h = 12288, a = 96: 5 as / h = 80, so 114, 34 and 2 times sbh."""
    line = 2048 * 12288
    for recompute, factor in (("none", 114), ("selective", 34), ("full", 2)):
        assert activation_bytes(2048, 1, 12288, 96, recompute) == factor * line
        assert activation_bytes(2048, 3, 12288, 96, recompute) == 3 * factor * line
    assert activation_bytes(2048, 1, 12288, 96) == 114 * line


def test_nothing_is_kept_where_no_gradient_is_asked_for(device):
    (part,), x = layers(device, count=1), inputs(device).detach()
    with torch.no_grad():
        assert torch.equal(checkpoint(part, x), part(x))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: checkpoint(torch.tanh, torch.ones(2)), "no argument requires a gradient"),
        (lambda: checkpoint(lambda: torch.ones(2)), "no argument"),
        (lambda: checkpoint_sequential([torch.tanh], 2, torch.ones(2)), "segments 2 are not 1 to 1"),
        (lambda: segment_lengths(3, 0), "segments 0"),
        (lambda: segment_lengths(3, 4), "segments 4"),
        (lambda: peak_activations(3, 4), "segments 4"),
        (lambda: activation_bytes(1, 1, 1, 1, "some"), "some"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives(device):
    parts, x = layers(device, count=4, dropout=0.3), inputs(device)
    torch.manual_seed(2)
    ours = gradients(lambda x: checkpoint_sequential(parts, 2, x), parts, x)
    torch.manual_seed(2)
    found = gradients(lambda x: essence.segments(parts, 2, x), parts, x)
    for one, other in zip(found, ours, strict=True):
        torch.testing.assert_close(one, other)
