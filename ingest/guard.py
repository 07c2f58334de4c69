"""Whether a checkout may be built: what lies in it, before a generator opens anything of it.

An edge. A branch is somebody else's: it may hold links and devices, pages that act, files that the site would publish
as they are. `ingest check` says so among its problems, and a build stops.
"""

import contextlib
import hashlib
import os
import re
import subprocess
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path, PurePosixPath

from ingest import files
from ingest.addresses import OWNED
from ingest.limits import ALL_INCLUDED, FILES, INCLUDED
from ingest.model import Source
from ingest.pictures import size_of
from ingest.problems import Problem
from ingest.safety import texts_of
from ingest.tree import LISTS, Strange, Tree, written
from ingest.workspace import Workspace

WRITERS = {  # what each writes below docs/, and keeps a list of
    "ingest": OWNED,
    "snippets": ("records", "notebooks", "snippets"),
    "runtime": ("runtime", "service_worker.js"),
    "widgets": ("widgets",),
}
GENERATED = tuple(name for names in WRITERS.values() for name in names)
BESIDE = (
    *("theme", "browser", "pictures", "publish", "ingest", "widgets", "tests/snippets"),  # read, or hashed
    *("site", "mkdocs.yml", "mkdocs.base.yml", "mkdocs.en.yml"),
)
MADE = (".cache", "site", ".venv", *(f"docs/{name}" for name in GENERATED if name != "notebooks"))
UNREAD = ("*.pyc", "*.so", "talks/.*.sqlite*", ".gitmodules")  # which is run, believed or brought, unread by anybody
# git answers of a checkout that is another user's, as in a container, too. It runs nothing then that a repository's
# settings name, neither a monitor nor what fetches, and takes no folder for a repository that a branch can hold.
GIT = ("git", "-c", "safe.directory=*", "-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false")
PATIENCE = 60.0  # seconds for what takes git less than one
NO_FETCH = {"GIT_ALLOW_PROTOCOL": "", "GIT_NO_LAZY_FETCH": "1"}
ASSETS = {".css", ".js", ".txt", ".woff2"} | files.PICTURES
UNENDED = {"LICENSE", "SHA256SUMS"}  # whatever else has no ending, some servers show as what it looks like

INCLUDED_NAME = re.compile(r'--8<-- "([^":\n]+)')
DRAWINGS = {("topics", "pictures"), ("topics", "thumbnails")}
UNSHOWN = {"templates"}  # whatever MkDocs leaves out by itself, hidden files aside
THEMES = {"javascripts", "stylesheets", "images"}  # of assets/: a file there would stand for the theme's of that name


def shape(root: Path) -> list[Problem]:
    """X001 for all that a build reads or writes in a checkout and that is neither file nor folder."""
    tree = Tree(root)
    problems = [*_strange(tree, ("talks", "docs", "snippets", *BESIDE))]
    try:
        tree.require([".cache", LISTS])
    except Strange as error:
        problems.append(strange(error))
    return sorted({*problems, *_committed(root)})


def before_feeds(talks: Path) -> list[Problem]:
    """All that keeps feeds from being brought into a folder: SQLite follows links, and reading a FIFO has no end."""
    return sorted({*_strange(Tree(talks.parent), [talks.name]), *_committed(talks.parent)})


def _committed(root: Path) -> Iterator[Problem]:
    """X002 for what git holds and is made here: a memory of builds could say that all is done, bytecode be run."""
    names = [f":(icase){name}" for name in (*MADE, *UNREAD)]  # on some disks they are the same
    asked = [*GIT, "-C", str(root), "ls-files", "-z", "--", *names]
    with contextlib.suppress(OSError):  # no git, no branch
        try:
            done = subprocess.run(asked, capture_output=True, env={**os.environ, **NO_FETCH}, timeout=PATIENCE)
        except subprocess.TimeoutExpired:  # its settings may name a FIFO
            yield Problem(".git", 1, 1, "X002", f"git does not tell what is committed within {PATIENCE:g} seconds")
            return
        found = done.stdout.decode("utf-8", "surrogateescape")
        yield from (Problem(name, 1, 1, "X002", "committed") for name in found.split("\0") if name)
        if done.returncode and (root / ".git").exists():
            said = done.stderr.decode("utf-8", "replace").partition("\n")[0]
            yield Problem(".git", 1, 1, "X002", f"git does not tell what is committed ({said})")


def before_pages(
    root: Path, writers: Iterable[str] = tuple(WRITERS), seen: dict[str, str] | None = None
) -> list[Problem]:
    """All that keeps a checkout's pages from being built, once everything is generated that they are made of.

    Args:
        root: The checkout.
        writers: Who has written what he generates.
        seen: Where to put what was looked at: `digest` of each text, and of what was generated, by name.
    """
    if problems := shape(root):
        return problems
    seen = {} if seen is None else seen
    found = {*_texts(Workspace.at(root), seen), *_foreign(Tree(root), writers)}
    seen |= {name: made for who in writers for made, name in written(Tree(root), who)}
    return sorted(found)


def digest(content: bytes) -> str:
    """A hash of a text, whichever line ends it is kept with; of what is none, of its bytes."""
    with contextlib.suppress(UnicodeDecodeError):
        content = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").encode()
    return hashlib.sha256(content).hexdigest()


class Looked(Tree):
    """A project's files, each as it was when the guard looked at it.

    Args:
        root: The project's folder.
        seen: Their hashes by name, as `before_pages` notes them; what it has not looked at is read as it is.
    """

    def __init__(self, root: Path, seen: Mapping[str, str]) -> None:
        super().__init__(root)
        self.seen = seen

    def read(self, name: str) -> bytes:
        """A file's bytes.

        Raises:
            Strange: As of `Tree.read`.
            OSError: It cannot be read, or is another by now.
        """
        content = super().read(name)
        if changed := self._changed(name, content):
            raise changed
        return content

    def read_each(self, names: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        """As of `Tree.read_each`; what is another by now cannot be read."""
        for name, content in super().read_each(names):
            yield name, content if isinstance(content, OSError) else self._changed(name, content) or content

    def _changed(self, name: str, content: bytes) -> OSError | None:
        if self.seen.get(name) in (None, digest(content)):
            return None
        return OSError(None, "changed while the site was built; build it again", name)


def inputs(space: Workspace) -> list[Problem]:
    """What people's files in a project may not be or hold: X001 and X003 to X008."""
    strange = (_strange(Tree(folder.parent), [folder.name]) for folder in (space.talks, space.docs, space.snippets))
    return sorted({*chain.from_iterable(strange), *_texts(space, {})})


def _texts(space: Workspace, seen: dict[str, str]) -> Iterator[Problem]:
    """X003 to X007; `seen` as of `before_pages`. A text in which nothing was found before is not looked at again."""
    clean, now = space.clean(), set[str]()
    for folder, is_wanted in ((space.docs, _is_read), (space.snippets, _is_module)):
        names = [name for name in _names(folder) if not _is_generated(name)]
        if folder == space.docs:
            yield from (Problem(n, 1, 1, "X003", "it is none") for n in names if not (_is_read(n) or _is_copied(n)))
            yield from _addresses(names)
            yield from _pictures(Tree(folder.parent), names)
        paths = [folder.parent / name for name in names if is_wanted(name)]
        paths, beyond = files.few(paths, folder.parent, FILES["docs"])
        texts, unread = files.read(paths, folder.parent)
        yield from (*beyond, *unread)
        for text in texts:
            seen[text.path] = digest(text.text.encode())
            key = f"{seen[text.path]} {text.path}"
            problems = [] if key in clean else texts_of([text])
            yield from problems
            now |= set() if problems else {key}
        yield from _included(folder.parent, texts) if folder == space.docs else ()
    if now != clean:
        space.keep_clean(now)


def _included(root: Path, texts: Iterable[Source]) -> Iterator[Problem]:
    """L005 for pages that a few lines make larger than anybody reads: one file may be included again and again."""
    inside = {text.path: INCLUDED_NAME.findall(text.text) for text in texts if text.path.endswith(".md")}
    sizes: dict[str, int] = {}

    def size(name: str) -> int:
        if name not in sizes:
            sizes[name] = 0
            for place in (root / "docs" / name, root / "snippets" / name):
                with contextlib.suppress(OSError):  # told by who reads it
                    sizes[name] += place.lstat().st_size
        return sizes[name]

    total = 0
    for path, names in inside.items():
        found = sum(size(name) + sum(map(size, inside.get(f"docs/{name}", ()))) for name in names)
        total += found
        lists = sum(size(name) for name in {*names} if name.startswith("generated/"))  # once, as long as the archive is
        if found - lists > INCLUDED or total > ALL_INCLUDED:
            yield Problem(path, 1, 1, "L005", f"{found} bytes, in what a page includes")


def _pictures(tree: Tree, names: Iterable[str]) -> Iterator[Problem]:
    """X003 for what is called a picture, and is none, or one of so many pixels that no reader's browser bears it."""
    for name, content in tree.read_each(name for name in names if PurePosixPath(name).suffix.lower() in files.PICTURES):
        if isinstance(content, OSError):  # told already
            continue
        try:
            size_of(content)
        except ValueError as error:
            yield Problem(name, 1, 1, "X003", str(error))


def _addresses(names: Iterable[str]) -> Iterator[Problem]:
    """X008 for what has a file's address, or another page's, on some disks at least, or is a page without any."""
    known = dict.fromkeys(OWNED, "a generated one")
    for name in names:
        path = PurePosixPath(name)
        if "." in "".join(path.parts[1:-1]):  # it would lie where a file does: `sitemap.xml/`, `guide/index.html/`
            yield Problem(name, 1, 1, "X008", "a folder's name with a dot, as files have")
        if path.suffix not in (".md", ""):
            continue
        place = path.parent if path.suffix and path.stem.lower() in ("index", "readme") else path.with_suffix("")
        address = unicodedata.normalize("NFKC", place.as_posix().partition("/")[2]).casefold()
        if path.suffix:
            if path.parts[1] in UNSHOWN or path.parts[1:-1] in DRAWINGS:
                yield Problem(name, 1, 1, "X008", "in a folder of which the site shows no pages")
            if "." in path.stem:
                yield Problem(name, 1, 1, "X008", "a page's name with a dot, as files have")
            if path.with_suffix("").parts[1].casefold() == "search":  # which the index's step removes again
                yield Problem(name, 1, 1, "X008", "its page's address is among those of the search index")
            if address in known:
                yield Problem(name, 1, 1, "X008", f"its page's address is that of {known[address]}")
        known[address] = name


def _names(folder: Path) -> list[str]:
    """The files below a folder, by their names beside it."""
    try:
        return [name for name, kind in Tree(folder.parent).walk(folder.name) if kind == "file"]
    except Strange:  # told already
        return []


def _strange(tree: Tree, names: Iterable[str]) -> Iterator[Problem]:
    for name in names:
        try:
            for below, kind in tree.walk(name):
                if kind != "file":
                    yield strange(Strange(below, kind))
                if not below.isprintable():
                    yield files.unprintable(below)
        except Strange as error:  # put there while this ran
            yield strange(error)


def strange(error: Strange) -> Problem:
    """That something is neither file nor folder."""
    return Problem(str(error.filename), 1, 1, "X001", error.what)


def _foreign(tree: Tree, writers: Iterable[str]) -> Iterator[Problem]:
    """X002 for every file in a generated folder that no build wrote."""
    for who in writers:
        known = {name for _, name in written(tree, who)}
        found = (name for folder in WRITERS[who] for name, _ in tree.walk(f"docs/{folder}"))
        yield from (Problem(name, 1, 1, "X002", "no build wrote it") for name in found if name not in known)


def _is_generated(name: str) -> bool:
    return name.partition("/")[2].partition("/")[0] in GENERATED


def _is_read(name: str) -> bool:
    """A page, or a drawing that a page includes."""
    path = PurePosixPath(name)
    return path.suffix == ".md" or (path.suffix == ".html" and path.parts[1:-1] in DRAWINGS)


def _is_copied(name: str) -> bool:
    """A file that the site may publish as it is, or that it leaves out."""
    path = PurePosixPath(name)
    if path.parts[1] == "assets" and path.parts[2] in THEMES:
        return False
    if path.parts[1:] == ("topics", "path.yml"):
        return True
    if path.name.startswith(".") or path.suffix.lower() in files.PICTURES:
        return True
    return path.parts[1] == "assets" and (path.suffix.lower() in ASSETS or path.name in UNENDED)


def _is_module(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix == ".py" and not path.name.startswith("_")
