"""The search index of a built site: `index.py` writes it, `merge.py` makes one of the indexes of its parts."""
