import pytest
from wattseal.wire import methods, ocmf_payload, statements, strict_json
from wattseal.wire.errors import WattsealError
from wattseal.wire.messages import encode, result
from wattseal.wire.methods import (
    MAX_PROOF_HASHES,
    METHODS,
    check_params,
    check_result,
    find_method,
)
from wattseal.wire.schema import check_fields, limit_in_words

NAMES = [
    *("hello", "status", "public_key", "configure", "time_challenge", "set_time", "read_meter"),
    *(
        "begin",
        "intermediate",
        "end",
        "records",
        "release",
        "events",
        "seal",
        "challenge",
        "unseal",
    ),
    *("prove", "accept_publication", "statements", "event_head", "archive_events"),
    *("close_session", "accept_meter", "decommission", "check_update", "enter_boot_loader"),
    *("cancel_update", "self_test"),
]
KINDS = {
    *("int", "bool", "text", "string", "hex", "choice", "choices", "object", "list", "free"),
}
NOW = {"unix_ms": 1772362800000, "utc_offset_min": 60}
OFFER = {"manifest": "{}", "vendor_signature": "30" * 8}
LINE = {"baud": 9600, "parity": "even", "stop_bits": 1}
PUBLICATION = {"checkpoint": "0f" * 100, "leaf": "{}", "leaf_index": 0, "proof": ""}


def test_the_largest_integer_is_the_same_everywhere() -> None:
    for module in (methods, ocmf_payload, statements):
        assert module.MAX_INTEGER == strict_json.MAX_INTEGER


def refusal(method: str, params: dict) -> dict:
    with pytest.raises(WattsealError) as refused:
        check_params(method, params)
    assert refused.value.name == "invalid_params"
    assert set(refused.value.detail) == {"field", "limit", "found"}
    return refused.value.detail


def rows_of(rows: tuple):
    for row in rows:
        yield row
        if row[1] == "object":
            yield from rows_of(row[2])
        if row[1] == "list":
            yield from rows_of((row[2][1],) if len(row[2][1]) == 5 else ())


def test_the_table_has_each_method_once():
    assert [row[0] for row in METHODS] == NAMES


@pytest.mark.parametrize("method", METHODS, ids=NAMES)
def test_every_row_is_well_formed_and_says_what_it_is(method):
    _, states, session, sentence, params, results = method
    assert states
    assert set(states) <= {"blank", "unregistered", "operational", "fault"}
    assert session in ("any", "open", "closed")
    assert sentence.endswith(".")
    for name, kind, _, presence, text in (*rows_of(params), *rows_of(results)):
        assert name == name.lower()
        assert kind in KINDS
        assert presence in ("required", "optional", "nullable")
        assert text.endswith(".")
        assert text.isascii()


@pytest.mark.parametrize("method", METHODS, ids=NAMES)
def test_a_field_that_does_not_exist_is_refused(method):
    assert refusal(method[0], {"flux": 1}) == {
        "field": "flux",
        "limit": "no such field",
        "found": "1",
    }


def test_an_unknown_method_is_refused():
    with pytest.raises(WattsealError) as refused:
        find_method("x" * 1000)
    assert refused.value.name == "unknown_method"
    assert len(encode({"error": refused.value.detail})) < 200


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("hello", {}),
        ("configure", {}),
        ("configure", {"line": LINE, "meter_unit": 247, "format_version": "1.4"}),
        ("set_time", {"unix_ms": 946771200000, "utc_offset_min": -840, "source": "informative"}),
        ("begin", {"id_tag": "x" * 40, "id_type": "LOCAL", "id_flags": ["RFID_PLAIN"]}),
        ("begin", {"tariff_text": "x" * 250, "session_id": 2147483647}),
        ("end", {"reason": "A"}),
        ("records", {"from": 1, "to": 9}),
        ("release", {"through": 1}),
        ("configure", {"registry_name": "registry.example/keys", "registry_key": "0a" * 91}),
        ("configure", {"owner_key": "0a" * 91}),
        ("seal", {}),
        ("challenge", {"action": "unseal"}),
        ("challenge", {"action": "archive_events", "through": 7}),
        ("unseal", {"signature": "30" * 72}),
        ("prove", {"challenge": "0f" * 16}),
        ("accept_publication", {**PUBLICATION, "proof": ""}),
        ("accept_publication", {**PUBLICATION, "proof": "0f" * 32 * MAX_PROOF_HASHES}),
        ("statements", {"from": 1}),
        ("event_head", {"challenge": "0f" * 64}),
        ("check_update", OFFER),
        ("challenge", {"action": "update", **OFFER}),
        ("enter_boot_loader", OFFER),
        ("enter_boot_loader", {**OFFER, "signature": "30" * 72}),
        ("cancel_update", {}),
    ],
)
def test_good_params_are_given_back(method, params):
    assert check_params(method, params) == params


@pytest.mark.parametrize(
    ("method", "params", "field", "limit"),
    [
        ("configure", {"meter_unit": 0}, "meter_unit", "an integer from 1 to 247"),
        ("configure", {"meter_unit": True}, "meter_unit", "an integer from 1 to 247"),
        ("configure", {"meter_unit": "1"}, "meter_unit", "an integer from 1 to 247"),
        ("configure", {"gateway_id": ""}, "gateway_id", "1 to 50 printable"),
        ("configure", {"gateway_id": "x" * 51}, "gateway_id", "1 to 50 printable"),
        ("configure", {"gateway_id": "a|b"}, "gateway_id", "without '|'"),
        ("configure", {"gateway_id": "ü"}, "gateway_id", "printable ASCII"),
        ("configure", {"gateway_id": "a\n"}, "gateway_id", "printable ASCII"),
        ("configure", {"gateway_id": "\x7f"}, "gateway_id", "printable ASCII"),
        ("configure", {"gateway_id": None}, "gateway_id", "printable ASCII"),
        ("configure", {"format_version": "1.5"}, "format_version", "one of 1.3, 1.4"),
        ("configure", {"line": []}, "line", "an object"),
        ("configure", {"line": {**LINE, "baud": 9601}}, "line.baud", "one of 1200, 2400"),
        ("configure", {"line": {**LINE, "stop_bits": True}}, "line.stop_bits", "one of 1, 2"),
        ("configure", {"line": {"baud": 9600}}, "line.parity", "required"),
        ("configure", {"line": {**LINE, "bits": 8}}, "line.bits", "no such field"),
        ("set_time", {}, "unix_ms", "required"),
        ("set_time", {"unix_ms": 4070822400001}, "unix_ms", "to 4070822400000"),
        ("set_time", {**NOW, "source": "synchronised"}, "source", "one of signed, owner, inf"),
        ("begin", {"id_flags": "RFID_PLAIN"}, "id_flags", "at most 4 different ones"),
        ("begin", {"id_flags": ["RFID_PLAIN"] * 2}, "id_flags", "at most 4 different ones"),
        ("begin", {"id_flags": [1]}, "id_flags", "at most 4 different ones"),
        ("begin", {"id_level": "MISMATCH"}, "id_level", "one of NONE, HEARSAY"),
        ("begin", {"id_tag": "x" * 41}, "id_tag", "1 to 40"),
        ("begin", {"tariff_text": "x" * 251}, "tariff_text", "0 to 250"),
        ("end", {"reason": "P"}, "reason", "one of E, L, R, A"),
        ("records", {"from": 0}, "from", "an integer from 1"),
        ("release", {"through": 1 << 60}, "through", "an integer from 1"),
        ("configure", {"owner_key": "0a" * 90}, "owner_key", "182 lowercase"),
        ("configure", {"registry_key": "0A" * 91}, "registry_key", "182 lowercase"),
        ("configure", {"registry_name": "x" * 101}, "registry_name", "1 to 100"),
        ("seal", {"force": True}, "force", "no such field"),
        ("challenge", {"action": "key_create"}, "action", "one of unseal, decommission"),
        ("challenge", {"action": "archive_events", "through": 0}, "through", "an integer from 1"),
        ("unseal", {"signature": "30" * 7}, "signature", "16 to 144"),
        ("decommission", {"signature": "3" * 146}, "signature", "16 to 144"),
        ("archive_events", {}, "signature", "required"),
        ("prove", {"challenge": "0f" * 15}, "challenge", "32 to 128"),
        ("event_head", {"challenge": "0f" * 65}, "challenge", "32 to 128"),
        ("accept_publication", {**PUBLICATION, "proof": "0f" * 32 * 33}, "proof", "0 to 2048"),
        ("accept_publication", {**PUBLICATION, "checkpoint": "0f" * 701}, "checkpoint", "1400"),
        ("accept_publication", {**PUBLICATION, "leaf_index": -1}, "leaf_index", "from 0"),
        ("enter_boot_loader", {}, "manifest", "required"),
        ("check_update", {**OFFER, "manifest": "x" * 601}, "manifest", "1 to 600"),
    ],
)
def test_bad_params_are_refused_naming_field_and_limit(method, params, field, limit):
    detail = refusal(method, params)
    assert detail["field"] == field
    assert limit in detail["limit"]


@pytest.mark.parametrize(
    "found", ["ü" * 4000, "x" * 4000, ["x" * 4000], {"y" * 4000: 1}, 1 << 4000]
)
def test_a_refusal_fits_one_line_whatever_was_given(found):
    detail = refusal("configure", {"gateway_id": found})
    assert len(detail["found"]) <= 40
    assert len(encode(result(1, detail))) < 500
    assert len(encode(result(1, refusal("configure", {"k" * 4000: found})))) < 500


def test_sessions_and_their_records_need_an_operational_module():
    for name in ("begin", "intermediate", "end"):
        assert find_method(name)[1] == ("operational",)


def test_no_method_that_changes_a_metrological_state_disturbs_a_session():
    for name in ("configure", "set_time", "seal", "unseal", "accept_meter", "begin"):
        assert find_method(name)[2] == "closed"


def test_a_module_in_fault_still_hands_out_what_it_holds():
    for name in ("hello", "status", "public_key", "records", "events", "statements"):
        assert "fault" in find_method(name)[1]


def test_a_module_in_fault_signs_nothing():
    for name in ("begin", "end", "close_session", "prove", "event_head"):
        assert "fault" not in find_method(name)[1]


def test_no_state_keeps_the_owner_from_erasing_the_key():
    for name in ("challenge", "decommission"):
        assert (find_method(name)[1], find_method(name)[2]) == (find_method("status")[1], "any")


def test_results_are_checked_by_the_same_rules():
    fields = {"passed": True, "failed": []}
    assert check_result("self_test", fields) == fields
    with pytest.raises(WattsealError, match="failed"):
        check_result("self_test", {"passed": True})
    with pytest.raises(WattsealError, match=r"failed\[1\]"):
        check_result("self_test", {"passed": False, "failed": ["sha256", 2]})


def test_null_is_allowed_only_where_the_row_says_so():
    assert check_result("records", {"records": [], "next": None})["next"] is None
    with pytest.raises(WattsealError):
        check_result("records", {"records": None, "next": None})


def test_the_error_raised_is_the_one_asked_for():
    rows = (("a", "hex", (2, 2), "required", ""),)
    assert check_fields(rows, {"a": "0f"}) == {"a": "0f"}
    with pytest.raises(WattsealError) as refused:
        check_fields(rows, {"a": "0F"}, error="out_of_range")
    assert refused.value.name == "out_of_range"
    assert refused.value.detail["limit"] == "2 lowercase hexadecimal digits"


def test_half_a_byte_is_refused_wherever_digits_are_taken():
    rows = [row for method in METHODS for row in rows_of(method[4] + method[5]) if row[1] == "hex"]
    ranges = [row for row in rows if row[2][0] != row[2][1]]
    assert len(ranges) > 5
    for row in rows:
        fewest, most = row[2]
        assert fewest % 2 == most % 2 == 0
    for name, kind, (fewest, most), *_ in ranges:
        check_fields(((name, kind, (fewest, most), "required", ""),), {name: "ab" * (most // 2)})
        with pytest.raises(WattsealError) as refused:
            check_fields(((name, kind, (fewest, most), "required", ""),), {name: "a" * (most - 1)})
        assert (refused.value.name, refused.value.detail["field"]) == ("invalid_params", name)
        assert refused.value.detail["limit"].endswith("in pairs")


def test_what_is_checked_is_not_the_callers_own_object():
    params = {"line": dict(LINE), "gateway_id": "a"}
    cleaned = check_params("configure", params)
    cleaned["line"]["baud"] = 1200
    assert params["line"]["baud"] == 9600


def test_every_kind_has_words():
    bounds = {
        "int": (0, 1),
        "text": (0, 1),
        "string": (0, 1),
        "hex": (2, 2),
        "choice": ("a",),
        "choices": (1, ("a",)),
        "list": (1, ("", "bool", ())),
    }
    for kind in KINDS:
        assert limit_in_words(("", kind, bounds.get(kind, ())))
