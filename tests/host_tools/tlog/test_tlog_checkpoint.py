"""Checkpoints: the text and back, and texts that are none."""

import base64

import pytest
from wattseal.tlog.checkpoint import Checkpoint, CheckpointMalformedError, read_checkpoint

ROOT = bytes(range(32))
TEXT = f"registry.example/keys\n42\n{base64.b64encode(ROOT).decode()}\n"


def test_text_and_back() -> None:
    checkpoint = Checkpoint("registry.example/keys", 42, ROOT)
    assert checkpoint.text == TEXT
    assert read_checkpoint(TEXT) == checkpoint
    assert read_checkpoint(Checkpoint("o", 0, ROOT).text).size == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "three lines"),
        (TEXT[:-1], "three lines"),
        (TEXT + "extension\n", "three lines"),
        (TEXT.replace("42", "042"), "decimal"),
        (TEXT.replace("42", "-1"), "decimal"),
        (TEXT.replace("42", "4.2"), "decimal"),
        (TEXT.replace("42", "\u0664\u0662"), "decimal"),
        (TEXT.replace("42", "9" * 16), "size"),
        (TEXT.replace("42", "9" * 400), "decimal"),
        (TEXT.replace("AAEC", "AA!C"), "base64"),
        (TEXT.replace("AAECAwQF", "AAEC"), "32 bytes"),
        (TEXT.replace("h8=", "h9="), "one base64"),
        (TEXT.replace("registry.example/keys", ""), "origin"),
        (TEXT.replace("registry.example/keys", "a\x1bb"), "origin"),
    ],
)
def test_malformed(text: str, words: str) -> None:
    assert text != TEXT
    with pytest.raises(CheckpointMalformedError, match=words):
        read_checkpoint(text)
