"""Masked diffusion against exact likelihoods on a tiny vocabulary, all orders of writing, all masks, all texts."""

import functools
import itertools
import math

import pytest
import torch

from snippets.essence import masked_diffusion_lm as essence
from snippets.masked_diffusion_lm import forward_process, generate, masked_diffusion_loss, nll_bound

V, L, MASK = 3, 3, 3  # letters 0 to 2, and the mask
TEXTS = list(itertools.product(range(V), repeat=L))


def joint():
    """Some distribution of texts, `(V,) * L`."""
    some = torch.randn(V**L, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    return some.softmax(dim=0).view(V, V, V)


def exact(p):
    """The model that knows p: at each place the distribution of the letter given those that are seen."""
    rows = []
    for text in itertools.product(range(V + 1), repeat=L):
        fits = p[tuple(slice(None) if token == MASK else slice(token, token + 1) for token in text)]
        apart = [fits.sum(dim=[d for d in range(L) if d != at]).expand(V) for at in range(L)]
        rows.append(torch.stack([row / row.sum() for row in apart]).log())
    letters = torch.nn.functional.pad(torch.stack(rows), (0, 1), value=-torch.inf)  # the mask is no letter
    return lambda x: letters.to(x.device)[x @ torch.tensor([16, 4, 1], device=x.device)]


def wild(x):
    """A model that is no model of anything: its guesses in different orders do not fit together."""
    weight = torch.arange(3.0, 111, 3, dtype=torch.float64, device=x.device).view(L, L * (V + 1))
    return 2 * torch.sin(x.double() @ weight).view(len(x), L, V + 1)


def bound(model, text):
    """-log p of the text, in the mean over all orders in which its letters may be revealed: by its definition."""
    total = 0.0
    for order in itertools.permutations(range(L)):
        x = torch.full((1, L), MASK)
        for at in order:
            total -= model(x)[0, at].log_softmax(-1)[text[at]].item()
            x[0, at] = text[at]
    return total / math.factorial(L)


def expected_loss(model, text):
    """The loss in its mean over all masks, for each t exactly, and over t by Gauss's rule, exact for polynomials."""
    masks = torch.tensor(list(itertools.product([False, True], repeat=L)))  # (2^L, L)
    tokens = torch.tensor([text]).expand(len(masks), L)
    logits = model(tokens.masked_fill(masks, MASK))
    points, weights = [-math.sqrt(0.6), 0.0, math.sqrt(0.6)], [5 / 18, 8 / 18, 5 / 18]
    total = 0.0
    for point, weight in zip(points, weights, strict=True):
        t = (point + 1) / 2
        chances = t ** masks.double().sum(1) * (1 - t) ** (~masks).double().sum(1)  # (2^L,)
        for row, chance in enumerate(chances.tolist()):
            one = slice(row, row + 1)
            p_mask = torch.tensor([[t]], dtype=torch.float64)
            total += weight * chance * masked_diffusion_loss(logits[one], tokens[one], masks[one], p_mask).item()
    return L * total


def test_loss_of_the_exact_model_is_minus_log_p():
    """The bound is tight: whatever the order, the conditionals of one distribution multiply to it."""
    p = joint()
    for text in TEXTS[::5]:
        assert expected_loss(exact(p), text) == pytest.approx(-p[text].log().item(), rel=1e-9)


def test_loss_of_any_model_is_its_mean_over_all_orders():
    """Which by Jensen bounds -log of the chance with which it writes the text, itself the mean over the orders."""
    for text in TEXTS[::5]:
        assert expected_loss(wild, text) == pytest.approx(bound(wild, text), rel=1e-9)


@pytest.mark.parametrize("model", ["exact", "wild"])
def test_estimate_has_the_bound_for_its_mean(device, model):
    """Many copies of a text are as many draws; five standard errors."""
    model = exact(joint()) if model == "exact" else wild
    text = torch.tensor([TEXTS[7]]).expand(300, L)
    found = nll_bound(model, text, MASK, samples=4)
    error = found.std().item() / math.sqrt(len(found))
    assert abs(found.mean().item() - bound(model, TEXTS[7])) < 5 * error < 0.5


def test_estimate_has_exactly_l_masks_and_every_l_as_often(device):
    seen = []

    def model(x):
        seen.append(x == MASK)
        return torch.zeros(*x.shape, V, device=x.device)

    tokens = torch.zeros(1000, 5, dtype=torch.long, device=device)
    maskable = torch.tensor([[0, 1, 1, 0, 1]], device=device).expand(1000, 5)
    found = nll_bound(model, tokens, MASK, maskable, samples=3)
    masked = torch.cat(seen)
    assert not masked[:, [0, 3]].any()
    counts = torch.bincount(masked.sum(dim=1)) / 3000
    assert counts[0] == 0 and counts[1:].tolist() == pytest.approx([1 / 3] * 3, abs=0.05)
    assert masked[:, [1, 2, 4]].float().mean(dim=0).tolist() == pytest.approx([2 / 3] * 3, abs=0.05)
    torch.testing.assert_close(found, torch.full((1000,), 3 * math.log(3), device=device))  # L / l · l · log V, always
    assert nll_bound(model, tokens[:1], MASK).item() == pytest.approx(5 * math.log(3))
    assert nll_bound(model, tokens[:1], MASK, samples=1).item() == pytest.approx(5 * math.log(3))
    assert len(seen) == 3 + 128 + 1


def test_noise_masks_each_token_with_the_chance_of_its_text(device):
    tokens = torch.arange(4, device=device).expand(4000, 4)
    maskable = torch.tensor([[1, 1, 1, 0]], device=device).expand(4000, 4)
    noisy, masked, p_mask = forward_process(tokens, 9, maskable)
    assert torch.equal(noisy, torch.where(masked, 9, tokens)) and not masked[:, 3].any()
    assert p_mask.shape == (4000, 1)
    assert torch.histc(p_mask, 4, 0, 1).div(4000).tolist() == pytest.approx([0.25] * 4, abs=0.03)
    low = (p_mask < 0.25).squeeze(1)
    assert masked[low, :3].float().mean().item() == pytest.approx(0.125, abs=0.03)
    assert masked[~low, :3].float().mean().item() == pytest.approx(0.625, abs=0.03)
    fixed = forward_process(tokens, 9, eps=1.0)
    assert fixed[1].all() and (fixed[2] == 1).all()
    assert 0.001 <= forward_process(torch.zeros(20_000, 1).long().to(device), 9)[2].min().item() < 0.0015


def test_a_chance_of_zero_masks_nothing_even_with_a_coin_of_zero(device, monkeypatch):
    monkeypatch.setattr(
        torch, "rand", lambda *shape, **more: torch.zeros(2, 3 if len(shape) == 1 else 1, device=device)
    )
    _, masked, p_mask = forward_process(torch.zeros(2, 3, dtype=torch.long, device=device), MASK, eps=0.0)
    assert not masked.any() and not p_mask.any()


def test_loss_by_hand(device):
    """Even guesses of 4 cost log 4. One text: of two masks at t = 1/2, 2 log 4 / (1/2) / 4. The other: one of two."""
    logits = torch.zeros(2, 4, 4, device=device)
    tokens = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0]], device=device)
    masked = torch.tensor([[1, 0, 1, 0], [0, 0, 0, 1]], device=device)
    p_mask = torch.tensor([[0.5], [0.25]], device=device)
    maskable = torch.tensor([[1, 1, 1, 1], [0, 0, 1, 1]], device=device)
    found = masked_diffusion_loss(logits, tokens, masked, p_mask, maskable)
    assert found.item() == pytest.approx(math.log(4) * (2 / 0.5 / 4 + 1 / 0.25 / 2) / 2)
    whole = masked_diffusion_loss(logits, tokens, masked.bool(), p_mask)
    assert whole.item() == pytest.approx(math.log(4) * (2 / 0.5 / 4 + 1 / 0.25 / 4) / 2)
    nothing = masked_diffusion_loss(logits, tokens, masked * 0, p_mask, maskable * 0)
    assert nothing.item() == 0
    single = masked_diffusion_loss(logits[1:], tokens[1:], masked[1:], p_mask[1:], masked[1:])
    assert single.item() == pytest.approx(math.log(4) / 0.25)


def test_unmasked_tokens_have_no_part_in_the_loss_and_no_gradient(device):
    logits = torch.randn(2, 4, 5, device=device, dtype=torch.float64, requires_grad=True)
    tokens = torch.randint(5, (2, 4), device=device)
    masked = torch.tensor([[1, 0, 0, 1], [0, 1, 0, 0]], device=device).bool()
    p_mask = torch.tensor([[0.3], [0.6]], device=device, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda logits: masked_diffusion_loss(logits, tokens, masked, p_mask), logits)
    loss = masked_diffusion_loss(logits, tokens, masked, p_mask)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert torch.equal(gradient.abs().sum(dim=2) > 0, masked)
    barred = torch.where(masked, 0.0, -torch.inf).double().unsqueeze(2)
    impossible = logits.detach().scatter(2, tokens.unsqueeze(2), barred)
    assert masked_diffusion_loss(impossible, tokens, masked, p_mask).isfinite()


def test_half_precision_logits_give_a_wide_loss(device):
    logits = (30 * torch.randn(2, 4, 5, device=device)).bfloat16()
    tokens, masked = torch.randint(5, (2, 4), device=device), torch.ones(2, 4, dtype=torch.bool, device=device)
    found = masked_diffusion_loss(logits, tokens, masked, torch.ones(2, 1, device=device))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, torch.nn.functional.cross_entropy(logits.float().mT, tokens))


@pytest.mark.parametrize(("steps", "remasking"), [(3, "random"), (3, "low_confidence"), (2, "random"), (1, "random")])
def test_texts_have_the_law_of_all_draws(steps, remasking):
    """Brute force over every guess and every choice. One at a time, in random order, that is p itself."""
    p = joint()
    model = exact(p)

    @functools.cache
    def law(x, step):
        if step == steps:
            return {x: 1.0}
        masked = [at for at in range(L) if x[at] == MASK]
        count = L // steps + (step < L % steps)
        guesses = model(torch.tensor([x]))[0, :, :V].exp()
        found = {}
        for letters in itertools.product(range(V), repeat=len(masked)):
            chance = math.prod(guesses[at, letter].item() for at, letter in zip(masked, letters, strict=True))
            new = dict(zip(masked, letters, strict=True))
            choices = list(itertools.combinations(masked, count))
            if remasking == "low_confidence":  # the surest; no two are equally sure
                choices = [tuple(sorted(masked, key=lambda at: -guesses[at, new[at]])[:count])]
            for kept in choices:
                after = tuple(new[at] if at in kept else x[at] for at in range(L))
                for text, rest in law(after, step + 1).items():
                    found[text] = found.get(text, 0.0) + chance / len(choices) * rest
        return found

    expected = torch.tensor([law((MASK,) * L, 0)[text] for text in TEXTS], dtype=torch.float64)
    if steps == L and remasking == "random":
        torch.testing.assert_close(expected, p.flatten())
    else:
        assert (expected - p.flatten()).abs().max() > 0.01  # guessed apart, or the surest preferred
    torch.manual_seed(0)
    texts = generate(model, torch.zeros(4000, 0).long(), MASK, steps, L, temperature=1.0, remasking=remasking)
    found = torch.bincount(texts @ torch.tensor([9, 3, 1]), minlength=27) / 4000
    assert ((found - expected).abs() < 5 * (expected * (1 - expected) / 4000).sqrt()).all()


def confident(x):
    """After a prompt of two, sure of place 2 before 0, 3 and 1; its guess is how many masks it saw."""
    sure = torch.tensor([9.0, 9.0, 2.0, 0.5, 3.0, 1.0], device=x.device)
    many = torch.nn.functional.one_hot((x == 9).sum(dim=1), 10)  # (B, 10)
    return sure[:, None] * many[:, None]


@pytest.mark.parametrize(
    ("steps", "block_length", "expected"),
    [
        (4, None, [3, 1, 4, 2]),  # the surest first: place 2, then 0, 3, 1
        (2, None, [4, 2, 4, 2]),
        (1, None, [4, 4, 4, 4]),
        (3, None, [4, 1, 4, 2]),  # two, one, one
        (4, 2, [4, 3, 2, 1]),  # the left half first
        (2, 2, [4, 4, 2, 2]),
        (4, 1, [4, 3, 2, 1]),
    ],
)
def test_the_surest_guesses_are_kept_block_by_block(device, steps, block_length, expected):
    """The model's guess is the number of masks it sees, which tells when each place was written."""
    prompt = torch.tensor([[7, 8], [6, 5]], device=device)
    found = generate(confident, prompt, 9, steps, 4, block_length)
    assert found.tolist() == [[7, 8, *expected], [6, 5, *expected]]


def test_a_mask_within_the_prompt_stays_and_none_is_written(device):
    def model(x):  # would like masks best
        return torch.tensor([0.0, 1.0, 5.0], device=x.device).expand(*x.shape, 3)

    table = model(torch.zeros(1, 1, device=device))
    assert generate(model, torch.tensor([[2, 0]], device=device), 2, 2, 2).tolist() == [[2, 0, 1, 1]]
    sampled = generate(model, torch.tensor([[2, 0]], device=device), 2, 4, 4, temperature=2.0)
    assert (sampled[:, 2:] != 2).all()
    assert table.tolist() == [[[0.0, 1.0, 5.0]]]
    wide = torch.zeros(1, 2, 3, device=device, dtype=torch.float64)
    generate(lambda x: wide, torch.zeros(1, 0, dtype=torch.long, device=device), 2, 1, 2)
    assert not wide.any()  # what the model keeps is not written into


def test_temperature_makes_guesses_even_or_sure(device):
    def model(x):
        return torch.tensor([1.0, 0.0, 0.0], device=x.device).expand(*x.shape, 3)

    empty = torch.zeros(3000, 0, dtype=torch.long, device=device)
    for temperature, share in ((0.1, 1.0), (1.0, math.e / (math.e + 1)), (1e6, 0.5)):
        texts = generate(model, empty, 2, 1, 1, temperature=temperature)
        assert (texts == 0).float().mean().item() == pytest.approx(share, abs=0.04)


def test_same_generator_gives_the_same_noise_texts_and_estimates(device):
    def once():
        generator = torch.Generator(device).manual_seed(2)
        tokens = torch.arange(3, device=device).expand(6, 3)
        noise = forward_process(tokens, MASK, generator=generator)
        estimate = nll_bound(wild, tokens, MASK, samples=2, generator=generator)
        text = generate(wild, tokens[:, :0], MASK, 3, 3, None, 1.0, "random", generator)
        return [*noise, estimate, text]

    first = once()
    torch.rand(3, device=device)
    for one, other in zip(first, once(), strict=True):
        assert torch.equal(one, other)


TOKENS, P_MASK = torch.zeros(2, 3, dtype=torch.long), torch.ones(2, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: forward_process(TOKENS, 9, TOKENS[:1]), r"maskable \(1, 3\)"),
        (lambda: masked_diffusion_loss(torch.zeros(2, 4, 5), TOKENS, TOKENS, P_MASK), "three of"),
        (lambda: masked_diffusion_loss(torch.zeros(2, 3, 5), TOKENS, TOKENS[:1], P_MASK), "three of"),
        (lambda: masked_diffusion_loss(torch.zeros(2, 3, 5), TOKENS, TOKENS, P_MASK[:, 0]), "three of"),
        (lambda: masked_diffusion_loss(torch.zeros(2, 3, 5), TOKENS, TOKENS, P_MASK, TOKENS[:1]), "maskable"),
        (lambda: nll_bound(wild, TOKENS, 9, samples=0), "samples 0"),
        (lambda: nll_bound(wild, TOKENS, 9, TOKENS[:1]), "maskable"),
        (lambda: generate(wild, TOKENS, 9, 5, 4), "4 tokens in blocks of 4 in 5 steps"),
        (lambda: generate(wild, TOKENS, 9, 0, 4), "0 steps"),
        (lambda: generate(wild, TOKENS, 9, 1, 4, 2), "blocks of 2 in 1 steps"),
        (lambda: generate(wild, TOKENS, 9, 3, 4, 2), "blocks of 2 in 3 steps"),
        (lambda: generate(wild, TOKENS, 9, 4, 4, 3), "blocks of 3"),
        (lambda: generate(wild, TOKENS, 9, 4, 4, 8), "blocks of 8"),
        (lambda: generate(wild, TOKENS, 9, 4, 4, -4), "blocks of -4"),
        (lambda: generate(wild, TOKENS, 9, 0, 0), "0 tokens"),
        (lambda: generate(wild, TOKENS, 9, 4, 4, remasking="best"), "'best'"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_essence_equals_the_module():
    tokens = torch.tensor(TEXTS)
    torch.manual_seed(4)
    found = essence.loss(wild, tokens, MASK)
    torch.manual_seed(4)
    noisy, masked, p_mask = forward_process(tokens, MASK, eps=0.0)
    torch.testing.assert_close(found, masked_diffusion_loss(wild(noisy), tokens, masked, p_mask))
    letters = torch.tensor([0.0, 0, 0, -torch.inf])  # the essence trusts its model to write no masks
    for steps in (1, 3):
        expected = generate(wild, tokens[:1, :0], MASK, steps, L)
        assert torch.equal(essence.write(lambda x: wild(x) + letters, L, MASK, steps), expected)
