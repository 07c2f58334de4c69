"""What can be wrong with an input, and how it is said: `path:line:col: CODE what was found; what was expected`."""

from dataclasses import dataclass

from ingest.slips.all_rules import SLIPS

ERROR, WARNING = "error", "warning"

RULES: dict[str, tuple[str, str, str, str]] = {
    # code: (severity, what was expected, the same in Chinese, what was found in Chinese)
    "F001": (ERROR, "a readable file", "能读的文件", "文件读不了"),
    "F002": (ERROR, "UTF-8 text", "UTF-8 编码的文本", "文件不是 UTF-8 编码"),
    "F003": (ERROR, "front matter that is a YAML mapping", "写成 YAML 键值的文件头", "文件头不是 YAML 键值"),
    "F004": (
        WARNING,
        "pictures in PNG, JPEG, GIF or WebP, inside the document",
        "文档里的 PNG、JPEG、GIF 或 WebP 图片",
        "有的图片没有取出来",
    ),
    "F005": (ERROR, "a note of which every letter finds a place", "每个字都有去处的笔记", "有的字会丢，所以没有写"),
    "F006": (ERROR, "an address that answers", "有回应的网址", "网址打不开"),
    "F007": (
        ERROR,
        "every letter of the document; export it again in another way, or type what is missing",
        "文档里的每个字；换一种方式导出，或者把缺的补上",
        "有的字没有读出来",
    ),
    "F008": (
        WARNING,
        "a look at what stays behind, which is private, hidden, repeated, or in no form that a note can hold",
        "看一眼没有带过来的：批注、隐藏的字、页眉页脚，或者笔记放不下的东西",
        "有的内容没有带过来",
    ),
    "F009": (
        ERROR,
        "a .docx, .pdf, .html, .md or .txt that can be read",
        "能读的 .docx、.pdf、.html、.md 或 .txt",
        "文档读不了",
    ),
    "F010": (
        ERROR,
        "a name that nothing has yet, or `--force`",
        "还没有人用的名字，或者加 `--force`",
        "已经有这个文件",
    ),
    "L001": (ERROR, "a file of at most 1 MB, of papers 16 MB", "不超过 1 MB 的文件（论文 16 MB）", "文件太大，没有读"),
    "L002": (ERROR, "at most 2,000 questions in a note", "一篇笔记里最多 2000 个问题", "问题太多，后面的没有读"),
    "L003": (
        ERROR,
        "a title of at most 1,000 letters, and at most 500 names in a note or question",
        "不超过 1000 字的标题；一篇笔记或一个问题里最多 500 个名字",
        "标题太长，或者名字太多",
    ),
    "L004": (
        WARNING,
        "text without characters that turn its direction",
        "没有改变文字方向的控制字符的文本",
        "有改变文字方向的控制字符",
    ),
    "L005": (
        ERROR,
        "at most 100,000 lines and ASCII marks like brackets in a file; in a page of docs/ 20,000, 1,000 a paragraph,"
        " 50 includes of 2 MB, tables of 20,000 cells, no 200 blanks or empty lines in a row",
        "一个文件里行数与括号之类的 ASCII 标点总共不超过 10 万；docs/ 的页面 2 万，每段 1000，引入 50 处共 2 MB，"
        "表格 2 万格，没有连续 200 个空白",
        "行与标点太多，没有读",
    ),
    "L006": (
        ERROR,
        "in front matter lists of at most 100 items, and names and titles of at most 200 letters",
        "文件头里每个列表不超过 100 项，名字与标题不超过 200 字",
        "文件头里的列表或名字太长，超出的没有读",
    ),
    "L007": (
        ERROR,
        "at most 20,000 questions, 5,000 files by hand in docs/, 2,000 of other kinds, 200 MB each, of pictures 500 MB",
        "最多 20,000 个问题，docs/ 里手写的文件 5,000 个，其余各种 2,000 个；每种 200 MB，图片 500 MB",
        "这一种文件太多，后面的没有读",
    ),
    "N001": (ERROR, "a line `【编号】：NNN`", "一行 `【编号】：NNN`", "笔记没有编号"),
    "N002": (ERROR, "a number no other note has", "别的笔记没有用过的编号", "编号和另一篇笔记相同"),
    "N003": (
        ERROR,
        "a date such as `【时间】：2023-06-10 22:00`",
        "`【时间】：2023-06-10 22:00` 这样的日期",
        "笔记没有日期",
    ),
    "N004": (
        ERROR,
        "the sections 本周新闻, 本周推荐 and Free Talk",
        "本周新闻、本周推荐、Free Talk 三个版块",
        "笔记缺少版块",
    ),
    "N005": (
        WARNING,
        "text under a section heading or in a field",
        "放在版块标题之下或字段里的文字",
        "文字不属于任何版块",
    ),
    "N006": (
        WARNING,
        "questions that begin with `Q1：`, `1.` or 问：",
        "用 `Q1：`、`1.` 或「问：」开头的问题",
        "Free Talk 里有文字，却没有问题",
    ),
    "P001": (
        ERROR,
        "one JSON record with title and url on each line",
        "每行一条有 title 与 url 的 JSON 记录",
        "有一行不是论文记录",
    ),
    "P002": (
        ERROR,
        "an RSS, Atom or JSON feed, or Hugging Face daily papers",
        "RSS、Atom、JSON Feed 或 Hugging Face 每日论文",
        "这不是订阅源",
    ),
    "P003": (WARNING, "a feed with entries", "有条目的源", "源里没有条目"),
    "P004": (WARNING, "an entry with a title and a link", "有标题和链接的条目", "有的条目缺标题或链接"),
    "P005": (WARNING, "entries with a date", "有日期的条目", "有的条目没有日期"),
    "P006": (ERROR, "a feed without entity declarations", "没有实体声明的源", "源里有实体声明"),
    "P007": (ERROR, "a source that answers", "有回应的源", "源没有取到"),
    "P008": (
        WARNING,
        "a well-formed feed in the encoding it declares",
        "格式良好、编码与声明一致的源",
        "源的格式或编码有毛病",
    ),
    "P009": (ERROR, "a name such as 2026-W47.jsonl", "2026-W47.jsonl 这样的文件名", "文件名不是一周"),
    "P010": (ERROR, "OPML 2.0 whose outlines have an xmlUrl", "outline 带 xmlUrl 的 OPML 2.0", "源的清单读不懂"),
    "P011": (WARNING, "the address that the feed has now", "源现在的地址", "源已经搬走"),
    "P012": (WARNING, "a day on which a paper can have appeared", "论文可能发表的日期", "日期不可能是真的"),
    "P013": (WARNING, "a list that is read to its end", "读到末尾的列表", "列表太长，后面的没有读"),
    "P014": (WARNING, "a source with something new", "有新内容的源", "源很久没有新的了"),
    "Q001": (ERROR, "an id no other question has", "别的问题没有用过的 id", "id 和另一个问题相同"),
    "Q002": (ERROR, "a first heading `# question`", "一级标题 `# 问题`", "没有标题"),
    "Q003": (ERROR, "a day such as `date: 2026-11-21`", "`date: 2026-11-21` 这样的日期", "日期看不懂"),
    "Q004": (WARNING, "a new question, or `duplicate_of: ID`", "新的问题，或者 `duplicate_of: ID`", "问题已经有人问过"),
    "Q005": (ERROR, "the id of another question", "另一个问题的 id", "没有它重复的那个问题"),
    "Q006": (
        ERROR,
        "a talk with 【编号】, or questions that are marked or ask",
        "有【编号】的讨论，或者有标记、有问号的问题",
        "这份文档里没有问题",
    ),
    "S001": (ERROR, "the name of a module in snippets/", "snippets/ 里某个模块的名字", "没有这个代码模块"),
    "S002": (ERROR, "Python that parses, with a docstring", "能解析、有文档字符串的 Python", "代码模块读不懂"),
    "S003": (
        ERROR,
        "code of at most 20 lines below a docstring, its notes as `# 中文 ‖ English`",
        "文档字符串下面至多 20 行代码，说明写成 `# 中文 ‖ English`",
        "要读的代码不合格式",
    ),
    "S004": (
        ERROR,
        "a docstring of two paragraphs, Chinese and English, and the regions task, answer and check",
        "两段文字（中文、英文）的文档字符串，以及 task、answer、check 三段",
        "挑战不合格式",
    ),
    "T001": (WARNING, "the name of a page in docs/topics/", "docs/topics/ 里某一页的名字", "没有这个概念"),
    "T002": (ERROR, "an alias no other topic has", "别的概念没有用过的别名", "别名属于另一个概念"),
    "T003": (
        ERROR,
        "front matter with title, english, aliases, group and summary",
        "有 title、english、aliases、group、summary 的文件头",
        "概念页的文件头不全",
    ),
    "T004": (
        ERROR,
        "topics that build on each other in one direction",
        "先读哪页只朝一个方向的 builds_on",
        "概念绕着圈互为前提",
    ),
    "T005": (
        ERROR,
        "`a = b` or `a = b -> page`, each word once and of one concept",
        "写成 `甲 = 乙` 或 `甲 = 乙 -> 页`，一个说法只写一次、只指一个概念",
        "同义词表里有一行读不懂，或者自相矛盾",
    ),
    "T006": (
        ERROR,
        "`learn`: three short lines, each something that a reader can check he knows",
        "`learn` 三条短句，每条都是读者能自己检验的事",
        "「读完你会知道」不是三条短句",
    ),
    "T007": (
        ERROR,
        "one page in each language, the English title that of `english`, and `translated: true` in the Chinese one",
        "两种语言各一页，英文页的标题就是 `english`，中文页写着 `translated: true`",
        "中文页与英文页对不上",
    ),
    "T012": (
        ERROR,
        "steps and goals with names in both languages, each concept once and after what it builds on",
        "步骤与目标有中英文名字；每个概念只写一次，写在它的前提之后",
        "学习路径的顺序不对，或者不全",
    ),
    "T013": (
        ERROR,
        "`symbols`: lines of a role (query, key, value, policy, reference, reward) and the names that have it here",
        "`symbols` 每条先写角色（query、key、value、policy、reference、reward），再写这一页里有这个角色的名字",
        "符号的角色不认识，或者一个名字有两个角色",
    ),
    "X001": (
        ERROR,
        "a file or folder of this checkout",
        "这份工作目录里真实的文件或目录",
        "这里是链接、管道或设备",
    ),
    "X002": (
        ERROR,
        "in a generated folder nothing but what builds wrote; remove it, or `make clean`",
        "生成的目录里只有构建写出的文件；请删除它，或者 `make clean`",
        "生成的目录里有别的文件",
    ),
    "X003": (
        ERROR,
        "pages, pictures in PNG, JPEG, GIF or WebP, and in docs/assets/ style sheets, scripts and fonts",
        "页面，PNG、JPEG、GIF、WebP 图片，以及 docs/assets/ 里的样式、脚本与字体",
        "这种文件不能放在 docs/ 里",
    ),
    "X004": (
        ERROR,
        "on a line of its own a part of docs/generated, docs/records or docs/topics, in a code block one of snippets",
        "独占一行，取自 docs/generated、docs/records、docs/topics；在代码块里，取自 snippets",
        "包含了不能包含的文件",
    ),
    "X005": (ERROR, "Markdown without `:::`", "没有 `:::` 的 Markdown", "手写的页面里有 `:::`"),
    "X006": (
        ERROR,
        "text that does nothing in a browser: no HTML but a few inline tags without attributes, links to the web",
        "不在读者浏览器里做事的文字：HTML 只有少数没有属性的行内标签，链接只通往网页",
        "文字里有会动作的标签、属性或地址",
    ),
    "X007": (
        ERROR,
        "the fields that the guide names, with plain text",
        "指南写明的字段，值是纯文字",
        "文件头有不认识的字段，或者值不是纯文字",
    ),
    "X008": (
        ERROR,
        "a name of characters that can be seen, in UTF-8; a text's without signs but `-`, `_`, `+`, `.`; a page's"
        " without a dot, and with an address of its own",
        "由看得见的字符组成、UTF-8 编码的文件名；文本的文件名里没有 `-`、`_`、`+`、`.` 以外的符号；"
        "页面的文件名里没有点，地址不和别的页面相同",
        "文件名里有控制字符或别的符号，或者不是 UTF-8，或者页面的地址不是它自己的",
    ),
}
RULES |= {code: (severity, en, zh, found) for code, (severity, en, zh, _, found, *_) in SLIPS.items()}


def printable(text: str) -> str:
    """A text for one line of a terminal or of a log that commands are read from: no sign in it does anything."""
    return "".join(char if char.isprintable() or char == "\u3000" else ascii(char)[1:-1] for char in text)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with an input. `line` and `column` are 1-based; 0 columns are never shown."""

    path: str
    line: int
    column: int
    code: str
    message: str

    @property
    def severity(self) -> str:
        """`error` or `warning`, as the rule says."""
        return RULES[self.code][0]

    @property
    def hint(self) -> str:
        """What was expected instead."""
        return RULES[self.code][1]

    def said(self, lang: str = "en") -> str:
        """What was found and what was expected, in `en` or `zh`; in Chinese the particulars stand in brackets."""
        if lang == "zh":
            _, _, expected, found = RULES[self.code]
            return f"{found}（{self.message}）；应为：{expected}"
        return f"{self.message}; expected {self.hint}"

    def shown(self, lang: str = "en") -> str:
        """The whole line, in `en` or `zh`."""
        return printable(f"{self.path}:{self.line}:{self.column}: {self.code} {self.said(lang)}")

    def __str__(self) -> str:
        return self.shown()
