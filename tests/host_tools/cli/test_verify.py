"""`wattseal verify` as it is typed: files, keys, standard input, exit status, JSON."""

import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.device.signer import signer
from support.device.transactions import Transaction
from wattseal.cli.output import LABEL_WIDTH
from wattseal.cli.verify import WORDS
from wattseal.common.sentences import read_sentences

Run = Callable[..., object]
GOOD = Transaction()
KEY = GOOD.signer.public


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of good and bad files, and the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.xml").write_bytes(GOOD.xml)
    (tmp_path / "bad.xml").write_bytes(GOOD.xml.replace(b"T11:30", b"T11:31"))
    (tmp_path / "begin.ocmf").write_text(GOOD.begin_record)
    (tmp_path / "junk").write_bytes(b"\x00\xff")
    (tmp_path / "key.hex").write_text(KEY.hex + "\n")
    (tmp_path / "key.pem").write_text(KEY.pem)
    (tmp_path / "key.der").write_bytes(KEY.spki)
    (tmp_path / "other.hex").write_text(signer(seed=2).public.hex)
    return tmp_path


@pytest.mark.usefixtures("files")
class TestExitStatus:
    @pytest.mark.parametrize(
        ("names", "status"),
        [
            (["good.xml"], 0),
            (["good.xml", "good.xml"], 0),
            (["bad.xml"], 1),
            (["good.xml", "bad.xml"], 1),
            (["bad.xml", "good.xml"], 1),
            (["junk"], 2),
            (["missing"], 2),
            (["good.xml", "missing", "bad.xml"], 2),
            (["begin.ocmf"], 1),
            (["."], 2),
        ],
    )
    def test_is_the_worst_of_all(self, wattseal: Run, names: list[str], status: int) -> None:
        outcome = wattseal("verify", *names)
        assert (outcome.status, outcome.err) == (status, "")
        as_json = wattseal("verify", *names, "--json")
        assert as_json.status == status
        assert as_json.json["verdict"] == ["verified", "not_verified", "unreadable"][status]
        assert [report["file"] for report in as_json.json["files"]] == names


@pytest.mark.usefixtures("files")
class TestKey:
    @pytest.mark.parametrize("key", ["key.hex", "key.pem", "key.der", KEY.hex, KEY.hex.lower()])
    def test_given_as_text_or_file(self, wattseal: Run, key: str) -> None:
        outcome = wattseal("verify", "begin.ocmf", "good.xml", "--key", key)
        assert outcome.status == 0
        assert "Checked with the given key." in outcome.out

    def test_that_is_another(self, wattseal: Run) -> None:
        outcome = wattseal("verify", "good.xml", "--key", "other.hex")
        assert outcome.status == 1
        assert "good.xml: NOT VERIFIED (key_not_signer)" in outcome.out

    @pytest.mark.parametrize(
        ("key", "words"),
        [
            ("missing.pem", "there is no file missing.pem"),
            ("hello", "neither hex nor base64"),
            ("junk", "neither text nor"),
            ("good.xml", "neither hex nor base64"),
            (".", "neither hex nor base64"),
            ("\0", "neither hex nor base64"),
            ("00" * 5000, "longer than"),
        ],
    )
    def test_that_is_none(self, wattseal: Run, key: str, words: str) -> None:
        outcome = wattseal("verify", "good.xml", "--key", key)
        assert (outcome.status, outcome.out) == (2, "")
        assert words in outcome.err
        assert len(outcome.err.splitlines()) == 1


@pytest.mark.usefixtures("files")
def test_without_a_key_the_limit_of_the_verdict_is_said(wattseal: Run) -> None:
    outcome = wattseal("verify", "good.xml")
    assert "integrity, not origin" in outcome.out
    assert "key inside the file" in outcome.out


def test_standard_input(wattseal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.TextIOWrapper(io.BytesIO(GOOD.xml))
    monkeypatch.setattr(sys, "stdin", data)
    outcome = wattseal("verify", "-", "--json")
    assert outcome.status == 0
    assert outcome.json["files"][0]["file"] == "standard input"


@pytest.mark.usefixtures("files")
def test_words_for_people(wattseal: Run) -> None:
    lines = wattseal("verify", "good.xml").out.splitlines()
    assert lines[0] == "good.xml: VERIFIED"
    assert "  energy      11.5 kWh" in lines
    assert "  begin       2935.6 kWh  2026-11-21T10:00:00,000+0100 S  T1" in lines
    assert "  end         2947.1 kWh  2026-11-21T11:30:00,000+0100 S  T2 ended" in lines
    lines = wattseal("verify", "bad.xml").out.splitlines()
    assert lines[0] == "bad.xml: NOT VERIFIED (signature_mismatch)"
    assert any("value 2" in line and "[signature_mismatch]" in line for line in lines)


def test_warnings_are_shown_beside_the_verdict(wattseal: Run, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(Transaction(begin={"ID": None}).xml)
    outcome = wattseal("verify", tmp_path / "a.xml")
    assert outcome.status == 0
    assert "warning: The identification changes from (none) to 04A2B1C3." in outcome.out


def test_two_users_are_not_one_charge(wattseal: Run, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(Transaction(end={"ID": "another"}).xml)
    outcome = wattseal("verify", tmp_path / "a.xml")
    assert outcome.status == 1
    assert "(user_differs)" in outcome.out


def test_control_characters_of_a_file_do_not_reach_the_terminal(
    wattseal: Run, tmp_path: Path
) -> None:
    spoilt = Transaction(begin={"MS": "\x1b]0;x\x07"}, end={"ID": "\u202e\x1b[2J"})
    (tmp_path / "a.xml").write_bytes(spoilt.xml)
    outcome = wattseal("verify", tmp_path / "a.xml")
    assert "\x1b" not in outcome.out
    assert all(line.isprintable() for line in outcome.out.splitlines())
    assert wattseal("verify", tmp_path / "a.xml", "--json").out.isascii()


def test_huge_file_is_not_read_to_its_end(wattseal: Run, tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)  # sparse: a terabyte of zeros
    outcome = wattseal("verify", tmp_path / "huge")
    assert outcome.status == 2
    assert "larger than 1024 KiB" in outcome.out


def _zip(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as opened:
        for name, data in files.items():
            opened.writestr(f"sessions/{name}/transaction.xml", data)
        opened.writestr("statement.pdf", b"%PDF")
    return path


class TestBundle:
    def test_each_session_is_verified(self, wattseal: Run, tmp_path: Path) -> None:
        bad = GOOD.xml.replace(b"T11:30", b"T11:31")
        path = _zip(tmp_path / "november.zip", one=GOOD.xml, two=bad)
        outcome = wattseal("verify", path, "--json")
        assert outcome.status == 1
        listed = [(report["file"], report["verdict"]) for report in outcome.json["files"]]
        assert listed == [
            (f"{path}: sessions/one/transaction.xml", "verified"),
            (f"{path}: sessions/two/transaction.xml", "not_verified"),
        ]
        assert wattseal("verify", _zip(tmp_path / "good.zip", one=GOOD.xml)).status == 0

    def test_one_that_is_none_says_so(self, wattseal: Run, tmp_path: Path) -> None:
        outcome = wattseal("verify", _zip(tmp_path / "empty.zip"))
        assert outcome.status == 2
        assert "it is a zip file without .xml and .ocmf files" in " ".join(outcome.out.split())
        (tmp_path / "cut.zip").write_bytes((tmp_path / "empty.zip").read_bytes()[:60])
        german = wattseal("verify", "--language", "de", tmp_path / "cut.zip")
        assert german.status == 2
        assert "sie ist eine beschädigte Zip-Datei" in " ".join(german.out.split())


@pytest.mark.usefixtures("files")
class TestLanguage:
    def test_german(self, wattseal: Run) -> None:
        lines = wattseal("verify", "--language", "de", "good.xml").out.splitlines()
        assert lines[0] == "good.xml: VERIFIZIERT"
        assert "  Startwert   2935.6 kWh  2026-11-21T10:00:00,000+0100 S  T1" in lines
        assert "  Endwert     2947.1 kWh  2026-11-21T11:30:00,000+0100 S  T2 beendet" in lines
        assert "  Zähler      12345678 (SDM630), Signiermodul WS000017" in lines
        lines = wattseal("verify", "--language", "de", "bad.xml").out.splitlines()
        assert lines[0] == "bad.xml: NICHT VERIFIZIERT (signature_mismatch)"
        assert any(line.startswith("  Fehler: Messwert 2: Die Signatur passt") for line in lines)

    def test_does_not_change_the_json(self, wattseal: Run) -> None:
        german = wattseal("verify", "--language", "de", "bad.xml", "--json")
        assert german.json == wattseal("verify", "bad.xml", "--json").json
        [finding] = german.json["files"][0]["values"][1]["findings"]
        assert finding["message"].startswith("The signature does not fit")
        assert finding["values"] == {}

    def test_that_is_none(self, wattseal: Run) -> None:
        outcome = wattseal("verify", "--language", "fr", "good.xml")
        assert outcome.status == 2
        assert "'en', 'de'" in outcome.err


def test_german_has_every_word_that_english_has() -> None:
    for name, told in read_sentences(WORDS).items():
        assert told.en != told.de
        if not name.startswith(("headline", "mark", "key_source", "end_reason")):
            assert len(told.de) <= LABEL_WIDTH or name in ("module", "unknown")
