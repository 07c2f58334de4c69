"""The folders of a project: which file is which input, and what is remembered of the last build.

An edge, by `files`. Whoever wants a project's inputs asks here, so that nobody else need know where they lie.
"""

import contextlib
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from ingest import files
from ingest.addresses import OWNED, slug_for
from ingest.kept import Kept, hash_of
from ingest.limits import FILES, LARGEST, LARGEST_PAPERS, OTHERS
from ingest.memory import packed, recall, remember, unpacked
from ingest.pictures import Picture, kind_of, size_of
from ingest.pipeline import Inputs
from ingest.problems import Problem
from ingest.tree import Strange, Tree, digest_of

ROOT = Path(__file__).parent.parent
# What is remembered; may be deleted at any time.
MEMORY, RESULTS, PAGES, CLEAN = ".cache/ingest", ".cache/ingest-results", ".cache/ingest-pages", ".cache/guard"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folders of a project.

    Attributes:
        talks: What people and feeds submit.
        docs: The site's pages, hand-written and generated.
        snippets: The code modules.
    """

    talks: Path = ROOT / "talks"
    docs: Path = ROOT / "docs"
    snippets: Path = ROOT / "snippets"

    @classmethod
    def at(cls, root: Path) -> "Workspace":
        """That of a project whose folders have their usual names."""
        return cls(root / "talks", root / "docs", root / "snippets")

    def inputs(self) -> dict[str, tuple[Path, str]]:
        """Folder and pattern of each kind of input, by its name among `Inputs`."""
        return {
            "notes": (self.talks / "notes", "*.md"),
            "questions": (self.talks / "questions", "*.md"),
            "papers": (self.talks / "papers", "*.jsonl"),
            "feeds": (self.talks, "feeds.*"),
            "synonyms": (self.talks, "synonyms.txt"),
            "concepts": (self.docs / "topics", "*.md"),
            "concept_index": (self.docs / "topics", "index.md"),
            "path": (self.docs / "topics", "path.yml"),
            "snippets": (self.snippets, "[!_]*.py"),
            "essences": (self.snippets / "essence", "[!_]*.py"),
            "challenges": (self.snippets / "challenges", "[!_]*.py"),
            "english_concepts": (self.docs / "en" / "topics", "*.md"),
        }

    def read(self, kinds: Iterable[str] = ()) -> tuple[Inputs, dict[str, bytes], list[Problem]]:
        """What lies on the disk, the pictures' bytes by path under docs/, and problems.

        Args:
            kinds: Names of the inputs that are wanted; none means all.
        """
        wanted = set(kinds)
        sources: dict[str, Any] = {}
        problems = []
        for name, (folder, pattern) in self.inputs().items():
            if wanted and name not in wanted:
                continue
            sources[name] = ()
            try:
                self._insist(folder)
            except Strange as error:
                problems.append(files.unreadable(str(error.filename), error))
                continue
            paths = [path for path in folder.glob(pattern) if pattern == "index.md" or path.name != "index.md"]
            paths, beyond = files.few(paths, self.talks.parent, FILES.get(name, OTHERS))
            sources[name], unreadable = files.read(
                paths, self.talks.parent, LARGEST_PAPERS if name == "papers" else LARGEST
            )
            problems += [*beyond, *unreadable]
        held, unreadable = files.read_pictures([self.talks / "notes", self.talks / "questions"], self.talks.parent)
        shown = {name: Picture(f"../../{_place(name, content)}", *size_of(content)) for name, content in held.items()}
        kept = {_place(name, content): content for name, content in held.items()}
        return Inputs(**sources, pictures=shown, day=datetime.now(UTC).date()), kept, problems + unreadable

    def _insist(self, folder: Path) -> None:
        """Insist that a folder is one of this checkout.

        Raises:
            Strange: It, or one that it lies in, is a link or the like.
        """
        base = next(top.parent for top in (self.talks, self.docs, self.snippets) if folder.is_relative_to(top))
        Tree(base).require([folder.relative_to(base).as_posix()])

    def state(self, settings: str) -> str:
        """A hash that stays while neither inputs, pages nor this program were touched.

        Raises:
            Strange: A generated folder is a link or the like.
        """
        made = [self.docs / name for name in OWNED]
        for folder in made:
            self._insist(folder)
        folders = [
            self.talks,
            self.docs / "topics",
            self.docs / "en" / "topics",
            self.snippets,
            Path(__file__).parent,
            *made,
        ]
        return settings + files.state(folders)

    def last_counts(self, state: str) -> dict[str, int]:
        """The counts of the last build without a problem, where the state is what it left; else nothing."""
        counts, _ = recall(Tree(self.docs.parent), MEMORY, state)
        return dict(counts or {})

    def remember(self, state: str, counts: dict[str, int]) -> None:
        """Keep what a build without a problem left; where the disk refuses, the next build is not spared."""
        with contextlib.suppress(OSError):
            remember(Tree(self.docs.parent), MEMORY, counts, state)

    def clean(self) -> set[str]:
        """Hashes of the texts in which the guard of this program found nothing."""
        return {*(recall(Tree(self.docs.parent), CLEAN, _program())[0] or ())}

    def keep_clean(self, hashes: set[str]) -> None:
        """Remember those; if the disk refuses, all are looked at next time."""
        with contextlib.suppress(OSError):
            remember(Tree(self.docs.parent), CLEAN, sorted(hashes), _program())

    def kept(self) -> Kept:
        """The results of the last build by this program, and its pages that still lie there as it wrote them."""
        tree, program = Tree(self.docs.parent), _program()
        last, _ = recall(tree, RESULTS, program)
        made, _ = recall(tree, PAGES, program)
        pages, digests = {}, {}
        for (name, (made_of, written)), (_, content) in zip(
            (made or {}).items(), tree.read_each(f"{self.docs.name}/{name}" for name in made or ()), strict=True
        ):
            if isinstance(content, bytes) and digest_of(content) == written:
                pages[name], digests[name] = (made_of, content.decode()), written
        results = {name: (made_of, unpacked(pack)) for name, (made_of, pack) in (last or {}).items()}
        return Kept(pages, results, digests=digests, packed=last or {})

    def keep(self, kept: Kept, digests: Mapping[str, str] | None = None) -> None:
        """Remember results, of a build what its pages are made of too; if the disk refuses, all is made next time.

        Args:
            kept: What a run left.
            digests: Hashes of what it wrote, beside `docs/`; None if it was no build, which adds to what is remembered.
        """
        tree, program = Tree(self.docs.parent), _program()
        with contextlib.suppress(OSError):
            if digests is None:
                kept.results = {**kept.last, **kept.results}
            else:
                docs = self.docs.name
                made = {name: (made_of, digests[f"{docs}/{name}"]) for name, made_of in kept.made_of.items()}
                remember(tree, PAGES, made, program)
            remember(tree, RESULTS, kept.in_packs(packed), program)


@cache
def _program() -> str:
    """A hash of this package and of the versions of what it uses."""
    code = sorted(path for kind in ("*.py", "*.j2") for path in Path(__file__).parent.rglob(kind))
    versions = sorted(path.name for path in Path(sysconfig.get_path("purelib")).glob("*.dist-info"))
    return hash_of(sys.version, versions, [(path.name, path.read_bytes()) for path in code])


def _place(name: str, content: bytes) -> str:
    """Where a picture lies under docs/: a safe name that only this path has."""
    return f"talks/pictures/{slug_for(name)}.{kind_of(content)}"
