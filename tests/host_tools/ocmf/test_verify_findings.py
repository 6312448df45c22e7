"""Each finding met in a file, with its values and its words in both languages."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.device.transactions import Transaction, xml
from support.ocmf.finding_cases import CASES, KEY, TIMES, altered, signed
from wattseal.common.findings import Finding
from wattseal.common.sentences import Language, read_phrases, read_sentences
from wattseal.ocmf.container import CAUSES
from wattseal.ocmf.findings import TABLE
from wattseal.ocmf.report import FileReport
from wattseal.ocmf.verify import verify_file

Run = Callable[..., object]

SENTENCES = read_sentences(TABLE)


def findings_of(report: FileReport, code: str) -> list[Finding]:
    return [finding for finding in report.all_findings if finding.code == code]


def test_every_code_is_met_here() -> None:
    assert set(CASES) | {"file_unreadable", "check_failed"} == set(SENTENCES)


@pytest.mark.parametrize("code", CASES)
def test_finding_has_its_values_and_its_words(code: str) -> None:
    data, values = CASES[code]
    finding = findings_of(verify_file("file", data), code)[0]
    assert finding.values.keys() == SENTENCES[code].blanks.keys()
    assert finding.values == values
    english, german = (finding.sentence(language) for language in Language)
    assert english == finding.sentence_en != german


def test_a_file_that_cannot_be_opened(wattseal: Run, tmp_path: Path) -> None:
    missing = wattseal("verify", tmp_path / "missing", "--json").json["files"][0]["findings"]
    assert [(one["code"], one["values"]) for one in missing] == [
        ("file_unreadable", {"cause": os.strerror(2)})
    ]
    shown = wattseal("verify", tmp_path / "missing", "--language", "de")
    assert "Die Datei kann nicht gelesen werden (es gibt sie nicht)." in shown.out
    shown = wattseal("verify", tmp_path, "--language", "de")
    assert "(sie ist ein Verzeichnis)" in shown.out


class TestPhrases:
    """Every phrase that German knows is one that a file can bring about."""

    KEYS = [
        "-----BEGIN PUBLIC KEY----- -----END PUBLIC KEY-----",
        "?",
        "3059",
        "00",
        KEY.hex + "00",
    ]
    RECORDS = [
        "OCMF|{}",
        "OCMF|{}|{",
        "OCMF|{}|[]",
        'OCMF|{}|{"SD":"xy"}',
        'OCMF|{}|{"SD":"0"}',
        'OCMF|{}|{"SD":"00"}',
        'OCMF|{}|{"SE":"base64","SD":"a"}',
    ]
    PAYLOADS = ["[]", "{", '{"RD":[1]}']
    OTHERS = {
        # neither in a key nor in a record
        *("No such file or directory", "Is a directory", "Permission denied"),
        *("begin", "end", "identification", "type of the identification"),
        *("unknown", "informative"),
        "it is not relative (R), but that of the begin is",
        *CAUSES.values(),  # of a bundle as a whole: test_verify_bundle.py
        "its offset from UTC is missing",  # of a CDR
    }

    def files(self) -> list[bytes]:
        odd = KEY.spki.replace(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d0202"))
        formless = KEY.spki.replace(b"\x00\x04", b"\x00\x05")
        keys = [*self.KEYS, odd.hex(), formless.hex()]
        encodings = (b"\xff\xfe\x00\xd8", b'<?xml version="1.0" encoding="none"?><v/>')
        return [
            *(altered(KEY.hex, key) for key in keys),
            *(xml((text, KEY.hex, None)) for text in self.RECORDS),
            *(signed((text, None)) for text in self.PAYLOADS),
            *(Transaction(begin_reading={"TM": TIMES}).xml, b"<!DOCTYPE v []><v/>", *encodings),
        ]

    def test_each_is_met(self) -> None:
        met = {
            value
            for data in self.files()
            for finding in verify_file("file", data).all_findings
            for value in finding.values.values()
        }
        assert set(read_phrases(TABLE)) - self.OTHERS - met == {
            "it holds characters that no encoding can carry"  # no file's text does
        }
