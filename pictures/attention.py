"""Attention."""

import torch

from browser.plot import lines
from pictures.canvas import Canvas
from snippets.attention_mask import causal_mask, padding_mask, prefix_mask, sliding_window_mask
from snippets.attention_scaling import attention_scores, saturation
from snippets.gated_delta import gated_delta_chunked
from snippets.kv_cache import cache_bytes
from snippets.moe_routing import route


def self_attention() -> str:
    picture = Canvas(
        372,
        "多头自注意力的数据流：X 乘三个矩阵得到 Q、K、V，各切成 H 个头；每个头里 Q 与 K 的点积除以根号 D，"
        "掩码，softmax 得到权重，权重乘 V；H 个头的结果并排拼回宽度 C，再乘输出矩阵 W_O",
    )
    picture.box(104, 4, 120, 26, "输入 X：T × C")
    for x, name in ((16, "Q"), (120, "K"), (224, "V")):
        picture.arrow((164, 30), (x + 44, 56))
        picture.box(x, 56, 88, 38, f"{name} = X W_{name}\n切成 H 个头", shade=0.08)
    for x, y, width, height, text in (
        (30, 120, 160, 40, "分数 Q Kᵀ / √D\n每个头 T × T"),
        (30, 184, 160, 40, "掩码，逐行 softmax\n权重，每行和为 1"),
        (72, 252, 184, 30, "权重 × V，每个头 T × D"),
    ):
        picture.box(x, y, width, height, text, shade=0.08 * (x == 72))
        for z in (4, 8):  # the heads behind
            right = x + width + z
            picture.line(
                [
                    (x + z, y - z + 4),
                    (x + z, y - z),
                    (right, y - z),
                    (right, y + height - z),
                    (right - 4, y + height - z),
                ]
            )
    picture.arrow((60, 94), (96, 112))
    picture.arrow((164, 94), (128, 112))
    picture.arrow((110, 160), (110, 176))
    picture.arrow((110, 224), (140, 244))
    picture.arrow((268, 94), (268, 190), (220, 244))
    picture.arrow((164, 282), (164, 300))
    picture.box(72, 300, 184, 26, "H 个头并排拼成 T × C")
    picture.arrow((164, 326), (164, 342))
    picture.box(72, 342, 184, 26, "乘 W_O，输出 T × C", shade=0.08)
    return picture.done()


def latent_attention() -> str:
    picture = Canvas(
        318,
        "上半：一个 token 的隐藏状态压成一个 512 维的潜向量，另有一个 64 维带位置的 key，全部头共用，只有这两样进缓存；"
        "每个头由潜向量各自展开出 key 和 value。下半：每个 token 每层缓存的数，MHA 三万多，GQA 两千，MLA 576",
    )
    picture.box(6, 8, 66, 44, "x_t\nC 维")
    picture.arrow((72, 22), (104, 22))
    picture.arrow((72, 40), (88, 40), (88, 84), (104, 84))
    picture.box(104, 8, 92, 34, "c_t：R = 512", shade=0.25)
    picture.box(104, 68, 92, 34, "带位置的 k：64", shade=0.25)
    picture.text(150, 60, "缓存", size=11)
    for at, y in enumerate((4, 50, 96)):
        picture.arrow((196, 25), (236, y + 16))
        picture.box(236, y, 86, 32, f"第 {at + 1} 个头\nk、v" if at < 2 else "… 共 128 个头")
    picture.arrow((196, 85), (236, 72), dashed=True)
    picture.text(8, 168, "每个 token、每层缓存的数（128 个头，每头 128 维）", "start", size=11)
    for at, (name, numbers) in enumerate((("MHA", 32768), ("GQA，8 组", 2048), ("MLA", 576))):
        y = 182 + 44 * at
        picture.text(70, y + 18, name, "end")
        picture.box(78, y, max(1.0, 180 * numbers / 32768), 26, shade=0.25)
        picture.text(84 + 180 * numbers / 32768, y + 18, f"{numbers:,}", "start", size=11)
    return picture.done()


def attention_mask() -> str:
    length = 6
    prefix = prefix_mask(torch.tensor([3]), length)[0]
    padded = causal_mask(length) & padding_mask(torch.tensor([4]), length, side="left")[:, None, :][0]
    kinds = [
        ("因果", causal_mask(length)),
        ("前缀 LM（前缀 3）", prefix),
        ("滑动窗口（窗口 3）", sliding_window_mask(length, 3)),
        ("因果加左填充（填充 2）", padded),
    ]
    picture = Canvas(
        318,
        "四种注意力掩码，行是 query，列是 key，实心格表示看得到："
        "因果是下三角；前缀之内互相可见；滑动窗口是一条带；左填充的两列全空",
    )
    for at, (name, mask) in enumerate(kinds):
        x, y = 24 + 164 * (at % 2), 22 + 158 * (at // 2)
        picture.text(x + 57, y - 6, name)
        picture.grid(x, y, 19, (mask.float() * 0.6).tolist())
    picture.text(164, 312, "行：query，从上到下；列：key，从左到右；实心：看得到", size=11)
    return picture.done()


def attention_scaling() -> str:
    torch.manual_seed(0)
    widths = [4, 8, 16, 32, 64, 128, 256]
    peaks: dict[str, list[float]] = {"不缩放": [], "除以 √d": []}
    for width in widths:
        query, key = torch.randn(512, width).double(), torch.randn(64, width).double()
        for name, scale in (("不缩放", 1.0), ("除以 √d", None)):
            _, largest, _ = saturation(attention_scores(query, key, scale))
            peaks[name].append(float(largest))
    return lines(
        peaks,
        x=widths,
        title="64 个 key 里最大的权重",
        xlabel="头宽 d",
        ylabel="平均最大权重",
        alt="横轴是头宽：不缩放时最大的注意力权重随头宽升向 1，softmax 饱和；除以根号 d 后基本不变",
    ).svg


def grouped_query_attention() -> str:
    picture = Canvas(
        258, "八个 query 头各用哪个 key 与 value 头：MHA 每个 query 头一组，GQA 每四个共用一组，MQA 八个共用一组"
    )
    for row, (name, groups) in enumerate((("MHA：8 组 K、V", 8), ("GQA：2 组 K、V", 2), ("MQA：1 组 K、V", 1))):
        top = 18 + 84 * row
        picture.text(4, top - 4, name, "start", bold=True)
        for head in range(8):
            x = 10 + 40 * head
            picture.box(x, top + 4, 28, 20, f"Q{head}")
            per = 8 // groups
            middle = 24 + 40 * (head // per * per + (per - 1) / 2)
            picture.line([(x + 14, top + 24), (middle, top + 44)])
        for group in range(groups):
            middle = 24 + 40 * (group * per + (per - 1) / 2)
            picture.box(middle - 14, top + 44, 28, 20, "KV", shade=0.18)
    return picture.done()


def kv_cache() -> str:
    lengths = [1024 * step for step in range(0, 33, 4)]

    def gib(kv_heads: int) -> list[float]:
        return [cache_bytes(80, kv_heads, 128, length) / 2**30 for length in lengths]

    return lines(
        {"64 个 KV 头（MHA）": gib(64), "8 个（GQA）": gib(8), "1 个（MQA）": gib(1)},
        x=[length // 1024 for length in lengths],
        title="Llama 2 70B 的形状，一条序列，16 位",
        xlabel="上下文，K token",
        ylabel="KV cache，GiB",
        alt="KV cache 随上下文线性增长：32K token 时 64 个 KV 头要 80 GiB，8 个要 10 GiB，1 个要 1.25 GiB",
    ).svg


def flash_attention() -> str:
    picture = Canvas(
        268,
        "分数矩阵按块计算：外层是 query 块，内层是 key 块；"
        "因果时右上角的块整个跳过；每步只留一块分数与每行的最大值、和、输出",
    )
    for key in range(4):
        picture.box(78 + 44 * key, 24, 42, 22, f"K、V {key}", shade=0.08)
    order = 0
    for query in range(4):
        picture.box(24, 52 + 40 * query, 42, 36, f"Q {query}", shade=0.08)
        for key in range(4):
            order += key <= query
            label = str(order) if key <= query else "跳过"
            picture.box(
                78 + 44 * key, 52 + 40 * query, 42, 36, label, shade=0.2 if key <= query else 0, dashed=key > query
            )
        picture.arrow((256, 70 + 40 * query), (272, 70 + 40 * query))
        picture.text(278, 74 + 40 * query, f"O {query}", "start")
    picture.text(164, 16, "整个 T × T 从不存下来，数字是计算的次序")
    picture.text(164, 238, "每个 Q 块只带着三样走：行最大值 m、和 l、输出 O")
    picture.text(164, 258, "m 变大时，旧的 l 与 O 乘 exp(m旧 − m新)")
    return picture.done()


def moe_routing() -> str:
    torch.manual_seed(0)
    logits = torch.randn(6, 8)
    weights, chosen = route(logits, 2)
    picture = Canvas(
        246, "六个 token 各选八个专家中的两个：格子里是门控权重，每行两个数，和为 1；各专家分到的 token 数不均匀"
    )
    for expert in range(8):
        picture.text(78 + 32 * expert, 20, f"E{expert}")
    for token in range(6):
        picture.text(56, 45 + 30 * token, f"token {token}", "end")
        for expert in range(8):
            share = sum(float(w) for w, e in zip(weights[token], chosen[token], strict=True) if int(e) == expert)
            picture.box(62 + 32 * expert, 26 + 30 * token, 32, 30, f"{share:.2f}" if share else "", shade=0.3 * share)
    picture.text(56, 226, "负载", "end")
    for expert in range(8):
        picture.text(78 + 32 * expert, 226, str(int((chosen == expert).sum())))
    return picture.done()


def retro_chunks() -> str:
    picture = Canvas(
        222,
        "三块、每块四个 token 的序列：第 0 块的邻居从它的最后一个 token 起才看得到，"
        "用到第 1 块的倒数第二个为止，往后各块依次类推",
    )
    for token in range(12):
        x = 8 + 26 * token
        picture.box(x, 40, 26, 26, str(token))
        chunk = (token - 3) // 4
        picture.box(x, 84, 26, 26, "—" if chunk < 0 else f"邻{chunk}", shade=0.14 * (chunk + 1))
    for chunk in range(3):
        x = 8 + 104 * chunk
        picture.line([(x + 2, 36), (x + 2, 30), (x + 102, 30), (x + 102, 36)])
        picture.text(x + 52, 24, f"第 {chunk} 块")
        picture.arrow((x + 91, 66), (x + 91, 84))
        picture.box(x + 10, 146, 84, 40, f"第 {chunk} 块的邻居\n与其后一块", shade=0.14 * (chunk + 1))
    picture.arrow((60, 146), (125, 112))
    picture.arrow((164, 146), (229, 112))
    picture.arrow((268, 146), (307, 112))
    picture.text(164, 212, "上排：token；下排：它看哪一块的邻居（— 不看）", size=11)
    return picture.done()


def long_context() -> str:
    length = 12
    distance = torch.arange(length)[:, None] - torch.arange(length)
    sparse = causal_mask(length) & ((distance < 3) | ((distance < 7) & (distance % 2 == 0)) | (distance % 4 == 0))
    picture = Canvas(
        166,
        "三种注意力看得到的位置：全部历史要算 78 格；只看最近三个的滑动窗口 33 格；近处全看、越远越稀的扩张 51 格",
    )
    for at, (name, mask) in enumerate(
        (("全注意力", causal_mask(length)), ("滑动窗口", sliding_window_mask(length, 3)), ("扩张（示意）", sparse))
    ):
        picture.text(54 + 110 * at, 14, name)
        picture.grid(6 + 110 * at, 22, 8, (mask.float() * 0.6).tolist())
        picture.text(54 + 110 * at, 136, f"{int(mask.sum())} 格")
    picture.text(164, 158, "行：query，从上到下；列：key；实心：要算")
    return picture.done()


def gated_delta() -> str:
    """How well each of 64 pairs is read back, by how long ago it was written."""
    generator = torch.Generator().manual_seed(0)
    keys, values = torch.randn(2, 200, 1, 64, 16, generator=generator, dtype=torch.float64)
    keys, ones = torch.nn.functional.normalize(keys, dim=-1), torch.ones(200, 1, 64, dtype=torch.float64)

    def errors(beta: torch.Tensor | None, log_decay: torch.Tensor | None) -> torch.Tensor:
        _, state = gated_delta_chunked(keys, keys, values, beta, log_decay)
        return (keys @ state - values).square().mean(dim=(0, 1, 3)).flip(0).clamp(max=4.0)

    return lines(
        {
            "线性注意力": errors(None, None),
            "加衰减": errors(None, -0.1 * ones),
            "delta 规则": errors(ones, None),
            "带门的 delta": errors(ones, -0.05 * ones),
        },
        title="宽 16 的状态写了 64 对，每一对读回来的误差",
        xlabel="多少对之前写的",
        ylabel="误差（1：等于没记）",
        alt="线性注意力不论新旧误差都在 4 左右；加了衰减，最近的约 0.3，远的不到 1.4；"
        "delta 规则刚写的误差为 0，越旧越大，到近 2；带门的 delta 近处更准一点，远处不到 1.5",
    ).svg


def selective_scan() -> str:
    """Three rounds over eight places: from how many steps back each of them has heard."""
    picture = Canvas(
        260,
        "八个位置，三轮：每一轮里，每个位置合上前面隔 1、2、4 个的那个位置，代表的步数翻一倍；"
        "三轮以后每个位置都包含了从 1 到自己的全部步，而不用一步等一步",
    )
    heard, span, y = list(range(8)), 1, 22  # the first step that each place stands for
    picture.text(4, 13, "每个位置代表哪几步", "start", bold=True)
    while True:
        for at, first in enumerate(heard):
            text = f"{at + 1}" if first == at else f"{first + 1}–{at + 1}"
            picture.box(4 + 40 * at, y, 36, 24, text, shade=0.3 * (at - first + 1) / 8)
        if span == 8:
            return picture.done()
        for at in range(8):
            x = 22 + 40 * at
            picture.line([(x, y + 24), (x, y + 70)])
            if at >= span:
                picture.arrow((x - 40 * span, y + 24), (x, y + 70))
        heard = [heard[at - span] if at >= span else first for at, first in enumerate(heard)]
        span, y = 2 * span, y + 70
