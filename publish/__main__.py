"""How the site is made: `python -m publish runtime | index | serve`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from publish import serve
from publish.runtime import build as runtime
from publish.search import index


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m publish", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    runtime.options(commands.add_parser("runtime", help="fetch, verify and write the files of docs/runtime/"))
    commands.add_parser("index", help="write a built site's search index").add_argument("site", type=Path)
    commands.add_parser("serve", help="serve the site on 127.0.0.1:8000 and rebuild on change")
    args = parser.parse_args(argv)
    if args.command == "runtime":
        return runtime.run(args)
    if args.command == "serve":
        serve.main()
    elif not args.site.is_dir():
        parser.error(f"{args.site} is no folder")
    else:
        print(f"{index.build(args.site)} pages in the index")
    return 0


if __name__ == "__main__":
    sys.exit(main())
