"""`python -m snippets list | show NAME | copy NAME [DIR]`: the snippets from a terminal, without loading torch."""

import argparse
import ast
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent


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


def copy(name: str, directory: Path, force: bool) -> Path:
    """Write a snippet into `directory`, headed by its origin and licence, and return the new file's path.

    Raises:
        LookupError: If there is no such snippet.
        FileExistsError: If the file is there and `force` is not set.
        OSError: If it cannot be written.
    """
    text = f"# From OpenLLM Wiki, snippets/{name}.py. MIT License.\n{read(name)}"
    path = directory / f"{name}.py"
    with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit codes: 0 fine, 1 the file to write is already there, 2 wrong usage or path."""
    parser = argparse.ArgumentParser(prog="python -m snippets", description="Tested torch snippets, one file each.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="name and title of every snippet")
    show = commands.add_parser("show", help="print a snippet")
    show.add_argument("name", metavar="NAME")
    copier = commands.add_parser("copy", help="copy a snippet into a directory")
    copier.add_argument("name", metavar="NAME")
    copier.add_argument("directory", metavar="DIR", nargs="?", type=Path, default=Path(), help="default: here")
    copier.add_argument("--force", action="store_true", help="overwrite a file that is there")
    args = parser.parse_args(argv)

    try:
        if args.command == "list":
            width = max(map(len, names()))
            for name in names():
                print(f"{name:{width}}  {title(read(name))}")
        elif args.command == "show":
            print(read(args.name), end="")
        else:
            print(copy(args.name, args.directory, args.force))
    except FileExistsError as error:
        print(f"error: {error.filename} is already there; --force overwrites it", file=sys.stderr)
        return 1
    except LookupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
