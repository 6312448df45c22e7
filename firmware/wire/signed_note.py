"""Signed notes and the checkpoints of transparency logs that are written as such.

Sources: C2SP signed-note v1.0.0 and tlog-checkpoint v1.0.0. A note is text, a blank line, and one
line for each signature over the text. The lines themselves are not signed: whoever passes a note
on may drop those that the receiver has no use for. Nothing here checks a signature.
"""

from binascii import a2b_base64, b2a_base64

from .digests import sha256

MAX_NOTE_BYTES = 8192

MAX_SIGNATURES = 16
"""As many as the specification requires every reader to accept."""

_KEY_ID_BYTES = 4
_ROOT_BYTES = 32
_MAX_SIZE = (1 << 53) - 1
_SPACES = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(point) for point in range(0x2000, 0x200B)
)

# RFC 3629, section 4: the first byte from and to, the length, the second byte from and to.
# fmt: off
_SEQUENCES = (
    (0x00, 0x7F, 1, 0, 0),
    (0xC2, 0xDF, 2, 0x80, 0xBF),
    (0xE0, 0xE0, 3, 0xA0, 0xBF),
    (0xE1, 0xEC, 3, 0x80, 0xBF),
    (0xED, 0xED, 3, 0x80, 0x9F),
    (0xEE, 0xEF, 3, 0x80, 0xBF),
    (0xF0, 0xF0, 4, 0x90, 0xBF),
    (0xF1, 0xF3, 4, 0x80, 0xBF),
    (0xF4, 0xF4, 4, 0x80, 0x8F),
)
# fmt: on


class NoteError(ValueError):
    """The bytes are no signed note, or no checkpoint; the message says what is wrong."""


def parse_note(data: bytes) -> tuple[bytes, list[tuple[str, bytes, bytes]]]:
    """`(text, signatures)` of a note; the text ends in its line feed, as it is signed.

    A signature is `(key name, key id of 4 bytes, signature)`. NoteError if it is no note.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError(f"the note is longer than {MAX_NOTE_BYTES} bytes")
    if not is_utf8(data) or any(byte < 0x20 and byte != 0x0A for byte in data):
        raise NoteError("the note is not UTF-8 text without control characters")
    split = data.rfind(b"\n\n")
    if split < 0 or data[-1:] != b"\n":
        raise NoteError("the note is not text, a blank line and lines of signatures")
    lines = data[split + 2 :].decode().split("\n")[:-1]
    if not 1 <= len(lines) <= MAX_SIGNATURES:
        raise NoteError(f"the note does not have 1 to {MAX_SIGNATURES} signatures")
    return data[: split + 1], [_signature(line) for line in lines]


def parse_checkpoint(text: bytes) -> tuple[str, int, bytes]:
    """`(origin, tree size, root hash of 32 bytes)` of a checkpoint's text; NoteError if it is none.

    Lines after the third, which the specification lets a log add, are passed over.
    """
    lines = text.decode().split("\n")
    if lines.pop() != "" or len(lines) < 3 or "" in lines:
        raise NoteError("the checkpoint is not three lines or more, none of them empty")
    return lines[0], _tree_size(lines[1]), _root(lines[2])


def find_signature(signatures: list[tuple[str, bytes, bytes]], name: str, key_id: bytes) -> bytes:
    """The one signature of the key with that name and id; NoteError if none or more are there."""
    found = [signature for by, of, signature in signatures if (by, of) == (name, key_id)]
    if len(found) != 1:
        raise NoteError(
            "the note has no signature of that key"
            if not found
            else "the note has more than one signature of that key"
        )
    return found[0]


def ecdsa_key_id(public_key: bytes) -> bytes:
    """Id of an ECDSA key (signature type 0x02) from its SubjectPublicKeyInfo in DER."""
    return sha256(public_key)[:_KEY_ID_BYTES]


def is_key_name(name: str) -> bool:
    """Whether a key may have that name: not empty, no space of any kind, no plus sign."""
    return name != "" and "+" not in name and not any(space in name for space in _SPACES)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014" or not is_key_name(parts[1]):
        raise NoteError("a line of a signature is not a dash, a key name and base64")
    blob = _from_base64(parts[2])
    if len(blob) <= _KEY_ID_BYTES:
        raise NoteError("a signature is cut short")
    return parts[1], blob[:_KEY_ID_BYTES], blob[_KEY_ID_BYTES:]


def _tree_size(line: str) -> int:
    digits = line.encode()
    if not 1 <= len(digits) <= 16 or not all(0x30 <= digit <= 0x39 for digit in digits):
        raise NoteError("the tree size is no number")
    size = int(line)
    if str(size) != line or size > _MAX_SIZE:
        raise NoteError("the tree size has leading zeros or is beyond 2**53-1")
    return size


def _root(line: str) -> bytes:
    root = _from_base64(line)
    if len(root) != _ROOT_BYTES:
        raise NoteError("the root hash is not 32 bytes long")
    return root


def _from_base64(text: str) -> bytes:
    """The bytes; only their one spelling is taken, as both interpreters' decoders are lax."""
    try:
        data = a2b_base64(text.encode())
    except ValueError:
        data = b""
    if not data or b2a_base64(data)[:-1] != text.encode():
        raise NoteError("malformed base64")
    return data


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8 text, which `data.decode()` then reads alike everywhere.

    MicroPython's own check accepts bytes that are not UTF-8.
    """
    at = 0
    while at < len(data):
        length = _sequence_length(data, at)
        if not length:
            return False
        at += length
    return True


def _sequence_length(data: bytes, at: int) -> int:
    """How many bytes the character at that place has; 0 if there is none."""
    for first, last, length, second_from, second_to in _SEQUENCES:
        if first <= data[at] <= last:
            rest = data[at + 1 : at + length]
            if len(rest) != length - 1:
                return 0
            if rest and not second_from <= rest[0] <= second_to:
                return 0
            return length if all(0x80 <= byte <= 0xBF for byte in rest) else 0
    return 0
