"""The table of words that mean the same."""

import pytest

from ingest.model import Concept, Source
from ingest.synonyms import check_synonyms, parse_synonyms

CONCEPTS = [
    Concept("lora", "LoRA", ("LoRA", "低秩适配"), "组", "一句", "", False, "docs/topics/lora.md"),
    Concept("rope", "RoPE", ("RoPE",), "组", "一句", "", False, "docs/topics/rope.md"),
]


def problems_of(text):
    entries, problems = parse_synonyms([Source("talks/synonyms.txt", text)])
    found = [*problems, *check_synonyms(entries, CONCEPTS, ["rank"])]
    return [(problem.line, problem.code) for problem in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# 备注\n\n重复 = 复读机\n显存不够 -> lora, qa/rank\nLoRA = 低秩微调\n", []),
        ("重复\n", [(1, "T005")]),
        ("重复 = \n", [(1, "T005")]),
        ("重复 = 复读 ->\n", [(1, "T005")]),
        ("重复 = 复读机\n循环 = 复读机\n", [(2, "T005")]),
        ("LoRA = RoPE\n", [(1, "T005")]),
        ("重复 -> nowhere qa/nothing\n", [(1, "T001"), (1, "T001")]),
        ("重复 = 复读\n" + " = ".join(map(str, range(101))), [(2, "L006")]),
        (f"重复 = {'字' * 201}\n", [(1, "L006")]),
        ("".join(f"a{at} = b{at}\n" for at in range(3_000)), [(2_501, "L006")]),
    ],
)
def test_line_is_read_or_said_to_make_no_sense(text, found):
    assert problems_of(text) == found
