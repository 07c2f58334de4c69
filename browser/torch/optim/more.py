"""Optimizers that few programs use; each says what a step does to one parameter."""

import math
from typing import Any

import numpy as np

from .._core import wrap
from .._dtypes import fit, float32
from .._engine import enable_grad, no_grad
from .._shape import cat
from .base import Optimizer, _kept, _positive, _put


def _step(state: dict[str, Any]) -> float:
    """One more; how many that makes."""
    if "step" not in state:
        state["step"] = wrap(np.zeros((), np.float32), float32)
    state["step"]._data += 1
    return float(state["step"]._data)


def _decayed(value: np.ndarray, grad: np.ndarray, group: dict[str, Any]) -> np.ndarray:
    return grad + group["weight_decay"] * value if group["weight_decay"] else grad


def _settings(options: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """Settings of a group; how torch computes (`foreach`, `capturable` …) makes no difference here."""
    unknown = set(options) - {"foreach", "capturable", "differentiable", "maximize", "fused"}
    if unknown:
        raise TypeError(f"unexpected arguments {sorted(unknown)}")
    return {**settings, "maximize": options.get("maximize", False)}


class Adagrad(Optimizer):
    """Steps along the gradient over the root of the sum of its squares."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        **options: Any,
    ) -> None:
        _positive(lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, eps=eps)
        settings = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        settings["initial_accumulator_value"] = initial_accumulator_value
        super().__init__(params, _settings(options, **settings))

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        fresh = "sum" not in state
        step, total = _step(state), _kept(state, "sum", value, group)
        if fresh:
            total[...] = group["initial_accumulator_value"]
        grad = _decayed(value, grad, group)
        _put(total, total + grad * grad, group)
        rate = group["lr"] / (1 + (step - 1) * group["lr_decay"])
        return value - rate * grad / (np.sqrt(total) + group["eps"])


class Adadelta(Optimizer):
    """Steps whose size is the root of the averaged square of steps over that of gradients."""

    def __init__(
        self, params: Any, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0, **options: Any
    ) -> None:
        _positive(lr=lr, eps=eps, weight_decay=weight_decay)
        if not 0 <= rho <= 1:
            raise ValueError(f"Invalid rho value: {rho}")
        super().__init__(params, _settings(options, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay))

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        _step(state)
        rho, eps = group["rho"], group["eps"]
        square, moves = _kept(state, "square_avg", value, group), _kept(state, "acc_delta", value, group)
        grad = _decayed(value, grad, group)
        _put(square, rho * square + (1 - rho) * grad * grad, group)
        move = np.sqrt(moves + eps) / np.sqrt(square + eps) * grad
        _put(moves, rho * moves + (1 - rho) * move * move, group)
        return value - group["lr"] * move


class Adamax(Optimizer):
    """Adam with the largest gradient in place of the averaged square."""

    def __init__(
        self,
        params: Any,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        **options: Any,
    ) -> None:
        _positive(lr=lr, eps=eps, weight_decay=weight_decay)
        super().__init__(params, _settings(options, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        (beta1, beta2), step = group["betas"], _step(state)
        grad = _decayed(value, grad, group)
        mean, largest = _kept(state, "exp_avg", value, group), _kept(state, "exp_inf", value, group)
        _put(mean, mean + (1 - beta1) * (grad - mean), group)
        _put(largest, np.maximum(beta2 * largest, np.abs(grad) + group["eps"]), group)
        return value - group["lr"] / (1 - beta1**step) * mean / largest


class NAdam(Optimizer):
    """Adam with Nesterov's look ahead."""

    def __init__(
        self,
        params: Any,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        **options: Any,
    ) -> None:
        _positive(lr=lr, eps=eps, weight_decay=weight_decay)
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        settings |= {"momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, _settings(options, **settings))

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        (beta1, beta2), step, lr = group["betas"], _step(state), group["lr"]
        if group["decoupled_weight_decay"]:
            value = value * (1 - lr * group["weight_decay"])
        else:
            grad = _decayed(value, grad, group)
        if "mu_product" not in state:
            state["mu_product"] = wrap(np.ones((), np.float32), float32)
        mu, after = (beta1 * (1 - 0.5 * 0.96 ** (at * group["momentum_decay"])) for at in (step, step + 1))
        state["mu_product"]._data *= np.float32(mu)
        product = float(state["mu_product"]._data)
        mean, square = _kept(state, "exp_avg", value, group), _kept(state, "exp_avg_sq", value, group)
        _put(mean, mean + (1 - beta1) * (grad - mean), group)
        _put(square, square * beta2 + (1 - beta2) * grad * grad, group)
        root = np.sqrt(square / (1 - beta2**step)) + group["eps"]
        value = value - lr * (1 - mu) / (1 - product) * grad / root
        return value - lr * after / (1 - product * after) * mean / root


class RAdam(Optimizer):
    """Adam that waits for the variance of its averaged square."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        **options: Any,
    ) -> None:
        _positive(lr=lr, eps=eps, weight_decay=weight_decay)
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, _settings(options, **settings, decoupled_weight_decay=decoupled_weight_decay))

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        (beta1, beta2), step, lr = group["betas"], _step(state), group["lr"]
        if group["decoupled_weight_decay"]:
            value = value * (1 - lr * group["weight_decay"])
        else:
            grad = _decayed(value, grad, group)
        mean, square = _kept(state, "exp_avg", value, group), _kept(state, "exp_avg_sq", value, group)
        _put(mean, mean + (1 - beta1) * (grad - mean), group)
        _put(square, square * beta2 + (1 - beta2) * grad * grad, group)
        corrected, longest = mean / (1 - beta1**step), 2 / (1 - beta2) - 1
        length = longest - 2 * step * beta2**step / (1 - beta2**step)
        if length <= 5:
            return value - lr * corrected
        share = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        adaptive = math.sqrt(1 - beta2**step) / (np.sqrt(square) + group["eps"])
        return value - lr * corrected * math.sqrt(share) * adaptive


class Rprop(Optimizer):
    """Steps by the sign of the gradient alone; longer while it stays, shorter when it turns."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        **options: Any,
    ) -> None:
        _positive(lr=lr)
        super().__init__(params, _settings(options, lr=lr, etas=etas, step_sizes=step_sizes))

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        fresh = "prev" not in state
        _step(state)
        before, size = _kept(state, "prev", value, group), _kept(state, "step_size", value, group)
        if fresh:
            size[...] = group["lr"]
        (shrink, grow), (low, high) = group["etas"], group["step_sizes"]
        sign = np.sign(grad * before)
        _put(size, np.clip(size * np.where(sign > 0, grow, np.where(sign < 0, shrink, 1)), low, high), group)
        grad = np.where(sign < 0, 0, grad)
        _put(before, grad, group)
        return value - np.sign(grad) * size


class ASGD(Optimizer):
    """Gradient descent that averages its parameters."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        **options: Any,
    ) -> None:
        _positive(lr=lr, weight_decay=weight_decay)
        settings = {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay}
        super().__init__(params, _settings(options, **settings))

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        eta = state.get("eta", group["lr"])
        mu = state.get("mu", 1.0)
        step, mean = _step(state), _kept(state, "ax", value, group)
        grad = _decayed(value, grad, group)
        value = value * (1 - group["lambd"] * eta) - eta * grad
        _put(mean, value if mu == 1 else mean + (value - mean) * mu, group)
        state["eta"] = group["lr"] / (1 + group["lambd"] * group["lr"] * step) ** group["alpha"]
        state["mu"] = 1 / max(1, step - group["t0"])
        return value


class Muon(Optimizer):
    """Momentum, made orthogonal by five steps of Newton and Schulz; for matrices."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        _positive(lr=lr, momentum=momentum, weight_decay=weight_decay)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        settings = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov}
        settings |= {"ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn}
        super().__init__(params, settings)
        for group in self.param_groups:
            for one in group["params"]:
                if one.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {one.shape}"
                    )

    def _moved(self, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> np.ndarray:
        beta, buffer = group["momentum"], _kept(state, "momentum_buffer", value, group)
        _put(buffer, buffer + (1 - beta) * (grad - buffer), group)
        update = grad + beta * (buffer - grad) if group["nesterov"] else buffer
        rows, columns = value.shape
        ratio = max(1, rows / columns) ** 0.5
        if group["adjust_lr_fn"] == "match_rms_adamw":
            ratio = 0.2 * math.sqrt(max(rows, columns))
        update = _orthogonal(update, group)
        return value * (1 - group["lr"] * group["weight_decay"]) - group["lr"] * ratio * update


def _orthogonal(update: np.ndarray, group: dict[str, Any]) -> np.ndarray:
    """The nearest orthogonal matrix, roughly; in bfloat16, as torch computes it."""
    from .._dtypes import round_bfloat16 as rounded

    a, b, c = group["ns_coefficients"]
    x = rounded(update)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = rounded(x / max(float(rounded(np.asarray(np.linalg.norm(x), np.float32))), group["eps"]))
    for _ in range(group["ns_steps"]):
        gram = rounded(x @ x.T)
        table = rounded(b * gram + c * (gram @ gram))
        x = rounded(a * x + table @ x)
    return x.T if tall else x


class LBFGS(Optimizer):
    """Newton's method with the curvature that the last steps showed; the closure is called several times a step."""

    def __init__(
        self,
        params: Any,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        _positive(lr=lr)
        settings = {"lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval}
        settings |= {"tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change}
        settings |= {"history_size": history_size, "line_search_fn": line_search_fn}
        super().__init__(params, settings)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]
        if line_search_fn not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")

    def _gradient(self) -> np.ndarray:
        parts = [one.new_zeros(one.numel()) if one.grad is None else one.grad.reshape(-1) for one in self._params]
        return cat(parts)._data.astype(np.float64)

    def _move(self, size: float, direction: np.ndarray) -> None:
        start = 0
        for one in self._params:
            part = direction[start : start + one.numel()].reshape(one.shape)
            one._data[...] = fit(one._data + size * part, one.dtype)
            one._count += 1
            start += one.numel()

    @no_grad()
    def step(self, closure: Any) -> Any:
        """Several steps to a lower loss; the first one is returned."""
        group, state = self.param_groups[0], self.state[self._params[0]]

        def evaluate() -> tuple[float, np.ndarray]:
            with enable_grad():
                loss = closure()
            state["func_evals"] = state.get("func_evals", 0) + 1
            return loss.item(), self._gradient()

        with enable_grad():
            first = closure()
        loss, grad = first.item(), self._gradient()
        state["func_evals"], calls = state.get("func_evals", 0) + 1, 1
        if np.abs(grad).max() <= group["tolerance_grad"]:
            return first
        for turn in range(1, group["max_iter"] + 1):
            direction = self._direction(state, grad, group)
            state["n_iter"] = state.get("n_iter", 0) + 1
            rate = min(1.0, 1.0 / np.abs(grad).sum()) * group["lr"] if state["n_iter"] == 1 else group["lr"]
            slope, before = float(grad @ direction), loss
            state.update(d=direction, t=rate, prev_grad=grad.copy())
            if slope > -group["tolerance_change"]:
                break
            if group["line_search_fn"] is None:
                self._move(rate, direction)
                if turn != group["max_iter"]:
                    loss, grad = evaluate()
                    calls += 1
            else:
                start = [one._data.copy() for one in self._params]

                def at(size: float, start: Any = start, direction: Any = direction) -> tuple[float, np.ndarray]:
                    for one, value in zip(self._params, start, strict=True):
                        one._data[...] = value
                    self._move(size, direction)
                    found = evaluate()
                    for one, value in zip(self._params, start, strict=True):
                        one._data[...] = value
                    return found

                loss, grad, rate, used = _strong_wolfe(at, rate, direction, loss, grad, slope)
                state["t"] = rate
                self._move(rate, direction)
                calls += used
            if calls >= group["max_eval"] or np.abs(grad).max() <= group["tolerance_grad"]:
                break
            if np.abs(direction * rate).max() <= group["tolerance_change"]:
                break
            if abs(loss - before) < group["tolerance_change"]:
                break
        return first

    def _direction(self, state: dict[str, Any], grad: np.ndarray, group: dict[str, Any]) -> np.ndarray:
        """Against the gradient, through the inverse curvature that the history gives."""
        if "n_iter" not in state:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -grad
        change, move = grad - state["prev_grad"], state["d"] * state["t"]
        curve = float(change @ move)
        if curve > 1e-10:
            for name, one in (("old_dirs", change), ("old_stps", move), ("ro", 1 / curve)):
                if len(state[name]) == group["history_size"]:
                    state[name].pop(0)
                state[name].append(one)
            state["H_diag"] = curve / float(change @ change)
        out, shares = -grad, []
        history = list(zip(state["old_dirs"], state["old_stps"], state["ro"], strict=True))
        for one, step, ro in reversed(history):
            shares.append(float(step @ out) * ro)
            out = out - shares[-1] * one
        out = out * state["H_diag"]
        for (one, step, ro), share in zip(history, reversed(shares), strict=True):
            out = out + step * (share - float(one @ out) * ro)
        return out


def _cubic(x1: float, f1: float, g1: float, x2: float, f2: float, g2: float, bounds: Any = None) -> float:
    """Where the cubic through two points with two slopes is smallest."""
    low, high = bounds if bounds is not None else (min(x1, x2), max(x1, x2))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1**2 - g1 * g2
    if square < 0:
        return (low + high) / 2
    d2 = math.sqrt(square)
    if x1 <= x2:
        at = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    else:
        at = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return min(max(at, low), high)


def _strong_wolfe(at: Any, t: float, d: np.ndarray, f: float, g: np.ndarray, gtd: float) -> Any:
    """A step that lowers the loss enough and flattens the slope enough; loss, gradient, step, evaluations."""
    c1, c2, tolerance, most = 1e-4, 0.9, 1e-9, 25
    norm = np.abs(d).max()
    new_f, new_g = at(t)
    calls, new_slope = 1, float(new_g @ d)
    last = (0.0, f, g, gtd)
    done, turn = False, 0
    bracket: list[Any] = []
    while turn < most:
        if new_f > f + c1 * t * gtd or (turn > 1 and new_f >= last[1]):
            bracket = [last, (t, new_f, new_g.copy(), new_slope)]
            break
        if abs(new_slope) <= -c2 * gtd:
            bracket, done = [(t, new_f, new_g, new_slope)], True
            break
        if new_slope >= 0:
            bracket = [last, (t, new_f, new_g.copy(), new_slope)]
            break
        low, high, now = t + 0.01 * (t - last[0]), t * 10, t
        t = _cubic(last[0], last[1], last[3], t, new_f, new_slope, (low, high))
        last = (now, new_f, new_g.copy(), new_slope)
        new_f, new_g = at(t)
        calls, new_slope, turn = calls + 1, float(new_g @ d), turn + 1
    if turn == most:
        bracket = [(0.0, f, g, gtd), (t, new_f, new_g, new_slope)]
    stuck = False
    low_at, high_at = (0, 1) if len(bracket) == 1 or bracket[0][1] <= bracket[-1][1] else (1, 0)
    while not done and turn < most:
        if abs(bracket[1][0] - bracket[0][0]) * norm < tolerance:
            break
        t = _cubic(bracket[0][0], bracket[0][1], bracket[0][3], bracket[1][0], bracket[1][1], bracket[1][3])
        ends = sorted(one[0] for one in bracket)
        gap = 0.1 * (ends[1] - ends[0])
        if min(ends[1] - t, t - ends[0]) < gap:
            if stuck or t >= ends[1] or t <= ends[0]:
                t = ends[1] - gap if abs(t - ends[1]) < abs(t - ends[0]) else ends[0] + gap
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        new_f, new_g = at(t)
        calls, new_slope, turn = calls + 1, float(new_g @ d), turn + 1
        point = (t, new_f, new_g.copy(), new_slope)
        if new_f > f + c1 * t * gtd or new_f >= bracket[low_at][1]:
            bracket[high_at] = point
            low_at, high_at = (0, 1) if bracket[0][1] <= bracket[1][1] else (1, 0)
            continue
        if abs(new_slope) <= -c2 * gtd:
            done = True
        elif new_slope * (bracket[high_at][0] - bracket[low_at][0]) >= 0:
            bracket[high_at] = bracket[low_at]
        bracket[low_at] = point
    best = bracket[low_at if len(bracket) > 1 else 0]
    return best[1], best[2], best[0], calls
