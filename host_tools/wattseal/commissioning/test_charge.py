"""Charges once, verifies the records, and has the registry keep them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wattseal.commissioning.job import ANSWER, REQUEST, TEST_CHARGE
from wattseal.commissioning.registration import answer_of
from wattseal.commissioning.workplace import StepResult, Workplace
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory
from wattseal.device import session
from wattseal.device.advice import advise
from wattseal.device.device import Device
from wattseal.device.models import StoredRecord
from wattseal.device.session import TRANSACTION, session_files
from wattseal.ocmf.container import transaction_xml
from wattseal.ocmf.public_key import PublicKey
from wattseal.ocmf.record import read_record as read_ocmf
from wattseal.ocmf.report import TransactionReport, Verdict
from wattseal.ocmf.verify import verify_file
from wattseal.registry.api_models import TestChargeRequest
from wattseal.registry.client import RegistryClient
from wattseal.registry.records import TestCharge
from wattseal.wire.errors import WattsealError

STEP = "test_charge"
ID_TAG = "COMMISSIONING"
ID_TYPE = "LOCAL"
POLL_S = 2.0


@dataclass(frozen=True)
class WaitForEnergy:
    """Waits until energy has flowed, at most `limit_s`. tell: called with each reading in kWh."""

    limit_s: float
    tell: Callable[[str], None] = lambda _kwh: None
    pause: Callable[[float], None] = time.sleep
    now_s: Callable[[], float] = time.monotonic

    def wait(self, device: Device) -> None:
        """Return when the session is to be ended."""
        deadline = self.now_s() + self.limit_s
        first = device.read_meter().energy
        while self.now_s() < deadline:
            reading = device.read_meter()
            self.tell(reading.energy_kwh)
            if reading.energy != first:
                return
            self.pause(min(POLL_S, max(0.0, deadline - self.now_s())))


def charge_once(work: Workplace) -> StepResult:
    """Charge, unless it was done since the registration; the records go to the registry, if any."""
    registry = work.registry
    if registry is not None and _is_kept(work, registry):
        return StepResult(False, "the registry has it already")
    begin, end, changed = _records(work)
    key = work.device.public_key()
    energy = str(charged(begin.record, end.record, begin.session_id, key).energy)
    files = session_files(begin, end, key)
    folder = OutputDirectory(work.job.folder / "test-charge")
    for name, content in files.items():
        folder.write_bytes(name, content.encode(), replacing=True)
    request = TestChargeRequest(evse_id=work.station.evse_id, begin=begin.record, end=end.record)
    work.write_request(TEST_CHARGE + REQUEST, request)
    facts = {"begin": begin.pagination, "end": end.pagination, "energy_kwh": energy}
    words = f"T{begin.pagination} to T{end.pagination}, {energy} kWh, verified"
    notes = () if energy.strip("0.") else ("No energy flowed during the test charge.",)
    if registry is None:
        return StepResult(changed, words, facts, notes)
    confirmation = registry.keep_test_charge(request)
    work.job.write(TEST_CHARGE + ANSWER, answer_of(registry, registry.facts(), confirmation))
    facts["entry"] = confirmation.entry
    return StepResult(True, f"{words}; entry {confirmation.entry}", facts, notes)


def _is_kept(work: Workplace, registry: RegistryClient) -> bool:
    """Whether the registry holds a test charge that is newer than the registration."""
    answer = work.answer
    if answer is None:
        return False
    key = work.device.public_key().spki.hex()
    for line in reversed(registry.history(work.station.evse_id)):
        if line.number <= answer.confirmation.entry:
            return False
        if isinstance(line.record, TestCharge) and line.record.public_key == key:
            return True
    return False


def end_cut_charge(device: Device) -> None:
    """End a test charge that an earlier run left open; nothing else goes on before.

    ToolError `session_open` if somebody else's session is open, `module_unfit` while the module
    itself is still ending one that a power failure cut.
    """
    status = device.status()
    if status.session is None:
        return
    if status.session.recovery:
        advice = advise(status)
        raise ToolError("module_unfit", meaning=advice.meaning, step=advice.steps[0])
    begin = session.open_session(device)
    if not _is_ours(begin):
        raise ToolError.from_module(WattsealError("session_open"))
    session.end(device, "E", begin)


def _records(work: Workplace) -> tuple[StoredRecord, StoredRecord, bool]:
    """Begin and end of the test charge: the one that was made already, or a new one."""
    made = _made_before(work)
    if made is not None:
        return (*made, False)
    begun_at = work.device.status().journal.next
    work.job.note(STEP, {"begin": begun_at, **_what_it_is_for(work)}, changed=False)
    begun = session.begin(work.device, id_tag=ID_TAG, id_type=ID_TYPE).record
    if work.charge is not None:
        work.charge(work.device)
    return begun, session.end(work.device, "E", begun).record, True


def _made_before(work: Workplace) -> tuple[StoredRecord, StoredRecord] | None:
    """The records of a test charge that this job began and that the module holds, if it ended.

    One of an earlier commissioning in the same folder is none: another meter was charged then, or
    for another operator.
    """
    noted = work.job.noted(STEP)
    number = noted.get("begin")
    if any(noted.get(name) != value for name, value in _what_it_is_for(work).items()):
        return None
    if not isinstance(number, int) or work.device.status().journal.next < number + 2:
        return None
    try:
        begin, end = work.device.record(number), work.device.record(number + 1)
    except ToolError as error:
        if error.name != "record_missing":
            raise
        return None
    is_pair = _is_ours(begin) and begin.session_id == end.session_id
    if not is_pair:
        return None
    report = verify_file("begin", begin.record.encode(), work.device.public_key())
    return (begin, end) if report.verdict is Verdict.VERIFIED else None


def _what_it_is_for(work: Workplace) -> dict[str, Any]:
    """Which registration a test charge is for, and as what the module was sealed then."""
    entry = work.answer.confirmation.entry if work.answer else None
    return {"registration": entry, "commissioning": work.device.status().commissioning}


def _is_ours(record: StoredRecord) -> bool:
    payload = read_ocmf(record.record).payload
    return payload is not None and payload.ID == ID_TAG


def charged(begin: str, end: str, session_id: int, key: PublicKey) -> TransactionReport:
    """What two records of one session say, verified. ToolError `record_not_verified`."""
    xml = transaction_xml(session_id, begin, end, key)
    report = verify_file(TRANSACTION, xml.encode(), key)
    if report.verdict is not Verdict.VERIFIED or len(report.transactions) != 1:
        reason = next((finding.sentence_en for finding in report.all_findings), str(report.reason))
        raise ToolError("record_not_verified", reason=reason)
    return report.transactions[0]
