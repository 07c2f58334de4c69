"""A widget's script as data, and the block that pages include."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from widgets import _form, _outputs, _pages

EVERY = [(name, language) for name in _outputs.names() for language in _form.LANGUAGES]
SOURCE = '''"""题 ‖ Title

试 ‖ Try `this`

问？ ‖ Q?

答 ‖ A
"""

# @markdown 温度 ‖ Temperature
temperature = 1.0  # @param {type:"slider", min:0.1, max:3, step:0.1}
# @markdown ▸▸步数 ‖ ▸▸Steps
steps = 4  # @param {type:"slider", min:0, max:10, step:2}
# @markdown 掩码 ‖ Mask
mask = "causal"  # @param ["none", "causal"]
# @markdown 文字 ‖ Text
text = "猫 ‖ cat"  # @param {type:"string"}
# @markdown 开关 ‖ Switch
draw = False  # @param {type:"boolean"}

print(f"{steps} 步 ‖ {steps} steps", text)  # 注释 ‖ a comment
'''


def test_texts_and_code_speak_one_language():
    zh, en = (_form.parse("one", SOURCE, language) for language in _form.LANGUAGES)
    assert (zh.title, zh.hint, zh.question, zh.answer) == ("题", "试", "问？", "答")
    assert (en.title, en.hint, en.question, en.answer) == ("Title", "Try `this`", "Q?", "A")
    assert _outputs.run(zh.code).text == "4 步 猫"
    assert _outputs.run(en.code).text == "4 steps cat"
    assert "# 注释\n" in zh.code and "# a comment\n" in en.code


def test_controls_are_what_the_comments_declare():
    controls = {one.name: one for one in _form.parse("one", SOURCE, "en").controls}
    assert [one.kind for one in controls.values()] == ["slider", "slider", "choice", "text", "switch"]
    assert (controls["steps"].play, controls["steps"].whole, controls["steps"].label) == (2, True, "Steps")
    assert controls["temperature"].positions() == {"low": 0.1, "middle": 1.5, "high": 3.0}
    assert controls["mask"].options == ("none", "causal")


def test_values_go_into_the_form_and_nowhere_else():
    script = _form.parse("one", SOURCE, "en")
    values = {"temperature": 2, "steps": 6, "mask": "none", "text": 'a "quoted" \\ 🙂', "draw": True}
    changed = script.with_values(values)
    namespace: dict[str, object] = {}
    _outputs.run(changed, namespace)
    assert {name: namespace[name] for name in values} == values
    assert changed.count("\n") == script.code.count("\n")
    assert script.with_values({}) == script.code


@pytest.mark.parametrize(
    "broken, message",
    [
        (SOURCE.replace("答 ‖ A\n", ""), "docstring"),
        (SOURCE.replace("# @markdown 掩码 ‖ Mask\n", ""), "no control with a label"),
        (SOURCE.replace('{type:"boolean"}', '{type:"date"}'), "no control of type 'date'"),
    ],
)
def test_what_is_no_widget_is_refused(broken, message):
    with pytest.raises(ValueError, match=message):
        _form.parse("one", broken, "zh")


@pytest.mark.parametrize("name, language", EVERY)
def test_every_widget_is_whole_in_its_language(name, language):
    script = _outputs.script(name, language)
    assert "‖" not in "".join([script.title, script.hint, script.question, script.answer, script.code])
    compile(script.code, name, "exec")
    other = re.compile("[\u4e00-\u9fff]") if language == "en" else None
    if other and name != "tokenizers":  # whose subject is Chinese text too
        assert not other.search(script.title + script.hint + script.question + script.answer + script.code)
    assert _outputs.kept(name, language).text


class Inputs(HTMLParser):
    """What a form's inputs say of themselves."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag == "input":
            self.found.append(dict(attributes))


@pytest.mark.parametrize("name, language", EVERY)
def test_block_is_complete_without_a_script(name, language):
    script, shown = _outputs.script(name, language), _outputs.kept(name, language)
    block = _pages.page(script, shown, language)
    inputs = Inputs()
    inputs.feed(block)
    assert len(inputs.found) == sum(len(one.options) or 1 for one in script.controls)
    assert len(re.findall("<svg", block)) == len(shown.pictures) > 0
    assert script.code in block and all(line in unescape(block) for line in shown.text.splitlines())
    assert "style=" not in block and "<script" not in block and "\n\n<" not in block.split("<details")[0]


def test_block_escapes_what_texts_say():
    source = SOURCE.replace("题 ‖ Title", "题 <b> ‖ A <b> & c").replace("猫 ‖ cat", "<i> ‖ <i>")
    block = _pages.page(_form.parse("one", source, "en"), _outputs.Shown("<u>", {}), "en")
    block = block.partition('<details class="wiki-widget__code"')[0]  # the code is a fence
    assert "<b>" not in block and "<u>" not in block and 'value="&lt;i&gt;"' in block
    assert "<code>this</code>" in block
