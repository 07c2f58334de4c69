"""The page that explains every rule with an example of it broken and kept; `python -m ingest rules` prints it."""

from collections.abc import Mapping, Sequence

from ingest.invisible import TURNING
from ingest.problems import RULES
from ingest.rule_examples import EXAMPLES, KEPT_PATHS
from ingest.slips.all_rules import SLIPS

GROUPS = {
    "F": ("文件", "Files"),
    "L": ("限度", "Limits"),
    "M": ("文字的写法", "Texts"),
    "N": ("讨论笔记", "Talk notes"),
    "P": ("论文与订阅源", "Papers and feeds"),
    "Q": ("问答", "Questions and answers"),
    "S": ("代码", "Code"),
    "T": ("概念页", "Concept pages"),
    "X": ("安全", "Safety"),
}

NO_EXAMPLE = {  # what no text can show, in Chinese and English
    "F001": (
        "文件不存在、没有权限，或者是一个目录。",
        "The file does not exist, may not be read, or is a folder.",
    ),
    "F002": (
        "用 GBK 等编码保存的文件。另存为 UTF-8 即可。",
        "A file saved in GBK or the like. Save it as UTF-8.",
    ),
    "F004": (
        "`import` 一份文档时，里面有格式不认识、或者放在别处的图片。",
        "A document given to `import` has pictures in a format that is not known, or that lie elsewhere.",
    ),
    "F005": (
        "`import` 与 `fmt` 写出的笔记会比原文少字时，原文件不动。",
        "What `import` or `fmt` would write has fewer words than the original, which is left as it is.",
    ),
    "F007": (
        "`import` 一份文档时，数出来的字比笔记里的多：PDF 的字体没有 Unicode 对照表，扫描件只有图片，或者转换漏了字。",
        "A document given to `import` has more letters than the note: a PDF's fonts have no Unicode map, a scan is "
        "pictures alone, or the conversion dropped some.",
    ),
    "F008": (
        "`import` 一份文档时，批注、隐藏的字、页眉页脚、内嵌的视频不会写进笔记，每一样都列出来。",
        "Of a document given to `import`, comments, hidden text, headers and footers, and embedded videos stay out of "
        "the note; each is listed.",
    ),
    "F009": (
        "给 `import` 或 `parse` 的文件打不开、坏了、加了密码、编码认不出，或者读它要的时间和内存超过限度。",
        "What `import` or `parse` was given cannot be opened, is damaged, has a password, an encoding that cannot be "
        "told, or takes more time or memory than the limit.",
    ),
    "F010": (
        "`import` 要写的笔记或问题已经存在。",
        "The note or question that `import` would write is there already.",
    ),
    "S004": (
        "例子见 `snippets/challenges/lora.py`：三段各自以 `[start:…]`、`[end:…]` 的注释行标出，这一页不能写那样的行。",
        "See `snippets/challenges/lora.py`: its three regions stand between comments of the form `[start:…]` and "
        "`[end:…]`, which this page may not hold.",
    ),
    "Q006": (
        "`import` 一篇文章：既不是讨论笔记，标题和正文也没有问出问题。",
        "An article given to `import`: it is no note of a talk, and neither its title nor its text asks anything.",
    ),
    "F006": (
        "`links` 逐个去问笔记、问答与概念页里的网址：没有这个域名、连不上，或者回答 404 之类的错误。",
        "`links` asks the addresses in notes, questions and concept pages one by one: this one has no such host, "
        "cannot be reached, or answers with an error such as 404.",
    ),
    "L001": (
        "超过限度的文件不读，其余的照常生成。把它拆开。",
        "A file beyond the limit is left out, and the rest is built. Divide it.",
    ),
    "L002": (
        "第 2001 个问题起不读。把笔记拆成几篇。",
        "From the 2,001st question on nothing is read. Divide the note.",
    ),
    "L003": (
        "太长的标题在 1000 字处截断，整句放到正文最前面；第 501 个名字起不列。",
        "A longer title is cut, and stands whole at the beginning of the text; from the 501st name on none is listed.",
    ),
    "L005": (
        "几十万个单元格的表格、几十万行的列表。这样的文件不读，其余的照常生成。把它拆开。",
        "A table of some hundred thousand cells, or a list of as many lines. Such a file is left out, and the rest is "
        "built. Divide it.",
    ),
    "L006": (
        "`topics` 从第 101 项起不读；列表、名字或标题太长的概念页不算概念。",
        "From the 101st item on `topics` are not read; a concept page with a longer list, name or title is no concept.",
    ),
    "L007": (
        "按文件名排在后面的不读，其余的照常生成。",
        "What comes later in the order of names is left out, and the rest is built.",
    ),
    "X001": (
        "`docs/people` 或者 `talks/questions/new.md` 是符号链接、管道、套接字或设备：它可能通往别处，所以从不打开。",
        "`docs/people`, or `talks/questions/new.md`, is a symbolic link, a FIFO, a socket or a device: it could lead "
        "anywhere, so it is never opened.",
    ),
    "X002": (
        "`docs/qa/` 里有一个不是构建写出的文件。构建只删自己写过的，所以留着它，也不发布。",
        "There is a file in `docs/qa/` that no build wrote. A build removes only what it wrote, so the file stays, and "
        "nothing is published.",
    ),
    "X004": (
        "概念页用 `8<` 的写法包含了 `.git/config`、上级目录里的文件，或者一个网址。",
        "A concept page includes, by the mark with `8<`, `.git/config`, a file above the project, or an address.",
    ),
    "X008": (
        "文件名里有换行、方向控制字符、`&` 或引号，或者是 GBK 编码的；`lora.md`、`LoRA.md`、"
        "`lora/index.md` 会争同一个地址。改名即可。",
        "There is a line end, a character that turns the direction, an `&` or a quote in the name, or it is in GBK;"
        " `lora.md`, `LoRA.md` and `lora/index.md` want one address. Rename the file.",
    ),
    "P007": (
        "`fetch` 时源不存在、超时，或者返回了错误。",
        "During `fetch` the source was not there, took too long, or answered with an error.",
    ),
    "P013": (
        "`fetch` 读一个分页的列表，读了三十页还没有完。把 `talks/feeds.opml` 里的查询写窄一些。",
        "`fetch` read thirty pages of a list, and there are more. Make the query in `talks/feeds.opml` narrower.",
    ),
    "P014": (
        "每天更新的源已经好几天没有新的条目：它停了，或者给的是旧的一份。",
        "A source of every day has had nothing new for days: it stopped, or serves an old copy.",
    ),
    "P011": (
        "`fetch` 时源给出了永久的重定向。把 `talks/feeds.opml` 里的地址改掉。",
        "During `fetch` the source redirected for good. Put the new address into `talks/feeds.opml`.",
    ),
}
NO_EXAMPLE |= {code: (zh, en) for code, (*_, place, en, zh) in SLIPS.items() if not place}
FOUND = {  # what was found, in English; in Chinese it is part of the rule
    "F001": "the file cannot be read",
    "F002": "the file is not UTF-8",
    "F003": "the front matter is no YAML mapping",
    "F004": "some pictures were not taken out",
    "F005": "words would be lost, so nothing was written",
    "F006": "the address does not open",
    "F007": "some letters were not read",
    "F008": "something stayed behind on purpose",
    "F009": "the document cannot be read",
    "F010": "the file exists already",
    "L001": "the file is too large and was not read",
    "L002": "there are too many questions; the last ones were not read",
    "L003": "a title is too long, or there are too many names",
    "L004": "some characters turn the direction of the text",
    "L005": "too many lines and marks; the file was not read",
    "L006": "a list or a name in front matter is too long",
    "L007": "too many files of a kind; the last ones were not read",
    "N001": "the note has no number",
    "N002": "another note has the same number",
    "N003": "the note has no date",
    "N004": "the note lacks a section",
    "N005": "text that belongs to no section",
    "N006": "text under Free Talk, and no question",
    "P001": "a line is no record of a paper",
    "P002": "this is no feed",
    "P003": "the feed has no entries",
    "P004": "an entry lacks a title or a link",
    "P005": "an entry has no date",
    "P006": "the feed declares entities",
    "P007": "the source could not be fetched",
    "P008": "the feed's form or encoding is faulty",
    "P009": "the file name is no week",
    "P010": "the list of sources makes no sense",
    "P011": "the source has moved",
    "P012": "the day cannot be true",
    "P013": "the list is too long; its end was not read",
    "P014": "the source has had nothing new for long",
    "Q001": "another question has the same id",
    "Q002": "there is no title",
    "Q003": "the date makes no sense",
    "Q004": "somebody asked this before",
    "Q005": "the question it repeats does not exist",
    "Q006": "there is no question in the document",
    "S001": "there is no such code module",
    "S002": "the code module cannot be read",
    "S003": "the code to read is not in its form",
    "S004": "a challenge is not in its form",
    "T001": "there is no such concept",
    "T002": "the alias belongs to another concept",
    "T003": "a concept page's front matter is incomplete",
    "T004": "concepts build on each other in a circle",
    "T013": "a symbol with an unknown role, or with two",
    "T012": "the path is incomplete, or out of order",
    "T005": "a line of synonyms makes no sense, or speaks against another",
    "T006": "what one will know is not three short lines",
    "T007": "the Chinese and the English page do not belong together",
    "X001": "a link, a FIFO or a device",
    "X002": "a strange file in a generated folder",
    "X003": "this kind of file may not be in docs/",
    "X004": "a page includes what it may not",
    "X005": "a hand-written page has `:::`",
    "X006": "markup, attributes or addresses that act",
    "X007": "a field is not known, or is no plain text",
    "X008": "a file name with control characters or signs, or not in UTF-8, or a page without an address of its own",
}
FOUND |= {code: found for code, (_, _, _, found, *_) in SLIPS.items()}
WORDS = {
    "zh": {
        "title": "检查的规则",
        "colon": "：",
        "error": "错误",
        "warning": "警告",
        "expected": "{}。应为：{}。",
        "broken": "错（`{}`）：",
        "kept": "对（`{}`）：",
        "intro": (
            "`python -m ingest check` 一次列出所有文件的所有问题，每个一行：`文件:行:列: 编号 发现了什么；应为：什么`。"
            "加 `--lang zh` 用中文说，`--format github` 写成 GitHub 的标注，`--format json` 给程序读，"
            "`--fix` 先改掉可以放心改的写法。有「错误」时退出码是 1，只有「警告」时是 0。",
            "这一页由 `python -m ingest rules` 从规则生成。"
            "测试把每个例子都交给检查器：错的例子得到这个编号，对的例子不会。",
        ),
    },
    "en": {
        "title": "Rules of the checker",
        "colon": ": ",
        "error": "Error",
        "warning": "Warning",
        "expected": "{}. Expected: {}.",
        "broken": "Broken (`{}`):",
        "kept": "Kept (`{}`):",
        "intro": (
            "`python -m ingest check` lists every problem of every file at once, one a line: "
            "`file:line:column: CODE what was found; expected what should be there`. `--lang zh` says it in Chinese, "
            "`--format github` as annotations for GitHub, `--format json` for programs, and `--fix` first mends what "
            "can safely be mended. With errors the exit code is 1, with warnings alone it is 0.",
            "This page is made from the rules by `python -m ingest rules --lang en`. Tests give every example to the "
            "checker: a broken one gets this code, a kept one does not.",
        ),
    },
}


def rules_page(lang: str = "zh") -> str:
    """The Markdown of docs/guide/rules.md, or of docs/en/guide/rules.md."""
    words, english = WORDS[lang], lang == "en"
    head = "" if english else "translated: true\n"  # there is such a page in English
    parts = [f"---\ntitle: {words['title']}\n{head}---", f"# {words['title']}", *words["intro"]]
    for letter, groups in GROUPS.items():
        parts.append(f"## {groups[english]}")
        for code in (code for code in RULES if code.startswith(letter)):
            severity, *expected, found = RULES[code]
            parts.append(f"### {code}{words['colon']}{FOUND[code] if english else found}")
            parts.append(str(words["expected"]).format(words[severity], expected[not english]))
            parts += _example(code, words) if code in EXAMPLES else [NO_EXAMPLE[code][english]]
    return "\n\n".join(parts) + "\n"


def _example(code: str, words: Mapping[str, str | Sequence[str]]) -> list[str]:
    path, broken, kept = EXAMPLES[code]
    broken = TURNING.sub(lambda found: f"‹U+{ord(found[0]):04X}›", broken)
    shown = [("broken", path, broken), ("kept", KEPT_PATHS.get(code, path), kept)]
    return [f"{str(words[mark]).format(place)}\n\n````{{ .text }}\n{text}````" for mark, place, text in shown]
