"""What a codebase with types imports: protocols, enums, named tuples, overloads, cached properties, abstract classes."""
import abc
import copy
import enum
import functools
import itertools
from collections import Counter, OrderedDict, deque, namedtuple
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from typing import Callable, ClassVar, Generic, Iterator, Literal, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")


class Norm(str, enum.Enum):
    LAYER = "layer"
    RMS = "rms"


class Output(NamedTuple):
    logits: Tensor
    loss: Tensor | None = None


class HasForward(Protocol):
    def forward(self, x: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class ModelArgs:
    dim: int = 8
    norm: Norm = Norm.LAYER
    act: Literal["relu", "silu"] = "silu"
    sizes: list[int] = field(default_factory=lambda: [1, 2])
    registry: ClassVar[dict] = {}


class Base(nn.Module, abc.ABC):
    @abc.abstractmethod
    def step(self, x: Tensor) -> Output: ...

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    @functools.cached_property
    def count(self) -> int:
        return sum(p.numel() for p in self.parameters())


class Model(Base):
    def __init__(self, args: ModelArgs):
        super().__init__()
        self.args = args
        norm = {Norm.LAYER: nn.LayerNorm, Norm.RMS: nn.RMSNorm}[args.norm]
        self.net = nn.Sequential(OrderedDict(norm=norm(args.dim), act=getattr(nn, {"silu": "SiLU", "relu": "ReLU"}[args.act])()))
        self.head = nn.Linear(args.dim, 2)

    def step(self, x: Tensor) -> Output:
        logits = self.head(self.net(x))
        return Output(logits=logits, loss=logits.logsumexp(-1).mean())


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    was, _ = model.training, model.eval()
    try:
        yield model
    finally:
        model.train(was)


torch.manual_seed(0)
args = replace(ModelArgs(), norm=Norm.RMS)
model = Model(args)
print(asdict(args), args.norm.value, model.device, model.count)
with evaluating(model), nullcontext():
    out = model.step(torch.ones(3, 8))
    print(model.training, out._fields, f"{out.loss:.4f}")
print(model)
match out:
    case Output(logits=logits, loss=None):
        print("no loss")
    case Output(logits=logits):
        print(logits.shape)
print(Counter(type(m).__name__ for m in model.modules()).most_common(2), list(itertools.pairwise([1, 2, 3])))
twin = copy.deepcopy(model)
twin.load_state_dict(model.state_dict(), strict=True)
print(all(torch.equal(a, b) for a, b in zip(model.parameters(), twin.parameters())), isinstance(model, Base))
