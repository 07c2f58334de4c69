"""Errors that are caught and shown, warnings, times, a profile of calls."""
import contextlib
import io
import time
import timeit
import traceback
import warnings

import torch

warnings.filterwarnings("ignore")
start = time.perf_counter()
a = torch.randn(64, 64)
for _ in range(3):
    a = torch.tanh(a @ a)
elapsed = time.perf_counter() - start
print(elapsed >= 0, timeit.timeit(lambda: a.sum(), number=3) >= 0)
for bad in (lambda: torch.cat([torch.ones(2), torch.ones(2, 2)]), lambda: torch.ones(2).view(3), lambda: torch.tensor([1, 2]).backward(),
            lambda: torch.nn.Linear(3, 2)(torch.ones(4)), lambda: torch.ones(3)[5], lambda: torch.nn.Embedding(3, 2)(torch.tensor([7]))):
    try:
        bad()
    except Exception as e:
        print(type(e).__name__, "|", str(e).splitlines()[0])
out = io.StringIO()
with contextlib.redirect_stdout(out):
    print("hidden")
try:
    1 / 0
except ZeroDivisionError:
    lines = traceback.format_exc().splitlines()
print(out.getvalue().strip(), lines[0], lines[-1])
assert a.shape == (64, 64), "shape"
