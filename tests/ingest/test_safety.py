"""Text is data: what a page, a drawing or a docstring may not say, at its place; and what it may."""

from pathlib import Path

import pytest

from ingest.cli import main
from ingest.guard import Looked, before_pages, digest
from ingest.model import Source
from ingest.safety import check_drawing, check_page, check_snippet
from tests.ingest.test_pictures import head, png

ROOT = Path(__file__).parents[2]
HEAD = "---\ntitle: T\n---\n\n"


def told(text, check=check_page, path="docs/guide/x.md"):
    return [(problem.line, problem.column, problem.code) for problem in check(Source(path, text))]


INCLUDES = [
    '--8<-- ".git/config"',
    '--8<-- "../../secret.md"',
    '--8<-- "/etc/passwd"',
    '--8<-- "generated/../../.git/config"',
    '--8<-- "https://example.org/x.md"',
    '--8<-- "README.md"',
    '--8<-- "guide/notes.md"',
    '--8<-- "topics/lora.md"',  # whole, with a fence that it may leave open
    '--8<-- "lora.py:core"',  # code as Markdown
    "--8<-- 'generated/topics/lora.md'",
    '-8<- ".git/config"',
    '---8<--- ".git/config"',
    ';--8<-- ".git/config"',
    '  --8<-- ".git/config:1:5"',
    'text --8<-- ".git/config"',
    '> --8<-- ".git/config"',
    "--8<--\n.git/config\n--8<--",
    '```\n--8<-- ".git/config"\n```',
    '`--8<-- ".git/config"`',
    "<!-- --8<-- [start:../x] -->",
]


@pytest.mark.parametrize("text", INCLUDES)
def test_page_includes_nothing_but_parts_of_the_site(text):
    codes = {code for _, _, code in told(HEAD + text)}
    assert "X004" in codes and told(HEAD + text)[0][0] >= 5


@pytest.mark.parametrize(
    "text",
    [
        '--8<-- "generated/topics/lora.md"',
        '--8<-- "records/index.en.md"',
        '    --8<-- "topics/lora.md:example"',
        '--8<-- "topics/pictures/lora.html"',
        '--8<-- "topics/thumbnails/lora.html"',
        '``` { .python }\n--8<-- "lora.py:core"\n```',
        "<!-- --8<-- [start:example] -->\n\n```\nx\n```\n\n<!-- --8<-- [end:example] -->",
    ],
)
def test_parts_of_the_site_are_included(text):
    assert told(HEAD + text) == []


def test_section_does_not_begin_or_end_in_a_code_block():
    """Another page that includes the section would take for Markdown what is code here."""
    text = "```\n<!-- --8<-- [start:example] -->\n<script>\n<!-- --8<-- [end:example] -->\n```"
    assert told(HEAD + text) == [(6, 8, "X004"), (8, 8, "X004")]


@pytest.mark.parametrize(
    "text",
    [
        "::: os.path",
        "### ::: os",
        "> ::: os",
        "- a\n\n    ::: os\n        options:\n          extensions: [x.py]",
        "!!! note\n    ::: os",
        "- ::: os",
        "1. ::: os",
        "> - ### ::: os",
        "a[^1]\n\n[^1]: ::: os\n        options:\n          force_inspection: true",
    ],
)
def test_page_documents_no_module(text):
    assert {code for _, _, code in told(HEAD + text)} == {"X005"}


ACTS = [
    "<script>alert(1)</script>",
    "a <ScRiPt src=x.js></script>",
    "a\n<script\n>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a <svg/onload=alert(1)> b",
    "<style>*{display:none}</style>",
    "<iframe src=x></iframe>",
    "<object data=x></object>",
    "<base href=//evil.example/>",
    '<meta http-equiv=refresh content="0;url=//evil.example">',
    "<link rel=stylesheet href=x.css>",
    "<form action=//evil.example><input></form>",
    "<details open ontoggle=alert(1)>",
    "<b onclick=alert(1)>x</b>",
    "<!-- x --><script>",
    "<!--> <script>alert(1)</script> -->",
    "<?php x ?>",
    "<![CDATA[<script>]]>",
    "<a\nhref=x>y</a>",
    "# Title <img src=x onerror=alert(1)>",
    '!!! note "<img src=x onerror=alert(1)>"',
    "text {: onclick=alert(1) }",
    "x\n{: class=md-overlay }",
    'x\n{: id="__search" }',
    "x\n{ #\\_\\_drawer }",
    "x\n{ #&#95;_drawer }",
    "x\n{ data-md-component=search }",
    "<x) id=__drawer>",
    "<x} class&#61;a data-md-toggle=drawer>",
    "# Heading { onmouseover=alert(1) }",
    "![x](a.png){ style=position:fixed }",
    "[x](y.md){: href=javascript:alert(1) }",
    "[x](https://evil.example){ target=_blank rel=opener }",  # which may turn the page that it was opened from
    "``` { .python onclick=alert(1) }\nx\n```",
    "!!! md-overlay\n    x",
    '> ???+ note  md-header "x"\n>     a',
    "x { .md-overlay }",
    "x { #__search }",
    "[x](javascript:alert(1))",
    "[x]( <JaVaScRiPt:alert(1)> )",
    "[x](java&#115;cript:alert(1))",
    "[x](javascript&colon;alert(1))",
    f"[x](java&#{'0' * 90}115;cript:alert(1))",
    f"[x](java&#{'0' * 5000}115;cript:alert(1))",
    f"[x](java{'&Tab;' * 60}script:alert(1))",
    f"[x]: <{'&#1;' * 80}javascript:alert(1)>\n",
    "[x](java\tscript:alert(1))",
    "![x](data:text/html,x)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "[x]: javascript:alert(1)\n",
    "[x]:\n  javascript:alert(1)\n",
    "*[a]:\n\n[x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "<javascript://%0aalert(1)>",
    "[x](java`script`:alert(1))",
    "[x](java[script][r]:alert(1))\n\n[r]: z",
    # asked of another host, when the page is opened
    "![x](https://evil.example/x.png)",
    "![x](&#47;\\evil.example)",
    "# a ![`x` [y]](//evil.example)",
    f"![{'x' * 400}](//evil.example)",
    "![a\n```python\nx\n\n```\n](//evil.example)",
    "![x][r]\n\n[r]: //evil.example\n",
    "![r](a b\n\n[r]: //evil.example\n",
    "x{: attributionsrc=//evil.example }",
    "<x)\n- =data:text/html,x>",
    # what the generator puts aside before it looks for tags
    "a <img src=x onerror=alert(1) <https://a.b>>",
    "a <a href=//evil.example class=x <a@b.cc>>",
    "a <a href=//evil.example class=x [x<y](z)>",
    "a <a href=//evil.example class=x ![x<y](z)>",
    "a <a href=//evil.example class=x $x_{<y)$>",
    "a <x) class=md-overlay \\(x<y)\\)>",
    "a </p <https://a.b>>",
    "a <!-- <https://a.b> -->",
    "a <? <https://a.b> ?>",
    # a tag that goes on behind code or a drawing, in whose own marks it ends; a link's mark that ends a value
    'a <img src=x onerror=alert(1) y="\n```python\nx\n\n```\n">\n\nb < c',
    'a <img src=x onerror=alert(1) y="\n> ~~~\n> x\n> ~~~\n">\n\nb < c',
    "a <img src=x onerror=alert(1) y='\n--8<-- \"topics/pictures/a.html\"\n\nb < c",
    '<x{t} y="[a][r]">\n\n[r]: /class=md-overlay/\n',
    "<x{t} y='[a][r]\n```\n\n```\n'>\n\n[r]: /'class=md-overlay/\n",
    # what only looks like code
    "    a\n```\n# <script>alert(1)</script>\n```\n",
    "a\n>     a\n```\n# <script>alert(1)</script>\n```\n",
    "# a\n\ta\n```\na\n```\n```\n# <script>alert(1)</script>\n```\n",
    "a ` b\n`<img src=x onerror=alert(1)>` c",
    "`a\n<script>alert(1)</script>\nb`",
    "- p ` q\n- r ` s ` <img src=x onerror=alert(1)> ` t",
    "a `\n- x ` y\n  ` <img src=x onerror=alert(1)> `",
    "\\`<img src=x onerror=alert(1)>\\`",
    "```\ncode\n````\n<script>alert(1)</script>\n```\n<script>alert(1)</script>\n",
    "```python title=x y=\"<script>alert(1)</script>\"\n<script>\n```",
    "``` a b\n<script>alert(1)</script>\n```",
    "> ```\n```\n<svg onload=alert(1)>\n```\n```",
    "- ```\n```\n<svg onload=alert(1)>\n```\n```",
    "``` a=b c\n```\n<svg onload=alert(1)>\n```\n```",
    "  ```\n ```\n```\n<svg onload=alert(1)>\n```\n```",
    "```\n<script>alert(1)</script>\n",
    "    <script>alert(1)</script>",
    "- a\n\n    ```\n    <script>alert(1)</script>\n    ```",
    "$$\n<div onclick=alert(1)>\n$$",
    "<div markdown>\n\n**x**\n\n</div>",
    "$x_{<t} onclick=alert(1)>$",
    "<\x02script>alert(1)</script>",
    ":\x03:: os",
    '# T {: title="}" onclick=alert(1) }',
]  # fmt: skip


@pytest.mark.parametrize("text", ACTS)
def test_page_holds_nothing_that_acts(text):
    assert "X006" in {code for _, _, code in told(HEAD + text)}


@pytest.mark.parametrize("head", ["", f"description: '&#{'9' * 5000};'\n"])
def test_number_that_python_does_not_read_is_no_entity(head):
    text = f"{HEAD}$$\n\\href{{&#{'9' * 5000};}}\n$$\n{{: .a&#{'9' * 5000}; }}\n"
    told(text.replace("---\n", f"---\n{head}", 1))


@pytest.mark.parametrize(
    "text",
    [
        "H<sub>2</sub>O, <kbd>Ctrl</kbd>, a<br>b",
        "`<script>` and ``a ` <b onclick=x>``, `{: onclick=x }`",
        "```html\n<script>alert(1)</script>\n{: onclick=x }\n::: os\n[x](javascript:x)\n```",
        "````\n```\n<script>\n```\n````",
        "~~~\n<script>\n~~~",
        "> a\n\n  b\n\n```\n<script>\n```\n",
        "<https://example.org/?a=b> and <mailto:a@b.org>, <a.b@c.org>",
        "[x](https://example.org/a:b) [y](../qa/index.md#all) [z](mailto:a@b.org) ![p](x.png)",
        "![p](x.png) [a](https://a.b) [`[b]`](https://a.b) [![c](y.png)](https://a.b)\n\n[d]: https://a.b",
        "$\\sum_{i=1}^n p(x_t|x_{<t}) > 0$ and $i < j > k$",
        "3 < 4 > 2, a <- b -> c, {style} 1=1",
        "# Title { #tested }\n\nx { .wiki-lead }",
        "??? example \"x\"\n    text",
    ],
)  # fmt: skip
def test_plain_text_is_left_alone(text):
    assert told(HEAD + text) == []


@pytest.mark.parametrize(
    "head",
    [
        "template: ../../x.html",
        "json_ld: '</script><script>alert(1)</script>'",
        "generated: true",
        "hide: [footer]",
        "icon: material/check",  # one that the theme has not ended the build, by a page of the navigation
        "title: [a]",
        "title: </title><script>alert(1)</script>",
        "title: '&lt;script&gt;alert(1)&lt;/script&gt;'",
        "description: '0;url=//evil.example\" http-equiv=\"refresh'",
        'aliases: [a, "<img src=x>"]',
        'summary: "a\\n::: os"',
        'title: x --8<-- ".git/config"',
        'title: "a\\u202Eb"',
        'description: "a\\u200Bb"',
        "english: x](javascript:alert(1))",
        "group: 'x {: onclick=alert(1) }'",
    ],
)
def test_front_matter_has_known_fields_of_plain_text(head):
    [(line, _, code)] = [
        (line, column, code) for line, column, code in told(f"---\nimage: x.png\n{head}\n---\n\nx") if code == "X007"
    ]
    assert (line, code) == (3, "X007")


@pytest.mark.parametrize("part", ["[", "[a](", "![[", "$a$ ", "|-|\n", "\\(", "[a\n", "`" * 9])
def test_page_of_which_the_generator_would_take_hours_is_told(part):
    """60,000 brackets, which no other rule forbids, took it longer than anybody waited."""
    assert (4, 1, "L005") in told(HEAD + part * 1001)
    assert (1, 1, "L005") in told(HEAD + f"{part * 100}\n\n" * 202)
    assert {code for _, _, code in told(f"{HEAD}~~~\n{part * 999}\n~~~\n\na\n")} == set()


def test_long_paragraph_of_marks_is_told():
    """A page of 1 MB, with 990 brackets in one paragraph, took the generator minutes."""
    assert (1, 1, "L005") in told(HEAD + f"[{'a' * 1000}" * 990)
    assert told(HEAD + f"[{'a' * 1000}\n\n" * 990) == []


@pytest.mark.parametrize("text", ["# a{}b", "a{}b", "- a{}", "~~~\n{}\n~~~"])
@pytest.mark.parametrize("blank", [" ", "\t", "\n"])
def test_row_of_blanks_is_told(text, blank):
    """A heading of 30 kB of tabs took the generator a minute, and 30 kB of empty lines its colours of Python."""
    [(line, _, code)] = told(HEAD + text.format(blank * 200))
    assert (line, code) == (5, "L005")
    assert told(HEAD + text.format(blank * 190)) == []
    code = f'"""A."""\n{blank * 200}x = 1\n'
    assert [code for _, _, code in told(code, check_snippet, "snippets/a.py")] == ["L005"]


@pytest.mark.parametrize(
    "fence", ["```systemd", "~~~ { .raku }", "- ```autoit", "> ~~~~ c-objdump", "```{ #a .reasonml }"]
)
def test_code_is_of_a_language_that_costs_little(fence):
    """4 kB of dots in the first of these took the generator longer than anybody waited."""
    assert "X006" in {
        code for _, _, code in told(f"{HEAD}{fence}\na\n{fence[:5].rstrip('abcdefghijklmnopqrstuvwxyz {}')}\n")
    }
    assert told(f"{HEAD}```python\na\n```\n\n~~~ {{ .text .output }}\na\n~~~\n") == []


@pytest.mark.parametrize(
    "text",
    [
        f"[a]: https://a.b/{'a' * 50_000}\n\n" + "[b][a]\n\n" * 300,
        "[^a]: b\n\n" + "c[^a]\n\n" * 300,
        (f"{'a|' * 100}\n{'-|' * 100}\n" + "b\n" * 100 + "\n") * 3,
        f'```python hl_lines="{"1-9999 " * 60}"\na\n```',
    ],
    ids=lambda text: text[:9],
)
def test_few_letters_that_become_many_are_told(text):
    """References to one address made gigabytes of 600 kB; those to one note took the square of their number."""
    assert {code for _, _, code in told(HEAD + text)} == {"L005"}


def test_fence_behind_blanks_that_begin_a_page_is_no_code():
    """The generator takes them for code, and the fence behind them for text."""
    assert "X006" in {code for _, _, code in told("    \n```\n# <script>alert(1)</script>\n```\n")}
    assert told("a\n    \n```\n# <script>alert(1)</script>\n```\n") == []


def test_pages_do_not_include_each_others_includes():
    """Three pages, each of a few hundred includes, made one of gigabytes."""
    section = "<!-- --8<-- [start:example] -->\n{}\n<!-- --8<-- [end:example] -->"
    other, code = '--8<-- "topics/lora.md:example"', '```\n--8<-- "lora.py:core"\n```'
    assert told(HEAD + section.format(other)) == [(6, 3, "X004")]
    assert told(f"{HEAD}{section.format(code)}\n\n{other}") == []
    assert told(HEAD + f"{other}\n\n" * 50) == []
    assert (1, 1, "L005") in told(HEAD + f"{other}\n\n" * 51)


def test_field_without_marks_of_front_matter_is_told():
    """MkDocs takes such lines for front matter, too."""
    assert told("template: x.html\n\ntext") == [(1, 1, "X007")]
    assert (1, 1, "X007") in told("---\n---\n\ntemplate: x.html\n---\n\ntext")
    assert (1, 1, "X007") in told("---\ntitle: T\n---\u3000\ntemplate: x.html\n---\n\ntext")


@pytest.mark.parametrize(
    "line",
    [
        "summary: =",
        "title: 0x10",
        "summary: 2024-02-31",
        "summary: 0b_",
        f"summary: {'9' * 5000}",
        "summary: 2024-1-1t99:99:99Z",
    ],
    ids=lambda line: line[:24],
)
def test_head_that_the_generator_cannot_read_is_told(line):
    """It showed the whole head as text then, with what stands in remarks."""
    assert told(f"---\ntitle: T # <b onclick=alert(1)>\n{line}\n---\n\nx") == [(1, 1, "X007")]


@pytest.mark.parametrize("text", ["---\n# <b onclick=alert(1)>\n---\n\nx", "---\ntitle: T # <b onclick=alert(1)>\n---"])
def test_head_that_the_generator_takes_for_text_is_told(text):
    assert told(text) == [(1, 1, "X007")]


@pytest.mark.parametrize(
    "text, code",
    [
        ('"""T.\n\n<script>alert(1)</script>\n"""', "X006"),
        ('"""T."""\ndef f():\n    """F.\n\n    <img src=x onerror=alert(1)>\n    """', "X006"),
        ('"""T."""\nclass C:\n    a = 1\n    """A <b onclick=x>."""', "X006"),
        (
            '"""T."""\ndef f(x):\n    if x:\n        pass\n'
            + "    elif x:\n        pass\n" * 1500
            + '\ndef g():\n    """G <b onclick=x>."""\n',
            "X006",
        ),
        ('"""T."""\ndef f(x):\n    """F.\n\n    Args:\n        `x: <b onclick=x>`\n    """', "X006"),
        ('"""T.\n\n::: os\n"""', "X005"),
        ('"""T.\n\n--8<-- ".git/config"\n"""', "X004"),
        ('"""T."""\nx = \'--8<-- ".git/config"\'', "X004"),
        ('"""T."""\nx = """\n```\n<script>alert(1)</script>\n"""', "X006"),
    ],
)
def test_code_module_shows_no_more_than_text(text, code):
    assert code in {problem[2] for problem in told(text, check_snippet, "snippets/x.py")}


@pytest.mark.parametrize("code", ["-" * 99_000 + "1", "(" * 20_000, "f(" * 20_000, "[" * 150 + "]" * 150])
def test_code_that_no_parser_takes_is_told_and_hides_nothing(project, code, capsys):
    (project / "snippets/deep.py").write_text(f'"""T."""\nx = {code}\n', "utf-8")
    (project / "talks/questions/new.md").write_text("没有标题", "utf-8")
    places = [part for place in ("talks", "docs", "snippets") for part in (f"--{place}", str(project / place))]
    assert main(["check", *places]) == 1
    assert "talks/questions/new.md:1:1: Q002" in capsys.readouterr().err


def test_code_may_hold_what_its_docstrings_may_not():
    text = '"""T."""\n# --8<-- [start:core]\nx = "<script>"  # a `<b onclick=x>`\n# --8<-- [end:core]\n'
    assert told(text, check_snippet, "snippets/x.py") == []


SVG = (
    '<figure class="wiki-picture">\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">\n{}\n</svg>\n</figure>\n'
)


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<rect onload="alert(1)"/>',
        '<a href="javascript:alert(1)"><text>x</text></a>',
        "<foreignObject/>",
        '<image href="https://example.org/x.png"/>',
        '<use href="#x"/>',
        '<rect style="fill:url(//evil.example)"/>',
        '<rect fill="url(https://evil.example)"/>',
        '<rect fill="URL(/x)"/>',
        '<rect fill="u\\72l(/x)"/>',
        '<rect fill="image-set(/x)"/>',
        f'<rect d="{"[a " * 9}"/>',  # in a list, Markdown takes the square of them
        f"<text>{'[a ' * 1_001}</text>",
        # to Markdown, where a page includes the drawing in a list or a quotation
        "<text>[a](javascript:alert(1))</text>",
        "<text>`a</text><text>[a</text>\n\n<text>](data:x)`</text>",
        '<text aria-label="> [a](javascript:alert(1))">a</text>',
        "<text>a {: onclick=alert(1) }</text>",
        "<text>![a](</text><text>//evil.example/p.png)</text>",
        "<rect\n>class=md-nav a</rect>",  # there a line's first `>` is a quotation's mark, and the tag does not end
        '<text aria-label="[a](b class=md-nav c)">a</text>',  # whose address would be in quotation marks of its own
        '<text aria-label="a> b">class=md-nav </text>',
        '<text aria-label="data:a">a</text>',
        "</svg></figure><script>alert(1)</script><figure><svg>",
        "<rect>",
        "<!-- x -->",
        "&x;",
        '<g class="md-overlay"/>',
        '--8<-- ".git/config"',
        '<text xmlns="http://www.w3.org/1999/xhtml" onclick="x"/>',
    ],
)
def test_drawing_shows_and_does_nothing(inside):
    assert told(SVG.format(inside), check_drawing)
    sound = SVG.format('<rect x="1" fill="none"/><text>a &lt; b</text>')
    assert told(sound, check_drawing) == told(sound.replace("picture", "picture wiki-group--11"), check_drawing) == []


@pytest.mark.parametrize(
    "svg",
    ['<svg width="99999"/>', "<figure><svg/></figure>", '<figure class="md-nav"><svg/></figure>']
    + [f'<figure class="wiki-picture {other}"><svg/></figure>' for other in ("md-nav", "wiki-group--1 md-overlay")],
)
def test_drawing_stays_in_its_place(svg):
    assert {
        code for _, _, code in told(svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"'), check_drawing)
    } == {"X006"}


@pytest.mark.parametrize(
    "name",
    [
        "docs/topics/demo.html",
        "docs/evil.js",
        "docs/guide/x.svg",
        "docs/assets/x.html",
        "docs/x.py",
        "docs/assets/javascripts/bundle.js",
        "docs/assets/page",
        "docs/topics/LICENSE",
    ],
)
def test_file_that_would_be_published_as_it_is_is_told(project, name):
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("<script>alert(1)</script>", "utf-8")
    assert [(problem.path, problem.code) for problem in before_pages(project)] == [(name, "X003")]


@pytest.mark.parametrize("content", [b"<script>alert(1)</script>", b"", head(9_000, 9_000)])
def test_file_that_is_called_a_picture_is_one_that_browsers_bear(project, content):
    """Half a megabyte of zeros is a picture of 500 million pixels, for which a browser takes 2 GB."""
    (project / "docs/assets").mkdir()
    (project / "docs/assets/x.png").write_bytes(content)
    assert [(problem.path, problem.code) for problem in before_pages(project)] == [("docs/assets/x.png", "X003")]
    (project / "docs/assets/x.png").write_bytes(png(4, 3))
    assert before_pages(project) == []


def test_check_and_guard_tell_the_place(project, capsys):
    (project / "docs/guide").mkdir()
    (project / "docs/guide/x.md").write_text(f"{HEAD}a <script>alert(1)</script>\n", "utf-8")
    places = [part for place in ("talks", "docs", "snippets") for part in (f"--{place}", str(project / place))]
    assert main(["check", *places]) == 1
    assert "docs/guide/x.md:5:3: X006 markup '<script>alert(1)" in capsys.readouterr().err
    assert main(["guard", str(project)]) == 2
    assert "docs/guide/x.md:5:3: X006 " in capsys.readouterr().err
    assert main(["guard", "--shape", str(project)]) == 0


@pytest.mark.parametrize("turning", ["\u202e", "\u2066", "\u2028", "\x85"])
def test_code_is_what_it_looks_like(turning):
    """With some a comment's end looks as if it stood elsewhere, to who reads code; others end a line to templates."""
    assert told(f"{HEAD}```python\nx = 1  # a{turning} b\n```\n") == [(6, 11, "X006")]
    assert told(f'"""T."""\nx = 1  # a{turning} b\n', check_snippet, "snippets/x.py") == [(2, 11, "X006")]


def test_projects_own_texts_are_data():
    assert main(["check"]) == 0


def test_file_that_is_another_by_now_is_not_read_alone_or_among_others(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name, "utf-8")
    tree = Looked(tmp_path, {"a": digest(b"a"), "b": digest(b"another")})
    assert tree.read("a") == b"a" and tree.read("c") == b"c"  # nobody looked at the last
    with pytest.raises(OSError, match="changed while"):
        tree.read("b")
    [a, b, c, d] = tree.read_each(["a", "b", "c", "d"])
    assert (a, c) == (("a", b"a"), ("c", b"c"))
    assert isinstance(d[1], OSError) and "changed while" in str(b[1])
