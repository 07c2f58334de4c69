"""What the site shows of the snippets: their notebooks in docs/notebooks/, their tests' records in docs/records/."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from snippets import _records
from snippets._notebook import notebook


def write_site(names: Sequence[str], docs: Path) -> list[str]:
    """Write both folders, each file only if it changed, and remove from them what belongs to no snippet.

    Returns:
        A line for each snippet without a notebook: its page, or the example on it, is not there yet.

    Raises:
        OSError: If a folder is a link, or cannot be written.
    """
    made, missing = {}, []
    for name in names:
        try:
            made[f"{name}.ipynb"] = notebook(name)
        except FileNotFoundError as error:
            path = Path(error.filename).relative_to(_records.ROOT).as_posix()
            missing.append(f"snippets/{name}.py has no page: {path} is not there, so the site does not show it")
        except LookupError as error:
            missing.append(f"{error.args[0]}, so there is no notebook of it")
    write_folder(docs / "notebooks", made, "*.ipynb")
    write_folder(docs / "records", _records.pages(names, _records.load()), "*.md")
    return missing


def write_folder(folder: Path, files: Mapping[str, str], pattern: str) -> None:
    """Make a folder hold these files, and no others that match the pattern.

    Raises:
        OSError: If the folder is a link, which would lead elsewhere, or cannot be written.
    """
    if folder.is_symlink():
        raise OSError(None, "is a link; a folder is expected", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob(pattern):
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file() or path.read_bytes() != text.encode():
            replace(path, text)


def replace(path: Path, text: str) -> None:
    """Put a file in a path's place, whole or not at all; a link there is replaced, not followed."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
