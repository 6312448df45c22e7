"""What all PDF documents have in common: page, fonts, styles, headings and tables.

The same story gives the same bytes, whenever it is made.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from xml.sax.saxutils import escape

import segno
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
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

MM: float = mm
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
"""Between the margins, in points as all lengths here."""
DARK, MUTED = HexColor("#16202a"), HexColor("#44515e")
PLAIN, BOLD, FIXED = "Vera", "VeraBd", "Courier"

TEXT = ParagraphStyle("text", fontName=PLAIN, fontSize=8.5, leading=12, textColor=DARK)
LABEL = ParagraphStyle("label", parent=TEXT, textColor=MUTED)
HEAD = ParagraphStyle("head", parent=TEXT, fontName=BOLD, fontSize=17, leading=22)
TITLE = ParagraphStyle("section", parent=TEXT, fontName=BOLD, fontSize=10.5, leading=14)
TITLE_RIGHT = ParagraphStyle("section right", parent=TITLE, alignment=TA_RIGHT)


def make_pdf(
    story: Callable[[], list[Flowable]],
    *,
    title: str,
    language: str,
    foot: str,
    author: str | None = None,
    foot_font: str = PLAIN,
    page_word: str = "",
) -> bytes:
    """The document. `foot` stands below each page, with the page's number after `page_word`.

    `story` is called once the fonts are known, which a paragraph needs when it is made.
    """
    _load_fonts()

    def draw_foot(canvas: Canvas, _document: object) -> None:
        canvas.saveState()
        canvas.setFont(foot_font, 6.5)
        canvas.setFillColor(MUTED)
        canvas.drawString(MARGIN, 10 * mm, _known(foot))
        canvas.drawRightString(A4[0] - MARGIN, 10 * mm, f"{page_word}{canvas.getPageNumber()}")
        canvas.restoreState()

    buffer = io.BytesIO()
    frame = Frame(MARGIN, MARGIN, WIDTH, A4[1] - 2 * MARGIN, 0, 0, 0, 0)
    document = BaseDocTemplate(
        buffer, pagesize=A4, title=title, author=author, lang=language, invariant=1
    )
    document.addPageTemplates(PageTemplate("page", [frame], onPage=draw_foot))
    document.build(story())
    return buffer.getvalue()


def make_page(draw: Callable[[Canvas], None], size: tuple[float, float], *, title: str) -> bytes:
    """A document of one page of this size, in points, that is drawn on freely."""
    _load_fonts()
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=size, invariant=1)
    canvas.setTitle(title)
    canvas.setFillColor(DARK)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def draw_qr(canvas: Canvas, code: segno.QRCode, at: tuple[float, float], width: float) -> None:
    """A QR code in a square whose lower left corner is there, with its quiet zone."""
    rows = [list(row) for row in code.matrix_iter(scale=1, border=2)]
    step = width / len(rows)
    for down, row in enumerate(rows):
        for across, is_dark in enumerate(row):
            if is_dark:
                x, y = at[0] + across * step, at[1] + width - (down + 1) * step
                canvas.rect(x, y, step, step, stroke=0, fill=1)


def draw_fitting(
    canvas: Canvas, text: str, at: tuple[float, float], font: str, size: float, width: float
) -> None:
    """A line of text, in smaller letters if it would be wider than that."""
    known = _known(text)
    natural = pdfmetrics.stringWidth(known, font, size)
    canvas.setFont(font, size * min(1.0, width / natural) if natural else size)
    canvas.drawString(*at, known)


@cache
def _load_fonts() -> None:
    for name in (PLAIN, BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)


def heading(title: str, beside: str | None = None) -> list[Flowable]:
    """A section's heading over a line, with a text at its right edge unless that is None."""
    cells, widths = [Paragraph(shown(title), TITLE)], [WIDTH]
    if beside is not None:
        cells.append(Paragraph(shown(beside), TITLE_RIGHT))
        widths = [WIDTH - 60 * mm, 60 * mm]
    style = TableStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -1), 1, DARK),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]
    )
    line = Table([cells], colWidths=widths, style=style)
    return [Spacer(1, 3.5 * mm), line, Spacer(1, 1 * mm)]


def labelled(
    rows: Iterable[tuple[str, str | Flowable]], label_width: float, right_padding: float
) -> Table:
    """A line for each label and what stands beside it."""
    cells = [
        (
            Paragraph(shown(label), LABEL),
            Paragraph(shown(value), TEXT) if isinstance(value, str) else value,
        )
        for label, value in rows
    ]
    return tight_table(cells, (label_width, WIDTH - label_width), right_padding)


def tight_table(
    rows: Sequence[tuple[Flowable, ...]], widths: Sequence[float], right_padding: float
) -> Table:
    """A table without lines, its rows close to one another."""
    style = TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), right_padding),
            ("TOPPADDING", (0, 0), (-1, -1), 1.2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2),
        ]
    )
    return Table(rows, colWidths=widths, style=style)


def shown(text: str) -> str:
    """A text for a paragraph."""
    return escape(_known(text))


def _known(text: str) -> str:
    """The text, with the number of each character that the font lacks in its place."""
    glyphs = pdfmetrics.getFont(PLAIN).face.charToGlyph  # type: ignore[attr-defined]
    return "".join(c if ord(c) in glyphs else f"[U+{ord(c):04X}]" for c in text)
