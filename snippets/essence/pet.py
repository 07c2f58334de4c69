"""PET: a pattern with a blank, words for labels, and a softmax over these words alone."""

import torch.nn.functional as F


def pattern(x, before, MASK, after):  # P(x)：前、空、后 ‖ P(x): before, the blank, after
    return [*x, *before, MASK, *after]


def q(M, Px, MASK, v):  # M: 模型；v: 每个标签的词 (N,) ‖ M: the model; v: the word of each label (N,)
    logits = M(Px)  # (T, V)
    blank = logits[Px == MASK][0]  # 空位上的打分 ‖ the scores in the blank
    return blank[v].softmax(-1)  # 只在标签词之间归一 ‖ normalised among the labels' words


def loss(scores, labels, mlm_loss, alpha):  # scores: (B, N); labels: (B,)
    ce = F.cross_entropy(scores, labels)
    return (1 - alpha) * ce + alpha * mlm_loss  # 少许 MLM，防止遗忘 ‖ a little MLM against forgetting
