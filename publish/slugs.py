"""The names of headings' places in their pages."""

from pymdownx.slugs import slugify

_slug = slugify(case="lower")


def slug_of(text: str, separator: str) -> str:
    """The place's name: of the heading's letters, but never as the parts of the theme are called (`__search`)."""
    return str(_slug(text, separator)).lstrip("_")
