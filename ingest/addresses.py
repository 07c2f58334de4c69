"""Where a record's page lies: its file name, and the folders of docs/ that hold nothing but generated pages."""

import hashlib
import re
import unicodedata

OWNED = ("talks", "qa", "papers", "people", "changes", "reference", "generated")
RESERVED = re.compile(r"index|open|page-\d+|con|prn|aux|nul|com\d|lpt\d")


def slug_for(text: str) -> str:
    """A safe, stable file name for an id: lower-case letters and digits of any script, hyphens and underscores.

    An id that is none, is too long, or is a reserved name, gets a hash, which keeps two ids apart.
    """
    slug = re.sub(r"[^\w-]+", "-", _folded(text)).strip("-")
    if slug and slug == text and len(slug) <= 60 and not RESERVED.fullmatch(slug):
        return slug
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug[:60].strip('-')}-{digest}".lstrip("-")


def name_slug(name: str) -> str:
    """The same for a name, which may be written in several widths and cases."""
    return slug_for(re.sub(r"\s+", "-", _folded(name).strip()))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()
