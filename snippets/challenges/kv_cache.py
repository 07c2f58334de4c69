"""滑动窗口注意力只看最近 `window` 个 token，缓存却还在一直变长。让它占的显存不随长度增长：`keys`、
`values` 最多 `window` 个位置，而每一步的输出不变。（位置已经转进 key 里，所以存放的次序无所谓。）

Attention with a sliding window looks at the last `window` tokens, and yet the cache keeps growing. Make its memory
independent of the length: at most `window` positions in `keys` and `values`, and the same output at every step.
(Positions are already turned into the keys, so the order of storage does not matter.)
"""

# --8<-- [start:task]
import torch


class WindowCache:
    """Keys and values `(H, S, D)` of one layer; a token at a time."""

    def __init__(self, heads, head_dim, window):
        self.window = window
        self.keys, self.values = torch.zeros(heads, 0, head_dim), torch.zeros(heads, 0, head_dim)

    def step(self, query, key, value):
        """A new token's query, key and value, `(H, 1, D)`, to its output `(H, 1, D)`."""
        self.keys = torch.cat([self.keys, key], dim=1)
        self.values = torch.cat([self.values, value], dim=1)
        keys, values = self.keys[:, -self.window :], self.values[:, -self.window :]
        return (query @ keys.transpose(1, 2) / query.shape[-1] ** 0.5).softmax(dim=-1) @ values


cache = WindowCache(heads=2, head_dim=4, window=3)
for _ in range(10):
    cache.step(*torch.randn(3, 2, 1, 4))
print("positions stored:", cache.keys.shape[1])
# --8<-- [end:task]

# --8<-- [start:answer]
import torch


class WindowCache:
    """Keys and values of one layer in a ring: the new token takes the place of the oldest."""

    def __init__(self, heads, head_dim, window):
        self.window, self.length = window, 0
        self.keys, self.values = torch.zeros(heads, window, head_dim), torch.zeros(heads, window, head_dim)

    def step(self, query, key, value):
        """A new token's query, key and value, `(H, 1, D)`, to its output `(H, 1, D)`."""
        at = self.length % self.window
        self.keys[:, at : at + 1], self.values[:, at : at + 1] = key, value
        self.length += 1
        held = min(self.length, self.window)
        keys, values = self.keys[:, :held], self.values[:, :held]
        return (query @ keys.transpose(1, 2) / query.shape[-1] ** 0.5).softmax(dim=-1) @ values


# --8<-- [end:answer]

# --8<-- [start:check]
torch.manual_seed(1)
for window in (1, 4):
    cache = WindowCache(2, 8, window)
    q, k, v = torch.randn(3, 2, 11, 8)
    for t in range(11):
        out = cache.step(q[:, t : t + 1], k[:, t : t + 1], v[:, t : t + 1])
        size = cache.keys.shape[1]
        assert size <= window and cache.values.shape[1] <= window, (
            f"窗口 {window}，第 {t + 1} 步之后还存着 {size} 个位置 ‖ "
            f"window {window}: after step {t + 1} there are still {size} positions in the cache"
        )
        seen = slice(max(0, t + 1 - window), t + 1)
        right = (q[:, t : t + 1] @ k[:, seen].transpose(1, 2) / 8**0.5).softmax(dim=-1) @ v[:, seen]
        assert torch.allclose(out, right, atol=1e-5), (
            f"窗口 {window}，第 {t + 1} 步的输出变了：应当恰好看到最近 {window} 个（含自己），没写过的空位不能参与 ‖ "
            f"window {window}, step {t + 1}: the output changed; it should see exactly the last "
            f"{window} with itself, no empty slots"
        )
# --8<-- [end:check]
