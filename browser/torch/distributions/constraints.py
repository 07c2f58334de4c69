"""`torch.distributions.constraints`: names for what parameters and draws may be. Nothing is checked."""

from typing import Any

from .._absent import lacking as _lacking


class Constraint:
    """A condition on values."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


for _name in (
    "boolean positive nonnegative real real_vector simplex unit_interval nonnegative_integer positive_integer "
    "lower_cholesky positive_definite"
).split():
    globals()[_name] = Constraint(_name)


def _made(name: str) -> Any:
    def make(*args: Any, **kwargs: Any) -> Constraint:
        return Constraint(f"{name}{args}")

    return make


greater_than, less_than, interval, independent = map(_made, ("greater_than", "less_than", "interval", "independent"))

__getattr__ = _lacking(__name__, "torch.distributions.constraints")
