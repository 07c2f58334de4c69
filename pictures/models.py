"""Models: what goes in, and in which order what comes out."""

import torch

from pictures.canvas import Canvas
from snippets.attention_mask import prefix_mask


def bert() -> str:
    picture = Canvas(
        248,
        "BERT 的输入是词、段、位置三种嵌入之和；编码器让每个位置看到两侧；"
        "挖空处的输出猜原来的词，CLS 处的输出判断 B 句是否真的接在 A 句后面",
    )
    words = ["[CLS]", "下雨", "了", "[SEP]", "要", "[MASK]", "伞", "[SEP]"]
    widths = [38, 30, 20, 38, 20, 48, 20, 38]
    centres = []
    x = 52.0
    for at, (word, width) in enumerate(zip(words, widths, strict=True)):
        for row, entry in enumerate((word, "A" if at < 4 else "B", str(at))):
            picture.box(x, 8 + 32 * row, width, 24, entry, shade=0.3 if entry == "[MASK]" else 0.0)
        centres.append(x + width / 2)
        x += width + 3
    for row, name in enumerate(("词", "+ 段", "+ 位置")):
        picture.text(4, 24 + 32 * row, name, "start")
    for centre in centres:
        picture.arrow((centre, 96), (centre, 116))
    picture.box(52, 116, 273, 36, "Transformer 编码器：没有因果掩码", shade=0.1)
    for centre, left, task in (
        (centres[0], 4, "NSP：B 接在\nA 后面吗？"),
        (centres[5], 176, "MLM：原来是\n哪个词？「带」"),
    ):
        picture.arrow((centre, 152), (centre, 184))
        picture.box(left, 184, 144, 42, task)
    return picture.done()


def chatglm() -> str:
    inputs = ["春", "□", "不", "□", "▷", "觉", "晓", "▷", "眠"]
    targets = ["", "", "", "", "觉", "晓", "◁", "眠", "◁"]
    first = [1, 2, 3, 4, 4, 4, 4, 2, 2]  # of the blank in the text
    second = [0, 0, 0, 0, 1, 2, 3, 1, 2]  # inside the blank
    picture = Canvas(
        350,
        "GLM 的填空：前四格是挖了两个空的原文，互相可见；后面按打乱的次序逐个空自回归地填，"
        "第一行位置指出填的是哪个空，第二行数空里的第几个；掩码左边四列全满，右下角是三角",
    )
    rows = (("输入", inputs), ("要预测", targets), ("空在哪里", first), ("空里第几", second))
    for row, (name, entries) in enumerate(rows):
        picture.text(4, 24 + 30 * row, name, "start")
        for at, entry in enumerate(entries):
            picture.box(60 + 29 * at, 8 + 30 * row, 29, 24, str(entry), shade=0.15 if at < 4 and row == 0 else 0.0)
    picture.text(164, 144, "□ 空；▷ 空的开始；◁ 空的结束")
    picture.grid(83, 154, 18, (prefix_mask(torch.tensor([4]), 9)[0].float() * 0.6).tolist())
    picture.text(164, 338, "行：query；列：key；实心：看得到")
    return picture.done()


def code_llama() -> str:
    picture = Canvas(
        318,
        "上半：Llama 2 先用 500B token（70B 用 1T）的代码训练，一支再用 100B Python，"
        "各自做长上下文微调，通用的一支再做指令微调；"
        "下半：填充训练把文档切成三段，中段挪到最后，仍从左到右预测",
    )
    picture.box(104, 4, 120, 26, "Llama 2", shade=0.15)
    picture.arrow((164, 30), (164, 50))
    picture.box(84, 50, 160, 26, "代码 500B")
    picture.arrow((124, 76), (84, 96))
    picture.arrow((204, 76), (244, 96))
    picture.box(8, 96, 148, 26, "长上下文 20B")
    picture.box(172, 96, 148, 26, "Python 100B")
    picture.arrow((82, 122), (82, 142))
    picture.arrow((246, 122), (246, 142))
    picture.box(8, 142, 148, 26, "Code Llama", shade=0.15)
    picture.box(172, 142, 148, 26, "长上下文 20B")
    picture.arrow((82, 168), (82, 188))
    picture.arrow((246, 168), (246, 188))
    picture.box(8, 188, 148, 26, "指令 5B → Instruct", shade=0.15)
    picture.box(172, 188, 148, 26, "Code Llama Python", shade=0.15)
    for row, (name, parts) in enumerate((("原文", "前中后"), ("PSM", "前后中"))):
        picture.text(4, 252 + 44 * row, name, "start")
        for at, part in enumerate(parts):
            picture.box(44 + 94 * at, 236 + 44 * row, 90, 26, f"{part}段", shade=0.3 if part == "中" else 0)
    picture.arrow((183, 262), (277, 280))
    picture.arrow((277, 262), (183, 280))
    return picture.done()


def codefusion() -> str:
    code = ["x", "=", "max", "(", "a", ")"]
    picture = Canvas(
        212,
        "左边自回归：每步添一个词，写下的不再改；右边扩散：所有位置从噪声开始，每步一起变清楚，最后一步才定下每个词",
    )
    for x, name in ((4, "自回归：一次一个"), (170, "扩散：一起去噪")):
        picture.text(x + 77, 14, name, bold=True)
    for row, known in enumerate((1, 2, 4, 6)):
        y = 24 + 40 * row
        for at, token in enumerate(code):
            width = 34 if token == "max" else 24
            x = 4 + 24 * at + (10 if at > 2 else 0)
            picture.box(x, y, width, 28, token if at < known else "", shade=0.0)
            noise = 1 - row / 3
            picture.box(x + 166, y, width, 28, token if row == 3 else "", shade=0.6 * noise)
    picture.text(164, 204, "越深噪声越多；两边都以需求为条件")
    return picture.done()


def palm_e() -> str:
    picture = Canvas(
        252,
        "文字查词嵌入表，图像经编码器与投影变成几个同宽的向量，插在句子原来的位置；"
        "语言模型输出文字计划，底层策略执行后，新的观察再送回来",
    )
    parts = [("给定", 0.0), ("图", 0.3), ("图", 0.3), ("图", 0.3), ("，怎样", 0.0), ("抓起", 0.0), ("蓝块？", 0.0)]
    x = 8.0
    for word, shade in parts:
        width = 18 + 12 * len(word)
        picture.box(x, 88, width, 26, word, shade=shade)
        x += width + 3
    picture.box(8, 8, 106, 40, "图像 → ViT\n→ 投影 φ")
    picture.box(168, 8, 150, 40, "文字 → 词嵌入表 γ")
    picture.arrow((61, 48), (104, 88))
    picture.arrow((243, 48), (243, 88))
    picture.arrow((164, 114), (164, 140))
    picture.box(8, 140, 312, 28, "语言模型 PaLM：不分来源，只看一串向量", shade=0.1)
    picture.arrow((246, 168), (246, 194))
    picture.box(176, 194, 144, 40, "文字计划：\n先推开绿块")
    picture.arrow((176, 214), (144, 214))
    picture.box(48, 194, 96, 40, "底层策略执行")
    picture.arrow((48, 214), (4, 214), (4, 76), (30, 76), (30, 48), dashed=True)
    picture.text(40, 186, "新的观察", "start")
    return picture.done()


def internlm_xcomposer() -> str:
    picture = Canvas(
        240,
        "图文写作的三步：先写文字并标出该配图的位置，给每处写一句图像描述，"
        "再由 CLIP 从图库召回几张候选，模型结合上下文选定一张",
    )
    picture.box(8, 8, 140, 104)
    for row, (text, shade) in enumerate((("第一段文字", 0.0), ("图 1 放这里", 0.2), ("第二段文字", 0.0))):
        picture.box(16, 16 + 32 * row, 124, 24, text, shade=shade)
    picture.text(78, 130, "1 写文字，定位置")
    picture.arrow((148, 60), (180, 60))
    picture.box(180, 36, 140, 48, "「湖边的\n白塔，清晨」")
    picture.text(250, 104, "2 写图像描述")
    picture.arrow((250, 112), (250, 146))
    for at in range(4):
        picture.box(184 + 34 * at, 146, 30, 30, "abcd"[at], shade=0.3 if at == 2 else 0.0)
    picture.text(250, 194, "3 CLIP 召回候选")
    picture.arrow((184, 161), (78, 161), (78, 138))
    picture.text(78, 180, "模型选定 c")
    picture.text(164, 228, "选图，不是画图：图库没有的配不出")
    return picture.done()


def rwkv() -> str:
    picture = Canvas(
        236, "上：Transformer 生成第五个 token 时回看前面全部的 key 与 value；下：RWKV 只带一个固定大小的状态往前走"
    )
    for top, name in ((18, "Transformer：缓存随长度增长"), (140, "RWKV：状态大小不变")):
        picture.text(4, top - 4, name, "start", bold=True)
    for at in range(5):
        x = 16 + 62 * at
        picture.box(x, 26, 46, 24, f"K、V {at + 1}", shade=0.12)
        if at < 4:
            picture.line([(x + 23, 50), (287, 84)])
        picture.box(x, 148, 46, 24, f"状态 {at + 1}", shade=0.12)
        if at < 4:
            picture.arrow((x + 46, 160), (x + 62, 160))
        picture.text(x + 23, 206, f"token {at + 1}")
        picture.arrow((x + 23, 194), (x + 23, 172))
    picture.arrow((287, 50), (287, 84))
    picture.box(252, 84, 68, 24, "输出 5")
    picture.text(164, 228, "每走一步，旧内容乘 e⁻ʷ 衰减，再加进新的")
    return picture.done()
