"""Signed meter values of OCPP: what is refused, what is sent, and that it comes back the same."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.cdr.charged import BEGIN, END, MIDDLE, combined, facts, folder, record
from support.device.signer import signer
from wattseal.cdr.build import OCPP
from wattseal.cdr.ocpp import key_text, read_key_text, read_meter_values
from wattseal.cdr.signers import OCPP_KEY_PREFIX
from wattseal.common.errors import ToolError
from wattseal.ocmf.public_key import KeyUnreadableError

Run = Callable[..., Any]
FORMS = list(OCPP)


@pytest.fixture
def sent(wattseal: Run, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Builds meter values of records."""

    def build(*records: str, form: str, more: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        source = folder(tmp_path / "session", *records)
        outcome = wattseal("cdr", "build", source, "--format", form, *more)
        assert outcome.status == 0, outcome.err
        values: list[dict[str, Any]] = outcome.json
        return values

    return build


def signed_value(value: dict[str, Any], form: str) -> dict[str, Any]:
    """The SignedMeterValueType of a MeterValue."""
    [sampled] = value["sampledValue"]
    if form == "ocpp-1.6":
        assert sampled["format"] == "SignedData"
        inner: dict[str, Any] = json.loads(sampled["value"])
        return inner
    assert isinstance(sampled["value"], float)
    found: dict[str, Any] = sampled["signedMeterValue"]
    return found


class TestRefusals:
    @pytest.mark.parametrize(
        ("message", "cause"),
        [
            ("", "not well-formed"),
            ("[2, 3", "not well-formed"),
            ("{}", "no signed meter value"),
            ('[{"sampledValue":[{"value":"1","format":"SignedData"}]}]', "no signed meter value"),
            ('{"signedMeterData":"T0NNRg==","encodingMethod":"EDL"}', "'EDL', not OCMF"),
            ('{"signedMeterData":"*","encodingMethod":"OCMF"}', "no base64"),
            (
                '{"signedMeterData":"T0NNRg==","encodingMethod":"OCMF","publicKey":"eHg="}',
                "publicKey cannot be read",
            ),
        ],
    )
    def test_messages_without_signed_values(self, message: str, cause: str) -> None:
        with pytest.raises(ToolError, match=cause) as caught:
            read_meter_values(message.encode(), "message")
        assert caught.value.name == "ocpp_malformed"

    def test_deep_messages_end(self) -> None:
        deep = '{"a":' * 50 + '{"signedMeterData":"x"}' + "}" * 50
        with pytest.raises(ToolError, match="no signed meter value"):
            read_meter_values(deep.encode(), "message")

    @pytest.mark.parametrize(("form", "limit"), [("ocpp-1.6", 2500), ("ocpp-2.0.1", 2500)])
    def test_a_record_that_is_too_long(
        self, wattseal: Run, tmp_path: Path, form: str, limit: int
    ) -> None:
        long = record("E", "2947.125", "11:30:00", 19, TT="x" * 1500)
        source = folder(tmp_path / "s", BEGIN, long)
        outcome = wattseal("cdr", "build", source, "--format", form, "--json")
        assert outcome.status == 1
        assert outcome.json["error"]["name"] == "cdr_field_too_long"
        assert outcome.json["error"]["detail"]["limit"] == limit
        assert outcome.json["error"]["detail"]["length"] == len(base64.b64encode(long.encode()))
        assert wattseal("cdr", "build", source, "--format", "ocpp-2.1").status == 0

    def test_a_key_of_another_form(self) -> None:
        told = base64.b64encode(b"oca:base64:raw:AAAA").decode()
        with pytest.raises(KeyUnreadableError):
            read_key_text(told)

    def test_no_key_anywhere(self, wattseal: Run, tmp_path: Path, sent: Callable[..., Any]) -> None:
        made = sent(BEGIN, END, form="ocpp-2.0.1", more=("--public-key", "Never"))
        (tmp_path / "m.json").write_text(json.dumps(made))
        told = facts(tmp_path / "facts.toml")
        outcome = wattseal("cdr", "build", tmp_path / "m.json", "--facts", told)
        assert outcome.status == 2
        assert "--key" in outcome.err


@pytest.mark.parametrize("form", FORMS)
class TestForms:
    def test_two_records(self, sent: Callable[..., Any], form: str) -> None:
        values = sent(BEGIN, END, form=form)
        contexts = [value["sampledValue"][0]["context"] for value in values]
        assert contexts == ["Transaction.Begin", "Transaction.End"]
        for value, text in zip(values, (BEGIN, END), strict=True):
            one = signed_value(value, form)
            assert base64.b64decode(one["signedMeterData"]).decode() == text
            assert (one["signingMethod"], one["encodingMethod"]) == ("", "OCMF")
        assert [value["timestamp"] for value in values] == [
            "2026-11-21T09:00:00Z",
            "2026-11-21T10:30:00Z",
        ]

    def test_one_combined_record_is_an_end_alone(self, sent: Callable[..., Any], form: str) -> None:
        [value] = sent(combined(), form=form)
        assert value["sampledValue"][0]["context"] == "Transaction.End"

    @pytest.mark.parametrize(
        ("when", "with_key"),
        [
            ("Never", [False, False, False]),
            ("OncePerTransaction", [True, False, False]),
            ("EveryMeterValue", [True, True, True]),
        ],
    )
    def test_the_key(
        self, sent: Callable[..., Any], form: str, when: str, with_key: list[bool]
    ) -> None:
        values = sent(BEGIN, MIDDLE, END, form=form, more=("--public-key", when))
        keys = [signed_value(value, form)["publicKey"] for value in values]
        assert [bool(key) for key in keys] == with_key
        for key in filter(None, keys):
            assert base64.b64decode(key).decode() == OCPP_KEY_PREFIX + signer().public.hex

    def test_read_back_whatever_is_around_it(self, sent: Callable[..., Any], form: str) -> None:
        values = sent(BEGIN, MIDDLE, END, form=form)
        message = [2, "1", "StopTransaction", {"transactionId": 7, "transactionData": values}]
        found = read_meter_values(json.dumps(message).encode(), "message")
        assert [one.text for one in found] == [BEGIN, MIDDLE, END]
        assert [one.context for one in found] == ["Transaction.Begin", "Other", "Transaction.End"]
        assert found[0].key == signer().public
        assert found[1].key is None

    def test_a_cdr_is_built_of_them(
        self, wattseal: Run, sent: Callable[..., Any], tmp_path: Path, form: str
    ) -> None:
        (tmp_path / "m.json").write_text(json.dumps(sent(BEGIN, MIDDLE, END, form=form)))
        told = facts(tmp_path / "facts.toml")
        outcome = wattseal("cdr", "build", tmp_path / "m.json", "--facts", told)
        assert outcome.status == 0, outcome.err
        values = outcome.json["signed_data"]["signed_values"]
        written = [base64.b64decode(one["signed_data"]).decode() for one in values]
        assert written == [BEGIN, MIDDLE, END]

    def test_the_combined_record_where_a_record_is_too_long(
        self, sent: Callable[..., Any], form: str
    ) -> None:
        long = record("E", "2947.125", "11:30:00", 19, TT="x" * 1500)
        values = sent(BEGIN, long, combined(), form=form)
        assert len(values) == (2 if form == "ocpp-2.1" else 1)


def test_hex_alone_is_a_key_too() -> None:
    key = signer().public
    assert read_key_text(base64.b64encode(key.hex.encode()).decode()) == key
    assert read_key_text(key_text(key)) == key
    assert read_key_text("") is None
