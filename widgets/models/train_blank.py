"""Train `blank.py`'s model and write its weights: `python -m widgets.models.train_blank`, some ten seconds.

The grammar makes sentences with one blank and says which other word decides it:

- 量词: 我买了一本书和两条鱼: a classifier goes with the noun after it, not with the other one;
- agreement: the keys to the door are old: a verb goes with the first noun, not with the nearer one;
- pronouns: Anna met Tom and lost her book: a possessive goes with the subject.
"""

import random
import sys

import torch
import torch.nn.functional as F

from widgets.models.blank import BLANK, LONGEST, UNKNOWN, WEIGHTS, Blank, dump

CLASSIFIERS = {
    "只": "猫狗鸟鸡羊",
    "条": "鱼蛇河路",
    "本": "书",
    "辆": "车",
    "张": "纸床桌",
    "朵": "花云",
    "棵": "树草",
    "件": "衣",
}
SUBJECTS, VERBS, NUMBERS, COLOURS = "我你他她", ("买了", "有", "看见", "画了"), "一两三", "红白黑大小"
NOUNS = ("key", "door", "book", "box", "cat", "dog", "bird", "tree")
PLURAL = {"box": "boxes"}
WOMEN, MEN = ("Anna", "Mary", "Lucy"), ("Tom", "John", "Paul")
LINKS, STATES = ("to", "near", "with"), ("old", "new", "red", "big", "small")
Sentence = tuple[list[str], int, int]  # words, the place of the blank's word, the place of what decides it


def chinese(chance: random.Random) -> Sentence:
    """Somebody has one or two things; the blank is a classifier."""
    words = [chance.choice(SUBJECTS), *chance.choice(VERBS)]
    places = []
    for part in range(chance.choice((1, 2, 2))):
        kind = chance.choice(list(CLASSIFIERS))
        words += ["和"] * part + [chance.choice(NUMBERS), kind]
        at = len(words) - 1
        words += [chance.choice(COLOURS)] * chance.choice((0, 1)) * (len(words) < 9) + [
            chance.choice(CLASSIFIERS[kind])
        ]
        places.append((at, len(words) - 1))
    return (words, *chance.choice(places))


def agreement(chance: random.Random) -> Sentence:
    """Things near other things are somehow; the blank is the verb."""
    first, second = (chance.random() < 0.5 for _ in range(2))
    nouns = [chance.choice(NOUNS) for _ in range(2)]
    said = [PLURAL.get(n, n + "s") if many else n for n, many in zip(nouns, (first, second), strict=True)]
    verb = ("is", "are")[first]
    words = ["the", said[0]]
    if chance.random() < 0.7:
        words += [chance.choice(LINKS), "the", said[1]]
    return [*words, verb, chance.choice(STATES)], len(words), 1


def pronoun(chance: random.Random) -> Sentence:
    """Somebody met somebody and lost something of theirs; the blank is the possessive."""
    groups = [(WOMEN, "her"), (MEN, "his")]
    chance.shuffle(groups)
    words = [chance.choice(groups[0][0])]
    if chance.random() < 0.7:
        words += ["met", chance.choice(groups[1][0]), "and"]
    words += [chance.choice(("lost", "found", "sold")), groups[0][1], chance.choice(NOUNS)]
    return words, len(words) - 2, 0


KINDS = (chinese, agreement, pronoun)


def vocabulary() -> list[str]:
    """Blank and unknown, then all words of the grammar."""
    chance, found = random.Random(0), set[str]()
    for _ in range(3000):
        for kind in KINDS:
            found |= {*kind(chance)[0]}
    return [BLANK, UNKNOWN, *sorted(found)]


def batch(model: Blank, chance: random.Random, size: int) -> tuple[torch.Tensor, ...]:
    """Ids `(B, T)`, mask `(B, 1, 1, T)`, places of the blanks `(B,)`, their words `(B,)`, what decides them `(B,)`."""
    sentences = [chance.choice(KINDS)(chance) for _ in range(size)]
    ids = torch.zeros(size, LONGEST, dtype=torch.long)
    real = torch.zeros(size, LONGEST, dtype=torch.bool)
    for row, (words, at, _) in enumerate(sentences):
        shown = [*words[:at], BLANK, *words[at + 1 :]]
        ids[row, : len(words)] = model.tokens(shown)
        real[row, : len(words)] = True
    blanks, deciding = (torch.tensor([sentence[n] for sentence in sentences]) for n in (1, 2))
    answers = model.tokens([words[at] for words, at, _ in sentences])
    return ids, real[:, None, None, :], blanks, answers, deciding


def train(steps: int = 600, seed: int = 2) -> Blank:
    """The model, trained from a seed."""
    torch.manual_seed(seed)
    chance = random.Random(1)
    model = Blank(vocabulary())
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * min(1, step / 100) * (1 - step / steps)
        ids, mask, blanks, answers, _ = batch(model, chance, 64)
        logits = model(ids, mask)[torch.arange(len(ids)), blanks]
        loss = F.cross_entropy(logits, answers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            sys.stderr.write(f"{step} {loss.item():.3f}\n")
    return model


if __name__ == "__main__":
    WEIGHTS.write_text(dump(train()), "utf-8")
