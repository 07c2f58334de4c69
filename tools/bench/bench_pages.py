"""Pages as a phone gets them (Lighthouse's scores, sizes), and how soon the server shows a changed note."""

import gzip
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from publish.runtime.assets import default_cache
from tests.browser.conftest import NAMES, PREFIX, ROOT, SiteHandler, serving
from tests.site.conftest import Site
from tools.bench.building import build, changed, rows
from tools.bench.corpus import make_project
from tools.bench.table import Row, middle

TITLE = "页面：Lighthouse、大小、预览"
LIGHTHOUSE = "lighthouse@12.8.2"
PAGES = {"首页": "", "概念页": "topics/lora/", "问题页": "qa/rope-rotation/", "问答档案": "qa/"}
SCORES = {"performance": "性能", "accessibility": "无障碍", "best-practices": "最佳实践", "seo": "SEO"}
ROUNDS = 3  # the middle of the scores: a busy moment must not decide
TEXT = {".css", ".html", ".js", ".json", ".svg"}
QUESTIONS = 1_000


class Compressing(SiteHandler):
    """Sends text compressed, as hosts do."""

    def send_sitemap(self) -> None:
        """As other text, though it is made when it is asked for."""
        sent, self.wfile = self.wfile, io.BytesIO()
        super().send_sitemap()
        head, _, body = self.wfile.getvalue().partition(b"\r\n\r\n")
        self.wfile = sent
        packed = gzip.compress(body)
        fields = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}".encode()
        head = re.sub(rb"Content-Length: \d+", fields, head)
        self.wfile.write(head + b"\r\n\r\n" + packed)

    def do_GET(self) -> None:
        path = Path(self.directory) / self.path.split("?")[0].removeprefix(PREFIX)
        path = path / "index.html" if path.is_dir() else path
        if not self.path.startswith(PREFIX) or path.suffix not in TEXT or not path.is_file():
            super().do_GET()
            return
        body = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def scores(address: str) -> dict[str, int]:
    """Lighthouse's scores of a page, of 100, as on a phone of the middle range."""
    browser = next(filter(None, map(shutil.which, NAMES)))
    command = ["npx", "--yes", "--cache", default_cache() / "npm", LIGHTHOUSE, address, "--quiet", "--output=json"]
    command += [f"--only-categories={','.join(SCORES)}", "--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    environment = os.environ | {"CHROME_PATH": browser}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, timeout=600)
    categories = json.loads(done.stdout)["categories"]
    return {label: round(100 * categories[name]["score"]) for name, label in SCORES.items()}


def lighthouse() -> list[Row]:
    """A row a page; none where there is no node."""
    if not shutil.which("npx"):
        return []
    rows = []
    with serving(Compressing) as root:
        for name, address in PAGES.items():
            found = [scores(root + address) for _ in range(ROUNDS)]
            middles = {label: middle([one[label] for one in found]) for label in SCORES.values()}
            figure = "，".join(f"{label} {value:.0f}" for label, value in middles.items())
            rows.append(Row(f"{name}：Lighthouse（手机）", figure, "各项 ≥ 95", min(middles.values()) >= 95))
    return rows


def sizes(site: Site) -> Row:
    """The page that weighs most on its way to the reader."""
    packed, raw, path = max(
        (len(gzip.compress(page.text.encode())), len(page.text.encode()), path) for path, page in site.pages.items()
    )
    figure = f"压缩后 {packed / 1000:.1f} kB（{path}，原文 {raw / 1000:.1f} kB）"
    return Row(f"{len(site.pages)} 页里最大一页的 HTML", figure, "≤ 40 kB", packed <= 40_000)


def preview() -> list[Row]:
    """How soon a changed note stands in the site, and how large that site is."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder, QUESTIONS, 20, 2_000)
        whole = build(folder)
        made = rows(QUESTIONS, whole, changed(folder), 40, 3)
        largest = sizes(Site(folder / "site"))
    return [*made, Row(f"{QUESTIONS:,} 个问题，{largest.what}", largest.figure, largest.goal, largest.met)]


def measure() -> list[Row]:
    """Scores, sizes, and the preview."""
    built = Site(Path(os.environ.get("WIKI_SITE", ROOT / "site")))
    return [*lighthouse(), sizes(built), *preview()]
