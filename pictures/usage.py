"""What is done with a model: prompts, retrieval, agents and small changes."""

from pictures.canvas import Canvas
from snippets.agent_loop import execute
from snippets.hybrid_retrieval import fuse
from snippets.prompt_tuning import Prefix, SoftPrompt


def in_context_learning() -> str:
    words = ["猫", "cat", "狗", "dog", "猫", "?"]
    picture = Canvas(
        178,
        "归纳头：第二个「猫」往回找到第一个「猫」，看它后面跟的是什么，把 cat 抄到下一个位置；参数没有变",
    )
    for at, word in enumerate(words):
        picture.box(12 + 52 * at, 74, 44, 30, word, shade=0.25 if word in ("猫", "cat") else 0.0)
    picture.arrow((242, 74), (242, 40), (34, 40), (34, 74))
    picture.text(138, 32, "1 找上次出现的同一个词")
    picture.arrow((34, 104), (34, 124), (76, 124), (76, 104))
    picture.text(106, 126, "2 看它的下一个", "start")
    picture.arrow((98, 104), (98, 150), (294, 150), (294, 104))
    picture.text(190, 168, "3 抄过来：cat")
    return picture.done()


def chain_of_thought() -> str:
    picture = Canvas(
        262,
        "直接回答要一次前向算完；思维链把每一步写出来，成为下一步的输入；"
        "自一致性抽样三条思维链，答案是 18、26、18，投票得 18",
    )
    picture.text(4, 16, "直接回答", "start", bold=True)
    picture.box(8, 24, 60, 28, "问题", shade=0.12)
    picture.arrow((68, 38), (260, 38))
    picture.box(260, 24, 60, 28, "18")
    picture.text(4, 80, "思维链", "start", bold=True)
    for at, text in enumerate(("问题", "16−3−4=9", "9×2=18", "18")):
        x, width = (8, 82, 174, 260)[at], (60, 78, 72, 60)[at]
        picture.box(x, 88, width, 28, text, shade=0.12 if at == 0 else 0.0)
        if at:
            picture.arrow(((68, 160, 246)[at - 1], 102), (x, 102))
    picture.text(4, 144, "自一致性：抽样多条，对答案投票", "start", bold=True)
    picture.box(8, 188, 60, 28, "问题", shade=0.12)
    for at, answer in enumerate(("18", "26", "18")):
        y = 152 + 36 * at
        picture.arrow((68, 202), (92, y + 14))
        picture.box(92, y, 84, 28, f"过程 {at + 1}")
        picture.arrow((176, y + 14), (196, y + 14))
        picture.box(196, y, 36, 28, answer)
        picture.arrow((232, y + 14), (260, 202))
    picture.box(260, 188, 60, 28, "18", shade=0.25)
    return picture.done()


def reflection_agents() -> str:
    picture = Canvas(
        216, "一个圈：行动，环境给出反馈，反思写下教训，教训存进记忆，下一次行动的提示里带上它；模型的参数一直不变"
    )
    picture.box(8, 12, 128, 48, "1 行动\n思考、动手、观察", shade=0.12)
    picture.box(192, 12, 128, 48, "2 环境的反馈\n测试没通过")
    picture.box(192, 124, 128, 48, "3 反思\n「漏了空列表」", shade=0.12)
    picture.box(8, 124, 128, 48, "4 记忆\n教训一条一条攒")
    picture.arrow((136, 36), (192, 36))
    picture.arrow((256, 60), (256, 124))
    picture.arrow((192, 148), (136, 148))
    picture.arrow((72, 124), (72, 60))
    picture.text(80, 96, "放进下一次的提示", "start")
    picture.text(164, 204, "没有外部反馈，这个圈多半转不出更好的答案")
    return picture.done()


def hybrid_retrieval() -> str:
    found = {"字面（BM25）": [0, 1, 2], "语义（向量）": [1, 3, 0]}
    fused = fuse(found.values())
    best = "ABCD"[fused[0][0]]
    picture = Canvas(
        250,
        "字面检索排出 A、B、C，语义检索排出 B、D、A；倒数排名融合只看名次，把两边都靠前的排到最前，"
        f"第一名是 {best}，再交给重排模型细看",
    )
    for at, (name, ranking) in enumerate(found.items()):
        x = 8 + 118 * at
        picture.text(x + 50, 16, name, bold=True)
        for row, document in enumerate(ranking):
            picture.box(x + 20, 26 + 32 * row, 60, 26, f"{row + 1}：{'ABCD'[document]}")
    picture.text(280, 16, "融合", bold=True)
    for row, (document, score) in enumerate(fused):
        picture.box(240, 26 + 32 * row, 80, 26, f"{'ABCD'[document]} {score:.4f}", shade=0.25 if row == 0 else 0.0)
    picture.arrow((206, 71), (240, 71))
    picture.text(
        4, 174, f"{best} 的分：" + " + ".join(f"1/(60+{one.index(fused[0][0]) + 1})" for one in found.values()), "start"
    )
    picture.arrow((280, 148), (280, 196))
    picture.box(176, 196, 144, 40, "重排模型：\n查询与文档拼起来看")
    picture.arrow((176, 216), (136, 216))
    picture.box(8, 196, 128, 40, "几段原文\n连同问题给模型", shade=0.12)
    return picture.done()


def multi_turn_dialogue() -> str:
    turns = [("系统", 40), ("问 1", 32), ("答 1", 60), ("问 2", 32), ("答 2", 60), ("问 3", 32)]
    picture = Canvas(
        196,
        "每一轮都把系统提示与全部历史重新送一遍，上一轮算过的前缀可用缓存；"
        "第三轮超出窗口，丢掉最早的一问一答，保留系统提示",
    )
    picture.text(164, 14, "填色：上一轮算过，缓存可用")
    picture.line([(286, 22), (286, 166)], dashed=True)
    picture.text(286, 182, "窗口")
    rounds = (
        ("第 1 轮", turns[:2], 0),
        ("第 2 轮", turns[:4], 3),
        ("第 3 轮", turns[:6], 5),
        ("丢掉一轮", [turns[0], *turns[3:6]], 1),
    )
    for row, (name, parts, cached) in enumerate(rounds):
        picture.text(4, 45 + 36 * row, name, "start")
        x = 56.0
        for at, (text, width) in enumerate(parts):
            picture.box(x, 28 + 36 * row, width, 26, text, shade=0.2 if at < cached else 0.0)
            x += width + 2
    return picture.done()


def knowledge_editing() -> str:
    shades = [0.04, 0.5, 0.04, 0.15]
    picture = Canvas(
        232,
        "FFN 像一张键值表：输入与每个 key 比对，匹配得多的 value 占的份量大，加起来就是输出；"
        "ROME 用一个秩一更新写进一对新的 key 与 value",
    )
    picture.box(4, 70, 72, 44, "主语处的\n隐藏状态 x", shade=0.12)
    for row, shade in enumerate(shades):
        y = 24 + 36 * row
        picture.arrow((76, 92), (104, y + 13))
        picture.box(104, y, 56, 26, f"k{row + 1}", shade=0)
        picture.box(162, y, 26, 26, shade=shade)
        picture.box(190, y, 56, 26, f"v{row + 1}", shade=0)
        picture.arrow((246, y + 13), (272, 92))
    picture.text(175, 16, "匹配程度")
    picture.box(272, 70, 52, 44, "加权和\n输出", shade=0.12)
    picture.box(104, 176, 56, 26, "k*", dashed=True)
    picture.box(162, 176, 26, 26, shade=0.5, dashed=True)
    picture.box(190, 176, 56, 26, "v*", dashed=True)
    picture.text(164, 222, "编辑：让「新总统」这件事的 k* 对上 v*")
    return picture.done()


def pet() -> str:
    picture = Canvas(
        224,
        "模板把「味道不错」写成带空位的句子，掩码语言模型给空位打分，只看「好」「差」两个标签词，各自对应正面与负面",
    )
    picture.box(104, 6, 120, 28, "味道不错", shade=0.12)
    picture.arrow((164, 34), (164, 60))
    picture.text(172, 51, "模板", "start")
    picture.box(64, 60, 200, 28, "味道不错，很 [MASK]。")
    picture.arrow((164, 88), (164, 114))
    picture.text(172, 105, "掩码语言模型给每个词打分", "start")
    for at, (word, label) in enumerate((("好", "正面"), ("差", "负面"), ("远", ""), ("红", ""))):
        x = 20 + 76 * at
        picture.box(x, 114, 60, 26, word, shade=0.25 if label else 0.0, dashed=not label)
        if label:
            picture.arrow((x + 30, 140), (x + 30, 172))
            picture.box(x, 172, 60, 26, label)
    picture.text(242, 168, "不是标签词的不看")
    picture.text(12, 216, "映射：好 ↔ 正面，差 ↔ 负面；没有新加的分类头", "start")
    return picture.done()


def prompt_tuning() -> str:
    size, width, layers, heads = 20, 512, 8, 8
    shallow, deep = (
        sum(one.numel() for one in module.parameters())
        for module in (SoftPrompt(size, width), Prefix(size, layers, heads, width // heads))
    )
    picture = Canvas(
        262,
        "左：Prompt Tuning 与 P-tuning 只在输入前接几个可训练的向量；右：Prefix Tuning 与 P-tuning v2 "
        f"在每一层的 key、value 前都接上；同样 20 个向量、8 层、宽 512，左边 {shallow:,} 个参数，右边 {deep:,} 个",
    )
    for x, name in ((4, "浅：只改输入"), (170, "深：改每一层")):
        picture.text(x + 77, 14, name, bold=True)
        for row in range(4):
            y = 26 + 40 * row
            if (row == 3) == (x == 4):
                for at in range(2):
                    picture.box(x + 26 * at, y, 22, 28, shade=0.5)
            label = "输入" if row == 3 else f"第 {3 - row} 层"
            picture.box(x + 54, y, 98, 28, label if row < 3 else "输入的词向量")
            if row < 3:
                picture.arrow((x + 103, y + 40), (x + 103, y + 28))
    picture.text(81, 210, f"{shallow:,} 个参数")
    picture.text(247, 210, f"{deep:,} 个参数")
    picture.text(164, 230, "深色可训练，其余冻结")
    picture.text(164, 250, "20 个向量，8 层，宽 512，不重参数化")
    return picture.done()


def zero_shot_ie() -> str:
    picture = Canvas(
        236,
        "两步问：第一步从类型清单里挑出句子中有的两种，第二步对每种类型各问一次，最后合并；"
        "一步到位要同时应付全部类型，容易漏",
    )
    picture.box(14, 6, 300, 28, "「李明 2021 年从北大毕业，家住深圳」", shade=0.12)
    picture.arrow((164, 34), (164, 56))
    picture.box(44, 56, 240, 42, "第一步：清单里的关系，句中有哪些？\n毕业于、居住地、配偶、雇主……")
    for x, kind, asked, row in (
        (8, "毕业于", "谁？哪所学校？", "李明 — 北大"),
        (172, "居住地", "谁？哪里？", "李明 — 深圳"),
    ):
        picture.arrow((164, 98), (x + 74, 122))
        picture.box(x, 122, 148, 42, f"第二步：「{kind}」\n{asked}")
        picture.arrow((x + 74, 164), (x + 74, 190))
        picture.box(x, 190, 148, 26, row, shade=0.25)
    return picture.done()


def paged_attention() -> str:
    picture = Canvas(
        244,
        "两个序列的块表指向显存里的块，每块四个 token：前两块是共同的提示，由两张表共用；各自的续写在自己的块里；"
        "块在显存里不必相邻，最后一块没有装满的格子就是全部的浪费",
    )
    for y, name, blocks in ((8, "序列 A 的块表", (5, 2, 0)), (190, "序列 B 的块表", (5, 2, 3))):
        picture.text(148, y + 17, name, "start", size=11)
        for at, block in enumerate(blocks):
            picture.box(8 + 44 * at, y, 44, 26, str(block), shade=0.25 if at < 2 else 0.08)
    picture.text(320, 60, "显存里的块", "end", size=11)
    filled = {5: 4, 2: 4, 0: 3, 3: 1}
    for block in range(6):
        x = 8 + 53 * block
        picture.text(x + 24, 150, str(block), size=11)
        for token in range(4):
            full = token < filled.get(block, 0)
            picture.box(x + 12 * token, 104, 12, 30, shade=(0.45 if block in (5, 2) else 0.2) * full, dashed=not full)
    for at, block in enumerate((5, 2, 0)):
        picture.arrow((30 + 44 * at, 34), (32 + 53 * block, 102))
    for at, block in enumerate((5, 2, 3)):
        picture.arrow((30 + 44 * at, 190), (32 + 53 * block, 154), dashed=True)
    picture.text(164, 234, "深色：共同的提示；浅色：各自的续写；虚线格：还空着", size=11)
    return picture.done()


def agent_loop() -> str:
    def price(item: str, count: int) -> float:
        """Price of some of an item.

        Args:
            item: Its name.
            count: How many.
        """
        return {"pen": 1.5}[item] * count

    told = [
        execute({"name": "price", "arguments": {"item": "pen", "count": count}}, {"price": price}, lambda *_: True)
        for count in ("3", 3)
    ]
    picture = Canvas(
        312,
        "模型写下调用，程序校验之后执行，把结果写回消息，再问模型；参数不对时写回的是错误，模型读了它改好；"
        "不再调用就是答案，另一个出口是上限",
    )
    picture.box(8, 8, 138, 40, "消息（全部历史）", shade=0.12)
    picture.box(182, 8, 138, 40, "模型：下一步？")
    picture.box(182, 104, 138, 40, "程序：名字、参数、\n许可都对吗？")
    picture.box(8, 104, 138, 40, "工具：执行", shade=0.12)
    picture.arrow((146, 28), (182, 28))
    picture.arrow((251, 48), (251, 104))
    picture.text(257, 80, "调用", "start")
    picture.arrow((182, 124), (146, 124))
    picture.text(164, 118, "对", size=11)
    picture.arrow((77, 104), (77, 48))
    picture.text(71, 80, "结果", "end")
    picture.arrow((210, 104), (110, 48), dashed=True)
    picture.text(150, 88, "错误", "end")
    for row, (call, result) in enumerate(zip(('count: "3"', "count: 3"), told, strict=True)):
        y = 164 + 46 * row
        picture.box(8, y, 96, 38, call)
        picture.arrow((104, y + 19), (122, y + 19))
        result = result.removeprefix("error: ").replace(": ", ":\n")
        picture.box(122, y, 198, 38, result, shade=0.25 * row, dashed=row == 0)
    picture.text(4, 278, "出口一：不再调用，那段话就是答案", "start")
    picture.text(4, 300, "出口二：步数、字数、重复到了上限", "start")
    return picture.done()
