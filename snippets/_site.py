"""What the site shows of the snippets: their notebooks in docs/notebooks/, their tests' records in docs/records/."""

from collections.abc import Sequence
from pathlib import Path

from ingest.tree import Tree, sync
from snippets import _records
from snippets._notebook import notebook


def write_site(names: Sequence[str], docs: Path) -> list[str]:
    """Write both folders, each file only if it changed, and remove from them what an earlier run wrote besides.

    Returns:
        A line for each snippet without a notebook: its page, or the example on it, is not there yet. And one for each
        file in these folders that no run wrote.

    Raises:
        OSError: If a folder is a link, or cannot be written.
    """
    made, missing = {}, []
    for name in names:
        try:
            made[f"notebooks/{name}.ipynb"] = notebook(name)
        except FileNotFoundError as error:
            path = str(error.filename).removeprefix(f"{_records.ROOT}/")
            missing.append(f"snippets/{name}.py has no page: {path} is not there, so the site does not show it")
        except LookupError as error:
            missing.append(f"{error.args[0]}, so there is no notebook of it")
    made |= {f"records/{name}": text for name, text in _records.pages(names, _records.load()).items()}
    files = {f"{docs.name}/{name}": text.encode() for name, text in sorted(made.items())}
    done = sync(Tree(docs.parent), "snippets", files, [f"{docs.name}/notebooks", f"{docs.name}/records"])
    return [*missing, *(f"{name}: no build wrote this file, so it stays" for name in done.foreign)]
