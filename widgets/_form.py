"""A widget's script as data: its texts, its controls, its code in one language, and that code with other values.

Controls are Colab's form comments, so a notebook has the same form:

    # @markdown 温度 ‖ Temperature
    temperature = 1.0  # @param {type:"slider", min:0.1, max:3, step:0.1}
    mask = "causal"  # @param ["none", "causal"]
    text = "Hello"  # @param {type:"string"}
    scaled = True  # @param {type:"boolean"}

The `@markdown` line above is the label. A slider whose label begins with ▸ can play; with ▸▸ its script goes on from
where it was, and the page walks there step by step. In strings and comments, `中文 ‖ English` is said in the page's
language.
"""

import ast
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Value = bool | int | float | str
LANGUAGES = ("zh", "en")
PARAM = re.compile(r"^(?P<name>[a-z_]\w*) = (?P<value>.+?)  # @param (?P<spec>.+)$", re.MULTILINE)
LABEL = re.compile(r"^# @markdown (.+)$")
STRING = re.compile(r"([\"'])((?:(?!\1).)*?) ‖ ((?:(?!\1).)*?)\1")
COMMENT = re.compile(r"# (?P<mark>@\w+ )?(?P<zh>[^\"'\n]*?) ‖ (?P<en>.*)$", re.MULTILINE)
KEY = re.compile(r"([{,]\s*)(\w+)\s*:")
LONGEST = 60  # letters of a text
BOTH = " ‖ "


@dataclass(frozen=True)
class Control:
    """One control of a form.

    Attributes:
        name: The variable.
        label: What it is, for the reader.
        kind: `slider`, `choice`, `text` or `switch`.
        value: The default.
        low: A slider's ends and step.
        high: See there.
        step: See there.
        options: A choice's values.
        play: 0; 1 for a slider that can play; 2 for one that is walked step by step.
        whole: Whether a slider's values are integers.
    """

    name: str
    label: str
    kind: str
    value: Value
    low: float = 0
    high: float = 0
    step: float = 1
    options: tuple[str, ...] = ()
    play: int = 0
    whole: bool = False

    def literal(self, value: Value) -> str:
        """A value as it stands in the code."""
        if self.kind == "slider":
            return self.said(float(value))
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(bool(value))

    def said(self, value: float) -> str:
        """A slider's value, with as many decimals as its step and its default have."""
        return str(round(value)) if self.whole else f"{value:.{self.decimals}f}"

    @property
    def decimals(self) -> int:
        """Of a slider that is not of integers."""
        return max(1, *(len(repr(number).partition(".")[2]) for number in (self.step, float(self.value))))

    def positions(self) -> dict[str, Value]:
        """Where tests put it: both ends and the middle."""
        if self.kind == "slider":
            steps = round((self.high - self.low) / self.step)
            places = {"low": 0, "middle": steps // 2, "high": steps}
            return {name: self.exact(self.low + self.step * at) for name, at in places.items()}
        if self.kind == "choice":
            return {"low": self.options[0], "middle": self.options[len(self.options) // 2], "high": self.options[-1]}
        if self.kind == "switch":
            return {"low": False, "middle": self.value, "high": True}
        return {"low": "", "middle": self.value, "high": ("床前明月光 the cat 🙂 " * LONGEST)[:LONGEST]}

    def at_random(self, chance: random.Random) -> Value:
        """Any of its values; of a text, the default."""
        if self.kind == "slider":
            return self.exact(self.low + self.step * chance.randint(0, round((self.high - self.low) / self.step)))
        return chance.choice(self.options or ((False, True) if self.kind == "switch" else (self.value,)))

    def exact(self, value: float) -> Value:
        """A slider's value as its code would have it."""
        return round(value) if self.whole else float(self.said(value))


@dataclass(frozen=True)
class Script:
    """A widget in one language.

    Attributes:
        name: Its file's.
        title: Of the widget.
        hint: What to try, and what is then seen.
        question: What the reader can answer after that.
        answer: To the question.
        code: From the form on, without the docstring.
        controls: In the order of the code.
    """

    name: str
    title: str
    hint: str
    question: str
    answer: str
    code: str
    controls: tuple[Control, ...]

    def at(self, position: str) -> str:
        """The code at `low`, `middle`, `high` or `default`."""
        if position == "default":
            return self.code
        return self.with_values({one.name: one.positions()[position] for one in self.controls})

    def with_values(self, values: Mapping[str, Value]) -> str:
        """The code with other values in its form."""
        literals = {one.name: one.literal(values[one.name]) for one in self.controls if one.name in values}
        return PARAM.sub(
            lambda found: f"{found['name']} = {literals.get(found['name'], found['value'])}  # @param {found['spec']}",
            self.code,
        )


def parse(name: str, source: str, language: str) -> Script:
    """Read a script.

    Raises:
        ValueError: If its docstring has not four paragraphs in both languages, or a form comment is none.
    """
    tree = ast.parse(source)
    paragraphs = [" ".join(part.split()) for part in (ast.get_docstring(tree) or "").split("\n\n")]
    if len(paragraphs) != 4 or not all(BOTH in part for part in paragraphs):
        raise ValueError(f"{name}: the docstring needs title, hint, question and answer, each `中文 ‖ English`")
    title, hint, question, answer = (part.split(BOTH)[LANGUAGES.index(language)] for part in paragraphs)
    body = "\n".join(source.splitlines()[tree.body[0].end_lineno or 0 :]).strip("\n") + "\n"
    code = f"# @title {title}\n{localized(body, language)}"
    return Script(name, title, hint, question, answer, code, tuple(_controls(name, code)))


def localized(code: str, language: str) -> str:
    """Code whose strings and comments speak one language."""
    at = LANGUAGES.index(language)
    code = COMMENT.sub(lambda found: f"# {found['mark'] or ''}{found[language]}", code)
    return STRING.sub(lambda found: found[1] + found[2 + at] + found[1], code)


def _controls(name: str, code: str) -> Iterator[Control]:
    lines = code.splitlines()
    for number, line in enumerate(lines):
        if "# @param" not in line:
            continue
        found, label = PARAM.match(line), LABEL.match(lines[number - 1])
        if not found or not label:
            raise ValueError(f"{name}: no control with a label above it: {line!r}")
        text = label[1].lstrip("▸ ")
        play = len(label[1]) - len(label[1].lstrip("▸"))
        value = ast.literal_eval(found["value"])
        spec = json.loads(KEY.sub(r'\1"\2":', found["spec"]))
        yield _control(found["name"], text, play, value, spec)


def _control(name: str, label: str, play: int, value: Value, spec: object) -> Control:
    if isinstance(spec, list):
        return Control(name, label, "choice", value, options=tuple(spec))
    assert isinstance(spec, dict)
    kinds = {"slider": "slider", "boolean": "switch", "string": "text"}
    if (kind := kinds.get(spec["type"])) != "slider":
        if kind is None:
            raise ValueError(f"{name}: no control of type {spec['type']!r}")
        return Control(name, label, kind, value)
    whole = isinstance(value, int) and isinstance(spec["step"], int)
    return Control(name, label, "slider", value, spec["min"], spec["max"], spec["step"], play=play, whole=whole)
