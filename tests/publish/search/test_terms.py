"""How texts are cut, by Python for the index and by JavaScript for queries."""

import json
import subprocess

import pytest

from ingest.model import Concept, Source
from ingest.synonyms import parse_synonyms
from publish.search import SCRIPTS
from publish.search.ask import node
from publish.search.documents import Document
from publish.search.levels import levels
from publish.search.names import Names
from publish.search.pinyin import spelled
from publish.search.terms import narrow, subject, terms
from publish.search.text import Section
from tests.ingest.test_growth import grows_too_fast
from tests.publish.search.conftest import SYNONYMS


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("位置编码", ["位置", "置编", "编码", "码"]),
        ("熵", ["熵"]),
        ("用LoRA微调", ["用", "lora", "lo", "ra", "微调", "调"]),
        ("後來", ["后来", "来"]),
        ("top_p", ["topp", "top", "p"]),
        ("KV-Cache", ["kvcache", "kv", "cache"]),
        ("LLM.int8()", ["llmint8", "llm", "int8"]),
        ("bf16 loss", ["bf16", "loss"]),
        ("Ｔｏｐ－Ｋ", ["topk", "top", "k"]),
    ],
)
def test_text_becomes_pairs_and_folded_words(text, wanted):
    assert list(terms(narrow(text))) == wanted


@pytest.mark.parametrize(
    ("title", "about"),
    [
        ("什么是 LoRA？", ["lora"]),
        ("LoRA 和 Adapter 有什么区别？", ["lora", "adapter"]),
        ("How does the KV cache work?", ["kv", "cache"]),
        ("怎么办", ["怎么", "么办", "办"]),  # nothing else would be left
    ],
)
def test_words_that_ask_say_nothing_of_a_subject(title, about):
    assert subject(narrow(title)) == about


TEXTS = [
    "Top_p采样 与 KV-Cache",
    "位置編碼，ＲｏＰＥ",
    "请问为什么 attention 要除以根号 d？",
    "a.b-c_d 3.5 é ß ½",
    "𠀀𠀁 二〇二六々",
    "",
]
CUT = """
const { tokens, narrow, withoutAsking, isHan, setForms } = await import(process.argv[1]);
setForms(["編碼", "编码"]);
const texts = JSON.parse(process.argv[2]);
const cut = (token) => [token, isHan(token) ? withoutAsking(token) : []];
console.log(JSON.stringify(texts.map((text) => tokens(narrow(text)).map(cut))));
"""


def test_javascript_cuts_as_python_does(tmp_path):
    from publish.search.terms import ASKING, JOINING, TOKEN

    for script in SCRIPTS.glob("*.js"):
        (tmp_path / script.name).write_bytes(script.read_bytes())
    (tmp_path / "package.json").write_text('{"type": "module"}')
    command = [*node(), "--input-type=module", "-e", CUT, (tmp_path / "words.js").as_uri(), json.dumps(TEXTS)]
    cut = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    for text, theirs in zip(TEXTS, cut, strict=True):
        ours = []
        for token in TOKEN.finditer(narrow(text)):
            pieces = ASKING.sub(" ", token[0]).split() if token["han"] else []
            ours.append([token[0], [piece for piece in pieces if not (len(piece) == 1 and piece in JOINING)]])
        assert theirs == ours


def names_of(*aliases: tuple[str, list[str]]) -> Names:
    concepts = [
        Concept(name, own[0], tuple(own), "组", "一句", "", False, f"{name}.md", (), own[0]) for name, own in aliases
    ]
    synonyms, problems = parse_synonyms([Source("talks/synonyms.txt", SYNONYMS)])
    assert problems == []
    return Names(concepts, synonyms)


@pytest.mark.slow
def test_words_that_mean_the_same_are_read_in_linear_time():
    def read(text: str) -> Names:
        return Names([], parse_synonyms([Source("talks/synonyms.txt", text)])[0])

    assert not grows_too_fast(read, lambda size: "".join(f"字 = 词{at}\n" for at in range(size // 8)))


NAMES = names_of(
    ("reward", ["奖励模型", "reward model"]),
    ("positions", ["位置编码"]),
    ("rope", ["旋转位置编码", "RoPE"]),
    ("clip", ["CLIP"]),
    ("flash", ["FlashAttention"]),
    ("penalty", ["重复惩罚"]),
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("旋转位置编码", ["rope"]),
        ("位置编码与 RoPE", ["positions", "rope"]),
        ("flash-attention, Flash Attention, FlashAttention", ["flash"] * 3),
        ("用 RM 打分，两个 reward models", ["reward", "reward"]),
        ("europe", []),
        ("clip the ratio", []),
        ("CLIP", ["clip"]),
        ("复读机", ["重复"]),
        ("重复惩罚", ["penalty", "重复"]),
    ],
)
def test_longest_name_counts_however_it_is_written(text, found):
    assert [sense for sense, _ in NAMES.find(narrow(text))] == found


@pytest.mark.parametrize("names", [["LLaMA", "Llama 2", "Llama 2 Chat"], ["Llama 2 Chat", "Llama 2", "LLaMA"]])
def test_longest_name_counts_in_whatever_order_concepts_come_and_case_parts_words(names):
    """LLaMA is no `L La MA`, whose blanks made it as long as Llama 2."""
    known = names_of(*((name, [name]) for name in names))
    said = "LLaMA, Llama 2 and Llama 2 Chat"
    assert [sense for sense, _ in known.find(said)] == ["LLaMA", "Llama 2", "Llama 2 Chat"]
    script = """import { Matcher } from "./words.js";
    console.log(JSON.stringify(new Matcher(JSON.parse(process.argv[1])).find(process.argv[2]).map(({ id }) => id)))"""
    senses = json.dumps([[sense.id, sense.names] for sense in known.senses if sense.page])
    command = [*node(), "--input-type=module", "--eval", script, senses, said.lower()]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, encoding="utf-8", check=True)
    assert json.loads(done.stdout) == ["LLaMA", "Llama 2", "Llama 2 Chat"]


def test_level_tells_code_from_text_from_title():
    document = Document(
        "question", "qa/x/", "怎样选秩", sections=[Section("", "", "显存" * 3 + "够用", "import torch")]
    )
    found = levels(document, NAMES)
    assert found["torch"] == 0
    assert 1 <= found["够用"] < found["显存"] < 8
    assert found["选秩"] == 15


def test_concepts_are_spelled_in_full_and_in_initials():
    assert spelled(["位置编码", "RoPE", "低秩适配 x"]) == ["weizhibianma", "wzbm"]
