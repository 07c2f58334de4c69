"""From what people submit to the pages they read.

The flow, in five lines:

    sources = files.read(talks, docs, snippets)   # disk -> text
    records = pipeline.parse(sources)             # text -> records
    wiki = link.link(records)                     # records -> records that know their concepts and relatives
    pages = render.render(wiki, pictures)         # records -> Markdown
    files.write(docs, pages)                      # Markdown -> disk

`fetch` (network) stands before it and fills `talks/papers/`. Only `files` and `fetch` have effects.
"""
