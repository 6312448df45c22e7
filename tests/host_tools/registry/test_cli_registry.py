"""`wattseal registry ...` against a registry that listens: answers, exit statuses, files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.registry.simulated_module import METER, SimulatedModule
from wattseal.common.errors import ToolError
from wattseal.common.files import write_private
from wattseal.registry.client import RegistryClient
from wattseal.tlog.checkpoint import Ed25519Signer

from hil.registry_process import RegistryProcess, new_registry

OPERATOR = "DE*ABC"
NOBODY = "DE*ABC*E404"
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryProcess]:
    with new_registry(tmp_path_factory.mktemp("desk") / "data") as registry:
        yield registry


@pytest.fixture
def ask(wattseal: Run, desk: RegistryProcess) -> Run:
    """As `wattseal registry`, with what everybody gives."""
    return lambda *words: wattseal("registry", *words, "--registry", desk.url)


@pytest.fixture
def change(wattseal: Run, desk: RegistryProcess) -> Run:
    """As `wattseal registry`, with the operator's access key."""
    return lambda *words: wattseal("registry", *words, *desk.options(OPERATOR))


@pytest.fixture
def rule(wattseal: Run, desk: RegistryProcess) -> Run:
    """As `wattseal registry access`, with the administrator's access key."""
    key = desk.data / "administrator.key"
    where = ("--registry", desk.url, "--access-key", key)
    return lambda *words: wattseal("registry", "access", *words, *where)


_numbers = iter(range(100))


def registered(desk: RegistryProcess) -> SimulatedModule:
    """Another module, at a charge point of its own."""
    number = next(_numbers)
    module = SimulatedModule(
        f"module {number}",
        evse_id=f"DE*ABC*E77*{number}",
        meter=METER.model_copy(update={"serial": f"1EMH00903146{number:02}"}),
        clock_ms=time.time_ns() // 1_000_000,
    )
    with desk.client(OPERATOR) as client:
        client.register(module.registration(client.challenge().challenge))
    return module


@pytest.fixture
def module(desk: RegistryProcess) -> SimulatedModule:
    return registered(desk)


# --- asking -------------------------------------------------------------------------------------


def test_eligible(ask: Run, module: SimulatedModule) -> None:
    outcome = ask("eligible", module.evse_id)
    assert outcome.status == 0
    assert "publish     yes" in outcome.out
    told = ask("eligible", module.evse_id, "--json").json
    assert (told["publish"], told["authorise"], told["reasons"]) == (True, True, [])


def test_eligible_says_no_with_reasons(ask: Run) -> None:
    outcome = ask("eligible", NOBODY)
    assert outcome.status == 1
    assert "publish     no" in outcome.out
    assert "[never_registered]" in outcome.out


@pytest.mark.parametrize("words", ["eligible", "show", "history", "key", "search"])
def test_an_answer_says_what_it_was_proven_with_and_what_was_not_checked(
    ask: Run, desk: RegistryProcess, module: SimulatedModule, words: str
) -> None:
    vkey = RegistryClient(desk.url).facts().vkey
    first = ask(words, module.evse_id)
    assert "proven by the log registry.example/keys" in first.out
    assert "it was taken at this first use" in " ".join(first.out.split())
    proof = ask(words, module.evse_id, "--json", "--vkey", vkey).json["proof"]
    assert proof["vkey"] == vkey
    assert "no witness" in " ".join(proof["not_checked"])
    assert "first use" not in " ".join(proof["not_checked"])


def test_a_search_that_finds_nothing_proves_nothing(ask: Run) -> None:
    assert "not checked" in ask("search", "NOTHING").out
    assert ask("search", "NOTHING", "--json").json["proof"] is None


def test_another_key_than_the_known_one_is_refused(
    ask: Run, desk: RegistryProcess, module: SimulatedModule
) -> None:
    vkey = RegistryClient(desk.url).facts().vkey
    other = Ed25519Signer("registry.example/keys", Ed25519PrivateKey.generate()).public.vkey
    wrong = ask("key", module.evse_id, "--vkey", other)
    assert wrong.status == 1
    assert vkey in wrong.err
    assert other in wrong.err
    assert ask("key", module.evse_id, "--vkey", vkey).status == 0
    again = ask("key", module.evse_id, "--vkey", other, "--json")
    assert again.status == 1
    assert "registry_key_changed" in again.out + again.err
    spoilt = ask("key", module.evse_id, "--vkey", "registry.example/keys")
    assert spoilt.status == 2


def test_http_to_another_computer_is_refused(wattseal: Run) -> None:
    outcome = wattseal("registry", "key", NOBODY, "--registry", "http://registry.invalid")
    assert outcome.status == 2
    assert "change what is said" in outcome.err


def test_show_and_its_past(ask: Run, module: SimulatedModule) -> None:
    told = ask("show", module.evse_id, "--json").json
    assert told["evse"]["fingerprint"] == module.fingerprint
    assert told["key"]["public_key"] == module.key.hex
    assert module.meter.serial in ask("show", module.evse_id).out
    before = ask("show", module.evse_id, "--at", "2020-01-01T00:00Z")
    assert before.status == 1
    assert "knows nothing of that" in before.err


def test_a_key_says_its_algorithm_and_how_long_it_is_valid(
    ask: Run, change: Run, module: SimulatedModule
) -> None:
    for words in ("key", "show"):
        told = ask(words, module.evse_id).out
        assert "ECDSA-secp256r1-SHA256" in told
        assert "until now" in told
    told = ask("key", module.evse_id, "--json").json["key"]
    assert told["valid_until_unix_ms"] is None
    words = ("--reason", "lost", "--note", "stolen", "--yes")
    ended = change("deactivate", module.evse_id, *words, "--json").json["unix_ms"]
    begun = timedelta(milliseconds=told["valid_from_unix_ms"])
    at = (datetime.fromtimestamp(0, UTC) + begun).isoformat()
    then = ask("key", module.evse_id, "--at", at, "--json").json["key"]
    assert (then["status"], then["valid_until_unix_ms"]) == ("active", ended)
    assert "until now" not in ask("key", module.evse_id, "--at", at).out
    assert "valid from" in ask("history", module.evse_id).out


def test_history(ask: Run, module: SimulatedModule) -> None:
    assert "registration: initial" in ask("history", module.evse_id).out
    [line] = ask("history", module.evse_id, "--json").json["records"]
    assert line["record"]["evse_id"] == module.evse_id


def test_key_is_written_for_verifiers(ask: Run, module: SimulatedModule, tmp_path: Path) -> None:
    outcome = ask("key", module.evse_id, "--out", tmp_path / "keys")
    assert outcome.status == 0
    written = (tmp_path / "keys/public-key.hex").read_text().strip()
    assert written.lower() == module.key.hex
    assert "BEGIN PUBLIC KEY" in (tmp_path / "keys/public-key.pem").read_text()
    assert ask("key", NOBODY).status == 1


def test_search(ask: Run, module: SimulatedModule) -> None:
    assert module.evse_id in ask("search", module.meter.serial).out
    assert ask("search", module.fingerprint[:12], "--json").json["keys"]
    assert ask("search", "nothing of that name").out.startswith("Nothing was found.\n")


@pytest.mark.parametrize("at", ["yesterday", "2026-11-21", "2026-11-21T10:00", ""])
def test_times_without_a_zone_are_refused(ask: Run, at: str) -> None:
    outcome = ask("show", NOBODY, "--at", at or "x")
    assert outcome.status == 2
    assert "no time with a zone" in outcome.err


@pytest.mark.parametrize("words", [("eligible", NOBODY), ("audit",)])
def test_nobody_answers(wattseal: Run, words: tuple[str, ...]) -> None:
    url = "http://127.0.0.1:1"
    options = (url,) if words[0] == "audit" else ("--registry", url)
    outcome = wattseal("registry", *words, *options)
    assert outcome.status == 2  # 1 would be an answer
    assert "does not answer" in outcome.err


# --- changing -----------------------------------------------------------------------------------


def test_deactivate_with_a_farewell(
    ask: Run, change: Run, module: SimulatedModule, tmp_path: Path
) -> None:
    farewell = module.decommission()
    file = tmp_path / "farewell.json"
    signature = farewell.signatures[0].signature
    file.write_text(json.dumps({"statement": farewell.statement, "signature": signature}))
    outcome = change("deactivate", module.evse_id, "--farewell", file, "--yes")
    assert outcome.status == 0, outcome.err
    assert "is deactivated: entry" in outcome.out
    assert "[key_deactivated]" in ask("eligible", module.evse_id).out


def test_deactivate_asks_first(change: Run, module: SimulatedModule) -> None:
    outcome = change("deactivate", module.evse_id, "--reason", "lost", "--note", "Stolen.")
    assert outcome.status == 2
    assert "--yes" in outcome.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--reason", "bored"), "reason: "),
        (("--farewell", "none.json"), "none.json cannot be read"),
        (("--note", "two\nlines"), "note: "),
    ],
)
def test_deactivations_that_cannot_be_asked_for(
    change: Run, module: SimulatedModule, words: tuple[str, ...], sentence: str
) -> None:
    outcome = change("deactivate", module.evse_id, *words, "--yes")
    assert outcome.status == 2
    assert sentence in outcome.err


def test_a_farewell_that_is_none(change: Run, module: SimulatedModule, tmp_path: Path) -> None:
    for content in ("", "[]", "{}", '{"statement":"x","signature":"00"}'):
        (tmp_path / "farewell.json").write_text(content)
        outcome = change("deactivate", module.evse_id, "--farewell", tmp_path / "farewell.json")
        assert outcome.status == 2
        assert "no farewell with its signature" in outcome.err


def test_what_the_registry_refuses(change: Run) -> None:
    outcome = change("deactivate", NOBODY, "--reason", "lost", "--note", "x", "--yes", "--json")
    assert outcome.status == 1
    assert outcome.json["error"]["detail"]["reasons"]


def test_consent(change: Run, module: SimulatedModule) -> None:
    outcome = change("consent", module.evse_id, "--to", "DE*XYZ", "--days", 7)
    assert outcome.status == 0, outcome.err
    assert "DE*XYZ may take over" in outcome.out


def test_hardware_exchange(ask: Run, change: Run, module: SimulatedModule) -> None:
    station = ("--station-model", "Example CS-2", "--station-serial", "CS0042")
    assert change("hardware-exchange", module.evse_id, *station).status == 0
    again = change("hardware-exchange", module.evse_id, *station)
    assert ", as before: entry" in again.out
    assert "Example CS-2 CS0042" in ask("history", module.evse_id).out


def test_without_an_access_key(
    wattseal: Run, desk: RegistryProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WATTSEAL_ACCESS_KEY", raising=False)
    outcome = wattseal("registry", "consent", NOBODY, "--to", "DE*XYZ", "-r", desk.url)
    assert outcome.status == 2
    assert "with an access key only" in outcome.err


# --- access keys --------------------------------------------------------------------------------


def test_access_keys_from_making_to_revoking(
    rule: Run, desk: RegistryProcess, tmp_path: Path
) -> None:
    file = tmp_path / "abc.txt"
    made = rule("create", "--operator", "de-abc", "--label", "Example", "--out", file, "--json")
    assert made.status == 0, made.err
    key_id = made.json["key_id"]
    assert made.json["access_key"] is None  # it is in the file, and nowhere else
    assert file.stat().st_mode & 0o077 == 0
    assert key_id in file.read_text()
    listed = {key["key_id"]: key for key in rule("list", "--json").json["keys"]}
    assert listed[key_id]["operators"] == [OPERATOR]
    assert key_id in rule("list").out
    assert rule("revoke", key_id).status == 0
    assert "revoked" in rule("list").out
    former = RegistryClient(desk.url, file.read_text().strip())
    with former, pytest.raises(ToolError) as refused:
        former.access_keys()
    assert refused.value.name == "registry_access_denied"


def test_access_keys_that_cannot_be_made(rule: Run, tmp_path: Path) -> None:
    file = tmp_path / "key.txt"
    assert rule("create", "--out", file).status == 2
    both = rule("create", "--operator", OPERATOR, "--administrator", "--out", file)
    assert both.status == 2
    nobody = rule("create", "--operator", "nobody", "--out", file)
    assert nobody.status == 1
    assert not file.exists()
    write_private(file, b"something else")
    assert rule("create", "--operator", OPERATOR, "--out", file).status == 1
    assert file.read_bytes() == b"something else"


def test_a_cpo_makes_no_access_keys(change: Run, tmp_path: Path) -> None:
    outcome = change("access", "create", "--operator", OPERATOR, "--out", tmp_path / "key.txt")
    assert outcome.status == 1
    assert "not an administrator's" in outcome.err


# --- the whole ----------------------------------------------------------------------------------


def test_audit_and_audit_again(
    wattseal: Run, desk: RegistryProcess, module: SimulatedModule, tmp_path: Path
) -> None:
    keep = tmp_path / "audit.json"
    first = wattseal("registry", "audit", desk.url, "--keep", keep, "--json")
    assert first.status == 0, first.out
    registered(desk)
    vkey = first.json["vkey"]
    again = wattseal("registry", "audit", desk.url, "--keep", keep, "--vkey", vkey, "--jobs", "1")
    assert again.status == 0, again.out
    assert "SOUND" in again.out
    assert f"with the checkpoint of {first.json['size']} entries" in again.out


def test_an_audit_that_finds_something(
    wattseal: Run, desk: RegistryProcess, tmp_path: Path
) -> None:
    keep = tmp_path / "audit.json"
    vkey = "registry.example/keys+00000000+AAAA"
    outcome = wattseal("registry", "audit", desk.url, "--keep", keep, "--vkey", vkey)
    assert outcome.status == 1
    assert "NOT SOUND" in outcome.out
    assert "[key_changed]" in outcome.out
    assert not keep.exists()  # what was not sound is not remembered


@pytest.mark.parametrize("form", ["json", "bnetza-csv", "ocpi"])
def test_export(ask: Run, module: SimulatedModule, tmp_path: Path, form: str) -> None:
    printed = ask("export", "--format", form)
    assert printed.status == 0, printed.err
    assert module.evse_id in printed.out
    told = ask("export", "--format", form, "--out", tmp_path / "export", "--json").json
    assert told["evses"] >= 1
    assert module.evse_id in (tmp_path / "export").read_text()


def test_export_in_another_format(ask: Run) -> None:
    outcome = ask("export", "--format", "pdf")
    assert outcome.status == 2
    assert "json, bnetza-csv or ocpi" in outcome.err


def test_backup_and_restore(wattseal: Run, desk: RegistryProcess, tmp_path: Path) -> None:
    file = tmp_path / "keys.backup"
    made = wattseal("registry", "backup", "--data", desk.data, file, "--json")
    assert made.status == 0, made.err
    back = wattseal("registry", "restore", file, "--data", tmp_path / "again")
    assert back.status == 0, back.err
    assert f"{made.json['size']} entries restored" in back.out
    with new_registry(tmp_path / "again") as again:
        audit = wattseal("registry", "audit", again.url, "--json").json
    assert (audit["sound"], audit["size"]) == (True, made.json["size"])
