"""Sessions over a link that loses replies: no record is lost and none is made twice."""

from collections.abc import Callable

import pytest
from support.device import fake_module as faults
from support.device.direct_link import DirectTransport
from support.device.fake_module import FakeModule
from wattseal.common.errors import ToolError
from wattseal.device import session
from wattseal.device.device import Device
from wattseal.device.link import ATTEMPTS, LinkClient
from wattseal.wire.errors import WattsealError


@pytest.fixture
def module() -> FakeModule:
    return FakeModule()


@pytest.fixture
def device(module: FakeModule) -> Device:
    transport = DirectTransport(module)
    return Device(LinkClient(transport, now_s=transport.clock_s))


def end(device: Device) -> session.Signed:
    return session.end(device, "E", session.open_session(device))


LOSSES = [faults.silence, faults.wrong_crc, faults.garbage, faults.wrong_id]


@pytest.mark.parametrize("loss", LOSSES)
def test_lost_reply_to_begin_is_fetched_from_the_journal(
    module: FakeModule, device: Device, loss: faults.Fault
) -> None:
    module.faults["begin"] = [loss]
    signed = session.begin(device, id_tag="04A2B1C3")
    assert signed.was_recovered
    assert signed.record.model_dump() == module.records[0]
    assert signed.key == module.signer.public
    assert module.calls.count("begin") == 1


@pytest.mark.parametrize("loss", LOSSES)
def test_lost_reply_to_end_is_fetched_from_the_journal(
    module: FakeModule, device: Device, loss: faults.Fault
) -> None:
    session.begin(device)
    module.faults["end"] = [loss]
    ended = end(device)
    assert ended.was_recovered
    assert ended.record.pagination == 2
    assert module.calls.count("end") == 1
    assert module.session is None


def test_lost_reply_to_intermediate_is_fetched_from_the_journal(
    module: FakeModule, device: Device
) -> None:
    session.begin(device)
    module.faults["intermediate"] = [faults.silence]
    assert session.intermediate(device).record.pagination == 2
    assert len(module.records) == 2


def ignored(module: FakeModule) -> faults.Fault:
    """The request never reached the module: what it did is undone."""

    def fault(_method: str, _lines: list[bytes]) -> list[bytes]:
        module.records.pop()
        module.session = None
        return []

    return fault


def test_request_that_never_arrived_is_told_so(module: FakeModule, device: Device) -> None:
    module.faults["begin"] = [ignored(module)]
    with pytest.raises(ToolError, match="did not carry out begin; nothing was changed") as caught:
        session.begin(device)
    assert caught.value.name == "not_done"
    assert session.begin(device).record.pagination == 1


def test_module_that_stays_silent_leaves_the_outcome_open(
    module: FakeModule, device: Device
) -> None:
    def then_silent(_method: str, _lines: list[bytes]) -> list[bytes]:
        module.faults["status"] = [faults.silence] * ATTEMPTS
        return []

    module.faults["begin"] = [then_silent]
    with pytest.raises(ToolError, match="answer to begin was lost") as caught:
        session.begin(device)
    assert caught.value.name == "outcome_unknown"
    assert "wattseal device records" in caught.value.remedy


def test_end_by_a_power_failure_in_between_is_the_end(module: FakeModule, device: Device) -> None:
    session.begin(device)

    def power_fails(_method: str, _lines: list[bytes]) -> list[bytes]:
        module.records.pop()
        module._sign("P", {}, module.records[0]["session_id"])
        return []

    module.faults["end"] = [power_fails]
    assert '"TX":"P"' in end(device).record.record


def test_another_record_than_the_one_asked_for_is_not_taken_for_it(
    module: FakeModule, device: Device
) -> None:
    def another(_method: str, _lines: list[bytes]) -> list[bytes]:
        module.records.pop()
        module._sign("C", {}, 1)
        return []

    module.faults["begin"] = [another]
    with pytest.raises(ToolError) as caught:
        session.begin(device)
    assert caught.value.name == "outcome_unknown"


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (end, "no_session"),
        (session.intermediate, "no_session"),
    ],
)
def test_refusals_keep_their_name(
    device: Device, call: Callable[[Device], object], name: str
) -> None:
    with pytest.raises(ToolError) as caught:
        call(device)
    assert caught.value.name == name


def test_second_begin_is_refused_by_the_module(module: FakeModule, device: Device) -> None:
    session.begin(device)
    with pytest.raises(ToolError) as caught:
        session.begin(device)
    assert caught.value.name == "session_open"
    assert len(module.records) == 1


def test_begin_record_released_in_between_is_missed(module: FakeModule, device: Device) -> None:
    session.begin(device)
    module.released_through = 1
    with pytest.raises(ToolError) as caught:
        session.open_session(device)
    assert caught.value.name == "record_missing"


def test_reply_for_another_session_is_not_believed(module: FakeModule, device: Device) -> None:
    begun = session.begin(device).record
    other = begun.model_copy(update={"session_id": 99})
    with pytest.raises(ToolError, match="another session"):
        session.end(device, "E", other)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"pagination": 0},
        {"pagination": "1", "session_id": 1, "record": "x", "public_key": "00"},
        {"pagination": 1, "session_id": 1, "record": "x\ny", "public_key": "00"},
        {"pagination": 1, "session_id": 1, "record": "x", "public_key": "zz"},
        {"pagination": 1, "session_id": 1, "record": "x", "public_key": "00"},
    ],
)
def test_misshapen_reply_is_named_and_nothing_is_guessed(
    module: FakeModule, device: Device, fields: dict[str, object]
) -> None:
    module.faults["begin"] = [faults.replaced(fields)]
    with pytest.raises(ToolError, match="does not fit the protocol") as caught:
        session.begin(device)
    assert caught.value.name == "reply_unusable"


def test_records_come_page_by_page(module: FakeModule, device: Device) -> None:
    session.begin(device)
    for _ in range(5):
        session.intermediate(device)
    end(device)
    assert [record.pagination for record in device.records()] == [1, 2, 3, 4, 5, 6, 7]
    assert [record.pagination for record in device.records(3, 5)] == [3, 4, 5]


def test_pages_that_do_not_lead_on_are_not_read_for_ever(
    module: FakeModule, device: Device
) -> None:
    session.begin(device)
    page = {"records": [module.records[0]], "next": 1}
    module.faults["records"] = [faults.replaced(page)] * 3
    with pytest.raises(ToolError, match="do not lead on"):
        list(device.records(1))


def test_other_products_and_protocols_are_turned_away(module: FakeModule, device: Device) -> None:
    assert device.connect("port").board == "rp2040"
    module.hello_changes = {"protocol": 3}
    with pytest.raises(ToolError, match="version 3 of the link protocol, this tool version 2"):
        device.connect("port")
    module.hello_changes = {"product": "toaster"}
    with pytest.raises(ToolError, match="is toaster, not a Wattseal module"):
        device.connect("port")


def test_error_names_are_not_those_of_the_module() -> None:
    with pytest.raises(KeyError):
        WattsealError("record_missing")
