"""Other programs on the files that a session leaves: pyocmf's command line, and OpenSSL."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyocmf import OcmfContainer
from support.device.fake_module import FakeModule
from wattseal.ocmf.verify import verify_file

OCMF = Path(sys.executable).parent / "ocmf"


@pytest.fixture
def session(on_module: Callable[..., object], tmp_path: Path) -> Path:
    """The directory of a finished session."""
    on_module("session", "begin", "--id-tag", "a<b>&\"c'", "--session-id", 17, "--out", tmp_path)
    on_module("session", "end", "--reason", "L", "--out", tmp_path)
    return tmp_path


def ocmf(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([OCMF, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.skipif(not OCMF.exists(), reason="pyocmf is installed without its command line")
class TestPyocmfCommand:
    def test_accepts_the_transaction_strictly(self, session: Path) -> None:
        result = ocmf("all", "--strict", session / "transaction.xml")
        assert result.returncode == 0, result.stdout + result.stderr
        assert result.stdout.count("✓") >= 3

    def test_accepts_each_record(self, session: Path) -> None:
        key = (session / "public-key.hex").read_text()
        for name in ("begin.ocmf", "end.ocmf"):
            result = ocmf("verify", (session / name).read_text(), "--public-key", key)
            assert result.returncode == 0, result.stdout + result.stderr

    def test_refuses_the_tampered_one_as_we_do(self, session: Path) -> None:
        path = session / "transaction.xml"
        path.write_bytes(path.read_bytes().replace(b'"PG":"T2"', b'"PG":"T3"'))
        assert "✗" in ocmf("verify", "--all", path).stdout
        assert verify_file("", path.read_bytes()).reason == "signature_mismatch"


def test_pyocmf_finds_no_issue(session: Path) -> None:
    container = OcmfContainer.from_xml(session / "transaction.xml", strict=True)
    [result] = container.check_eichrecht()
    assert result.issues == []
    assert all(record.verify_signature() for record in container)
    assert [record.transaction_id for record in container] == [17, 17]


def test_openssl_verifies_the_raw_bytes(session: Path, module: FakeModule) -> None:
    for name in ("begin.ocmf", "end.ocmf"):
        _header, payload, signature = (session / name).read_bytes().split(b"|")
        (session / "payload.bin").write_bytes(payload)
        (session / "signature.der").write_bytes(bytes.fromhex(json.loads(signature)["SD"]))
        command = ["openssl", "dgst", "-sha256", "-verify", "public-key.pem"]
        result = subprocess.run(
            [*command, "-signature", "signature.der", "payload.bin"],
            cwd=session,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.stdout == "Verified OK\n", result.stderr


def test_the_xml_is_what_the_transparency_software_takes(session: Path) -> None:
    text = (session / "transaction.xml").read_text()
    assert "xmlns" not in text
    assert text.count("<value ") == 2
    for context in ("Transaction.Begin", "Transaction.End"):
        assert text.count(f'transactionId="17" context="{context}"') == 1
    assert text.count('<signedData format="OCMF" encoding="plain">OCMF|') == 2
    key = (session / "public-key.hex").read_bytes()
    assert key.isalnum()
    assert key == key.upper()
