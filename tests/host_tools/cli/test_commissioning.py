"""From an open module to an operational one and on to its end, and what is refused on the way."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.device import fake_module as faults
from support.device.fake_key_life import CHIP_ID, OWNER, REGISTRY, SETTINGS
from support.device.fake_module import FakeModule
from support.device.signer import signer
from wattseal.common.files import write_private
from wattseal.ocmf.public_key import read_public_key
from wattseal.tlog.checkpoint import Checkpoint, EcdsaSigner, sign_note
from wattseal.wire import publication, statements
from wattseal.wire.errors import WattsealError

from hil import transparency_log as tree

Run = Callable[..., object]
CHALLENGE = "5a" * 32
PASSWORD = "correct horse battery"  # noqa: S105


def _refused(outcome: object, words: str, status: int = 1) -> None:
    assert (outcome.status, outcome.out) == (status, "")
    [line] = outcome.err.splitlines()
    assert words in line


@pytest.fixture
def proof(module: FakeModule) -> dict:
    """What a registry with two other entries answers."""
    leaf = publication.build_leaf(
        evse_id=SETTINGS["charge_point_id"],
        gateway_serial=SETTINGS["gateway_serial"],
        meter_serial=SETTINGS["meter_serial"],
        chip_id=CHIP_ID,
        key_number=1,
        public_key=module.signer.public.spki.hex(),
        firmware_identity=module.identity,
        commissioning=2,
        settings_sha256="5e" * 32,
        unix_ms=1,
        details="00" * 32,
    )
    hashes = [tree.leaf_hash(entry) for entry in (b"a", leaf.encode(), b"c")]
    checkpoint = Checkpoint(SETTINGS["registry_name"], 3, tree.root(hashes))
    return {
        "checkpoint": sign_note(
            checkpoint.text, [EcdsaSigner(checkpoint.origin, REGISTRY.private)]
        ),
        "leaf": leaf,
        "leaf_index": 1,
        "proof": [one.hex() for one in tree.inclusion_proof(hashes, 1)],
    }


class TestStatus:
    def _lines(self, on_module: Run) -> list[str]:
        outcome = on_module("device", "status")
        assert outcome.status == 0
        return outcome.out.splitlines()

    def test_operational(self, on_module: Run) -> None:
        lines = self._lines(on_module)
        assert lines[0] == "OPERATIONAL: The module is commissioned and ready to sign sessions."
        assert lines[-1] == "next        nothing to do"
        assert "seal        closed, commissioning 1" in lines
        assert "published   proven, entry 4 of a log of 5" in lines

    def test_session(self, on_module: Run) -> None:
        on_module("session", "begin")
        assert self._lines(on_module)[0].endswith("a session is open.")

    def test_operational_but_not_able_to_begin(self, on_module: Run, module: FakeModule) -> None:
        module.clock_ms, module.log_full = None, True
        lines = self._lines(on_module)
        assert lines[0].endswith("cannot begin a session yet.")
        assert lines[-2] == "next        1. Set the clock: `wattseal device time`."
        assert "archive-events" in lines[-1]
        assert any("FULL" in line for line in lines)

    @pytest.mark.parametrize("name", list(SETTINGS))
    def test_each_missing_setting_names_its_option(
        self, on_module: Run, wattseal: Run, module: FakeModule, name: str
    ) -> None:
        module.open_seal()
        del module.settings[name]
        lines = self._lines(on_module)
        assert "not complete" in lines[0]
        option = f"--{name.replace('_', '-')}"
        assert lines[-2].split()[0] == option
        assert lines[-1].endswith("`wattseal device seal`.")
        assert option in wattseal("device", "configure", "--help").out

    def test_ready_to_be_sealed(self, on_module: Run, module: FakeModule) -> None:
        module.open_seal()
        assert self._lines(on_module)[-1].endswith("Close the seal: `wattseal device seal`.")

    def test_sealed_but_not_published(self, on_module: Run, module: FakeModule) -> None:
        module.publication = None
        lines = self._lines(on_module)
        assert lines[0].startswith("UNREGISTERED: The module is sealed")
        assert "wattseal device prove --challenge" in lines[-2]
        assert "wattseal device publish FILE" in lines[-1]

    def test_blank(self, on_module: Run, module: FakeModule) -> None:
        module.has_key = False
        lines = self._lines(on_module)
        assert lines[0].startswith("BLANK: The module was decommissioned")
        assert "Switch it off and on" in lines[-1]

    def test_update_that_does_not_run_yet(self, on_module: Run, module: FakeModule) -> None:
        module.has_key = False
        module.update = {"firmware": "0.2.0", "firmware_identity": "00" * 32}
        lines = self._lines(on_module)
        assert "has given its key up for firmware 0.2.0" in lines[0]
        assert "wattseal firmware update" in lines[-2]
        assert "wattseal device cancel-update" in lines[-1]

    def test_json_holds_the_advice(self, on_module: Run, module: FakeModule) -> None:
        module.open_seal()
        advice = on_module("device", "status", "--json").json["advice"]
        assert advice["meaning"].startswith("All settings are there")
        assert len(advice["steps"]) == 2


class TestConfigureKeys:
    @pytest.mark.parametrize("option", ["owner-key", "registry-key"])
    def test_keys_are_taken_as_hex_and_as_files(
        self, on_module: Run, module: FakeModule, tmp_path: Path, option: str
    ) -> None:
        module.open_seal()
        key = signer(seed=77).public
        (tmp_path / "key.pem").write_text(key.pem)
        for given in (key.hex, tmp_path / "key.pem"):
            module.settings.pop(option.replace("-", "_"), None)
            assert on_module("device", "configure", f"--{option}", given).status == 0
            assert module.settings[option.replace("-", "_")] == key.spki.hex()
            assert key.fingerprint in on_module("device", "configure").out

    def test_what_is_no_key(self, on_module: Run, module: FakeModule) -> None:
        module.open_seal()
        off_curve = OWNER.public.hex[:-2] + "00"
        for given in ("xyz!", off_curve, "none.pem"):
            outcome = on_module("device", "configure", "--owner-key", given)
            _refused(outcome, "--owner-key cannot be read", 2)
        other = signer("secp384r1").public.hex
        _refused(on_module("device", "configure", "--owner-key", other), "owner_key must be", 2)

    def test_sealed_settings_say_who_can_open_them(
        self, on_module: Run, module: FakeModule
    ) -> None:
        outcome = on_module("device", "configure", "--meter-serial", "9")
        _refused(outcome, "`wattseal device unseal`")
        assert module.settings == SETTINGS


class TestSealAndPublish:
    def test_seal(self, on_module: Run, module: FakeModule) -> None:
        module.open_seal()
        outcome = on_module("device", "seal")
        assert "Sealed, commissioning 2." in outcome.out
        assert "itself told the serial number" in outcome.out
        assert "wattseal device prove" in outcome.out
        assert module.sealed

    def test_a_meter_that_cannot_tell(self, on_module: Run, module: FakeModule) -> None:
        module.open_seal()
        module.meter_tells_serial = False
        assert "compare its label once more" in on_module("device", "seal").out

    def test_incomplete(self, on_module: Run, module: FakeModule) -> None:
        module.open_seal()
        del module.settings["owner_key"]
        _refused(on_module("device", "seal"), "missing: owner_key")

    def test_lost_answer_is_told_as_such(self, on_module: Run, module: FakeModule) -> None:
        module.open_seal()
        module.faults["seal"] = [faults.silence]
        _refused(on_module("device", "seal", timeout=0.2), "whether the module has done it")

    def test_proof_of_possession(self, on_module: Run, module: FakeModule, tmp_path: Path) -> None:
        outcome = on_module("device", "prove", "--challenge", CHALLENGE, "--out", tmp_path / "r")
        assert outcome.status == 0
        answer = json.loads((tmp_path / "r" / "possession.json").read_text())
        members = statements.read_statement(answer["statement"])
        assert (members["challenge"], members["evse_id"]) == (CHALLENGE, "DE*WTS*E0017")
        signature = bytes.fromhex(answer["signature"])
        assert module.signer.public.verify(statements.signed_bytes(answer["statement"]), signature)
        shown = on_module("device", "prove", "--challenge", CHALLENGE)
        assert json.loads(shown.out.splitlines()[-1])["statement"]

    @pytest.mark.parametrize("challenge", ["", "5a", "zz" * 16, "AB" * 16, "5a" * 65])
    def test_challenge_that_is_none(self, on_module: Run, challenge: str) -> None:
        _refused(on_module("device", "prove", "--challenge", challenge), "challenge must be", 2)

    @pytest.mark.parametrize("what", ["replayed", "forged", "other key", "other kind", "no text"])
    def test_an_answer_that_does_not_hold(
        self, on_module: Run, module: FakeModule, tmp_path: Path, what: str
    ) -> None:
        answer = module._prove({"challenge": "00" * 32 if what == "replayed" else CHALLENGE})
        if what == "forged":
            answer["statement"] = answer["statement"].replace("E0017", "E0018")
        if what == "other key":
            message = statements.signed_bytes(answer["statement"])
            answer["signature"] = signer(seed=9).sign(message).hex()
        if what == "other kind":
            answer = module._event_head({"challenge": CHALLENGE})
        if what == "no text":
            answer["statement"] = "{}"
        module.faults["prove"] = [faults.replaced(answer)]
        outcome = on_module("device", "prove", "--challenge", CHALLENGE, "--out", tmp_path / "r")
        _refused(outcome, "signed answer to prove does not hold")
        assert not (tmp_path / "r" / "possession.json").exists()

    def test_publish(self, on_module: Run, module: FakeModule, proof: dict, tmp_path: Path) -> None:
        module.publication = None
        (tmp_path / "p.json").write_text(json.dumps(proof))
        outcome = on_module("device", "publish", tmp_path / "p.json")
        assert "Published: the module is operational." in outcome.out
        assert "entry       1 of a log of 3" in outcome.out
        assert module.state == "operational"

    def test_a_note_with_many_witnesses_is_cut_to_the_registrys_line(
        self, on_module: Run, module: FakeModule, proof: dict, tmp_path: Path
    ) -> None:
        note = proof["checkpoint"]
        text = note.partition("\n\n")[0] + "\n"
        witnesses = [EcdsaSigner(f"witness{n}.example", signer(seed=n).private) for n in range(8)]
        foreign = sign_note(text, witnesses).partition("\n\n")[2]
        proof["checkpoint"] = note + foreign
        assert len(proof["checkpoint"].encode()) > 700
        (tmp_path / "p.json").write_text(json.dumps(proof))
        sent = []
        honest = module._accept_publication
        module._accept_publication = lambda params: sent.append(params) or honest(params)
        assert on_module("device", "publish", tmp_path / "p.json").status == 0
        assert bytes.fromhex(sent[0]["checkpoint"]).decode() == note

    @pytest.mark.parametrize("checkpoint", ["x" * 800, "a\n\n" + "\u2014 b AAAAAAAA\n" * 60])
    def test_a_long_note_that_cannot_be_cut_is_refused(
        self, on_module: Run, module: FakeModule, proof: dict, tmp_path: Path, checkpoint: str
    ) -> None:
        proof["checkpoint"] = checkpoint
        (tmp_path / "p.json").write_text(json.dumps(proof))
        outcome = on_module("device", "publish", tmp_path / "p.json")
        _refused(outcome, "checkpoint must be", 2)
        assert "accept_publication" not in module.calls

    def test_the_modules_cause_is_shown(
        self, on_module: Run, module: FakeModule, proof: dict, tmp_path: Path
    ) -> None:
        proof["leaf"] = proof["leaf"].replace(module.signer.public.spki.hex(), "00" * 91)
        (tmp_path / "p.json").write_text(json.dumps(proof))
        outcome = on_module("device", "publish", tmp_path / "p.json")
        _refused(outcome, "public_key is not this module's")
        assert "wattseal device prove" in outcome.err

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"checkpoint": "short"}, "checkpoint"),
            ({"checkpoint": "x" * 8193}, "checkpoint"),
            ({"checkpoint": 5}, "checkpoint"),
            ({"leaf": ""}, "leaf"),
            ({"leaf": "x" * 1001}, "leaf"),
            ({"leaf_index": -1}, "leaf_index"),
            ({"leaf_index": 1.0}, "leaf_index"),
            ({"leaf_index": "1"}, "leaf_index"),
            ({"proof": ["00"]}, "proof.0"),
            ({"proof": ["zz" * 32]}, "proof.0"),
            ({"proof": ["00" * 32] * 33}, "proof"),
            ({"more": 1}, "more"),
        ],
    )
    def test_a_file_that_is_no_proof(
        self, on_module: Run, module: FakeModule, proof: dict, tmp_path: Path,
        changes: dict, words: str,
    ) -> None:  # fmt: skip
        (tmp_path / "p.json").write_text(json.dumps({**proof, **changes}))
        outcome = on_module("device", "publish", tmp_path / "p.json")
        _refused(outcome, f"is no proof of publication: {words}", 2)
        assert module.calls == []

    @pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b" " * 70_000, b"[" * 5000])
    def test_a_file_that_is_nothing(self, on_module: Run, tmp_path: Path, text: bytes) -> None:
        (tmp_path / "p.json").write_bytes(text)
        outcome = on_module("device", "publish", tmp_path / "p.json")
        _refused(outcome, "is no proof of publication", 2)

    def test_missing_file(self, on_module: Run, tmp_path: Path) -> None:
        _refused(on_module("device", "publish", tmp_path / "none"), "cannot be read", 2)


class TestOwnersPermission:
    def test_unseal_in_one_go(
        self, on_module: Run, module: FakeModule, owner_key: Path, password_file: Path
    ) -> None:
        outcome = on_module(
            "device", "unseal", "--owner-key", owner_key, "--password-file", password_file
        )
        assert outcome.out.startswith("The seal is open.")
        assert not module.sealed

    def test_unseal_in_two(
        self, on_module: Run, wattseal: Run, module: FakeModule, owner_key: Path,
        password_file: Path, tmp_path: Path,
    ) -> None:  # fmt: skip
        asked = on_module("device", "challenge", "unseal")
        assert "may open the seal" in asked.err
        (tmp_path / "challenge").write_text(asked.out)
        for given in (asked.out, tmp_path / "challenge"):
            signed = wattseal(
                "owner", "sign", owner_key, "--challenge", given, "--password-file", password_file
            )
            assert signed.status == 0
            assert f"Module {CHIP_ID} may open the seal" in signed.err
        assert on_module("device", "unseal", "--signature", signed.out.strip()).status == 0
        assert not module.sealed

    def test_an_answer_counts_once(self, on_module: Run, wattseal: Run, module: FakeModule) -> None:
        asked = on_module("device", "challenge", "unseal").out.strip()
        signature = OWNER.sign(b"wattseal.owner.v1\n" + asked.encode()).hex()
        assert on_module("device", "unseal", "--signature", signature).status == 0
        module.sealed = True
        _refused(on_module("device", "unseal", "--signature", signature), "No challenge")

    def test_a_wrong_signature(self, on_module: Run, module: FakeModule) -> None:
        on_module("device", "challenge", "unseal")
        wrong = signer(seed=9).sign(b"x").hex()
        _refused(on_module("device", "unseal", "--signature", wrong), "not the owner key's")
        assert module.sealed

    def test_the_wrong_key_file_costs_no_attempt(
        self, on_module: Run, module: FakeModule, owner_key: Path, password_file: Path
    ) -> None:
        module.settings["owner_key"] = signer(seed=9).public.spki.hex()
        outcome = on_module(
            "device", "unseal", "--owner-key", owner_key, "--password-file", password_file
        )
        _refused(outcome, "is not the owner key that the module knows")
        assert "challenge" not in module.calls

    def test_wrong_password_reaches_no_port(
        self, on_module: Run, module: FakeModule, owner_key: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WATTSEAL_OWNER_PASSWORD", "a wrong password")
        outcome = on_module("device", "unseal", "--owner-key", owner_key)
        _refused(outcome, "The password does not open")
        assert "a wrong password" not in outcome.err
        assert module.calls == []

    def test_a_challenge_for_another_action_is_not_signed(
        self, on_module: Run, module: FakeModule, owner_key: Path, password_file: Path
    ) -> None:
        other = module._challenge({"action": "decommission"})
        module.faults["challenge"] = [faults.replaced(other)]
        outcome = on_module(
            "device", "unseal", "--owner-key", owner_key, "--password-file", password_file
        )
        _refused(outcome, "it is for another module or action", 2)
        assert "unseal" not in module.calls

    @pytest.mark.parametrize("command", ["unseal", "decommission"])
    @pytest.mark.parametrize("both", [True, False])
    def test_one_way_of_permitting_is_needed(
        self, on_module: Run, module: FakeModule, tmp_path: Path, command: str, both: bool
    ) -> None:
        given = ["--signature", "30" * 8, "--owner-key", tmp_path / "k"] if both else []
        given += ["--yes"] if command == "decommission" else []
        _refused(on_module("device", command, *given), "The owner has to permit that", 2)
        assert module.calls == []

    def test_a_wait_is_told(self, on_module: Run, module: FakeModule) -> None:
        module.refuse["unseal"] = WattsealError("too_often", wait_s=120)
        _refused(on_module("device", "unseal", "--signature", "30" * 8), "wait_s: 120")


class TestMeterThatIsNotAsBefore:
    def test_session_is_closed(
        self, on_module: Run, module: FakeModule, owner_key: Path, password_file: Path
    ) -> None:
        begun = on_module("session", "begin", "--json").json["record"]
        outcome = on_module(
            "device", "close-session", "--owner-key", owner_key, "--password-file", password_file
        )
        assert outcome.status == 0, outcome.err
        assert f"T{begun['pagination'] + 1} ends the session without a reading" in outcome.out
        assert module.session is None

    def test_session_is_closed_in_two_steps(
        self, on_module: Run, wattseal: Run, owner_key: Path, password_file: Path
    ) -> None:
        begun = on_module("session", "begin", "--json").json["record"]
        asked = on_module("device", "challenge", "close-session")
        assert "end its open session without a reading" in asked.err
        assert f"(begin record T{begun['pagination']})" in asked.err
        signed = wattseal(
            "owner", "sign", owner_key, "--challenge", asked.out.strip(),
            "--password-file", password_file,
        )  # fmt: skip
        given = ("--signature", signed.out.strip(), "--json")
        closed = on_module("device", "close-session", *given).json
        assert closed["begin_pagination"] == begun["pagination"]

    def test_lower_meter_is_accepted(
        self, on_module: Run, owner_key: Path, password_file: Path
    ) -> None:
        outcome = on_module(
            "device", "accept-meter", "--owner-key", owner_key, "--password-file", password_file
        )
        assert outcome.status == 0, outcome.err
        assert "Was 1556.356 kWh, counts on from 0.012 kWh." in outcome.out

    def test_refusals_name_the_commands(self, on_module: Run, module: FakeModule) -> None:
        for name in ("session_open", "recovery_pending", "meter_went_backwards"):
            module.refuse["configure"] = WattsealError(name)
            _refused(on_module("device", "configure", "--gateway-id", "x"), "close-session")


class TestDecommission:
    def test_farewell_is_kept_and_the_key_gone(
        self, on_module: Run, module: FakeModule, owner_key: Path, password_file: Path,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        key = module.signer.public
        outcome = on_module(
            "device", "decommission", "--owner-key", owner_key, "--password-file", password_file,
            "--out", tmp_path / "end", "--yes",
        )  # fmt: skip
        assert outcome.status == 0, outcome.err
        assert "Decommissioned: key 1 is erased." in outcome.out
        assert "Switch it off and on" in outcome.out
        farewell = json.loads((tmp_path / "end" / "farewell.json").read_text())
        assert statements.read_statement(farewell["statement"])["type"] == "farewell"
        message = statements.signed_bytes(farewell["statement"])
        assert key.verify(message, bytes.fromhex(farewell["signature"]))
        assert module.state == "blank"
        assert on_module("device", "statements").status == 0

    def test_key_that_is_not_whole_says_no_farewell(
        self, on_module: Run, module: FakeModule, owner_key: Path, password_file: Path,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        module.key_is_whole = False
        outcome = on_module(
            "device", "decommission", "--owner-key", owner_key, "--password-file", password_file,
            "--out", tmp_path / "end", "--yes",
        )  # fmt: skip
        assert outcome.status == 0, outcome.err
        assert "All keys are erased. None was whole, so there is no farewell." in outcome.out
        assert list((tmp_path / "end").iterdir()) == []

    def test_it_asks_first(self, on_module: Run, module: FakeModule, owner_key: Path) -> None:
        outcome = on_module("device", "decommission", "--owner-key", owner_key)
        _refused(outcome, "Give --yes", 2)
        assert module.calls == []


class TestOwnerKeys:
    def test_create_show_and_no_overwriting(
        self, wattseal: Run, tmp_path: Path, password_file: Path
    ) -> None:
        path = tmp_path / "new.pem"
        made = wattseal("owner", "create", path, "--password-file", password_file, "--json").json
        assert path.stat().st_mode & 0o777 == 0o600
        shown = wattseal("owner", "show", path, "--password-file", password_file, "--json").json
        assert shown == made
        assert read_public_key(made["public_key"]).fingerprint == made["sha256"]
        again = wattseal("owner", "create", path, "--password-file", password_file)
        _refused(again, "holds other data already")

    def test_the_public_half_is_written_where_a_station_file_can_name_it(
        self, wattseal: Run, tmp_path: Path, password_file: Path
    ) -> None:
        path, public, other = (tmp_path / name for name in ("new.pem", "public.pem", "other.pem"))
        other.write_text("a file of something else")
        words = ("--password-file", password_file, "--out")
        _refused(wattseal("owner", "create", path, *words, other), "holds other data already")
        assert not path.exists()
        made = wattseal("owner", "create", path, *words, public, "--json").json
        assert read_public_key(public.read_text()).fingerprint == made["sha256"]
        assert "PRIVATE" not in public.read_text()
        assert wattseal("owner", "show", path, *words, public).status == 0  # the same again
        _refused(wattseal("owner", "show", path, *words, other), "holds other data already")
        assert other.read_text() == "a file of something else"

    def test_weak_password(
        self, wattseal: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WATTSEAL_OWNER_PASSWORD", "tooshort123")
        outcome = wattseal("owner", "create", tmp_path / "k.pem")
        _refused(outcome, "shorter than 12", 2)
        assert "tooshort123" not in outcome.err
        assert not (tmp_path / "k.pem").exists()

    def test_password_that_is_no_text(
        self, wattseal: Run, owner_key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secret = b"secret\xffsecret\xff"
        monkeypatch.setenv("WATTSEAL_OWNER_PASSWORD", secret.decode("utf-8", "surrogateescape"))
        outcome = wattseal("owner", "show", owner_key)
        _refused(outcome, "is not UTF-8", 2)
        assert "udcff" not in outcome.err
        write_private(tmp_path / "pw", secret)
        outcome = wattseal("owner", "show", owner_key, "--password-file", tmp_path / "pw")
        _refused(outcome, "its first line is not UTF-8", 2)
        assert "secret\\" not in outcome.err

    def test_no_terminal_to_ask_on(self, wattseal: Run, owner_key: Path, tmp_path: Path) -> None:
        for command in (["create", tmp_path / "new.pem"], ["show", owner_key]):
            _refused(wattseal("owner", *command), "no terminal to ask for the password", 2)

    def test_password_file_that_others_can_read(
        self, wattseal: Run, owner_key: Path, password_file: Path
    ) -> None:
        password_file.chmod(0o644)
        outcome = wattseal("owner", "show", owner_key, "--password-file", password_file)
        _refused(outcome, "other users of this computer can read it")

    def test_key_file_that_others_can_read(
        self, wattseal: Run, owner_key: Path, password_file: Path
    ) -> None:
        owner_key.chmod(0o644)
        outcome = wattseal("owner", "show", owner_key, "--password-file", password_file)
        _refused(outcome, "other users of this computer can read it")

    def test_an_unlocked_key_is_no_owners_key(self, wattseal: Run, tmp_path: Path) -> None:
        path = tmp_path / "plain.pem"
        path.write_bytes(OWNER.pem())
        path.chmod(0o600)
        _refused(wattseal("owner", "show", path), "is not protected by a password")

    @pytest.mark.parametrize(
        "challenge",
        [
            "{}",
            '{"type":"owner"}',
            '{"meter":"reading"}',
            '{"type":"owner","version":1,"action":"erase","chip_id":"e6614864d3417c2f",'
            '"nonce":"' + "00" * 32 + '","event_number":1}',
            '{"FV":"1.3"}',
        ],
    )
    def test_nothing_but_challenges_is_signed(
        self, wattseal: Run, owner_key: Path, password_file: Path, challenge: str
    ) -> None:
        outcome = wattseal(
            "owner", "sign", owner_key, "--challenge", challenge, "--password-file", password_file
        )
        _refused(outcome, "no challenge of a module", 2)

    def test_challenge_file_missing_or_binary(
        self, wattseal: Run, owner_key: Path, tmp_path: Path
    ) -> None:
        outcome = wattseal("owner", "sign", owner_key, "--challenge", tmp_path / "none")
        _refused(outcome, "cannot be read", 2)
        (tmp_path / "binary").write_bytes(b"\xff\xfe")
        outcome = wattseal("owner", "sign", owner_key, "--challenge", tmp_path / "binary")
        _refused(outcome, "not ASCII", 2)


class TestHistoryAndEvents:
    def test_statements_of_a_module_that_was_updated(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        module.start_with(b"second image", "0.2.0")
        outcome = on_module("device", "statements", "--out", tmp_path / "h")
        rows = [line.split() for line in outcome.out.splitlines()]
        assert rows[1] == ["1", "birth", "1", "0.1.0", "T0"]
        assert rows[2] == ["2", "rollover", "1", "to", "2", "0.2.0", "T0"]
        written = json.loads((tmp_path / "h" / "statements.json").read_text())
        assert written["statements"] == module.statements

    def test_a_rollover_with_one_bad_signature(self, on_module: Run, module: FakeModule) -> None:
        module.start_with(b"second image", "0.2.0")
        signatures = module.statements[1]["signatures"]
        signatures[0]["signature"] = signatures[1]["signature"]
        _refused(on_module("device", "statements"), "the signature of key 1 is wrong")

    def test_a_module_in_fault_still_tells_its_history(
        self, on_module: Run, module: FakeModule
    ) -> None:
        fault = {**module._status({}), "state": "fault"}
        module.faults["status"] = [faults.replaced(fault)]
        module.refuse["public_key"] = WattsealError("key_error")
        assert on_module("device", "statements").status == 0

    def test_a_history_that_ends_elsewhere(self, on_module: Run, module: FakeModule) -> None:
        module.signer = signer(seed=9)
        _refused(on_module("device", "statements"), "does not lead to the module's key")

    def test_signed_head(self, on_module: Run, module: FakeModule) -> None:
        outcome = on_module("device", "events", "--head")
        assert "The module has signed the newest one; the signature is verified." in outcome.out
        assert on_module("device", "events", "--head", "--json").json["head"]["signature"]

    def test_a_head_that_is_not_the_logs(self, on_module: Run, module: FakeModule) -> None:
        honest = module._event_head

        def lying(params: dict) -> dict:
            module.events[-1]["chain"], kept = "00" * 32, module.events[-1]["chain"]
            answer = honest(params)
            module.events[-1]["chain"] = kept
            return answer

        module._event_head = lying
        _refused(on_module("device", "events", "--head"), "hash chain breaks at event 1")

    def test_a_head_replayed(self, on_module: Run, module: FakeModule) -> None:
        module.faults["event_head"] = [
            faults.replaced(module._event_head({"challenge": "00" * 32}))
        ]
        _refused(on_module("device", "events", "--head"), "its challenge is not the expected")

    def test_archive_and_a_chain_that_goes_on(
        self, on_module: Run, module: FakeModule, owner_key: Path, password_file: Path,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        for version in range(5):
            on_module("device", "configure", "--controller-firmware", version)
        before = list(module.events)
        outcome = on_module(
            "device", "archive-events", "--out", tmp_path / "a", "--owner-key", owner_key,
            "--password-file", password_file,
        )  # fmt: skip
        assert outcome.status == 0, outcome.err
        [archive] = (tmp_path / "a").iterdir()
        assert archive.name == f"events-{CHIP_ID}-1-6.jsonl"
        assert [json.loads(line) for line in archive.read_text().splitlines()] == before
        assert "1 events, their hash chain is whole" in on_module("device", "events").out
        module.events[6]["chain"] = "00" * 32
        _refused(on_module("device", "events"), "breaks at event 7")

    def test_archive_with_a_signature_made_elsewhere(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        on_module("device", "configure", "--controller-firmware", "1")
        asked = on_module("device", "challenge", "archive-events", "--through", 2).out.strip()
        signature = OWNER.sign(b"wattseal.owner.v1\n" + asked.encode()).hex()
        outcome = on_module(
            "device", "archive-events", "--out", tmp_path / "a", "--through", 2,
            "--signature", signature,
        )  # fmt: skip
        assert outcome.status == 0, outcome.err
        assert module.archived_through == 2

    def test_nothing_is_forgotten_before_it_is_written(
        self, on_module: Run, module: FakeModule, owner_key: Path, password_file: Path,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / f"events-{CHIP_ID}-1-1.jsonl").write_text("other")
        command = (
            "device", "archive-events", "--out", tmp_path / "a", "--owner-key", owner_key,
            "--password-file", password_file,
        )  # fmt: skip
        _refused(on_module(*command), "holds other data already")
        assert "challenge" not in module.calls

    def test_a_broken_chain_is_not_archived(
        self, on_module: Run, module: FakeModule, owner_key: Path, password_file: Path,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        module.events[0]["chain"] = "00" * 32
        command = (
            "device", "archive-events", "--out", tmp_path / "a", "--owner-key", owner_key,
            "--password-file", password_file,
        )  # fmt: skip
        _refused(on_module(*command), "breaks at event 1")
        assert "challenge" not in module.calls

    def test_signature_needs_to_say_through_what(self, on_module: Run, tmp_path: Path) -> None:
        outcome = on_module("device", "archive-events", "--out", tmp_path, "--signature", "30" * 8)
        _refused(outcome, "--through", 2)


class TestAskingForPasswords:
    @pytest.fixture
    def answers(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What is typed, in order; that nothing typed is shown is checked too."""
        typed: list[str] = []

        def prompt(_words: str, *, hide_input: bool, err: bool) -> str:
            assert hide_input
            assert err
            return typed.pop(0)

        monkeypatch.setattr("wattseal.cli.key_files.typer.prompt", prompt)
        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        return typed

    def test_twice_for_a_new_key_and_once_to_use_it(
        self, wattseal: Run, answers: list[str], tmp_path: Path
    ) -> None:
        answers += [PASSWORD] * 3
        assert wattseal("owner", "create", tmp_path / "k.pem").status == 0
        assert wattseal("owner", "show", tmp_path / "k.pem").status == 0
        assert answers == []

    @pytest.mark.parametrize(
        ("typed", "words"), [(["short"], "shorter than"), ([PASSWORD, PASSWORD + "x"], "differ")]
    )
    def test_what_makes_no_key(
        self, wattseal: Run, answers: list[str], tmp_path: Path, typed: list[str], words: str
    ) -> None:
        answers += typed
        _refused(wattseal("owner", "create", tmp_path / "k.pem"), words, 2)
        assert answers == []
        assert not (tmp_path / "k.pem").exists()
