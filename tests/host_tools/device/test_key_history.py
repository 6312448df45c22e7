"""The history of keys, with every statement and signature altered in turn."""

import copy
from typing import Any

import pytest
from support.device.fake_key_life import BOARD, CHIP_ID, OWNER, VENDOR
from support.device.fake_module import FakeModule
from support.device.signer import signer
from wattseal.common.errors import ToolError
from wattseal.device.key_history import Checked, check_alone, check_history, check_present_key
from wattseal.device.models import StoredStatement
from wattseal.device.update_bundle import describe
from wattseal.wire import statements

Stored = list[dict[str, Any]]


def _check(stored: Stored, chip_id: str = CHIP_ID) -> list[Checked]:
    return check_history([StoredStatement.model_validate(one) for one in stored], chip_id)


@pytest.fixture
def stored() -> Stored:
    """Birth, two roll-overs, farewell."""
    module = FakeModule()
    module.start_with(b"second image", "0.2.0")
    module.start_with(b"third image", "0.3.0")
    module._decommission({"signature": _answer(module, {"action": "decommission"})})
    return copy.deepcopy(module.statements)


@pytest.fixture
def updated() -> Stored:
    """Birth, hand-over, roll-over, hand-over, and a roll-over after the update was called off."""
    module = FakeModule()
    for image in (b"second image", b"third image"):
        offer = _offer(image)
        signature = _answer(module, {"action": "update", **offer})
        module._enter_boot_loader({**offer, "signature": signature})
        module.start_with(b"second image", "0.2.0")
    module._cancel_update({"signature": _answer(module, {"action": "cancel_update"})})
    return copy.deepcopy(module.statements)


def _offer(image: bytes) -> dict[str, str]:
    manifest = describe(image, BOARD, "0.2.0", 1)
    signature = VENDOR.sign(manifest.signed_bytes).hex()
    return {"manifest": manifest.text, "vendor_signature": signature}


def _answer(module: FakeModule, params: dict[str, Any]) -> str:
    module._challenge(params)
    return OWNER.sign(b"wattseal.owner.v1\n" + module._open_challenge.encode()).hex()


def _resign(one: dict[str, Any], **changes: Any) -> None:
    """Change members of a statement and sign it again with the keys that it names."""
    members = {**statements.read_statement(one["statement"]), **changes}
    kind = members.pop("type")
    del members["version"]
    text = statements.build_statement(kind, **members)
    one["statement"] = text
    for given in one["signatures"]:
        key = signer(seed=given["key_number"])
        given["signature"] = key.sign(statements.signed_bytes(text)).hex()


def _broken(stored: Stored, number: int, words: str, chip_id: str = CHIP_ID) -> None:
    with pytest.raises(ToolError) as caught:
        _check(stored, chip_id)
    assert (caught.value.name, caught.value.detail["number"]) == ("statement_broken", number)
    assert words in str(caught.value)


def test_a_whole_history(stored: Stored) -> None:
    history = _check(stored)
    assert [one.kind for one in history] == ["birth", "rollover", "rollover", "farewell"]
    assert [one.members["key_number"] for one in history] == [1, 2, 3, 3]
    assert _check([]) == []


def test_a_history_with_hand_overs(updated: Stored) -> None:
    history = _check(updated)
    kinds = ["birth", "handover", "rollover", "handover", "rollover"]
    assert [one.kind for one in history] == kinds
    assert [one.members["key_number"] for one in history] == [1, 1, 2, 2, 3]
    assert [len(one["signatures"]) for one in updated] == [1] * 5
    check_present_key(history, 3, signer(seed=3).public)
    with pytest.raises(ToolError):
        check_present_key(history[:2], 1, signer(seed=1).public)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"handover": 1}, "hand-over that it names is not the statement before"),
        ({"handover_sha256": "00" * 32}, "hand-over that it names is not the statement before"),
        ({"handover": None, "handover_sha256": None}, "hand-over that it names"),
        ({"old_public_key": OWNER.public.spki.hex()}, "old_public_key"),
        ({"old_firmware_identity": "00" * 32}, "old_firmware_identity"),
    ],
)
def test_a_rollover_that_does_not_follow_its_hand_over(
    updated: Stored, changes: dict[str, Any], words: str
) -> None:
    _resign(updated[2], **changes)
    _broken(updated, 3, words)


def test_a_rollover_that_leaves_the_hand_over_out(updated: Stored) -> None:
    rollover = {**updated[2], "number": 2}
    _broken([updated[0], rollover], 2, "hand-over that it names is not the statement before")


@pytest.mark.parametrize("changes", [{"key_number": 2}, {"public_key": OWNER.public.spki.hex()}])
def test_a_hand_over_of_another_key(updated: Stored, changes: dict[str, Any]) -> None:
    _resign(updated[1], **changes)
    _broken(updated, 2, f"{next(iter(changes))} is not that of the statement before")


@pytest.mark.parametrize("at", [0, 1])
def test_a_key_that_was_handed_over_neither_lives_nor_ends_again(updated: Stored, at: int) -> None:
    again = {**updated[at], "number": 3}
    _broken([*updated[:2], again], 3, ("while another one lived", "no key that could end")[at])


def test_a_new_life_after_the_farewell(stored: Stored) -> None:
    birth = copy.deepcopy(stored[0])
    birth["number"] = 5
    birth["signatures"][0]["key_number"] = 4
    _resign(birth, key_number=4, public_key=signer(seed=4).public.spki.hex())
    assert _check([*stored, birth])[-1].members["key_number"] == 4
    _resign(birth, key_number=5)
    _broken([*stored, birth], 5, "key number is not the next")


@pytest.mark.parametrize("which", [0, 1])
def test_a_rollover_with_one_bad_signature(stored: Stored, which: int) -> None:
    given = stored[1]["signatures"][which]
    forged = signer(seed=99).sign(statements.signed_bytes(stored[1]["statement"]))
    given["signature"] = forged.hex()
    _broken(stored, 2, f"signature of key {which + 1} is wrong")


@pytest.mark.parametrize("signature", ["3006020101020100", "00" * 8, "30" * 70])
def test_a_signature_that_is_none(stored: Stored, signature: str) -> None:
    stored[2]["signatures"][1]["signature"] = signature
    _broken(stored, 3, "signature of key 3 is wrong")


def test_a_rollover_needs_both_signatures_in_their_order(stored: Stored) -> None:
    signatures = stored[1]["signatures"]
    for some in ([], signatures[:1], signatures[1:], signatures[::-1], signatures * 2):
        stored[1]["signatures"] = some
        _broken(stored, 2, "not those of the keys that must sign")


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_statement_left_out(stored: Stored, gone: int) -> None:
    number = stored[gone + 1]["number"]
    del stored[gone]
    _broken(stored, number, "number is not the next")


def test_a_statement_left_out_and_the_rest_counted_anew(stored: Stored) -> None:
    del stored[1]
    for number, one in enumerate(stored, 1):
        one["number"] = number
    _broken(stored, 2, "old_key_number is not that of the statement before")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"old_key_number": 5}, "old_key_number"),
        ({"old_public_key": OWNER.public.spki.hex()}, "old_public_key"),
        ({"old_firmware_identity": "00" * 32}, "old_firmware_identity"),
        ({"key_number": 3}, "key number is not the next"),
        ({"rollback_number": 0}, "rollback number is lower"),
        ({"chip_id": "0123456789abcdef"}, "another chip"),
    ],
)
def test_a_rollover_that_is_well_signed_but_does_not_follow(
    stored: Stored, changes: dict[str, Any], words: str
) -> None:
    _resign(stored[1], **changes)
    _broken(stored, 2, words)


@pytest.mark.parametrize(
    "changes",
    [{"key_number": 2}, {"public_key": OWNER.public.spki.hex()}, {"firmware_identity": "00" * 32}],
)
def test_a_farewell_of_another_key(stored: Stored, changes: dict[str, Any]) -> None:
    _resign(stored[3], **changes)
    _broken(stored, 4, f"{next(iter(changes))} is not that of the statement before")


def test_paginations_never_go_back(stored: Stored) -> None:
    _resign(stored[2], last_pagination=9)
    _broken(stored, 4, "last pagination is lower")


@pytest.mark.parametrize("kind", [1, 3])
def test_a_history_begins_with_a_birth(stored: Stored, kind: int) -> None:
    only = [{**stored[kind], "number": 1}]
    _broken(only, 1, "there was no key")


@pytest.mark.parametrize("kind", [1, 3])
def test_nothing_but_a_birth_follows_a_farewell(stored: Stored, kind: int) -> None:
    _broken([*stored, {**stored[kind], "number": 5}], 5, "there was no key")


def test_no_birth_beside_a_living_key(stored: Stored) -> None:
    _broken([stored[0], {**stored[0], "number": 2}], 2, "while another one lived")


def test_answers_to_challenges_are_no_history(stored: Stored) -> None:
    module = FakeModule()
    answer = module._event_head({"challenge": "ab" * 16})
    signatures = [{"key_number": 1, "signature": answer["signature"]}]
    foreign = {"number": 1, "statement": answer["statement"], "signatures": signatures}
    _broken([foreign], 1, "no statement about the life of a key")


@pytest.mark.parametrize("text", ["{}", "x", '{"type":"birth"}', '{"type":7}', "[]"])
def test_what_is_no_statement(stored: Stored, text: str) -> None:
    stored[0]["statement"] = text
    _broken(stored, 1, "cannot be read")


def test_a_module_of_another_chip(stored: Stored) -> None:
    _broken(stored, 1, "another chip", chip_id="0" * 16)


def test_the_present_key_is_where_the_history_leads(stored: Stored) -> None:
    history = _check(stored[:3])
    check_present_key(history, 3, signer(seed=3).public)
    for number, key, known in (
        (2, 3, history),
        (3, 2, history),
        (3, 3, []),
        (3, 3, _check(stored)),
    ):
        with pytest.raises(ToolError, match="does not lead to the module's key"):
            check_present_key(known, number, signer(seed=key).public)


def test_a_history_that_goes_on_after_a_known_statement(stored: Stored) -> None:
    whole = _check(stored)
    later = [StoredStatement.model_validate(one) for one in stored[2:]]
    assert check_history(later, CHIP_ID, whole[1]) == whole[2:]
    for before in (whole[0], whole[2], None):
        with pytest.raises(ToolError, match="number is not the next"):
            check_history(later, CHIP_ID, before)


def test_a_statement_alone_is_checked_for_its_signatures(stored: Stored) -> None:
    for one in stored:
        statement = StoredStatement.model_validate(one)
        assert check_alone(statement).number == one["number"]
        forged = [{**given, "signature": "3006020101020101"} for given in one["signatures"]]
        bent = StoredStatement.model_validate({**one, "signatures": forged})
        with pytest.raises(ToolError, match="signature of key"):
            check_alone(bent)
    with pytest.raises(ToolError, match="no type"):
        check_alone(StoredStatement(number=1, statement="{}", signatures=[]))
