"""What the statement of a driver's charging sessions says, in English and German.

Whatever prints it, the same facts give the same words; nothing in it depends on when it is made.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from xml.sax.saxutils import escape

from jinja2 import Environment, PackageLoader, StrictUndefined
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

from wattseal.cdr.invoice.rating import WORDS, Rated, place_of
from wattseal.common.sentences import Language, month_names, read_labels

_DIGITS_OF_A_FINGERPRINT = 32


@dataclass(frozen=True)
class Statement:
    """The sessions of a driver and month. `driver` is the token's uid or the contract's id."""

    driver: str
    month: str
    issuer: str | None
    sessions: tuple[Rated, ...]


@dataclass(frozen=True)
class Section:
    """One session: a heading, labels with values, and if it is not charged, why."""

    title: str
    amount: str | None
    rows: tuple[tuple[str, str], ...]
    why_not: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """The whole statement in words."""

    language: Language
    title: str
    facts: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    table: tuple[tuple[str, ...], ...]
    totals: tuple[tuple[str, str], ...]
    rounding: str
    sections: tuple[Section, ...]
    check_title: str
    check: tuple[str, ...]
    words: dict[str, str]


def page_of(statement: Statement, language: Language) -> Page:
    """The statement in a language."""
    words = read_labels(WORDS, language)
    facts = [(words["driver"], statement.driver)]
    if statement.issuer:
        facts.insert(0, (words["issuer"], statement.issuer))
    return Page(
        language=language,
        title=f"{words['title']} {month_words(statement.month, language)}",
        facts=tuple(facts),
        columns=tuple(words[name] for name in ("number", "end", "place", "energy", "amount")),
        table=tuple(_row(one, language) for one in statement.sessions),
        totals=tuple(_totals(statement, language)),
        rounding=words["rounding"],
        sections=tuple(_section(one, language) for one in statement.sessions),
        check_title=words["check_title"],
        check=tuple(words["check"].split("\n")),
        words=words,
    )


def month_words(month: str, language: Language) -> str:
    """`November 2026`."""
    year, number = month.split("-")
    return f"{month_names(language)[int(number) - 1]} {year}"


def number(value: Decimal, language: Language) -> str:
    """All digits, with the language's decimal sign."""
    text = f"{value:f}"
    return text.replace(".", ",") if language is Language.GERMAN else text


def moment(at: datetime) -> str:
    """`2026-11-21 11:30:00 +01:00`: with the offset that was signed."""
    offset = at.strftime("%z")
    return f"{at:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def _row(one: Rated, language: Language) -> tuple[str, ...]:
    words = read_labels(WORDS, language)
    ended = one.charge.ended
    place = place_of(one.charge.members) or one.charge.judgement.evse_id
    energy = f"{number(one.energy_kwh, language)} kWh" if one.energy_kwh is not None else "-"
    return (
        str(one.number),
        moment(ended) if ended else "-",
        place,
        energy if one.status == "charged" else "-",
        _amount(one, language) or words[one.status],
    )


def _amount(one: Rated, language: Language) -> str | None:
    if one.cost is None:
        return None
    return f"{number(one.cost.gross, language)} {one.cost.currency}"


def _totals(statement: Statement, language: Language) -> list[tuple[str, str]]:
    """Energy and amount of each currency; what is not charged is counted apart."""
    words = read_labels(WORDS, language)
    charged = [one for one in statement.sessions if one.cost]
    rows = []
    for currency in sorted({one.cost.currency for one in charged if one.cost}):
        costs = [one.cost for one in charged if one.cost and one.cost.currency == currency]
        total = sum((cost.gross for cost in costs), Decimal(0))
        energy = sum((line.energy_kwh for cost in costs for line in cost.lines), Decimal(0))
        rows.append((words["total_energy"], f"{number(energy, language)} kWh"))
        rows.append((words["total"], f"{number(total, language)} {currency}"))
    others = len(statement.sessions) - len(charged)
    if others:
        rows.append((words["not_charged"], str(others)))
    return rows


def _section(one: Rated, language: Language) -> Section:
    words = read_labels(WORDS, language)
    rows = [
        ("CDR", one.charge.judgement.cdr),
        (words["evse"], one.charge.judgement.evse_id),
        (words["place"], place_of(one.charge.members)),
        *_readings(one, language),
        *_costs(one, language),
        (words["files"], f"{one.folder}/"),
    ]
    return Section(
        title=f"{words['session']} {one.number}",
        amount=_amount(one, language),
        rows=tuple((label, value) for label, value in rows if value),
        why_not=tuple(one.why_not(language)),
    )


def _readings(one: Rated, language: Language) -> list[tuple[str, str]]:
    words, session = read_labels(WORDS, language), one.session
    if session is None:
        unsigned = words["unsigned"] if one.status == "charged" else ""
        return [(words["signature"], unsigned)]
    rows = [
        (label, f"{moment(reading.at)}, {number(reading.register_kwh, language)} kWh")
        for label, reading in ((words["begin"], session.begin), (words["end"], session.end))
    ]
    digits = session.key.fingerprint[:_DIGITS_OF_A_FINGERPRINT]
    return [
        *rows,
        (words["energy"], f"{number(session.energy_kwh, language)} kWh"),
        (words["meter"], session.meter_serial or ""),
        (words["key"], f"SHA-256 {digits}..."),
    ]


def _costs(one: Rated, language: Language) -> list[tuple[str, str]]:
    words, cost = read_labels(WORDS, language), one.cost
    if cost is None:
        return []
    rows = [
        (
            words["price"] if at == 0 else "",
            f"{number(line.energy_kwh, language)} kWh x {number(line.per_kwh, language)} "
            f"{cost.currency}/kWh = {number(line.net, language)} {cost.currency}",
        )
        for at, line in enumerate(cost.lines)
    ]
    if cost.tax_percent is not None:
        rows.append((words["tax"], f"{number(cost.tax_percent, language)} %"))
    rows.append((words["amount"], _amount(one, language) or ""))
    return rows


def as_html(page: Page) -> str:
    """The page, in UTF-8 when it is written."""
    return _environment().get_template("statement.html").render(page=page)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("wattseal.cdr.invoice"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


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
        _pdf_totals(page),
        Spacer(1, 2 * mm),
        Paragraph(_shown(page.rounding), _LABELS),
    ]
    for section in page.sections:
        story.append(KeepTogether(_pdf_section(section, page)))
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


def _pdf_totals(page: Page) -> Table | Spacer:
    rows = [
        [Paragraph(_shown(label), _RIGHT_LABELS), Paragraph(_shown(value), _TOTAL)]
        for label, value in page.totals
    ]
    if not rows:
        return Spacer(1, 0)
    table = Table(rows, colWidths=[_WIDTH - 45 * mm, 45 * mm])
    table.setStyle(_tight())
    return table


def _pdf_section(section: Section, page: Page) -> list[Flowable]:
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
