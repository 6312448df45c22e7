"""What goes wrong at the command line: one line that names cause and remedy, never a traceback."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.device import fake_module as faults
from support.device.fake_module import FakeModule
from support.device.pty_port import PtyPort
from wattseal.cli.program import run
from wattseal.wire.errors import WattsealError

Run = Callable[..., object]


def assert_refused(outcome: object, words: str, status: int = 1) -> None:
    """One line on standard error, the tool's name first; nothing on standard output."""
    assert outcome.status == status
    assert outcome.out == ""
    [line] = outcome.err.splitlines()
    assert line.startswith("wattseal: ")
    assert words in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nonsense"], "No such option: --nonsense"),
        (["nonsense"], "No such command 'nonsense'"),
        (["device", "nonsense"], "No such command"),
        (["device", "status"], "Missing option '--port'"),
        (["device", "status", "--port"], "requires an argument"),
        (["device", "records", "--port", "x", "--from", "one"], "Invalid value for '--from'"),
        (["device", "records", "--port", "x", "--from", "0"], "Invalid value for '--from'"),
        (["device", "time", "--port", "x", "--source", "informative"], "--source"),
        (["session", "begin", "--port", "x", "--timeout", "-1"], "Invalid value for '--timeout'"),
        (["verify"], "Missing argument 'FILE'"),
    ],
)
def test_usage(wattseal: Run, arguments: list[str], words: str) -> None:
    outcome = wattseal(*arguments)
    assert_refused(outcome, words, status=2)
    assert "--help` shows what it takes" in outcome.err


def test_only_the_owner_sets_the_time_back(wattseal: Run) -> None:
    outcome = wattseal("device", "time", "--port", "x", "--set-back")
    assert_refused(outcome, "The owner has to permit that.", status=2)


@pytest.mark.parametrize("group", [[], ["port"], ["device"], ["session"], ["owner"], ["firmware"]])
def test_nothing_asked_for_shows_the_help(wattseal: Run, group: list[str]) -> None:
    outcome = wattseal(*group)
    assert (outcome.status, outcome.err) == (2, "")
    assert outcome.out.startswith(f"Usage: {' '.join(['wattseal', *group])} [OPTIONS]")


def test_json_error_is_an_object_on_standard_output_too(wattseal: Run, tmp_path: Path) -> None:
    missing = tmp_path / "port"
    outcome = wattseal("device", "status", "--port", missing, "--json")
    assert outcome.status == 1
    assert outcome.json["error"]["name"] == "port_missing"
    assert outcome.json["error"]["detail"] == {"port": str(missing)}
    assert outcome.json["error"]["remedy"]
    assert len(outcome.err.splitlines()) == 1
    usage = wattseal("device", "status", "--json")
    assert (usage.status, usage.json["error"]["name"]) == (2, "usage")


COMMANDS = [
    ["device", "status"],
    ["device", "key"],
    ["device", "configure"],
    ["device", "time"],
    ["device", "read"],
    ["device", "records"],
    ["device", "events"],
    ["device", "release", "--through", "1", "--yes"],
    ["device", "self-test"],
    ["session", "begin"],
    ["session", "intermediate"],
    ["session", "end"],
    ["device", "seal"],
    ["device", "prove", "--challenge", "ab" * 16],
    ["device", "challenge", "unseal"],
    ["device", "unseal", "--signature", "30" * 8],
    ["device", "decommission", "--signature", "30" * 8, "--yes"],
    ["device", "statements"],
]


KEY_LIFE_METHODS = ("seal", "prove", "challenge", "unseal", "decommission", "statements")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_without_a_port_to_open(
    wattseal: Run, tmp_path: Path, command: list[str]
) -> None:
    assert_refused(wattseal(*command, "--port", tmp_path / "port"), "There is no port")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_with_a_silent_module(
    on_module: Run, module: FakeModule, command: list[str]
) -> None:
    module.faults["hello"] = [faults.silence] * 3
    outcome = on_module(*command, timeout=0.1)
    assert_refused(outcome, "did not answer hello within 0.1 s")


@pytest.mark.parametrize(
    ("value", "words", "status"), [("0.1", "within 0.1 s", 1), ("soon", "WATTSEAL_TIMEOUT", 2)]
)
def test_the_environment_says_how_long_to_wait(
    wattseal: Run, port: PtyPort, module: FakeModule, monkeypatch: pytest.MonkeyPatch,
    value: str, words: str, status: int,
) -> None:  # fmt: skip
    module.faults["hello"] = [faults.silence] * 3
    monkeypatch.setenv("WATTSEAL_TIMEOUT", value)
    assert_refused(wattseal("device", "status", "--port", port.path), words, status)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_when_the_cable_is_pulled(
    on_module: Run, module: FakeModule, command: list[str]
) -> None:
    module.faults = {name: [faults.unplug] for name in ("status", "public_key", "configure")}
    for name in ("set_time", "read_meter", "release", "self_test", *KEY_LIFE_METHODS):
        module.faults[name] = [faults.unplug]
    assert_refused(on_module(*command), "The connection to ")


def test_cable_pulled_while_beginning(on_module: Run, module: FakeModule) -> None:
    module.faults["begin"] = [faults.unplug]
    outcome = on_module("session", "begin")
    assert_refused(outcome, "The connection to ")
    assert "wattseal device status" in outcome.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_tells_the_modules_refusal(
    on_module: Run, module: FakeModule, command: list[str]
) -> None:
    refusal = WattsealError("meter_no_reply", attempts=3)
    names = ("status", "public_key", "configure", "set_time", "read_meter", "release", "self_test")
    names += KEY_LIFE_METHODS
    module.refuse = dict.fromkeys(names, refusal)
    outcome = on_module(*command)
    assert_refused(outcome, "The meter did not answer in time. (attempts: 3) Check its supply")


@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        (WattsealError("not_configured", missing=["gateway_id", "line"]), "gateway_id line"),
        (WattsealError("clock_not_set"), "`wattseal device time`"),
        (WattsealError("journal_full"), "`wattseal device release`"),
    ],
)
def test_remedies_are_this_tools_commands(
    on_module: Run, module: FakeModule, refusal: WattsealError, remedy: str
) -> None:
    module.refuse["begin"] = refusal
    assert_refused(on_module("session", "begin"), remedy)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (WattsealError("out_of_range", field="id_tag", limit="4 bytes"), "id_tag must be 4 bytes."),
        (
            WattsealError("invalid_params", field="line.baud", limit="one of 9600", found="1"),
            "line.baud must be one of 9600, not 1.",
        ),
    ],
)
def test_what_only_the_module_can_judge_reads_as_if_judged_here(
    on_module: Run, module: FakeModule, refusal: WattsealError, words: str
) -> None:
    module.refuse["begin"] = refusal
    outcome = on_module("session", "begin")
    assert_refused(outcome, f"wattseal: {words}")


def test_noise_on_the_line(on_module: Run, module: FakeModule) -> None:
    module.faults["hello"] = [faults.wrong_crc] * 3
    assert_refused(on_module("device", "status", timeout=0.1), "damaged line(s) came")


def test_noise_before_and_pieces_are_no_obstacle(
    on_module: Run, port: PtyPort, module: FakeModule
) -> None:
    port.send(b"\xff\xfeboot message without end")
    module.faults["hello"] = [faults.garbage_before]
    module.faults["status"] = [faults.in_pieces]
    assert on_module("device", "status").status == 0


def test_something_else_behind_the_port(on_module: Run, module: FakeModule) -> None:
    module.hello_changes = {"product": "toaster"}
    assert_refused(on_module("device", "status"), "is toaster, not a Wattseal module")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--id-tag", "Jürgen"], "id_tag must be 1 to 40 printable ASCII characters"),
        (["--id-tag", "a|b"], "id_tag must be"),
        (["--id-tag", ""], "id_tag must be"),
        (["--id-tag", "x" * 41], "id_tag must be"),
        (["--id-tag", "\x1b[31m"], "id_tag must be"),
        (["--id-type", "RFID"], "id_type must be one of NONE"),
        (["--id-flag", "RFID"], "id_flags must be"),
        (["--tariff-text", "5 € each"], "tariff_text must be"),
        (["--session-id", "-1"], "session_id must be an integer from 0"),
    ],
)
def test_what_a_record_may_not_hold_is_refused_before_anything_is_sent(
    on_module: Run, module: FakeModule, arguments: list[str], words: str
) -> None:
    outcome = on_module("session", "begin", *arguments)
    assert_refused(outcome, words, status=2)
    assert outcome.err.isascii()
    assert outcome.err.strip().isprintable()
    assert "begin" not in module.calls


def test_end_reason_that_is_none(on_module: Run, module: FakeModule) -> None:
    on_module("session", "begin")
    assert_refused(on_module("session", "end", "--reason", "X"), "reason must be one of", 2)
    assert module.session


class TestSettingsFile:
    def test_missing(self, on_module: Run, tmp_path: Path) -> None:
        outcome = on_module("device", "configure", "--file", tmp_path / "no.toml")
        assert_refused(outcome, "cannot be read: No such file", status=2)

    @pytest.mark.parametrize(
        "text", [b"gateway_id =", b"\xff", b"a = 1\n" * 20_000, b"a=" + b"[" * 9999]
    )
    def test_malformed(self, on_module: Run, tmp_path: Path, text: bytes) -> None:
        (tmp_path / "s.toml").write_bytes(text)
        outcome = on_module("device", "configure", "--file", tmp_path / "s.toml")
        assert_refused(outcome, "is no settings file", status=2)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('colour = "red"', "colour must be no such field"),
            ("gateway_id = 5", "gateway_id must be"),
            ("meter_unit = 300", "meter_unit must be an integer from 1 to 247"),
            ("[line]\nbaud = 9600", "line.parity must be required"),
            ("[line]\nbaud = 1", "line.baud must be"),
            ("line = 9600", "line must be an object"),
            ("gateway_id = 2026-11-21", "gateway_id must be"),
        ],
    )
    def test_wrong_settings_change_nothing(
        self, on_module: Run, module: FakeModule, tmp_path: Path, text: str, words: str
    ) -> None:
        before = dict(module.settings)
        (tmp_path / "s.toml").write_text(text)
        outcome = on_module("device", "configure", "--file", tmp_path / "s.toml")
        assert_refused(outcome, words, status=2)
        assert module.settings == before


def test_release_without_a_terminal_needs_yes(on_module: Run, module: FakeModule) -> None:
    outcome = on_module("device", "release", "--through", "1")
    assert_refused(outcome, "Give --yes", status=2)
    assert module.calls == []


def test_broken_event_chain_is_found(on_module: Run, module: FakeModule) -> None:
    for version in (1, 2, 3):
        on_module("device", "configure", "--controller-firmware", version)
    assert on_module("device", "events").status == 0
    module.events[2]["entry"] = module.events[2]["entry"].replace("firm", "soft")
    assert_refused(on_module("device", "events"), "hash chain breaks at event 3")
    del module.events[1]
    assert_refused(on_module("device", "events"), "hash chain breaks at event 3")


def test_failed_self_test_fails(on_module: Run, module: FakeModule) -> None:
    module.self_test_failed = ["sha256", "sign"]
    assert_refused(on_module("device", "self-test"), "failed its self-test: sha256, sign")


class TestOutputDirectory:
    def test_unwritable_is_refused_before_the_session_begins(
        self, on_module: Run, module: FakeModule, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("")
        outcome = on_module("session", "begin", "--out", tmp_path / "file")
        assert_refused(outcome, "cannot be written")
        assert module.records == []

    @pytest.mark.parametrize("name", ["begin.ocmf", "end.ocmf", "transaction.xml"])
    def test_files_of_another_session_are_refused_before_this_one_begins(
        self, on_module: Run, module: FakeModule, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / name).write_text("old")
        outcome = on_module("session", "begin", "--out", tmp_path)
        assert_refused(outcome, f"{name} holds other data already")
        assert module.records == []

    @pytest.mark.parametrize("name", ["begin.ocmf", "end.ocmf", "transaction.xml"])
    def test_files_of_another_session_are_refused_before_this_one_ends(
        self, on_module: Run, module: FakeModule, tmp_path: Path, name: str
    ) -> None:
        on_module("session", "begin")
        (tmp_path / name).write_text("old")
        outcome = on_module("session", "end", "--out", tmp_path)
        assert_refused(outcome, f"{name} holds other data already")
        assert module.session
        assert (tmp_path / name).read_text() == "old"

    def test_full_disk_after_signing_says_that_nothing_is_lost(
        self, on_module: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        on_module("session", "begin")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            outcome = on_module("session", "end", "--out", tmp_path / "a")
        assert_refused(outcome, "record T2 is signed, but")
        assert "No space left on device" in outcome.err
        assert "wattseal device records --from 1 --out DIR" in outcome.err
        assert list((tmp_path / "a").iterdir()) == []
        assert on_module("device", "records", "--from", "1", "--out", tmp_path / "b").status == 0
        assert (tmp_path / "b" / "transaction-T1-T2.xml").is_file()


def test_unexpected_failure_is_one_line_too(wattseal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down() -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("wattseal.cli.device.list_ports", break_down)
    assert_refused(wattseal("port", "list"), "(ZeroDivisionError: by zero)")
    monkeypatch.setenv("WATTSEAL_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run(["port", "list"])


def test_interrupting_is_no_traceback(wattseal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("wattseal.cli.device.list_ports", interrupt)
    assert_refused(wattseal("port", "list"), "interrupted", status=130)


def test_reader_that_has_gone_is_no_traceback(tmp_path: Path) -> None:
    files = ["nothing"] * 3000
    command = [sys.executable, "-c", "from wattseal.cli import main; main()", "verify", *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert b"Traceback" not in process.stderr.read()


def test_two_programs_at_once(on_module: Run, port: PtyPort) -> None:
    hold = (
        "import sys; from wattseal.device.link import SerialTransport\n"
        "with SerialTransport(sys.argv[1]): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, port.path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        assert_refused(on_module("device", "status"), "Another program is using the port")
        outcome = on_module("device", "status", "--json")
        assert json.loads(outcome.out)["error"]["name"] == "port_busy"
        assert holder.stdin
        holder.stdin.close()
        holder.wait(10)
    assert on_module("device", "status").status == 0
