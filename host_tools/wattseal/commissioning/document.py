"""What a commissioning document says, whatever it is printed with.

Everything comes from the registry: the record of the registration, the log's entry and its proof
in the log as it was just after, and the first test charge that followed. So the same document can
be made again years later, when meter and module are gone, and is the same byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

import segno
from mnemonic import Mnemonic
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, Preformatted, Table, TableStyle

from wattseal.commissioning.registration import check_publication, check_record
from wattseal.commissioning.test_charge import charged
from wattseal.commissioning.workplace import StepResult, Workplace
from wattseal.common import html, pdf
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory
from wattseal.common.pdf import shown
from wattseal.common.sentences import Language, read_labels
from wattseal.common.times import utc_to_read
from wattseal.ocmf.evse_id import EvseIdError, read_evse_id
from wattseal.ocmf.public_key import PublicKey, read_public_key
from wattseal.ocmf.report import ReadingReport, TransactionReport
from wattseal.registry.api_models import HistoryLine, PublicationAnswer, RegistryFacts
from wattseal.registry.client import RegistryClient
from wattseal.registry.records import Meter, Registration, TestCharge, details_of, record_text

WORDS = 12
_BYTES = 16


def fingerprint_words(fingerprint: str) -> list[str]:
    """Twelve words for a SHA-256 in hex."""
    return str(Mnemonic("english").to_mnemonic(bytes.fromhex(fingerprint)[:_BYTES])).split()


SIGNERS = ("technician", "operator_signs")
SIGNED_FIELDS = ("name", "place_and_date", "signature")


def words() -> dict[str, str]:
    """The document's titles, labels and sentences."""
    return read_labels("commissioning_document", Language.ENGLISH)


Kind = Literal["text", "code", "words"]


@dataclass(frozen=True)
class Row:
    """What stands beside a label; `code` keeps its line ends, `words` are counted."""

    name: str
    value: str
    kind: Kind = "text"

    @property
    def label(self) -> str:
        """What the value is, in words."""
        return words()[self.name]


@dataclass(frozen=True)
class Section:
    """Rows that belong together."""

    name: str
    rows: list[Row]

    @property
    def title(self) -> str:
        """The heading."""
        return words()[self.name]

    @property
    def note(self) -> str:
        """What stands below the rows; empty if nothing does."""
        return words().get(f"{self.name}_note", "")


@dataclass(frozen=True)
class Commissioned:
    """A registration as the registry holds it, checked; `charge` with the entry that keeps it."""

    registry: RegistryFacts
    entry: int
    record: Registration
    details: str
    publication: PublicationAnswer
    charge: tuple[int, TransactionReport] | None

    @property
    def key(self) -> PublicKey:
        """The key that signs for the charge point."""
        return read_public_key(self.record.public_key)


def find_commissioned(
    client: RegistryClient,
    evse_id: str,
    *,
    entry: int | None = None,
    at_unix_ms: int | None = None,
    facts: RegistryFacts | None = None,
) -> Commissioned:
    """The registration of a charge point: the newest, that of an entry, or the newest at a time.

    facts: who the registry is known to be; without it, whoever answers is believed.
    ToolError `no_registration`, `registry_forged`.
    """
    facts = facts or client.facts()
    history = _history(client, evse_id)
    wanted = _canonical(evse_id)
    registrations = [
        line.number
        for line in history
        if isinstance(found := line.record, Registration)
        and _canonical(found.evse_id) == wanted
        and (entry is None or line.number == entry)
        and (at_unix_ms is None or found.unix_ms <= at_unix_ms)
    ]
    if not registrations:
        raise ToolError("no_registration", evse_id=evse_id)
    number = registrations[-1]
    line = client.record(number)
    publication = client.publication(number)
    if (publication.leaf_index, publication.leaf) != (number, line.leaf):
        raise ToolError("registry_forged", cause="its proof is of another entry")
    check_publication(publication, facts.name, facts.registry_key)
    record = check_record(publication, line.record)
    if not isinstance(record, Registration):
        raise ToolError("registry_forged", cause="its record is no registration")
    charge = _first_charge(client, facts, history, number, record)
    return Commissioned(facts, number, record, details_of(line.record), publication, charge)


def _history(client: RegistryClient, evse_id: str) -> list[HistoryLine]:
    try:
        return client.history(evse_id)
    except ToolError as error:
        if error.name != "registry_not_found":
            raise
        raise ToolError("no_registration", evse_id=evse_id) from None


def _first_charge(
    client: RegistryClient,
    facts: RegistryFacts,
    history: list[HistoryLine],
    number: int,
    registration: Registration,
) -> tuple[int, TransactionReport] | None:
    """The first test charge after a registration, under no later one; verified."""
    for line in history:
        if line.number <= number:
            continue
        record = line.record
        if isinstance(record, Registration):
            return None
        if isinstance(record, TestCharge) and record.public_key == registration.public_key:
            publication = client.publication(line.number)
            check_publication(publication, facts.name, facts.registry_key)
            check_record(publication, record_text(record))
            key = read_public_key(registration.public_key)
            return line.number, charged(record.begin, record.end, line.number, key)
    return None


def sections(found: Commissioned) -> list[Section]:
    """All that the document says, in its order."""
    rows = {
        "charge_point": _charge_point(found.record),
        "module": _module(found.record),
        "meter": _meter(found.record.meter),
        "public_key": _key(found),
        "test_charge": _test_charge(found.charge),
        "publication": _publication(found),
        "checking": _checking(found),
    }
    return [Section(name, those) for name, those in rows.items()]


def _charge_point(record: Registration) -> list[Row]:
    return [
        Row("evse_id", record.evse_id),
        Row("operator", record.operator),
        Row("case", words()[f"case_{record.scenario}"]),
        Row("commissioning", str(record.commissioning)),
        Row("settings_sha256", record.settings_sha256, "code"),
        Row("registered", utc_to_read(record.unix_ms)),
    ]


def _module(record: Registration) -> list[Row]:
    return [
        Row("model", record.module_model),
        Row("serial", record.gateway_serial),
        Row("chip_id", record.chip_id, "code"),
        Row("firmware", record.firmware),
        Row("firmware_identity", record.firmware_identity, "code"),
    ]


def _meter(meter: Meter) -> list[Row]:
    return [
        Row("manufacturer_and_model", f"{meter.manufacturer} {meter.model}"),
        Row("serial", meter.serial),
        Row("calibration_mark", meter.calibration_mark),
        Row("calibration_year", str(meter.calibration_year)),
    ]


def _key(found: Commissioned) -> list[Row]:
    key = found.key
    return [
        Row("key_number", str(found.record.key_number)),
        Row("algorithm", f"ECDSA, {key.curve.name}, SHA-256"),
        Row("spki", "\n".join(split(key.hex, 52)), "code"),
        Row("fingerprint", key.fingerprint, "code"),
        Row("fingerprint_words", " ".join(fingerprint_words(key.fingerprint)), "words"),
    ]


def _test_charge(charge: tuple[int, TransactionReport] | None) -> list[Row]:
    if charge is None:
        return [Row("result", words()["not_charged"])]
    entry, report = charge
    return [
        Row("result", words()["verified"]),
        Row("begin", _reading(report.begin)),
        Row("end", _reading(report.end)),
        Row("energy", f"{report.energy} {report.unit}"),
        Row("entry", str(entry)),
    ]


def _reading(reading: ReadingReport | None) -> str:
    if reading is None:
        return words()["no_reading"]
    return words()["reading"].format(
        value=f"{reading.value} {reading.unit}",
        time=reading.time,
        time_status=reading.time_status,
        pagination=reading.pagination,
    )


def _publication(found: Commissioned) -> list[Row]:
    proof = "\n".join(found.publication.proof) or words()["no_proof"]
    return [
        Row("registry_name", found.registry.name),
        Row("log_key", found.registry.vkey, "code"),
        Row("entry", str(found.entry)),
        Row("record", found.details, "code"),
        Row("entry_text", "\n".join(split(found.publication.leaf, 72)), "code"),
        Row("checkpoint", _folded(found.publication.checkpoint), "code"),
        Row("inclusion_proof", proof, "code"),
    ]


def _checking(found: Commissioned) -> list[Row]:
    command = f"wattseal commission document --evse '{found.record.evse_id}' --entry {found.entry}"
    return [
        Row("make_again", command, "code"),
        Row("audit", "wattseal registry audit URL", "code"),
    ]


def _folded(note: str) -> str:
    """A signed note in lines that fit a page; longer ones go on with two blanks."""
    return "\n".join("\n  ".join(split(line, 72)) for line in note.rstrip("\n").split("\n"))


def split(text: str, width: int) -> list[str]:
    """Pieces of a text, all but the last of that width; one empty piece for no text."""
    return [text[at : at + width] for at in range(0, len(text), width)] or [""]


def _canonical(evse_id: str) -> str:
    try:
        return read_evse_id(evse_id).canonical
    except EvseIdError:
        return evse_id


def as_html(found: Commissioned) -> str:
    """The page, in UTF-8 when it is written."""
    return html.render(
        "wattseal.commissioning",
        "commissioning.html",
        words=words(),
        evse_id=found.record.evse_id,
        when=utc_to_read(found.record.unix_ms),
        sections=sections(found),
        qr=key_square(found).svg_inline(
            scale=3, border=4, title="Public key in hexadecimal digits", omitsize=True
        ),
        signers=SIGNERS,
        fields=SIGNED_FIELDS,
        details=found.details,
    )


def key_square(found: Commissioned) -> segno.QRCode:
    """The public key as a QR code: its SPKI in uppercase hex, which packs well."""
    return segno.make(found.key.hex, mode="alphanumeric", error="m", boost_error=False, micro=False)


_LABEL = 42 * mm
_SQUARE = 42 * mm
_QUIET_MODULES = 4
_CODE = ParagraphStyle(
    "code", fontName=pdf.FIXED, fontSize=7.2, leading=9.6, textColor=pdf.DARK, alignment=TA_LEFT
)


def as_pdf(found: Commissioned) -> bytes:
    """The document."""
    return pdf.make_pdf(
        lambda: _story(found),
        title=f"{words()['title']} {found.record.evse_id}",
        author=found.registry.name,
        language="en",
        foot=f"record {found.details}",
        foot_font=pdf.FIXED,
        page_word="page ",
    )


def _story(found: Commissioned) -> list[Flowable]:
    story: list[Flowable] = [
        Paragraph(escape(words()["title"]), pdf.HEAD),
        Paragraph(shown(found.record.evse_id), pdf.HEAD),
        Paragraph(utc_to_read(found.record.unix_ms), pdf.LABEL),
    ]
    for section in sections(found):
        square = _Square(found) if section.name == "public_key" else None
        story += _section(section, square)
    story.append(KeepTogether([*pdf.heading(words()["signatures"]), _signatures()]))
    return story


def _section(section: Section, square: Flowable | None) -> list[Flowable]:
    rows = [(row.label, _value(row)) for row in section.rows]
    if square is not None:
        rows.append((words()["key_square"], square))
    note = [Paragraph(shown(section.note), pdf.LABEL)] if section.note else []
    table = pdf.labelled(rows, _LABEL, right_padding=0)
    return [KeepTogether([*pdf.heading(section.title), table, *note])]


def _value(row: Row) -> str | Flowable:
    if row.kind == "code":
        return Preformatted(row.value, _CODE, maxLineLength=84)
    if row.kind == "words":
        parts = row.value.split()
        lines = [
            "&nbsp;&nbsp; ".join(
                f"{at + 1}.&nbsp;<b>{escape(parts[at])}</b>"
                for at in range(first, min(first + 4, len(parts)))
            )
            for first in range(0, len(parts), 4)
        ]
        return Paragraph("<br/>".join(lines), pdf.TEXT)
    return row.value


def _signatures() -> Table:
    """Two columns: who signs, and for each field a line to write on with its name below."""
    names = [[Paragraph(escape(words()[one]), pdf.TEXT) for one in SIGNERS]]
    fields = [
        [Paragraph(escape(words()[field]), pdf.LABEL) for _ in SIGNERS] for field in SIGNED_FIELDS
    ]
    lines_and_names = [one for field in fields for one in (["", ""], field)]
    rows = [[left, "", right] for left, right in (*names, *lines_and_names)]
    gap = 8 * mm
    column = (pdf.WIDTH - gap) / 2
    heights = [6 * mm] + [10 * mm, 5 * mm] * len(SIGNED_FIELDS)
    lines = [
        ("LINEBELOW", (at, row), (at, row), 0.5, pdf.DARK)
        for at in (0, 2)
        for row in range(1, len(rows), 2)
    ]
    style = TableStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), *lines])
    return Table(rows, colWidths=[column, gap, column], rowHeights=heights, style=style)


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


PDF, HTML = ".pdf", ".html"


def print_document(work: Workplace) -> StepResult:
    """The document of the registration that this work led to, into the job's folder."""
    if work.registry is None or work.answer is None:
        raise ToolError("answer_missing", path=str(work.job.folder))
    found = find_commissioned(
        work.registry,
        work.station.evse_id,
        entry=work.answer.confirmation.entry,
        facts=work.answer.registry,
    )
    files = write_document(found, work.job.folder, work.job.slug, replacing=True)
    return StepResult(True, str(files[0]), {"files": [str(path) for path in files]})


def write_document(
    found: Commissioned, folder: Path, name: str, *, replacing: bool = False
) -> list[Path]:
    """Both files. ToolError `file_exists` over other data, unless they are to be replaced."""
    out = OutputDirectory(folder)
    contents = {name + PDF: as_pdf(found), name + HTML: as_html(found).encode()}
    if not replacing:
        for file, content in contents.items():
            if (folder / file).exists() and (folder / file).read_bytes() != content:
                raise ToolError("file_exists", path=str(folder / file))
    return [out.write_bytes(file, content, replacing=True) for file, content in contents.items()]
