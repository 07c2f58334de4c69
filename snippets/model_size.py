r"""The size of a decoder: parameters, FLOPs, activations, and days of training

Four hand calculations tell whether a figure such as "175B parameters, 300B tokens, 1,000 A100s" is plausible. They are
done here for a decoder of LLaMA's form, exactly where a count is exact, and by the usual rule where it is a rule.

$$
N = 2Vd + L\,(2d^2 + 2d\,d_{kv} + 3df + 2d) + d, \qquad \mathrm{FLOPs} \approx 6ND, \qquad
\mathrm{activations} = L\,sbd\,\Bigl(34 + 5\,\frac{as}{d}\Bigr)
$$

Papers: [LLaMA](https://arxiv.org/abs/2302.13971), table 2; [Scaling Laws for Neural Language
Models](https://arxiv.org/abs/2001.08361), section 2.1; [Reducing Activation Recomputation in Large Transformer
Models](https://arxiv.org/abs/2205.05198), section 4.

Letters: `L` layers, `d` width, `d_kv` width of all key heads, `f` width inside the MLP, `V` vocabulary, `D` tokens,
`B` or `b` batch, `T` or `s` sequence, `H` or `a` heads.
"""

from dataclasses import dataclass


# --8<-- [start:core]
@dataclass(frozen=True)
class Decoder:
    """A decoder with RMSNorm, a gated MLP, rotary positions and no biases, as LLaMA has.

    Attributes:
        layers: `L`.
        width: `d`.
        heads: Query heads; they share the width equally.
        hidden: `f`; LLaMA rounds 2/3 of `4 d` up.
        vocabulary: `V`.
        kv_heads: Key and value heads; None: as many as query heads.
        tied: Whether input and output embeddings are one matrix.

    Raises:
        ValueError: If a size is below 1 or one number of heads does not divide the other or the width.
    """

    layers: int
    width: int
    heads: int
    hidden: int
    vocabulary: int
    kv_heads: int | None = None
    tied: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        kv_heads = self.heads if self.kv_heads is None else self.kv_heads
        if min(self.layers, self.width, self.heads, self.hidden, self.vocabulary, kv_heads) < 1:
            raise ValueError(f"a size is below 1: {self}")
        if self.width % self.heads or self.heads % kv_heads:
            raise ValueError(f"width {self.width}, heads {self.heads} and kv_heads {kv_heads} do not divide")

    @property
    def kv_width(self) -> int:
        """`d_kv`: width of a key or a value, all heads together."""
        return self.width // self.heads * (self.heads if self.kv_heads is None else self.kv_heads)

    @property
    def matrices(self) -> int:
        """Parameters that multiply every token: the layers' matrices and the output embedding."""
        attention = 2 * self.width * self.width + 2 * self.width * self.kv_width  # query and output, key and value
        return self.layers * (attention + 3 * self.width * self.hidden) + self.vocabulary * self.width

    @property
    def parameters(self) -> int:
        """`N`: the matrices, two norms a layer, one at the end, and the input embedding unless it is the output's."""
        norms = (2 * self.layers + 1) * self.width
        return self.matrices + norms + (0 if self.tied else self.vocabulary * self.width)

    def forward_flops(self, batch: int, length: int) -> int:
        """Floating point operations of all matrix products in one pass: 2 for each weight and token, and attention.

        Scores and weighted sums take `2 T^2 d` each, with no discount for a causal mask.
        """
        return batch * (2 * length * self.matrices + self.layers * 4 * length * length * self.width)

    def cache_bytes(self, batch: int, length: int, itemsize: int = 2) -> int:
        """Keys and values of all layers."""
        return 2 * self.layers * batch * length * self.kv_width * itemsize


def training_flops(parameters: float, tokens: float, recompute: bool = False) -> float:
    """`6 N D`: 2 forward and 4 backward for each parameter and token; 2 more if activations are computed again."""
    return (8 if recompute else 6) * parameters * tokens


def training_days(flops: float, devices: int, peak: float, utilization: float) -> float:
    """Days on `devices` of `peak` FLOPs a second each, of which the share `utilization` (MFU) is reached.

    Raises:
        ValueError: If `devices` or `peak` is not above 0 or `utilization` is not in (0, 1].
    """
    if devices <= 0 or peak <= 0 or not 0 < utilization <= 1:
        raise ValueError(f"devices {devices} or peak {peak} is not above 0, or utilization {utilization} not in (0, 1]")
    return flops / (devices * peak * utilization) / 86_400


def activation_bytes(layers: int, width: int, heads: int, batch: int, length: int, flash: bool = False) -> int:
    """What the backward pass needs of a GPT block (4d MLP, GELU, dropout) in 2-byte floats with 1-byte masks.

    For each token and feature: attention keeps 11 bytes (its input, query, key, value, output, a mask), the MLP 19
    (input, before and after GELU, a mask) and the two norms 4. The `T x T` matrices take 5 bytes an entry (softmax,
    its mask, after dropout); `flash` leaves them out, as FlashAttention does.
    """
    linear = (11 + 19 + 4) * batch * length * width
    square = 0 if flash else 5 * batch * heads * length * length
    return layers * (linear + square)


# --8<-- [end:core]


def demo() -> None:
    """LLaMA's table, and the training time that Talk 000 asked for."""
    sizes = {"7B": (32, 4096, 32, 11008), "13B": (40, 5120, 40, 13824), "65B": (80, 8192, 64, 22016)}
    for name, size in sizes.items():
        print(f"LLaMA {name}: {Decoder(*size, vocabulary=32_000).parameters / 1e9:.1f}B parameters")
    days = training_days(training_flops(175e9, 300e9), devices=1000, peak=312e12, utilization=0.4)
    print(f"175B, 300B tokens, 1,000 A100s at 40 %: {days:.0f} days")


if __name__ == "__main__":
    demo()
