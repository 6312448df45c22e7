"""The invoice bundle: one zip with the statement, and for each session what proves it.

    README.txt, LIESMICH.txt               how to check, in English and German
    statement.html, statement.pdf          the sessions in English
    aufstellung.html, aufstellung.pdf      the same in German
    sessions/01_.../transaction.xml        begin and end for the transparency software
    sessions/01_.../records.txt            every signed record as it was signed, one a line
    sessions/01_.../public-key.hex, .pem   the key that signed them
    sessions/01_.../cdr.json               the CDR as it was received
    sessions/01_.../verdict.json           what the validation found

A session that is not charged has no transaction.xml: what does not verify proves nothing. The same
sessions give the same bytes: no time of making is in it, and nothing is compressed, since
compressors differ.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from wattseal.cdr.build import SessionRecords
from wattseal.cdr.invoice.document import Page, Statement, as_pdf, page_of
from wattseal.cdr.invoice.rating import Rated
from wattseal.common import html
from wattseal.common.sentences import Language
from wattseal.device.session import TRANSACTION, key_files
from wattseal.ocmf.container import single_record_xml, transaction_xml

NAMES: tuple[tuple[Language, str, str], ...] = (
    (Language.ENGLISH, "README.txt", "statement"),
    (Language.GERMAN, "LIESMICH.txt", "aufstellung"),
)
RECORDS = "records.txt"

_WHEN = (1980, 1, 1, 0, 0, 0)  # the earliest that zip knows
_MODE = 0o100644 << 16


def make_bundle(statement: Statement) -> bytes:
    """The zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for name, content in bundle_files(statement):
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.create_system = 3
            entry.external_attr = _MODE
            bundle.writestr(entry, content)
    return buffer.getvalue()


def bundle_files(statement: Statement) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, in the order of the bundle."""
    pages = [(page_of(statement, language), readme, name) for language, readme, name in NAMES]
    for page, readme, _ in pages:
        yield readme, _readme(page).encode()
    for page, _, name in pages:
        web_page = html.render("wattseal.cdr.invoice", "statement.html", page=page)
        yield f"{name}.html", web_page.encode()
        yield f"{name}.pdf", as_pdf(page)
    for one in statement.sessions:
        for name, content in _session_files(one):
            yield f"{one.folder}/{name}", content


def _readme(page: Page) -> str:
    lines = [page.title, "=" * len(page.title), ""]
    lines += [f"{label}: {value}" for label, value in (*page.facts, *page.totals)]
    lines += ["", page.rounding, "", page.check_title, "-" * len(page.check_title), ""]
    lines += [f"{number}. {step}" for number, step in enumerate(page.check, 1)]
    return "\n".join(lines) + "\n"


def _session_files(one: Rated) -> Iterator[tuple[str, bytes]]:
    if one.session is not None:
        if one.status == "charged":
            yield TRANSACTION, session_xml(one.session).encode()
        for name, text in key_files(one.session.key).items():
            yield name, text.encode()
    signed = one.charge.cdr.signed if one.charge.cdr else None
    if signed is not None:
        texts = "".join(f"{value.text}\n" for value in signed.values)
        yield RECORDS, texts.encode("utf-8", "replace")
    yield "cdr.json", one.charge.body
    yield "verdict.json", one.charge.judgement.to_json(indent=2) + b"\n"


def session_xml(session: SessionRecords) -> str:
    """The transparency software's file of a charged session; the begin's number is its id."""
    texts = {each.nature: each.text for each in reversed(session.records)}
    if "Start" in texts and "End" in texts:
        number = int(session.pagination[1:])
        return transaction_xml(number, texts["Start"], texts["End"], session.key)
    return single_record_xml(session.records[0].text, session.key)
