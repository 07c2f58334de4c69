"""The rules of the ranking, each where another rule would answer otherwise."""

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.tree import Tree
from publish.search import SCRIPTS
from publish.search.ask import answers, node
from publish.search.documents import Document
from publish.search.index import build
from publish.search.levels import levels
from publish.search.names import Names
from publish.search.text import Section
from tests.publish.search.conftest import question, write

PLAN = """
import { readFile } from "node:fs/promises";
import { Reader } from "./reader.js";
import { Finder } from "./find.js";
const [index, ...queries] = process.argv.slice(2);
const finder = await Finder.of(await Reader.open((name) => readFile(`${index}/${name}`)));
for (const query of queries) {
  const { units, hints } = await finder.plan(query);
  const { hits } = await finder.find(query);
  console.log(JSON.stringify({
    units: units.map(({ text, sense, page }) => [text.trim(), sense, page]), hints: [...hints.values()],
    against: units.filter(({ against }) => against).map(({ sense }) => sense),
    scores: hits.map(({ document, score }) => [document, score]),
  }));
}
"""
Plan = dict[str, Any]


@pytest.fixture
def planned(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[Plan]]:
    """What the ranking makes of queries: units (text, sense, whether it has a page), shares of hints, scores."""
    build(Tree(project))
    modules = tmp_path_factory.mktemp("modules")
    for script in SCRIPTS.glob("*.js"):
        shutil.copy(script, modules)
    (modules / "package.json").write_text('{"type": "module"}', "utf-8")
    (modules / "plan.js").write_text(PLAN, "utf-8")

    def plan(*queries: str) -> list[Plan]:
        command = [*node(), str(modules / "plan.js"), str(project / "site" / "search"), *queries]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return plan


def first(root: Path, query: str, *records: str) -> str:
    """The first page that answers, of these questions and the project's concepts."""
    write(root)
    (root / "docs" / "generated" / "search.jsonl").write_text("".join(records), "utf-8")
    (root / "talks" / "synonyms.txt").write_text("啰嗦 = wordy\n", "utf-8")
    build(Tree(root))
    return next(answers([query], root / "site"))[0]


def test_concept_named_twice_counts_once(planned):
    once, twice = planned("LoRA 显存", "LoRA 显存 lora")
    assert once == twice
    assert [unit for unit in once["units"] if unit[2]] == [["LoRA", "lora", True]]


def test_other_name_of_a_concept_is_but_its_words(planned):
    """Where top-k and top-p are names of one page, who asks for both asks more than for the page."""
    (plan,) = planned("LoRA 低秩适配")
    assert plan["units"] == [["LoRA", "lora", True], ["低秩适配", "", False]]


def test_particle_inside_of_a_name_is_no_end_of_it(planned):
    within, after = planned("旋转后的位置编码", "低秩适配的层数")
    assert within["units"] == [["旋转后的位置编码", "rope", True]]
    assert after["units"] == [["低秩适配", "lora", True], ["层数", "", False]]


def test_hint_counts_by_its_share_of_the_query(planned):
    whole, half, question = planned("复读机", "复读机 占显存", "复读机怎么办？")
    assert whole["hints"] == question["hints"] == [1]
    assert 0 < half["hints"][0] <= 0.5
    [(helps, alone), (other, asked)] = whole["scores"][-1], question["scores"][-1]
    assert helps == other and asked > alone + 0.1  # who asks so, and of nothing else, wants that page


def test_what_is_compared_with_counts_less_than_what_is_asked_of(planned):
    """`A 比 B` and `与 B 相比，A` ask of A; who compares the two asks of both."""
    asked = ["LoRA 相比 RoPE 好在哪", "与 RoPE 相比，LoRA 好在哪", "LoRA 比 RoPE 好在哪", "LoRA compared with RoPE"]
    *ones, equal = planned(*asked, "对比 LoRA 和 RoPE")
    assert [plan["against"] for plan in ones] == [["rope"]] * 4 and equal["against"] == []
    one, other = (plan["scores"][0][0] for plan in planned("LoRA 比 RoPE 好在哪", "RoPE 比 LoRA 好在哪"))
    assert one != other


def test_hints_of_what_overlaps_and_of_what_is_said_in_passing(tmp_path):
    """推理性能 begins within 大模型推理; of 大模型 one asks only where one asks of nothing else."""
    write(tmp_path)
    table = "大模型推理 = llminfer -> rope\n推理性能 = perfnum -> reward\n大模型 = LLM -> lora\n"
    (tmp_path / "talks" / "synonyms.txt").write_text(table, "utf-8")
    build(Tree(tmp_path))
    asked = ["大模型推理性能", "简单介绍一下大模型（LLM）", "介绍一下大模型", "大模型的位置编码是什么"]
    both, *alone, passing = answers(asked, tmp_path / "site")
    assert both == ["topics/reward/", "topics/rope/"]
    assert alone == [["topics/lora/"]] * 2 and passing == ["topics/rope/"]


def test_phrase_that_is_another_concepts_name_leads_to_that_one_alone(tmp_path):
    """One page's phrase may be another's name since that was written."""
    write(tmp_path)
    page = tmp_path / "docs" / "topics" / "lora.md"
    page.write_text(page.read_text("utf-8").replace("group:", "phrases: [打分模型, 奖励模型, 省显存]\ngroup:"), "utf-8")
    build(Tree(tmp_path))
    [names] = (tmp_path / "site" / "search").glob("names-*.bin")
    hints = json.loads(gzip.decompress(names.read_bytes()))["hints"]
    said = [word for words, _ in hints for word in words.split("=")]
    assert "省显存" in said and not {"奖励模型", "打分模型"} & {*said}


def test_words_that_a_run_joins_count_and_not_what_lies_between_them(tmp_path):
    both = question("both", "甲", "这里的文本由模型生成。")
    between = question("between", "乙", "日本生意。")  # 本生, which few say, means nothing in 文本生成
    others = [question(f"o{n}", f"丙{n}", "文本。" if n % 2 else "生成。") for n in range(40)]
    assert first(tmp_path, "文本生成怎么做", both, between, *others) == "qa/both/"


def test_whole_identifier_counts_beside_the_name_in_it(tmp_path):
    own = question("own", "LongLoRA 与 ReLoRA 改了什么？", "移位的注意力。", topics=[])
    others = [question(f"o{n}", f"别的{n}", "Long LoRA。" if n % 2 else "无关。") for n in range(400)]
    assert first(tmp_path, "LongLoRA 的思路是什么", own, *others) == "qa/own/"


def test_rare_word_that_is_no_concept_outweighs_no_concept(tmp_path):
    said = question("said", "回答啰嗦", "别处没有人说。", topics=[])
    others = [question(f"o{n}", f"别的{n}", "LoRA。" if n % 2 else "无关。", topics=[]) for n in range(1000)]
    assert first(tmp_path, "LoRA wordy", said, *others) == "topics/lora/"


def test_english_line_of_a_question_is_its_english_title(tmp_path):
    both = question("both", "熵是什么？", "不确定的程度。", asked="What does entropy measure?\n\n想知道。", topics=[])
    passing = question("passing", "别的？", "entropy measure entropy measure entropy measure.", topics=[])
    assert first(tmp_path, "what does entropy measure", passing, both) == "qa/both/"


def test_line_or_two_is_no_more_about_a_word_than_a_paragraph():
    names = Names([], [])

    def level(words: int) -> int:
        text = "显存，显存，显存" + "，无关" * (words - 3)
        return levels(Document("question", "qa/x/", "题", sections=[Section("", "", text)]), names)["显存"]

    assert level(3) == level(40) > level(600)


def test_code_counts_where_code_is_asked_for_and_hardly_otherwise(tmp_path):
    code = question("code", "怎么攒？", "```python\nloss.backward()\noptimizer.zero_grad()\ntopk = 1\n```", topics=[])
    others = [question(f"o{n}", f"题{n}", "无关。" if n else "显存不够。", topics=[]) for n in range(30)]
    assert first(tmp_path, "zero_grad 与显存", code, *others) == "qa/code/"
    assert next(answers(["topk 与显存"], tmp_path / "site"))[0] != "qa/code/"


def test_parts_of_a_name_far_apart_are_not_that_name(tmp_path):
    apart = question("apart", "甲", "This model is large. No reward for that.", topics=[])
    whole = question("whole", "乙", "A reward model.", topics=[])
    assert first(tmp_path, "RewardModel", apart, whole) == "topics/reward/"
    assert next(answers(["RewardModel"], tmp_path / "site")) == ["topics/reward/", "qa/whole/"]


def test_pairs_of_a_long_chinese_name_apart_are_not_that_name(tmp_path):
    apart = question("apart", "甲", "旋转位置与别的不同。这里用的位置编码另有来历。", topics=[])
    whole = question("whole", "乙", "这里用的是旋转位置编码。", topics=[])
    first(tmp_path, "旋转位置编码", apart, whole)
    assert next(answers(["旋转位置编码"], tmp_path / "site")) == ["topics/rope/", "qa/whole/"]


def test_short_beginning_of_a_word_is_not_that_of_another(tmp_path):
    other = question("other", "甲", "A scalar.", topics=[])
    form = question("form", "乙", "It was scaled.", topics=[])
    assert first(tmp_path, "scaling", other, form) == "qa/form/"
    assert next(answers(["scaling"], tmp_path / "site")) == ["qa/form/"]
