"""Coroutines, generators and iterators beside tensors."""
import asyncio
import itertools

import torch


async def score(i):
    await asyncio.sleep(0)
    return torch.tensor(float(i)).square().item()


async def main():
    return await asyncio.gather(*(score(i) for i in range(4)))


def batches(data, size):
    for i in range(0, len(data), size):
        yield data[i : i + size]


def forever(loader):
    while True:
        yield from loader


print(await main())
print(await score(5))
print([b.tolist() for b in batches(torch.arange(7), 3)])
print([b.sum().item() for b in itertools.islice(forever(list(batches(torch.arange(4), 2))), 5)])
stream = (t for t in torch.ones(3, 2).cumsum(0))
print(next(stream), *[len(t) for t in stream])
