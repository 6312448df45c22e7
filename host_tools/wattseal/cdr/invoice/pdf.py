"""The statement as PDF on A4; the same facts give the same bytes.

The bytes also depend on the versions of the packages that draw them (reportlab and its fonts).
"""

from __future__ import annotations

import io
from functools import cache
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
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
    Spacer,
    Table,
    TableStyle,
)

from wattseal.cdr.invoice.document import Page, Section

_MARGIN = 18 * mm
_LABEL = 44 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_COLUMNS = (9 * mm, 48 * mm, 0, 28 * mm, 29 * mm)
"""Of the table; the place takes what is left."""
_DARK, _MUTED, _RED = HexColor("#16202a"), HexColor("#44515e"), HexColor("#a3241f")
_LINE = HexColor("#d5dbe1")
_PLAIN, _BOLD = "Vera", "VeraBd"

_TEXT = ParagraphStyle("text", fontName=_PLAIN, fontSize=8.5, leading=12, textColor=_DARK)
_LABELS = ParagraphStyle("label", parent=_TEXT, textColor=_MUTED)
_RIGHT = ParagraphStyle("right", parent=_TEXT, alignment=TA_RIGHT)
_RIGHT_LABELS = ParagraphStyle("right label", parent=_LABELS, alignment=TA_RIGHT)
_TOTAL = ParagraphStyle("total", parent=_RIGHT, fontName=_BOLD)
_STEP = ParagraphStyle("step", parent=_TEXT, spaceAfter=3)
_HEAD = ParagraphStyle("head", parent=_TEXT, fontName=_BOLD, fontSize=17, leading=22)
_TITLE = ParagraphStyle("section", parent=_TEXT, fontName=_BOLD, fontSize=10.5, leading=14)
_TITLE_RIGHT = ParagraphStyle("section right", parent=_TITLE, alignment=TA_RIGHT)
_WHY = ParagraphStyle("why", parent=_TEXT, textColor=_RED)


def as_pdf(page: Page) -> bytes:
    """The document."""
    _load_fonts()
    buffer = io.BytesIO()
    frame = Frame(_MARGIN, _MARGIN, _WIDTH, A4[1] - 2 * _MARGIN, 0, 0, 0, 0)
    document = BaseDocTemplate(
        buffer, pagesize=A4, title=page.title, lang=page.language, invariant=1
    )
    template = PageTemplate("page", [frame], onPage=lambda canvas, _: _foot(canvas, page))
    document.addPageTemplates(template)
    document.build(_story(page))
    return buffer.getvalue()


def _story(page: Page) -> list[Flowable]:
    story: list[Flowable] = [
        Paragraph(_shown(page.title), _HEAD),
        _labelled(page.facts),
        Spacer(1, 4 * mm),
        _overview(page),
        Spacer(1, 2 * mm),
        _totals(page),
        Spacer(1, 2 * mm),
        Paragraph(_shown(page.rounding), _LABELS),
    ]
    for section in page.sections:
        story.append(KeepTogether(_section(section, page)))
    steps = [
        Paragraph(f"{number}.&nbsp; {_shown(step)}", _STEP)
        for number, step in enumerate(page.check, 1)
    ]
    return [*story, KeepTogether([*_heading(page.check_title, None), *steps])]


def _overview(page: Page) -> Table:
    """One line for each session; the head again on every page."""
    widths = [width or _WIDTH - sum(_COLUMNS) for width in _COLUMNS]
    styles = (_TEXT, _TEXT, _TEXT, _RIGHT, _RIGHT)
    heads = (_LABELS, _LABELS, _LABELS, _RIGHT_LABELS, _RIGHT_LABELS)
    rows = [
        [Paragraph(_shown(cell), style) for cell, style in zip(cells, kinds, strict=True)]
        for cells, kinds in [(page.columns, heads), *((row, styles) for row in page.table)]
    ]
    table = Table(rows, colWidths=widths, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                ("LINEBELOW", (0, 0), (-1, 0), 1, _DARK),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def _totals(page: Page) -> Table | Spacer:
    rows = [
        [Paragraph(_shown(label), _RIGHT_LABELS), Paragraph(_shown(value), _TOTAL)]
        for label, value in page.totals
    ]
    if not rows:
        return Spacer(1, 0)
    table = Table(rows, colWidths=[_WIDTH - 45 * mm, 45 * mm])
    table.setStyle(_tight())
    return table


def _section(section: Section, page: Page) -> list[Flowable]:
    why: list[Flowable] = []
    if section.why_not:
        title = f"<b>{_shown(page.words['not_charged_because'])}</b>"
        why = [Paragraph(f"{title} {_shown(' '.join(section.why_not))}", _WHY), Spacer(1, 1 * mm)]
    return [*_heading(section.title, section.amount), *why, _labelled(section.rows)]


def _heading(title: str, amount: str | None) -> list[Flowable]:
    cells = [Paragraph(_shown(title), _TITLE), Paragraph(_shown(amount or ""), _TITLE_RIGHT)]
    line = Table([cells], colWidths=[_WIDTH - 60 * mm, 60 * mm])
    line.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 1, _DARK),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return [Spacer(1, 3.5 * mm), line, Spacer(1, 1 * mm)]


def _labelled(rows: tuple[tuple[str, str], ...]) -> Table:
    cells = [
        [Paragraph(_shown(label), _LABELS), Paragraph(_shown(value), _TEXT)]
        for label, value in rows
    ]
    table = Table(cells, colWidths=[_LABEL, _WIDTH - _LABEL])
    table.setStyle(_tight())
    return table


def _tight() -> TableStyle:
    return TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("TOPPADDING", (0, 0), (-1, -1), 1.2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2),
        ]
    )


def _foot(canvas: Canvas, page: Page) -> None:
    canvas.saveState()
    canvas.setFont(_PLAIN, 6.5)
    canvas.setFillColor(_MUTED)
    canvas.drawString(_MARGIN, 10 * mm, _known(page.title))
    canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(canvas.getPageNumber()))
    canvas.restoreState()


@cache
def _load_fonts() -> None:
    for name in (_PLAIN, _BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    pdfmetrics.registerFontFamily(
        _PLAIN, normal=_PLAIN, bold=_BOLD, italic=_PLAIN, boldItalic=_BOLD
    )


def _shown(text: str) -> str:
    """A text for a paragraph."""
    return escape(_known(text))


def _known(text: str) -> str:
    """A character that the font lacks is told by its number."""
    glyphs = _glyphs()
    return "".join(c if ord(c) in glyphs else f"[U+{ord(c):04X}]" for c in text)


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(TTFont(_PLAIN, f"{_PLAIN}.ttf").face.charToGlyph)
