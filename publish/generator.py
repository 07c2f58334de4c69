"""MkDocs as a function from a page's source to its HTML; what pages share is read once, whoever builds them then.

What it reads of `docs/` and `snippets/` is what the guard has looked at: who swaps a file in between gets a warning.

This module alone knows the inside of MkDocs, of three Markdown extensions and of mkdocstrings' reader. `_populate_page`
and `_build_page` are the halves of MkDocs' own build; nothing public builds one page. The lock pins the versions, and
`tests/publish/test_generator.py` compares with `mkdocs build`.
"""

import contextlib
import io
import logging
import os
import re
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import partial, wraps
from pathlib import Path
from typing import IO, Any

import jinja2.loaders
import markdown  # type: ignore[import-untyped]
import mkdocs.config.base
import mkdocs.structure.files
import mkdocs.structure.pages
import mkdocs.utils
import mkdocs.utils.yaml
import mkdocstrings._internal.plugin
from griffe import GriffeLoader
from mkdocs.commands.build import _build_page, _build_theme_template, _populate_page
from mkdocs.config import load_config
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File, Files, get_files, set_exclusions
from mkdocs.structure.nav import get_navigation
from mkdocs.structure.pages import Page
from mkdocs_autorefs import AutorefsInlineProcessor
from mkdocstrings import AutoDocProcessor, Handlers
from pymdownx.highlight import Highlight
from pymdownx.snippets import SnippetMissingError, SnippetPreprocessor

from ingest.guard import Looked
from ingest.pages.compiled import Compiled

PACKAGES = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
_reference = False  # whether the pages that are converted now document modules, which by its options may run them
INCLUDED = 4_000_000  # letters that a page may include
REFERRED = 4_000_000  # letters of addresses and titles that it may repeat by their names
_included: dict[str, int] = {}  # by the page that is converted now: files, and how many letters were read of each


def _remember_includes(find: Callable[..., str | None]) -> Callable[..., str | None]:
    @wraps(find)
    def found(self: SnippetPreprocessor, path: str) -> str | None:
        if file := find(self, path):
            _included.setdefault(file, 0)
        return file

    return found


def _lines(self: SnippetPreprocessor, path: str) -> list[str]:
    text = _text(path)
    _included[path] = _included.get(path, 0) + len(text)
    if sum(_included.values()) > INCLUDED:
        raise SnippetMissingError(f"a page that includes more than {INCLUDED} letters")
    return text.split("\n") if text else []


def _highlight_once(highlight: Callable[..., Any]) -> Callable[..., Any]:
    """Thousands of questions show the same few dozen examples, and colouring them took a third of a build."""
    known: dict[str, Any] = {}

    @wraps(highlight)
    def once(self: Highlight, *code: Any, code_block_count: int = 0, **options: Any) -> Any:
        # The count stands in lines' addresses alone; an inline piece is an element, and `md` may keep a title.
        if self.line_spans or self.line_anchors or options.get("inline") or options.get("title"):
            return highlight(self, *code, code_block_count=code_block_count, **options)
        key = repr((sorted((name, value) for name, value in vars(self).items() if name != "md"), code, options))
        if key not in known:
            known[key] = highlight(self, *code, **options)
        return known[key]

    return once


class _References(dict[str, tuple[str, str]]):
    """Addresses and titles by name. Somebody may name one of a megabyte a thousand times."""

    left = REFERRED

    def __getitem__(self, name: str) -> tuple[str, str]:
        address, title = found = super().__getitem__(name)
        self.left -= len(address) + len(title or "")
        if self.left < 0:
            raise ValueError(f"a page that refers to more than {REFERRED} letters")
        return found

    def clear(self) -> None:
        """Forget them, as before each page."""
        super().clear()
        self.left = REFERRED


class _Markdown:
    """`markdown` with a converter for all pages: to load the same dozen extensions for each took a tenth of a build."""

    def __init__(self) -> None:
        self._known: dict[str, markdown.Markdown] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(markdown, name)

    def Markdown(self, **options: Any) -> markdown.Markdown:  # as it is named there
        key = f"{Path.cwd()}{options!r}"  # to which the paths among them belong
        if key not in self._known:
            self._known = {key: markdown.Markdown(**options)}
            self._known[key].references = _References()
        return self._known[key].reset()


def _names_in(folders: Iterable[str], filter_func: Callable[[str], bool]) -> list[str]:
    """As `Environment.list_templates`, without hidden folders: 14,000 icons, of each of which MkDocs asks its name."""
    found: set[str] = set()
    for folder in folders:
        for place, below, names in os.walk(folder):
            below[:] = [name for name in below if not name.startswith(".")]
            found.update(Path(place, name).relative_to(folder).as_posix() for name in names)
    return sorted(filter(filter_func, found))


def _write(content: bytes, output_path: str) -> None:
    """What MkDocs and its plugins write, into the site and by no link out of it."""
    _site.write(os.path.relpath(output_path, _site.root), content, anew=True)


def _read(path: str) -> bytes:
    """What MkDocs and its extensions read of the project: by no link, and only what the guard has looked at.

    Raises:
        OSError: It cannot be read, or is another by now.
    """
    name = os.path.relpath(path, _site.root)
    if name.startswith("..") or path.startswith(PACKAGES):  # whose folder may lie in the project, and be a link
        return Path(path).read_bytes()
    return _site.read(name)


def _open(path: str, mode: str = "r", encoding: str = "") -> IO[Any]:
    """As the builtin, for what reads settings and templates."""
    if "b" not in mode:
        return io.StringIO(_text(path))
    opened = io.BytesIO(_read(path))
    opened.name = path
    return opened


class _Os:
    """`os` for what looks for files: through no link, though one came when nothing looked for any longer."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def walk(self, folder: str, **_: bool) -> Iterator[tuple[str, list[str], list[str]]]:
        return (found[:3] for found in os.fwalk(folder))


def _text(path: str) -> str:
    return _read(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def _by(read: Callable[[str], Any], theirs: Any) -> Any:
    """A property of `File` that is its content, from the disk only by `read`."""
    return property(lambda file: read(file.abs_src_path) if file._content is None else theirs.fget(file), theirs.fset)


class _Module(type(Path())):  # type: ignore[misc]
    """A module as the guard has looked at it."""

    def read_text(self, *_: Any, **__: Any) -> str:
        return _text(str(self))


def _in_the_reference(test: Callable[..., bool]) -> Callable[..., bool]:
    @wraps(test)
    def is_directive(self: AutoDocProcessor, *block: Any) -> bool:
        return _reference and test(self, *block)

    return is_directive


def _of_plain_names(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """A name that nothing has is written as HTML: of `[x][&lt;b&gt;]` came an element. `[$x$][]` ended the page."""

    @wraps(evaluate)
    def evaluated(self: AutorefsInlineProcessor, data: str, index: int, text: str) -> Any:
        with contextlib.suppress(UnboundLocalError):
            found = evaluate(self, data, index, text)
            if not re.search(r"[<>&\"'`]", found[0] or ""):
                return found
        return None, None, index, False

    return evaluated


def _visit_looked(visit: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(visit)
    def visit_looked(self: GriffeLoader, name: str, path: Path, parent: Any = None) -> Any:
        return visit(self, name, _Module(path), parent)

    return visit_looked


_site = Looked(Path(), {})  # the folder that the site lies in
for module in (mkdocs.utils, mkdocstrings._internal.plugin):
    module.write_file = _write  # type: ignore[attr-defined]
for name, read in (("content_bytes", _read), ("content_string", _text)):
    setattr(File, name, _by(read, getattr(File, name)))
for module in (jinja2.loaders, mkdocs.config.base, mkdocs.utils.yaml):
    module.open = _open  # type: ignore[attr-defined]
mkdocs.structure.files.os = _Os()  # type: ignore[attr-defined, assignment]
mkdocs.structure.pages.markdown = _Markdown()  # type: ignore[attr-defined]
AutoDocProcessor.test = _in_the_reference(AutoDocProcessor.test)  # type: ignore[method-assign]
AutorefsInlineProcessor._eval_id = _of_plain_names(AutorefsInlineProcessor._eval_id)  # type: ignore[method-assign]
SnippetPreprocessor.read_lines = _lines
SnippetPreprocessor.get_snippet_path = _remember_includes(SnippetPreprocessor.get_snippet_path)
GriffeLoader._visit_module = _visit_looked(GriffeLoader._visit_module)  # type: ignore[method-assign]
Highlight.highlight = _highlight_once(Highlight.highlight)
# What documents modules is loaded where a page does so: it takes longer than all the rest.
_load_handlers = Handlers._download_inventories
Handlers._download_inventories = lambda self: None  # type: ignore[method-assign]


@dataclass
class Made:
    """A page as it was built, and what it depends on beside its own text.

    Attributes:
        uri: Its source, relative to `docs/`.
        out: The page, relative to the site.
        reads: Files that it includes.
        links: Files that it links to, relative to `docs/`.
        anchors: Places that it links to, but those in itself: file, anchor, link as written.
        ids: Places in it that can be linked to.
        facts: What `finish` says of its HTML; empty where the page could not be built.
        warnings: What is wrong with it.
    """

    uri: str
    out: str
    reads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    anchors: list[tuple[str, str, str]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class _Warnings(logging.Handler):
    """Collects what MkDocs and its plugins warn of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())

    def taken(self) -> list[str]:
        """What came since this was asked last."""
        lines, self._lines = self._lines, []
        return lines


class _Files(Files):
    """Files that remember which of those in `docs/` a page asked for."""

    def __init__(self, files: Iterable[File], docs: str) -> None:
        super().__init__(files)
        self._docs, self.asked = docs, set[str]()

    def get_file_from_path(self, path: str) -> File | None:
        file = super().get_file_from_path(path)
        if file and file.src_dir == self._docs:
            self.asked.add(file.src_uri)
        return file

    def documentation_pages(self, **options: Any) -> Sequence[File]:
        """Those that have a `Page`: the navigation makes one of each that is here, and thousands take a second."""
        return [file for file in super().documentation_pages(**options) if file.page]


Finished = tuple[str, dict[str, Any]]


class _Finish(BasePlugin):  # type: ignore[no-untyped-call, type-arg]
    """Has the last word on a page before MkDocs writes it."""

    def __init__(self, finish: Callable[[str], Finished]) -> None:
        self._finish = finish
        self.facts: dict[str, Any] = {}

    def on_post_page(self, output: str, /, **_: Any) -> str:
        text, self.facts = self._finish(output)
        return text

    def on_post_template(self, output_content: str, /, **_: Any) -> str:
        return self.on_post_page(output_content)


class Generator:
    """MkDocs with one configuration, all files known and the navigation read.

    Attributes:
        config: The configuration.
        files: All files, published or not.
        pages: The files that become pages.
        beside: The others that are published, those of the theme included.
        warnings: What is wrong with what all pages share.
    """

    def __init__(
        self,
        settings: Path,
        site: Path,
        finish: Callable[[str], Finished],
        seen: Mapping[str, str],
        code: MutableMapping[str, bytes],
    ) -> None:
        """Read what pages share.

        Args:
            settings: A configuration file.
            site: The folder to build into.
            finish: From a page's HTML to the text to write, and to what shall be known of it.
            seen: Hashes of the files that the guard looked at, by their names beside the site.
            code: That of the theme's templates, as of `Compiled`.

        Raises:
            mkdocs.exceptions.Abort: The configuration cannot be used; why was logged.
        """
        _site.root, _site.seen = site.parent, seen
        self._warned = _Warnings()
        logging.getLogger("mkdocs").addHandler(self._warned)
        config = load_config(str(settings), site_dir=str(site), strict=True)
        self._finish = config.plugins["publish"] = _Finish(finish)
        config.plugins.on_startup(command="build", dirty=False)
        self.config = config = config.plugins.on_config(config)
        config.plugins.on_pre_build(config=config)
        files = get_files(config)
        self._env = config.theme.get_env()
        self._env.auto_reload = False  # else each include looks for its file's time
        self._env.bytecode_cache = Compiled(code)
        self._env.list_templates = partial(_names_in, config.theme.dirs)  # type: ignore[method-assign]
        files.add_files_from_theme(self._env, config)
        files = config.plugins.on_files(files, config=config)
        set_exclusions(files, config)
        self.pages = files.documentation_pages()
        self.files = _Files(files, config.docs_dir)
        navigation = get_navigation(self.files, config)
        self._navigation = config.plugins.on_nav(navigation, config=config, files=self.files)
        self.beside = [
            file
            for file in self.files
            if not file.is_documentation_page() and file.inclusion.is_included()  # type: ignore[no-untyped-call]
        ]
        self.warnings = self._warned.taken()
        for page in self._navigation.pages:
            if page.title is None:  # else what is on every page would depend on its text
                self.warnings.append(f"{page.file.src_uri}: the navigation gives it no title")

    def template(self, name: str) -> Made:
        """Write a page of the theme's, such as 404.html."""
        _build_theme_template(name, self._env, self.files, self.config, self._navigation)
        return Made(name, name, facts=self._finish.facts, warnings=self._warned.taken())

    def build(self, uris: Sequence[str], reference: bool = False) -> list[Made]:
        """Build pages, each as well as it can be.

        Args:
            uris: Their sources.
            reference: Whether these are the pages of the module reference, all of them.
        """
        global _reference
        _reference = reference
        if reference:
            _load_handlers(self.config.plugins["mkdocstrings"].handlers)  # type: ignore[attr-defined]
        pages = [file.page or Page(None, file, self.config) for file in map(self.files.src_uris.__getitem__, uris)]
        made = [self._convert(page) for page in pages]
        if reference:  # they refer to each other, and have an inventory and a style sheet in common
            files: Any = [page.file for page in pages if page.content is not None]
            self.config.plugins.on_env(self._env, config=self.config, files=files)
        for page, one in zip(pages, made, strict=True):
            if page.content is not None:
                one.facts = self._write(page, reference)
            one.warnings += self._warned.taken()
            page.content = page.markdown = None  # thousands would not fit into memory
        return made

    def _convert(self, page: Page) -> Made:
        """Convert a page's Markdown."""
        self.files.asked.clear()
        _included.clear()
        try:
            _populate_page(page, self.config, self.files)
        except Exception:  # logged by MkDocs, and so among the warnings; the other pages are built
            page.content = None
        made = Made(page.file.src_uri, page.file.dest_uri, sorted(_included), sorted(self.files.asked))
        ids = page.present_anchor_ids or set()
        for file, links in (page.links_to_anchors or {}).items():
            own = ids if file is page.file else ()
            made.anchors += [(file.src_uri, anchor, link) for anchor, link in links.items() if anchor not in own]
        made.ids = sorted(ids)
        made.warnings = self._warned.taken()
        return made

    def _write(self, page: Page, reference: bool) -> dict[str, Any]:
        """Put a converted page into the theme's template and write it; what is to be known of it."""
        files: Any = [page.file]
        if not reference and (
            links := self.config.plugins.get("autorefs")
        ):  # to modules: there are none to be had here
            links.on_env(self._env, config=self.config, files=files)
        try:
            _build_page(page, self.config, self.pages, self._navigation, self._env)
        except Exception:  # logged, too
            return {}
        return self._finish.facts
