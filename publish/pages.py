"""The pages of one language: those that a change touches are built, in as many processes as there are cores.

A page is made of what all pages share (settings, theme, versions, navigation), its own text, the files that it
includes, and the existence of the files that it links to. All of that is remembered with it, by contents.
"""

import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Any

from ingest.addresses import KINDS
from ingest.forks import in_parallel, shares_of
from ingest.kept import hash_of_bytes
from publish.csp import hashes, policy, with_policy
from publish.memory import ALONE, SHARE, Project, digest, digest_of, digests
from publish.phrases import with_phrases
from publish.scripts import faults
from publish.styles import with_one_sheet

if TYPE_CHECKING:  # MkDocs takes a second to load, and is not needed where nothing changed
    from publish.generator import Generator, Made

ENVIRONMENT = ("SITE_URL", "REPO_URL", "EDIT_URI")  # what the settings read of it
REFERENCES = f"{KINDS['module'].folder}/"  # where the pages are that do so; the guard sees to it
REFERENCE = re.compile(r"^::: (\w+)", re.MULTILINE)  # the package of a module that mkdocstrings documents
REFERENCE_STYLE = re.compile(r'<link rel="stylesheet" href="[^"]*assets/_mkdocstrings\.css">')  # of no use elsewhere
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Language:
    """One language of the site.

    Attributes:
        settings: Its configuration.
        below: The folder, in `docs/` as in the site, that holds its pages and nothing else; "" for all the rest.
        templates: Pages of the theme's that it writes.
    """

    settings: str
    below: str = ""
    templates: tuple[str, ...] = ()


LANGUAGES = (Language("mkdocs.yml", templates=("404.html",)), Language("mkdocs.en.yml", "en/"))


class Pages:
    """The pages of one language, as they were built and as they should be.

    Attributes:
        known: What is remembered of them.

            - `base`: the site's address
            - `shared`: a hash of what all pages share
            - `sources`: hashes of all files of this language in `docs/`
            - `names`: where in the site each page is, by its source
            - `reference`: sources of the pages that document modules
            - `pages`: what each page is made of and holds, without those that have to be built again
            - `files`: hashes of the files beside the pages, by where in the site they are
    """

    def __init__(self, project: Project, language: Language) -> None:
        self.project, self.language = project, language
        self.sources = {
            name: made for name, made in project.docs.items() if name.startswith("en/") == bool(language.below)
        }
        empty = {"shared": "", "sources": {}, "names": {}, "reference": [], "pages": {}, "files": {}}
        self._read: dict[str, str] = {}
        self.known: dict[str, Any] = project.memory.values.setdefault(language.settings, empty)

    def refresh(self) -> list[str]:
        """Bring the pages up to date; what is wrong with them goes into the project's warnings.

        Returns:
            Where in the site the pages are that were built.
        """
        if self._fresh():
            return []
        generator = self._generator()
        due = self._outdated()
        pages = self.known["pages"] = {name: page for name, page in self.known["pages"].items() if name not in due}
        self.project.memory.save()  # whatever happens from here on, the others are built
        built = []
        for made in self._built(generator, due):
            made.warnings += [f"{made.uri}: {fault}" for fault in made.facts.pop("faults", ())]
            self.project.warnings += made.warnings
            built += [made.out] if made.facts else []
            if not made.warnings:
                pages[made.uri] = self._remembered(made)
        self._copy(generator)
        self._check_anchors()
        self.known["sources"] = {} if generator.warnings else self.sources  # they are said again until they are mended
        return built

    def outputs(self) -> Iterator[str]:
        """The files in the site that belong to this language."""
        yield from (*self.known["names"].values(), *self.known["files"], *self._beside())

    def addresses(self) -> list[str]:
        """Where in the site each page is."""
        return [out for name, out in self.known["names"].items() if name not in self.language.templates]

    def _fresh(self) -> bool:
        """Whether there is nothing to build."""
        known = self.known
        if known["sources"] != self.sources or known["shared"] != self._shared() or self._outdated():
            return False
        return self._has([*known["files"], *self._beside()])

    def _shared(self) -> str:
        """A hash of all that every page is made of."""
        root = self.project.root
        packages = sorted(path.name for path in Path(sysconfig.get_path("purelib")).glob("*.dist-info"))
        own = sorted([*root.glob("mkdocs*.yml"), *HERE.glob("*.py"), HERE / "words.txt"])
        code = {path.name: digest_of(path) for path in own}
        values = [os.environ.get(name) for name in ENVIRONMENT]
        return digest(sys.version, packages, code, digests(root / "theme"), values)

    def _outdated(self) -> list[str]:
        """Pages that are not what they should be, in the order of their sources."""
        return [name for name in self.known["names"] if not self._is_current(name, self.known["pages"].get(name))]

    def _is_current(self, name: str, page: dict[str, Any] | None) -> bool:
        return bool(
            page
            and page["size"] == self.project.left.get(page["out"])
            and page["of"] == self._made_of(name, page["reads"])
            and all(link in self.project.docs for link in page["links"])
        )

    def _made_of(self, name: str, reads: Iterable[str]) -> str:
        parts = [self.known["shared"], self.sources.get(name, ""), *map(self._digest_of, reads)]
        return hash_of_bytes("\n".join(parts).encode())

    def _digest_of(self, read: str) -> str:
        """The hash of a file, or of all in a folder, by its name in the project; hundreds of pages include the same."""
        if read not in self._read:
            inside = digests(self.project.root / read)
            self._read[read] = digest(inside) if inside else digest_of(self.project.root / read)
        return self._read[read]

    def _generator(self) -> "Generator":
        """MkDocs for this language; from what it finds, what all pages share and which pages there are."""
        from publish.generator import Generator

        settings = self.project.root / self.language.settings
        code = self.project.memory.values.setdefault("templates", {})
        generator = Generator(settings, self.project.site, self._finished, self.project.seen, code)
        self.project.warnings += generator.warnings
        self.known["base"] = generator.config.site_url
        self.known["shared"] = self._shared()
        pages = {file.src_uri: file.dest_uri for file in generator.pages if file.src_uri in self.sources}
        self.known["names"] = {name: name for name in self.language.templates} | pages
        self.known["reference"] = [name for name in pages if name.startswith(REFERENCES) and self._packages(name)]
        return generator

    def _finished(self, page: str) -> tuple[str, dict[str, Any]]:
        return finished(self.project.memory.values.get("policy", ""), page)

    def _built(self, generator: "Generator", due: Sequence[str]) -> "Iterator[Made]":
        """Build these pages. Those of the module reference are one share, as they link to each other's parts."""
        templates = [name for name in due if name in self.language.templates]
        reference = self.known["reference"]
        rest = [name for name in due if name not in {*templates, *reference}]
        made = [*map(generator.template, templates)]  # which has the others' templates ready as well
        if not self.known["pages"]:
            # The theme's scripts differ by how deep a page lies: one of each tells the policy of nearly all.
            first = [*{self.known["names"][name].count("/"): name for name in rest}.values()]
            made += generator.build(first)
            known = (self.project.memory.values.get(language.settings, {}) for language in LANGUAGES)
            facts = [*(page for of in known for page in of.get("pages", {}).values()), *(one.facts for one in made)]
            self.project.memory.values["policy"] = policy(script for of in facts for script in of.get("scripts", ()))
            rest = [name for name in rest if name not in first]
        yield from made
        shares = [(share, False) for share in shares_of(rest, SHARE)]
        if not set(reference).isdisjoint(due) or not self._has(self._beside()):
            shares.insert(0, (reference, True))
        jobs = self.project.jobs if len(rest) > ALONE else 1
        for share in in_parallel(lambda share: generator.build(*share), shares, jobs):
            yield from share

    def _beside(self) -> list[str]:
        """What is written with the module reference."""
        return (
            []
            if self.language.below
            else ["assets/_mkdocstrings.css", *["objects.inv"] * bool(self.known["reference"])]
        )

    def _has(self, names: Iterable[str]) -> bool:
        return all(name in self.project.left for name in names)

    def _packages(self, name: str) -> list[str]:
        """The packages that a page of the module reference tells of."""
        found = REFERENCE.findall(self.project.looked.read(f"docs/{name}").decode("utf-8", "replace"))
        return [package for package in found if self._digest_of(package)]

    def _remembered(self, made: "Made") -> dict[str, Any]:
        reads = sorted(os.path.relpath(read, self.project.root) for read in made.reads)
        if made.uri in self.known["reference"]:
            reads += self._packages(made.uri)
        kept: dict[str, Any] = {"out": made.out, "links": made.links, "anchors": made.anchors, "ids": made.ids}
        kept |= made.facts | {"reads": reads, "of": self._made_of(made.uri, reads)}
        # Thousands of pages have the same, which a memory that knows it by one object holds once.
        return kept | {key: [*map(intern, kept[key])] for key in ("links", "scripts", "reads") if key in kept}

    def _copy(self, generator: "Generator") -> None:
        """Copy the files beside the pages that are not what they should be."""
        known, self.known["files"] = self.known["files"], {}
        for file in generator.beside:
            if file.dest_uri.startswith(self.language.below):
                made = self.sources.get(file.src_uri) or digest_of(Path(file.abs_src_path or ""))  # the theme's
                self.known["files"][file.dest_uri] = made
                if known.get(file.dest_uri) != made or file.dest_uri not in self.project.left:
                    self.project.tree.write(f"site/{file.dest_uri}", file.content_bytes, anew=True)

    def _check_anchors(self) -> None:
        """Warn of links to places that a page has not; pages with such links are built again."""
        pages = self.known["pages"]
        places = {name: {*page["ids"]} for name, page in pages.items()}
        for name, page in list(pages.items()):
            for target, anchor, link in page["anchors"]:
                if target in places and anchor not in places[target]:
                    self.project.warnings.append(f"'{name}' has a link '{link}', but '{target}' has no '#{anchor}'")
                    pages.pop(name, None)


def finished(content: str, page: str) -> tuple[str, dict[str, Any]]:
    """A page as it is written, and what is remembered of it.

    Args:
        content: The policy that other pages have.
        page: HTML.
    """
    article = page[page.find("<article") : page.rfind("</article>")]
    if 'class="doc ' not in article and (style := REFERENCE_STYLE.search(page)):
        page = page[: style.start()].rstrip() + page[style.end() :]
    text = with_policy(with_phrases(with_one_sheet(page)), content)
    size = len(text.encode("utf-8", "xmlcharrefreplace"))  # as MkDocs writes it
    return text, {"scripts": hashes(page), "policy": digest(content), "faults": faults(page), "size": size}
