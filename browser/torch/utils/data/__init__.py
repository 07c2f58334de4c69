"""`torch.utils.data`: data sets, samplers and loaders."""
# ruff: noqa: F401 - what is imported here is public

from ..._absent import lacking as _lacking
from . import dataloader, dataset, sampler
from .dataloader import DataLoader, default_collate, default_convert, get_worker_info
from .dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from .sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

_PLACES = {"distributed": ".distributed", "DistributedSampler": ".distributed"}

__getattr__ = _lacking(__name__, "torch.utils.data", _PLACES)
