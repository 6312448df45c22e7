"""The publication gate, by the names of its reasons."""

from __future__ import annotations

import pytest
from support.registry.recorder import Recorder, codes
from support.registry.simulated_module import DAY_MS, EVSE_ID, METER, SimulatedModule
from wattseal.common.sentences import read_sentences
from wattseal.ocmf.evse_id import EvseIdError
from wattseal.registry.api_models import Eligibility
from wattseal.registry.rules.eligibility import TABLE, eligibility


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def module(recorder: Recorder) -> SimulatedModule:
    module = SimulatedModule()
    recorder.commission(module)
    return module


def _ask(recorder: Recorder, evse_id: str = EVSE_ID) -> Eligibility:
    return eligibility(evse_id, recorder.ledger, recorder.now_ms)


def _closed_by(answer: Eligibility, code: str) -> bool:
    return codes(answer.reasons) == [code] and not answer.publish and not answer.authorise


def test_open_once_the_key_is_registered(recorder: Recorder, module: SimulatedModule) -> None:
    answer = _ask(recorder, "de-abc-e1234-5")
    assert (answer.publish, answer.authorise, answer.reasons) == (True, True, [])
    assert (answer.evse_id, answer.entry) == (EVSE_ID, len(recorder.records) - 1)


def test_never_registered(recorder: Recorder) -> None:
    answer = _ask(recorder)
    assert _closed_by(answer, "never_registered")
    assert answer.entry is None


def test_no_evse_id(recorder: Recorder) -> None:
    with pytest.raises(EvseIdError):
        _ask(recorder, "nowhere")


def test_key_deactivated(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.deactivate(module.deactivation(reason="defective"))
    answer = _ask(recorder)
    assert _closed_by(answer, "key_deactivated")
    assert answer.entry == len(recorder.records) - 1


def test_taken_over(recorder: Recorder, module: SimulatedModule) -> None:
    module.commission(evse_id="DE*XYZ*E1")
    recorder.commission(module, "take_over", recorder.administrator)
    assert _closed_by(_ask(recorder), "taken_over")
    assert _ask(recorder, "DE*XYZ*E1").publish


def test_moved(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.deactivate(module.deactivation(module.decommission()))
    module.restart()
    module.commission(evse_id="DE*ABC*E2")
    recorder.commission(module, "reuse")
    assert _closed_by(_ask(recorder), "moved")
    assert _ask(recorder, "DE*ABC*E2").publish


def test_calibration_expired(recorder: Recorder) -> None:
    meter = METER.model_copy(update={"calibration_year": 2018})
    recorder.commission(SimulatedModule(meter=meter))
    assert _ask(recorder).publish
    recorder.now_ms = 1_798_761_600_000 - 1  # 2026-12-31, the last moment
    assert _ask(recorder).publish
    recorder.wait(1)
    answer = _ask(recorder)
    assert _closed_by(answer, "calibration_expired")
    assert answer.reasons[0].values["year"] == 2026


def test_meter_unknown(
    recorder: Recorder, module: SimulatedModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No record leads here; a ledger that lost a row must not open the gate."""
    monkeypatch.setattr(recorder.ledger, "meter", lambda _meter: None)
    assert _closed_by(_ask(recorder), "meter_unknown")


def test_open_again_after_a_replacement(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.deactivate(module.deactivation(reason="defective"))
    recorder.wait(DAY_MS)
    recorder.commission(SimulatedModule("module 2"))
    assert _ask(recorder).publish


def test_every_reason_has_a_test_of_its_name() -> None:
    assert [code for code in read_sentences(TABLE) if f"test_{code}" not in globals()] == []
