"""What the statement of a driver's charging sessions says, in English and German.

Whatever prints it, the same facts give the same words; nothing in it depends on when it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from wattseal.cdr.findings import Language
from wattseal.cdr.invoice.rated import Rated, place_of
from wattseal.cdr.invoice.words import MONTHS, WORDS

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
    words = WORDS[language]
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
    return f"{MONTHS[language][int(number) - 1]} {year}"


def number(value: Decimal, language: Language) -> str:
    """All digits, with the language's decimal sign."""
    text = f"{value:f}"
    return text.replace(".", ",") if language == "de" else text


def moment(at: datetime) -> str:
    """`2026-11-21 11:30:00 +01:00`: with the offset that was signed."""
    offset = at.strftime("%z")
    return f"{at:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def _row(one: Rated, language: Language) -> tuple[str, ...]:
    words = WORDS[language]
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
    words = WORDS[language]
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
    words = WORDS[language]
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
    words, session = WORDS[language], one.session
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
    words, cost = WORDS[language], one.cost
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
