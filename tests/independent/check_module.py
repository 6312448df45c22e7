"""Judge what a module has told of itself: its statements, events and records, and how they agree.

Usage: python check_module.py FILE

FILE is JSON: {"chip_id", "public_key", "key_number", "statements", "events", "records"} as the
link's methods give them, `public_key` and `key_number` null where no key is announced; optionally
"archived_events" (those that the module has let go) and "head" ({"challenge", "statement",
"signature"}, the answer to `event_head`). Prints one line for each thing found wrong and ends with
status 1, or says what was checked.

Written from docs/statements.md and docs/record-format.md alone. It imports nothing of the firmware
and nothing of the host tools, so that a mistake in them cannot hide itself here.
"""

import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

STATEMENT_PREFIX = b"wattseal.statement.v1\n"
IDENTITY_DIGITS_IN_RECORDS = 16
UNTOLD_STEP_MS = 20_000
"""The clock may be set by so much, all settings together, and no event tells of it."""

MEMBERS = {
    "birth": (
        *("type", "version", "chip_id", "key_number", "public_key", "firmware"),
        *("firmware_identity", "rollback_number", "last_pagination", "after_unix_ms"),
    ),
    "handover": (
        *("type", "version", "chip_id", "key_number", "public_key", "firmware_identity"),
        *("next_firmware", "next_firmware_identity", "next_rollback_number", "commissioning"),
        *("last_pagination", "unix_ms", "event_number", "event_chain"),
    ),
    "rollover": (
        *("type", "version", "chip_id", "old_key_number", "old_public_key"),
        *(
            "old_firmware_identity",
            "handover",
            "handover_sha256",
            "key_number",
            "public_key",
            "firmware",
        ),
        *("firmware_identity", "rollback_number", "last_pagination", "after_unix_ms"),
    ),
    "farewell": (
        *("type", "version", "chip_id", "key_number", "public_key", "firmware_identity"),
        *("last_pagination", "unix_ms", "event_number", "event_chain"),
    ),
    "event_head": (
        *("type", "version", "challenge", "chip_id", "key_number", "number", "chain", "unix_ms"),
    ),
}

EVENT_OF_STATEMENT = {
    "birth": "key_made",
    "handover": "key_handed_over",
    "rollover": "key_changed",
    "farewell": "decommissioned",
}


@dataclass
class Key:
    """One key in the history, with the paginations that it may have signed."""

    number: int
    public_key: str
    firmware: str
    firmware_identity: str
    first_pagination: int
    last_pagination: int | None = None


@dataclass
class Verdict:
    """What was found wrong, and how many things were looked at."""

    findings: list[str] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)

    def expect(self, holds: bool, finding: str) -> bool:
        """Note a finding unless the condition holds; the condition."""
        if not holds:
            self.findings.append(finding)
        return holds


def is_signed(public_key: str, message: bytes, signature: str) -> bool:
    """Whether the DER in hex is the ECDSA P-256 SHA-256 signature of the key over the message."""
    try:
        key = load_der_public_key(bytes.fromhex(public_key))
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            return False
        key.verify(bytes.fromhex(signature), message, ec.ECDSA(SHA256()))
    except (ValueError, InvalidSignature):
        return False
    return True


def read_statement(text: str, verdict: Verdict, where: str) -> dict[str, Any] | None:
    """The members of a statement, if it is spelt in the one way that there is."""
    try:
        members = json.loads(text)
    except ValueError:
        verdict.expect(False, f"{where} is no JSON")
        return None
    wanted = MEMBERS.get(members.get("type")) if isinstance(members, dict) else None
    if not verdict.expect(wanted is not None, f"{where} is of no known type"):
        return None
    spelt = json.dumps(members, separators=(",", ":"), ensure_ascii=True)
    good = verdict.expect(tuple(members) == wanted, f"{where} has not the members of its type")
    good &= verdict.expect(spelt == text, f"{where} is spelt in another way")
    version = 2 if members["type"] == "rollover" else 1
    good &= verdict.expect(members["version"] == version, f"{where} is of another version")
    return members if good else None


# --- statements ------------------------------------------------------------------------------


def check_statements(dump: dict[str, Any], verdict: Verdict) -> tuple[list[Key], list[dict]]:
    """The history of the keys, and the statements' members."""
    keys: list[Key] = []
    told: list[dict[str, Any]] = []
    for position, entry in enumerate(dump["statements"], start=1):
        where = f"statement {position}"
        verdict.expect(entry["number"] == position, f"{where} is numbered {entry['number']}")
        members = read_statement(entry["statement"], verdict, where)
        if members is None:
            continue
        check_signatures(entry, members, verdict, where)
        verdict.expect(members["chip_id"] == dump["chip_id"], f"{where} is of another chip")
        check_succession(keys, told, members, verdict, where)
        check_hand_over(dump["statements"], told, members, verdict, where)
        follow(keys, members)
        told.append(members)
    verdict.checked["statements"] = len(told)
    return keys, told


def check_signatures(
    entry: dict[str, Any], members: dict[str, Any], verdict: Verdict, where: str
) -> None:
    """Signed by its key; a roll-over without a hand-over by the old key and then by the new one."""
    signers = [(members["key_number"], members["public_key"])]
    if members["type"] == "rollover" and members["handover"] is None:
        signers.insert(0, (members["old_key_number"], members["old_public_key"]))
    numbers = [signature["key_number"] for signature in entry["signatures"]]
    if not verdict.expect(
        numbers == [number for number, _ in signers], f"{where} is signed by keys {numbers}"
    ):
        return
    message = STATEMENT_PREFIX + entry["statement"].encode()
    for (number, public_key), signature in zip(signers, entry["signatures"], strict=True):
        verdict.expect(
            is_signed(public_key, message, signature["signature"]),
            f"{where}: the signature of key {number} is wrong",
        )


def check_succession(
    keys: list[Key],
    told: list[dict[str, Any]],
    members: dict[str, Any],
    verdict: Verdict,
    where: str,
) -> None:
    """Whether this statement may follow those before it."""
    kind = members["type"]
    before = told[-1]["type"] if told else None
    number = members["key_number"]
    current = keys[-1] if keys else None
    if kind == "birth":
        verdict.expect(before in (None, "farewell"), f"{where}: a birth after a {before}")
        verdict.expect(number == (current.number if current else 0) + 1, f"{where}: key {number}")
    elif kind == "rollover":
        living = ("birth", "rollover", "handover")
        verdict.expect(before in living, f"{where}: a rollover after a {before}")
        verdict.expect(number == members["old_key_number"] + 1, f"{where}: key {number}")
        if current is not None:
            old = (
                members["old_key_number"],
                members["old_public_key"],
                members["old_firmware_identity"],
            )
            known = (current.number, current.public_key, current.firmware_identity)
            verdict.expect(old == known, f"{where}: the old key is not the one in use")
            verdict.expect(
                before == "handover" or members["firmware_identity"] != current.firmware_identity,
                f"{where}: a new key for the same firmware",
            )
    elif kind in ("farewell", "handover"):
        verdict.expect(before in ("birth", "rollover"), f"{where}: a {kind} after a {before}")
        if current is not None:
            last = (members["key_number"], members["public_key"], members["firmware_identity"])
            known = (current.number, current.public_key, current.firmware_identity)
            verdict.expect(last == known, f"{where}: the key is not the one in use")
    else:
        verdict.expect(False, f"{where}: a {kind} is not kept")
    for name in ("rollback_number", "last_pagination", "after_unix_ms"):
        earlier = [other[name] for other in told if other.get(name) is not None]
        if earlier and members.get(name) is not None:
            verdict.expect(members[name] >= max(earlier), f"{where}: {name} went back")


def check_hand_over(
    entries: list[dict[str, Any]],
    told: list[dict[str, Any]],
    members: dict[str, Any],
    verdict: Verdict,
    where: str,
) -> None:
    """A roll-over names the hand-over just before it, by number and SHA-256, or there was none."""
    if members["type"] != "rollover":
        return
    wanted: tuple[int | None, str | None] = (None, None)
    if told and told[-1]["type"] == "handover":
        text = entries[len(told) - 1]["statement"]
        wanted = (len(told), hashlib.sha256(text.encode()).hexdigest())
    found = (members["handover"], members["handover_sha256"])
    verdict.expect(found == wanted, f"{where} names the hand-over {found}, not {wanted}")


def follow(keys: list[Key], members: dict[str, Any]) -> None:
    """The history with one statement more."""
    last = members["last_pagination"]
    if keys:
        keys[-1].last_pagination = (
            last if keys[-1].last_pagination is None else min(keys[-1].last_pagination, last)
        )
    if members["type"] in ("birth", "rollover"):
        keys.append(
            Key(
                members["key_number"],
                members["public_key"],
                members["firmware"],
                members["firmware_identity"],
                last + 1,
            )
        )


# --- events ----------------------------------------------------------------------------------


def check_events(dump: dict[str, Any], verdict: Verdict) -> list[dict[str, Any]]:
    """All events, the archived ones first; numbered and chained without a gap."""
    archived = dump.get("archived_events", [])
    held = dump["events"]
    start = held[0]["number"] if held else 1
    entries = [entry for entry in archived if entry["number"] < start] + held
    found = []
    chain = bytes(32)
    for position, entry in enumerate(entries):
        expected = entries[0]["number"] + position
        where = f"event {entry['number']}"
        verdict.expect(entry["number"] == expected, f"{where} stands where {expected} is due")
        text = entry["entry"].encode()
        if position or entry["number"] == 1:
            chain = hashlib.sha256(chain + text).digest()
            verdict.expect(chain.hex() == entry["chain"], f"{where}: the chain is broken")
        chain = bytes.fromhex(entry["chain"])
        event = json.loads(text)
        verdict.expect(event["number"] == entry["number"], f"{where} says another number")
        found.append(event)
    if entries:
        verdict.expect(
            entries[0]["number"] == 1 or any(e["event"] == "events_archived" for e in found),
            f"events before {entries[0]['number']} are gone and no event says that they may",
        )
    check_archivings(found, {entry["number"]: entry["chain"] for entry in entries}, verdict)
    check_times(found, verdict)
    verdict.checked["events"] = len(found)
    return found


def check_archivings(
    events: list[dict[str, Any]], chains: dict[int, str], verdict: Verdict
) -> None:
    """What an archiving event says of the chain is what the chain is."""
    for event in events:
        if event["event"] == "events_archived":
            through, chain = event["detail"]["through"], event["detail"]["chain"]
            where = f"event {event['number']}"
            verdict.expect(through < event["number"], f"{where} archives what was not there yet")
            verdict.expect(
                chains.get(through, chain) == chain, f"{where}: not the chain of event {through}"
            )


def check_times(events: list[dict[str, Any]], verdict: Verdict) -> None:
    """Within one start the clock goes forward, but where it was set, or set by a few seconds."""
    newest = None
    for event in events:
        if event["event"] in ("started", "time_set"):
            newest = None
        time = event["unix_ms"]
        if time is not None:
            verdict.expect(
                newest is None or time >= newest - UNTOLD_STEP_MS,
                f"event {event['number']} is before its past",
            )
            newest = time if newest is None else max(time, newest)


def check_key_events(
    statements: list[dict[str, Any]], events: list[dict[str, Any]], verdict: Verdict
) -> None:
    """Each statement has its event, once and in order; no other event tells of a key."""
    told = [event for event in events if event["event"] in EVENT_OF_STATEMENT.values()]
    wanted = [
        (
            EVENT_OF_STATEMENT[members["type"]],
            members["key_number"],
            hashlib.sha256(bytes.fromhex(members["public_key"])).hexdigest(),
        )
        for members in statements
        if members["type"] in EVENT_OF_STATEMENT
    ]
    found = [
        (event["event"], event["detail"]["key_number"], event["detail"]["sha256"]) for event in told
    ]
    if events and events[0]["number"] > 1:
        wanted = wanted[len(wanted) - len(found) :]
    verdict.expect(found == wanted, f"the key events {found} are not the statements {wanted}")
    for members in statements:
        if members["type"] == "farewell":
            newer = [e for e in told if e["detail"]["key_number"] == members["key_number"]]
            numbers = [e["number"] for e in newer if e["event"] == "decommissioned"]
            verdict.expect(
                all(number > members["event_number"] for number in numbers),
                f"the farewell of key {members['key_number']} tells of a later event",
            )


def check_farewells(
    statements: list[dict[str, Any]], dump: dict[str, Any], verdict: Verdict
) -> None:
    """A farewell or a hand-over tells the event log as it then was."""
    entries = dump.get("archived_events", []) + dump["events"]
    chains = {entry["number"]: entry["chain"] for entry in entries}
    for members in statements:
        if members["type"] in ("farewell", "handover"):
            number = members["event_number"]
            verdict.expect(
                chains.get(number, members["event_chain"]) == members["event_chain"],
                f"the {members['type']} of key {members['key_number']} tells another chain of "
                f"{number}",
            )


def check_states(events: list[dict[str, Any]], verdict: Verdict) -> None:
    """Sealing and publishing in an order that there can be, and settings locked by the seal."""
    sealed = events[0]["number"] > 1 and None if events else False
    for event in events:
        where = f"event {event['number']}"
        name = event["event"]
        if name == "sealed":
            verdict.expect(sealed is not True, f"{where}: sealed twice")
            sealed = True
        elif name == "unsealed":
            verdict.expect(sealed is not False, f"{where}: unsealed what was not sealed")
            sealed = False
        elif name == "decommissioned":
            sealed = False
        elif name == "published":
            verdict.expect(sealed is not False, f"{where}: published without a seal")
        elif name == "configured" and sealed:
            changed = set(event["detail"]["new"]) | set(event["detail"]["old"])
            verdict.expect(
                changed <= {"controller_firmware"}, f"{where}: {changed} changed under the seal"
            )


# --- records ---------------------------------------------------------------------------------


def check_records(
    dump: dict[str, Any], keys: list[Key], events: list[dict[str, Any]], verdict: Verdict
) -> None:
    """Every record is of the key in force at its pagination and of the firmware of that key.

    A session ends with a record, or with its key: then an event says that it was abandoned.
    """
    abandoned = {
        event["detail"]["begin_pagination"]
        for event in events
        if event["event"] == "session_abandoned"
    }
    previous = None
    is_open = None
    begun = 0
    for record in dump["records"]:
        number = record["pagination"]
        where = f"record {number}"
        if previous is not None:
            verdict.expect(number == previous + 1, f"{where} follows {previous}")
        previous = number
        marker, payload, section = record["record"].split("|")
        verdict.expect(marker == "OCMF", f"{where} is no OCMF")
        fields = json.loads(payload)
        verdict.expect(fields["PG"] == f"T{number}", f"{where} says {fields['PG']}")
        key = key_at(keys, number)
        if not verdict.expect(key is not None, f"{where}: no key was in use"):
            continue
        signature = json.loads(section)["SD"]
        verdict.expect(
            is_signed(key.public_key, payload.encode(), signature),
            f"{where} is not signed by key {key.number}",
        )
        version = f"{key.firmware}+{key.firmware_identity[:IDENTITY_DIGITS_IN_RECORDS]}"
        verdict.expect(fields["GV"] == version, f"{where} is of firmware {fields['GV']}")
        reason = fields["RD"][-1]["TX"]
        if is_open and begun in abandoned and reason == "B":
            is_open = False
        begun = number if reason == "B" else begun
        verdict.expect(
            is_open is None or is_open is (reason != "B"), f"{where}: {reason} is out of place"
        )
        is_open = reason in "BC"
    verdict.checked["records"] = len(dump["records"])


def key_at(keys: list[Key], pagination: int) -> Key | None:
    """The key that was in use when the record of that number was made."""
    for key in reversed(keys):
        ended = key.last_pagination is not None and pagination > key.last_pagination
        if pagination >= key.first_pagination:
            return None if ended else key
    return None


# --- the whole -------------------------------------------------------------------------------


def check_key_in_use(
    dump: dict[str, Any], keys: list[Key], told: list[dict[str, Any]], verdict: Verdict
) -> None:
    """The key that the module says it has is the last one that was announced."""
    announced = (None, None)
    if told and told[-1]["type"] in ("birth", "rollover"):
        announced = (keys[-1].number, keys[-1].public_key)
    in_use = (dump["key_number"], dump["public_key"])
    verdict.expect(in_use == announced, f"the key in use is {in_use}, announced is {announced}")


def check_head(dump: dict[str, Any], keys: list[Key], verdict: Verdict) -> None:
    """The signed head is this module's, over the newest event, and answers the challenge."""
    head = dump.get("head")
    if head is None:
        return
    members = read_statement(head["statement"], verdict, "the head")
    if members is None or not keys:
        return
    newest = dump["events"][-1]
    expected = {
        "challenge": head["challenge"],
        "chip_id": dump["chip_id"],
        "key_number": keys[-1].number,
        "number": newest["number"],
        "chain": newest["chain"],
    }
    found = {name: members[name] for name in expected}
    verdict.expect(found == expected, f"the head says {found}, not {expected}")
    verdict.expect(
        is_signed(
            keys[-1].public_key, STATEMENT_PREFIX + head["statement"].encode(), head["signature"]
        ),
        "the head's signature is wrong",
    )
    verdict.checked["signed head"] = 1


def judge(dump: dict[str, Any]) -> Verdict:
    """Everything, of one module."""
    verdict = Verdict()
    keys, told = check_statements(dump, verdict)
    events = check_events(dump, verdict)
    check_key_events(told, events, verdict)
    check_farewells(told, dump, verdict)
    check_states(events, verdict)
    check_records(dump, keys, events, verdict)
    check_key_in_use(dump, keys, told, verdict)
    check_head(dump, keys, verdict)
    return verdict


def main(arguments: list[str]) -> int:
    """Command line; 0 if nothing is wrong."""
    (path,) = arguments
    verdict = judge(json.loads(Path(path).read_text(encoding="ascii")))
    for finding in verdict.findings:
        print(finding)
    if not verdict.findings:
        print("; ".join(f"{count} {name}" for name, count in verdict.checked.items()), "checked")
    return 1 if verdict.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
