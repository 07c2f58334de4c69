"""What letters of a page stand for: read from its front matter, said at its head, drawn in its picture."""

import re
from pathlib import Path

import pytest

from ingest.cli import main
from ingest.pipeline import Inputs, build
from tests.ingest.conftest import CONCEPT

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "topics" / "pictures"

PAGES = sorted(path.stem for path in (ROOT / "docs/topics").glob("*.md") if "\nsymbols: [" in path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("symbols", "right"),
    [
        ("[query Q q W_Q, key K]", True),
        ("[policy π pi 策略]", True),
        ("[question Q]", False),
        ("[query]", False),
        ("[query Q, key Q]", False),
        ("[query Q Q]", False),
        ('["query Q<b>"]', False),
        ("[query (Q]", False),
    ],
)
def test_symbols_are_a_role_and_names_that_no_other_role_has(source, symbols, right):
    page = CONCEPT.replace("group:", f"symbols: {symbols}\ngroup:")
    _, records, problems = build(Inputs(concepts=(source(page, "docs/topics/lora.md"),)))
    assert [(one.code, one.line) for one in problems] == ([] if right else [("T013", 5)])
    assert bool(records.concepts[0].symbols) is right


def test_head_of_a_page_says_its_symbols(project):
    path = project / "docs/topics/lora.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CONCEPT.replace("group:", "symbols: [query Q q, key K]\ngroup:"), "utf-8")
    assert main(["build", *(part for n in ("talks", "docs", "snippets") for part in (f"--{n}", str(project / n)))]) == 0
    head = (project / "docs/generated/before/lora.md").read_text("utf-8")
    assert 'data-symbols="query Q q; key K"' in head


def test_pages_of_attention_and_alignment_have_symbols():
    assert set(PAGES) >= set(
        "self_attention attention_scaling attention_mask grouped_query_attention flash_attention rope kv_cache"
        " dpo_loss ppo_loss kl_penalty grpo rlhf reward_model_loss".split()
    )


@pytest.mark.parametrize("name", [name for name in PAGES if (FOLDER / f"{name}.html").exists()])
def test_no_symbol_of_a_page_stands_in_its_picture_without_its_colour(name):
    said = re.search(r"^symbols: \[(.+)\]$", (ROOT / f"docs/topics/{name}.md").read_text("utf-8"), re.MULTILINE)
    assert said
    picture = (FOLDER / f"{name}.html").read_text("utf-8").partition("<figcaption")[0]
    for line in said[1].split(","):
        role, *names = line.split()
        for one in names:
            for text in re.findall(r"<text[^>]*>(.*?)</text>", picture):
                bare = re.sub(r'<tspan class="wiki-\w+">.*?</tspan>', "·", text)
                assert not re.search(rf"(?<![A-Za-z]){one}(?![A-Za-z])", bare), text
            for painted in re.findall(rf'<tspan class="wiki-(\w+)">{one}</tspan>', picture):
                assert painted == role
