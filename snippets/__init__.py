"""Tested torch snippets, one concept a file; `python -m snippets --help` copies them. Importing this loads no torch."""
