"""`torch.utils._pytree`: functions of every leaf of nested containers."""

from collections.abc import Callable
from typing import Any


def tree_map(func: Callable[..., Any], tree: Any, *rests: Any) -> Any:
    """The same containers with what the function makes of each leaf."""
    if isinstance(tree, dict):
        return type(tree)({key: tree_map(func, one, *(rest[key] for rest in rests)) for key, one in tree.items()})
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(tree_map(func, *parts) for parts in zip(tree, *rests, strict=True)))
    if isinstance(tree, tuple | list):
        return type(tree)(tree_map(func, *parts) for parts in zip(tree, *rests, strict=True))
    return None if tree is None else func(tree, *rests)


def tree_leaves(tree: Any) -> list[Any]:
    """All leaves in order."""
    if isinstance(tree, dict):
        return [leaf for one in tree.values() for leaf in tree_leaves(one)]
    if isinstance(tree, tuple | list):
        return [leaf for one in tree for leaf in tree_leaves(one)]
    return [] if tree is None else [tree]


def tree_flatten(tree: Any) -> tuple[list[Any], Any]:
    """All leaves, and what `tree_unflatten` needs to put others in their place."""
    return tree_leaves(tree), tree


def tree_unflatten(leaves: list[Any], treespec: Any) -> Any:
    """Leaves in the place of those that were flattened."""
    rest = iter(leaves)
    return tree_map(lambda _: next(rest), treespec)
