"""A new reader trains a small GPT in the page, changes it, breaks it, comes back to it and sends it on."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Watch
from tests.browser.test_cell import RUN_SECONDS, Cell
from tests.browser.test_trust import LAST, caption

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TRAINING = 4 * RUN_SECONDS  # it is 25 steps
SCREENS = {
    "desktop": {"viewport": {"width": 1280, "height": 850}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
GPT = """\
import torch
from torch import nn
from browser.plot import lines

text = "attention is all you need, and a little patience. " * 8
letters = sorted(set(text))
data = torch.tensor([letters.index(c) for c in text])
T, C = 16, 32

class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.token, self.place = nn.Embedding(len(letters), C), nn.Embedding(T, C)
        layer = nn.TransformerEncoderLayer(C, 4, 64, 0.0, "gelu", batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(C, len(letters))

    def forward(self, ids):
        x = self.token(ids) + self.place(torch.arange(ids.shape[1]))
        return self.head(self.blocks(x, nn.Transformer.generate_square_subsequent_mask(ids.shape[1]), is_causal=True))

torch.manual_seed(0)
model = GPT()
optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
losses = []
for step in range(25):
    starts = torch.randint(len(data) - T, (8,))
    batch = torch.stack([data[i : i + T + 1] for i in starts])
    loss = nn.functional.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f}")
lines({"train": losses}, xlabel="step", ylabel="loss")
"""


def press(cell: Cell, name: str, touch: bool) -> None:
    """With a finger or a mouse."""
    button = cell.button(name)
    if touch:
        button.tap()
    else:
        button.click()


def run(cell: Cell, touch: bool, state: str = "done") -> None:
    press(cell, "运行", touch)
    expect(cell.block).not_to_have_attribute("data-state", "running", timeout=TRAINING)
    assert cell.block.get_attribute("data-state") == state, cell.output.inner_text()


def copied(cell: Cell, touch: bool) -> str:
    """The whole code, of which the editor draws what is in sight."""
    press(cell, "复制", touch)
    expect(cell.status).to_contain_text("代码已复制")
    text: str = cell.page.evaluate("navigator.clipboard.readText()")
    return text


@pytest.mark.parametrize("screen", SCREENS)
def test_a_gpt_is_trained_edited_broken_understood_found_again_and_shared(
    chromium: Browser, site_url: str, runtime: None, watch: Watch, screen: str
) -> None:
    options: dict[str, Any] = SCREENS[screen]
    touch = "has_touch" in options
    context = chromium.new_context(base_url=site_url, locale="zh-CN", service_workers="block", **options)
    context.set_default_timeout(RUN_SECONDS)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    watch.see(context)
    page = context.new_page()
    page.goto("topics/tiny_gpt/")
    cell = Cell(page)

    cell.write(GPT)
    run(cell, touch)
    first, last = map(float, re.findall(r"\d\.\d\d", cell.printed.first.text_content() or ""))
    assert last < first - 1
    expect(cell.output.locator(".wiki-cell__figure svg[role=img]")).to_be_visible()

    cell.write(GPT.replace("3e-3", "1e-3"))
    expect(caption(cell)).to_have_text(LAST)
    run(cell, touch)
    expect(cell.output).to_contain_text("与上一次输出相比")

    broken = GPT.replace("nn.Linear(C, len(letters))", "nn.Linear(2 * C, len(letters))")
    cell.write(broken)
    run(cell, touch, "failed")
    error = cell.output.text_content() or ""
    assert "mat1 and mat2 shapes cannot be multiplied" in error and "这一行里的张量" in error
    expect(cell.block.locator(".wiki-cell__failing")).to_have_count(1)

    page.reload()
    cell = Cell(page)
    expect(cell.block).to_contain_text("这是你上次改动的代码")
    cell.focus()
    assert copied(cell, touch) == broken.rstrip()
    cell.write(GPT)
    press(cell, "分享", touch)
    expect(cell.status).to_contain_text("链接已复制")
    link = page.evaluate("navigator.clipboard.readText()")

    friend = chromium.new_context(base_url=site_url, locale="zh-CN", service_workers="block", **options)
    friend.grant_permissions(["clipboard-read", "clipboard-write"])
    other = friend.new_page()
    other.goto(link)
    received = Cell(other)
    expect(received.block).to_contain_text("这段代码来自分享链接", timeout=RUN_SECONDS)
    assert copied(received, touch) == GPT.rstrip()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    friend.close()
    context.close()
    assert watch.unexpected == []
