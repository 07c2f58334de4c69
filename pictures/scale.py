"""Many devices, where models and files lie, and pictures made of noise."""

import torch

from browser.plot import heatmap, lines
from pictures.canvas import Canvas
from snippets import clip_loss as clip
from snippets.context_parallel import split_positions
from snippets.ddpm import linear_betas
from snippets.flow_matching import follow
from snippets.fp8 import E2M1, E4M3, E5M2, Format, round_to
from snippets.fsdp import forward_seconds
from snippets.model_size import Decoder
from snippets.pipeline_bubble import bubble, gpipe, one_f_one_b, simulate
from snippets.ring_all_reduce import Traffic, all_gather, reduce_scatter
from snippets.scaling_law_fit import EPOCH
from snippets.zero_memory import rank_bytes


def pipeline_bubble() -> str:
    picture = Canvas(
        300,
        "四级流水线、四个微批的时间线：GPipe 先全部前向再全部反向；"
        "1F1B 交替进行。两者的空闲一样多，但 1F1B 同时留着的激活少",
    )
    top = 4
    for name, orders in (("GPipe", gpipe(4, 4)), ("1F1B", one_f_one_b(4, 4))):
        timeline = simulate(orders)
        unit = 280 / max(run.end for runs in timeline for run in runs)
        picture.text(4, top + 12, f"{name}：空闲是干活时间的 {bubble(timeline):.0%}", "start", bold=True)
        for stage, runs in enumerate(timeline):
            y = top + 22 + 27 * stage
            picture.text(4, y + 16, f"第 {stage} 级", "start", size=11)
            for run in runs:
                label = f"{run.kind}{run.microbatch}" if run.kind == "B" else str(run.microbatch)
                width = unit * (run.end - run.start)
                picture.box(46 + unit * run.start, y, width, 22, label, shade=0.3 if run.kind == "B" else 0.08)
        top += 144
    picture.text(164, 294, "数字：前向的微批号；B：反向（两倍时间）；空白：闲着", size=11)
    return picture.done()


def ring_all_reduce() -> str:
    ranks = 4
    pieces = [[torch.tensor([1.0]) for _ in range(ranks)] for _ in range(ranks)]
    frames = [("开始：每人四块，各只有自己的一份", _counts(pieces))]
    reduce_scatter(pieces, Traffic(sent=[0] * ranks))
    frames.append((f"reduce-scatter {ranks - 1} 轮后：每人有一块加齐了", _counts(pieces)))
    all_gather(pieces, Traffic(sent=[0] * ranks))
    frames.append((f"all-gather 再 {ranks - 1} 轮后：每人四块都齐", _counts(pieces)))
    picture = Canvas(
        398, "四张卡各把梯度切成四块，格里是加进去了几张卡的数：三轮之后每张卡有一块加齐四份，再三轮所有块都传遍"
    )
    for at, (title, counts) in enumerate(frames):
        y = 18 + 130 * at
        picture.text(164, y, title)
        for rank in range(ranks):
            picture.text(60, y + 27 + 25 * rank, f"卡 {rank}", "end")
            for piece in range(ranks):
                count = counts[rank][piece]
                picture.box(70 + 56 * piece, y + 10 + 25 * rank, 56, 25, f"{count} 份", shade=0.08 * (count - 1))
    return picture.done()


def _counts(pieces: list[list[torch.Tensor]]) -> list[list[int]]:
    return [[int(piece) for piece in rank] for rank in pieces]


def tensor_parallel_mlp() -> str:
    picture = Canvas(
        238,
        "两张卡：第一个矩阵按列切，各算一半隐藏单元，激活函数各做各的；"
        "第二个矩阵按行切，各得一个部分和，最后一次 all-reduce 相加",
    )
    picture.box(114, 4, 100, 26, "输入 x（各一份）")
    for rank, x in ((0, 14), (1, 174)):
        picture.arrow((164, 30), (x + 70, 52))
        picture.text(x, 48, f"卡 {rank}", "start", bold=True)
        picture.box(x, 54, 140, 38, f"上投影的第 {rank + 1} 半列\nA{'₁₂'[rank]}：C × 2C", shade=0.12)
        picture.arrow((x + 70, 92), (x + 70, 108))
        picture.box(x, 108, 140, 26, "GeLU，不必通信")
        picture.arrow((x + 70, 134), (x + 70, 150))
        picture.box(x, 150, 140, 38, f"下投影的第 {rank + 1} 半行\nB{'₁₂'[rank]}：2C × C", shade=0.12)
        picture.arrow((x + 70, 188), (164, 208))
    picture.box(74, 208, 180, 26, "all-reduce：部分和相加")
    return picture.done()


def zero_memory() -> str:
    picture = Canvas(
        210,
        "75 亿参数、64 张卡时每张卡的模型状态：不切 120 GB，只切优化器状态约 31 GB，再切梯度约 17 GB，全切约 1.9 GB",
    )
    size, ranks = 7_500_000_000, 64
    for stage in range(4):
        y = 44 + 46 * stage
        total = rank_bytes(size, ranks, stage) / 1e9
        picture.text(4, y - 4, f"ZeRO-{stage}：{total:.1f} GB" if stage else f"不切：{total:.0f} GB", "start")
        x = 4.0
        parts = [(2, stage < 3, 0.4), (2, stage < 2, 0.2), (12, stage < 1, 0.0)]
        for each, whole, shade in parts:
            width = 320 * each * size / (1 if whole else ranks) / 1e9 / 120
            picture.box(x, y, width, 22, shade=shade)
            x += width
    for x, name, shade in ((4, "权重", 0.4), (84, "梯度", 0.2), (164, "优化器状态", 0.0)):
        picture.box(x, 4, 14, 12, shade=shade)
        picture.text(x + 20, 14, name, "start")
    return picture.done()


def ddpm() -> str:
    kept = (1 - linear_betas().double()).cumprod(0)
    return lines(
        {"原图的系数 √ᾱ": kept.sqrt()[::10], "噪声的系数 √(1 − ᾱ)": (1 - kept).sqrt()[::10]},
        x=list(range(1, 1001, 10)),
        title="线性日程：第 t 步还剩多少原图",
        xlabel="步 t",
        ylabel="系数",
        alt="原图的系数从 1 缓缓降到接近 0，噪声的系数从 0 升到 1，两条线约在第 260 步相交，平方和恒为 1",
    ).svg


def flow_matching() -> str:
    """Where points of noise go with the exact velocity of two heaps, and one of the lines it is the mean of."""
    centres = torch.tensor([-2.0, 2.0])

    def velocity(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        t = t[:, None]
        variance = (1 - t) ** 2 + (t * 0.3) ** 2
        here = ((x - t * centres) ** 2 / (-2 * variance)).softmax(dim=1)  # how likely each heap is
        return (here * (centres + (t * 0.09 - (1 - t)) / variance * (x - t * centres))).sum(dim=1, keepdim=True)

    points = [torch.linspace(-2.1, 2.1, 8)[:, None]]
    for step in range(40):
        points.append(follow(velocity, points[-1], torch.tensor([step, step + 1]) / 40, midpoint=True))
    paths = torch.stack(points).squeeze(2).T  # (8, 41)
    picture = Canvas(
        236,
        "左边是噪声，右边是 −2 与 2 两堆数据。单看一对噪声与数据，路是直的（虚线）；"
        "顺着平均速度走的路（实线）先朝中间靠，看清要去哪一堆之后才弯过去，互不相交",
    )

    def at(step: float, x: float) -> tuple[float, float]:
        return 40 + 248 * step / 40, 118 - 36 * x

    picture.text(40, 12, "t = 0", bold=True)
    picture.text(288, 12, "t = 1", bold=True)
    for path in paths.tolist():
        picture.line([at(step, x) for step, x in enumerate(path)], bold=True)
    for noise, data in ((1.5, -2.1), (-1.5, 1.9)):
        picture.line([at(0, noise), at(40, data)], dashed=True)
    for x, text in ((2.0, "2"), (-2.0, "−2")):
        picture.text(310, at(0, x)[1] + 4, text)
    picture.text(40, 230, "噪声")
    picture.text(288, 230, "数据")
    return picture.done()


def clip_loss() -> str:
    torch.manual_seed(0)
    texts = torch.randn(6, 16).double()
    images = texts + 0.8 * torch.randn(6, 16).double()
    cosines = clip.similarities(images, texts, torch.zeros((), dtype=torch.float64))
    return heatmap(
        cosines,
        title="六张图与六句话的余弦，配对的在对角线",
        xlabel="文本",
        ylabel="图像",
        alt="六乘六的矩阵，对角线上的余弦最大；损失让每行、每列都在对角线上得分最高",
    ).svg


def model_size() -> str:
    lengths = [1024 * step for step in range(1, 65)]
    model = Decoder(layers=32, width=4096, heads=32, hidden=11008, vocabulary=32000)
    weights = 2 * model.matrices / 1e9
    each = [model.forward_flops(1, length) / length / 1e9 for length in lengths]
    return lines(
        {"全部": each, "其中乘权重的（2N）": [weights] * len(lengths)},
        x=[length // 1024 for length in lengths],
        title="LLaMA 7B：前向每个 token 的浮点运算",
        xlabel="序列长，K token",
        ylabel="十亿次",
        alt="乘权重的部分不随长度变，约 132 亿次；注意力矩阵的部分随长度直线上升，约 25K 时与前者相当，64K 时占七成",
    ).svg


def megatron_lm() -> str:
    data, stages, tensor = 2, 2, 4
    picture = Canvas(
        290,
        f"{data * stages * tensor} 张卡：数据并行 {data} 份，每份流水线 {stages} 段，每段一台机器、"
        f"张量并行 {tensor} 张卡；层内切在机器里，段与段、份与份之间才跨机器",
    )
    for replica in range(data):
        x = 6 + 164 * replica
        picture.text(x + 76, 16, f"第 {replica + 1} 份：一半的 batch", bold=True)
        for stage in range(stages):
            y = 26 + 108 * stage
            picture.box(x, y, 152, 78, dashed=True)
            picture.text(x + 76, y + 18, ("机器内：前一半的层", "机器内：后一半的层")[stage])
            for card in range(tensor):
                picture.box(x + 6 + 36 * card, y + 28, 32, 28, f"¼ {card + 1}", shade=0.15)
            picture.text(x + 76, y + 71, "张量并行：all-reduce")
        picture.arrow((x + 30, 104), (x + 30, 134))
        picture.text(x + 38, 123, "激活，点对点", "start")
    picture.line([(82, 212), (82, 234), (246, 234), (246, 212)], dashed=True)
    picture.text(164, 252, "数据并行：每步一次梯度 all-reduce")
    picture.text(164, 278, f"总卡数 {data} × {stages} × {tensor} = {data * stages * tensor}")
    return picture.done()


def model_hub() -> str:
    picture = Canvas(
        232,
        "缓存里的三层：refs 记着分支指向哪个提交；snapshots 里每个提交一个文件夹，其中的文件只是链接；"
        "blobs 按内容的散列存一份，两个提交没变的文件共用它",
    )
    for x, width, name in ((4, 64, "refs"), (84, 128, "snapshots"), (236, 88, "blobs")):
        picture.text(x + width / 2, 16, name, bold=True)
    picture.box(4, 124, 64, 28, "main")
    picture.arrow((68, 138), (84, 138))
    for top, commit in ((26, "提交 a1f3…"), (124, "提交 9c07…")):
        picture.box(84, top, 128, 88, dashed=True)
        picture.text(148, top + 18, commit)
        for row, file in enumerate(("config.json", "权重")):
            picture.box(92, top + 26 + 30 * row, 112, 26, file)
    for top, name, users in ((34, "散列 1", [65]), (88, "散列 2", [95, 193]), (142, "散列 3", [163])):
        picture.box(236, top, 88, 32, name, shade=0.15)
        for y in users:
            picture.arrow((204, y), (236, top + 16))
    picture.text(164, 226, "第二次提交只改了配置，几 GB 的权重不必再下")
    return picture.done()


def ray() -> str:
    picture = Canvas(
        246,
        "一段驱动程序向各个 actor 发出调用：采样引擎写回答，奖励模型与参考模型打分，训练器更新；"
        "结果是引用，放在对象存储里，新权重由训练器直接用集合通信传给采样引擎",
    )
    picture.box(94, 6, 140, 28, "驱动程序：只发调用")
    actors = (("采样引擎", "vLLM，2 卡"), ("奖励、参考", "各 1 卡"), ("训练器", "FSDP，4 卡"))
    for at, (name, share) in enumerate(actors):
        x = 14 + 104 * at
        picture.arrow((164, 34), (x + 46, 66))
        picture.box(x, 66, 92, 44, f"{name}\n{share}", shade=0.12)
        picture.line([(x + 46, 110), (x + 46, 136)], dashed=True)
    picture.box(14, 136, 300, 28, "对象存储：回答、分数、优势（取到的是引用）")
    picture.arrow((314, 88), (324, 88), (324, 180), (4, 180), (4, 88), (14, 88))
    picture.text(164, 200, "新权重：集合通信，不经过存储")
    picture.text(164, 236, "灰框是 actor，Ray 决定它们在哪台机器上")
    return picture.done()


def scaling_law_fit() -> str:
    """Losses of the replication's law along four budgets, and their bottoms."""
    sizes = torch.logspace(7, 11, 81, dtype=torch.float64)
    series = {}
    for power in (18, 19, 20, 21):
        loss = EPOCH.loss(sizes, 10.0**power / (6 * sizes))
        series[f"10^{power} FLOPs"] = loss.where(loss < 4, torch.nan)
    bottoms = torch.full_like(sizes, torch.nan)
    for power in (18, 19, 20, 21):
        N, D = EPOCH.optimum(10.0**power)
        bottoms[(sizes - N).abs().argmin()] = EPOCH.loss(N, D)  # a point alone is drawn as a dot
    series["最低点"] = bottoms
    return lines(
        series,
        x=sizes.log10(),
        title="同样的算力，不同的尺寸",
        xlabel="log₁₀ N",
        ylabel="损失（nats）",
        alt="四份算力各一条碗形曲线：太小与太大都不好，碗底随算力增加移向更大的尺寸、更低的损失，"
        "从八千万参数、损失 3.5 到二十八亿参数、损失 2.3",
    ).svg


def fp8() -> str:
    """The relative error of numbers some powers of two below a block's largest, with its scale."""
    octaves = list(range(25))
    fractions = 1 + torch.arange(1, 200, dtype=torch.float64) / 200  # within an octave

    def error(form: Format | None) -> list[float]:
        found = []
        for octave in octaves:
            x = fractions / 2 * 2.0**-octave  # of a largest number 1
            y = round_to(x * form.max, form).double() / form.max if form else (x * 127).round() / 127
            found.append(float(((y - x) / x).square().mean().sqrt()))
        return found

    return lines(
        {"E4M3": error(E4M3), "E5M2": error(E5M2), "E2M1": error(E2M1), "int8": error(None)},
        x=[float(-octave) for octave in octaves],
        title="比块里最大的数小多少，相对误差是多少",
        xlabel="以 2 为底的对数，0 是最大的数",
        ylabel="相对误差",
        alt="E4M3 的误差在最大数往下 14 个 2 的幂之内都约 2.6%，再小才升到 1；E5M2 约 5%，图里一直是平的；"
        "E2M1 一成到两成，只撑得住四格；int8 从最大的数起每小一半误差就大一倍",
    ).svg


def context_parallel() -> str:
    picture = Canvas(
        206,
        "16 个 token 在 4 张卡上，因果掩码下谁算哪些分数：顺着切，深色的最后一张卡算得最多；"
        "之字形从两头各取一段，四张卡一样多",
    )
    for at, (name, zigzag) in enumerate((("顺着切", False), ("之字形", True))):
        x, owner, work = 12 + 164 * at, [0] * 16, [0] * 4
        for rank, positions in enumerate(split_positions(16, 4, zigzag)):
            for position in positions.tolist():
                owner[position] = rank
                work[rank] += position + 1
        picture.text(x + 70, 16, name, bold=True)
        shades = [[0.15 + 0.22 * owner[i] if j <= i else 0.0 for j in range(16)] for i in range(16)]
        picture.grid(x, 24, 8.75, shades)
        picture.text(x + 70, 184, "各卡：" + "、".join(map(str, work)), size=12)
    picture.text(164, 202, "行：query；列：key；越深，卡的编号越大", size=11)
    return picture.done()


def fsdp() -> str:
    gather, compute, layers = 2, 3, 4
    picture = Canvas(
        204,
        "四层的前向，收集 2 份时间、计算 3 份：不预取时一先一后，共 20 份；"
        "预取一层，收集藏在前一层的计算后面，共 14 份",
    )
    for at, prefetch in enumerate((0, 1)):
        y, x, gathered, done = 30 + 104 * at, 52.0, 0, [0] * (prefetch + 1)
        total = forward_seconds([gather] * layers, [compute] * layers, prefetch)
        picture.text(164, y - 12, f"预取 {prefetch} 层，共 {total:g} 份时间", bold=True)
        picture.text(4, y + 19, "收集", "start", size=12)
        picture.text(4, y + 53, "计算", "start", size=12)
        for layer in range(layers):
            gathered = max(gathered, done[-prefetch - 1]) + gather
            done.append(max(gathered, done[-1]) + compute)
            picture.box(x + 13.5 * (gathered - gather), y, 13.5 * gather, 28, str(layer), shade=0.12)
            picture.box(x + 13.5 * (done[-1] - compute), y + 34, 13.5 * compute, 28, str(layer), shade=0.3)
        assert done[-1] == total
    return picture.done()
