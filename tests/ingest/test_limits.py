"""No file costs the others much, and none turns a reader's eye: limits of front matter, sizes and characters."""

import re
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import pytest

from ingest import files, guard, limits, pipeline, safe_html, workspace
from ingest.concepts import parse_concept, parse_groups
from ingest.feeds.archive import merge_all
from ingest.feeds.catch_up import next_page
from ingest.feeds.listed import read_opml
from ingest.files import read
from ingest.front_matter import front_matter
from ingest.importing.docx_styles import heading, list_of
from ingest.importing.html import to_markdown
from ingest.invisible import TURNING, visible
from ingest.learning_path import parse_path
from ingest.limits import LARGEST, LISTED, MARKS, NAME_LETTERS, NAMES, QUESTIONS, TITLE_LETTERS
from ingest.model import Paper, Source, Week
from ingest.notes.parse import parse_note
from ingest.notes.write import format_note
from ingest.questions.parse import parse_question
from tests.ingest.conftest import CONCEPT

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
NOTE = "# T\n\n【编号】：901\n【时间】：2026-11-20\n{}\n## 本周新闻\n\n## 本周推荐\n\n## Free Talk\n\n{}"


PAPER = Paper("a", "a", "http://a.b", authority="arXiv v1")


def note(fields="", text=""):
    return Source("talks/notes/901.md", NOTE.format(fields, text))


@pytest.mark.parametrize(
    ("yaml", "line"),
    [
        (BOMB, 2),
        ("id: x\ntopics: &a [*a]", 3),
        ("id: x\ny: *y", 3),
        ("id: x\ny: " + "[" * 3000 + "]" * 3000, 3),
        ("id: x\n" + "".join(f"{' ' * n}y:\n" for n in range(150)), 103),
        ("id: x\ny: !!python/object/apply:os.system [true]", 3),
        ("id: x\ny: !y z", 3),
        ("id: x\n? [a, b]\n: c", 3),
        ("id: x\n? {d: e}\n: f", 3),
        ("id: x\ny: 'a\x07'", 3),
        ("id: " + "x" * 64_000, 1),
    ],
    ids=lambda value: str(value)[:24],
)
@pytest.mark.parametrize("parser", [parse_question, parse_note, parse_concept])
def test_costly_front_matter_is_refused_on_its_line(parser, yaml, line):
    _, problems = parser(Source("talks/questions/a.md", f"---\n{yaml}\n---\n# a\n\nb"))
    assert [problem.line for problem in problems if problem.code == "F003"] == [line]


def test_values_are_what_they_say():
    said = {"a": "0x10", "b": "12:30:45", "c": "9" * 5000, "d": "no", "e": ".nan", "f": "2026-02-30", "g": "007"}
    text = "\n".join(f"{key}: {value}" for key, value in said.items())
    assert front_matter(Source("a.md", f"---\n{text}\nh: ~\ni:\n---\n"))[0] == said | {"h": None, "i": None}


def test_date_that_is_none_is_told_on_its_line():
    _, problems = parse_question(Source("talks/questions/a.md", "---\nid: x\ndate: 2026-02-30\n---\n# a\n"))
    assert [(problem.code, problem.line) for problem in problems] == [("Q003", 3)]


def test_large_file_is_left_out_and_the_others_are_read(tmp_path):
    (tmp_path / "a.md").write_text("a" * (LARGEST + 1))
    (tmp_path / "b.md").write_text("b" * LARGEST)
    sources, problems = read(tmp_path.glob("*.md"), tmp_path)
    assert [source.path for source in sources] == ["b.md"]
    assert [(problem.path, problem.code) for problem in problems] == [("a.md", "L001")]


@pytest.mark.parametrize("part", ["|x", "\n", "- a\n", "[a](", "$a$ ", "```\n", "**a** ", "[^1] "])
def test_file_of_more_marks_than_anybody_writes_is_left_out(tmp_path, part):
    """A table of 300,000 cells took 28 s and 626 MB, though it has fewer than a million bytes."""
    marks = sum(not char.isalnum() and char != " " for char in part)
    for name, count in (("a.md", MARKS // marks + 1), ("b.md", MARKS // marks)):
        (tmp_path / name).write_text(part * count)
    sources, problems = read(tmp_path.glob("*.md"), tmp_path)
    assert [source.path for source in sources] == ["b.md"]
    assert [(problem.path, problem.code) for problem in problems] == [("a.md", "L005")]


def test_files_beyond_those_of_a_kind_are_left_out_and_one_line_says_so(project, monkeypatch):
    monkeypatch.setitem(limits.FILES, "questions", 3)
    monkeypatch.setattr(files, "OTHERS", 2)
    for number in range(5):
        (project / f"talks/questions/q{number}.md").write_text(f"# 问{number}？\n\n答。\n", "utf-8")
        (project / f"talks/notes/{number}.gif").write_bytes(b"GIF89a\1\0\1\0")
    inputs, pictures, problems = workspace.Workspace.at(project).read()
    assert (len(inputs.questions), len(pictures)) == (3, 2)
    told = [(problem.path, problem.message) for problem in problems if problem.code == "L007"]
    assert sorted(told) == [
        ("talks/notes/2.gif", "5 files, 3 of them left out"),
        ("talks/questions/q3.md", "6 files, 3 of them left out"),
    ]


@pytest.mark.parametrize("day", ["0001-01-03", "9999-12-31"])
def test_days_and_weeks_that_nobody_means_stop_no_build(project, day):
    """The first and last of the calendar's weeks ended in a traceback, and so did a week that is none."""
    week = "0001-W01" if day < "1000" else "9999-W52"
    (project / "talks/questions/when.md").write_text(f"---\ndate: {day}\nupdated: [{day}]\n---\n\n# 何时？\n", "utf-8")
    (project / "talks/papers").mkdir()
    for name in (week, "undated", "index"):
        record = f'{{"title": "{name}", "url": "https://a.b/{name}", "published": "{day}"}}\n'
        (project / f"talks/papers/{name}.jsonl").write_text(record, "utf-8")
    (project / f"talks/papers/{week}.jsonl").write_text('{"title": "T", "url": "https://a.b/t"}\n', "utf-8")
    inputs, _, _ = workspace.Workspace.at(project).read()
    pages, _, problems = pipeline.build(inputs)
    assert f"papers/{week.lower()}.md" in pages
    assert [problem.path for problem in problems if problem.code == "P009"] == ["talks/papers/index.jsonl"]


def test_bytes_of_a_kind_have_a_limit(tmp_path):
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_bytes(b"1234")
    found, [problem] = files.few(paths, tmp_path, 9, most_bytes=9)
    assert (found, problem.path) == (paths[:2], "c")
    assert files.few(paths, tmp_path, 9, most_bytes=12) == (paths, [])


@pytest.mark.parametrize(
    "field",
    [
        f"builds_on: [{'a, ' * (LISTED + 1)}]",
        f"snippet: {'t' * (NAME_LETTERS + 1)}",
        f"aliases: [a, {'t' * (NAME_LETTERS + 1)}]",
        f"summary: {'t' * (TITLE_LETTERS + 1)}",
    ],
    ids=lambda field: field[:9],
)
def test_concept_that_every_page_would_repeat_at_length_is_none(field):
    fields = {"title": "A", "english": "A", "aliases": "[a]", "group": "g", "summary": "s"}
    assert parse_concept(_concept(fields))[0]
    name, _, value = field.partition(": ")
    fields = {key: said for key, said in fields.items() if key != name} | {name: value}
    concept, problems = parse_concept(_concept(fields))
    assert (concept, [(problem.line, problem.code) for problem in problems]) == (None, [(len(fields) + 1, "L006")])


def _concept(fields):
    return Source("docs/topics/a.md", "\n".join(["---", *map(": ".join, fields.items()), "---", "# A", ""]))


def test_groups_of_concepts_have_a_limit():
    named = "".join(f"  g{number}: G\n" for number in range(LISTED + 1))
    groups, problems = parse_groups([Source("docs/topics/index.md", f"---\ngroups:\n{named}---\n")])
    assert (groups, [(problem.line, problem.code) for problem in problems]) == ({}, [(2, "L006")])
    assert parse_groups([Source("docs/topics/index.md", "---\ngroups: {}\n---\n")]) == ({}, [])


def test_lists_and_names_of_a_question_have_a_limit():
    topics = ", ".join(f"t{number}" for number in range(LISTED + 1))
    text = f"---\nasker: {'n' * 999}\ntopics: [{topics}]\n---\n# a？\n\nb\n"
    question, problems = parse_question(Source("talks/questions/a.md", text))
    assert (len(question.topics), len(question.asker)) == (LISTED, NAME_LETTERS)
    assert [(problem.line, problem.code) for problem in problems] == [(3, "L006"), (2, "L006")]


@pytest.mark.parametrize("kind", ["question", "note"])
def test_a_file_gives_no_more_than_so_many_people_a_page(kind):
    """A note of a megabyte made 50,000 pages: one for everybody who signed an answer in it."""
    count = NAMES + 3
    if kind == "note":
        source = note(text="### Q1：a？\n\n" + "".join(f"A：b{n}。 —n{n}\n\n" for n in range(count)))
        inputs = pipeline.Inputs(notes=(source,))
    else:
        answers = "".join(f"## 回答\n\nb{n}。\n\n—— n{n}\n\n" for n in range(count))
        source = Source("talks/questions/a.md", f"# a？\n\n{answers}")
        inputs = pipeline.Inputs(questions=(source,))
    pages, records, problems = pipeline.build(inputs)
    assert len([name for name in pages if name.startswith("docs/people/") or name.startswith("people/")]) == NAMES + 1
    question = records.questions[0]
    assert question.answers[-1].text.endswith(f"—n{count - 1}")  # nothing is lost
    assert [problem.message for problem in problems if problem.code == "L003"] == [f"{count} names"]


def test_definition_of_a_reference_is_not_repeated_without_end():
    """A link of 400 kB that was named 140,000 times made a page of 56 GB."""
    address = "https://a.b/" + "c" * 4000
    shown = safe_html.to_html(f"{'[d] ' * 1000}\n\n[d]: {address}\n")
    assert len(shown) < 150_000
    assert shown.count(f'href="{address}"') == 24 and shown.count("[d] ") > 900
    assert safe_html.to_html(f"[d]\n\n[d]: {address}").count(address) == 2


def test_a_few_letters_make_no_table_of_millions_of_cells():
    """100 tables whose lines have one cell, and their heads a hundred, made a page of 30 MB."""
    shown = safe_html.to_html(f"{'|a' * 100}|\n{'|-' * 100}|\n{'b' * 100}\n" + "c\n" * 1000 + "d\n")
    assert shown.count("<td>") < 700 and shown.count("c") >= 1000 and "d" in shown
    assert safe_html.to_html("|a|b|c|\n|-|-|-|\n" + "|d|\n" * 200).count("<td>") == 600


def test_questions_beyond_the_limit_are_left_out():
    text = "".join(f"### Q{n % 999}：问{n}？\n\nA：答\n\n" for n in range(QUESTIONS + 3))
    talk, problems = parse_note(note(text=text))
    assert len(talk.questions) == QUESTIONS
    line = NOTE.format("", text).split("\n").index(f"### Q{QUESTIONS % 999}：问{QUESTIONS}？") + 1
    assert [problem.line for problem in problems if problem.code == "L002"] == [line]


def test_names_beyond_the_limit_are_left_out():
    talk, problems = parse_note(note(f"【贡献者】：{'、'.join(f'n{n}' for n in range(NAMES + 1))}\n"))
    assert len(talk.contributors) == NAMES
    assert "L003" in {problem.code for problem in problems}


@pytest.mark.parametrize("mark", ["### ", ""])
def test_long_title_is_cut_and_stands_whole_in_the_text(mark):
    title = "长" * (TITLE_LETTERS + 1)
    talk, problems = parse_note(note(text=f"{mark}Q1：{title}\n\nA1：答"))
    asked, told = parse_question(Source("talks/questions/a.md", f"# {title}\n\n## 回答\n\n答"))
    for question, found in ((talk.questions[0], problems), (asked, told)):
        assert len(question.title) == TITLE_LETTERS
        assert title in question.text
        assert "L003" in {problem.code for problem in found}


def test_deep_outlines_are_refused():
    feeds, problems = read_opml(b"<opml>" + b"<outline>" * 200 + b"</outline>" * 200 + b"</opml>", "f")
    assert not feeds
    assert [problem.code for problem in problems] == ["P010"]


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NUMBERED = f'<w:p xmlns:w="{WORD}"><w:numPr><w:ilvl w:val="{{}}"/><w:numId w:val="1"/></w:numPr></w:p>'


@pytest.mark.parametrize("written", ["9", "²"], ids=["nines", "raised"])  # a digit, and no number
@pytest.mark.parametrize(
    "read_it",
    [
        lambda many: read_opml(f'<opml><outline xmlUrl="http://a.b" again="{many}"/></opml>'.encode(), "f"),
        lambda many: next_page(f"http://a.b/?max_results={many}", 0),
        lambda many: parse_path(
            [Source("path.yml", f"---\nsteps: [{{name: a, english: b, concepts: [c], needs: [{many}]}}]\n...\n")]
        ),
        lambda many: merge_all(
            [Week("undated", (replace(PAPER, authority=f"arXiv v{many}"),))], [([PAPER], [])], date(2026, 11, 30)
        ),
        lambda many: to_markdown(f"<table><tr><td colspan={many}>a</td><td>b</td></tr></table>"),
        lambda many: heading(many),
        lambda many: list_of(ElementTree.fromstring(NUMBERED.format(many))),
    ],
    ids=["OPML", "a list's page", "a path", "an archive", "a web table", "an outline", "a list's depth"],
)
def test_number_of_thousands_of_digits_ends_nothing(read_it, written):
    """Python reads none of more than 4,300."""
    read_it(written * 5000)


def test_text_below_the_deepest_list_is_kept():
    shown = safe_html.to_html("".join(f"{'  ' * n}- a{n}\n" for n in range(40)) + "- last\n\nafter")
    assert all(f"a{n}" in shown for n in range(40))
    assert shown.endswith("<li>last</li>\n</ul>\n<p>after</p>") or "<p>last</p>" in shown
    assert "deep" in safe_html.to_html(">" * 5000 + " deep")


def test_entity_that_is_no_character_stays():
    assert "9" * 5000 in safe_html.meta(f"&#{'9' * 5000};")


@pytest.mark.parametrize("char", [*"\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200e\u200f\u061c", *"\u202c\u2069"])
def test_what_turns_text_is_never_shown_but_told_and_kept_in_the_file(char):
    text = f"### Q1：a{char}b？ —甲\n\nA1：c{char}d [e{char}](https://f.g/{char}h) &#{ord(char)}; <https://i.j/{char}k>"
    source = note(f"【主持人】：甲{char}、乙\n", text)
    asked = Source("talks/questions/x.md", f"---\nasker: 丙{char}\nfoo: 1{char}2\n---\n# l{char}m？\n\nn{char}o")
    pages, _, problems = pipeline.build(pipeline.Inputs(notes=(source,), questions=(asked,)))
    assert not [name for name, page in pages.items() if char in page or char in name]
    told = [(problem.path, problem.line, problem.severity) for problem in problems if problem.code == "L004"]
    assert told == [(source.path, 5, "warning"), (asked.path, 2, "warning")]
    assert char in format_note(source)[0]


@pytest.mark.parametrize("field", ["title", "english", "group", "summary", "aliases"])
def test_concepts_names_are_shown_without_what_nobody_sees(field):
    """The map drew them as they are; YAML can write them so that the file does not show them either."""
    head = re.sub(rf"(?m)^({field}): .*", r'\1: "a\\0\\e\\u202eb"', CONCEPT)
    assert head != CONCEPT
    index = Source("docs/topics/index.md", '---\ngroups: {"a\\0\\e\\u202eb": "c\\u202ed"}\n---\n')
    path = '---\nsteps: [{name: "a\\e", english: "\\u202eb", concepts: [lora]}]\n---\n'
    concept, path = Source("docs/topics/lora.md", head), Source("docs/topics/path.yml", path)
    pages, _, _ = pipeline.build(pipeline.Inputs(concepts=(concept,), concept_index=(index,), path=(path,)))
    shown = {name: page for name, page in pages.items() if isinstance(page, str)}
    assert shown and not [name for name, page in shown.items() if re.search(r"[\0\x1b\u202e]|\\u202e", page)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("👩\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f\u20e3", "👩\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f\u20e3"),
        ("می\u200cخواهم שלום مرحبا", "می\u200cخواهم שלום مرحبا"),
        ("葛\U000e0100", "葛\U000e0100"),
        ("a\u200db\u200cc\ufe0fd\u00ade\u200bf\u2060g\ufeffh", "abcdefgh"),
        ("😀\U000e0101\U000e0102", "😀"),
        ("葛\U000e0100\U000e0101", "葛\U000e0100"),
        ("x\U000e0061\U000e007f", "x"),
        ("a\ufe0f\u200db", "ab"),
    ],
)
def test_what_joins_stays_where_it_joins(text, shown):
    assert visible(text) == shown == visible(visible(text))


def test_every_turning_character_is_taken_out():
    assert visible("".join(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])) + "a") == "a"
    assert TURNING


def test_what_comes_near_is_looked_for_of_few_unknown_names(monkeypatch):
    """Each is held against every name there is: 20,000 questions of a hundred took hours."""
    looked = []
    monkeypatch.setattr(pipeline, "get_close_matches", lambda _, known, *__: looked.append(known) or [])
    topics = [",".join(f"n{n}x{at}" for at in range(100)) for n in range(3)]
    questions = [
        Source(f"talks/questions/q{n}.md", f"---\ntopics: [{names}]\n---\n\n# 问？\n") for n, names in enumerate(topics)
    ]
    concepts = (Source("docs/topics/lora.md", CONCEPT),)
    problems = pipeline.parse(pipeline.Inputs(questions=tuple(questions), concepts=concepts))[1]
    assert len([problem for problem in problems if problem.code == "T001"]) == 300
    assert len([known for known in looked if known]) == pipeline.HINTS


def test_a_few_lines_make_no_page_of_gigabytes(project, monkeypatch):
    """One file of a megabyte was included fifty times, in a page that others' pages include by its example."""
    topics = project / "docs/topics"
    (project / "snippets/big.py").write_text('"""T."""\n' + "x = 1\n" * 1_000, "utf-8")
    (topics / "whole.md").write_text('---\ntitle: T\n---\n\n```python\n--8<-- "big.py"\n```\n', "utf-8")
    (topics / "often.md").write_text("---\ntitle: T\n---\n\n" + '```python\n--8<-- "big.py"\n```\n\n' * 5, "utf-8")
    (topics / "far.md").write_text('---\ntitle: T\n---\n\n--8<-- "topics/often.md:example"\n', "utf-8")
    monkeypatch.setattr(guard, "INCLUDED", 20_000)
    told = [(problem.path, problem.code) for problem in guard.inputs(workspace.Workspace.at(project))]
    assert told == [("docs/topics/far.md", "L005"), ("docs/topics/often.md", "L005")]
    monkeypatch.setattr(guard, "ALL_INCLUDED", 5_000)
    assert ("docs/topics/whole.md", "L005") in [
        (problem.path, problem.code) for problem in guard.inputs(workspace.Workspace.at(project))
    ]


@pytest.mark.parametrize(("times", "problems"), [(1, []), (2, [("docs/guide/open.md", "L005")])])
def test_list_that_grows_with_the_archive_is_included_once(project, monkeypatch, times, problems):
    """That of ten thousand open questions is larger than what somebody else may include."""
    monkeypatch.setattr(guard, "INCLUDED", 20_000)
    for name, text in (
        ("generated/open.md", "- q\n" * 10_000),
        ("guide/open.md", '--8<-- "generated/open.md"\n\n' * times),
    ):
        (project / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "docs" / name).write_text(f"---\ntitle: T\n---\n\n{text}", "utf-8")
    assert [(one.path, one.code) for one in guard.inputs(workspace.Workspace.at(project))] == problems
