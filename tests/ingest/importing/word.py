"""Small .docx files, made of the XML of their body."""

import io
import zipfile

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
NAMES = f'xmlns:w="{W}" xmlns:r="{R}" xmlns:m="{M}"'
HEAD = ["OpenLLM Talk 201", "【编号】：201", "【时间】：2024-03-02 20:00"]


def paragraph(text="", inside="", properties=""):
    """A paragraph of a text, or of the XML of its runs."""
    run = f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>' if text else ""
    return f"<w:p><w:pPr>{properties}</w:pPr>{run}{inside}</w:p>"


def relation(name, kind, target, outside=False):
    """One relation of a part."""
    mode = ' TargetMode="External"' if outside else ""
    return f'<Relationship Id="{name}" Type="{R}/{kind}" Target="{target}"{mode}/>'


def _relations(inside):
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inside}</Relationships>'
    )


def make_docx(body, relations="", numbering="", parts=None):
    """The bytes of a .docx.

    Args:
        body: XML of the body, below the head of a note and its sections.
        relations: XML of further relations.
        numbering: XML inside `w:numbering`.
        parts: Further parts, by name.
    """
    heading = '<w:pStyle w:val="1"/>'
    sections = "".join(paragraph(name, properties=heading) for name in ("本周新闻", "本周推荐"))
    text = "".join(map(paragraph, HEAD)) + sections + body
    style = '<w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/></w:style>'
    own = relation("s", "styles", "styles.xml") + relation("n", "numbering", "numbering.xml")
    files = {
        "_rels/.rels": _relations(relation("a", "officeDocument", "word/document.xml")),
        "word/document.xml": f"<w:document {NAMES}><w:body>{text}</w:body></w:document>",
        "word/_rels/document.xml.rels": _relations(own + relations),
        "word/styles.xml": f"<w:styles {NAMES}>{style}</w:styles>",
        "word/numbering.xml": f"<w:numbering {NAMES}>{numbering}</w:numbering>",
        **(parts or {}),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return packed.getvalue()
