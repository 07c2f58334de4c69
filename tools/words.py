"""`python -m tools.words`: write `publish/words.txt`, the words of this project's texts that pypinyin's list lacks.

A heading's line may end between two words and not inside of one (`publish/phrases.py`). pypinyin, by which the search
spells concepts, brings 47,000 words, but not those of this field; ICU's segmenter, which every Node has, finds them.
"""

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

from pypinyin.constants import PHRASES_DICT

from ingest.files import write_text
from ingest.front_matter import front_matter, strings
from ingest.guard import GIT, NO_FETCH
from ingest.model import Source

ROOT = Path(__file__).parents[1]
OFTEN = 3
SEGMENT = """
const words = new Intl.Segmenter("zh", { granularity: "word" });
const runs = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(runs.map((run) => [...words.segment(run)].map((word) => word.segment))));
"""
HEAD = "# Words of the texts here that pypinyin lacks: `python -m tools.words` writes them, Node's ICU finds them.\n"
OWN = "显存 算子 张量 词元 分词 多头 掩码 前向 大语言模型".split()  # what neither has
LITTLE = set("的了着过得吗呢吧也就都还而又把被")  # what begins or ends with one of them is rarely a word


def words() -> list[str]:
    """Words that the project's texts have some times, in headings once."""
    asked, environment = [*GIT, "ls-files", "docs", "talks"], {**os.environ, **NO_FETCH}
    listed = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
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
        front = front_matter(Source(path.name, path.read_text("utf-8")))[0]
        terms = [term for key in ("aliases", "phrases") for term in strings(front.get(key))]
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
    write_text(ROOT / "publish" / "words.txt", HEAD + "\n".join(lines) + "\n", ROOT)
