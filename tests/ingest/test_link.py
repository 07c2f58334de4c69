"""Topics everywhere, and related questions."""

from ingest.link import link
from ingest.model import Answer, Concept, Paper, Question, Week
from ingest.wiki import Records

LORA = Concept("lora", "LoRA：低秩适配", ("LoRA", "低秩适配"), "微调", "", "", False, "docs/topics/lora.md")
ROPE = Concept("rope", "RoPE", ("RoPE", "旋转位置编码"), "位置编码", "", "", False, "docs/topics/rope.md")


def question(name, title, *concepts, answer="答"):
    return Question(name, title, "", "", (Answer(answer, "", 1),), f"talks/questions/{name}.md", 1, topics=concepts)


def test_declared_concepts_come_first_then_those_the_title_names():
    [linked] = link(
        Records(questions=(question("a", "旋转位置编码怎么用？", "lora"),), concepts=(LORA, ROPE))
    ).records.questions
    assert linked.topics == ("lora", "rope")


def test_answer_speaks_only_where_the_question_names_nothing():
    asked = (question("a", "怎么省显存？", answer="用 LoRA"), question("b", "RoPE 怎么用？", answer="用 LoRA"))
    linked = link(Records(questions=asked, concepts=(LORA, ROPE))).records.questions
    assert [q.topics for q in linked] == [("lora",), ("rope",)]


def test_unknown_concept_is_left_out():
    [linked] = link(Records(questions=(question("a", "甲？", "nowhere"),), concepts=(LORA,))).records.questions
    assert linked.topics == ()


def test_paper_gets_its_concepts_from_its_title():
    week = Week("2024-W09", (Paper("url:1", "A Study of LoRA", "https://example.org/1"),))
    assert link(Records(weeks=(week,), concepts=(LORA,))).records.weeks[0].papers[0].topics == ("lora",)


def test_most_alike_questions_come_first_and_never_the_question_itself():
    asked = (
        question("merge", "LoRA 合并之后还能拆开吗？", "lora"),
        question("unmerge", "LoRA 合并以后怎样拆开？", "lora"),
        question("rank", "LoRA 的秩取多大？", "lora"),
        question("beam", "束搜索为什么慢？"),
        question("beams", "束搜索要几个束？"),
    )
    found = link(Records(questions=asked, concepts=(LORA,))).related
    assert found["merge"][0] == "unmerge"
    assert "beam" not in found["merge"]
    assert found["beam"] == ("beams",)
    assert all(name not in alike for name, alike in found.items())


def test_question_is_most_alike_those_whose_main_concept_it_shares():
    asked = (
        question("asked", "甲？", "lora", "rope"),
        question("aside", "乙？", "rope", "lora"),
        question("main", "丙？", "lora", "rope"),
        question("other", "丁？"),
    )
    assert link(Records(questions=asked, concepts=(LORA, ROPE))).related["asked"] == ("main", "aside")


def test_related_questions_do_not_depend_on_the_order_of_the_input():
    kinds = ("茶壶", "雨伞", "沙发", "台灯", "书架")
    asked = tuple(question(f"q{n}", f"{kinds[n % 5]}怎样选，细节 {n}？", "lora") for n in range(40))
    forward = link(Records(questions=asked, concepts=(LORA,))).related
    backward = link(Records(questions=asked[::-1], concepts=(LORA,))).related
    assert {name: set(names) for name, names in backward.items()} == {
        name: set(names) for name, names in forward.items()
    }
    assert all(1 <= len(names) <= 5 for names in forward.values())


def test_related_questions_are_not_filled_up_with_unrelated_ones():
    asked = (
        question("merge", "LoRA 合并之后还能拆开吗？", "lora"),
        question("unmerge", "LoRA 合并以后怎样拆开？", "lora"),
        *(question(f"other{n}", f"{word}怎样选购？") for n, word in enumerate(("茶壶", "雨伞", "沙发", "台灯"))),
        question("alone", "鲸鱼为什么唱歌？"),
    )
    found = link(Records(questions=asked, concepts=(LORA,))).related
    assert found["merge"] == ("unmerge",)
    assert found["alone"] == ()


def test_related_questions_are_found_by_what_their_answers_say():
    asked = (
        question("a", "甲怎么办？", answer="把路由器的天线竖起来，信号就好了"),
        question("b", "乙怎么办？", answer="信号差的时候先看路由器的天线"),
        question("c", "丙怎么办？", answer="多喝水，早点睡"),
        question("d", "丁怎么办？", answer="先关电源，再换灯泡"),
    )
    found = link(Records(questions=asked)).related
    assert (found["a"], found["b"], found["c"]) == (("b",), ("a",), ())


def test_topic_may_be_written_by_any_name_of_the_concept():
    [linked] = link(
        Records(questions=(question("a", "甲？", "低秩适配", "ROPE"),), concepts=(LORA, ROPE))
    ).records.questions
    assert linked.topics == ("lora", "rope")
