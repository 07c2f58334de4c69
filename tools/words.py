"""`python -m tools.words`: write `publish/words.txt`, the words of this project's texts that pypinyin's list lacks.

A heading's line may end between two words and not inside of one (`publish/phrases.py`). pypinyin, by which the search
spells concepts, brings 47,000 words, but not those of this field; ICU's segmenter, which every Node has, finds them.
"""

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import yaml
from pypinyin.constants import PHRASES_DICT

ROOT = Path(__file__).parents[1]
OFTEN = 3
SEGMENT = """
const words = new Intl.Segmenter("zh", { granularity: "word" });
const runs = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(runs.map((run) => [...words.segment(run)].map((word) => word.segment))));
"""
HEAD = "# Words of the texts here that pypinyin lacks: `python -m tools.words` writes them, Node's ICU finds them.\n"
OWN = "显存 算子 张量 词元 分词 多头 掩码 大语言模型".split()  # what neither has
LITTLE = set("的了着过吗呢吧也就都还而又把被")  # what begins or ends with one of them is rarely a word


def words() -> list[str]:
    """Words that the project's texts have some times, in headings once."""
    listed = subprocess.run(["git", "ls-files", "docs", "talks"], cwd=ROOT, capture_output=True, text=True, check=True)
    texts = [(ROOT / name).read_text("utf-8") for name in listed.stdout.splitlines() if name.endswith(".md")]
    lines = [line for text in texts for line in text.splitlines()]
    runs = [(run, OFTEN if line.startswith("#") else 1) for line in lines for run in re.findall("[㐀-鿿]{2,}", line)]
    done = subprocess.run(
        ["node", "-e", SEGMENT], input=json.dumps([run for run, _ in runs]), capture_output=True, text=True, check=True
    )
    counts: Counter[str] = Counter()
    for (_, weight), found in zip(runs, json.loads(done.stdout), strict=True):
        for word in found:
            counts[word] += weight
    for path in sorted((ROOT / "docs" / "topics").glob("*.md")):  # what ICU does not know: the field's own terms
        front = yaml.safe_load(path.read_text("utf-8").split("---\n")[1])
        terms = [term for key in ("aliases", "phrases") for term in front.get(key, ())]
        counts.update({term: OFTEN for term in terms if re.fullmatch("[㐀-鿿]{2,4}", term)})
    counts.update(dict.fromkeys(OWN, OFTEN))
    return sorted(
        word
        for word, count in counts.items()
        if count >= OFTEN and 1 < len(word) < 6 and word not in PHRASES_DICT and not LITTLE & {word[0], word[-1]}
    )


if __name__ == "__main__":
    found = words()
    lines = [" ".join(found[at : at + 24]) for at in range(0, len(found), 24)]
    (ROOT / "publish" / "words.txt").write_text(HEAD + "\n".join(lines) + "\n", "utf-8")
