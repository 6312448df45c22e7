"""What the statement of a driver's charging sessions says, in English and German.

Whatever prints it, the same facts give the same words; nothing in it depends on when it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Paragraph, Spacer, Table, TableStyle

from wattseal.cdr.invoice.rating import WORDS, Rated, place_of
from wattseal.common import pdf
from wattseal.common.pdf import shown
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


_LABEL = 44 * mm
_RIGHT_PADDING = 2
_COLUMNS = (9 * mm, 48 * mm, 0, 28 * mm, 29 * mm)
"""Of the table; the place takes what is left."""
_RED, _LINE = HexColor("#a3241f"), HexColor("#d5dbe1")

_RIGHT = ParagraphStyle("right", parent=pdf.TEXT, alignment=TA_RIGHT)
_RIGHT_LABELS = ParagraphStyle("right label", parent=pdf.LABEL, alignment=TA_RIGHT)
_TOTAL = ParagraphStyle("total", parent=_RIGHT, fontName=pdf.BOLD)
_STEP = ParagraphStyle("step", parent=pdf.TEXT, spaceAfter=3)
_WHY = ParagraphStyle("why", parent=pdf.TEXT, textColor=_RED)


def as_pdf(page: Page) -> bytes:
    """The document."""
    return pdf.make_pdf(
        lambda: _story(page), title=page.title, language=page.language, foot=page.title
    )


def _story(page: Page) -> list[Flowable]:
    story: list[Flowable] = [
        Paragraph(shown(page.title), pdf.HEAD),
        pdf.labelled(page.facts, _LABEL, _RIGHT_PADDING),
        Spacer(1, 4 * mm),
        _overview(page),
        Spacer(1, 2 * mm),
        _pdf_totals(page),
        Spacer(1, 2 * mm),
        Paragraph(shown(page.rounding), pdf.LABEL),
    ]
    for section in page.sections:
        story.append(KeepTogether(_pdf_section(section, page)))
    steps = [
        Paragraph(f"{number}.&nbsp; {shown(step)}", _STEP)
        for number, step in enumerate(page.check, 1)
    ]
    return [*story, KeepTogether([*pdf.heading(page.check_title, ""), *steps])]


def _overview(page: Page) -> Table:
    """One line for each session; the head again on every page."""
    widths = [width or pdf.WIDTH - sum(_COLUMNS) for width in _COLUMNS]
    styles = (pdf.TEXT, pdf.TEXT, pdf.TEXT, _RIGHT, _RIGHT)
    heads = (pdf.LABEL, pdf.LABEL, pdf.LABEL, _RIGHT_LABELS, _RIGHT_LABELS)
    rows = [
        [Paragraph(shown(cell), style) for cell, style in zip(cells, kinds, strict=True)]
        for cells, kinds in [(page.columns, heads), *((row, styles) for row in page.table)]
    ]
    style = TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
            ("LINEBELOW", (0, 0), (-1, 0), 1, pdf.DARK),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), _RIGHT_PADDING),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]
    )
    return Table(rows, colWidths=widths, repeatRows=1, style=style)


def _pdf_totals(page: Page) -> Table | Spacer:
    rows = [
        (Paragraph(shown(label), _RIGHT_LABELS), Paragraph(shown(value), _TOTAL))
        for label, value in page.totals
    ]
    if not rows:
        return Spacer(1, 0)
    return pdf.tight_table(rows, (pdf.WIDTH - 45 * mm, 45 * mm), _RIGHT_PADDING)


def _pdf_section(section: Section, page: Page) -> list[Flowable]:
    why: list[Flowable] = []
    if section.why_not:
        title = f"<b>{shown(page.words['not_charged_because'])}</b>"
        why = [Paragraph(f"{title} {shown(' '.join(section.why_not))}", _WHY), Spacer(1, 1 * mm)]
    rows = pdf.labelled(section.rows, _LABEL, _RIGHT_PADDING)
    return [*pdf.heading(section.title, section.amount or ""), *why, rows]
