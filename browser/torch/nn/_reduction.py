"""`torch.nn._reduction`: how losses of other people's say what becomes of their parts."""

from .functional import _old_reduction as legacy_get_string  # noqa: F401


def get_enum(reduction: str) -> int:
    """The number of a reduction.

    Raises:
        ValueError: There is none of that name.
    """
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return ("none", "mean", "sum").index(reduction)
