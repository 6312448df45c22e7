"""Invoice bundles: what is taken out of a zip, and what is refused unopened."""

import io
import struct
import zipfile

import pytest
from wattseal.common.sentences import read_phrases
from wattseal.ocmf.container import (
    CAUSES,
    MAX_ENTRIES,
    MAX_FILE_BYTES,
    MAX_RECORD_FILES,
    BundleError,
    is_bundle,
    read_bundle,
)
from wattseal.ocmf.findings import TABLE

ONE = {"sessions/01/transaction.xml": b"<values/>"}


def bundle(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return made.getvalue()


def fault_of(data: bytes) -> str:
    with pytest.raises(BundleError) as caught:
        read_bundle(data)
    return caught.value.fault


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_record_files_are_taken_in_their_order_and_others_left_alone(method: int) -> None:
    files = {"b.XML": b"1", "statement.pdf": b"%PDF", "ä/a.ocmf": b"OCMF|", "key.hex": b"30"}
    data = bundle(files, method)
    assert is_bundle(data)
    assert read_bundle(data) == [("b.XML", b"1"), ("ä/a.ocmf", b"OCMF|")]


def test_names_are_no_paths() -> None:
    files = {"../../etc/passwd.xml": b"1", "/root/.ssh/x.xml": b"2", "C:\\x.xml": b"3"}
    assert [data for _name, data in read_bundle(bundle(files))] == [b"1", b"2", b"3"]


def test_a_bomb_goes_off_nowhere() -> None:
    huge = b"0" * (64 << 20)
    assert fault_of(bundle({"a.xml": huge})) == "bundle_too_large"
    assert read_bundle(bundle({**ONE, "statement.pdf": huge})) == list(ONE.items())


def test_a_bomb_that_declares_a_small_size_goes_off_nowhere() -> None:
    data = bytearray(bundle({"a.xml": b"0" * (8 << 20)}))
    directory = data.rindex(b"PK\x01\x02")
    for at in (22, directory + 24):
        data[at : at + 4] = struct.pack("<I", 9)
    assert fault_of(bytes(data)) == "bundle_malformed"  # nine bytes come out, of a wrong sum


def test_many_files_that_are_large_together() -> None:
    most = {f"{number}.xml": b"0" * MAX_FILE_BYTES for number in range(17)}
    assert fault_of(bundle(most)) == "bundle_too_large"


def test_too_many() -> None:
    assert fault_of(bundle({f"{n}.xml": b"" for n in range(MAX_RECORD_FILES + 1)})) == (
        "bundle_too_many"
    )
    others = {f"{n}.txt": b"" for n in range(MAX_ENTRIES)}
    assert fault_of(bundle({**ONE, **others}, zipfile.ZIP_STORED)) == "bundle_too_many"


def test_two_of_one_name() -> None:
    data = bundle({"a.xml": b"1", "b.xml": b"2"}).replace(b"b.xml", b"a.xml")
    assert fault_of(data) == "bundle_name_repeated"


def test_encrypted() -> None:
    data = bytearray(bundle(ONE))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert fault_of(bytes(data)) == "bundle_encrypted"


def test_nothing_in_it() -> None:
    assert fault_of(bundle({})) == "bundle_empty"
    assert fault_of(bundle({"statement.pdf": b"%PDF"})) == "bundle_empty"


def test_other_compression() -> None:
    assert fault_of(bundle(ONE, zipfile.ZIP_BZIP2)) == "bundle_malformed"


def test_cut_anywhere() -> None:
    data = bundle(ONE)
    for length in range(4, len(data)):
        assert fault_of(data[:length]) == "bundle_malformed"


def test_every_fault_is_said_in_both_languages() -> None:
    for fault in CAUSES:
        assert CAUSES[fault] in read_phrases(TABLE)


def test_altered_contents() -> None:
    data = bundle(ONE, zipfile.ZIP_STORED).replace(b"<values/>", b"<valuez/>")
    assert fault_of(data) == "bundle_malformed"
