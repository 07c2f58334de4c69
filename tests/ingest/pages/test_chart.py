"""The chart of concepts over time: what it counts, in what order, and that it needs neither colour nor styles."""

import re
from datetime import date
from xml.etree import ElementTree

from ingest.pages.chart import CONCEPTS, MONTHS, chart

TITLES = {"lora": "LoRA", "rope": "RoPE", "moe": "专家 <混合>"}


def numbers(text):
    """Topic -> month -> number, out of the table below the picture."""
    rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td><td>(\d+)</td>', text)
    found = {
        title: {k: int(v) for k, v in (cell.split("：") for cell in cells.split("，"))} for title, cells, _ in rows
    }
    assert [sum(found[title].values()) for title, _, _ in rows] == [int(total) for _, _, total in rows]
    return found


def test_records_are_counted_by_concept_and_month_most_spoken_of_first():
    records = [
        (date(2026, 1, 31), ["rope", "lora"]),
        (date(2026, 2, 1), ["lora", "unknown"]),
        (date(2026, 2, 28), ["lora"]),
        (date(2025, 12, 31), ["moe"]),
    ]
    text = chart(records, TITLES)
    found = numbers(text)
    assert found == {"LoRA": {"2026-01": 1, "2026-02": 2}, "RoPE": {"2026-01": 1}, "专家 &lt;混合&gt;": {"2025-12": 1}}
    assert list(found) == ["LoRA", "RoPE", "专家 &lt;混合&gt;"]
    assert chart(reversed(records), TITLES) == text


def test_picture_shows_every_number_and_a_bubble_of_that_area():
    text = chart([(date(2026, 1, 1), ["lora"])] * 4 + [(date(2026, 2, 1), ["moe"])], TITLES)
    svg = ElementTree.fromstring(text)[0]
    assert svg.get("role") == "img" and svg.find("title").text == "2025-03 至 2026-02 各月谈到各概念的次数"
    radii = [float(circle.get("r")) for circle in svg.iter("circle")]
    assert radii[0] ** 2 == 4 * radii[1] ** 2
    shown = [text.text for text in svg.iter("text")]
    assert len(shown) == MONTHS + 2 * 2 and {"LoRA", "4", "专家 <混合>", "1"} < set(shown)
    assert "style" not in text and set(re.findall(r'(?:fill|stroke)="(.*?)"', text)) == {"currentColor"}


def test_old_months_and_rare_concepts_are_left_out():
    titles = {f"t{number}": f"T{number}" for number in range(CONCEPTS + 5)}
    records = [(date(2026, 12, 1), [name]) for name in titles] + [
        (date(2025, 12, 31), ["t0"]),
        (date(2026, 1, 1), ["t9"]),
    ]
    found = numbers(chart(records, titles))
    assert list(found) == ["T9", *(f"T{number}" for number in range(CONCEPTS) if number != 9)]
    assert found["T0"] == {"2026-12": 1} and found["T9"] == {"2026-01": 1, "2026-12": 1}


def test_nothing_dated_gives_no_chart():
    assert chart([], TITLES) == chart([(date(2026, 1, 1), ["unknown"])], TITLES) == ""
