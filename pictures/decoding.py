"""Choosing the next token."""

from fractions import Fraction

import torch

from browser.plot import lines
from pictures.canvas import Canvas
from snippets.beam_search import beam_search as search
from snippets.best_of_n import best_of_n_value
from snippets.classifier_free_guidance import guide
from snippets.constrained_decoding import either, literal, then, token_table
from snippets.no_repeat_ngram import banned_tokens
from snippets.repetition_penalty import repetition_penalty as penalise
from snippets.sampling import keep_min_p, keep_top_k, keep_top_p
from snippets.tree_of_thoughts import propose, solutions


def best_of_n() -> str:
    """Answers whose worth is normal; scores know it up to an error, normal or with the heavy tails of Student's t."""
    draw = torch.Generator().manual_seed(0)
    worth, noise, *others = torch.randn(5, 300, 1024, generator=draw, dtype=torch.float64)
    heavy = noise / torch.stack(others).square().mean(dim=0).sqrt()
    powers = list(range(11))

    def curve(scores: torch.Tensor) -> list[float]:
        return [best_of_n_value(scores, worth, 2**power).mean().item() for power in powers]

    return lines(
        {
            "由真实的好坏来选": curve(worth),
            "分数的误差是正态的": curve(worth + noise),
            "误差偶尔极大": curve(worth + heavy),
        },
        x=powers,
        title="n 个里选出的那个，真正有多好",
        xlabel="log₂ n",
        ylabel="好坏（标准差）",
        alt="由真实的好坏来选，n 越大越好；分数的误差是正态的，也一直在长，只是低一截；"
        "误差偶尔极大时，n 到 16 左右最好，再多就落下来，选中的多半是误差大的",
    ).svg


def sampling() -> str:
    probabilities = torch.tensor([0.38, 0.22, 0.14, 0.09, 0.06, 0.05, 0.03, 0.02, 0.01], dtype=torch.float64)
    logits = probabilities.log()
    cuts = [
        ("top-k 3", keep_top_k(logits, 3)),
        ("top-p 0.9", keep_top_p(logits, 0.9)),
        ("min-p 0.2", keep_min_p(logits, 0.2)),
    ]
    picture = Canvas(
        262,
        "九个词按概率从大到小排列；下面三行标出各种截断留下哪些：top-k 3 留三个，"
        "top-p 0.9 留到概率累计到 0.9，min-p 0.2 留不低于最大值五分之一的",
    )
    for word, share in enumerate(probabilities.tolist()):
        x = 66 + 29 * word
        picture.box(x, 136 - 300 * share, 23, 300 * share, shade=0.25)
        picture.text(x + 11.5, 130 - 300 * share, f"{share:.2f}", size=10)
    picture.text(60, 132, "概率", "end")
    for row, (name, kept) in enumerate(cuts):
        y = 150 + 36 * row
        picture.text(60, y + 18, name, "end")
        for word, value in enumerate(kept.tolist()):
            left = value != float("-inf")
            picture.box(64 + 29 * word, y, 27, 26, "留" if left else "", shade=0.25 * left, dashed=not left)
    return picture.done()


TREE = {  # the probability of each next letter after what was written
    "": {"甲": 0.5, "乙": 0.4, "丙": 0.1},
    "甲": {"甲": 0.4, "乙": 0.35, "丙": 0.25},
    "乙": {"甲": 0.05, "乙": 0.05, "丙": 0.9},
    "丙": {"甲": 0.34, "乙": 0.33, "丙": 0.33},
}


def beam_search() -> str:
    letters = "甲乙丙"

    def model(tokens: torch.Tensor) -> torch.Tensor:
        rows = [
            ["".join(letters[t] for t in row[1:].tolist()[:step])[-1:] for step in range(len(row))] for row in tokens
        ]
        return torch.tensor([[[TREE[state][letter] for letter in letters] for state in row] for row in rows]).log()

    found = {"".join(letters[token] for token in new) for new, _ in search(model, torch.tensor([0]), 2, 2, alpha=0.0)}
    picture = Canvas(
        256,
        "束宽 2：第一步留甲 0.5 与乙 0.4；第二步六个延伸里留乙丙 0.36 与甲甲 0.20。贪心只走甲甲，错过了概率更大的乙丙",
    )
    picture.box(4, 112, 40, 26, "开始")
    for at, first in enumerate(letters):
        y = 26 + 86 * at
        kept = any(beam.startswith(first) for beam in found)
        picture.arrow((44, 125), (92, y + 13), dashed=not kept)
        picture.box(92, y, 66, 26, f"{first} {TREE[''][first]:.2f}", shade=0.25 * kept, dashed=not kept)
        for number, second in enumerate(letters if kept else ""):
            share, row = TREE[""][first] * TREE[first][second], y - 24 + 30 * number
            stays = first + second in found
            picture.arrow((158, y + 13), (216, row + 11), dashed=not stays)
            picture.box(216, row, 100, 22, f"{first}{second} {share:.2f}", shade=0.25 * stays, dashed=not stays)
    picture.text(164, 250, "实线与填色：留在束里；虚线：丢掉", size=11)
    return picture.done()


def repetition_penalty() -> str:
    before = [-4 + step / 10 for step in range(81)]
    logits = torch.tensor([before], dtype=torch.float64).T  # one word, and it has occurred
    after = {
        f"惩罚 {p:g}": penalise(logits, torch.zeros(len(before), 1, dtype=torch.long), p)[:, 0] for p in (1.0, 1.2, 2.0)
    }
    return lines(
        after,
        x=before,
        title="出现过的词的 logit 改成多少",
        xlabel="原来的 logit",
        ylabel="改后的 logit",
        alt="惩罚为 1 时是对角线；大于 1 时正的 logit 被除小，负的被乘得更负，两边都往下，在 0 处不变",
    ).svg


def classifier_free_guidance() -> str:
    with_prompt, without = torch.tensor([2.0, 1.0, 0.0]).double(), torch.tensor([1.5, 1.5, 0.5]).double()
    picture = Canvas(206, "三个词的概率：不看提示时甲乙相当；看提示时甲占优；引导强度从 1 加到 3，甲的优势越拉越大")
    rows = [("不看提示", 0.0), ("γ = 1", 1.0), ("γ = 1.5", 1.5), ("γ = 3", 3.0)]
    for row, (name, gamma) in enumerate(rows):
        shares = guide(with_prompt, without, gamma).softmax(-1).tolist()
        y, x = 30 + 44 * row, 72.0
        picture.text(64, y + 19, name, "end")
        for word, share, shade in zip("甲乙丙", shares, (0.3, 0.12, 0.0), strict=True):
            picture.box(x, y, 250 * share, 28, f"{word} {share:.2f}" if share > 0.16 else "", shade=shade)
            x += 250 * share
    picture.text(197, 18, "下一个词的概率：甲、乙、丙")
    return picture.done()


def speculative_decoding() -> str:
    rates = [step / 50 for step in range(50)]
    counts = {f"起草 {k} 个": [sum(rate**n for n in range(k + 1)) for rate in rates] for k in (2, 4, 8)}
    return lines(
        counts,
        x=rates,
        title="大模型每次前向平均得到几个 token",
        xlabel="每个草稿 token 被接受的概率",
        ylabel="token 数",
        alt="接受率为 0 时都是 1；接受率越高得到越多，趋向起草数加一；接受率低于一半时多起草几乎没有好处",
    ).svg


def tree_of_thoughts() -> str:
    """The paper's example, 4 9 10 13, and three of the first thoughts: two that may get there and one that cannot."""
    picture = Canvas(
        262,
        "算 24：从 4、9、10、13 出发，每步取两个数算出一个。先 13 − 9 = 4 与 10 − 4 = 6 都还可能，"
        "再往下 10 − 4 = 6，最后 4 × 6 = 24；9 × 13 = 117 的那支太大，判为不可能，不再展开",
    )
    thoughts = dict(propose(tuple(map(Fraction, (4, 9, 10, 13)))))
    picture.box(104, 4, 120, 28, "4、9、10、13")
    picture.text(232, 22, f"{len(thoughts)} 种走法", "start", size=11)
    for x, equation in ((8, "13 - 9 = 4"), (116, "10 - 4 = 6"), (224, "9 * 13 = 117")):
        left = thoughts[equation]
        lost = not solutions(left)
        shown = equation.replace("-", "−").replace("*", "×")
        picture.arrow((164, 32), (x + 48, 66), dashed=lost)
        picture.box(x, 66, 96, 52, f"{shown}\n剩 {'、'.join(map(str, left))}", shade=0.12 * (not lost), dashed=lost)
        picture.text(x + 48, 134, "不可能" if lost else "可能", size=11)
    picture.arrow((30, 118), (30, 156), (48, 156))
    picture.box(48, 142, 128, 40, "10 − 4 = 6，剩 4、6\n一定能", shade=0.25)
    picture.arrow((112, 182), (112, 204))
    picture.box(48, 204, 128, 28, "4 × 6 = 24", shade=0.25)
    picture.text(164, 254, "每层留最好的几个，其余剪掉；虚线是剪掉的", size=11)
    return picture.done()


def no_repeat_ngram() -> str:
    tokens = [1, 2, 3, 1, 2]
    picture = Canvas(
        236,
        "已有 1 2 3 1 2：n = 2 时末尾是 2，前面的 2 后跟过 3；n = 3 时末尾是 1 2，前面的 1 2 后也跟过 3；"
        "n = 4 时末尾 3 1 2 没有出现过，什么都不禁；n = 1 时用过的全禁",
    )
    for row, n in enumerate((1, 2, 3, 4)):
        y = 8 + 46 * row
        banned = banned_tokens(tokens, n)
        picture.text(4, y + 18, f"n = {n}", "start", bold=True)
        for at, token in enumerate(tokens):
            end, follows = at >= len(tokens) - (n - 1), at >= n - 1 and tokens[at - n + 1 : at] == tokens[6 - n :]
            picture.box(56 + 32 * at, y, 28, 28, str(token), shade=0.4 if follows else 0.12 if end else 0.0)
        picture.text(324, y + 18, "禁 " + "、".join(map(str, sorted(banned))) if banned else "什么都不禁", "end")
    picture.text(164, 208, "淡：末尾 n − 1 个；浓：它们上次出现后跟的，被禁")
    picture.text(164, 228, "n = 1 时前缀为空，所有用过的都被禁")
    return picture.done()


def inference_engines() -> str:
    lengths = [9, 2, 3, 8, 2, 3]  # tokens that each request wants

    def schedule(together: bool) -> list[tuple[int, int, int]]:
        """Slot and first step of each request; `together` waits until all three of a batch are done."""
        free, runs = [0, 0, 0], []
        for number, length in enumerate(lengths):
            if together and number % 3 == 0:
                free = [max(free)] * 3
            slot = min(range(3), key=lambda one: free[one])
            runs.append((slot, free[slot], length))
            free[slot] += length
        return runs

    done = [max(start + length for _, start, length in schedule(together)) for together in (True, False)]
    picture = Canvas(
        256,
        f"六个请求、三个位置：整批进出时，短的做完也要等最长的，共 {done[0]} 步；"
        f"连续批处理里谁完成谁退出，新的立刻补上，共 {done[1]} 步",
    )
    for at, (name, together) in enumerate((("整批进出", True), ("连续批处理", False))):
        top = 22 + 116 * at
        picture.text(4, top - 6, f"{name}：{done[at]} 步", "start", bold=True)
        for slot in range(3):
            picture.box(4, top + 30 * slot, 18 * max(done), 26, dashed=True)
        for number, (slot, start, length) in enumerate(schedule(together), 1):
            picture.box(4 + 18 * start, top + 30 * slot, 18 * length, 26, str(number), shade=0.18)
    picture.text(164, 248, "数字：请求；横轴：步，每步一个 token；空白：闲着")
    return picture.done()


def constrained_decoding() -> str:
    vocabulary = ["{", '"ok', '": ', "true", "t", "rue", "false", "}", "ok", "终止"]
    text = then(literal('{"ok": '), either(literal("true"), literal("false")), literal("}"))
    table = token_table(text, vocabulary, 9)
    rest = ['{"ok": …}', '"ok": …}', '": …}', "true}｜false}", "}", "rue}", "（写完了）", "结束"]
    picture = Canvas(
        306,
        "一行是一个状态，左边写着还可以写什么；一列是一个 token，格里是写了它之后的状态，空着的不许写。"
        "词表里的 ok 在哪一行都不许：它前面少一个引号",
    )
    left, width, top, height = 92, 23.4, 60, 27
    for column, token in enumerate(vocabulary):
        x = left + width * (column + 0.5)
        picture.text(x, top - 8 - 14 * (column % 3), token, size=11)
        if column % 3:
            picture.line([(x, top - 4), (x, top + 6 - 14 * (column % 3))], dashed=True)
    for state, row in enumerate(table.tolist()):
        y = top + height * state
        picture.text(4, y + 18, f"{state} {rest[state]}", "start", size=11)
        for column, after in enumerate(row):
            allowed = after >= 0
            picture.box(
                left + width * column, y, width, height, str(after) if allowed else "", shade=0.25 if allowed else 0.0
            )
    picture.text(4, 298, "写下一个 token，就到格里那一行去", "start")
    return picture.done()


def tree_verify() -> str:
    """What is left of the model's distribution while the children are refused one after the other."""
    p, q = torch.tensor([1, 1, 2, 4]).double() / 8, torch.tensor([4, 2, 1, 1]).double() / 8
    picture = Canvas(
        284,
        "四个 token 上的两组柱子：一开始大模型的 p 偏向 D，草稿的 q 偏向 A；候选 A 被拒，p 里 A、B 归零，只剩 C、D，"
        "q 去掉 A；候选 B 又被拒，p 只剩 D，一定从它里面来",
    )
    picture.box(4, 4, 14, 12, shade=0.35)
    picture.text(24, 14, "p：还要从这里抽", "start")
    picture.box(150, 4, 14, 12, dashed=True)
    picture.text(170, 14, "q：下一个候选的分布", "start")
    for row, (title, refused) in enumerate((("一开始", 0), ("候选 A 被拒绝之后", 1), ("候选 B 也被拒绝之后", None))):
        floor = 88 + 84 * row
        picture.text(4, floor - 54, title, "start", bold=True)
        for at, (wanted, drafted) in enumerate(zip(p.tolist(), q.tolist(), strict=True)):
            x = 12 + 80 * at
            picture.box(x, floor - 44 * wanted, 26, 44 * wanted, shade=0.35)
            picture.box(x + 30, floor - 44 * drafted, 26, 44 * drafted, dashed=True)
            picture.text(x + 28, floor + 14, "ABCD"[at])
        picture.line([(4, floor), (324, floor)])
        if refused is not None:
            p, q = (p - q).clamp(min=0), q.index_fill(0, torch.tensor(refused), 0.0)
            p, q = p / p.sum(), q / q.sum()
    return picture.done()
