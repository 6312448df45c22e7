"""A module's label: the same bytes for the same module, and a QR code that says what it is."""

import base64
import dataclasses
import re
import zlib

import pytest
import segno
from wattseal.device.flash.label import HEIGHT_MM, WIDTH_MM, Label, label_pdf

LABEL = Label("WS000017", "e6614864d3417c2f", "pico", "0.1.0+06196ecc8e7ca49c", "3f" * 32)


def drawn(pdf: bytes) -> str:
    """What the page's content stream draws: the one that has rectangles."""
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        if stream.strip().endswith(b"~>"):
            text = zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True))
            if b" re " in text:
                return text.decode("latin-1")
    raise AssertionError("the page draws nothing")


def test_the_same_label_is_the_same_file() -> None:
    assert label_pdf(LABEL) == label_pdf(LABEL)
    other = dataclasses.replace(LABEL, serial="WS000018")
    assert label_pdf(other) != label_pdf(LABEL)


def test_the_page_has_the_labels_size() -> None:
    box = re.search(rb"/MediaBox \[ 0 0 ([0-9.]+) ([0-9.]+) \]", label_pdf(LABEL))
    assert box
    assert [float(side) / 72 * 25.4 for side in box.groups()] == pytest.approx(
        [WIDTH_MM, HEIGHT_MM], abs=0.01
    )


def test_the_qr_code_is_drawn_as_it_is() -> None:
    """Its dark squares are where the code has them, a quiet zone of two around it."""
    code = segno.make(LABEL.qr_text, error="m", boost_error=False, micro=False)
    rows = [list(row) for row in code.matrix_iter(scale=1, border=2)]
    number = r"([0-9.]+)"
    squares = re.findall(rf"n {number} {number} {number} {number} re f", drawn(label_pdf(LABEL)))
    step = float(squares[0][2])
    left = min(float(x) for x, *_ in squares) - 2 * step
    top = max(float(y) for _, y, *_ in squares) + 3 * step
    dark = {
        (round((float(x) - left) / step), round((top - float(y)) / step) - 1)
        for x, y, *_ in squares
    }
    assert dark == {
        (across, down)
        for down, row in enumerate(rows)
        for across, is_dark in enumerate(row)
        if is_dark
    }


def test_what_the_qr_code_says() -> None:
    assert LABEL.qr_text == (
        f"WATTSEAL serial:WS000017 chip:e6614864d3417c2f key:{'3f' * 32} "
        "firmware:0.1.0+06196ecc8e7ca49c"
    )


@pytest.mark.parametrize("serial", ["X" * 60, "\u00e4\u4e2d"])
def test_serial_numbers_that_are_long_or_strange(serial: str) -> None:
    label = Label(serial, LABEL.chip_id, LABEL.board, LABEL.firmware, None)
    assert label_pdf(label).startswith(b"%PDF")
