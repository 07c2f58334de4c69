"""What maintainers run beside the site and its tests: each is a target of the Makefile.

- `bench`: measures, and writes docs/benchmarks.md
- `fuzz`: throws bytes at the parsers; what it finds is kept in tests/fuzz/corpus
- `mutants`: breaks each snippet's formula in every place, and tells what its tests let live
- `oracles`: computes reference values with an implementation that needs an environment of its own
- `outputs`: writes what the pages' runnable blocks print
- `permalinks`: adds the site's new addresses to those that must never vanish
- `records`: notes what each snippet was tested with
"""
