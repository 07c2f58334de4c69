"""Modules of torch's that are parts of another one here: `torch.nn.modules.linear` is `torch.nn`."""

import importlib
import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import Any

from . import _absent

# Each module, and those of torch's that it stands for; `*` stands for all below.
STANDS_FOR = {
    "nn": """nn.modules nn.factory_kwargs nn.modules.activation nn.modules.adaptive nn.modules.batchnorm
        nn.modules.channelshuffle nn.modules.container nn.modules.conv nn.modules.distance nn.modules.dropout
        nn.modules.flatten nn.modules.fold nn.modules.instancenorm nn.modules.lazy nn.modules.linear nn.modules.loss
        nn.modules.module nn.modules.normalization nn.modules.padding nn.modules.pixelshuffle nn.modules.pooling
        nn.modules.rnn nn.modules.sparse nn.modules.transformer nn.modules.upsampling""",
    "nn._tuples": "nn.modules.utils",
    "nn.parallel": "nn.parallel.distributed nn.parallel.data_parallel nn.parallel.scatter_gather",
    "nn.utils": "nn.utils.clip_grad nn.utils.convert_parameters nn.utils.init",
    "optim": """optim.optimizer optim.adam optim.adamw optim.sgd optim.rmsprop optim.adagrad optim.adadelta optim.adamax
        optim.nadam optim.radam optim.rprop optim.lbfgs optim.asgd""",
    "_annotations": "jit.annotations",
    "autograd": "autograd.function autograd.variable autograd.grad_mode autograd.anomaly_mode",
    "distributions": """distributions.bernoulli distributions.beta distributions.categorical distributions.dirichlet
        distributions.distribution distributions.exponential distributions.gamma distributions.independent
        distributions.laplace distributions.multivariate_normal distributions.normal distributions.one_hot_categorical
        distributions.transformed_distribution distributions.uniform""",
    "amp": "cuda.amp cuda.amp.* amp.autocast_mode amp.grad_scaler",
    "utils.data": "utils.data._utils",
    "utils.data.dataloader": "utils.data._utils.collate",
    "func": "_functorch functorch _vmap_internals",
    "fx": "fx.experimental fx.experimental.proxy_tensor",
    "_core": "_tensor",
    "_print": "_tensor_str",
    "cuda": "cuda.random",
    "profiler": "autograd.profiler",
    "_forward": "autograd.forward_ad",
    "_functional": "autograd.functional",
    "_graph": "autograd.graph",
    "_subclasses": "_subclasses.fake_tensor",
    "compiler": "_dynamo",
    "distributed": "distributed.distributed_c10d",
    "distributed.nn": "distributed.nn.functional",
}
PLACES = {part: whole for whole, parts in STANDS_FOR.items() for part in parts.split()}


def place(name: str) -> str | None:
    """The module that stands for one of torch's, both without `torch.`."""
    owner, _, last = name.rpartition(".")
    return PLACES.get(name) or (PLACES.get(f"{owner}.*") if last.islower() else None)


class _Loader(importlib.abc.Loader):
    def __init__(self, whole: str) -> None:
        self.whole = whole

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """A module that asks the other one for everything."""
        whole = importlib.import_module(self.whole)
        module: Any = ModuleType(spec.name)

        def find(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            if place(f"{spec.name}.{name}".partition(".")[2]):
                return importlib.import_module(f"{spec.name}.{name}")
            return getattr(whole, name)

        vars(module).update({key: value for key, value in vars(whole).items() if key[0] != "_"})  # for who lists them
        module.__getattr__, module.__dir__ = find, lambda: dir(whole)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


class Finder(importlib.abc.MetaPathFinder):
    """Finds those modules, and says of others that they are missing where Python would only say that it finds none."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        root, _, name = fullname.partition(".")
        if root != __package__ or not name:
            return None
        if (whole := place(name)) is not None and whole != name:
            return importlib.machinery.ModuleSpec(fullname, _Loader(f"{root}.{whole}"), is_package=True)
        owner, _, last = f"torch.{name}".rpartition(".")
        if last in _absent.known(owner):
            raise _absent.AbsentModule(_absent.absent(f"torch.{name}"))
        return None


sys.meta_path.append(Finder())
