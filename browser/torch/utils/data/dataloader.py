"""Batches of a data set. There are no other processes: what workers would do is done here."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..._core import PUBLIC, Tensor
from ..._create import as_tensor, tensor
from ..._dtypes import float64
from ..._random import Generator
from .dataset import IterableDataset
from .sampler import BatchSampler, RandomSampler, SequentialSampler, random_seed

np_str_obj_array_pattern = re.compile("[SaUO]")  # of types that no tensor has, as it is called in torch


def default_collate(batch: list[Any]) -> Any:
    """Examples as one: tensors stacked, numbers as tensors, containers place by place."""
    first = batch[0]
    if isinstance(first, Tensor):
        return PUBLIC["stack"](batch, 0)  # which says which of them is none
    if isinstance(first, np.ndarray) and not np_str_obj_array_pattern.search(first.dtype.str):
        return default_collate([as_tensor(one) for one in batch])
    if isinstance(first, np.generic):
        return as_tensor(np.array(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        found = {key: default_collate([one[key] for one in batch]) for key in first}
        try:
            return type(first)(found)  # type: ignore[call-arg]
        except TypeError:
            return found
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(list(part)) for part in zip(*batch, strict=True)))
    if isinstance(first, tuple | list):
        if any(len(one) != len(first) for one in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        return [default_collate(list(part)) for part in zip(*batch, strict=True)]
    raise TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{first.dtype if isinstance(first, np.ndarray) else type(first)}"
    )


def default_convert(data: Any) -> Any:
    """Arrays as tensors, the rest as it is."""
    return as_tensor(data) if isinstance(data, np.ndarray | np.generic) else data


class _Endless:
    """The indices of an iterable data set: none."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


class DataLoader:
    """Gives a data set's examples in batches."""

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Any = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if num_workers < 0:
            raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError("prefetch_factor option could only be specified in multiprocessing.")
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        self.dataset, self.num_workers, self.generator, self.pin_memory = dataset, num_workers, generator, pin_memory
        self.iterable = isinstance(dataset, IterableDataset)
        if self.iterable and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError(
                "DataLoader with IterableDataset: expected unspecified shuffle, sampler and batch_sampler option"
            )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size, drop_last = None, False
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            ordered = _Endless if self.iterable else None
            sampler = ordered() if ordered else (
                RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
            )  # fmt: skip
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size, self.drop_last, self.sampler, self.batch_sampler = (
            batch_size,
            drop_last,
            sampler,
            batch_sampler,
        )
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn, self.worker_init_fn, self.timeout = collate_fn, worker_init_fn, timeout

    def __iter__(self) -> "_BaseDataLoaderIter":
        return _BaseDataLoaderIter(self)

    def __len__(self) -> int:
        if self.iterable:
            count = len(self.dataset)
            if self.batch_size is None:
                return count
            return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)


class _BaseDataLoaderIter:
    """One walk through a loader."""

    def __init__(self, loader: DataLoader) -> None:
        self.loader = loader
        self.indices = iter(loader.sampler if loader.batch_sampler is None else loader.batch_sampler)
        random_seed(loader.generator)  # torch draws one for its workers, whether there are any or not
        self.examples = iter(loader.dataset) if loader.iterable else None

    def __iter__(self) -> "_BaseDataLoaderIter":
        return self

    def __len__(self) -> int:
        return len(self.loader)

    def __next__(self) -> Any:
        chosen, loader = next(self.indices), self.loader
        if self.examples is not None:
            return loader.collate_fn(self._taken(chosen))
        if loader.batch_sampler is None:
            return loader.collate_fn(loader.dataset[chosen])
        if callable(getattr(loader.dataset, "__getitems__", None)):
            return loader.collate_fn(loader.dataset.__getitems__(chosen))
        return loader.collate_fn([loader.dataset[index] for index in chosen])

    def _taken(self, chosen: Any) -> Any:
        """The next example, or as many as a batch holds."""
        assert self.examples is not None
        if chosen is None:
            return next(self.examples)
        found = []
        for _ in chosen:
            try:
                found.append(next(self.examples))
            except StopIteration:
                break
        if not found or (self.loader.drop_last and len(found) < len(chosen)):
            raise StopIteration
        return found


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """There are no other processes, so none is made."""


def get_worker_info() -> None:
    """None: there are no workers."""
    return
