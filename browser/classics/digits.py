"""Digits and clothes, drawn here: 28 × 28 grey pictures in the form of MNIST and FashionMNIST.

A digit is a few strokes, a garment the outline of one; each picture turns, leans, stretches, shifts and bends it a
little, and draws it with another pen. The same pictures each time.
"""

import math
from functools import cache

import numpy as np

SIDE = 28
Points = list[tuple[float, float]]


def _arc(x: float, y: float, across: float, up: float, start: float, end: float, count: int = 9) -> Points:
    """Points of an ellipse around (x, y); angles in degrees, 0 to the right, 90 downwards."""
    angles = [math.radians(start + (end - start) * n / (count - 1)) for n in range(count)]
    return [(x + across * math.cos(angle), y + up * math.sin(angle)) for angle in angles]


# In a square from 0 to 1, y downwards.
DIGITS: list[list[Points]] = [
    [_arc(0.5, 0.5, 0.27, 0.4, -90, 270, 17)],
    [[(0.36, 0.28), (0.54, 0.1), (0.52, 0.9)]],
    [[*_arc(0.5, 0.32, 0.24, 0.22, 190, 380), (0.26, 0.9), (0.78, 0.88)]],
    [[*_arc(0.46, 0.3, 0.24, 0.2, 200, 450), *_arc(0.46, 0.7, 0.27, 0.2, 270, 510)]],
    [[(0.58, 0.1), (0.22, 0.62), (0.8, 0.62)], [(0.62, 0.4), (0.6, 0.92)]],
    [[(0.74, 0.1), (0.34, 0.12), (0.3, 0.46), *_arc(0.48, 0.66, 0.26, 0.23, 230, 510)]],
    [[(0.66, 0.08), (0.4, 0.34), *_arc(0.5, 0.68, 0.24, 0.22, 190, 560, 13)]],
    [[(0.24, 0.14), (0.76, 0.12), (0.42, 0.92)]],
    [[*_arc(0.5, 0.3, 0.2, 0.19, 90, 450, 13), *_arc(0.5, 0.7, 0.25, 0.21, 270, 630, 13)]],
    [[*_arc(0.5, 0.32, 0.22, 0.22, 20, 380, 13), (0.7, 0.4), (0.62, 0.92)]],
]
# One half of an outline, from the top; the other mirrors it. Shoes are whole.
_TOP: Points = [(0.5, 0.16), (0.6, 0.12), (0.72, 0.16)]
HALVES: dict[int, Points] = {
    0: [*_TOP, (0.94, 0.32), (0.84, 0.44), (0.72, 0.36), (0.72, 0.88), (0.5, 0.88)],  # T-shirt
    1: [(0.5, 0.06), (0.68, 0.06), (0.7, 0.94), (0.57, 0.94), (0.52, 0.34), (0.5, 0.34)],  # trousers
    2: [*_TOP, (0.88, 0.3), (0.96, 0.8), (0.84, 0.82), (0.74, 0.46), (0.74, 0.86), (0.5, 0.86)],  # pullover
    3: [(0.5, 0.1), (0.6, 0.06), (0.62, 0.4), (0.76, 0.94), (0.5, 0.94)],  # dress
    4: [
        (0.5, 0.3),
        (0.58, 0.1),
        (0.76, 0.16),
        (0.9, 0.86),
        (0.8, 0.88),
        (0.76, 0.5),
        (0.78, 0.95),
        (0.52, 0.95),
    ],  # coat
    6: [
        (0.5, 0.26),
        (0.58, 0.1),
        (0.74, 0.18),
        (0.9, 0.52),
        (0.8, 0.56),
        (0.7, 0.38),
        (0.7, 0.92),
        (0.5, 0.92),
    ],  # shirt
    8: [(0.5, 0.16), (0.68, 0.2), (0.72, 0.42), (0.9, 0.42), (0.92, 0.86), (0.5, 0.86)],  # bag
}
SHOES: dict[int, Points] = {
    5: [
        (0.04, 0.62),
        (0.3, 0.5),
        (0.36, 0.58),
        (0.62, 0.4),
        (0.9, 0.3),
        (0.94, 0.7),
        (0.86, 0.7),
        (0.8, 0.5),
        (0.3, 0.72),
        (0.04, 0.72),
    ],
    7: [(0.04, 0.62), (0.3, 0.52), (0.5, 0.38), (0.72, 0.42), (0.94, 0.36), (0.96, 0.7), (0.04, 0.72)],
    9: [(0.1, 0.68), (0.36, 0.5), (0.44, 0.14), (0.86, 0.12), (0.9, 0.84), (0.7, 0.84), (0.66, 0.78), (0.1, 0.84)],
}


def _moved(points: np.ndarray, count: int, draw: np.random.Generator, much: float) -> np.ndarray:
    """Points `(P, 2)` as they lie in each of some pictures, in pixels: `(count, P, 2)`."""
    turn, lean = draw.normal(0, 0.1 * much, count), draw.normal(0, 0.15 * much, count)
    wide, high = draw.uniform(0.72, 0.95, count), draw.uniform(0.78, 0.98, count)
    x, y = (points[:, 0] - 0.5)[None] * wide[:, None], (points[:, 1] - 0.5)[None] * high[:, None]
    x = x + lean[:, None] * y + draw.normal(0, 0.012 * much, x.shape)
    y = y + draw.normal(0, 0.012 * much, y.shape)
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    shift = draw.uniform(-1.2, 1.2, (2, count, 1))
    return np.stack(
        [(cos * x - sin * y) * 24 + SIDE / 2 + shift[0], (sin * x + cos * y) * 24 + SIDE / 2 + shift[1]], -1
    )


def _pixels() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:SIDE, :SIDE].reshape(2, -1) + 0.5
    return x.astype(np.float32), y.astype(np.float32)


def _written(digit: int, count: int, draw: np.random.Generator) -> np.ndarray:
    """Pictures of a digit, `(count, 784)`, from 0 to 1."""
    x, y = _pixels()
    nearest = np.full((count, SIDE * SIDE), 99.0, np.float32)
    strokes = DIGITS[digit]
    moved = _moved(np.array([point for stroke in strokes for point in stroke]), count, draw, 1.0).astype(np.float32)
    start = 0
    for stroke in strokes:
        for at in range(start, start + len(stroke) - 1):
            (ax, ay), (bx, by) = moved[:, at].T[:, :, None], moved[:, at + 1].T[:, :, None]
            dx, dy = bx - ax, by - ay
            along = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy + 1e-6), 0, 1)
            np.minimum(nearest, (x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2, out=nearest)
        start += len(stroke)
    pen = draw.uniform(0.9, 1.7, (count, 1)).astype(np.float32)
    return np.clip(pen + 0.5 - np.sqrt(nearest), 0, 1)


def _sewn(garment: int, count: int, draw: np.random.Generator) -> np.ndarray:
    """Pictures of a garment, `(count, 784)`, from 0 to 1."""
    half = HALVES.get(garment)
    outline = SHOES[garment] if half is None else [*half, *((1 - x, y) for x, y in reversed(half))]
    moved = _moved(np.array(outline), count, draw, 0.35).astype(np.float32)
    x, y = _pixels()
    inside = np.zeros((count, SIDE * SIDE), bool)
    for at in range(len(outline)):
        (ax, ay), (bx, by) = moved[:, at - 1].T[:, :, None], moved[:, at].T[:, :, None]
        crosses = (ay > y) != (by > y)
        inside ^= crosses & (x < ax + (y - ay) * (bx - ax) / np.where(by == ay, 1, by - ay))
    cloth = draw.uniform(0.35, 0.95, (count, 1)) + draw.normal(0, 0.08, (count, SIDE * SIDE))
    return inside * np.clip(cloth, 0.05, 1).astype(np.float32)


@cache
def pictures(kind: str, train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Grey pictures `(N, 28, 28)` of bytes and what each shows, `(N,)`: 3,000 to train on, 600 to test.

    Args:
        kind: `digits` or `clothes`.
        train: Which of the two.
    """
    make = _written if kind == "digits" else _sewn
    draw = np.random.default_rng([kind == "digits", train])
    each = 300 if train else 60
    made = [make(which, each, draw) for which in range(10)]
    order = draw.permutation(10 * each)
    grey = (np.concatenate(made).reshape(-1, SIDE, SIDE) * 255).round().astype(np.uint8)
    return grey[order], np.repeat(np.arange(10), each)[order]
