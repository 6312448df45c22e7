import base64
import itertools

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from wattseal.wire.signed_note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    NoteError,
    ecdsa_key_id,
    find_signature,
    is_key_name,
    is_utf8,
    parse_checkpoint,
    parse_note,
)

# The example of C2SP signed-note; its text has an empty line and a letter outside ASCII.
QUASIMODO = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n",
    "quasimodo.example/salvatore",
    "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=",
)
# The example of C2SP tlog-checkpoint.
SOFA = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    "example.com/behind-the-sofa",
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=",
)
# The example of golang.org/x/mod/sumdb/note, and the key that it is signed with.
NEUMANN = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n",
    "PeterNeumann",
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=",
)
NEUMANN_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

ROOT = base64.b64encode(bytes(range(32))).decode()
TEXT = f"registry.example/keys\n9\n{ROOT}\n"
NAME = "registry.example/keys"


def note(text: str, *lines: tuple[str, str]) -> bytes:
    signatures = "".join(f"\u2014 {name} {blob}\n" for name, blob in lines)
    return f"{text}\n{signatures}".encode()


def blob(key_id: bytes, signature: bytes = b"signature") -> str:
    return base64.b64encode(key_id + signature).decode()


WHOLE = note(TEXT, (NAME, blob(b"\x01\x02\x03\x04", bytes(64))), (NAME, blob(b"abcd", bytes(71))))


def refusal(data: bytes) -> str:
    with pytest.raises(NoteError) as refused:
        parse_note(data)
    return str(refused.value)


@pytest.mark.parametrize("example", [QUASIMODO, SOFA, NEUMANN], ids=lambda example: example[1])
def test_published_notes_are_read(example):
    text, name, content = example
    signed = base64.b64decode(content)
    assert parse_note(note(text, (name, content))) == (
        text.encode(),
        [(name, signed[:4], signed[4:])],
    )


def test_the_text_of_a_published_note_is_what_its_key_signed():
    text, signatures = parse_note(note(NEUMANN[0], NEUMANN[1:]))
    name, key_id, key = NEUMANN_KEY.split("+", 2)
    signature = find_signature(signatures, name, bytes.fromhex(key_id))
    public = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:])
    public.verify(signature, text)


def test_a_published_checkpoint_is_read():
    assert parse_checkpoint(SOFA[0].encode()) == (
        "example.com/behind-the-sofa",
        20852163,
        base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="),
    )


def test_the_ecdsa_line_is_found_by_the_keys_id_and_signs_the_text():
    key = ec.derive_private_key(0x1234567, ec.SECP256R1())
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    made = key.sign(TEXT.encode(), ec.ECDSA(hashes.SHA256()))
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki)
    key_id = digest.finalize()[:4]
    assert ecdsa_key_id(spki) == key_id
    text, signatures = parse_note(
        note(TEXT, (NAME, blob(b"\0\0\0\0")), (NAME, blob(key_id, made)), ("other", blob(key_id)))
    )
    signature = find_signature(signatures, NAME, key_id)
    key.public_key().verify(signature, text, ec.ECDSA(hashes.SHA256()))


def test_a_missing_and_a_doubled_signature_are_refused():
    line = (NAME, blob(b"abcd"))
    _, signatures = parse_note(note(TEXT, line, (NAME, blob(b"abcd", b"another one"))))
    with pytest.raises(NoteError, match="more than one"):
        find_signature(signatures, NAME, b"abcd")
    for name, key_id in ((NAME, b"abce"), (NAME + "x", b"abcd")):
        with pytest.raises(NoteError, match="no signature"):
            find_signature(signatures, name, key_id)


def test_a_note_cut_anywhere_is_refused_or_has_fewer_signatures_under_the_same_text():
    text, signatures = parse_note(WHOLE)
    for cut in range(len(WHOLE)):
        try:
            shorter = parse_note(WHOLE[:cut])
        except NoteError:
            continue
        assert shorter == (text, signatures[:1])
        assert WHOLE[:cut].endswith(b"\n")


def test_a_note_with_any_bit_turned_is_refused_or_says_something_else():
    whole = parse_note(WHOLE)
    for at in range(len(WHOLE)):
        for bit in range(8):
            bad = bytearray(WHOLE)
            bad[at] ^= 1 << bit
            try:
                assert parse_note(bytes(bad)) != whole
            except NoteError:
                continue


def test_a_note_with_a_byte_left_out_or_put_in_is_refused_or_says_something_else():
    whole = parse_note(WHOLE)
    for at in range(len(WHOLE)):
        for bad in (
            WHOLE[:at] + WHOLE[at + 1 :],
            *(WHOLE[:at] + byte + WHOLE[at:] for byte in (b" ", b"\n", b"=", b"A", b"\x00")),
        ):
            try:
                assert parse_note(bad) != whole
            except NoteError:
                continue


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "a blank line"),
        (b"\n", "a blank line"),
        (b"\n\n", "1 to 16"),
        (TEXT.encode(), "a blank line"),
        (TEXT.encode() + b"\n", "1 to 16"),
        (b"\n\n" + WHOLE.split(b"\n\n")[1], ""),
        (WHOLE + b"\n", "1 to 16"),
        (WHOLE[:-1], "a blank line"),
        (WHOLE.replace(b"\n", b"\r\n"), "control"),
        (WHOLE + b"\x00\n", "control"),
        (b"\xc0\x8a" + WHOLE, "UTF-8"),
        (b"\xed\xa0\x80" + WHOLE, "UTF-8"),
        (WHOLE + b"- a " + blob(b"abcd").encode() + b"\n", "dash"),
        (note(TEXT, ("a+b", blob(b"abcd"))), "dash"),
        (note(TEXT, ("", blob(b"abcd"))), "dash"),
        (note(TEXT, ("a b", blob(b"abcd"))), "dash"),
        (note(TEXT, ("a\u00a0b", blob(b"abcd"))), "dash"),
        (note(TEXT, ("a", "")), "base64"),
        (note(TEXT, ("a", blob(b"abcd", b""))), "cut short"),
        (note(TEXT, ("a", "YWJjZGU")), "base64"),
        (note(TEXT, ("a", "YWJjZGV=")), "base64"),
        (note(TEXT, ("a", "YWJj*ZGU=")), "base64"),
        (note(TEXT, ("a", "YWJjZGU=YWJjZGU=")), "base64"),
        (note(TEXT, ("a", "YWJj-_GU")), "base64"),
    ],
)
def test_refusals_say_what_is_wrong(data, problem):
    if problem:
        assert problem in refusal(data)
    else:  # the empty line is the text of such a note, which is no checkpoint
        with pytest.raises(NoteError):
            parse_checkpoint(parse_note(data)[0])


def test_a_note_is_bounded_in_signatures_and_in_bytes():
    line = ("a", blob(b"abcd"))
    assert len(parse_note(note(TEXT, *[line] * MAX_SIGNATURES))[1]) == MAX_SIGNATURES
    assert "1 to 16" in refusal(note(TEXT, *[line] * (MAX_SIGNATURES + 1)))
    fill = MAX_NOTE_BYTES - len(note(TEXT, line))
    assert parse_note(note("x" * fill + TEXT, line))
    assert "longer than" in refusal(note("x" * (fill + 1) + TEXT, line))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "three lines"),
        ("a\n1\n", "three lines"),
        (f"a\n1\n{ROOT}", "three lines"),
        (f"\n1\n{ROOT}\n", "three lines"),
        (f"a\n1\n{ROOT}\n\n", "three lines"),
        (f"a\n1\n{ROOT}\n\nb\n", "three lines"),
        (f"a\n01\n{ROOT}\n", "leading zeros"),
        (f"a\n00\n{ROOT}\n", "leading zeros"),
        (f"a\n9007199254740992\n{ROOT}\n", "beyond"),
        (f"a\n10000000000000000\n{ROOT}\n", "no number"),
        (f"a\n-1\n{ROOT}\n", "no number"),
        (f"a\n+1\n{ROOT}\n", "no number"),
        (f"a\n1 \n{ROOT}\n", "no number"),
        (f"a\n1_0\n{ROOT}\n", "no number"),
        (f"a\n\u0661\n{ROOT}\n", "no number"),
        (f"a\n1\n{ROOT[:-4]}\n", "32 bytes"),
        (f"a\n1\nAAAA{ROOT}\n", "32 bytes"),
        (f"a\n1\n{ROOT} \n", "base64"),
        ("a\n1\n*\n", "base64"),
    ],
)
def test_a_checkpoint_that_is_none_is_refused(text, problem):
    with pytest.raises(NoteError, match=problem):
        parse_checkpoint(text.encode())


def test_an_empty_log_and_further_lines_are_read():
    root = bytes(range(32))
    assert parse_checkpoint(f"a b\n0\n{ROOT}\n".encode()) == ("a b", 0, root)
    assert parse_checkpoint(f"a\n9007199254740991\n{ROOT}\nmore\n".encode())[1] == (1 << 53) - 1


@pytest.mark.parametrize("name", ["a", "example.com/log42", "|", "\u00e9"])
def test_names_of_keys(name):
    assert is_key_name(name)


@pytest.mark.parametrize(
    "name", ["", "+", "a+b", " a", "a b", "a\t", "a\u0085", "a\u00a0", "a\u2003b", "a\u3000"]
)
def test_what_cannot_be_the_name_of_a_key(name):
    assert not is_key_name(name)


# The bytes at which RFC 3629's table of sequences changes.
EDGES = (
    *(0x00, 0x0A, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1),
    *(0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF),
)


def decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_the_verdict_on_one_and_two_bytes_is_that_of_cpython():
    for data in itertools.chain(
        ((a,) for a in range(256)), itertools.product(range(256), repeat=2)
    ):
        assert is_utf8(bytes(data)) == decodes(bytes(data)), data


@pytest.mark.parametrize("length", [3, 4])
def test_so_is_that_on_longer_sequences_at_every_edge_of_the_table(length):
    for data in itertools.product(EDGES[1:], repeat=length):
        assert is_utf8(bytes(data)) == decodes(bytes(data)), data


def test_text_of_all_lengths_is_taken():
    assert is_utf8("aé\u2014\U0001f600".encode() * 3)
    assert is_utf8(b"")
