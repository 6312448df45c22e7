"""The independent checker finds what was tampered with, and nothing in an honest module."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SCRIPT = Path(__file__).with_name("check_module.py")
CHIP_ID = "e66058388372a432"
VERSIONS = {"rollover": 2}
FIRMWARES = {
    1: ("0.1.0", "aa" * 32),
    2: ("0.2.0", "bb" * 32),
    3: ("0.2.0", "bb" * 32),
    4: ("0.3.0", "cc" * 32),
}


@pytest.fixture(scope="module")
def checker():
    spec = importlib.util.spec_from_file_location("check_module", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_module"] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["check_module"]


class FakeModule:
    """Makes what a module would tell, with keys of its own."""

    def __init__(self):
        self.keys = {}
        self.statements, self.events, self.records = [], [], []
        self.chain = bytes(32)
        self.key_number = None

    def key(self, number):
        if number not in self.keys:
            self.keys[number] = ec.generate_private_key(ec.SECP256R1())
        return self.keys[number]

    def public(self, number):
        spki = self.key(number).public_key()
        return spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()

    def sign(self, number, data):
        return self.key(number).sign(data, ec.ECDSA(SHA256())).hex()

    def log(self, event, unix_ms=None, **detail):
        number = len(self.events) + 1
        entry = json.dumps(
            {"number": number, "unix_ms": unix_ms, "event": event, "detail": detail},
            separators=(",", ":"),
        )
        self.chain = hashlib.sha256(self.chain + entry.encode()).digest()
        self.events.append({"number": number, "entry": entry, "chain": self.chain.hex()})

    def state(self, kind, signers, event, **facts):
        number = facts["key_number"]
        text = json.dumps(
            {"type": kind, "version": VERSIONS.get(kind, 1), **facts}, separators=(",", ":")
        )
        signed = b"wattseal.statement.v1\n" + text.encode()
        self.statements.append(
            {
                "number": len(self.statements) + 1,
                "statement": text,
                "signatures": [
                    {"key_number": signer, "signature": self.sign(signer, signed)}
                    for signer in signers
                ],
            }
        )
        fingerprint = hashlib.sha256(bytes.fromhex(self.public(number))).hexdigest()
        self.log(event, key_number=number, sha256=fingerprint)

    def facts(self, number):
        return {
            "key_number": number,
            "public_key": self.public(number),
            "firmware": FIRMWARES[number][0],
            "firmware_identity": FIRMWARES[number][1],
            "rollback_number": 1,
            "last_pagination": len(self.records),
            "after_unix_ms": None,
        }

    def bear(self, number):
        self.state("birth", [number], "key_made", chip_id=CHIP_ID, **self.facts(number))
        self.key_number = number

    def roll_over(self, number):
        old = number - 1
        self.state(
            "rollover",
            [old, number],
            "key_changed",
            chip_id=CHIP_ID,
            old_key_number=old,
            old_public_key=self.public(old),
            old_firmware_identity=FIRMWARES[old][1],
            handover=None,
            handover_sha256=None,
            **self.facts(number),
        )
        self.key_number = number

    def update(self, number, **changes):
        """The key is handed over; the image makes the next one."""
        old = self.key_number
        firmware, identity = FIRMWARES[number]
        self.end_key(
            "handover",
            "key_handed_over",
            old,
            next_firmware=firmware,
            next_firmware_identity=identity,
            next_rollback_number=1,
            commissioning=1,
        )
        named = {
            "handover": len(self.statements),
            "handover_sha256": hashlib.sha256(
                self.statements[-1]["statement"].encode()
            ).hexdigest(),
        }
        self.state(
            "rollover",
            [number],
            "key_changed",
            chip_id=CHIP_ID,
            old_key_number=old,
            old_public_key=self.public(old),
            old_firmware_identity=FIRMWARES[old][1],
            **{**named, **changes},
            **self.facts(number),
        )
        self.key_number = number

    def say_farewell(self, number=None):
        self.end_key("farewell", "decommissioned", number or self.key_number)

    def end_key(self, kind, event, number, **more):
        self.state(
            kind,
            [number],
            event,
            chip_id=CHIP_ID,
            key_number=number,
            public_key=self.public(number),
            firmware_identity=FIRMWARES[number][1],
            **more,
            last_pagination=len(self.records),
            unix_ms=None,
            event_number=len(self.events),
            event_chain=self.chain.hex(),
        )
        self.key_number = None

    def record(self, reason, signer=None):
        number = len(self.records) + 1
        version, identity = FIRMWARES[self.key_number]
        payload = json.dumps(
            {"PG": f"T{number}", "GV": f"{version}+{identity[:16]}", "RD": [{"TX": reason}]}
        )
        section = json.dumps({"SD": self.sign(signer or self.key_number, payload.encode())})
        self.records.append({"pagination": number, "record": f"OCMF|{payload}|{section}"})

    def head(self):
        text = json.dumps(
            {
                "type": "event_head",
                "version": 1,
                "challenge": "00" * 16,
                "chip_id": CHIP_ID,
                "key_number": self.key_number,
                "number": len(self.events),
                "chain": self.chain.hex(),
                "unix_ms": None,
            },
            separators=(",", ":"),
        )
        signature = self.sign(self.key_number, b"wattseal.statement.v1\n" + text.encode())
        return {"challenge": "00" * 16, "statement": text, "signature": signature}

    def dump(self):
        return {
            "chip_id": CHIP_ID,
            "key_number": self.key_number,
            "public_key": self.public(self.key_number) if self.key_number else None,
            "statements": self.statements,
            "events": self.events,
            "records": self.records,
            "head": self.head() if self.key_number else None,
        }


def lived():
    """A module with an update, a cut session across it, a decommissioning and a new life."""
    module = FakeModule()
    module.log("started")
    module.bear(1)
    module.log("configured", old={}, new={"gateway_id": "x"})
    module.log("sealed")
    module.log("published")
    module.record("B")
    module.record("E")
    module.record("B")
    module.roll_over(2)
    module.record("P")
    module.log("unsealed")
    module.log("configured", old={}, new={"gateway_id": "y"})
    module.log("sealed")
    module.say_farewell()
    module.log("started")
    module.bear(3)
    return module


def findings(checker, dump):
    return checker.judge(dump).findings


def test_an_honest_module_is_in_order(checker):
    module = lived()
    assert findings(checker, module.dump()) == []
    module.record("B")
    module.record("E")
    assert findings(checker, module.dump()) == []
    module.say_farewell()
    assert findings(checker, module.dump()) == []


def change_statement(position, **facts):
    def tamper(dump):
        entry = dump["statements"][position - 1]
        members = {**json.loads(entry["statement"]), **facts}
        entry["statement"] = json.dumps(members, separators=(",", ":"))

    return tamper


def change_event(position, **facts):
    def tamper(dump):
        entry = dump["events"][position - 1]
        entry["entry"] = json.dumps({**json.loads(entry["entry"]), **facts})

    return tamper


def drop(name, index):
    return lambda dump: dump[name].pop(index)


def swap_signatures(dump):
    dump["statements"][1]["signatures"].reverse()


def only_one_signature(dump):
    dump["statements"][1]["signatures"].pop(0)


def other_key(dump):
    dump["public_key"] = FakeModule().public(1)


def respell(dump):
    entry = dump["statements"][0]
    entry["statement"] = json.dumps(json.loads(entry["statement"]))


def cut_log(dump):
    dump["events"] = dump["events"][:-1]


def old_head(dump):
    dump["head"] = {**dump["head"], "challenge": "11" * 16}


@pytest.mark.parametrize(
    ("tamper", "finding"),
    [
        (change_statement(1, last_pagination=5), "signature of key 1 is wrong"),
        (change_statement(2, chip_id="00" * 8), "another chip"),
        (change_statement(2, rollback_number=0), "rollback_number went back"),
        (change_statement(2, firmware_identity="aa" * 32), "for the same firmware"),
        (change_statement(2, old_key_number=7), "the old key is not the one in use"),
        (change_statement(1, type="possession"), "of no known type"),
        (change_statement(1, more=1), "not the members"),
        (respell, "spelt in another way"),
        (swap_signatures, "signed by keys"),
        (only_one_signature, "signed by keys"),
        (drop("statements", 0), "is numbered 2"),
        (drop("statements", 3), "announced is"),
        (drop("events", 3), "stands where 4 is due"),
        (change_event(3, event="started"), "the chain is broken"),
        (change_event(3, number=4), "says another number"),
        (cut_log, "the key events"),
        (drop("records", 1), "follows 1"),
        (other_key, "the key in use"),
        (old_head, "the head says"),
    ],
)
def test_what_was_tampered_with_is_found(checker, tamper, finding):
    dump = json.loads(json.dumps(lived().dump()))
    tamper(dump)
    assert any(finding in found for found in findings(checker, dump)), findings(checker, dump)


def test_a_module_that_was_updated_is_in_order(checker):
    module = lived()
    module.update(4)
    assert findings(checker, module.dump()) == []


@pytest.mark.parametrize(
    ("live", "finding"),
    [
        (lambda m: m.roll_over(2), "the old key is not the one in use"),
        (lambda m: m.bear(3), "a birth after a birth"),
        (lambda m: m.update(4, handover=1), "names the hand-over"),
        (lambda m: m.update(4, handover_sha256="00" * 32), "names the hand-over"),
        (lambda m: m.update(4, handover=None, handover_sha256=None), "names the hand-over"),
        (lambda m: (m.say_farewell(), m.say_farewell(3)), "a farewell after a farewell"),
        (lambda m: m.record("B", signer=1), "is not signed by key 3"),
        (lambda m: m.record("E"), "E is out of place"),
        (lambda m: m.log("key_made", key_number=9, sha256=""), "are not the statements"),
        (lambda m: m.log("published"), "published without a seal"),
        (lambda m: (m.log("sealed"), m.log("sealed")), "sealed twice"),
        (
            lambda m: (m.log("sealed"), m.log("configured", old={}, new={"line": 1})),
            "under the seal",
        ),
        (lambda m: m.log("events_archived", through=2, chain="00" * 32), "not the chain"),
    ],
)
def test_what_a_module_must_not_do_is_found(checker, live, finding):
    module = lived()
    live(module)
    dump = module.dump()
    assert any(finding in found for found in findings(checker, dump)), findings(checker, dump)


HOUR_MS = 3_600_000


def at_times(*times):
    """Changes of a setting at these times, after a start."""
    module = lived()
    module.log("started", hedged=True)
    for unix_ms in times:
        module.log("configured", unix_ms, old={}, new={"controller_firmware": "1"})
    return module


def test_a_clock_that_went_back_is_found_but_for_seconds_that_no_event_tells(checker):
    assert findings(checker, at_times(HOUR_MS, HOUR_MS - 20_000).dump()) == []
    dump = at_times(HOUR_MS, HOUR_MS - 15_000, HOUR_MS - 30_000).dump()
    assert any("is before its past" in found for found in findings(checker, dump))
    dump = at_times(HOUR_MS, HOUR_MS - 20_001).dump()
    assert any("is before its past" in found for found in findings(checker, dump))
    module = at_times(HOUR_MS)
    module.log("time_set", 0, old=HOUR_MS, new=0, utc_offset_min=0, source="informative")
    assert findings(checker, module.dump()) == []


def test_a_gap_at_the_start_needs_an_event_that_allows_it(checker):
    module = lived()
    dump = module.dump()
    dump["events"] = dump["events"][3:]
    assert any("no event says" in found for found in findings(checker, dump))
    module.log("events_archived", through=3, chain=module.events[2]["chain"])
    dump = module.dump()
    dump["archived_events"], dump["events"] = dump["events"][:3], dump["events"][3:]
    assert findings(checker, dump) == []
    dump["archived_events"][1]["entry"] += " "
    assert any("the chain is broken" in found for found in findings(checker, dump))
    del dump["archived_events"]
    assert findings(checker, dump) == []


@pytest.mark.parametrize("is_told", [True, False])
def test_a_session_without_an_end_needs_an_event_that_says_so(checker, is_told):
    module = FakeModule()
    module.bear(1)
    module.record("B")
    module.say_farewell()
    if is_told:
        module.log("session_abandoned", begin_pagination=1)
    module.bear(2)
    module.record("B")
    found = findings(checker, module.dump())
    assert found == ([] if is_told else ["record 2: B is out of place"])


def test_it_is_a_program_that_tells_what_it_found(tmp_path):
    path = tmp_path / "module.json"
    dump = lived().dump()
    command = [sys.executable, "-I", str(SCRIPT), str(path)]
    path.write_text(json.dumps(dump))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "4 statements; 12 events; 4 records; 1 signed head checked\n"
    dump["events"].pop(2)
    path.write_text(json.dumps(dump))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "event 4 stands where 3 is due" in done.stdout


def test_it_shares_no_code_with_what_it_judges():
    text = SCRIPT.read_text()
    imported = {
        line.split()[1].split(".")[0]
        for line in text.splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported <= {
        "hashlib",
        "json",
        "sys",
        "dataclasses",
        "pathlib",
        "typing",
        "cryptography",
    }
