"""A module's label as a PDF of its size: serial number, key, firmware, and the same as QR code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import segno

from wattseal.common import pdf

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

WIDTH_MM, HEIGHT_MM = 62.0, 29.0
"""Of the commonest labels for such printers (62 mm x 29 mm)."""

_MARGIN_MM, _QR_MM = 2.0, 25.0
_TEXT_AT_MM = _MARGIN_MM + _QR_MM + 1.5
_DIGITS_A_LINE = 16


@dataclass(frozen=True)
class Label:
    """What a label says. `key_sha256` None: the module has no key."""

    serial: str
    chip_id: str
    board: str
    firmware: str
    key_sha256: str | None

    @property
    def qr_text(self) -> str:
        """What the QR code says: words of a name and a value each."""
        words = {
            "serial": self.serial,
            "chip": self.chip_id,
            "key": self.key_sha256 or "none",
            "firmware": self.firmware,
        }
        return "WATTSEAL " + " ".join(f"{name}:{value}" for name, value in words.items())


def label_pdf(label: Label) -> bytes:
    """One page of the label's size. The same label gives the same bytes."""
    size = (WIDTH_MM * pdf.MM, HEIGHT_MM * pdf.MM)
    return pdf.make_page(lambda canvas: _draw(canvas, label), size, title=f"Label {label.serial}")


def _draw(canvas: Canvas, label: Label) -> None:
    pdf.draw_qr(
        canvas,
        segno.make(label.qr_text, error="m", boost_error=False, micro=False),
        (_MARGIN_MM * pdf.MM, _MARGIN_MM * pdf.MM),
        _QR_MM * pdf.MM,
    )
    key = label.key_sha256 or ""
    rows = [key[at : at + _DIGITS_A_LINE] for at in range(0, len(key), _DIGITS_A_LINE)]
    lines = [
        (pdf.BOLD, 8.5, label.serial),
        (pdf.PLAIN, 5.5, f"Wattseal {label.board}"),
        (pdf.PLAIN, 5.5, f"Chip {label.chip_id}"),
        (pdf.PLAIN, 5.5, f"Firmware {label.firmware}"),
        (pdf.PLAIN, 5.5, "Key, SHA-256:" if rows else "No key"),
        *((pdf.FIXED, 6.5, row) for row in rows),
    ]
    down = HEIGHT_MM - _MARGIN_MM
    room = WIDTH_MM - _TEXT_AT_MM - _MARGIN_MM / 2
    for font, size, text in lines:
        down -= 2.75 if font != pdf.BOLD else 3.2
        pdf.draw_fitting(
            canvas, text, (_TEXT_AT_MM * pdf.MM, down * pdf.MM), font, size, room * pdf.MM
        )
