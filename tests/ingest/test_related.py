"""Who was compared before is compared again where that may change anything: the result is that of a first time."""

import random
from dataclasses import replace

import pytest

from ingest import related as module
from ingest.model import Answer, Question
from ingest.related import related

WORDS = [a + b for a in "茶雨沙台书路鲸灯桌椅床柜门窗墙地" for b in "壶伞发座架由鱼泡腿背单子把户角板"]


def question(name, rng):
    title, text = (" ".join(rng.choices(WORDS, k=count)) for count in (3, 8))
    concepts = tuple(rng.sample(("lora", "rope", "moe", "dpo"), rng.randrange(3)))
    return Question(
        f"q{name}", title, "", "", (Answer(text, "", 1),), f"talks/questions/q{name}.md", 1, topics=concepts
    )


def changed(questions, rng):
    """These questions after one or two changes."""
    now = list(questions)
    for _ in range(rng.randrange(1, 3)):
        at = rng.randrange(len(now))
        match rng.randrange(6):
            case 0:
                now[at] = replace(now[at], title=f"{now[at].title} {rng.choice(WORDS)}")
            case 1:
                now[at] = replace(now[at], topics=now[at].topics[::-1])
            case 2:
                del now[at]
            case 3:
                now.insert(at, question(rng.randrange(1000, 9999), rng))
            case 4:
                more = question(rng.randrange(1000, 9999), rng)
                now[at] = replace(more, title=now[at].title, answers=now[at].answers + more.answers)
            case _:
                now[at], now[0] = now[0], now[at]
    return now


@pytest.mark.parametrize("count", [25, 90])  # with room on the shortlists, and without
def test_whatever_changes_the_result_is_that_of_a_first_time(count, monkeypatch):
    rng = random.Random(count)
    questions = [question(name, rng) for name in range(count)]
    before, spared, compared = related(questions), 0, []
    likest = module._likest
    monkeypatch.setattr(module, "_likest", lambda name, *rest: compared.append(name) or likest(name, *rest))
    for _ in range(100):
        questions = changed(questions, rng)
        first = related(questions)
        compared.clear()
        after = related(questions, before)
        assert list(after.items()) == list(first.items())
        spared += len(questions) - len(compared)
        before = after
    assert spared


def test_word_that_nobody_else_says_has_one_question_compared_with_the_others_at_most(monkeypatch):
    rng = random.Random(7)
    questions = [question(name, rng) for name in range(200)]
    before, compared = related(questions), []
    likest = module._likest
    monkeypatch.setattr(module, "_likest", lambda name, *rest: compared.append(name) or likest(name, *rest))
    questions[9] = replace(questions[9], title=f"{questions[9].title} zebra")
    assert {name: names for name, (*_, names) in related(questions, before).items()} == {
        name: names for name, (*_, names) in before.items()
    }
    assert len(compared) <= 1
