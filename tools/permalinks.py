"""The addresses that were ever published: `python -m tools.permalinks` adds those of `site/` to the list."""

from pathlib import Path

from ingest.files import write_text

ROOT = Path(__file__).parents[1]
LIST = ROOT / "tests" / "site" / "published.txt"


def published() -> list[str]:
    """Every address of the list, relative to the site: `qa/rope-rotation/`."""
    return LIST.read_text("utf-8").split()


def addresses(site: Path) -> list[str]:
    """Every address of a built site; the site's root is `./`."""
    pages = (path.parent.relative_to(site).as_posix() for path in site.rglob("index.html"))
    return sorted(f"{page}/" for page in pages)


def main() -> None:
    """Add to the list; nothing is ever taken out of it."""
    known = published()
    both = sorted({*known, *addresses(ROOT / "site")})
    write_text(LIST, "".join(f"{address}\n" for address in both), ROOT)
    print(f"{len(both) - len(known)} new addresses, {len(both)} in all")


if __name__ == "__main__":
    main()
