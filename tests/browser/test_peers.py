"""How the benchmark asks the searches of other generators, in a real Chromium."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tools.bench import peers

pytestmark = pytest.mark.browser


def test_each_answer_of_a_theme_is_of_its_own_query_though_the_page_asks_one_too(
    chromium: Browser, tmp_path: Path
) -> None:
    """As Zensical's does when it is ready: whose answers then came one query late."""
    (tmp_path / "index.html").write_text(
        "<script>const worker = new Worker('worker.js');"
        "worker.onmessage = ({ data }) => data.type === 1 && worker.postMessage({ type: 2, data: 'own' });"
        "worker.postMessage({ type: 0, data: {} })</script>"
    )
    (tmp_path / "worker.js").write_text(
        "onmessage = ({ data: { type, data } }) => type ? setTimeout("
        "() => postMessage({ type: 3, data: { items: [[{ location: `${data}/` }]] } }), 300) : postMessage({ type: 1 })"
    )
    with peers.theme(chromium, tmp_path) as ask:
        assert [ask("lora"), ask("rope")] == [["lora/"], ["rope/"]]
