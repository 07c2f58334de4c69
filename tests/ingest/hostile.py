"""Texts that cost a careless reader the square of their length, by kind. Each is about as long as it is asked to be."""

import subprocess
from collections.abc import Callable
from pathlib import Path

Maker = Callable[[int], str]


def repository_that_runs(folder: Path, bare: bool = False) -> None:
    """A repository whose settings have git run `touch ran` wherever it has to list what is committed.

    Its index names a folder, of which what is in it is to be fetched: from itself, by a program that it names.

    Args:
        folder: Where it lies.
        bare: Whether as files that a branch may hold, which git takes for a repository where they are unpacked.
    """
    (folder / "away").mkdir()
    (folder / "away/a").touch()
    (folder / "b").touch()
    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    commands = [
        ("init", "--quiet"), ("add", "away", "b"), (*author, "commit", "--quiet", "--message", "a"),
        ("sparse-checkout", "set", "--cone", "--sparse-index", "none"), ("config", "core.repositoryFormatVersion", "1"),
        ("config", "extensions.partialClone", "origin"), ("config", "remote.origin.promisor", "true"),
        ("config", "remote.origin.url", str(folder)), ("config", "remote.origin.uploadpack", f"touch {folder}/ran;"),
        ("config", "protocol.file.allow", "always"), ("config", "core.fsmonitor", f"touch {folder}/ran;"),
    ]  # fmt: skip
    for command in commands:
        subprocess.run(["git", *command], cwd=folder, check=True)
    asked = ["git", "rev-parse", "HEAD:away"]
    lacks = subprocess.run(asked, cwd=folder, check=True, capture_output=True, text=True).stdout
    (folder / ".git/objects" / lacks[:2] / lacks[2:].strip()).unlink()
    (folder / "ran").unlink(missing_ok=True)
    if bare:
        subprocess.run(["git", "config", "core.worktree", "."], cwd=folder, check=True)
        for path in [*(folder / ".git").iterdir()]:
            path.rename(folder / path.name)
        (folder / ".git").rmdir()


def _repeated(part: str, before: str = "", after: str = "") -> Maker:
    return lambda size: before + part * max(1, size // len(part)) + after


def _counted(part: str, start: int = 0) -> Maker:
    """Parts that differ by a number."""
    return lambda size: "".join(part.format(n=n) for n in range(start, start + max(1, size // len(part))))


def _nested(mark: str, indent: str) -> Maker:
    """Marks each of which stands deeper than the one above: the lines grow, so there are about the root of `size`."""

    def text(size: int) -> str:
        count = max(2, round((2 * size / len(indent)) ** 0.5))
        return "".join(f"{indent * n}{mark}\n" for n in range(count))

    return text


def _runs(mark: str) -> Maker:
    """Runs of a mark, no two alike in length."""
    return lambda size: " ".join(mark * n for n in range(1, max(2, round((2 * size) ** 0.5))))


KINDS: dict[str, Maker] = {
    "blanks": _repeated(" ", "a", "x\n"),
    "blanks of every width": _repeated(" \u3000\t", "a", "x\n"),
    "blanks after marks": lambda size: "".join(
        f"{mark}{' ' * (size // 12)}x\n"
        for mark in ("A", "Q", "【", "【贡献者】-", "# a", "[a](", "![a](", "回答", "- ", "—", "-", "|")
    ),
    "blank lines": _repeated("\n", "a", "x\n"),
    "lines": _repeated("x\n"),
    "dashes": _repeated("—", "a", "！"),
    "dashes at first": _repeated("—", "", "x"),
    "hyphens at first": _repeated("-", "", "x"),
    "digits": _repeated("1", "a", "x"),
    "blanks in a box": _repeated(" ", ":::", "a:\n"),
    "dashes apart": _repeated("—— ", "a", "！"),
    "hyphens": _repeated("a-"),
    "signatures": _repeated("好。-甲；\n"),
    "delimiters": _repeated("|-|\n", "|a|\n"),
    "tables": _repeated("|a|\n|-|\n|x|\n"),
    "table apart": _repeated("|a|\n|-|\n|x|\n\n"),
    "wide table": lambda size: "|" + "a|" * (size // 8) + "\n|" + "-|" * (size // 8) + "\n" + "|x|\n" * (size // 8),
    "wide rows": _repeated("|" + "x|" * 90 + "\n", "|a|\n|-|\n"),
    "a delimiter's end": _repeated("|--", "|a|\n", "x\n"),
    "a delimiter's blanks": _repeated(" ", "|a|\n--", "x\n"),
    "list": _repeated("- a\n"),
    "numbered list": _counted("{n}. a\n"),
    "loose list": _repeated("- a\n\n"),
    "nested list": _nested("- a", "  "),
    "list in a line": _repeated("- "),
    "list marks": _repeated("- a - "),
    "quote": _repeated("> a\n"),
    "quotes in a line": _repeated(">", "", " a\n"),
    "nested quotes": _nested("a", ">"),
    "fences": _repeated("```\na\n```\n"),
    "odd fences": lambda size: "".join(f"{'`' * (3 + n % 50)}a{n}\n" for n in range(size // 32)),
    "fences begun": _repeated("```a\n"),
    "a longer fence begun": _repeated("a\n", "````\n"),
    "a long language": _repeated("a", "```", "`\n"),
    "hints of a template": _repeated("✎ a\n"),
    "longer fences": _nested("", "~"),
    "fences without an end": lambda size: "".join(f"{'~' * (3 + n % 9)}\na\n" for n in range(size // 9, 0, -1)),
    "backticks": _runs("`"),
    "brackets": _repeated("["),
    "closing brackets": _repeated("]", "["),
    "pairs of brackets": _repeated("[a]"),
    "nested brackets": lambda size: "[" * (size // 2) + "]" * (size // 2),
    "link beginnings": _repeated("[a]("),
    "links without an end": _repeated("[a](https://b"),
    "link with titles": _repeated('[a](https://b "c '),
    "pictures": _repeated("![a](b "),
    "picture beginnings": _repeated("![["),
    "links": _repeated("[a](https://b.c/d) "),
    "long link": _repeated("a", "[x](https://a.b/"),
    "full-width end": _repeated("。", "[x](https://a.b/", ")"),
    "definitions": _counted("[a{n}]: https://b.c/d\n"),
    "a definition again": _repeated("[a]: https://b.c/d\n"),
    "definitions without an end": _repeated("[a\n"),
    "urls": _repeated("https://a.b/c "),
    "urls in one": _repeated("https://"),
    "brackets after an url": _repeated(")", "https://a.b/"),
    "open brackets after an url": _repeated("(", "https://a.b/"),
    "colons after a host": _repeated(":", "https://a.b", "x"),
    "redirectors": _repeated("https%3A//link.zhihu.com/%3Ftarget%3D", "https://link.zhihu.com/?target="),
    "tracking": _repeated("utm_a=1&", "https://a.b/?"),
    "DOIs": _repeated("doi:10.1234/a"),
    "emphasis": _repeated("*a **b "),
    "stars": _repeated("*", "", "a"),
    "underscores": _repeated("_a"),
    "tildes": _repeated("~~a "),
    "bold": _repeated("**a** "),
    "dollars": _repeated("$a "),
    "dollar signs": _repeated("$"),
    "double dollars": _repeated("$$\n"),
    "dollars glued": _repeated("$a"),
    "backslashes": _repeated("\\"),
    "escaped dollars": _repeated("\\$"),
    "formulas": _repeated("\\(", "", "\n"),
    "formulas apart": _repeated("\\[ a\n"),
    "html": _repeated("<a "),
    "tags": _repeated("<b>", "", "x"),
    "comments": _repeated("<!-- "),
    "autolinks": _repeated("<a:"),
    "entities": _repeated("&amp;"),
    "long entity": _repeated("9", "&#"),
    "ampersands": _repeated("&"),
    "headings": _repeated("## a\n"),
    "heading marks": _repeated(" #", "##", "x\n"),
    "blanks in a heading": _repeated("a  ", "# ", "#x\n"),
    "underlined": _repeated("a\n=\n"),
    "rulers": _repeated("***\n"),
    "fields": _repeated("【贡献者】：甲、乙\n"),
    "fields in a line": _repeated("【贡献者】：a"),
    "field marks": _repeated("【"),
    "field blanks": _repeated("【贡献者】 "),
    "names": _counted("、n{n}"),
    "names in brackets": _repeated("（", "【贡献者】：", "\n"),
    "asked": _repeated("？", "", "x\n"),
    "asked in words": _repeated("答案", "[", "\n"),
    "contents": _repeated("](#", "[", "x\n"),
    "contents again": _repeated("](#)", "[", "x\n"),
    "lines that ask": _repeated("怎么做？\n\n"),
    "concepts": _repeated("LoRA "),
    "letters": _repeated("a"),
    "sentences": _repeated("这是一段很长的话 attention softmax。"),
    "torn lines": _repeated("这是一段很长的没有标点的话它到了一行的末尾还没有说完所以在下一行接着说\n"),
    "surrogates and controls": _repeated("\u202e\u2066\u00ad\u200b"),
    "items": _repeated("a；"),
    "short codes": _repeated("{{< a "),
    "blanks in a short code": _repeated(" ", "{{<", "x\n"),
    "blanks behind a short code": _repeated(" ", "{{< a", "x\n"),
    "a long short code": _repeated("a", "{{<", "\n"),
    "a long tag": _repeated("a", "{%", "\n"),
    "hidden comments": _repeated("{%comment%}"),
    "blanks before braces": _repeated(" ", "# a", "{x\n"),
    "a run of backticks": _repeated("`", "~", "a\n"),
    "times": _repeated(" [time=a"),
    "grid": lambda size: "+---+\n" + "| a |\n" * (size // 6) + "+---+\n",
    "attributes": _repeated("{#a ", "# a"),
    "references by number": lambda size: f"&#{'9' * size};\n",
}
