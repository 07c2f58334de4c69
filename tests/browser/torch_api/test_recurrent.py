"""Recurrent layers, packed sequences and Transformers are torch's: values, gradients and random numbers."""

import pytest

from tests.browser.torch_api.test_modules import same

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor")
KINDS = {
    "RNN": lambda t, **k: t.nn.RNN(3, 4, **k),
    "relu": lambda t, **k: t.nn.RNN(3, 4, nonlinearity="relu", **k),
    "LSTM": lambda t, **k: t.nn.LSTM(3, 4, **k),
    "GRU": lambda t, **k: t.nn.GRU(3, 4, **k),
}
OPTIONS = {
    "one layer": {},
    "two layers, both ways": {"num_layers": 2, "bidirectional": True},
    "batch first, without bias": {"batch_first": True, "bias": False},
    "dropout": {"num_layers": 3, "dropout": 0.4},
}


def flat(states):
    """The states of an LSTM or another layer, as a list."""
    return list(states) if isinstance(states, tuple) else [states]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", OPTIONS)
def test_layers(kind, options):
    def run(t):
        layer = KINDS[kind](t, **OPTIONS[options])
        x = t.randn(5, 2, 3, requires_grad=True)
        out, states = layer(x)
        again, last = layer(x, states if not layer.batch_first else None)
        total = out.square().sum() + sum(one.sum() for one in flat(last)) + (again * 0.5).sum()
        total.backward()
        single = layer(x[:, 0].detach())
        grads = [one.grad for one in layer.parameters()]
        names = [name for name, _ in layer.named_parameters()]
        return out, flat(states), again, x.grad, grads, names, repr(layer), single[0], flat(single[1])

    assert not isinstance(same(run, rtol=1e-4, atol=1e-5), Exception)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("both", [False, True])
def test_packed_sequences(kind, both):
    def run(t):
        rnn = t.nn.utils.rnn
        layer = KINDS[kind](t, num_layers=2, bidirectional=both)
        sequences = [t.randn(n, 3) for n in (2, 5, 3)]
        packed = rnn.pack_sequence(sequences, enforce_sorted=False)
        out, states = layer(packed)
        padded, lengths = rnn.pad_packed_sequence(out, batch_first=True, padding_value=-1.0)
        (padded.square().sum() + sum(one.sum() for one in flat(states))).backward()
        again = rnn.pack_padded_sequence(rnn.pad_sequence(sequences, True), [2, 5, 3], True, enforce_sorted=False)
        parts = [packed.data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices, again.data]
        grads = [one.grad for one in layer.parameters()]
        return parts, padded, lengths, flat(states), grads, rnn.unpack_sequence(out)

    assert not isinstance(same(run, rtol=1e-4, atol=1e-5), Exception)


def test_cells():
    def run(t):
        found = []
        for cell in (
            t.nn.RNNCell(3, 4),
            t.nn.LSTMCell(3, 4),
            t.nn.GRUCell(3, 4, bias=False),
            t.nn.RNNCell(3, 4, nonlinearity="relu"),
        ):
            x = t.randn(2, 3)
            state = cell(x)
            state = cell(x, state)
            found.append([flat(state), flat(cell(x[0])), repr(cell)])
            flat(state)[0].sum().backward()
            found.append([one.grad for one in cell.parameters()])
        return found

    assert not isinstance(same(run, rtol=1e-4, atol=1e-5), Exception)


def test_wrong_sizes_raise_what_torch_raises():
    def run(t):
        layer = t.nn.GRU(3, 4)
        calls = (
            lambda: layer(t.ones(5, 2, 4)), lambda: layer(t.ones(5)), lambda: layer(t.ones(5, 2, 3), t.ones(1, 3, 4)),
            lambda: t.nn.LSTM(3, 0), lambda: t.nn.utils.rnn.pack_padded_sequence(t.ones(5, 2, 3), [2, 5]),
            lambda: t.nn.RNN(3, 4, nonlinearity="sine"),
        )  # fmt: skip
        names = []
        for call in calls:
            try:
                call()
                names.append("")
            except Exception as error:
                names.append(type(error).__name__)
        return names

    assert all(same(run))


MODELS = {
    "encoder": lambda t: t.nn.TransformerEncoder(t.nn.TransformerEncoderLayer(8, 2, 16), 2),
    "batch first": lambda t: t.nn.TransformerEncoderLayer(8, 2, 16, dropout=0.3, batch_first=True),
    "norm first": lambda t: t.nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", norm_first=True, bias=False),
}


@pytest.mark.parametrize("name", MODELS)
def test_encoders_with_dropout(name):
    def run(t):
        model = MODELS[name](t)
        x = t.randn(5, 3, 8)
        out = model(x)
        out.square().sum().backward()
        return out, [one.grad for one in model.parameters()], repr(model)

    assert not isinstance(same(run, rtol=1e-4, atol=1e-5), Exception)


@pytest.mark.parametrize("first", [False, True])
def test_transformers(first):
    def run(t):
        model = t.nn.Transformer(8, 2, 1, 2, 16, dropout=0.2, batch_first=first)
        src, tgt = t.randn(3, 3, 8), t.randn(3, 3, 8)
        mask = model.generate_square_subsequent_mask(3)
        padding = t.tensor([[False, False, True]] + [[False] * 3] * 2)
        out = model(src, tgt, tgt_mask=mask, src_key_padding_mask=padding)
        out.square().sum().backward()
        return out, [one.grad for one in model.parameters()], repr(model)

    assert not isinstance(same(run, rtol=1e-4, atol=1e-4), Exception)


def test_attention_of_other_sizes():
    def run(t):
        layer = t.nn.MultiheadAttention(8, 2, kdim=4, vdim=6, add_bias_kv=True, add_zero_attn=True)
        out, weights = layer(t.randn(3, 2, 8), t.randn(5, 2, 4), t.randn(5, 2, 6))
        return out, weights, [name for name, _ in layer.named_parameters()]

    assert not isinstance(same(run, rtol=1e-4, atol=1e-5), Exception)
