"""All steps of a build in their order; each skips itself where what it is made of, and what it made, are unchanged."""

import gzip
import os
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from ingest import guard
from ingest.files import CannotWrite
from ingest.generate import generate
from ingest.reporting import report
from ingest.tree import Strange, sync
from ingest.workspace import Workspace
from publish import cards, exports, styles
from publish.csp import policy, with_policy
from publish.memory import Memory, Project, digest, digest_of, digests, forget_digests
from publish.pages import LANGUAGES, Pages
from publish.scripts import theme
from publish.sitemaps import sitemaps

ROOT = Path(__file__).parents[1]
STAMPS = (".built", ".memory")  # in the site: all of it was built without a warning; see `Memory`
WRITERS = {"ingest": "submissions"} | {name: name for name in ("snippets", "runtime", "widgets")}  # whose step is which
Done = tuple[int, str]  # an exit code as of `build`, and in a few words what was done; "" for nothing


def build(root: Path, without: Collection[str] = (), jobs: int = 0) -> int:
    """Bring `site/` up to date, from what the last build left.

    Args:
        root: The project's folder, which has to be the current one: pages include files by their names below it.
        without: Steps to leave out, by the names of their functions.
        jobs: How many processes may work; 0 for one a core.

    Returns:
        0; 1 where something is wrong with what was submitted or with a page, and the rest is built nevertheless; 2
        where nothing can be built.
    """
    forget_digests()
    theme.cache_clear()
    if problems := guard.shape(root):  # before anything is opened
        return 2 * report(problems)
    memory = Memory(root / ".cache" / "publish", root / "site")
    project = Project(root, memory, jobs or _cores(), [who for who, step in WRITERS.items() if step not in without])
    with suppress(FileNotFoundError):
        project.tree.remove(f"site/{STAMPS[0]}")
    worst, did = 0, False
    for step in (runtime, snippets, widgets, submissions, pages, search):
        began = time.perf_counter()
        try:
            code, done = (0, "") if step.__name__ in without else step(project)
        except Strange as error:  # put there since all was looked at
            return 2 * report([guard.strange(error)])
        except OSError as error:  # of the disk, or of a file that is another since
            print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
            return 2
        worst, did = max(worst, code), did or bool(done)
        if done:
            print(f"{step.__name__}: {done} in {time.perf_counter() - began:.1f} s", flush=True)
        if code > 1:
            return code
    project.memory.save()
    if not project.warnings:
        project.tree.write(f"site/{STAMPS[0]}", b"")
    if not did:
        print("site/ is up to date")
    if lacks := what_readers_lack(os.environ):
        print(f"NOTICE - {lacks}", file=sys.stderr)
    return worst


def what_readers_lack(environment: Mapping[str, str]) -> str:
    """What readers of a site cannot do because of a setting that it lacks; "" where it lacks none."""
    if environment.get("REPO_URL"):
        return ""
    way = "by mail alone" if environment.get("CONTACT") else "by writing a file and handing it to you"
    return (
        f"REPO_URL is not set: readers can ask, answer and say what is wrong {way}; no page leads to its source, to an"
        " editor or to Colab. REPO_URL=https://github.com/OWNER/NAME (or gitee.com) gives them forms"
        + ("." if environment.get("CONTACT") else ", CONTACT=somebody@example.org a mail.")
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def runtime(project: Project) -> Done:
    """What runs in readers' pages: `browser/`, the snippets and what the lock names, in `docs/runtime/`."""
    inputs = [sys.version, *(digests(ROOT / name) for name in ("browser", "snippets", "publish/runtime", "widgets"))]
    out = project.root / "docs" / "runtime"
    outputs = [out, out.parent / "service_worker.js"]
    if project.memory.skips("runtime", inputs, outputs):
        return 0, ""
    from publish.runtime import build as made  # httpx and others take their time to load
    from publish.runtime.assets import AssetError, default_cache

    try:
        problems, changed = made.build(made.LOCK, out, default_cache())
    except (AssetError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2, ""
    if not problems:  # else what is lacking is looked for again
        project.memory.made("runtime", inputs, outputs)
    return int(made.say(problems)), f"{changed} files written"


def snippets(project: Project) -> Done:
    """What the site shows of the snippets, in `docs/`: their notebooks, what one may take, what their tests ran on."""
    from snippets._site import FOLDERS, write_site

    root = project.root
    inputs = [digests(root / name) for name in ("snippets", "tests/snippets", "docs/topics", "browser", "widgets")]
    outputs = [root / "docs" / name for name in FOLDERS]
    if project.memory.skips("snippets", inputs, outputs):
        return 0, ""
    if problems := guard.inputs(Workspace.at(root)):  # of what they are made of, before it is read
        return 2 * report(problems), ""
    from snippets.__main__ import names

    missing = write_site(names(), root / "docs")
    for line in missing:
        print(line, file=sys.stderr)
    if not missing:
        project.memory.made("snippets", inputs, outputs)
    return 0, "written"


def widgets(project: Project) -> Done:
    """The blocks that pages include to show widgets, in `docs/widgets/`."""
    inputs, out = [digests(ROOT / "widgets")], project.root / "docs" / "widgets"
    if project.memory.skips("widgets", inputs, [out]):
        return 0, ""
    from widgets._pages import files

    done = sync(project.tree, "widgets", files(), ["docs/widgets"])
    project.memory.made("widgets", inputs, [out])
    return 0, f"{done.written + done.removed} files written"


def submissions(project: Project) -> Done:
    """The pages of what people submit, in `docs/`; ingest itself says what it did, and knows when nothing changed."""
    try:
        return generate(Workspace.at(project.root), jobs=project.jobs), ""
    except CannotWrite as error:
        print(error.strerror, file=sys.stderr)
        return 2, ""


def pages(project: Project) -> Done:
    """The pages of both languages with their policy and their sitemaps; what belongs to neither is removed."""
    if problems := guard.before_pages(project.root, project.writers, project.seen):
        return 2 * report(problems), ""
    project.look()
    languages = [Pages(project, language) for language in LANGUAGES if (project.root / language.settings).is_file()]
    # The languages with fewer pages come first: what scripts they have, the others' policy names from the start.
    built = [name for language in reversed(languages) for name in language.refresh()]
    known = [language.known for language in languages]
    again = _put_under_policy(project, known)
    addresses = ([quote(name.removesuffix("index.html")) for name in language.addresses()] for language in languages)
    texts = sitemaps(known[0]["base"], *addresses)
    maps = texts | {"sitemap.xml.gz": gzip.compress(texts["sitemap.xml"], mtime=0)}
    for name, content in maps.items():
        project.tree.write(f"site/{name}", content)
    exported = exports.write(project, known)
    shared = cards.write(project, known[0]["files"], known[0]["names"].values())
    sheet = styles.write(project, known[0]["files"])
    kept = {*maps, *exported, *shared, *sheet, *(name for language in languages for name in language.outputs())}
    removed = _remove(project, kept)
    for line in project.warnings:
        print(f"WARNING - {line}", file=sys.stderr)
    counts = {"built": len(built), "put under another policy": again, "files removed": removed}
    return int(bool(project.warnings)), ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _put_under_policy(project: Project, known: Sequence[dict[str, Any]]) -> int:
    """Give all pages the policy that their scripts need, where they have another; returns how many that are."""
    pages = {page["out"]: page for of in known for page in of["pages"].values()}
    content = policy(script for page in pages.values() for script in page["scripts"])
    project.memory.values["policy"] = content  # which the next pages are likely to need
    # A page with something wrong is not known, and what was built of it stays.
    its = digest(content)
    due = {out for of in known for out in of["names"].values() if pages.get(out, {}).get("policy") != its}
    changed = 0
    for name in due:
        with suppress(FileNotFoundError):
            old = project.tree.read(f"site/{name}")
            new = with_policy(old.decode(), content).encode()
            if new != old:
                project.tree.write(f"site/{name}", new, anew=True)
                changed += 1
            if page := pages.get(name):
                page |= {"policy": its, "size": len(new)}
    return changed


def _remove(project: Project, kept: Collection[str]) -> int:
    """Remove what nothing makes any more, and folders that are empty then; returns how many files that were."""
    gone = [name for name in project.left if name not in kept and name not in STAMPS and not name.startswith("search/")]
    for name in gone:
        project.tree.remove(f"site/{name}")
        for folder in PurePosixPath(name).parents[:-1]:
            project.tree.prune(f"site/{folder}")
    return len(gone)


def search(project: Project) -> Done:
    """The search index, in `site/search/`: of the records and of what people write in `docs/`."""
    root = project.root
    made = [digests(root / name) for name in ("snippets", "browser/search")]
    inputs = [digests(ROOT / "publish" / "search"), made, digest_of(root / "talks" / "synonyms.txt"), _texts(project)]
    out = project.site / "search"
    if project.memory.skips("search", inputs, [out]):
        return 0, ""
    from publish.search import index  # as in `runtime`

    count = index.build(project.looked)
    project.memory.made("search", inputs, [out])
    return 0, f"{count} documents in the index"


def _texts(project: Project) -> dict[str, str]:
    """What the index is made of in `docs/`: hand-written pages, pictures, and what ingest says of the records."""
    kinds = (".md", ".html", ".jsonl")
    return {
        name: made for name, made in project.docs.items() if name.endswith(kinds) and not name.startswith("runtime/")
    }
