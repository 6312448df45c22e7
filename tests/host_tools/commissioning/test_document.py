"""The commissioning document: what it says, and that it can be made again at any time."""

import html
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.registry.simulated_module import METER, SimulatedModule, digest
from wattseal.commissioning.document import (
    Commissioned,
    as_html,
    as_pdf,
    find_commissioned,
    fingerprint_words,
    key_square,
    sections,
    split,
    words,
)
from wattseal.common.errors import ToolError
from wattseal.registry.client import RegistryClient
from wattseal.registry.records import Scenario

from hil.registry_process import RegistryProcess, new_registry

OPERATOR = "DE*ABC"
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryProcess]:
    with new_registry(tmp_path_factory.mktemp("documents") / "registry") as opened:
        yield opened


@pytest.fixture(scope="module")
def client(shared: RegistryProcess) -> RegistryClient:
    return shared.client(OPERATOR)


def new_module(name: str, evse_id: str) -> SimulatedModule:
    """A module with a meter of its own, its clock as it is now."""
    serial = f"1EMH00{int(digest(name), 16) % 10**8:08}"
    meter = METER.model_copy(update={"serial": serial})
    return SimulatedModule(name, evse_id=evse_id, meter=meter, clock_ms=time.time_ns() // 10**6)


def register(client: RegistryClient, module: SimulatedModule, case: str = "initial") -> int:
    return client.register(module.registration(client.challenge().challenge, case)).entry


@pytest.fixture(scope="module")
def charged(client: RegistryClient) -> SimulatedModule:
    """A module that was registered and has charged once."""
    module = new_module("charged", "DE*ABC*E7001")
    register(client, module)
    module.wait(-120_000)  # a session takes two minutes of its clock
    client.keep_test_charge(module.test_charge())
    return module


@pytest.fixture(scope="module")
def found(client: RegistryClient, charged: SimulatedModule) -> Commissioned:
    return find_commissioned(client, charged.evse_id)


def rows_of(found: Commissioned) -> dict[str, str]:
    return {f"{one.title}/{row.label}": row.value for one in sections(found) for row in one.rows}


class TestWhatItSays:
    def test_everything_that_was_registered(
        self, found: Commissioned, charged: SimulatedModule
    ) -> None:
        rows = rows_of(found)
        assert rows["Charge point/EVSE-ID"] == charged.evse_id
        assert rows["Charge point/Case"] == "Initial commissioning"
        assert rows["Signing module/Serial number"] == charged.gateway_serial
        assert rows["Signing module/Chip id"] == charged.chip_id
        assert rows["Signing module/Firmware identity (SHA-256)"] == charged.firmware_identity
        assert rows["Meter/Serial number"] == charged.meter.serial
        assert rows["Meter/Calibration mark"] == charged.meter.calibration_mark
        assert rows["Public key/Key (SubjectPublicKeyInfo)"].replace("\n", "") == (
            charged.key.hex.upper()
        )
        assert rows["Public key/Fingerprint (SHA-256)"] == charged.fingerprint
        assert rows["Publication/Entry of the log"] == str(found.entry)
        assert rows["Publication/Text of the entry"].replace("\n", "") == found.publication.leaf
        assert found.publication.checkpoint.splitlines()[2] in rows["Publication/Checkpoint"]
        assert rows["Test charge/Energy"] == "1.500 kWh"

    def test_there_are_words_for_every_case(self) -> None:
        cases = {name for name in words() if name.startswith("case_")}
        assert cases == {f"case_{scenario}" for scenario in Scenario}

    def test_the_page_holds_all_of_it(self, found: Commissioned) -> None:
        page = html.unescape(as_html(found))
        for section in sections(found):
            assert f">{section.title}</h2>" in page
            for row in section.rows:
                shown = row.value if row.kind != "words" else row.value.split()[0]
                assert shown in page
        assert 'lang="en"' in page
        assert page.count("<main>") == page.count("</main>") == 1
        assert "<script" not in page

    def test_a_page_is_no_place_for_markup(self, found: Commissioned) -> None:
        meter = found.record.meter.model_copy(update={"calibration_mark": "<b>&amp;\u03a9"})
        bent = replace(found, record=found.record.model_copy(update={"meter": meter}))
        assert "&lt;b&gt;&amp;amp;\u03a9" in as_html(bent)
        assert as_pdf(bent).startswith(b"%PDF-")

    def test_the_square_is_the_key(self, found: Commissioned) -> None:
        square = key_square(found)
        assert (square.mode, square.error) == ("alphanumeric", "M")
        drawn = re.findall(r"<svg.*?</svg>", as_html(found), re.DOTALL)
        assert len(drawn) == 1
        assert "Public key in hexadecimal digits" in drawn[0]


class TestAgain:
    def test_the_same_bytes(self, client: RegistryClient, charged: SimulatedModule) -> None:
        made = [find_commissioned(client, charged.evse_id) for _ in range(2)]
        assert as_pdf(made[0]) == as_pdf(made[1])
        assert as_html(made[0]) == as_html(made[1])

    def test_the_same_bytes_when_module_and_meter_are_gone(self, client: RegistryClient) -> None:
        module = new_module("gone", "DE*ABC*E7002")
        entry = register(client, module)
        before = find_commissioned(client, module.evse_id)
        client.deactivate(module.deactivation(module.decommission()))
        successor = new_module("successor", module.evse_id)
        register(client, successor)
        after = find_commissioned(client, module.evse_id, entry=entry)
        assert as_pdf(after) == as_pdf(before)
        assert as_html(after) == as_html(before)
        newest = find_commissioned(client, module.evse_id)
        assert newest.record.chip_id == successor.chip_id
        then = find_commissioned(client, module.evse_id, at_unix_ms=before.record.unix_ms)
        assert then.entry == entry

    def test_a_later_test_charge_changes_nothing(
        self, client: RegistryClient, charged: SimulatedModule, found: Commissioned
    ) -> None:
        client.keep_test_charge(charged.test_charge())
        assert as_html(find_commissioned(client, charged.evse_id)) == as_html(found)

    def test_a_test_charge_of_an_earlier_key_is_not_taken(self, client: RegistryClient) -> None:
        module = new_module("updated", "DE*ABC*E7003")
        register(client, module)
        module.wait(-60_000)
        client.keep_test_charge(module.test_charge())
        module.update()
        module.wait(1000)
        register(client, module, "firmware_update")
        rows = rows_of(find_commissioned(client, module.evse_id))
        assert rows["Charge point/Case"] == "Firmware update with a new key"
        assert rows["Test charge/Result"] == "None is recorded in the registry."


class TestCommand:
    def test_both_files(
        self, wattseal: Callable[..., Any], shared: RegistryProcess, charged: SimulatedModule,
        found: Commissioned, tmp_path: Path,
    ) -> None:  # fmt: skip
        command = (
            *("commission", "document", "--registry", shared.url, "--out", tmp_path),
            *("--evse", charged.evse_id.replace("*", "-").lower()),
        )
        first = wattseal(*command, "--json")
        assert first.status == 0, first.err
        pdf, page = (Path(one) for one in first.json["files"])
        assert pdf.name == f"DE-ABC-E7001-entry-{found.entry}.pdf"
        assert (pdf.read_bytes(), page.read_text()) == (as_pdf(found), as_html(found))
        assert wattseal(*command).status == 0
        page.write_text("something else")
        refused = wattseal(*command)
        assert refused.status == 1
        assert "holds other data already" in refused.err

    def test_the_registry_s_key_may_be_pinned(
        self, wattseal: Callable[..., Any], shared: RegistryProcess, charged: SimulatedModule,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        key = shared.settings["registry_key"]
        other = SimulatedModule("nobody's registry").key.hex
        file = tmp_path / "registry-key.hex"
        file.write_text(other + "\n")
        command = (
            *("commission", "document", "--registry", shared.url, "--out", tmp_path / "documents"),
            *("--evse", charged.evse_id),
        )
        for pinned in (other, file):
            outcome = wattseal(*command, "--registry-key", pinned)
            assert outcome.status == 1
            assert "set up for another registry" in outcome.err
        unreadable = wattseal(*command, "--registry-key", "00")
        assert unreadable.status != 0
        assert not (tmp_path / "documents").exists()
        assert wattseal(*command, "--registry-key", key).status == 0
        assert len(list((tmp_path / "documents").iterdir())) == 2

    @pytest.mark.parametrize(
        "more", [("--evse", "DE*ABC*E9999"), ("--evse", "DE*ABC*E7001", "--entry", 0)]
    )
    def test_no_such_registration(
        self, wattseal: Callable[..., Any], shared: RegistryProcess, charged: SimulatedModule,
        tmp_path: Path, more: tuple[object, ...],
    ) -> None:  # fmt: skip
        outcome = wattseal(
            "commission", "document", "--registry", shared.url, "--out", tmp_path, *more
        )
        assert outcome.status == 1
        assert "no registration of" in outcome.err
        assert list(tmp_path.iterdir()) == []


class _Bent:
    """A registry whose answers are bent on the way."""

    def __init__(self, client: RegistryClient, bend: str) -> None:
        self._client, self._bend = client, bend

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def record(self, number: int) -> Any:
        line = self._client.record(number)
        if self._bend == "record":
            text = line.record.replace("DE-M 26 0102", "DE-M 26 0103")
            return line.model_copy(update={"record": text})
        return line

    def publication(self, number: int) -> Any:
        answer = self._client.publication(number)
        if self._bend == "proof":
            return answer.model_copy(update={"proof": ["00" * 32, *answer.proof[1:]]})
        if self._bend == "other entry":
            return self._client.publication(number - 1)
        return answer

    def history(self, evse_id: str) -> Any:
        lines = self._client.history(evse_id)
        if self._bend == "test charge":
            last = lines[-1]
            bent = last.record.model_copy(update={"unix_ms": last.record.unix_ms + 1})
            return [*lines[:-1], last.model_copy(update={"record": bent})]
        return lines


@pytest.mark.parametrize("bend", ["record", "proof", "other entry", "test charge"])
def test_what_a_registry_cannot_prove_is_not_printed(client: RegistryClient, bend: str) -> None:
    module = new_module(f"bent {bend}", f"DE*ABC*E71*{digest(bend)[:6]}")
    register(client, module)
    module.wait(-60_000)
    client.keep_test_charge(module.test_charge())
    assert find_commissioned(client, module.evse_id).charge is not None
    with pytest.raises(ToolError) as caught:
        find_commissioned(_Bent(client, bend), module.evse_id)  # type: ignore[arg-type]
    assert caught.value.name == "registry_forged"


class TestWords:
    @pytest.mark.parametrize(
        ("first", "words"),
        [  # the test vectors of BIP 39
            ("00", "abandon " * 11 + "about"),
            ("7f", "legal winner thank year wave sausage worth useful legal winner thank yellow"),
            ("ff", "zoo " * 11 + "wrong"),
        ],
    )
    def test_known_answers(self, first: str, words: str) -> None:
        fingerprint = first * 16 + "5a" * 16
        assert fingerprint_words(fingerprint) == words.split()
        assert fingerprint_words("01" + fingerprint[2:]) != words.split()


@pytest.mark.parametrize(
    ("text", "pieces"), [("", [""]), ("a", ["a"]), ("abc", ["abc"]), ("abcd", ["abc", "d"])]
)
def test_split(text: str, pieces: list[str]) -> None:
    assert split(text, 3) == pieces
