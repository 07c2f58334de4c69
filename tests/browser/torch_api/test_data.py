"""Data sets, samplers and loaders give torch's batches; files go from one torch to the other."""

import io
import pickle
from collections import namedtuple

import numpy as np
import pytest
import torch

from tests.browser.torch_api.pair import assert_same, outcome, plain, shim
from tests.browser.torch_api.test_modules import same

LOADERS = {
    "in order": lambda D, s: D.DataLoader(s, 3),
    "shuffled": lambda D, s: D.DataLoader(s, batch_size=4, shuffle=True, drop_last=True),
    "without batches": lambda D, s: D.DataLoader(s, batch_size=None),
    "replacement": lambda D, s: D.DataLoader(s, 4, sampler=D.RandomSampler(s, True, 70)),
    "more than there are": lambda D, s: D.DataLoader(s, 4, sampler=D.RandomSampler(s, num_samples=25)),
    "weighted": lambda D, s: D.DataLoader(s, 4, sampler=D.WeightedRandomSampler([0.1] * 5 + [0.9] * 5, 9)),
    "subset": lambda D, s: D.DataLoader(D.Subset(s, [1, 3, 5, 7]), 3, sampler=D.SubsetRandomSampler([0, 2, 3])),
    "own batches": lambda D, s: D.DataLoader(s, batch_sampler=D.BatchSampler(D.SequentialSampler(s), 4, False)),
    "joined": lambda D, s: D.DataLoader(D.ConcatDataset([s, s]), 7, shuffle=True),
    "added": lambda D, s: D.DataLoader(s + s, 7),
    "stacked": lambda D, s: D.DataLoader(D.StackDataset(a=s, b=s), 5),
    "collated": lambda D, s: D.DataLoader(s, 5, collate_fn=lambda rows: [len(rows), rows[0]]),
}


def made(t):
    return t.utils.data.TensorDataset(t.arange(10.0).reshape(10, 1), t.arange(10))


@pytest.mark.parametrize("name", LOADERS)
def test_loaders(name):
    def run(t):
        loader = LOADERS[name](t.utils.data, made(t))

        def batches():
            return [list(one.values() if isinstance(one, dict) else one) for one in loader]

        return batches(), batches(), len(loader), t.rand(1)

    results = same(run)
    assert not isinstance(results, Exception)


def test_generators_and_splits():
    def run(t):
        source = t.Generator().manual_seed(5)
        data = t.utils.data
        loader = data.DataLoader(made(t), 4, shuffle=True, generator=source)
        parts = (
            data.random_split(made(t), [0.65, 0.35]),
            data.random_split(range(6), [2, 4], t.Generator().manual_seed(1)),
        )
        return (
            [list(batch) for batch in loader],
            [[len(one), list(one.indices)] for part in parts for one in part],
            t.rand(1),
        )

    assert not isinstance(same(run), Exception)


def test_iterable_data_sets():
    def run(t):
        class Numbers(t.utils.data.IterableDataset):
            def __iter__(self):
                yield from range(7)

        loader = t.utils.data.DataLoader(Numbers(), 3)
        chained = t.utils.data.ChainDataset([Numbers(), Numbers()])
        return list(loader), list(t.utils.data.DataLoader(Numbers(), 3, drop_last=True)), list(chained)

    assert not isinstance(same(run), Exception)


Row = namedtuple("Row", ["x", "y"])


BATCHES = {
    "integers": [1, 2],
    "floats": [1.5, 2.5],
    "texts": ["a", "b"],
    "NumPy's numbers": [np.float32(1), np.float32(2)],
    "arrays": [np.ones(2), np.zeros(2)],
    "dicts": [{"a": 1, "b": [2]}] * 2,
    "tuples": [(1, 2.5), (3, 4.5)],
    "named tuples": [Row(1, 2), Row(3, 4)],
    "lists of other lengths": [[1], [1, 2]],
    "objects": [object()] * 2,
    "words in arrays": [np.array(["a"]), np.array(["b"])],
    "a number and a word": [1, "a"],
    "a number and nothing": [1, None],
}


@pytest.mark.parametrize("rows", BATCHES.values(), ids=BATCHES)
def test_what_a_batch_is_made_of(rows):
    ours, theirs = (outcome(t.utils.data.default_collate, rows) for t in (shim, torch))
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs)
    else:
        as_lists = [list(one.values()) if isinstance(one, dict) else one for one in (ours, theirs)]
        assert_same(*as_lists)


def value(t):
    """What programs save."""
    t.manual_seed(0)
    net = t.nn.Sequential(t.nn.Linear(2, 3), t.nn.BatchNorm1d(3))
    optimizer = t.optim.Adam(net.parameters())
    net(t.randn(4, 2)).sum().backward()
    optimizer.step()
    whole = t.arange(12.0).reshape(3, 4)
    return {
        "model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "names": ["a", ("b", 1.5)],
        "view": whole[1:, ::2],
        "whole": whole, "half": t.ones(2, dtype=t.bfloat16), "mask": t.ones(2) > 0,
        "parameter": t.nn.Parameter(t.ones(2)),
        "complex": t.view_as_complex(t.ones(2, 2)), "empty": t.empty(0), "scalar": t.tensor(3), "type": t.float32,
        "size": t.ones(2, 3).shape,
    }  # fmt: skip


def text(found):
    """A value without its tensors' module."""
    if isinstance(found, dict):
        return {key: text(one) for key, one in found.items()}
    if isinstance(found, list | tuple):
        return [text(one) for one in found]
    return [str(one) for one in found_parts] if isinstance(found_parts := plain(found), tuple) else str(found)


def test_files_go_from_torch_to_the_browser_and_back():
    written = io.BytesIO()
    torch.save(value(torch), written)
    written.seek(0)
    assert text(shim.load(written)) == text(value(torch))
    ours = io.BytesIO()
    shim.save(value(shim), ours)
    renamed = io.BytesIO(_renamed(ours.getvalue()))
    assert text(torch.load(renamed)) == text(value(shim))


def _renamed(content):
    """The file as the page writes it, where the browser's torch is called torch."""
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(b"cbrowser_torch", b"ctorch") if name.endswith("data.pkl") else data)
    return out.getvalue()


def test_memory_that_is_shared_is_shared_when_loaded():
    file = io.BytesIO()
    whole = shim.arange(6.0)
    shim.save([whole, whole[2:4], whole], file)
    file.seek(0)
    first, part, again = shim.load(file)
    part[0] = 9
    assert first[2] == 9 and again[2] == 9


def test_modules_and_paths(tmp_path):
    path = tmp_path / "net.pt"
    net = shim.nn.Sequential(shim.nn.Linear(2, 2), shim.nn.ReLU(), shim.nn.Conv2d(1, 1, 1), shim.nn.LSTM(2, 2))
    shim.save(net, path)
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        shim.load(path)
    loaded = shim.load(str(path), weights_only=False, map_location="cpu")
    assert shim.equal(loaded[0].weight, net[0].weight) and repr(loaded) == repr(net)
    with pytest.raises(AssertionError, match="CUDA"):
        shim.load(path, map_location="cuda")


def test_code_in_a_file_is_not_run():
    class Evil:
        def __reduce__(self):
            return print, ("run",)

    file = io.BytesIO()
    shim.save({"a": Evil()}, file)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError):
        shim.load(file)
