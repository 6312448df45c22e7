"""Checkpoints: the text and back, and texts that are none."""

import base64

import pytest
from wattseal.tlog.checkpoint import Checkpoint, read_checkpoint
from wattseal.wire.signed_note import NoteError

ROOT = bytes(range(32))
TEXT = f"registry.example/keys\n42\n{base64.b64encode(ROOT).decode()}\n"


def test_text_and_back() -> None:
    checkpoint = Checkpoint("registry.example/keys", 42, ROOT)
    assert checkpoint.text == TEXT
    assert read_checkpoint(TEXT) == checkpoint
    assert read_checkpoint(Checkpoint("o", 0, ROOT).text).size == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT[:-1],
        TEXT.replace("42", "042"),
        TEXT.replace("42", "-1"),
        TEXT.replace("42", "\u0664\u0662"),
        TEXT.replace("42", "9" * 16),
        TEXT.replace("AAEC", "AA!C"),
        TEXT.replace("AAECAwQF", "AAEC"),
        TEXT.replace("h8=", "h9="),
        TEXT.replace("registry.example/keys", ""),
    ],
)
def test_malformed(text: str) -> None:
    assert text != TEXT
    with pytest.raises(NoteError):
        read_checkpoint(text)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [("", 1, ROOT), ("a\nb", 1, ROOT), ("a", -1, ROOT), ("a", 1 << 53, ROOT), ("a", 1, ROOT[1:])],
)
def test_a_checkpoint_that_no_reader_would_take(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(NoteError):
        Checkpoint(origin, size, root)
