"""What fails in one CDR is that CDR's finding: every batch goes on, and says so."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.cdr.charged import EVSE
from support.cdr.charging import Charge, charge, period
from support.cdr.parties import Keys, Msp, cdr, export, text_of
from support.device.signer import signer
from support.ocmf.hostile_signatures import infinite, recovered_at_infinity
from wattseal.cdr.batch import judge as batch_judge
from wattseal.cdr.batch.inputs import Chunk
from wattseal.cdr.batch.judge import judge_chunk
from wattseal.cdr.invoice import rating
from wattseal.cdr.ocpi import read_cdr
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator
from wattseal.common.errors import ToolError
from wattseal.ocmf.public_key import CURVES, Curve

Run = Callable[..., Any]
EVERY_CURVE = pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)


def _broken(text: Any) -> bool:
    return "broken" in str(text)


class BrokenKeys(Keys):
    """Fails for one charge point."""

    def periods(self, evse_id: str) -> Any:
        if evse_id == "DE*ABC*E1":
            raise RuntimeError("a fault")
        return super().periods(evse_id)


def three(**changes: Any) -> list[dict[str, Any]]:
    """Three CDRs of which the second is another."""
    return [cdr(id="one"), cdr(id="two", **changes), cdr(id="three")]


def chunk_of(cdrs: list[dict[str, Any]]) -> Chunk:
    data = b"".join(json.dumps(json.loads(text_of(one))).encode() + b"\n" for one in cdrs)
    return Chunk(0, 1, len(cdrs), "json", (), data)


def codes_of(text: bytes) -> list[list[str]]:
    lines = map(json.loads, text.splitlines())
    return [[finding["code"] for finding in line["findings"]] for line in lines]


def test_a_charge_point_whose_keys_cannot_be_had() -> None:
    cdrs = three(cdr_location={"evse_id": "DE*ABC*E1"})
    told = Validator(BrokenKeys(), Rules()).judge_all([read_cdr(text_of(one)) for one in cdrs])
    assert [one.verdict for one in told] == ["billable", "not_billable", "billable"]
    assert (told[1].reason, told[1].is_checked, told[1].cdr) == (
        *("check_failed", False, "DE*ABC*two"),
    )
    [finding] = told[1].findings
    assert "RuntimeError in test_failing_checks.py" in finding.sentence_en
    assert finding.sentence_de


def test_a_source_of_keys_that_is_away_stops_the_batch() -> None:
    keys = Keys(failure=ToolError("registry_unreachable", url="u", cause="c"))
    with pytest.raises(ToolError):
        judge_chunk(Validator(keys, Rules()), chunk_of(three()))


@pytest.mark.parametrize("place", ["read_cdr", "session_of", "result_line"])
def test_a_row_that_fails_anywhere(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = getattr(batch_judge, place)

    def fails(*given: object) -> object:
        if _broken(given):
            raise MemoryError
        return real(*given)

    monkeypatch.setattr(batch_judge, place, fails)
    cdrs = three()
    cdrs[1]["id"] = "broken"
    judged = judge_chunk(Validator(Keys(), Rules()), chunk_of(cdrs))
    assert codes_of(judged.text) == [[], ["check_failed"], []]
    assert judged.counts["verdict:billable"] == 2
    assert judged.counts["code:check_failed"] == 1
    assert [row[0] for row in judged.new.sessions] == [1, 3]


def test_a_row_of_a_table_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    real = batch_judge.cdr_of

    def fails(names: Any, cells: Any) -> object:
        if _broken(cells):
            raise RecursionError
        return real(names, cells)

    monkeypatch.setattr(batch_judge, "cdr_of", fails)
    cells = [[text_of(one).decode()] for one in three()]
    cells[1] = ["broken"]
    chunk = Chunk(0, 1, 3, "cells", ("cdr",), pickle.dumps(cells))
    judged = judge_chunk(Validator(Keys(), Rules()), chunk)
    assert codes_of(judged.text) == [[], ["check_failed"], []]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """CDRs, and the export of a registry in which the keys of the second one's point are none."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    keys = export(tmp_path / "registry.json")
    told = json.loads(keys.read_text())
    broken = json.loads(json.dumps(told["evses"][0])) | {"evse_id": "DE*ABC*E1"}
    good = signer().public.hex.lower()
    broken["keys"][0]["public_key"] = good.replace("034200", "034f00")
    told["evses"].append(broken)
    keys.write_text(json.dumps(told))
    (tmp_path / "cdrs.jsonl").write_bytes(
        chunk_of(three(cdr_location={"evse_id": "DE*ABC*E1"})[:2]).data
    )
    return {"keys": keys, "cdrs": tmp_path / "cdrs.jsonl", "out": tmp_path / "out"}


def test_validate_tells_it_by_its_exit_status(wattseal: Run, files: dict[str, Path]) -> None:
    out = f"{files['out']}.jsonl"
    told = wattseal("cdr", "validate", files["cdrs"], "--keys", files["keys"], "--output", out)
    assert (told.status, told.err) == (3, "")
    assert codes_of(Path(out).read_bytes()) == [[], ["check_failed"]]
    assert "check_failed" in told.out


def test_invoice_tells_it_by_its_exit_status(wattseal: Run, files: dict[str, Path]) -> None:
    told = wattseal(
        *("cdr", "invoice", "--driver", "04A2B1C3", "--month", "2026-11", "--out", files["out"]),
        *("--cdrs", files["cdrs"], "--keys", files["keys"], "--json"),
    )
    assert told.status == 3, told.err
    assert {one["cdr"]: one["status"] for one in told.json["sessions"]} == {
        "DE*ABC*one": "charged",
        "DE*ABC*two": "not_billable",
    }
    assert files["out"].exists()


def test_a_session_that_cannot_be_rated(monkeypatch: pytest.MonkeyPatch) -> None:
    validator = Validator(Keys(), Rules())
    charges = [
        rating.Charge(b"{}", one, read, validator.judge(read), None)
        for one in (cdr(id="one"), cdr(id="broken"))
        for read in (read_cdr(text_of(one)),)
    ]
    real = rating.rate

    def fails(*given: Any) -> object:
        if given[0].id == "broken":
            raise ZeroDivisionError
        return real(*given)

    monkeypatch.setattr(rating, "rate", fails)
    good, bad = rating.rate_all(charges, Keys(), None)
    assert (good.status, bad.status) == ("charged", "not_billable")
    assert bad.charge.judgement.reason == "check_failed"


def test_a_comparison_that_fails_keeps_the_cdr(tmp_path: Path) -> None:
    def fails(*_given: object) -> Any:
        raise RuntimeError("a fault")

    msp = Msp(tmp_path, compare=fails)
    answer = msp.post(msp.partner(), cdr())
    assert answer.status_code == 201
    assert answer.json()["data"]["codes"] == ["check_failed"]
    msp.close()


@pytest.mark.parametrize("kind", ["infinite", "recovered"])
@EVERY_CURVE
def test_hostile_signatures_in_every_way_that_a_cdr_comes(
    curve: Curve, kind: str, tmp_path: Path
) -> None:
    text, key = infinite(curve)
    if kind == "recovered":
        text, key = recovered_at_infinity(curve, '{"RD":[]}'), signer(curve.name).public
    hostile = cdr(text, id="hostile")
    keys = Keys(key)
    [judgement] = Validator(keys, Rules()).judge_all([read_cdr(text_of(hostile))])
    assert judgement.reason == "signature_mismatch"
    msp = Msp(tmp_path, keys=keys)
    answer = msp.post(msp.partner(), hostile)
    assert (answer.status_code, answer.json()["data"]["codes"]) == (201, ["signature_mismatch"])
    msp.close()


def test_the_key_in_a_cdr_that_is_not_canonical_is_noted() -> None:
    made: Charge = charge()
    made.cdr["signed_data"]["public_key"] = signer().public.hex.replace("034200", "034F00")
    made.keys.put(EVSE, period())
    told = Validator(made.keys, Rules()).judge(read_cdr(made.json()))
    assert [one.code for one in told.findings] == ["key_unreadable"]
