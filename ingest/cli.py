"""The command line: `python -m ingest check | build | parse | import | fmt | new | rules | links | fetch`.

What is written here is how commands are called; what they do lies in the rooms. Exit codes: 0 fine (warnings included),
1 the input has errors, 2 wrong usage or an unreadable path.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest import begin
from ingest import commands as project
from ingest.feeds import commands as feeds
from ingest.files import CannotWrite
from ingest.importing import commands as documents
from ingest.importing.document import Unreadable
from ingest.tree import Strange
from ingest.workspace import ROOT, Workspace

USUAL = Workspace()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except CannotWrite as error:
        print(error.strerror, file=sys.stderr)
        return 2
    except Strange as error:  # put there while this ran
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except Unreadable as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingest", description="Turn talks/ into docs/.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say what is wrong with notes and questions")
    check.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files to report on (default: all)")
    check.add_argument("--format", choices=("text", "github", "json"), default="text")
    check.add_argument("--fix", action="store_true", help="first mend blanks and addresses, where that is safe")
    check.add_argument("--lang", choices=("en", "zh"), default="en", help="language of what is said")
    check.add_argument("--show", action="store_true", help="say what was understood, too: questions, links, concepts")
    check.set_defaults(run=project.check)
    build = commands.add_parser("build", help="write the generated pages under docs/")
    build.add_argument("--json", action="store_true", help="print counts, problems and seconds as JSON")
    build.set_defaults(run=project.build)
    guard = commands.add_parser("guard", help="say what keeps this checkout from being built")
    guard.add_argument("--shape", action="store_true", help="look for links and devices alone")
    guard.add_argument("root", nargs="?", type=Path, default=ROOT, metavar="FOLDER", help="default: the project")
    guard.set_defaults(run=project.refuse)
    links = commands.add_parser("links", help="ask every address in notes, questions and concept pages if it answers")
    links.add_argument("--allow-private", action="store_true", help="ask private addresses too")
    links.set_defaults(run=project.links)
    for command in (check, build, links):
        command.add_argument("--docs", type=Path, default=USUAL.docs)
        command.add_argument("--snippets", type=Path, default=USUAL.snippets)
    parse = commands.add_parser("parse", help="print one document's records as JSON")
    parse.add_argument("file", type=Path, metavar="FILE", help="a note, a question, a feed, or what `import` reads")
    parse.set_defaults(run=documents.parse)
    bring = commands.add_parser("import", help="make a note, or questions, of a .docx, .pdf, .html, .md, .txt or .json")
    bring.add_argument("file", type=Path, metavar="FILE")
    bring.add_argument("--force", action="store_true", help="replace what is there")
    kinds = ("talk", "questions", "article")
    bring.add_argument("--as", dest="wanted", choices=kinds, help="what it is, where it is taken for something else")
    bring.add_argument("--origin", default="", help="of a collection of questions: its address")
    bring.add_argument("--licence", default="", help="of a collection of questions: such as CC-BY-4.0")
    bring.set_defaults(run=documents.bring)
    form = commands.add_parser("fmt", help="rewrite a note in the form of talks/TEMPLATE.md")
    form.add_argument("file", type=Path, metavar="FILE")
    form.set_defaults(run=documents.fmt)
    new = commands.add_parser("new", help="begin a note, a question or a concept page")
    said = "a note's number such as 005 or 番外02; or `question NAME`, `concept NAME`"
    new.add_argument("what", nargs="+", metavar="WHAT", help=said)
    new.add_argument("--docs", type=Path, default=USUAL.docs)
    new.add_argument("--from-papers", metavar="WEEK", help="begin a note with the picks of a week such as 2026-W48")
    new.set_defaults(run=begin.new)
    rules = commands.add_parser("rules", help="print the page that explains every rule (docs/guide/rules.md)")
    rules.add_argument("--lang", choices=("en", "zh"), default="zh", help="en: that of docs/en/guide/rules.md")
    rules.set_defaults(run=project.rules)
    fetch = commands.add_parser("fetch", help="bring feeds into talks/papers/")
    fetch.add_argument("feeds", nargs="*", metavar="FEED", help="URLs or files (default: all of talks/feeds.opml)")
    fetch.add_argument("--status", action="store_true", help="say how each feed did, and ask none")
    fetch.add_argument(
        "--relink", action="store_true", help="look for new concepts in the archive's titles, ask no feed"
    )
    fetch.add_argument("--force", action="store_true", help="ask every feed for all of it, even one that is left alone")
    fetch.add_argument("--allow-private", action="store_true", help="follow redirects to private addresses")
    said = "also bring what the list's sources had from this day on, such as 2026-11-01 (default: what was missed)"
    fetch.add_argument("--since", type=feeds.day, metavar="DATE", help=said)
    fetch.add_argument("--format", choices=("text", "github"), default="text")
    fetch.add_argument("--docs", type=Path, default=USUAL.docs)
    fetch.set_defaults(run=feeds.fetch)
    for command in (check, build, fetch, bring, new, links):
        command.add_argument("--talks", type=Path, default=USUAL.talks)
    return parser
