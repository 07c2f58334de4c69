"""`torch.save` and `torch.load`: zip files laid out as torch's, so that either torch reads what the other wrote.

Inside are `data.pkl`, the pickled value in which memories are persistent ids, and `data/0`, `data/1` …, their bytes.
"""

import io
import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from . import _utils
from ._absent import lacking as _lacking
from ._core import PUBLIC, Tensor
from ._dtypes import chosen_device, dtype

HARMLESS = {("collections", "OrderedDict"), ("collections", "defaultdict"), ("collections", "Counter"),
            ("builtins", "set"), ("builtins", "frozenset"), ("builtins", "complex"), ("builtins", "dict"),
            ("_codecs", "encode"), ("__builtin__", "set")}  # fmt: skip
_safe: set[Any] = set()
DEFAULT_PROTOCOL = 2


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let `load` make objects of these classes and functions."""
    _safe.update((one.__module__, one.__qualname__) for one in safe_globals)


class _Pickler(pickle.Pickler):
    """Tensors by their memory and how they lie in it."""

    def __init__(self, file: Any, protocol: int) -> None:
        super().__init__(file, protocol)
        self.storages: dict[int, tuple[str, _utils.Storage]] = {}

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, _utils.Storage):
            return None
        key, storage = self.storages.setdefault(id(obj.memory), (str(len(self.storages)), obj))
        return ("storage", type(storage), key, "cpu", storage.memory.size)

    def reducer_override(self, obj: Any) -> Any:
        if not isinstance(obj, Tensor):
            return NotImplemented
        data = obj._data
        base = data
        while isinstance(base.base, np.ndarray) and base.base.dtype == data.dtype:
            base = base.base
        if not (base.flags.c_contiguous and 0 not in data.strides and min(data.strides, default=1) > 0):
            data = base = np.ascontiguousarray(data)
        storage = _utils.STORAGES[obj.dtype](self._flat(base))
        width = data.itemsize
        offset = (data.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // width
        shape = (offset, tuple(data.shape), tuple(step // width for step in data.strides))
        if isinstance(obj, PUBLIC["Parameter"]):
            plain = (_utils._rebuild_tensor_v2, (storage, *shape, False, OrderedDict()))
            return _utils._rebuild_parameter, (_Plain(plain), obj._wants, OrderedDict())
        return _utils._rebuild_tensor_v2, (storage, *shape, obj._wants, OrderedDict())

    def _flat(self, base: np.ndarray) -> np.ndarray:
        """The memory as one row: the same object for the same memory."""
        for _, storage in self.storages.values():
            if storage.memory.base is base or storage.memory is base:
                return storage.memory
        return base.reshape(-1)


class _Plain:
    """A tensor on its way into a file, already reduced."""

    def __init__(self, reduced: Any) -> None:
        self.reduced = reduced

    def __reduce__(self) -> Any:
        return self.reduced


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: zipfile.ZipFile, folder: str, weights_only: bool) -> None:
        super().__init__(io.BytesIO(file.read(f"{folder}/data.pkl")), encoding="utf-8")
        self.zip, self.folder, self.weights_only = file, folder, weights_only
        self.storages: dict[str, _utils.Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" or module.startswith("torch."):
            module = f"{__package__}{module.removeprefix('torch')}"
        if self.weights_only and not self._harmless(module, name):
            raise pickle.UnpicklingError(
                "Weights only load failed. In PyTorch 2.6, we changed the default value of the `weights_only` argument "
                f"in `torch.load` from `False` to `True`. Unsupported global: GLOBAL {module}.{name} was not an "
                f"allowed "
                "global by default. Re-running `torch.load` with `weights_only` set to `False` will likely succeed, "
                "but "
                "it can result in arbitrary code execution. Do it only if you got the file from a trusted source."
            )
        return super().find_class(module, name)

    def _harmless(self, module: str, name: str) -> bool:
        if (module, name) in HARMLESS | _safe or module in (f"{__package__}._utils", f"{__package__}._dtypes"):
            return True
        own = getattr(sys.modules[__package__], name, None)
        return module == __package__ and (
            isinstance(own, dtype) or name in ("Size", "device") or name.endswith("Storage") or name == "bool"
        )

    def persistent_load(self, pid: Any) -> Any:
        _, kind, key, *_ = pid
        if key not in self.storages:
            self.storages[key] = kind.of_bytes(self.zip.read(f"{self.folder}/data/{key}"))
        return self.storages[key]


def save(
    obj: Any, f: Any, pickle_module: Any = None, pickle_protocol: int = 2, _use_new_zipfile_serialization: bool = True
) -> None:
    """Write a value with tensors in it to a file, by path or open."""
    pickled = io.BytesIO()
    pickler = _Pickler(pickled, pickle_protocol)
    pickler.dump(obj)
    if isinstance(f, str | os.PathLike):
        with Path(f).open("wb") as file:
            _write(file, pickled.getvalue(), pickler)
    else:
        _write(f, pickled.getvalue(), pickler)


def _write(file: Any, pickled: bytes, pickler: _Pickler) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in (("data.pkl", pickled), ("byteorder", b"little"), ("version", b"3\n")):
            archive.writestr(zipfile.ZipInfo(f"archive/{name}"), content)
        for key, storage in pickler.storages.values():
            archive.writestr(zipfile.ZipInfo(f"archive/data/{key}"), storage.to_bytes())
    file.write(buffer.getvalue())


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read what `save` wrote.

    Raises:
        pickle.UnpicklingError: It holds more than tensors and plain values, and `weights_only` is not False.
        AssertionError: `map_location` names a GPU.
    """
    if map_location is not None and not callable(map_location) and not isinstance(map_location, dict):
        chosen_device(map_location)
    if isinstance(f, str | os.PathLike):
        return load(io.BytesIO(Path(f).read_bytes()), weights_only=weights_only)
    with zipfile.ZipFile(io.BytesIO(f.read())) as archive:
        folder = archive.namelist()[0].split("/")[0]
        return _Unpickler(archive, folder, weights_only is not False).load()


__getattr__ = _lacking(__name__, "torch.serialization")
