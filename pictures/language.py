"""Tokenizers, what language models are scored by, and what they are fed."""

import torch

from browser.plot import lines
from pictures.canvas import Canvas
from snippets.bpe import count_words, merge, train
from snippets.multi_turn_loss import IGNORE, Turn, label_turns
from snippets.perplexity import windows
from snippets.sequence_packing import assign_rows, block_causal_mask, efficiency, pack
from snippets.tokenizer_compression import encode, extend
from snippets.unigram import viterbi


def bpe() -> str:
    corpus = "low low low low low lower lower newest newest newest newest newest newest widest widest widest"
    merges = train(count_words([corpus]), 8)
    names = {number: bytes([number]).decode("latin-1").replace(" ", "␣") for number in range(256)}
    for number, (first, second) in enumerate(merges, 256):
        names[number] = names[first] + names[second]
    tokens = list(b" newest")
    rows = [("字节", tokens)]
    for number, pair in enumerate(merges, 256):
        if (after := merge(tokens, pair, number)) != tokens:
            tokens = after
            rows.append((f"第 {number - 255} 条合并", tokens))
    picture = Canvas(
        16 + 40 * len(rows),
        "单词 newest 从七个字节开始，按学到的先后次序合并，最后只剩" + f"{len(rows[-1][1])} 个 token",
    )
    for row, (title, left) in enumerate(rows):
        y = 10 + 40 * row
        picture.text(4, y + 18, title, "start")
        x = 92.0
        for token in left:
            width = 14 + 16 * len(names[token])
            picture.box(x, y, width, 26, names[token], shade=0.18 if len(names[token]) > 1 else 0)
            x += width + 3
    return picture.done()


def perplexity() -> str:
    spans = list(windows(16, 8, 4))
    picture = Canvas(
        48 + 34 * len(spans),
        "十六个 token 的文本用长 8、步长 4 的窗口评分：每个窗口读八个，"
        "只有浓的计分，每个 token 恰好计一次，除第一个窗口外，计分的前面有四个作上文",
    )
    picture.text(164, 14, "窗口 8，步长 4：浓的计分，淡的只作上文")
    for row, (begin, end, first) in enumerate(spans):
        for at in range(16):
            shade = 0.55 if first <= at < end else 0.12 if begin <= at < end else 0
            picture.box(12 + 19 * at, 26 + 34 * row, 19, 24, shade=shade)
    picture.text(164, 44 + 34 * len(spans) - 2, "每行一个窗口；列是文本里的位置", size=11)
    return picture.done()


def masked_lm() -> str:
    picture = Canvas(196, "被选中的 15% 里，八成换成 MASK，一成换成随机词，一成保持原样；其余 85% 不计损失")
    words = ["我", "今天", "在", "家", "读", "论文"]
    for at, word in enumerate(words):
        picture.box(8 + 53 * at, 10, 48, 28, word, shade=0.3 if at == 4 else 0)
    picture.text(246, 56, "选中的 15%")
    for at, (share, after, why) in enumerate(
        (("80%", "[MASK]", "学着猜"), ("10%", "香蕉", "不能全信输入"), ("10%", "读", "微调时没有 MASK"))
    ):
        x = 8 + 108 * at
        picture.arrow((244, 62), (x + 48, 88))
        picture.box(x, 88, 96, 28, after, shade=0.12)
        picture.text(x + 48, 134, share, bold=True)
        picture.text(x + 48, 152, why, size=11)
    picture.text(164, 184, "三种都要猜出原来的「读」；没选中的不计损失")
    return picture.done()


def masked_diffusion_lm() -> str:
    """A text that is written in four steps, two tokens each, the surest first."""
    words = ["扩散", "模型", "也", "能", "写", "出", "通顺", "的话"]
    written = [[], [1, 3], [0, 7], [2, 6], [4, 5]]
    picture = Canvas(
        232,
        "八个位置一开始全是掩码；每一步把遮住的全猜一遍，只留下最有把握的两个，其余重新遮上；四步写完，次序不是从左到右",
    )
    seen: set[int] = set()
    for step, new in enumerate(written):
        y = 8 + 46 * step
        seen |= set(new)
        picture.text(4, y + 19, f"第 {step} 步" if step else "开始", "start")
        for at, word in enumerate(words):
            x = 52 + 34 * at
            if at in seen:
                picture.box(x, y, 31, 28, word, shade=0.3 if at in new else 0.0)
            else:
                picture.box(x, y, 31, 28, "▒", dashed=True)
    return picture.done()


def multi_turn_loss() -> str:
    turns = [
        Turn("user", (1,), (11, 12, 13)),
        Turn("assistant", (2,), (21, 22, 9)),
        Turn("user", (1,), (14, 15)),
        Turn("assistant", (2,), (23, 24, 9)),
    ]
    names = ["U", "问", "问", "问", "A", "答", "答", "■", "U", "问", "问", "A", "答", "答", "■"]
    picture = Canvas(
        168, "一段两轮对话的十五个 token：两轮都学时，两个回答和结束符计损失；只学最后一轮时，只有后一个回答计损失"
    )
    picture.text(164, 14, "U、A：角色标记；■：结束符；填色的计损失")
    for row, (title, train_on) in enumerate((("每轮回答都学（一次前向）", "all"), ("只学最后一轮", "last"))):
        _, labels = label_turns(turns, train_on)
        picture.text(12, 44 + 62 * row, title, "start")
        for at, (name, label) in enumerate(zip(names, labels, strict=True)):
            picture.box(12 + 20.5 * at, 50 + 62 * row, 20.5, 26, name, shade=0.3 if label != IGNORE else 0)
    return picture.done()


def sequence_packing() -> str:
    lengths = [5, 3, 4, 2]
    rows = assign_rows(lengths, 8)
    samples = [torch.full((length,), number + 1) for number, length in enumerate(lengths)]
    tokens, segments, _ = pack(samples, rows, 8)
    picture = Canvas(
        352,
        f"四条样本补齐到最长时有效率 {efficiency(lengths):.0%}，"
        f"装进两行后 {14 / 16:.0%}；装好的第一行的掩码是两个下三角块，样本之间互相看不见",
    )
    picture.text(4, 16, f"补齐：{efficiency(lengths):.0%} 有用", "start")
    for row, length in enumerate(lengths):
        for at in range(5):
            picture.box(
                4 + 22 * at, 24 + 24 * row, 22, 24, str(row + 1) if at < length else "", shade=0.15 * (at < length)
            )
    picture.text(140, 16, f"装箱（每行 8 格）：{sum(lengths) / (8 * len(rows)):.0%} 有用", "start")
    for row in range(len(rows)):
        for at, token in enumerate(tokens[row].tolist()):
            picture.box(140 + 22 * at, 24 + 24 * row, 22, 24, str(token) if token else "", shade=0.15 * bool(token))
    picture.text(164, 152, "第一行的掩码：只看自己那条样本")
    picture.grid(84, 162, 20, (block_causal_mask(segments)[0].float() * 0.6).tolist())
    picture.text(164, 342, "行：query；列：key；实心：看得到", size=11)
    return picture.done()


def minhash() -> str:
    similar = [step / 50 for step in range(51)]
    chance = {
        f"{bands} 段，每段 {128 // bands} 个": [1 - (1 - s ** (128 // bands)) ** bands for s in similar]
        for bands in (8, 16, 32)
    }
    return lines(
        chance,
        x=similar,
        title="128 个最小值分段：两篇成为候选的概率",
        xlabel="Jaccard 相似度",
        ylabel="概率",
        alt="三条 S 形曲线：段分得越多越短，门槛越低；8 段在 0.9 附近升起，16 段在 0.7，32 段在 0.4",
    ).svg


def unigram() -> str:
    chances = {"h": 0.05, "u": 0.05, "g": 0.05, "s": 0.1, "hu": 0.1, "ug": 0.2, "gs": 0.05, "hug": 0.15, "ugs": 0.05}
    logp = {piece: float(torch.tensor(chance, dtype=torch.float64).log()) for piece, chance in chances.items()}
    best = viterbi("hugs", logp)
    starts = [len("".join(best[:at])) for at in range(len(best))]
    chosen = set(zip(starts, best, strict=True))
    picture = Canvas(
        248,
        "单词 hugs 的切分格：每条弧是一个子词和它的概率，从左走到右是一种切法，概率相乘；"
        f"最好的一条是 {' + '.join(best)}，用粗线画出",
    )
    for at in range(5):
        x = 24 + 70 * at
        picture.parts.append(f'<circle cx="{x}" cy="128" r="4"/>')
        if at < 4:
            picture.text(x + 35, 146, "hugs"[at], bold=True)
    for piece, chance in chances.items():
        begin = "hugs".index(piece)
        left, right = 24 + 70 * begin, 24 + 70 * (begin + len(piece))
        up = len(piece) != 2
        peak = 128 - (54 if len(piece) == 1 else 108) if up else 128 + 60
        bold = ' stroke-width="3"' if (begin, piece) in chosen else ""
        picture.parts.append(
            f'<path d="M{left} 128Q{(left + right) / 2:g} {2 * peak - 128} {right} 128" fill="none"'
            f' stroke="currentColor"{bold}/>'
        )
        offset = (begin - 0.5) * 40 if len(piece) == 3 else 0
        lower = {1: 40, 2: 16, 3: -6}[len(piece)]  # below the peak of its arc
        picture.text((left + right) / 2 + offset, peak + lower, f"{piece} {chance:g}", size=11)
    picture.text(164, 236, f"最好的切法：{' + '.join(best)}，概率相乘最大", size=11)
    return picture.done()


def tokenizer_compression() -> str:
    text = "注意力机制"
    english = [*"abcdefghijklmnopqrstuvwxyz", "attention"]
    grown = extend(english, ["注意", "力", "机制"])
    picture = Canvas(176, "同样五个汉字：英文为主的词表要十五个字节 token，追加三个中文词之后只要三个")
    rows = (("英文为主的词表", english), ("追加「注意」「力」「机制」", grown))
    for row, (name, pieces) in enumerate(rows):
        y, tokens = 24 + 78 * row, encode(text, pieces)
        picture.text(4, y - 6, f"{name}：{len(tokens)} 个 token", "start")
        x = 4.0
        for token in tokens:
            label = f"{token:02X}" if token < 256 else pieces[token - 256]
            width = 21.3 if token < 256 else 64.0 * len(label)
            picture.box(x, y, width, 28, label, shade=0.15)
            x += width
    picture.text(164, 158, f"「{text}」五个字，UTF-8 编码是 {len(text.encode())} 个字节", size=11)
    return picture.done()


def evaluation() -> str:
    sizes = list(range(50, 2001, 50))
    return lines(
        {f"准确率 {p:.0%}": [196 * (p * (1 - p) / n) ** 0.5 for n in sizes] for p in (0.5, 0.8, 0.95)},
        x=sizes,
        title="题数与 95% 置信区间的半宽",
        xlabel="题数 n",
        ylabel="±百分点",
        alt="题数越多误差越小，但按根号缩小："
        "准确率 50% 时，164 题的误差约正负 7.7 个百分点，1000 题约 3.1，2000 题约 2.2",
    ).svg


def emergent_abilities() -> str:
    chances = [0.5 + step / 100 for step in range(51)]
    return lines(
        {f"{length} 个 token 全对": [chance**length for chance in chances] for length in (1, 3, 10, 30)},
        x=chances,
        title="每个 token 匀速变好，「全对」却像忽然起飞",
        xlabel="每个 token 答对的概率 p",
        ylabel="准确率 p 的 L 次方",
        alt="横轴是每个 token 答对的概率：要一个 token 对是一条直线；要求十个、三十个全对时，"
        "曲线长期贴近 0，越到后面越陡；指标越苛刻，越像突变",
    ).svg
