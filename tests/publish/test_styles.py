"""The one style sheet of all pages: it says what its parts say, but for what no page has."""

import re

import pytest

from publish.memory import Memory, Project
from publish.styles import NAME, together, with_one_sheet, write


def test_links_to_the_parts_become_one_where_the_first_stood():
    parts = ("assets/stylesheets/main.57a0d79d.min.css", "assets/wiki.css", "runtime/cell/cell.css")
    links = [f'<link rel="stylesheet" href="../{part}">' for part in parts]
    other = '<link rel="stylesheet" href="../assets/_mkdocstrings.css">'
    page = f"<head>\n{links[0]}\n  {other}\n {links[1]}\n{links[2]}\n</head>"
    made = with_one_sheet(page)
    assert re.findall(r'href="(.*?)"', made) == [f"../{NAME}", "../assets/_mkdocstrings.css"]
    assert with_one_sheet(f'<link rel="stylesheet" href="/a/b/{parts[0]}">').strip() == (
        f'<link rel="stylesheet" href="/a/b/{NAME}">'
    )
    assert with_one_sheet(f"<head>{other}</head>") == f"<head>{other}</head>"


@pytest.mark.parametrize(
    ("sheet", "made"),
    [
        ("/* a */ p  {\n  color : red ;\n}\n", "p{color : red}"),
        ('@charset "UTF-8"; p{a:b}', '@charset "UTF-8";p{a:b}'),
        ("p > a:is(.x, .y) { margin: 0 1px }", "p > a:is(.x,.y){margin: 0 1px}"),
        ("a::before { content: \"; } { /*\"; b: '{' }", "a::before{content: \"; } { /*\";b: '{'}"),
        (".tabbed-set > label, p:is(a, b) { c: d }", "p:is(a,b){c: d}"),
        (".md-search { a: b } p { c: d }", "p{c: d}"),
        ("@media print { .md-search { a: b } }", ""),
        ("@media print { .md-search { a: b } p { c: d } }", "@media print{p{c: d}}"),
        ("p:not(.md-search) { a: b }", "p:not(.md-search){a: b}"),
        ("@keyframes x { from { a: b } to { a: c } }", "@keyframes x{from{a: b}to{a: c}}"),
        ("[data-md-color-switching] * { a: b }", ""),
        (
            "[data-md-color-accent=red] { a: b } [data-md-color-accent=custom] { a: b }",
            "[data-md-color-accent=custom]{a: b}",
        ),
        (":root { --md-tabbed-icon--prev: url('data:image/svg+xml;x'); --a: b }", ":root{--a: b}"),
        (
            ":root { --md-x-icon: url(data:a;b) } p { mask: var(--md-x-icon) }",
            ":root{--md-x-icon: url(data:a;b)}p{mask: var(--md-x-icon)}",
        ),
        ("table:not([class]) td { a: b }", "table:not(.highlighttable) td{a: b}"),
    ],
)
def test_sheet_is_what_its_parts_say(sheet, made):
    assert together([sheet]) == made


def test_sheet_in_another_encoding_is_read_as_far_as_it_can_be(tmp_path):
    (tmp_path / "site" / "assets").mkdir(parents=True)
    (tmp_path / "site" / "assets" / "wiki.css").write_bytes("a{color:red}/* 红 */".encode("gbk"))
    project = Project(tmp_path, Memory(tmp_path / ".cache" / "publish", tmp_path / "site"))
    assert write(project, {"assets/wiki.css": "a"}) == {NAME}
    assert (tmp_path / "site" / NAME).read_text("utf-8") == "a{color:red}"


def test_sheets_stand_in_their_order():
    assert together(["a{b:c}", "d{e:f}"]) == "a{b:c}d{e:f}"
