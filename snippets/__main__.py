"""`python -m snippets list | show NAME | copy NAME [DIR] | notebook NAME [DIR] | new NAME`; loads no torch."""

import argparse
import ast
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

from snippets._new import MARK, begin
from snippets._notebook import notebook
from snippets._site import copied, write_site

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def names() -> list[str]:
    """Names of all snippets, sorted."""
    return sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def read(name: str) -> str:
    """The source of a snippet.

    Raises:
        LookupError: If there is none of that name; the message names those that come near.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "see `python -m snippets list`"
        raise LookupError(f"no snippet is called '{name}'; {hint}")
    return (HERE / f"{name}.py").read_text(encoding="utf-8")


def title(source: str) -> str:
    """First line of a module's docstring, or ""."""
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def copy(name: str) -> str:
    """A snippet headed by its origin and licence.

    Raises:
        LookupError: If there is no such snippet.
    """
    read(name)
    return copied(name)


def write(text: str, path: Path, force: bool) -> None:
    """Write a new file, or with `force` over an old one.

    Raises:
        FileExistsError: If the file is there and `force` is not set.
        OSError: If it cannot be written.
    """
    with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
        file.write(text)


def begin_snippet(name: str) -> None:
    """Write the files of a new snippet, and say what they need.

    Raises:
        FileExistsError: If one of them is there.
        ValueError: If it cannot be called so.
    """
    for path in begin(name, ROOT):
        print(path.relative_to(ROOT))
    write_site(names(), ROOT / "docs")
    print(f"docs/notebooks/{name}.ipynb")
    print(f"Fill in every {MARK}; `make outputs NAMES={name}` then writes the example's output and the notebook.")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit codes: 0 fine, 1 the file to write is already there, 2 wrong usage or path."""
    args = _parser().parse_args(argv)
    try:
        _run(args)
    except FileExistsError as error:
        hint = "nothing was written" if args.command == "new" else "--force overwrites it"
        print(f"error: {error.filename} is already there; {hint}", file=sys.stderr)
        return 1
    except (LookupError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    parser = argparse.ArgumentParser(prog="python -m snippets", description="Tested torch snippets, one file each.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="name and title of every snippet")
    show = commands.add_parser("show", help="print a snippet")
    show.add_argument("name", metavar="NAME")
    for name, what in (("copy", "copy a snippet into a directory"), ("notebook", "write a snippet as a notebook")):
        command = commands.add_parser(name, help=what)
        command.add_argument("name", metavar="NAME")
        command.add_argument("directory", metavar="DIR", nargs="?", type=Path, default=Path(), help="default: here")
        command.add_argument("--force", action="store_true", help="overwrite a file that is there")
    new = commands.add_parser("new", help="begin a snippet: its module, its test, its page")
    new.add_argument("name", metavar="NAME")
    site = commands.add_parser("site", help="write what the site shows of the snippets: notebooks, records of tests")
    site.add_argument("directory", metavar="DOCS", type=Path, help="the site's docs/")
    return parser


def _run(args: argparse.Namespace) -> None:
    """Do what was asked.

    Raises:
        FileExistsError, LookupError, ValueError, OSError: Each a mistake of the user's, or of the disk.
    """
    if args.command == "list":
        width = max(map(len, names()))
        for name in names():
            print(f"{name:{width}}  {title(read(name))}")
    elif args.command == "show":
        print(read(args.name), end="")
    elif args.command == "site":
        for line in write_site(names(), args.directory):
            print(line, file=sys.stderr)
    elif args.command == "new":
        begin_snippet(args.name)
    else:
        read(args.name)  # is there such a snippet?
        make, ending = (copy, "py") if args.command == "copy" else (notebook, "ipynb")
        path = args.directory / f"{args.name}.{ending}"
        write(make(args.name), path, args.force)
        print(path)


if __name__ == "__main__":
    sys.exit(main())
