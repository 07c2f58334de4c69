"""The pictures of `browser/plot.py`: what they draw, read back from the SVG."""

import math
import re
from itertools import groupby
from xml.etree import ElementTree

import pytest
import torch

from browser.plot import STYLES, heatmap, lines
from browser.python.run_cell import LIMIT
from tests.browser.test_run_cell import Page

SVG = "{http://www.w3.org/2000/svg}"


def texts(figure):
    return ["".join(text.itertext()) for text in ElementTree.fromstring(figure.svg).iter(f"{SVG}text")]


def shapes(figure, attribute="fill"):
    """The paths that have an attribute: (its value, path)."""
    paths = ElementTree.fromstring(figure.svg).iter(f"{SVG}path")
    return [(path.get(attribute), path.get("d")) for path in paths if path.get(attribute)]


def squares(figure):
    """Fill of each square of a heat-map, by its place."""
    found = {}
    for fill, path in shapes(figure):
        for x, y in re.findall(r"M([\d.]+) ([\d.]+)h", path):
            found[float(y), float(x)] = fill
    return [found[place] for place in sorted(found)]


def lightness(fill):
    red, green, blue = map(int, re.findall(r"\d+", fill))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def points(path):
    return [[tuple(map(float, point.split())) for point in run.split("L")] for run in path.split("M")[1:]]


def test_larger_values_are_darker_and_stand_in_reading_order():
    fills = squares(heatmap([[0.0, 0.5, 1.0], [0.25, 0.75, 2.0]]))
    order = sorted(range(6), key=lambda n: -lightness(fills[n]))
    assert order == [0, 3, 1, 4, 2, 5]
    assert len(set(fills)) == 6


def test_numbers_stand_in_the_squares_where_there_is_room():
    assert {"0.25", "-1.50"} <= set(texts(heatmap(torch.tensor([[0.25, -1.5]], requires_grad=True))))
    assert {"7", "12"} <= set(texts(heatmap([[7, 12]])))
    crowded = texts(heatmap(torch.arange(400).view(20, 20)))
    assert "399" in crowded and "398" not in crowded  # the scale alone


def test_numbers_contrast_with_their_squares():
    figure = heatmap(torch.linspace(0, 1, 36).view(6, 6))
    inks = [text.get("fill") for text in ElementTree.fromstring(figure.svg).iter(f"{SVG}text")]
    for fill, ink in zip(squares(figure), [ink for ink in inks if ink], strict=True):
        parts = [int(part) / 255 for part in re.findall(r"\d+", fill)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert (1.05 / (luminance + 0.05) if ink == "white" else (luminance + 0.05) / 0.05) >= 4.5


def test_masked_scores_are_empty_squares():
    figure = heatmap([[0.0, -math.inf], [1.0, math.nan]])
    assert len(squares(figure)) == 2
    assert {"-inf", "nan"} <= set(texts(figure))


def test_rows_and_columns_have_their_labels():
    figure = heatmap(
        [[1, 2], [3, 4]], rows=["上", "下"], columns=["<left>", "a long label"], xlabel="key", ylabel="query"
    )
    assert {"上", "下", "<left>", "a long label", "key →", "query ↓"} <= set(texts(figure))
    assert [text for text in texts(heatmap([[0] * 64])) if text.isdigit()][:4] == ["0", "0", "5", "10"]  # each 5th


@pytest.mark.parametrize(
    ("values", "message"),
    [([], "0 x 0"), ([[]], "1 x 0"), ([[1], [1, 2]], "2 x 1"), ([[0] * 65], "1 x 65"), ([[math.nan]], "no finite")],
)
def test_what_is_no_matrix_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        heatmap(values)


def test_labels_must_fit_the_matrix():
    with pytest.raises(ValueError, match="3 labels for 2"):
        heatmap([[1, 2]], columns=["a", "b", "c"])


def test_line_passes_through_its_points():
    figure = lines([0.0, 1.0, 4.0], x=[0, 10, 20])
    [[a, b, c]] = points(shapes(figure, "stroke-width")[0][1])
    assert b[0] - a[0] == pytest.approx(c[0] - b[0], abs=0.2)
    assert (a[1] - c[1]) == pytest.approx(4 * (a[1] - b[1]), abs=0.5)
    assert a[1] > b[1] > c[1]


def test_ticks_are_round_numbers_around_the_values():
    assert texts(lines([0.013, 0.97])) == ["0", "0.2", "0.4", "0.6", "0.8", "1", "0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert texts(lines([5, 5], x=[0, 10000]))[-6:] == ["0", "2000", "4000", "6000", "8000", "10000"]
    assert texts(lines([0.3, 0.1 + 0.2]))[:3] == ["0.1", "0.2", "0.3"]
    assert {"0", "5e-05", "0.0001"} <= set(texts(lines([0.0, 2e-4])))


def test_gaps_and_lone_points_are_drawn():
    path = shapes(lines([1.0, 2.0, math.nan, 3.0, math.inf, 5.0, 6.0]), "stroke-width")[0][1]
    assert [len(run) for run in points(path)] == [2, 2, 2]


def test_series_differ_by_their_dashes_and_are_named():
    figure = lines({name: [n, n + 1] for n, name in enumerate("abcde")}, title="five", xlabel="step", ylabel="loss")
    dashes = [dash for dash, _ in shapes(figure, "stroke-dasharray")]
    assert len(set(dashes)) == len(STYLES)
    assert dashes[:5] == dashes[5:]  # the legend shows what is drawn
    assert texts(figure)[:8] == ["five", "a", "b", "c", "d", "e", "loss ↑", "0"]


@pytest.mark.parametrize(
    ("series", "options", "message"),
    [
        ({}, {}, "got 0"),
        ({str(n): [1] for n in range(6)}, {}, "got 6"),
        ([0.0] * 2001, {}, "2001"),
        ({"loss": [1, 2]}, {"x": [1]}, "loss has 2 values and x has 1"),
        ([], {}, "no finite"),
    ],
)
def test_what_cannot_be_drawn_is_refused(series, options, message):
    with pytest.raises(ValueError, match=message):
        lines(series, **options)


def test_picture_says_in_words_what_it_shows():
    assert heatmap([[0, 1]], title="weights").alt == "weights: 1 x 2 values from 0 to 1"
    assert lines({"a": [1, 2], "b": [3, 4]}).alt == "lines: a, b; x from 0 to 1, values from 1 to 4"
    root = ElementTree.fromstring(lines([1, 2], alt='say "so" & <more>\0').svg)
    assert (root.get("role"), root.get("aria-label")) == ("img", 'say "so" & <more>\ufffd')


def test_outside_a_cell_nothing_is_printed_and_save_writes_the_picture(tmp_path, capsys):
    figure = heatmap([[1]])
    figure.save(tmp_path / "figure.svg")
    assert capsys.readouterr().out == ""
    assert (tmp_path / "figure.svg").read_text("utf-8") == figure.svg == figure._repr_svg_()


def test_cell_shows_pictures_among_its_output():
    page = Page()
    page.run("from browser.plot import heatmap\nprint('a', end='')\nheatmap([[1, 2]], title='t')\nprint('b')")
    runs = [(event, list(run)) for event, run in groupby(page.events, key=lambda sent: sent[0])]
    assert [event for event, _ in runs] == ["output", "figure", "output"]
    before, [(_, figure)], after = (run for _, run in runs)
    assert ["".join(fields["text"] for _, fields in run) for run in (before, after)] == ["a", "b\n"]
    assert figure["alt"] == "t: 1 x 2 values from 1 to 2"
    assert figure["format"] == "svg"


def test_pictures_count_as_output():
    page = Page()
    page.run("from browser.plot import lines\nfor _ in range(200):\n    lines([0, 1] * 500)\nprint('unseen')")
    figures = [fields for event, fields in page.events if event == "figure"]
    assert 10 < len(figures) < 200
    assert sum(len(fields["text"]) for fields in figures) <= LIMIT
    assert [event for event, _ in page.events if event != "figure"] == ["truncated"]


def test_pictures_of_one_key_cost_the_newest_alone_and_the_last_is_sent():
    page = Page()
    code = (
        "from browser.plot import lines\nprint('before')\n"
        "for n in range(1000):\n    lines([0.0, n], key='loss')\n    lines([1.0, n], key='norm')\nprint('after')"
    )
    result = page.run(code)["result"]
    figures = [fields for event, fields in page.events if event == "figure"]
    assert not result["truncated"] and 2 < len(figures) < 1000
    for key in ("loss", "norm"):
        own = [fields["text"] for fields in figures if f'data-key="{key}"' in fields["text"]]
        assert "999" in own[-1] and "999" not in own[0]
    assert [event for event, _ in page.events if event != "output"] == ["figure"] * len(figures)


def test_picture_of_a_key_that_is_too_large_is_left_out():
    page = Page()
    code = "import sys\nshow = sys.stdout.show_figure\nshow('<svg data-key=\"a\">1</svg>', 'a')\n"
    page.run(code + f"show('<svg data-key=\"a\">' + 'x' * {LIMIT} + '</svg>', 'b')")
    assert [fields["alt"] for event, fields in page.events if event == "figure"] == ["a"]


def test_point_alone_between_gaps_is_a_dot():
    figure = lines({"line": [1.0, 2.0, 3.0], "here": [math.nan, 2.0, math.nan]})
    dots = list(ElementTree.fromstring(figure.svg).iter(f"{SVG}circle"))
    assert [dot.get("fill") for dot in dots] == [STYLES[1][0]]
    assert "<circle" not in lines([1.0, 2.0, math.nan, 2.0, 3.0]).svg
