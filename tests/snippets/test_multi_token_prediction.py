"""Multi-token prediction against transformers' own layer, loops over shifted tokens, and plain greedy decoding."""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from snippets.essence import multi_token_prediction as essence
from snippets.multi_token_prediction import MTPModule, draft_ahead, generate, mtp_loss, predict_ahead

B, T, C, V = 2, 7, 8, 5


class Mean(nn.Module):
    """A causal block that is no transformer: each position sees the mean of those up to it."""

    def __init__(self, width=C):
        super().__init__()
        self.mix = nn.Linear(width, width)

    def forward(self, x, **ignored):
        count = torch.arange(1, x.shape[1] + 1, device=x.device, dtype=x.dtype).unsqueeze(-1)
        return x + self.mix(x.cumsum(dim=1) / count).tanh()


class Tiny(nn.Module):
    """A model with its modules; `trunk` are hidden states."""

    def __init__(self, depths=2):
        super().__init__()
        self.embed, self.head = nn.Embedding(V, C), nn.Linear(C, V, bias=False)
        self.body = Mean()
        self.mtp = nn.ModuleList(MTPModule(C, Mean()) for _ in range(depths))

    def trunk(self, tokens):
        return self.body(self.embed(tokens))

    @property
    def parts(self):
        return list(self.mtp), self.embed, self.head


@pytest.fixture
def model(device):
    torch.manual_seed(0)
    model = Tiny().to(device)
    for weight in model.parameters():
        nn.init.normal_(weight, std=0.7)
    return model


@pytest.fixture
def ids(device):
    return torch.randint(V, (B, T), generator=torch.Generator().manual_seed(1)).to(device)


def test_module_is_the_layer_of_transformers(device):
    from transformers.modeling_layers import MtpLayer

    config = SimpleNamespace(hidden_size=C, rms_norm_eps=1e-3)
    theirs = MtpLayer(config, lambda config, layer: Mean(), nn.RMSNorm, 0).to(device)
    ours = MTPModule(C, Mean(), eps=1e-3).to(device)
    names = {"mtp_block": "block", "post_norm": "norm"}
    state = {}
    for name, weight in theirs.state_dict().items():
        nn.init.normal_(weight)
        head, _, rest = name.partition(".")
        state[f"{names.get(head, head)}.{rest}"] = weight
    ours.load_state_dict(state)
    hidden, embedded = torch.randn(2, B, T, C, device=device)
    expected = theirs(embedded, hidden, None, None, None, None)
    torch.testing.assert_close(ours(hidden, embedded), expected)


def test_number_of_modules_that_deepseek_v3_has_and_its_epsilon_are_the_configs():
    from transformers import DeepseekV3Config

    config = DeepseekV3Config()
    assert config.num_nextn_predict_layers == 1
    assert config.rms_norm_eps == MTPModule(C, Mean()).norm.eps


def test_depths_see_the_tokens_that_they_should(model, ids):
    """By a loop: at position i depth k joins the state of depth k - 1 with token i + k."""
    found = predict_ahead(model.trunk(ids), ids, *model.parts)
    states = model.trunk(ids)
    for k, module in enumerate(model.mtp, 1):
        kept = [states[:, i] for i in range(T - k)]
        later = [model.embed(ids[:, i + k]) for i in range(T - k)]
        states = module(torch.stack(kept, dim=1), torch.stack(later, dim=1))
        assert found[k - 1].shape == (B, T - k, V)
        torch.testing.assert_close(found[k - 1], model.head(states))


def test_no_depth_sees_what_it_predicts(model, ids):
    """The logits of token i + k + 1 stay as they are when it, or one after it, is another."""
    before = predict_ahead(model.trunk(ids), ids, *model.parts)
    for changed in range(T):
        other = ids.clone()
        other[:, changed] = (ids[:, changed] + 1) % V
        after = predict_ahead(model.trunk(other), other, *model.parts)
        for k in (1, 2):
            seen = max(0, changed - k)  # positions i with i + k < changed
            torch.testing.assert_close(after[k - 1][:, :seen], before[k - 1][:, :seen])
            if seen < T - k:
                assert not torch.allclose(after[k - 1][:, seen], before[k - 1][:, seen])


def test_loss_is_that_of_loops_over_places(model, ids):
    logits = predict_ahead(model.trunk(ids), ids, *model.parts)
    labels = ids.clone()
    labels[0, 3] = labels[1, -2:] = -100
    depths = []
    for k in (1, 2):
        terms = [
            -logits[k - 1][row, i].log_softmax(dim=-1)[labels[row, i + k + 1]]
            for row in range(B)
            for i in range(T - k - 1)
            if labels[row, i + k + 1] != -100
        ]
        depths.append(torch.stack(terms).mean())
    torch.testing.assert_close(mtp_loss(logits, labels), (depths[0] + depths[1]) / 2)
    torch.testing.assert_close(mtp_loss(logits, labels.masked_fill(labels == -100, 99), 99), mtp_loss(logits, labels))


def test_loss_by_hand_is_the_logarithm_of_the_vocabulary_where_nothing_is_known(device):
    """Logits of zeros: log 5 at every place; without a label 0."""
    logits = [torch.zeros(1, 3, V, device=device, dtype=torch.bfloat16), torch.zeros(1, 2, V, device=device)]
    labels = torch.tensor([[0, 1, 2, 3]], device=device)
    found = mtp_loss(logits, labels)
    assert found.dtype == torch.float32 and found.item() == pytest.approx(torch.tensor(5.0).log().item())
    assert mtp_loss(logits, torch.full((1, 4), -100, device=device)).item() == 0


def test_gradients_reach_embedding_head_and_trunk_and_are_right(device):
    torch.manual_seed(0)
    model = Tiny().to(device).double()
    ids = torch.randint(V, (1, 4), device=device)
    mtp_loss(predict_ahead(model.trunk(ids), ids, *model.parts), ids).backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in model.parameters())
    hidden = torch.randn(1, 4, C, device=device, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda h: mtp_loss(predict_ahead(h, ids, *model.parts), ids), hidden)


def test_draft_is_what_training_would_say_of_the_drafted_tokens(model, ids):
    """Told that its own guesses came true, each depth says at the last place what it drafted."""
    drafted = draft_ahead(model.trunk(ids)[:, :-1], ids, *model.parts)
    whole = torch.cat([ids, drafted], dim=1)  # (B, T + 2)
    logits = predict_ahead(model.trunk(whole), whole, *model.parts)
    assert drafted.shape == (B, 2)
    for k in (1, 2):
        assert torch.equal(logits[k - 1][:, T - 2].argmax(dim=-1), drafted[:, k - 1])


def greedy(model, prompt, steps):
    tokens = prompt.unsqueeze(0)
    for _ in range(steps):
        tokens = torch.cat([tokens, model.head(model.trunk(tokens)[:, -1:]).argmax(dim=-1)], dim=1)
    return tokens[0, len(prompt) :]


@pytest.mark.parametrize("depths", [0, 1, 3])
@pytest.mark.parametrize("steps", [0, 1, 12])
def test_generated_tokens_are_those_of_greedy_decoding(device, depths, steps):
    torch.manual_seed(depths)
    model = Tiny(depths).to(device)
    for weight in model.parameters():
        nn.init.normal_(weight, std=1.0)
    prompt = torch.tensor([1, 4, 2], device=device)
    found, accepted = generate(model.trunk, *model.parts, prompt, steps)
    assert torch.equal(found, greedy(model, prompt, steps))
    assert all(0 <= count <= depths for count in accepted)
    assert steps <= sum(accepted) + len(accepted) <= steps + depths


class Counter(nn.Module):
    """A module that knows what comes: the token after that which it is given, as one-hot."""

    def forward(self, hidden, embedded):
        return embedded.roll(1, dims=-1)


def test_a_perfect_draft_is_taken_whole_and_a_wrong_one_not_at_all(device):
    """The model counts up by one; so do the modules, or they stand still."""
    eye = torch.eye(V, device=device)
    embed, head, model = eye.__getitem__, lambda h: h, lambda tokens: eye[tokens].roll(1, dims=-1)
    prompt = torch.tensor([0], device=device)
    found, accepted = generate(model, [Counter(), Counter()], embed, head, prompt, 7)
    assert found.tolist() == [1, 2, 3, 4, 0, 1, 2] and accepted == [0, 2, 2]
    found, accepted = generate(model, [lambda h, e: e], embed, head, prompt, 3)
    assert found.tolist() == [1, 2, 3] and accepted == [0, 0, 0]


IDS = torch.zeros(2, 3, dtype=torch.long)
HIDDEN = torch.zeros(2, 3, C)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MTPModule(C, nn.Identity())(HIDDEN, HIDDEN[:, 1:]), r"\(2, 3, 8\) and embedded \(2, 2, 8\)"),
        (lambda: predict_ahead(HIDDEN[:, 1:], IDS, [], None, None), r"\(2, 2, 8\), \(2, 3\)"),
        (lambda: predict_ahead(HIDDEN, IDS, [Counter()] * 3, None, None), "T above 3"),
        (lambda: mtp_loss([], IDS), "T = 3"),
        (lambda: mtp_loss([HIDDEN], IDS), r"\[3\] are not T - 1"),
        (lambda: mtp_loss([HIDDEN[:, :2], HIDDEN[:, :2]], IDS), r"\[2, 2\]"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_gives_what_the_module_gives(model, ids):
    hidden = model.trunk(ids)
    expected = mtp_loss(predict_ahead(hidden, ids, *model.parts), ids)
    torch.testing.assert_close(essence.mtp_loss(hidden, ids, *model.parts), expected)
    drafted = draft_ahead(hidden[:, :-1], ids, *model.parts)
    assert torch.equal(essence.draft(hidden[:, :-1], ids, *model.parts), drafted)
    assert essence.accept(torch.tensor([1, 2, 3]), torch.tensor([1, 4, 3])) == 1


def test_functional_cross_entropy_of_the_first_depth_alone_is_the_loss(model, ids):
    (logits,) = predict_ahead(model.trunk(ids), ids, list(model.mtp[:1]), model.embed, model.head)
    expected = F.cross_entropy(logits[:, :-1].transpose(1, 2), ids[:, 2:])
    torch.testing.assert_close(mtp_loss([logits], ids), expected)
