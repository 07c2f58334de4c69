"""Hostile notes, questions and feeds, built with the site's own settings and opened in a real browser.

Each payload calls `pwned()`, which the browser hands to the test, or wants `SECRET` from a file outside its page. The
pages are opened without the policy (publish/csp.py), so that the cleaning itself is tested, and with it.
"""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import ThreadingHTTPServer

import pytest

from ingest.plain import plain
from publish.csp import META
from tests.browser.conftest import ROOT, SiteHandler
from tests.ingest.test_pictures import png

PAYLOADS = [
    # raw HTML
    "<script>pwned()</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>pwned()</script>",
    "<script\n>pwned()</script\n>",
    "</div></div><script>pwned()</script>",
    "</title><script>pwned()</script>",
    "</script><script>pwned()</script>",
    "--><script>pwned()</script><!--",
    "<![CDATA[<script>pwned()</script>]]>",
    "<img src=x onerror=pwned()>",
    "<img src=x onerror=pwned()//",
    "<body onload=pwned()>",
    "<iframe srcdoc='<script>parent.pwned()</script>'></iframe>",
    "<iframe src=javascript:parent.pwned()></iframe>",
    "<object data='data:text/html,<script>pwned()</script>'></object>",
    "<embed src=javascript:pwned()>",
    "<form action=javascript:pwned()><button autofocus onfocus=pwned()>press</button></form>",
    "<input autofocus onfocus=pwned()>",
    "<details open ontoggle=pwned()><summary>more</summary></details>",
    "<video><source onerror=pwned()></video>",
    "<audio src=x onerror=pwned()>",
    "<marquee onstart=pwned()>text",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=javascript:pwned()'>",
    "<base href=https://evil.example/>",
    "<a href='java\tscript:pwned()'>tabbed</a>",
    "<div style='animation:x' onanimationstart=pwned()>styled</div>",
    "&lt;script&gt;pwned()&lt;/script&gt;",
    "&#60;img src=x onerror=pwned()&#62;",
    "＜script＞pwned()＜/script＞",
    "<template><script>pwned()</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=pwned()>'>",
    # SVG and MathML
    "<svg onload=pwned()>",
    "<svg><script>pwned()</script></svg>",
    "<svg><animate onbegin=pwned() attributeName=x>",
    "<svg><a xlink:href=javascript:pwned()><text y=20>drawn</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=pwned()>",
    "<math href=javascript:pwned()>formula</math>",
    "$\\href{javascript:pwned()}{formula}$",
    "$$\n</div><img src=x onerror=pwned()>\n$$",
    "\\(<img src=x onerror=pwned()>\\)",
    # links, images and reference definitions
    "[link](javascript:pwned())",
    "[link](JaVaScRiPt:pwned())",
    "[link](&#106;avascript:pwned())",
    "[link](<java\nscript:pwned()>)",
    "[link](data:text/html,<script>pwned()</script>)",
    "[link](vbscript:pwned())",
    "<javascript:pwned()>",
    "![image](javascript:pwned())",
    '![image](https://evil.example/x.png "a\\"onerror=pwned()")',
    '[link](https://evil.example/ "a\\" onmouseover=pwned() b=\\"")',
    "[ref]\n\n[ref]: javascript:pwned()",
    "[ref]: data:text/html,pwned()",
    "[ref]: https://evil.example/ '<script>pwned()</script>'",
    # pictures: every project of these has one at 201/1.png and payload/1.png
    '![" onload=pwned() x="](201/1.png "\' onload=pwned() x=")',
    '![`"onload=pwned()`](payload/1.png "<script>pwned()</script>")',
    "![<img src=x onerror=pwned()>](201/1.png){ onload=pwned() }",
    "![picture](201/1.png?x='onload=pwned()')",
    "![picture](../../secret.png)",
    "![picture](201/drawing.svg)",
    "![picture](201/script.png)",
    'https://evil.example/"onmouseover=pwned()',
    "[link](file:///etc/passwd)",
    # attr_list, md_in_html and other extensions
    "text{: onclick=pwned() style=position:fixed }",
    "text\n{: onmouseover=pwned() #hijack }",
    "[link](https://evil.example/){ onmouseover=pwned() }",
    '<div markdown="1" onclick=pwned()>*inside*</div>',
    "<div markdown=block>\n<script>pwned()</script>\n</div>",
    "``` { .python .runnable onclick=pwned() }\nprint(1)\n```",
    "``` { .python .runnable }\nimport js; js.pwned()\n```",
    "```html\n<script>pwned()</script>\n```",
    "[^1]\n\n[^1]: <script>pwned()</script>",
    '*[HTML]: " onmouseover=pwned() x="',
    '!!! note "<script>pwned()</script>"\n    inside',
    '??? note "title" onclick=pwned()\n    inside',
    "| head |\n|---|\n| <img src=x onerror=pwned()> |",
    # files and templates
    '--8<-- "secret.md"',
    "--8<--\nsecret.md\n--8<--",
    'text -8<- "secret.md"',
    '--8<-- "../../../secret.md"',
    ';--8<-- "secret.md"',
    "::: secret_module",
    "::: secret_module\n    options:\n      show_source: true",
    "{% include 'secret.md' %}",
    "{{ config.site_dir }}{{ ''.__class__ }}",
    "{!secret.md!}",
    "${pwned()}",
    "#{pwned()}",
    "[TOC]",
    "[[secret.md]]",
    "[file](../../secret.md)",
    "\x02wzxhzdk:0\x03",
    "<|pwned()|>",
]
FRONT_MATTER = [
    'title: "</title><script>pwned()</script>"',
    "template: ../secret.md",
    'template: "<script>pwned()</script>"',
    'description: "\\"><script>pwned()</script>"',
    'author: "\\"><script>pwned()</script>"',
    "hide: [navigation, toc]",
    'id: "../../escaped"',
    'id: "\\"><img src=x onerror=pwned()>"',
    'topics: ["<script>pwned()</script>", "../secret"]',
    'asker: "<img src=x onerror=pwned()>"',
    'asker: "](javascript:pwned())"',
    "date: <script>pwned()</script>",
    'title: !!python/object/apply:os.system ["touch escaped"]',
    "social: {cards: pwned()}",
    "status: '\"><svg onload=pwned()>'",
    '"a\\n\\n<img src=x onerror=pwned()>\\n\\n{: onclick=pwned() }": "\\n\\n<script>pwned()</script>"',
    "origin: javascript:pwned()",
    "licence: '</dd></dl><script>pwned()</script>'",
]
NAMES = ["..md", "....md", "on load.md", "。md.md"]
REFUSED_NAMES = [  # which pages, addresses and titles would repeat as they are
    "<img src=x onerror=pwned()>.md",
    "' onmouseover='pwned()'.md",
    '--8<-- "secret.md".md',
    "{{ config }}.md",
    "](javascript:pwned()).md",
    "&lt;svg onload=pwned()&gt;.md",
]
CONTROLS = r"[\x00-\x08]"  # no XML may hold them
SCAN = """() => {
  const page = document.querySelector("article"), bad = [], hrefs = [];
  for (const node of page.querySelectorAll("*")) {
    const ours = node.tagName === "IMG" && node.src.startsWith(`${location.origin}/wiki/talks/pictures/`);
    if (["IFRAME", "OBJECT", "EMBED", "IMG", "VIDEO", "FORM", "META", "LINK", "BASE", "STYLE", "svg", "math"]
      .includes(node.tagName) && !ours || (node.tagName === "SCRIPT" && node.type !== "application/ld+json"))
      bad.push(node.outerHTML);
    for (const { name, value } of node.attributes) {
      if (name.startsWith("on") || name === "style" || name === "srcdoc") bad.push(node.outerHTML);
      if (name === "href") {
        hrefs.push(decodeURIComponent(value));
        if (!["http:", "https:", "mailto:"].includes(node.protocol)) bad.push(value);
      }
    }
  }
  const said = [...page.querySelectorAll("img")].map((image) => `${image.alt} ${image.title}`).join(" ");
  return { bad, text: page.textContent + hrefs.join(" ") + said + document.title };
}"""


def hostile_project(folder):
    """Every payload in a question, in a talk's question, and as title, author and source of a paper."""
    (folder / "snippets").mkdir()
    (folder / "docs").mkdir()
    questions, notes = folder / "talks/questions", folder / "talks/notes"
    questions.mkdir(parents=True)
    notes.mkdir()
    (folder / "secret.md").write_text("SECRET", "utf-8")
    (folder / "secret_module.py").write_text('"""SECRET."""\n\nSECRET = "SECRET"\n', "utf-8")
    (folder / "secret.png").write_bytes(png(4, 3))
    for place in (notes / "201", questions / "payload"):
        place.mkdir()
        (place / "1.png").write_bytes(png(4, 3))
        (place / "script.png").write_bytes(b"<script>pwned()</script>")
        (place / "drawing.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg' onload='pwned()'/>")
    for path in ROOT.glob("mkdocs*.yml"):
        shutil.copy(path, folder)
    shutil.copytree(ROOT / "theme", folder / "theme")
    (folder / "docs/index.md").write_text("# Home\n", "utf-8")
    asked = []
    for at, payload in enumerate(PAYLOADS):
        line = " ".join(payload.split())
        asker = json.dumps(line if at % 8 == 0 else "小河")  # each name is one more page
        head = f"---\nasker: {asker}\n---\n\n# 题{at}始 {line} 题{at}终？\n\n"
        body = f"文{at}始\n\n{payload}\n\n文{at}终\n\n## 回答\n\n答{at}始\n\n{payload}\n\n{line} 答{at}终\n"
        (questions / f"payload-{at}.md").write_text(f"{head}{body}\n## 参考\n\n- {line}\n", "utf-8")
        asked.append(f"### Q{at + 1}：会{at}始 {line} 会{at}终？\n\nA{at + 1}：议{at}始\n\n{payload}\n\n议{at}终")
    for at, field in enumerate(FRONT_MATTER):
        (questions / f"field-{at}.md").write_text(f"---\n{field}\n---\n\n# 栏{at}？\n\n栏{at}答\n", "utf-8")
    for at, name in enumerate(NAMES):
        (questions / name).write_text(f"# 名{at}？\n\n名{at}答\n", "utf-8")
    for name in REFUSED_NAMES:
        (questions / name).write_text("# 拒名？\n\n拒名答\n", "utf-8")
    # A comment that begins among the hosts would hide what follows, to where the next one ends.
    hosts = "、".join(" ".join(payload.split()) for payload in PAYLOADS[:12] if "<!--" not in payload)
    fields = f"【编号】：201\n【时间】：2024-03-02\n【本期提要】：{PAYLOADS[0]}；{PAYLOADS[9]}\n【主持人】：{hosts}"
    (notes / "201.md").write_text(
        f"# {PAYLOADS[0]} {PAYLOADS[9]}\n\n{fields}\n\n## 本周新闻 {PAYLOADS[0]}\n\n## 本周推荐\n\n## Free Talk\n\n"
        + "\n\n".join(asked),
        "utf-8",
    )
    shown = [html.escape(re.sub(CONTROLS, "", payload)) for payload in PAYLOADS]
    items = "".join(
        f"<item><title>文献{at}始 {text} 文献{at}终</title><link>https://example.org/{at}</link>"
        f"<author>{text}</author><pubDate>Mon, {2 + 7 * (at % 3):02} Nov 2026 00:00:00 GMT</pubDate></item>"
        for at, text in enumerate(shown)
    )
    feed = f"<rss version='2.0'><channel><title>{shown[0]}</title>{items}</channel></rss>"
    (folder / "feed.xml").write_text(feed, "utf-8")


def run(folder, *command, expected=0):
    """Run a module of Python's in a process of its own: Playwright's loop is in the way of another."""
    command = [sys.executable, "-m", *map(str, command)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == expected, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory):
    """The folder of the project, with its site in `site/`."""
    folder = tmp_path_factory.mktemp("hostile")
    hostile_project(folder)
    talks = ["--talks", folder / "talks"]
    run(ROOT, "ingest", "fetch", *talks, folder / "feed.xml")
    without = [word for step in ("runtime", "snippets", "search") for word in ("--without", step)]
    said = run(folder, "publish", "build", *without, expected=1)
    assert said.count(" X008 ") == len(REFUSED_NAMES)
    return folder


@pytest.fixture(scope="module")
def hostile_url(hostile_site):
    class Quiet(SiteHandler):
        def send_sitemap(self):
            self.send_error(404)  # pages are opened one by one

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(hostile_site / "site")))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/wiki/"
    server.shutdown()
    thread.join()
    server.server_close()


def pages_of(site):
    """All but those of a talk's questions, which stand on the talk's page as well."""
    names = (path.parent.relative_to(site).as_posix() for path in site.rglob("index.html"))
    return sorted(name for name in names if not name.startswith("qa/talk-"))


@pytest.fixture(scope="module")
def seen(chromium, hostile_site, hostile_url):
    """What each page holds in the browser, what ran, and what was asked for: without the policy, then with it."""
    found = {}
    whole = {path: path.read_text("utf-8") for path in (hostile_site / "site").rglob("*.html")}
    for policy in (False, True):
        for path, text in whole.items():
            path.write_text(text if policy else META.sub("", text), "utf-8")
        context = chromium.new_context()
        ran, asked, pages = [], [], {}
        context.expose_binding("pwned", lambda source, *rest, ran=ran: ran.append(source["page"].url))
        context.on("request", lambda request, asked=asked: asked.append(request.url))
        page = context.new_page()
        for name in pages_of(hostile_site / "site")[:: 4 if policy else 1]:
            page.goto(f"{hostile_url}{name}/", wait_until="load")
            pages[name] = page.evaluate(SCAN)
        context.close()
        found[policy] = (pages, ran, asked)
    return found


pytestmark = [pytest.mark.browser, pytest.mark.slow]  # their site takes a minute


@pytest.mark.parametrize("policy", [False, True], ids=["cleaning alone", "with the policy"])
def test_nothing_of_a_payload_runs_or_asks_for_anything(seen, hostile_url, policy):
    pages, ran, asked = seen[policy]
    assert ran == []
    assert [url for url in asked if not url.startswith(hostile_url)] == []
    assert {name: page["bad"] for name, page in pages.items() if page["bad"]} == {}


def test_picture_of_a_note_is_shown_with_what_is_said_of_it(seen):
    texts = [page["text"] for page in seen[False][0].values()]
    assert any('" onload=pwned() x="' in text for text in texts)


def test_no_file_outside_the_page_is_shown(seen, hostile_site):
    assert [name for name, page in seen[False][0].items() if "SECRET" in page["text"]] == []
    assert not [path for path in (hostile_site / "site").rglob("*.html") if "SECRET" in path.read_text("utf-8")]
    assert {path.name for path in hostile_site.iterdir()} <= {
        "snippets", "docs", "talks", "secret.md", "secret.png", "secret_module.py", "feed.xml", "site", "theme",
        ".cache", "mkdocs.base.yml", "mkdocs.yml", "mkdocs.en.yml",
    }  # fmt: skip


@pytest.mark.parametrize("at", range(len(PAYLOADS)), ids=lambda at: " ".join(PAYLOADS[at].split())[:40])
def test_payload_is_still_readable(seen, at):
    pages = seen[False][0]
    shown = plain(re.sub(CONTROLS, "", PAYLOADS[at]))  # tags that only lay a page out are taken away, as written
    words = set(re.findall(r"\w{3,}", re.sub(r"&#?\w+;", " ", shown)))
    for name, marks in ((f"qa/payload-{at}", "题文答"), ("talks/201", "会议")):
        text = pages[name]["text"]
        assert all(f"{mark}{at}{end}" in text for mark in marks for end in "始终")
        assert [word for word in words if word not in text] == []
    text = pages[f"papers/2026-w{45 + at % 3}"]["text"]  # three weeks, since a group lists forty
    assert f"文献{at}始" in text
    # A feed's titles are HTML, in which these hide what follows them.
    assert f"文献{at}终" in text or re.search("<!--|<style", PAYLOADS[at])


def test_hostile_fields_and_file_names_each_get_a_page(seen):
    texts = [page["text"] for name, page in seen[False][0].items() if re.match(r"qa/(?!open|index|page)", name)]
    for at in range(len(FRONT_MATTER)):
        assert any(f"栏{at}？" in text and f"栏{at}答" in text for text in texts)
    for at in range(len(NAMES)):
        assert any(f"名{at}？" in text and f"名{at}答" in text for text in texts)
    assert not [text for text in texts if "拒名" in text]
