"""The audit finds nothing in an honest registry, and everything that was changed in another."""

import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from support.registry.served_log import NAME, URL, ServedLog
from support.registry.simulated_module import DAY_MS, METER, START_MS, SimulatedModule
from wattseal.common.errors import ToolError
from wattseal.common.sentences import read_sentences
from wattseal.registry import audit as audit_pages
from wattseal.registry import audit_entries, replay
from wattseal.registry.audit import CLOCK_TOLERANCE_MS, AuditTree, Trust, audit, recall, remember
from wattseal.registry.audit_entries import MAX_FINDINGS, AuditReport, Findings
from wattseal.registry.log_client import LogSource, open_source
from wattseal.registry.records import Deactivation, leaf_of, read_record
from wattseal.registry.states import states_of
from wattseal.tlog.checkpoint import EcdsaSigner
from wattseal.tlog.tiles import Tile
from wattseal.tlog.tree import Frontier

from hil import transparency_log as tree

NOW_MS = START_MS + DAY_MS
SIZE = 600


def made() -> ServedLog:
    """A module's life among many access keys: three bundles, one of them partial."""
    log = ServedLog()
    module = SimulatedModule()
    log.register(module)
    log.grow(300)
    module.update()
    log.now_ms += 60_000
    module.wait()
    log.register(module, "firmware_update")
    log.grow(540)
    log.deactivate(module.deactivation(module.decommission()))
    log.grow(SIZE)
    return log


@pytest.fixture
def log() -> ServedLog:
    return made()


def audited(
    log: ServedLog, trust: Trust | None = None, show: Callable[[int, int], object] = max
) -> AuditReport:
    source = log.source()
    try:
        return audit(source, trust or Trust(), NOW_MS, show)
    finally:
        source.close()


def codes(report: AuditReport) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.entry) for finding in report.findings]


def test_an_honest_registry_is_sound(log: ServedLog) -> None:
    report = audited(log)
    assert report.findings == []
    assert report.is_sound
    assert report.root == tree.root(log.hashes).hex()
    assert (report.name, report.size, report.compared) == (NAME, SIZE, None)
    assert report.records == {"access_granted": 597, "registration": 2, "deactivation": 1}


@pytest.mark.parametrize(
    ("module", "place", "code"),
    [
        (audit_entries, "states_of", "record_unreadable"),
        (audit_entries, "take_apart", "record_unreadable"),
        (replay, "_judge", "rule_broken"),
    ],
)
def test_an_entry_whose_check_fails_is_a_finding_and_the_audit_goes_on(
    module: ModuleType, place: str, code: str, log: ServedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(module, place)

    def fails(*given: object) -> object:
        if any(isinstance(one, Deactivation) for one in given):
            raise AttributeError("a fault")
        return real(*given)

    monkeypatch.setattr(module, place, fails)
    report = audited(log)
    assert report.complete
    assert not report.is_sound
    [entry] = {finding.entry for finding in report.findings if finding.code == code}
    assert any("a fault" in finding.sentence_en for finding in report.findings)
    assert entry is not None
    assert report.size == SIZE


def test_an_empty_log() -> None:
    report = audited(ServedLog(empty=True))
    assert report.is_sound
    assert report.size == 0


def test_progress_goes_from_nothing_to_all(log: ServedLog) -> None:
    shown: list[tuple[int, int]] = []
    audited(log, show=lambda done, all_: shown.append((done, all_)))
    assert shown == [(0, SIZE), (256, SIZE), (512, SIZE), (SIZE, SIZE)]


# --- the log against itself ---------------------------------------------------------------------


def test_entry_differs(log: ServedLog) -> None:
    log.bundled[300] = log.bundled[301]
    assert ("entry_differs", 300) in codes(audited(log))


def test_leaf_hash_wrong(log: ServedLog) -> None:
    log.note = log.checkpoint()
    log.hashes[300] = bytes(32)
    assert codes(audited(log)) == [("leaf_hash_wrong", 300)]


def test_node_wrong(log: ServedLog) -> None:
    log.nodes[1, 1] = bytes(32)
    report = audited(log)
    assert codes(report) == [("node_wrong", None)]
    assert "Hash 1 of level 1" in report.findings[0].sentence_en


def test_nodes_of_a_whole_tile_of_level_1() -> None:
    """65,536 entries are too many for a test: the tree of the audit is asked by itself."""

    asked: list[Tile] = []

    class Source:
        def hashes(self, tile: Tile) -> list[bytes]:
            asked.append(tile)
            return [b"\1" * 32] * (tile.width - 1) + [b"\2" * 32]

    findings = Findings()
    held = AuditTree(Source(), findings, set())  # type: ignore[arg-type]
    held._frontier = Frontier(65_535, [b"\1" * 32] * 16)
    held._edges[1] = [b"\1" * 32] * 255
    held.append(b"\0" * 32)
    assert asked == [Tile(1, 0)]
    assert "Hash 255 of level 1" in findings.found[0].sentence_en
    held.finish()
    assert asked[1:] == [Tile(2, 0, 1)]


def test_root_wrong(log: ServedLog) -> None:
    kept, log.hashes[7] = log.hashes[7], bytes(32)
    log.note = log.checkpoint()
    log.hashes[7] = kept
    assert codes(audited(log)) == [("root_wrong", None)]


def test_index_wrong(log: ServedLog) -> None:
    """It says nothing of the deactivation."""
    log.index = log.index_note(log.size, missing=540)
    assert codes(audited(log)) == [("index_wrong", None)]


def test_index_broken(log: ServedLog) -> None:
    for index in (
        log.index_note(log.size - 1),
        log.index_note(log.size, NAME),
        log.checkpoint(),
        "x",
    ):
        log.index = index
        assert codes(audited(log)) == [("index_broken", None)]


# --- the records --------------------------------------------------------------------------------


def test_record_unreadable(log: ServedLog) -> None:
    log.records[300] = log.records[300].replace('"version":2', '"version":3')
    assert codes(audited(log))[0] == ("record_unreadable", 300)


def test_record_differs(log: ServedLog) -> None:
    log.records[299] = log.records[299].replace('"label":"first"', '"label":"other"')
    assert codes(audited(log))[:2] == [("record_differs", 299), ("state_wrong", 299)]


def rewritten(log: ServedLog, number: int, change: Callable[[str], str]) -> None:
    """A registry that cheats: a record is another one, and everything is made to fit it."""

    text = change(log.records[number])
    assert text != log.records[number]
    record = read_record(text)
    log.records[number] = text
    log.leaves[number] = log.bundled[number] = leaf_of(record)
    log.states[number] = [
        json.loads(state.model_dump_json()) for state in states_of(number, record)
    ]
    log.hashes[number] = bytes(tree.leaf_hash(log.leaves[number].encode()))
    for level, at in log.nodes:
        log.nodes[level, at] = tree.root(log.hashes[at * 256 : (at + 1) * 256])


def test_rule_broken(log: ServedLog) -> None:
    """The registry says that another meter was registered than the module has signed."""
    serial = METER.serial
    rewritten(
        log, 1, lambda text: text.replace(f'"serial":"{serial}"', '"serial":"1EMH0099999999"')
    )
    report = audited(log)
    assert "rule_broken" in [finding.code for finding in report.findings]
    assert not report.is_sound


def test_time_went_back(log: ServedLog) -> None:
    rewritten(log, 310, lambda text: text.replace(f'"unix_ms":{START_MS + 60_000}', '"unix_ms":1'))
    assert ("time_went_back", 310) in codes(audited(log))


def test_time_in_future(log: ServedLog) -> None:
    later = NOW_MS + CLOCK_TOLERANCE_MS + 1
    old = f'"unix_ms":{START_MS + 60_000}'
    rewritten(log, SIZE - 1, lambda text: text.replace(old, f'"unix_ms":{later}'))
    assert codes(audited(log)) == [("time_in_future", SIZE - 1)]


@pytest.mark.parametrize(
    ("number", "change", "what"),
    [
        (1, lambda states: states[0].update(status="moved"), "EvseState.status"),
        (1, lambda states: states[1].update(public_key="00"), "KeyState.public_key"),
        (1, lambda states: states[2].update(commissioning=2), "ModuleState.commissioning"),
        (1, lambda states: states[3]["meter"].update(model="other"), "MeterState.meter"),
        (1, lambda states: states.pop(), "3 states, not 4"),
        (1, lambda states: states.reverse(), "a MeterState, not a EvseState"),
        (299, lambda states: states[0].update(revoked=True), "AccessState.revoked"),
    ],
)
def test_state_wrong(
    log: ServedLog, number: int, change: Callable[[list], object], what: str
) -> None:
    change(log.states[number])
    report = audited(log)
    assert codes(report) == [("state_wrong", number)]
    assert what in report.findings[0].sentence_en


# --- whose log, and which -----------------------------------------------------------------------


def test_key_changed_since_it_was_told(log: ServedLog) -> None:
    other = log.ed25519.public.vkey.replace("registry", "another")
    assert codes(audited(log, Trust(vkey=other))) == [("key_changed", None)]
    assert audited(log, Trust(vkey=log.ed25519.public.vkey)).is_sound


def remembered(log: ServedLog, tmp_path: Path) -> Trust:
    path = tmp_path / "audit.json"
    remember(path, audited(log))
    return Trust(memory=recall(path))


def test_a_log_that_grew_is_compared_with_the_last_audit(log: ServedLog, tmp_path: Path) -> None:
    trust = remembered(log, tmp_path)
    log.grow(SIZE + 100)
    report = audited(log, trust)
    assert report.is_sound
    assert (report.compared, report.size) == (SIZE, SIZE + 100)


def test_history_rewritten(log: ServedLog, tmp_path: Path) -> None:
    trust = remembered(log, tmp_path)
    rewritten(log, 299, lambda text: text.replace('"label":"first"', '"label":"other"'))
    assert audited(log).is_sound  # it agrees with itself; only whoever looked before can tell
    assert codes(audited(log, trust)) == [("history_rewritten", None)]


def test_log_shrank(log: ServedLog, tmp_path: Path) -> None:
    trust = remembered(log, tmp_path)
    log.note = log.checkpoint(500)
    log.hashes[500:] = []
    assert codes(audited(log, trust))[0] == ("log_shrank", None)


def test_key_changed_since_the_last_audit(log: ServedLog, tmp_path: Path) -> None:
    trust = remembered(log, tmp_path)
    log.ecdsa = EcdsaSigner(NAME, ec.derive_private_key(8, ec.SECP256R1()))
    assert codes(audited(log, trust)) == [("key_changed", None)]


def test_name_differs(log: ServedLog) -> None:
    log.note = log.checkpoint(name="registry.example/others")
    assert codes(audited(log)) == [("name_differs", None)]


@pytest.mark.parametrize(
    "note",
    ["", "no note", "registry.example/keys\n600\nAAAA\n\n\u2014 registry.example/keys AAAA\n"],
)
def test_checkpoint_broken(log: ServedLog, note: str) -> None:
    log.note = note or "\n"
    report = audited(log)
    assert codes(report) == [("checkpoint_broken", None)]
    assert not report.complete


def test_checkpoint_with_one_signature_alone(log: ServedLog) -> None:
    lines = log.checkpoint().splitlines(keepends=True)
    log.note = "".join(lines[:-1])
    assert codes(audited(log)) == [("checkpoint_broken", None)]


def test_registry_key_that_is_none(log: ServedLog) -> None:
    facts = json.loads(log._facts()) | {"registry_key": "00" * 91}
    log._facts = lambda: json.dumps(facts)  # type: ignore[method-assign]
    assert codes(audited(log)) == [("checkpoint_broken", None)]


# --- a registry that does not serve -------------------------------------------------------------


def not_served(log: ServedLog, path: str, answer: httpx.Response) -> AuditReport:
    served = log.answer
    log.answer = (  # type: ignore[method-assign]
        lambda request: answer if request.url.path.startswith(path) else served(request)
    )
    return audited(log)


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/registry", "/v1/records", "/v1/states", "/v1/heads"),
        *("/log/tile/0/", "/log/tile/1/", "/log/tile/entries/"),
    ],
)
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404),
        httpx.Response(500, text="{}"),
        httpx.Response(301, headers={"Location": "https://elsewhere.example"}),
        httpx.Response(200, content=b"\xff"),
        httpx.Response(200, text="[]"),
    ],
)
def test_not_served(log: ServedLog, path: str, answer: httpx.Response) -> None:
    report = not_served(log, path, answer)
    assert codes(report) == [("not_served", None)]
    assert not report.is_sound


def test_an_endless_answer_is_cut(log: ServedLog) -> None:
    report = not_served(log, "/v1/registry", httpx.Response(200, content=b" " * 5000))
    assert "larger than 4096 bytes" in report.findings[0].sentence_en


def test_a_busy_registry_is_waited_for(log: ServedLog) -> None:
    log.busy = 3
    waited: list[float] = []
    assert audit(log.source(waited), Trust(), NOW_MS, max).is_sound
    assert waited == [3.0] * 3


def test_a_registry_that_stays_busy(log: ServedLog) -> None:
    log.busy = 10**9
    assert codes(audited(log)) == [("not_served", None)]


def test_a_registry_that_cannot_be_reached() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    client = httpx.Client(base_url=URL, transport=httpx.MockTransport(refuse))
    with pytest.raises(ToolError) as refused:
        audit(LogSource(client, [].append), Trust(), NOW_MS, max)
    assert refused.value.name == "registry_unreachable"


@pytest.mark.parametrize(
    "url", ["", "registry.example", "ftp://registry.example", "http://", "http://host:port"]
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(ToolError) as refused:
        open_source(url)
    assert refused.value.name == "registry_url_unusable"


# --- several processes --------------------------------------------------------------------------


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> int:
    """So many are started for the few pages of these logs too."""
    monkeypatch.setattr(audit_pages, "PAGES_FOR_A_PROCESS", 1)
    return 2


def test_several_processes_find_nothing_in_an_honest_registry(
    log: ServedLog, processes: int
) -> None:
    shown: list[tuple[int, int]] = []
    report = audit(
        log.source(), Trust(), NOW_MS, lambda done, all_: shown.append((done, all_)), processes
    )
    assert report == audited(log)
    assert report.is_sound
    assert shown == [(0, SIZE), (256, SIZE), (512, SIZE), (SIZE, SIZE)]


def test_several_processes_find_what_one_does(log: ServedLog, processes: int) -> None:
    bent = '"serial":"1EMH0099999999"'
    rewritten(log, 1, lambda text: text.replace(f'"serial":"{METER.serial}"', bent))
    log.records[299] = log.records[299].replace('"label":"first"', '"label":"other"')
    log.states[540][0]["status"] = "superseded"
    report = audit(log.source(), Trust(), NOW_MS, max, processes)
    assert report == audited(log)
    assert {finding.entry for finding in report.findings} >= {1, 299, 540}


def test_an_answer_that_cannot_be_read_is_told_by_a_process(log: ServedLog, processes: int) -> None:
    log.bundled.pop()  # and the last page lacks an entry
    report = audit(log.source(), Trust(), NOW_MS, max, processes)
    assert codes(report) == [("not_served", None)]
    assert not report.complete


def test_a_process_that_ends_by_itself_is_told(log: ServedLog, processes: int) -> None:
    served = log.answer

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("first") == "512":  # another page was checked by then
            for process in multiprocessing.active_children():
                process.kill()
        return served(request)

    log.answer = answer  # type: ignore[method-assign]
    with pytest.raises(ToolError) as refused:
        audit(log.source(), Trust(), NOW_MS, max, processes)
    assert refused.value.name == "audit_process_died"
    assert not multiprocessing.active_children()


# --- the report and the memory ------------------------------------------------------------------


def test_an_audit_with_enough_findings_stops(log: ServedLog) -> None:
    for states in log.states:
        states[0]["entry"] += 1
    report = audited(log)
    assert len(report.findings) == MAX_FINDINGS
    assert not report.complete


def test_what_was_remembered_is_read_again(log: ServedLog, tmp_path: Path) -> None:
    trust = remembered(log, tmp_path)
    assert trust.memory is not None
    assert trust.memory.seen.size == SIZE
    assert recall(tmp_path / "none.json") is None


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff", b'{"version":1,"vkey":"","registry_key":"","checkpoint":"x"}']
)
def test_a_memory_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "audit.json").write_bytes(content)
    with pytest.raises(ToolError) as refused:
        recall(tmp_path / "audit.json")
    assert refused.value.name == "file_unreadable"


def test_every_finding_has_a_test() -> None:
    text = Path(__file__).read_text()
    assert all(f'"{code}"' in text for code in read_sentences("audit"))
