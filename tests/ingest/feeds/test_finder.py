"""Which concepts a paper is filed under when it comes: those that its title and abstract name."""

import time
from pathlib import Path

import pytest

from ingest.feeds.commands import finder
from ingest.feeds.gist import matter

PAGE = """---
title: {title}
english: {title}
aliases: [{aliases}]
group: G
summary: {summary}
---

# {title}

{summary}
"""
PAGES = {
    "dpo_loss": (
        "DPO",
        "DPO, direct preference optimization",
        "A loss on pairs of answers that needs no reward model.",
    ),
    "lora": ("LoRA", "LoRA, low-rank adaptation", "Trains a low-rank update of frozen weights."),
    "kv_cache": ("KV cache", "KV cache", "Keeps the keys and values of tokens that were read."),
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "topics").mkdir()
    for name, (title, aliases, summary) in PAGES.items():
        text = PAGE.format(title=title, aliases=aliases, summary=summary)
        (tmp_path / "topics" / f"{name}.md").write_text(text, "utf-8")
    (tmp_path / "topics" / "index.md").write_text("---\ngroups: {G: G}\n---\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("title", "abstract", "found"),
    [
        ("On Direct Preference Optimization", "", {"dpo_loss"}),
        ("Aligning models by pairs", "We extend direct preference optimization with LoRA, a low-rank adaptation of "
         "weights; direct preference optimization of a low-rank adaptation is cheap.", {"dpo_loss", "lora"}),
        ("On gardens", "We grow tomatoes.", set()),
        ("On explorations", "An exploration of floral displays.", set()),  # `lora` is in `exploration`
    ],
)  # fmt: skip
def test_a_paper_is_filed_under_what_it_names(title: str, abstract: str, found: set[str], docs: Path) -> None:
    assert set(finder(docs)(title, abstract)) == found


def test_folders_without_pages_name_nothing(tmp_path: Path) -> None:
    assert finder(tmp_path)("On LoRA", "LoRA") == ()


def test_the_longest_name_is_what_a_title_means() -> None:
    find = finder(Path(__file__).parents[3] / "docs")
    found = find("GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", "")
    assert "quantization" in found and "post_training" not in found
    assert "post_training" in find("A Survey of Post-Training of Large Language Models", "")


@pytest.mark.parametrize(
    ("abstract", "said", "beside"),
    [
        ("We propose a method. It outperforms LoRA on MMLU.", "We propose a method.", "It "),
        ("We build LoRA and achieve much. Models (BERT, GPT-2) exist.", "We build LoRA and", "Models exist."),
        ("We train it on Qwen3-8B-Instruct today.", "We train it on today.", ""),
        ("", "", ""),
    ],
)
def test_what_a_paper_was_compared_with_is_not_its_matter(abstract: str, said: str, beside: str) -> None:
    assert [" ".join(part.split()) for part in matter(abstract)] == [said.strip(), beside.strip()]


@pytest.mark.parametrize("part", ["A-", "(,", "(a,b", "A1-1.", "results a ", "on a ", "we a "])
def test_a_long_abstract_takes_no_square_of_its_length(part: str) -> None:
    began = time.process_time()
    matter(part * 20_000)
    assert time.process_time() - began < 3


def test_a_paper_whose_abstract_names_nothing_is_not_guessed_at() -> None:
    find = finder(Path(__file__).parents[3] / "docs")
    title = "Exploiting Cloze Questions for Few Shot Text Classification and Natural Language Inference"
    assert find(title, "") == ("pet",)
    assert find(title, "We grow tomatoes.") == ()
