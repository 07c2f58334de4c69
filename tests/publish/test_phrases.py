"""Headings end their lines between phrases, and stay what they were for everything but a line's end."""

import re

import pytest
from pypinyin.constants import PHRASES_DICT

from publish.phrases import LONGEST, _words, phrases, typeset, with_phrases
from tests.ingest.test_growth import grows_too_fast


def test_words_stay_whole(words_of_headings):
    for heading, words in words_of_headings.items():
        parts = re.split("<wbr>", typeset(heading))
        for word in words:
            assert any(word in part for part in parts), (heading, word)
        assert "".join(parts) == heading
        assert len(parts) > 1


@pytest.fixture
def words_of_headings():
    """The review's own list: each of these was broken where its word stands."""
    return {
        "注意力分数为什么要除以根号": ["注意力", "为什么"],
        "二阶矩的估计怎么初始化": ["二阶", "怎么", "初始化"],
        "预训练语言模型与余弦退火": ["预训练", "余弦"],
        "矩阵分块之后和原来相比": ["矩阵", "分块", "相比"],
        "斜率取多少，什么时候训练": ["斜率", "什么", "训练"],
        "第一代为什么不行，人们认为什么": ["为什么", "认为"],  # not 代为, and not 认 before 为什么
    }


def test_words_hold_all_that_pypinyin_lists():
    assert PHRASES_DICT.keys() <= _words()


def test_particle_ends_a_phrase_and_a_preposition_begins_one():
    assert phrases("模型的参数在显存里") == ("模型的", "参数", "在显存里")


def test_name_of_what_this_site_is_about_stays_whole():
    assert phrases("的大语言模型笔记", goes_on=True) == ("的", "大语言模型", "笔记")


def test_unknown_letters_are_kept_together_but_not_without_end():
    assert phrases("囧囧囧") == ("囧囧囧",)
    assert max(map(len, phrases("囧" * 50))) == LONGEST
    assert "".join(phrases("囧" * 50)) == "囧" * 50


def test_chinese_may_part_from_a_latin_word_and_not_from_a_number():
    assert typeset("用RoPE外推") == "用RoPE<wbr>外推"
    assert typeset("训练RoPE") == "训练<wbr>RoPE"
    assert typeset("第3步共9步") == "第3步共9步"


def test_running_text_and_what_is_no_text_do_not_change():
    code = '<h2 id="什么问题">什么问题 <code>什么问题</code><a class="headerlink" href="#什么问题">什么问题</a></h2>'
    page = f"<p>什么问题</p>{code}<h1>Plain</h1>"
    made = with_phrases(page)
    assert made.startswith("<p>什么问题</p>") and made.endswith("<h1>Plain</h1>")
    assert made.count("<wbr>") == 1 and '<h2 id="什么问题" class="wiki-phrases">什么<wbr>问题 <code>' in made
    assert re.sub('<wbr>| class="wiki-phrases"', "", made) == page


def test_title_that_begins_a_line_of_a_list_is_set_like_a_heading():
    made = with_phrases('<ul><li><a href="#什么问题">什么问题</a> 为什么</li><li>见<a href="a">什么问题</a></li></ul>')
    assert made == (
        '<ul><li><a href="#什么问题" class="wiki-phrases">什么<wbr>问题</a> 为什么</li>'
        '<li>见<a href="a">什么问题</a></li></ul>'
    )
    kept = '<ol><li><a class="b" href="a">什么问题</a></li><li><a href="a">Plain</a></li></ol>'
    assert with_phrases(kept) == kept
    card = with_phrases('<p><a class="wiki-piece__title" href="a">除以 √d&#95;k</a></p>')
    assert 'class="wiki-phrases wiki-piece__title"' in card and '<span class="wiki-root">d<sub>k</sub></span>' in card


def test_nested_elements_that_are_no_text_are_left_alone():
    formula = '<span class="arithmatex">什么<b>问题</b><i>什么问题</i></span>'
    assert formula in with_phrases(f"<h2>{formula}什么问题</h2>")


def test_heading_keeps_its_own_class():
    assert with_phrases('<h3 class="a">什么问题</h3>').startswith('<h3 class="wiki-phrases a">')


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("为什么除以 √d_k？", "√(dk)"),
        ("√d", "√(d)"),
        ("矩阵 W_o", "W(o)"),
        ("top_p 与 tiny_gpt", "top_p"),
    ],
)
def test_roots_and_indices_are_set_as_in_formulas(title, shown):
    made = typeset(title).replace("<wbr>", "")
    if "√" in shown:
        assert re.search(r'<span class="wiki-root">d(<sub>k</sub>)?</span>', made)
    else:
        assert ("W<sub>o</sub>" if shown[0] == "W" else shown) in made
    assert re.sub("<[^>]*>", "", made).replace("dk", "d_k").replace("Wo", "W_o") == title


def test_line_may_end_before_what_is_set_apart_but_no_line_begins_with_a_particle():
    made = with_phrases("<h1>公式，也<strong>跑得动代码</strong>的笔记</h1>")
    assert "，也<strong>跑得动代码</strong>的<wbr>笔记" in made
    assert "LoRA</a><wbr>为什么" in with_phrases("<h1><a>LoRA</a>为什么</h1>")
    assert "怎么<strong><wbr>跑得动" in with_phrases("<h1>怎么<strong>跑得动</strong></h1>")


@pytest.mark.parametrize("part", ["长", "的", "长a", "长<b>文</b>"])
def test_long_heading_is_set_in_linear_time(part):
    """A heading of 20,000 letters took two seconds, one of a megabyte would have taken an hour."""
    assert not grows_too_fast(with_phrases, lambda size: f"<h2>{part * (size // len(part))}</h2>")
