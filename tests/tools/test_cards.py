"""The pictures by which links are shared: of the size that they are shown in, and saying what their pages say."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from tools import cards
from tools.cards import CARDS, SIZE, TOPICS, fonts, pages, said, says

PAGES = dict(pages())


def test_card_of_everybody_is_there():
    assert {"site"} < PAGES.keys() and len(PAGES) == len([*TOPICS.glob("*.md")])
    assert (CARDS / "site.png").is_file()


def test_cards_have_the_size_that_is_shown_and_are_small():
    cards = sorted(CARDS.glob("*.png"))
    assert {path.stem for path in cards} <= PAGES.keys()  # none of what is gone
    for path in cards:
        with Image.open(path) as opened:
            assert opened.size == SIZE, path.name
        assert path.stat().st_size < 40_000, path.name


def test_cards_say_what_the_pages_say():
    """Who has not the font cannot draw them; whoever has it next does."""
    if not fonts():
        pytest.skip("no Noto Sans CJK SC, with which cards are drawn")
    stale = [name for name, page in PAGES.items() if said(CARDS / f"{name}.png") != says(page)]
    assert stale == [], f"python -m tools.cards {' '.join(stale)}"


def test_picture_runs_nothing_while_a_card_is_drawn_and_nothing_is_written_through_a_link(tmp_path, monkeypatch):
    """It is whatever a branch has in docs/topics/pictures/."""
    if not any(map(shutil.which, cards.BROWSERS)):
        pytest.skip("no Chromium")
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards/a.png").symlink_to(tmp_path / "none")
    monkeypatch.setattr(cards, "CARDS", tmp_path / "cards")
    acts = "<main>a</main><script>document.documentElement.style.background = '#000'</script>"
    monkeypatch.setattr(cards, "pages", lambda names: [("a", acts)])
    with ThreadPoolExecutor() as another:  # Playwright may be at work in this thread
        another.submit(cards.write).result()
    assert not (tmp_path / "none").exists()  # where a branch's link leads
    with Image.open(tmp_path / "cards/a.png") as opened:
        assert opened.convert("RGB").getpixel((600, 600)) == (255, 255, 255)
