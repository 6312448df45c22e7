"""The commissioning document as PDF on A4; the same facts give the same bytes.

The bytes also depend on the versions of the packages that draw them (reportlab and its fonts).
"""

from __future__ import annotations

import io
from functools import cache
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Preformatted,
    Spacer,
    Table,
    TableStyle,
)

from wattseal.commissioning.document import (
    SIGNED_FIELDS,
    SIGNERS,
    TITLE,
    Commissioned,
    Row,
    Section,
    sections,
    utc,
)
from wattseal.commissioning.document_html import key_square

_MARGIN = 18 * mm
_LABEL = 42 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_SQUARE = 42 * mm
_QUIET_MODULES = 4
_DARK, _MUTED = HexColor("#16202a"), HexColor("#44515e")
_PLAIN, _BOLD, _FIXED = "Vera", "VeraBd", "Courier"

_TEXT = ParagraphStyle("text", fontName=_PLAIN, fontSize=8.5, leading=12, textColor=_DARK)
_LABELS = ParagraphStyle("label", parent=_TEXT, textColor=_MUTED)
_HEAD = ParagraphStyle("head", parent=_TEXT, fontName=_BOLD, fontSize=17, leading=22)
_SECTION = ParagraphStyle("section", parent=_TEXT, fontName=_BOLD, fontSize=10.5, leading=14)
_CODE = ParagraphStyle(
    "code", fontName=_FIXED, fontSize=7.2, leading=9.6, textColor=_DARK, alignment=TA_LEFT
)


def as_pdf(found: Commissioned) -> bytes:
    """The document."""
    _load_fonts()
    buffer = io.BytesIO()
    title = f"{TITLE} {found.record.evse_id}"
    frame = Frame(_MARGIN, _MARGIN, _WIDTH, A4[1] - 2 * _MARGIN, 0, 0, 0, 0)
    document = BaseDocTemplate(
        buffer, pagesize=A4, title=title, author=found.registry.name, lang="en", invariant=1
    )
    document.addPageTemplates(
        PageTemplate("page", [frame], onPage=lambda canvas, _: _foot(canvas, found))
    )
    document.build(_story(found))
    return buffer.getvalue()


def _story(found: Commissioned) -> list[Flowable]:
    story: list[Flowable] = [
        Paragraph(escape(TITLE), _HEAD),
        Paragraph(_shown(found.record.evse_id), _HEAD),
        Paragraph(utc(found.record.unix_ms), _LABELS),
    ]
    for section in sections(found):
        square = _Square(found) if section.title == "Public key" else None
        story += _section(section, square)
    story.append(KeepTogether([*_heading("Signatures"), _signatures()]))
    return story


def _section(section: Section, square: Flowable | None) -> list[Flowable]:
    rows = [[Paragraph(escape(row.label), _LABELS), _value(row)] for row in section.rows]
    if square is not None:
        rows.append([Paragraph("The key to scan", _LABELS), square])
    table = Table(rows, colWidths=[_LABEL, _WIDTH - _LABEL])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 1.2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2),
            ]
        )
    )
    note = [Paragraph(_shown(section.note), _LABELS)] if section.note else []
    return [KeepTogether([*_heading(section.title), table, *note])]


def _heading(title: str) -> list[Flowable]:
    line = Table([[Paragraph(escape(title), _SECTION)]], colWidths=[_WIDTH])
    line.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 1, _DARK),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return [Spacer(1, 3.5 * mm), line, Spacer(1, 1 * mm)]


def _value(row: Row) -> Flowable:
    if row.kind == "code":
        return Preformatted(row.value, _CODE, maxLineLength=84)
    if row.kind == "words":
        words = row.value.split()
        lines = [
            "&nbsp;&nbsp; ".join(
                f"{at + 1}.&nbsp;<b>{escape(words[at])}</b>"
                for at in range(first, min(first + 4, len(words)))
            )
            for first in range(0, len(words), 4)
        ]
        return Paragraph("<br/>".join(lines), _TEXT)
    return Paragraph(_shown(row.value), _TEXT)


def _signatures() -> Table:
    """Two columns: who signs, and for each field a line to write on with its name below."""
    names = [[Paragraph(escape(one), _TEXT) for one in SIGNERS]]
    fields = [[Paragraph(escape(field), _LABELS) for _ in SIGNERS] for field in SIGNED_FIELDS]
    lines_and_names = [one for field in fields for one in (["", ""], field)]
    rows = [[left, "", right] for left, right in (*names, *lines_and_names)]
    gap = 8 * mm
    column = (_WIDTH - gap) / 2
    heights = [6 * mm] + [10 * mm, 5 * mm] * len(SIGNED_FIELDS)
    table = Table(rows, colWidths=[column, gap, column], rowHeights=heights)
    lines = [
        ("LINEBELOW", (at, row), (at, row), 0.5, _DARK)
        for at in (0, 2)
        for row in range(1, len(rows), 2)
    ]
    table.setStyle(TableStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), *lines]))
    return table


class _Square(Flowable):
    """The key's QR code, drawn as squares, its quiet zone left white."""

    def __init__(self, found: Commissioned) -> None:
        super().__init__()
        self.width = self.height = _SQUARE
        self._rows = [list(row) for row in key_square(found).matrix]

    def draw(self) -> None:
        """Called by the page's layout."""
        size = _SQUARE / (len(self._rows) + 2 * _QUIET_MODULES)
        canvas: Canvas = self.canv
        canvas.setFillColor(HexColor("#000000"))
        for y, row in enumerate(self._rows):
            for x, is_dark in enumerate(row):
                if is_dark:
                    left = (x + _QUIET_MODULES) * size
                    below = _SQUARE - (y + 1 + _QUIET_MODULES) * size
                    canvas.rect(left, below, size, size, stroke=0, fill=1)


def _foot(canvas: Canvas, found: Commissioned) -> None:
    canvas.saveState()
    canvas.setFont(_FIXED, 6.5)
    canvas.setFillColor(_MUTED)
    canvas.drawString(_MARGIN, 10 * mm, f"record {found.details}")
    canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, f"page {canvas.getPageNumber()}")
    canvas.restoreState()


@cache
def _load_fonts() -> None:
    for name in (_PLAIN, _BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    pdfmetrics.registerFontFamily(
        _PLAIN, normal=_PLAIN, bold=_BOLD, italic=_PLAIN, boldItalic=_BOLD
    )


def _shown(text: str) -> str:
    """A text for a paragraph; a character that the font lacks is told by its number."""
    glyphs = _glyphs()
    return escape("".join(c if ord(c) in glyphs else f"[U+{ord(c):04X}]" for c in text))


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(TTFont(_PLAIN, f"{_PLAIN}.ttf").face.charToGlyph)
