"""Every text that somebody signs, or that the registry's log holds, by the same rules."""

import itertools
import json

import pytest
from wattseal.wire import (
    firmware_manifest,
    owner_challenge,
    publication,
    signed_time,
    statements,
)
from wattseal.wire.messages import encode, result
from wattseal.wire.methods import (
    MAX_PROOF_HASHES,
    OWNER_ACTIONS,
    UNSEALED_SETTINGS,
    check_params,
    check_result,
)
from wattseal.wire.signed_text import TextError

CHIP_ID = "e66138935f4c8b2a"
KEY = "3059" + "0a" * 89
OLD_KEY = "3059" + "0b" * 89
IMAGE = "1f" * 32
OLD_IMAGE = "2e" * 32
HASH = "3d" * 32
CHALLENGE = "4c" * 16
TIME = 1795263600123

EVERY_TEXT = {
    "birth": {
        "chip_id": CHIP_ID,
        "key_number": 1,
        "public_key": KEY,
        "firmware": "0.1.0",
        "firmware_identity": IMAGE,
        "rollback_number": 1,
        "last_pagination": 0,
        "after_unix_ms": None,
    },
    "handover": {
        "chip_id": CHIP_ID,
        "key_number": 1,
        "public_key": OLD_KEY,
        "firmware_identity": OLD_IMAGE,
        "next_firmware": "0.2.0-rig",
        "next_firmware_identity": IMAGE,
        "next_rollback_number": 1,
        "commissioning": 3,
        "last_pagination": 42,
        "unix_ms": TIME,
        "event_number": 99,
        "event_chain": HASH,
    },
    "rollover": {
        "chip_id": CHIP_ID,
        "old_key_number": 1,
        "old_public_key": OLD_KEY,
        "old_firmware_identity": OLD_IMAGE,
        "handover": 2,
        "handover_sha256": HASH,
        "key_number": 2,
        "public_key": KEY,
        "firmware": "0.2.0-rig",
        "firmware_identity": IMAGE,
        "rollback_number": 1,
        "last_pagination": 42,
        "after_unix_ms": TIME,
    },
    "farewell": {
        "chip_id": CHIP_ID,
        "key_number": 2,
        "public_key": KEY,
        "firmware_identity": IMAGE,
        "last_pagination": 44,
        "unix_ms": TIME,
        "event_number": 99,
        "event_chain": HASH,
    },
    "possession": {
        "challenge": CHALLENGE,
        "evse_id": "DE*ABC*E0001",
        "gateway_serial": "WS-0001",
        "meter_serial": "1EMH0012345678",
        "meter_vendor": "EMH",
        "meter_model": "ED300L",
        "chip_id": CHIP_ID,
        "key_number": 1,
        "public_key": KEY,
        "firmware": "0.1.0",
        "firmware_identity": IMAGE,
        "commissioning": 1,
        "settings_sha256": HASH,
        "unix_ms": None,
    },
    "event_head": {
        "challenge": CHALLENGE,
        "chip_id": CHIP_ID,
        "key_number": 1,
        "number": 12,
        "chain": HASH,
        "unix_ms": TIME,
    },
    "owner": {
        "action": "archive_events",
        "chip_id": CHIP_ID,
        "nonce": HASH,
        "event_number": 12,
        "through": 9,
    },
    "time": {"chip_id": CHIP_ID, "nonce": HASH, "unix_ms": TIME},
    "registration": {
        "evse_id": "DE*ABC*E0001",
        "gateway_serial": "WS-0001",
        "meter_serial": "1EMH0012345678",
        "chip_id": CHIP_ID,
        "key_number": 1,
        "public_key": KEY,
        "firmware_identity": IMAGE,
        "commissioning": 1,
        "settings_sha256": HASH,
        "unix_ms": TIME,
        "details": HASH,
    },
    "firmware": {
        "board": "rp2040",
        "firmware": "0.2.0",
        "rollback_number": 1,
        "size": 345678,
        "sha256": IMAGE,
    },
}
VERSIONS = {"possession": 2, "registration": 2, "rollover": 2}
"""Of the forms that have changed; the others are at their first."""
NULLABLE = ("after_unix_ms", "unix_ms", "handover", "handover_sha256")
READERS = {
    "owner": owner_challenge.read_challenge,
    "time": signed_time.read_time,
    "registration": publication.read_leaf,
    "firmware": firmware_manifest.read_manifest,
}
PREFIXES = (
    *(statements.PREFIX, owner_challenge.PREFIX, firmware_manifest.PREFIX, signed_time.PREFIX),
)

every_type = pytest.mark.parametrize("kind", EVERY_TEXT)


def build(kind: str, facts: dict) -> str:
    if kind == "owner":
        return owner_challenge.build_challenge(**facts)
    if kind == "time":
        return signed_time.build_time(**facts)
    if kind == "registration":
        return publication.build_leaf(**facts)
    if kind == "firmware":
        renamed = {"size_bytes" if name == "size" else name: facts[name] for name in facts}
        return firmware_manifest.build_manifest(**renamed)
    return statements.build_statement(kind, **facts)


def read(kind: str, text: str) -> dict:
    return READERS.get(kind, statements.read_statement)(text)


def compact(members: dict) -> str:
    return json.dumps(members, separators=(",", ":"))


def with_head(kind: str, facts: dict) -> dict:
    return {"type": kind, "version": VERSIONS.get(kind, 1), **facts}


def longest(kind: str) -> dict:
    """Facts with every text as long as may be, and of the character that takes most room."""
    texts = {"firmware": 25, "next_firmware": 25, "board": 40} | dict.fromkeys(
        ("evse_id", "gateway_serial", "meter_serial", "meter_vendor", "meter_model"), 50
    )
    most = {
        "after_unix_ms": (1 << 53) - 1,
        "chip_id": "f" * 64,
        "handover": (1 << 53) - 1,
        "commissioning": (1 << 53) - 1,
        "challenge": "f" * 128,
        "key_number": 1000,
        "last_pagination": (1 << 53) - 1,
        "unix_ms": (1 << 53) - 1,
    }
    return {
        name: '"' * texts[name] if name in texts else most.get(name, fact)
        for name, fact in EVERY_TEXT[kind].items()
    }


@every_type
def test_the_text_is_the_compact_json_of_the_members_in_their_order(kind):
    members = with_head(kind, EVERY_TEXT[kind])
    text = build(kind, EVERY_TEXT[kind])
    assert text == compact(members)
    assert read(kind, text) == members


@every_type
def test_the_longest_text_is_read_and_no_longer_one(kind):
    text = build(kind, longest(kind))
    assert read(kind, text) == with_head(kind, longest(kind))
    for bound in (400, 600, 1000, 2000):
        with pytest.raises(TextError):
            read(kind, text[:-1] + " " * bound + "}")


@every_type
def test_a_text_is_bounded_and_ascii_before_it_is_parsed(kind):
    bound = {"owner": 400, "time": 250, "registration": 1000, "firmware": 600}.get(kind, 2000)
    with pytest.raises(TextError, match=f"longer than {bound} characters"):
        read(kind, "[" * (bound + 1))
    with pytest.raises(TextError, match="JSON"):
        read(kind, "[" * bound)
    for character in ("\n", "\x7f", "\u00fc", "\0", "\ud83d"):
        with pytest.raises(TextError, match="printable"):
            read(kind, "{" + character)


@every_type
def test_a_text_cut_anywhere_is_refused(kind):
    text = build(kind, EVERY_TEXT[kind])
    for cut in range(len(text)):
        with pytest.raises(TextError):
            read(kind, text[:cut])


@every_type
def test_a_text_with_any_bit_turned_is_refused_or_says_something_else(kind):
    text = build(kind, EVERY_TEXT[kind])
    for at, bit in itertools.product(range(len(text)), range(8)):
        bad = text[:at] + chr(ord(text[at]) ^ 1 << bit) + text[at + 1 :]
        try:
            assert read(kind, bad) != with_head(kind, EVERY_TEXT[kind])
        except TextError:
            continue


@every_type
def test_a_character_put_in_is_refused_or_says_something_else(kind):
    text = build(kind, EVERY_TEXT[kind])
    for at, more in itertools.product(range(len(text) + 1), (" ", "0", ",", "\\", '"', "\n", "\0")):
        try:
            found = read(kind, text[:at] + more + text[at:])
        except TextError:
            continue
        assert found != with_head(kind, EVERY_TEXT[kind])


@every_type
def test_there_is_one_text_for_one_meaning(kind):
    members = with_head(kind, EVERY_TEXT[kind])
    first, *others = members.items()
    same = [
        json.dumps(members),
        compact(dict(reversed(members.items()))),
        compact(dict([*others, first])),
        compact(members)[:-1] + ',"type":"' + kind + '"}',
        compact(members).replace('"type"', '"\\u0074ype"', 1),
        compact(members).replace(CHIP_ID, "\\u0065" + CHIP_ID[1:]),
        " " + compact(members),
        compact(members) + "\n",
    ]
    for text in same:
        if text != build(kind, EVERY_TEXT[kind]):
            with pytest.raises(TextError):
                read(kind, text)


@every_type
def test_a_member_missing_or_unknown_is_refused_by_name(kind):
    members = with_head(kind, EVERY_TEXT[kind])
    for name in members:
        fewer = {other: members[other] for other in members if other != name}
        with pytest.raises(TextError, match="type|version|action|no such field|" + name):
            read(kind, compact(fewer))
    with pytest.raises(TextError, match="flux"):
        read(kind, compact({**members, "flux": 1}))


@every_type
def test_a_member_of_another_type_or_outside_its_bounds_is_refused(kind):
    members = with_head(kind, EVERY_TEXT[kind])
    for name, good in members.items():
        bad: list[object] = [True, [], {}, "", -1, 1 << 53, "x" * 300, "\u00fc"]
        bad += [1] if isinstance(good, str) else ["1", 1.0]
        if name not in NULLABLE:
            bad.append(None)
        for value in bad:
            with pytest.raises(TextError):
                read(kind, compact({**members, name: value}))
            if name not in ("type", "version"):
                with pytest.raises(TextError):
                    build(kind, {**EVERY_TEXT[kind], name: value})


@every_type
def test_a_text_of_another_form_or_version_is_refused(kind):
    members = with_head(kind, EVERY_TEXT[kind])
    for other, facts in EVERY_TEXT.items():
        if READERS.get(kind) != READERS.get(other):
            with pytest.raises(TextError):
                read(kind, build(other, facts))
        elif other != kind:
            with pytest.raises(TextError):
                read(kind, compact({**members, "type": other}))
    right = members["version"]
    for version in (0, right - 1, right + 1, True, str(right), None):
        with pytest.raises(TextError):
            read(kind, compact({**members, "version": version}))


@every_type
def test_what_is_no_object_is_refused(kind):
    for text in ("", "{}", "[]", "null", '"a"', "1", "{", "[" * 500, '{"type":{}}', '{"type":1}'):
        with pytest.raises(TextError):
            read(kind, text)


# --- one purpose is never taken for another --------------------------------------------------


def test_no_signed_message_can_be_one_of_another_purpose_or_a_record():
    for prefix in PREFIXES:
        assert prefix.endswith(b"\n")
        assert prefix.count(b"\n") == 1
        assert not prefix.startswith(b"{")
    for one, other in itertools.permutations(PREFIXES, 2):
        assert not other.startswith(one)


def test_the_prefix_stands_before_the_text():
    for module, kind in (
        (statements, "birth"),
        (owner_challenge, "owner"),
        (firmware_manifest, "firmware"),
        (signed_time, "time"),
    ):
        text = build(kind, EVERY_TEXT[kind])
        assert module.signed_bytes(text) == module.PREFIX + text.encode("ascii")


# --- statements, challenges ------------------------------------------------------------------


def test_every_statement_is_in_the_table_above():
    assert set(statements.TYPES) == set(EVERY_TEXT) - set(READERS)
    for kind in statements.TYPES:
        assert list(statements.members_of(kind)) == list(with_head(kind, EVERY_TEXT[kind]))
    with pytest.raises(TextError, match="type of statement"):
        statements.members_of("owner")


NAMED = {
    "archive_events": {"through": 9},
    "close_session": {"begin_pagination": 9},
    "set_time": {"unix_ms": 9},
    "update": {"firmware": '"' * 25, "firmware_identity": IMAGE},
}


@pytest.mark.parametrize("action", OWNER_ACTIONS)
def test_a_challenge_names_what_its_action_is_about_and_nothing_else(action):
    plain = {**EVERY_TEXT["owner"], "action": action, "chip_id": "f" * 64}
    del plain["through"]
    right = {**plain, **NAMED.get(action, {})}
    assert read("owner", build("owner", right)) == with_head("owner", right)
    for other in OWNER_ACTIONS:
        wrong = {**plain, **NAMED.get(other, {})}
        if wrong != right:
            with pytest.raises(TextError, match=r"through|firmware|begin_pagination|unix_ms"):
                build("owner", wrong)
            with pytest.raises(TextError, match=r"through|firmware|begin_pagination|unix_ms"):
                read("owner", compact(with_head("owner", wrong)))


def test_an_unknown_action_is_refused():
    with pytest.raises(TextError, match="action is none of"):
        owner_challenge.build_challenge("flash", CHIP_ID, HASH, 1)
    with pytest.raises(TextError, match="action is none of"):
        read("owner", compact(with_head("owner", {"action": "flash", "chip_id": CHIP_ID})))


# --- the entry of the log --------------------------------------------------------------------


def test_an_entry_of_this_module_does_not_differ():
    leaf = read("registration", build("registration", EVERY_TEXT["registration"]))
    assert publication.difference(leaf, EVERY_TEXT["registration"]) == ""


@pytest.mark.parametrize("name", publication.COMPARED_MEMBERS)
def test_each_difference_is_named(name):
    leaf = read("registration", build("registration", EVERY_TEXT["registration"]))
    good = EVERY_TEXT["registration"][name]
    expected = {**EVERY_TEXT["registration"], name: good + 1 if name in COUNTS else good + "0"}
    assert publication.difference(leaf, expected) == f"the entry's {name} is not this module's"


COUNTS = ("key_number", "commissioning")


def test_what_the_registry_alone_knows_is_not_compared():
    assert set(publication.LEAF_MEMBERS) - set(publication.COMPARED_MEMBERS) == {
        *("type", "version", "unix_ms", "details")
    }


# --- on the link -----------------------------------------------------------------------------


def test_the_link_carries_the_longest_of_each():
    signature = "f" * 144
    for kind in statements.TYPES:
        signed = {"statement": build(kind, longest(kind)), "signature": signature}
        if kind in ("possession", "event_head", "farewell"):
            method = {"possession": "prove", "farewell": "decommission"}.get(kind, kind)
            assert encode(result(1, check_result(method, signed)))
            continue
        stored = {
            "number": 1,
            "statement": signed["statement"],
            "signatures": [{"key_number": number, "signature": signature} for number in (1, 2)],
        }
        assert encode(result(1, check_result("statements", {"statements": [stored], "next": 2})))
    challenge = {"challenge": build("owner", longest("owner")), "expires_s": 3600}
    assert encode(result(1, check_result("challenge", challenge)))
    manifest = {
        "manifest": build("firmware", longest("firmware")),
        "vendor_signature": signature,
        "signature": signature,
    }
    assert encode({"id": 1, "params": check_params("enter_boot_loader", manifest)})
    leaf = build("registration", longest("registration"))
    proof = {"checkpoint": "0" * 1400, "leaf": leaf, "leaf_index": 0, "proof": ""}
    assert check_params("accept_publication", proof)["leaf"] == leaf


def test_a_proof_of_the_largest_log_fits_one_line():
    """With names of usual length: 40 characters for the registry, 20 for what it registers."""
    leaf = {
        name: fact[:1] * 20 if name in ("evse_id", "gateway_serial", "meter_serial") else fact
        for name, fact in EVERY_TEXT["registration"].items()
    }
    name = "r" * 40
    text = f"{name}\n{(1 << 32) - 1}\n{'A' * 44}\n\n"
    lines = f"\u2014 {name} {'A' * 92}\n\u2014 {name} {'A' * 104}\n"
    proof = {
        "checkpoint": (text + lines).encode().hex(),
        "leaf": build("registration", leaf),
        "leaf_index": (1 << 32) - 2,
        "proof": "0" * 64 * MAX_PROOF_HASHES,
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "accept_publication"}
    assert encode({**message, "params": check_params("accept_publication", proof)})


def test_only_settings_without_a_part_in_the_registration_change_under_the_seal():
    assert UNSEALED_SETTINGS == ("controller_firmware",)
