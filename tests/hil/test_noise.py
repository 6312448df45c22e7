"""Recording raw noise: from the emulated lab image, from a board's prompt, and the verdict."""

import random

import pytest

from hil import noise


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


class Prompt:
    """A board's prompt that gives the same samples each time."""

    def __init__(self, part: bytes) -> None:
        self.part = part

    def execute(self, code: str) -> str:
        return self.part.hex() + "\n" if "raw_noise" in code else ""


def test_as_many_samples_are_recorded_as_are_asked_for():
    part = bytes(range(256)) * 4 + bytes(128)
    assert noise.record(Prompt(part), 8 * 1500) == (part + part)[:1500]
