"""From what people submit to the pages they read.

The flow, in five lines:

    inputs, pictures, problems = Workspace().read()       # disk -> text
    records, more_problems = pipeline.parse(inputs)       # text -> records
    wiki = link.link(records)                             # records -> records that know their concepts and relatives
    pages = render.render(wiki, inputs.pictures)          # records -> Markdown
    files.write(docs, {**pages, **pictures}, OWNED)       # Markdown -> disk

`python -m ingest fetch` (network) stands before it and fills `talks/papers/`. The rooms: `notes`, `questions` and
`feeds` hold what is submitted, `importing` what makes notes and questions of other documents, `pages` what readers see.
Which modules reach out to disk, network and clock is written in `tests/test_architecture.py` (`EDGES`); all others
compute.
"""
