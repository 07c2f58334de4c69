"""`torch.distributed`: one process, which is its own group. Sums over it are what it has; nothing is sent."""

from typing import Any

from .._absent import lacking as _lacking
from .._core import Tensor
from .._notice import once


class ReduceOp:
    """How values of several processes become one."""

    SUM, PRODUCT, MIN, MAX, AVG = "SUM", "PRODUCT", "MIN", "MAX", "AVG"
    BAND, BOR, BXOR, PREMUL_SUM = "BAND", "BOR", "BXOR", "PREMUL_SUM"


class Backend(str):
    """The name of what sends."""

    UNDEFINED, GLOO, NCCL, UCC, MPI, XCCL = "undefined", "gloo", "nccl", "ucc", "mpi", "xccl"

    def __new__(cls, name: str) -> str:  # type: ignore[misc]
        """The name, in small letters."""
        return name.lower()


class _Group:
    ready = False


class ProcessGroup:
    """Some of the processes; there are never others, so none is made."""


class group:
    """The group of all."""

    WORLD = None


class _Work:
    """What was asked for is done already."""

    def wait(self, timeout: Any = None) -> bool:
        """True."""
        return True

    def is_completed(self) -> bool:
        """True."""
        return True


def is_available() -> bool:
    """True: with one process."""
    return True


def is_initialized() -> bool:
    """Whether `init_process_group` was called."""
    return _Group.ready


is_torchelastic_launched = is_mpi_available = is_nccl_available = lambda: False
is_gloo_available = is_available


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: Any = None,
    world_size: int = -1,
    rank: int = -1,
    **kwargs: Any,
) -> None:
    """A group of this one process.

    Raises:
        NotImplementedError: More than one is asked for.
    """
    if world_size > 1:
        raise NotImplementedError(f"a page has one process: a group of {world_size} cannot be made here")
    once("torch.distributed", "a page has one process, which is the whole group: nothing is sent")
    _Group.ready = True


def destroy_process_group(group: Any = None) -> None:
    """Leave the group."""
    _Group.ready = False


def _needs_group() -> None:
    if not _Group.ready:
        raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")


def get_rank(group: Any = None) -> int:
    """0."""
    _needs_group()
    return 0


get_node_local_rank = get_rank


def get_world_size(group: Any = None) -> int:
    """1."""
    _needs_group()
    return 1


def get_backend(group: Any = None) -> str:
    """What torch uses without a GPU."""
    _needs_group()
    return "gloo"


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> Any:
    """Nobody to wait for."""
    _needs_group()
    return _Work() if async_op else None


def all_reduce(tensor: Tensor, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False) -> Any:
    """The tensor stays what it is."""
    return barrier(group, async_op)


def broadcast(tensor: Tensor, src: int = 0, group: Any = None, async_op: bool = False) -> Any:
    """The tensor stays what it is."""
    return barrier(group, async_op)


def reduce(tensor: Tensor, dst: int = 0, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False) -> Any:
    """The tensor stays what it is."""
    return barrier(group, async_op)


def all_gather(tensor_list: list[Tensor], tensor: Tensor, group: Any = None, async_op: bool = False) -> Any:
    """The one tensor into the list."""
    tensor_list[0].copy_(tensor)
    return barrier(group, async_op)


def all_gather_into_tensor(
    output_tensor: Tensor, input_tensor: Tensor, group: Any = None, async_op: bool = False
) -> Any:
    """The one tensor into the other."""
    output_tensor.copy_(input_tensor.reshape(output_tensor.shape))
    return barrier(group, async_op)


def reduce_scatter_tensor(
    output: Tensor, input: Tensor, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Any:
    """The one tensor into the other."""
    output.copy_(input.reshape(output.shape))
    return barrier(group, async_op)


def gather(tensor: Tensor, gather_list: list[Tensor] | None = None, dst: int = 0, group: Any = None) -> None:
    """The one tensor into the list."""
    _needs_group()
    if gather_list is not None:
        gather_list[0].copy_(tensor)


def scatter(tensor: Tensor, scatter_list: list[Tensor] | None = None, src: int = 0, group: Any = None) -> None:
    """The one tensor of the list."""
    _needs_group()
    if scatter_list is not None:
        tensor.copy_(scatter_list[0])


def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """The one object into the list."""
    _needs_group()
    object_list[0] = obj


def broadcast_object_list(object_list: list[Any], src: int = 0, group: Any = None, device: Any = None) -> None:
    """The list stays what it is."""
    _needs_group()


def new_group(ranks: Any = None, **kwargs: Any) -> None:
    """The group of this process."""
    _needs_group()


__getattr__ = _lacking(__name__, "torch.distributed", {"nn": ".nn"})
