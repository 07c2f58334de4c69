"""`torch.distributions.constraints`: names for what parameters and draws may be. Nothing is checked."""

from typing import Any

from .._absent import lacking as _lacking


class Constraint:
    """A condition on values, of which so many dimensions belong together."""

    is_discrete = False

    def __init__(self, name: str = "", event_dim: int = 0) -> None:
        self.name, self.event_dim = name, event_dim

    def __repr__(self) -> str:
        return self.name


_NAMES = {
    0: "boolean positive nonnegative real unit_interval nonnegative_integer positive_integer dependent",
    1: "real_vector simplex one_hot",
    2: """lower_cholesky corr_cholesky lower_triangular square symmetric positive_definite positive_semidefinite""",
}
for _event_dim, _names in _NAMES.items():
    globals().update({name: Constraint(name, _event_dim) for name in _names.split()})


def _made(name: str) -> Any:
    def make(*args: Any, **kwargs: Any) -> Constraint:
        return Constraint(f"{name}{args}")

    return make


_NAMES_MADE = (
    """greater_than greater_than_eq less_than interval half_open_interval integer_interval multinomial cat stack"""
)
globals().update({name: _made(name) for name in _NAMES_MADE.split()})


def independent(base_constraint: Constraint, reinterpreted_batch_ndims: int) -> Constraint:
    """The same of several values, which belong together."""
    return Constraint(f"independent({base_constraint})", base_constraint.event_dim + reinterpreted_batch_ndims)


def dependent_property(fn: Any = None, **kwargs: Any) -> Any:
    """A property that depends on a distribution's parameters."""
    return property if fn is None else property(fn)


__getattr__ = _lacking(__name__, "torch.distributions.constraints")
