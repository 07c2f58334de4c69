"""What an error means in a page: what is not here, and what was likely meant. The words are the page's."""

import io
import re
import tokenize
import unicodedata
from typing import Any

HERE = ("torch", "numpy", "matplotlib", "einops", "tqdm", "torchvision (MNIST)", "snippets", "browser.plot")
IGNORED = re.compile(
    r"\s*(?:%(?:matplotlib|config|load_ext|reload_ext|autoreload|pylab)\b.*|%%(?:time|capture)\b.*"
    r"|[!%]\s*(?:pip3?|conda|mamba|uv pip|apt|apt-get)\s+install\b.*)"
)
TIMED = re.compile(r"(\s*)%(?:time|prun)\s+(.+)")
FETCHED = re.compile(r"(\s*)!\s*(?:wget|curl)\b(.*?)(https?://[^\s\"']+)(.*)")
TO = re.compile(r"(?:-O|-o|--output(?:-document)?|>)\s*+=?\s*+([^\s-]\S*)")
MAGIC = re.compile(r"\s*(?:%{1,2}\w|!\s*\w|\?\w|[\w.]+\?{1,2}\s*$)")
PROMPT = re.compile(r"\s*(?:>>>|\.\.\. |In \[\d+\]:)")
FENCE = re.compile(r"\s*```")
NETWORK = {"URLError", "gaierror", "ConnectionError", "ConnectionRefusedError", "HTTPError", "SSLError", "JsException"}
SOCKETS = {"requests", "urllib3", "httpx", "aiohttp", "socket", "ssl", "_ssl"}
# What everybody calls them.
IMPORTS = {
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "np": "import numpy as np",
    "plt": "import matplotlib.pyplot as plt",
}
NO_TENSOR = re.compile(r"^\w+\(\): argument .* must be Tensor, not (list|tuple|int|float|numpy\.ndarray)$")
THREADS = ("can't start new thread", "process", "fork", "Function not implemented")


def without_magics(code: str) -> str:
    """A code without a notebook's lines that change nothing here; it keeps its lines.

    Raises nothing: what is no Python after that is told by who compiles it.
    """
    return "\n".join(map(without_magic, code.split("\n")))


def without_magic(line: str) -> str:
    """A line as Python: what sets up a notebook does nothing, `!wget` asks who stands in for downloads."""
    if IGNORED.fullmatch(line):
        return line[: len(line) - len(line.lstrip())] + "pass"
    if timed := TIMED.fullmatch(line):
        return timed[1] + timed[2]
    if fetched := FETCHED.fullmatch(line):
        place = TO.search(fetched[2]) or TO.search(fetched[4])
        return (
            f"{fetched[1]}import classics; classics.save({fetched[3]!r}, {place[1].strip(chr(34)) if place else ''!r})"
        )
    return line


def advise(error: BaseException, code: str, line: int | None) -> dict[str, Any] | None:
    """What to tell a reader beside Python's own words; None where those are enough."""
    lines = code.split("\n")
    text = lines[line - 1] if line and line <= len(lines) else ""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, SyntaxError):
        return of_syntax(error, text, code)
    if isinstance(error, ModuleNotFoundError):
        name = (error.name or "").partition(".")[0]
        return {"about": "network" if name in SOCKETS else "package", "name": name, "more": list(HERE)}
    if isinstance(error, NameError) and error.name in IMPORTS:
        return {"about": "import", "name": IMPORTS[error.name]}
    if given := NO_TENSOR.search(str(error)):
        return {"about": "tensor", "name": given[1]}
    if isinstance(error, EOFError) and "input" in code:
        return {"about": "input"}
    if kinds & NETWORK or "Temporary failure in name resolution" in str(error):
        return {"about": "network"}
    if isinstance(error, RuntimeError | OSError) and any(part in str(error) for part in THREADS):
        return {"about": "threads"}
    return None


def of_syntax(error: SyntaxError, text: str, code: str) -> dict[str, Any] | None:
    """What a line holds that is not Python, but often is pasted with it."""
    for about, pattern in (("prompt", PROMPT), ("fence", FENCE), ("magic", MAGIC)):
        if pattern.match(text):
            return {"about": about, "name": text.strip()[:40]}
    if "indent" in (error.msg or "") or isinstance(error, TabError):
        return {"about": "indent"} if "\t" in code else None
    invisible = sorted({name for letter in code if (name := hidden(letter))})
    if invisible:
        return {"about": "invisible", "more": invisible}
    wide = [letter for letter in outside_strings(code, text) if plain(letter) != letter]
    if wide:
        pairs = dict.fromkeys(f"{letter} → {plain(letter)}" for letter in wide)
        return {"about": "wide", "more": list(pairs)}
    return None


def hidden(letter: str) -> str:
    """The name of a letter that nobody sees and Python takes for none of its blanks; "" for others."""
    if letter in " \t\n\r\f" or (unicodedata.category(letter) not in {"Zs", "Cf", "Cc", "Zl", "Zp"}):
        return ""
    return f"U+{ord(letter):04X}"


QUOTES = {"“": '"', "”": '"', "‘": "'", "’": "'", "，": ",", "。": ".", "、": ",", "【": "[", "】": "]", "—": "-"}
QUOTES |= {"；": ";", "《": "<", "》": ">", "×": "*", "−": "-", "–": "-", "…": "..."}


def plain(letter: str) -> str:
    """The letter of the keyboard that a letter stands for in code."""
    if letter in QUOTES:
        return QUOTES[letter]
    return chr(ord(letter) - 0xFEE0) if 0xFF01 <= ord(letter) <= 0xFF5E else letter


def outside_strings(code: str, line: str) -> str:
    """What of a line is neither in a comment nor between quotes, as far as one can tell of code that is none."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(line).readline))
    except (tokenize.TokenError, SyntaxError):
        return re.sub(r"(\"[^\"]*\"|'[^']*')|#.*", "", line)
    return "".join(token.string for token in tokens if token.type not in {tokenize.STRING, tokenize.COMMENT})
