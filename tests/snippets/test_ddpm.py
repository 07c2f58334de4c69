"""DDPM against diffusers' scheduler, Gaussian algebra, and data whose best denoiser is known."""

import pytest
import torch
from diffusers import DDPMScheduler

from snippets.ddpm import add_noise, denoising_loss, guided, linear_betas, reverse_step, sample
from snippets.essence import ddpm as essence


def scheduler(steps):
    """The oracle, with the paper's variance and no clipping."""
    return DDPMScheduler(num_train_timesteps=steps, clip_sample=False)


@pytest.mark.parametrize("steps", [2, 10, 1000])
def test_schedule_equals_diffusers(steps):
    torch.testing.assert_close(linear_betas(steps), scheduler(steps).betas)


def test_schedule_has_1000_steps_by_default_and_at_least_one():
    assert len(linear_betas()) == 1000
    assert linear_betas(1).tolist() == pytest.approx([1e-4])


@pytest.mark.parametrize("shape", [(4, 3), (4,), (4, 2, 3, 3), (0, 3)])
def test_noisy_samples_equal_diffusers(device, shape):
    x, noise = torch.randn(2, *shape, device=device)
    steps = torch.randint(50, shape[:1], device=device)
    expected = scheduler(50).add_noise(x, noise, steps) if shape[0] else x
    torch.testing.assert_close(add_noise(x, noise, steps, linear_betas(50).to(device)), expected)


@pytest.mark.parametrize("step", [0, 1, 20, 49])
def test_reverse_steps_equal_diffusers(step):
    x, found = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(step))
    oracle = scheduler(50)
    oracle.set_timesteps(50)
    expected = oracle.step(found, step, x, generator=torch.Generator().manual_seed(7)).prev_sample
    noise = torch.randn(4, 3, generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(reverse_step(x, found, step, linear_betas(50), noise), expected, atol=1e-5, rtol=1e-5)


def test_reverse_step_is_bayes_rule_for_gaussians(device):
    """x[t-1] ~ N(√ᾱ' x0, 1 - ᾱ'), x[t] ~ N(√α x[t-1], β): precisions add up, 1 / (1 - ᾱ') + α / β."""
    betas = linear_betas(8, 0.05, 0.4).double().to(device)
    x0, x, noise = torch.randn(3, 5, device=device, dtype=torch.float64)
    kept = (1 - betas).cumprod(0)
    for step in range(1, 8):
        alpha, beta, before = 1 - betas[step], betas[step], kept[step - 1]
        precision = 1 / (1 - before) + alpha / beta
        mean = (before.sqrt() * x0 / (1 - before) + alpha.sqrt() * x / beta) / precision
        found = (x - kept[step].sqrt() * x0) / (1 - kept[step]).sqrt()
        torch.testing.assert_close(reverse_step(x, found, step, betas, noise), mean + precision**-0.5 * noise)


def test_noise_of_one_step_comes_off_exactly(device):
    x, noise, other = torch.randn(3, 4, 2, device=device, dtype=torch.float64)
    betas = linear_betas(5).double().to(device)
    noisy = add_noise(x, noise, torch.zeros(4, dtype=torch.long, device=device), betas)
    torch.testing.assert_close(reverse_step(noisy, noise, 0, betas, other), x)


def test_papers_schedule_leaves_nothing_of_the_data():
    """ᾱ at the end of 1,000 steps is 4e-5."""
    end = add_noise(torch.ones(1), torch.zeros(1), torch.tensor([999]), linear_betas())
    assert end.item() == pytest.approx(4.04e-5**0.5, rel=0.01)


def gaussian_model(mean, deviation, betas):
    """The best denoiser of N(mean, deviation²): E[noise | x] is linear in x."""
    kept = (1 - betas).cumprod(0)

    def model(x, steps):
        a = kept[steps].view(-1, 1)
        return (1 - a).sqrt() * (x - a.sqrt() * mean) / (a * deviation**2 + 1 - a)

    return model


def test_best_denoiser_makes_its_data(device):
    """20,000 samples: the mean is good to 0.02, the deviation to 2 % and what 200 steps cost."""
    betas = linear_betas(200, last=0.08).to(device)
    made = sample(gaussian_model(2.0, 0.5, betas), (20_000, 1), betas)
    assert made.mean().item() == pytest.approx(2.0, abs=0.02)
    assert made.std().item() == pytest.approx(0.5, rel=0.05)


def test_sampling_asks_the_model_once_a_step_for_all_samples(device):
    asked = []
    sample(lambda x, steps: asked.append(steps.tolist()) or x, (2, 3), linear_betas(3).to(device))
    assert asked == [[2, 2], [1, 1], [0, 0]]


def test_loss_is_least_for_the_best_denoiser(device):
    """Blind, the loss is the noise's variance, 1; the best one's is the mean of a d² / (a d² + 1 - a)."""
    betas = linear_betas(20, last=0.3).to(device)
    x = 2 + 0.5 * torch.randn(100_000, 1, device=device)
    kept = (1 - betas).cumprod(0)
    least = (kept * 0.25 / (kept * 0.25 + 1 - kept)).mean().item()
    assert denoising_loss(gaussian_model(2.0, 0.5, betas), x, betas).item() == pytest.approx(least, rel=0.03)
    blind = denoising_loss(lambda x, steps: torch.zeros_like(x), x, betas)
    assert blind.item() == pytest.approx(1.0, rel=0.03)


def test_loss_is_over_all_steps_of_the_schedule(device):
    seen = []
    denoising_loss(lambda x, steps: seen.append(steps) or x, torch.zeros(500, 1, device=device), linear_betas(4))
    assert torch.cat(seen).unique().tolist() == [0, 1, 2, 3]


def test_guidance_moves_along_the_difference(device):
    model = guided(lambda x, steps: x + 3, lambda x, steps: x + 1, scale=2.0)
    assert model(torch.zeros(1, device=device), torch.zeros(1)).tolist() == [5.0]


@pytest.mark.parametrize(("scale", "which"), [(0.0, 1), (1.0, 0)])
def test_guidance_of_0_and_1_are_the_models_themselves(device, scale, which):
    betas = linear_betas(10).to(device)
    models = gaussian_model(1.0, 0.1, betas), gaussian_model(0.0, 1.0, betas)
    x, steps = torch.randn(6, 1, device=device), torch.arange(6, device=device)
    torch.testing.assert_close(guided(*models, scale)(x, steps), models[which](x, steps))


def test_gradients_reach_the_model(device):
    betas = linear_betas(5).double().to(device)
    x, noise = (torch.randn(3, 2, device=device, dtype=torch.float64, requires_grad=True) for _ in range(2))
    steps = torch.tensor([0, 2, 4], device=device)
    assert torch.autograd.gradcheck(lambda x, noise: add_noise(x, noise, steps, betas), (x, noise))
    fresh = torch.randn(3, 2, device=device, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x, found: reverse_step(x, found, 3, betas, fresh), (x, noise))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_data_stays_so(device, dtype):
    x, noise = torch.randn(2, 4, 3, device=device)
    steps, betas = torch.arange(4, device=device), linear_betas(4).to(device)
    noisy = add_noise(x.to(dtype), noise.to(dtype), steps, betas)
    assert noisy.dtype == dtype
    torch.testing.assert_close(noisy.float(), add_noise(x, noise, steps, betas), atol=0.05, rtol=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "steps 0"),
        ((5, 0.0), "first 0"),
        ((5, 1.0), "first 1"),
        ((5, 0.1, 0.0), "last 0"),
        ((5, 0.1, 1.0), "last 1"),
    ],
)
def test_impossible_schedules_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        linear_betas(*arguments)


@pytest.mark.parametrize("step", [-1, 4])
def test_steps_off_the_schedule_are_refused(step):
    x, betas = torch.zeros(2, 2), linear_betas(4)
    with pytest.raises(ValueError, match="0 to 3"):
        add_noise(x, x, torch.tensor([step, 0]), betas)
    with pytest.raises(ValueError, match="0 to 3"):
        reverse_step(x, x, step, betas, x)


@pytest.mark.parametrize(("noise", "steps"), [((2, 1), (2,)), ((2, 3), (3,)), ((2, 3), (2, 1))])
def test_shapes_that_do_not_fit_are_refused(noise, steps):
    with pytest.raises(ValueError, match="do not fit"):
        add_noise(torch.zeros(2, 3), torch.zeros(noise), torch.zeros(steps, dtype=torch.long), linear_betas(4))


def test_small_noise_survives_half_precision(device):
    """After the first step of the paper's schedule ᾱ = 0.9999: bfloat16 would round it to 1, and add no noise."""
    x = torch.zeros(4, 3, device=device, dtype=torch.bfloat16)
    noise = torch.ones_like(x)
    noisy = add_noise(x, noise, torch.zeros(4, dtype=torch.long, device=device), linear_betas().to(device))
    assert noisy.dtype == torch.bfloat16
    torch.testing.assert_close(noisy.float(), torch.full((4, 3), 0.01, device=device), rtol=1e-2, atol=0)


def test_model_whose_noise_would_broadcast_is_refused(device):
    with pytest.raises(ValueError, match=r"finds noise \(4,\) in \(4, 1\)"):
        denoising_loss(lambda x, steps: x[:, 0], torch.zeros(4, 1, device=device), linear_betas().to(device))


def test_essence_equals_the_module():
    betas, weight = linear_betas(20, last=0.3), torch.randn(3, 3) / 3

    def model(x, steps):
        """Some function of both."""
        return x @ weight + steps[:, None] / 20

    data = torch.randn(8, 3)
    for ours, theirs in (
        (lambda: essence.loss(model, data, betas), lambda: denoising_loss(model, data, betas)),
        (lambda: essence.sample(model, (8, 3), betas), lambda: sample(model, (8, 3), betas)),
    ):
        torch.manual_seed(1)
        found = ours()
        torch.manual_seed(1)
        torch.testing.assert_close(found, theirs())
