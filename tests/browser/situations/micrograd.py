"""Scalars that know their gradients; no torch until the check at the end."""
import math
import random

import torch


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad, self._backward, self._prev, self._op = data, 0.0, lambda: None, set(_children), _op

    def __repr__(self):
        return f"Value(data={self.data:.4f}, grad={self.grad:.4f})"

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,), "tanh")

        def _backward():
            self.grad += (1 - t**2) * out.grad

        out._backward = _backward
        return out

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for node in reversed(topo):
            node._backward()

    __radd__, __rmul__ = __add__, __mul__
    __neg__ = lambda self: self * -1
    __sub__ = lambda self, other: self + (-other)


class Neuron:
    def __init__(self, nin):
        self.w, self.b = [Value(random.uniform(-1, 1)) for _ in range(nin)], Value(0)

    def __call__(self, x):
        return sum((wi * xi for wi, xi in zip(self.w, x)), self.b).tanh()


random.seed(1337)
layer = [Neuron(2) for _ in range(3)]
last = Neuron(3)
xs, ys = [[2.0, 3.0], [-1.0, 0.5], [0.5, 1.0]], [1.0, -1.0, 1.0]
for k in range(20):
    out = [last([n(x) for n in layer]) for x in xs]
    loss = sum((o - y) * (o - y) for o, y in zip(out, ys))
    params = [p for n in (*layer, last) for p in (*n.w, n.b)]
    for p in params:
        p.grad = 0.0
    loss.backward()
    for p in params:
        p.data += -0.1 * p.grad
    if k % 5 == 0:
        print(k, loss)

a, b = torch.tensor([-4.0]).double(), torch.tensor([2.0]).double()
a.requires_grad = True
b.requires_grad = True
c = a + b
d = a * b + b**3
c = c + c + 1
e = (c - d).relu()
f = e**2 / 2.0 + 10.0 / (e + 1)
f.backward()
print(f.data.item(), a.grad.item(), b.grad.item())
