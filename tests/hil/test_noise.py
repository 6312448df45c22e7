"""Recording raw noise: from the emulated lab image, from a board's prompt, and the verdict."""

import random

import pytest

from hil import noise
from hil.lab import LabError


@pytest.mark.image("rp2040-lab")
def test_the_emulated_board_gives_its_samples(tmp_path, capsys):
    saved = tmp_path / "samples.bin"
    words = ["--samples", "12000", "--noise", "repeating", "--save", str(saved)]
    assert noise.main(words) == 1
    said = capsys.readouterr().out
    assert "12,000 samples: 0.0000 bits each" in said
    assert "THE CLAIM DOES NOT HOLD" in said
    assert "wants 1,000,000 samples" in said
    raw = saved.read_bytes()
    assert len(raw) == 1500
    assert noise.unpack(raw)[:10] == [0, 1, 1, 0, 1] * 2


def test_a_recording_is_judged_without_a_board(tmp_path, capsys):
    recording = tmp_path / "samples.bin"
    recording.write_bytes(random.Random(1).randbytes(5_000))
    assert noise.main(["--file", str(recording)]) == 0
    assert "the claim holds" in capsys.readouterr().out


def test_what_is_no_target_or_no_file_is_said(tmp_path, capsys):
    assert noise.main(["--target", "esp32"]) == 2
    assert "there are rp2040 and serial:" in capsys.readouterr().err
    assert noise.main(["--file", str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err


class Board:
    """The far end of a serial port: a raw prompt that knows two statements."""

    def __init__(self, answers):
        self.answers = answers
        self.said = bytearray()

    def write(self, data):
        if data.endswith(b"\x01"):
            self.said += b">>> " + noise.RAW_PROMPT
        elif data.endswith(noise.END_OF_CODE):
            self.said += b"OK" + self.answers.pop(0)

    def read_until(self, end):
        said, found, rest = bytes(self.said).partition(end)
        self.said = bytearray(rest)
        return said + found

    def reset_input_buffer(self):
        self.said.clear()

    def close(self):
        self.answers = []


@pytest.fixture
def plug(monkeypatch):
    def make(*answers):
        board = Board(list(answers))
        monkeypatch.setattr(noise.serial, "Serial", lambda *_, **__: board)
        return noise.SerialLab("/dev/none")

    return make


def test_a_boards_samples_come_from_its_raw_prompt(plug):
    part = bytes(range(256)) * 4 + bytes(128)
    shown = part.hex().encode() + b"\r\n\x04\x04>"
    lab = plug(b"\x04\x04>", shown, shown)
    assert noise.record(lab, 8 * 1500) == (part + part)[:1500]
    lab.close()


def test_a_board_without_the_lab_image_is_said(plug):
    lab = plug(b"\x04Traceback (most recent call last):\r\nImportError: no module\r\n\x04>")
    with pytest.raises(LabError, match="ImportError"):
        noise.record(lab, 8)


def test_a_board_that_says_nothing_is_said(plug, monkeypatch):
    monkeypatch.setattr(noise, "ENTER_RAW", b"nothing it knows")
    with pytest.raises(LabError, match="lab image"):
        plug()
