"""How the site is made, and asked: `python -m publish build | serve | runtime | search`.

Exit codes of `build`: 0 fine; 1 something is wrong with what was submitted, or with a page, and the rest is built; 2
nothing could be built, or wrong usage.
"""

import argparse
import gc
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments[:1] == ["runtime"]:
        from publish.runtime.build import main as runtime

        return runtime(arguments[1:])
    args = _parser().parse_args(arguments)
    gc.set_threshold(200_000)  # as in `ingest`: nearly all that is read lives to the end
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    return int(args.run(args))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m publish", description="How the site is made.")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="bring site/ up to date: every step that has something to do")
    build.add_argument("--without", action="append", default=[], metavar="STEP", help="leave a step out")
    build.add_argument("--jobs", type=int, default=0, metavar="N", help="processes that may work; default: one a core")
    build.set_defaults(run=_build)
    serve = commands.add_parser("serve", help="build, serve the site on 127.0.0.1, and build again on change")
    serve.add_argument("--port", type=int, default=8000, help="default: 8000")
    serve.set_defaults(run=_serve)
    commands.add_parser("runtime", help="fetch, verify and write the files of docs/runtime/; has options of its own")
    search = commands.add_parser("search", help="ask the index of site/: a query a line in, a line of addresses out")
    search.add_argument("--json", action="store_true", help="each line is a JSON list; default: addresses with blanks")
    search.add_argument("--lang", choices=("zh", "en"), default="zh", help="whose pages; default: the Chinese ones")
    search.add_argument("--site", type=Path, default=Path("site"), help="default: site")
    search.set_defaults(run=_search)
    return parser


# Each loads what it needs: a build that has nothing to do takes half a second.


def _build(args: argparse.Namespace) -> int:
    from publish.build import build

    return build(Path.cwd(), args.without, args.jobs)


def _serve(args: argparse.Namespace) -> int:
    from publish.serve import serve

    return serve(Path.cwd(), args.port)


def _search(args: argparse.Namespace) -> int:
    from publish.search.ask import answers

    if not (args.site / "search" / "index.json").is_file():
        sys.exit(f"python -m publish search: {args.site} has no index: run `python -m publish build`")
    for addresses in answers((line.rstrip("\n") for line in sys.stdin), args.site, args.lang):
        print(json.dumps(addresses, ensure_ascii=False) if args.json else " ".join(addresses), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
