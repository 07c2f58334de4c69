"""The parts of a .docx: a zip of XML, whose relations say where pictures, notes and foreign texts lie."""

import contextlib
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from ingest.importing.decode import SAVE_AGAIN, CannotConvert

Element = ElementTree.Element
Parts = Mapping[str, bytes]  # of a zip, by their names in lower case
DEEPEST = 3  # documents in each other


def name_of(element: Element) -> str:
    """An element's name without its namespace; "" for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def said(element: Element, name: str) -> str:
    """An attribute by its name without its namespace; "" where there is none."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def child(element: Element | None, *way: str) -> Element | None:
    """The element at the end of a way of names."""
    for name in way:
        element = next((each for each in element if name_of(each) == name), None) if element is not None else None
    return element


def within(element: Element | None) -> Iterable[Element]:
    """What stands in an element that may not be there."""
    return () if element is None else element


@dataclass(slots=True)
class Package:
    """A .docx, unpacked.

    Attributes:
        parts: Bytes by name, in lower case.
        unpack: Gives the parts of a zip.
        depth: In how many others it lies.
        main: Name of the part that holds the text.
    """

    parts: Parts
    unpack: Callable[[bytes], Parts]
    depth: int = 0
    main: str = ""
    _relations: dict[str, dict[str, tuple[str, str, bool]]] = field(default_factory=dict)
    _inside: dict[str, "Package | None"] = field(default_factory=dict)

    def xml(self, name: str) -> Element | None:
        """A part that is XML; None where there is none.

        Raises:
            ElementTree.ParseError: It is damaged.
        """
        content = self.content(name)
        return None if content is None else ElementTree.fromstring(content)

    def content(self, name: str) -> bytes | None:
        """A part's bytes; None where there is none."""
        return self.parts.get(name.lower())

    def relations(self, part: str) -> dict[str, tuple[str, str, bool]]:
        """By id: the kind of a relation, its target (a part's name, or an address), and whether it leads outside."""
        if part not in self._relations:
            folder, name = posixpath.split(part)
            root = self.xml(f"{folder}/_rels/{name}.rels".lstrip("/"))
            self._relations[part] = {
                said(each, "Id"): (
                    said(each, "Type").rpartition("/")[2],
                    said(each, "Target")
                    if (outside := said(each, "TargetMode") == "External")
                    else _join(folder, said(each, "Target")),
                    outside,
                )
                for each in (root if root is not None else ())
            }
        return self._relations[part]

    def related(self, part: str, kind: str) -> Iterator[str]:
        """Names of the parts of one kind that a part names."""
        yield from (target for what, target, outside in self.relations(part).values() if what == kind and not outside)

    def inside(self, name: str) -> "Package | None":
        """A part that is a .docx itself; None for what is none, or lies in too many others."""
        if name not in self._inside:
            self._inside[name] = None
            if self.depth < DEEPEST and (content := self.content(name)) is not None:
                with contextlib.suppress(CannotConvert, ElementTree.ParseError):
                    self._inside[name] = open_package(content, self.unpack, self.depth + 1)
        return self._inside[name]

    def texts(self) -> Iterator[Element]:
        """Every part that may hold words: for the census. What Word keeps drawn of a diagram says its words again."""
        for name in sorted(self.parts):
            away = name.startswith(("docprops/", "customxml/", "[", "_rels/")) or "/diagrams/drawing" in name
            if name.endswith(".xml") and not away:
                with contextlib.suppress(ElementTree.ParseError):
                    yield ElementTree.fromstring(self.parts[name])


def _join(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")


OTHERS = {
    "content.xml": "an OpenDocument file",
    "xl/workbook.xml": "an Excel file",
    "ppt/presentation.xml": "a PowerPoint file",
}


def open_package(content: bytes, unpack: Callable[[bytes], Parts], depth: int = 0) -> Package:
    """A .docx by its bytes; `unpack` gives the parts of a zip, `depth` says in how many others it lies.

    Raises:
        CannotConvert: It is none.
        ElementTree.ParseError: It is damaged.
    """
    parts = unpack(content)
    package = Package(parts, unpack, depth)
    package.main = next(package.related("", "officeDocument"), "word/document.xml")
    package.relations(package.main)
    if package.content(package.main) is None or package.main.endswith(("workbook.xml", "presentation.xml")):
        kind = next((kind for name, kind in OTHERS.items() if name in parts), "a zip without a text")
        raise CannotConvert(f"it is {kind}, no .docx; {SAVE_AGAIN}")
    return package
