"""Sessions whose energy must not be billed, in the firmware's own records: closed, or implausible.

Our verification and pyocmf name the reasons, and other forms of "no end reading" are compared.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pyocmf import OCMF, OcmfContainer, check_eichrecht_transaction
from support.app.bench import Bench
from support.app.core import FakeCore
from wattseal.device.models import StoredRecord
from wattseal.device.session import transaction_xml
from wattseal.ocmf.public_key import PublicKey, read_public_key
from wattseal.ocmf.verify import verify_file

Made = tuple[dict[str, str], dict[str, str], PublicKey]


def silent(bench: Bench) -> dict[str, str]:
    bench.meter.is_silent = True
    return bench.by_owner("close_session")


def exchanged(bench: Bench) -> dict[str, str]:
    bench.meter.serial = 99
    return bench.by_owner("close_session")


def cut_and_silent(bench: Bench) -> dict[str, str]:
    bench.meter.is_silent = True
    bench.boot()
    return bench.by_owner("close_session")


def jumped(bench: Bench) -> dict[str, str]:
    bench.meter.energy_wh += 5_000_000
    return bench.call("end")


WAYS: list[tuple[Callable[[Bench], dict[str, str]], set[str]]] = [
    (silent, set()),
    (exchanged, set()),
    (cut_and_silent, {"time_error_flag", "time_not_synchronised"}),
    (jumped, {"energy_implausible"}),
]


def session(end: Callable[[Bench], dict[str, str]]) -> tuple[FakeCore, Made]:
    """Begin and end as the module replies to them, and its key."""
    bench = Bench().set_up()
    begun = bench.call("begin", id_tag="TAG")
    bench.idle(60)
    return bench.core, (begun, end(bench), read_public_key(begun["public_key"]))


def xml_of(made: Made) -> bytes:
    begun, ended, key = made
    records = [
        StoredRecord.model_validate({name: one[name] for name in StoredRecord.model_fields})
        for one in (begun, ended)
    ]
    return transaction_xml(17, records[0].record, records[1].record, key).encode()


@pytest.mark.parametrize(("end", "more"), WAYS)
def test_nobody_bills_it(end: Callable[[Bench], dict[str, str]], more: set[str]) -> None:
    _core, made = session(end)
    report = verify_file("transaction.xml", xml_of(made))
    assert report.verdict == "not_verified"
    (transaction,) = report.transactions
    codes = {finding.code for finding in transaction.findings}
    assert codes == {"meter_status", "energy_error_flag"} | more
    sentences = " ".join(finding.sentence_en for finding in transaction.findings)
    assert "energy not usable for billing (EF E)" in sentences


@pytest.mark.parametrize("end", [end for end, _more in WAYS])
def test_pyocmf_bills_it_neither_and_does_not_stumble(
    end: Callable[[Bench], dict[str, str]], tmp_path: Path
) -> None:
    _core, made = session(end)
    path = tmp_path / "transaction.xml"
    path.write_bytes(xml_of(made))
    container = OcmfContainer.from_xml(path)
    assert all(record.verify_signature() for record in container)
    (result,) = container.check_eichrecht()
    assert {issue.code.value for issue in result.issues} >= {"METER_STATUS", "ERROR_FLAGS"}


FORMS = {
    "RV left out": (r'"RV":[0-9.]+,', "", {"value_missing"}, set()),
    "RV null": (r'"RV":[0-9.]+,', '"RV":null,', {"value_missing"}, set()),
    "RV 0": (r'"RV":[0-9.]+,', '"RV":0,', {"energy_decreased"}, {"VALUE_REGRESSION"}),
}
"""Other forms: a change, and what it adds to our findings and to pyocmf's (decision 0003)."""


@pytest.mark.parametrize("form", FORMS)
def test_other_forms_say_no_more(form: str) -> None:
    pattern, instead, ours, theirs = FORMS[form]
    core, (begun, ended, key) = session(silent)
    payload = re.sub(pattern, instead, ended["record"].split("|")[1])
    signature = core.sign_record(1, payload.encode()).decode()
    changed = {**ended, "record": f"OCMF|{payload}|{signature}"}
    report = verify_file("transaction.xml", xml_of((begun, changed, key)))
    codes = {finding.code for one in report.transactions for finding in one.findings}
    assert codes == {"meter_status", "energy_error_flag"} | ours
    pair = [OCMF.from_string(one["record"]).payload for one in (begun, changed)]
    found = {issue.code.value for issue in check_eichrecht_transaction(*pair)}
    assert found == {"METER_STATUS", "ERROR_FLAGS"} | theirs


def test_closing_record_repeats_the_digits_of_the_newest_reading() -> None:
    _core, (begun, ended, _key) = session(silent)
    texts = [re.search(r'"RV":([0-9.]+)', one["record"]) for one in (begun, ended)]
    assert texts[0]
    assert texts[1]
    assert texts[0][1] == texts[1][1] == "1000.000"
    assert json.loads(ended["record"].split("|")[1])["PG"] == "T2"
