"""`make bench`: run every benchmark (or those named) and write `docs/benchmarks.md`."""

import importlib
import json
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

from ingest.files import write_text
from tools.bench.table import Row, machine, pace, page

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = HERE / "results.json"  # what was measured last, so that one benchmark can be run again alone


def main(names: list[str]) -> None:
    """Measure, remember, and write the page."""
    modules = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    if unknown := set(names) - set(modules):
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(modules)}")
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    for name in names or modules:
        module = importlib.import_module(f"tools.bench.bench_{name}")
        print(f"{module.TITLE} ({name})", flush=True)
        rows = module.measure()
        for row in rows:
            print(
                "  " + " | ".join(str(value) for value in asdict(row).values() if value not in ("", None)), flush=True
            )
        measured = f"{date.today().isoformat()}，{machine()}，一千万次加法 {pace():.2f} s"
        results[name] = {"title": module.TITLE, "measured": measured, "rows": [asdict(row) for row in rows]}
        write_text(RESULTS, json.dumps(results, ensure_ascii=False, indent=1, sort_keys=True) + "\n", ROOT)
    groups = [
        (made["title"], made["measured"], [Row(**row) for row in made["rows"]]) for _, made in sorted(results.items())
    ]
    write_text(PAGE, page(groups), ROOT)


if __name__ == "__main__":
    main(sys.argv[1:])
