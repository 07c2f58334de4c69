"""The block of each widget that pages include: `docs/widgets/NAME.md`, and `NAME.en.md` for English pages.

It is complete before any script: the default position's picture and numbers, what to try, the code, a question.
"""

import re
from html import escape

from widgets import _form, _outputs

WORDS = {
    "zh": {
        "verified": "测试核对过的数字",
        "ask": "想一想",
        "code": "看 / 改这段代码",
        "controls": "控件",
        "play": "播放",
    },
    "en": {
        "verified": "Numbers verified by tests",
        "ask": "Think about it",
        "code": "See and change this code",
        "controls": "Controls",
        "play": "Play",
    },
}

WIDE = 18  # letters of all options: more have a row of their own
SMALL = 250  # CSS pixels: a picture below that is not drawn larger than it is; as in widget.js


def files() -> dict[str, bytes]:
    """All blocks, by their names below the project."""
    made = {}
    for name in _outputs.names():
        for language in _form.LANGUAGES:
            ending = "" if language == "zh" else f".{language}"
            block = page(_outputs.script(name, language), _outputs.kept(name, language), language)
            made[f"docs/widgets/{name}{ending}.md"] = block.encode()
    return made


def page(script: _form.Script, shown: _outputs.Shown, language: str) -> str:
    """One block."""
    words = WORDS[language]
    pictures = "\n".join(_picture(key, svg) for key, svg in shown.pictures.items())
    controls = "\n".join(_control(script.name, one, words) for one in script.controls)
    values = " · ".join(f"{one.label} {_said(one)}" for one in script.controls)
    ticks = "`" * 4
    return f"""<div class="wiki-widget" data-widget="{script.name}" markdown>
<div class="wiki-widget__head">
<strong class="wiki-widget__title">{escape(script.title)}</strong>
<span class="wiki-widget__state" data-verified>{words["verified"]}</span>
</div>
<p class="wiki-widget__hint">{_inline(script.hint)}</p>
<div class="wiki-widget__controls" role="group" aria-label="{words["controls"]}">
{controls}
</div>
<p class="wiki-widget__values">{escape(values)}</p>
<div class="wiki-widget__shown">
<div class="wiki-widget__pictures" data-default>
{pictures}
</div>
<p class="wiki-widget__numbers" data-default>{"<br>".join(map(escape, shown.text.splitlines()))}</p>
</div>
<details class="wiki-widget__question">
<summary>{words["ask"]}：{_inline(script.question)}</summary>
<p>{_inline(script.answer)}</p>
</details>
<details class="wiki-widget__code" markdown>
<summary>{words["code"]}</summary>

{ticks} {{ .python .widget }}
{script.code}{ticks}

</details>
</div>
""".replace(f"{words['ask']}：", f"{words['ask']}：" if language == "zh" else f"{words['ask']}: ")


def _picture(key: str, svg: str) -> str:
    """A picture without blank lines, which would end the raw HTML."""
    line = "".join(svg.strip().splitlines())
    width = re.search(r' width="(\d+)"', line)
    small = " wiki-widget__picture--small" if width and int(width[1]) < SMALL else ""
    return f'<figure class="wiki-widget__picture{small}" data-key="{key}">{line}</figure>'


def _said(one: _form.Control) -> str:
    if one.kind == "switch":
        return "✓" if one.value else "✗"
    return one.said(float(one.value)) if one.kind == "slider" else str(one.value)


def _inline(text: str) -> str:
    """Text with `code`."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def _control(widget: str, one: _form.Control, words: dict[str, str]) -> str:
    label, name = escape(one.label), f'data-name="{one.name}"'
    if one.kind == "choice":
        radios = "".join(
            f'<label><input type="radio" name="{widget}-{one.name}" value="{escape(option)}"'
            f'{" checked" if option == one.value else ""} autocomplete="off"><span>{escape(option)}</span></label>'
            for option in one.options
        )
        wide = " wiki-widget__choice--wide" if len("".join(one.options)) > WIDE else ""
        head = f'<fieldset class="wiki-widget__choice{wide}" data-kind="choice" {name}><legend>{label}</legend>'
        return f"{head}{radios}</fieldset>"
    if one.kind == "switch":
        checked = " checked" if one.value else ""
        box = f'<input type="checkbox"{checked} autocomplete="off">'
        return f'<label class="wiki-widget__switch" data-kind="switch" {name}>{box}<span>{label}</span></label>'
    if one.kind == "text":
        field = f'<input type="text" value="{escape(str(one.value))}" maxlength="{_form.LONGEST}" spellcheck="false"'
        head = f'<label class="wiki-widget__text" data-kind="text" {name}><span>{label}</span>'
        return f'{head}{field} autocomplete="off"></label>'
    said = one.said(float(one.value))
    field = (
        f'<input type="range" min="{one.low}" max="{one.high}" step="{one.step}" value="{said}" '
        f'data-decimals="{0 if one.whole else one.decimals}" aria-label="{label}" autocomplete="off">'
    )
    play = f' data-play="{one.play}"' if one.play else ""
    return (
        f'<label class="wiki-widget__slider" data-kind="slider" {name}{play}>'
        f"<span>{label}</span><output>{said}</output>{field}</label>"
    )
