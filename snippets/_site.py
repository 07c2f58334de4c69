"""What the site shows of the snippets, below docs/.

Their notebooks in notebooks/, the files themselves in snippets/, their tests' records in records/.
"""

from collections.abc import Sequence
from pathlib import Path

from ingest.tree import Strange, Tree, sync
from snippets import _records
from snippets._notebook import notebook

FOLDERS = ("notebooks", "records", "snippets")
UNREADABLE = (OSError, ValueError, SyntaxError, RecursionError, MemoryError)  # a folder, another encoding, no Python


def copied(name: str) -> str:
    """A snippet as one takes it: headed by its origin and licence.

    Raises:
        OSError: If there is no such snippet.
    """
    source = Tree(_records.ROOT).read(f"snippets/{name}.py").decode().replace("\r\n", "\n")
    return f"# From OpenLLM Wiki, snippets/{name}.py. MIT License.\n{source}"


def write_site(names: Sequence[str], docs: Path) -> list[str]:
    """Write these folders, each file only if it changed, and remove from them what an earlier run wrote besides.

    Returns:
        A line for each snippet without a notebook: its page, or the example on it, is not there yet. One where the
        records cannot be read, and one for each file in these folders that no run wrote.

    Raises:
        OSError: If a folder is a link, or cannot be written.
    """
    made, missing = {}, []
    for name in names:
        try:
            made[f"notebooks/{name}.ipynb"] = notebook(name)
        except Strange:
            raise
        except FileNotFoundError as error:
            path = str(error.filename).removeprefix(f"{_records.ROOT}/")
            missing.append(f"snippets/{name}.py has no page: {path} is not there, so the site does not show it")
        except LookupError as error:
            missing.append(f"{error.args[0]}, so there is no notebook of it")
        except UNREADABLE as error:
            missing.append(f"snippets/{name}.py and its page cannot be read, so there is no notebook of it: {error}")
    made |= {f"snippets/{name}.py": text for name, text in ((name, copied(name)) for name in names)}
    try:
        records = _records.load()
    except ValueError as error:
        records = {}
        missing.append(f"snippets/records.json:1:1: {error}; expected what `make records` writes, so none is shown")
    made |= {f"records/{name}": text for name, text in _records.pages(names, records).items()}
    files = {f"{docs.name}/{name}": text.encode() for name, text in sorted(made.items())}
    done = sync(Tree(docs.parent), "snippets", files, [f"{docs.name}/{name}" for name in FOLDERS])
    return [*missing, *(f"{name}: no build wrote this file, so it stays" for name in done.foreign)]
