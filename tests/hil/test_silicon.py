"""A board's prompt and the report of what it says: with a made-up board, and the emulated one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.hil.fake_prompt import FakePrompt

from hil import bench, noise, silicon, vectors
from hil.lab import LAB_IMAGE, LabError, SerialLab, open_lab
from hil.targets.open import open_rig

CHIP, IMAGE = "0011223344556677", "ab" * 32
Plug = Callable[..., FakePrompt]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reports go."""
    monkeypatch.setattr(silicon, "FOLDER", tmp_path / "silicon")
    return tmp_path / "silicon"


@pytest.fixture
def plug() -> Iterator[Plug]:
    """Plugs made-up boards in."""
    prompts: list[FakePrompt] = []

    def make(answer: Callable[[str], tuple[str, str]] | None) -> FakePrompt:
        prompts.append(FakePrompt(answer))
        return prompts[-1]

    yield make
    for prompt in prompts:
        prompt.close()


def lab_image(code: str) -> tuple[str, str]:
    """Answers as the lab image would, but accepts every signature and has the dullest noise."""
    if "_wattseal.chip_id()" in code:
        return f"{CHIP}\n{IMAGE}\n125000000\n3.4.0; MicroPython v1.25.0\n", ""
    if "verify_digest" in code:
        return "True\n", ""
    if "raw_noise" in code:
        return "55" * 1152 + "\n", ""
    return "", ""


def product(_code: str) -> tuple[str, str]:
    """What no product does: a prompt without the core behind it."""
    return (
        "",
        "Traceback (most recent call last):\n  ...\nImportError: no module named '_wattseal'\n",
    )


# --- the prompt ----------------------------------------------------------------------------------


def test_what_code_prints_and_raises_comes_back(plug: Plug) -> None:
    board = plug(lambda code: ("1\n2\n", "") if code == "good" else product(code))
    with open_lab(f"serial:{board.path}") as lab:
        assert lab.execute("good") == "1\n2\n"
        with pytest.raises(LabError, match="ImportError: no module named '_wattseal'"):
            lab.execute("bad")
        assert lab.execute("good") == "1\n2\n"


def test_a_board_without_a_prompt_is_told_what_it_lacks(plug: Plug) -> None:
    with pytest.raises(LabError, match="does the board run the lab image"):
        SerialLab(plug(None).path, patience_s=0.1)


def test_a_port_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for main, words in ((bench.main, []), (noise.main, [])):
        assert main([*words, "--target", "serial:/dev/none"]) == 2
        said = capsys.readouterr()
        assert "/dev/none cannot be opened" in said.err
        assert said.err.count("\n") == 1


def test_a_target_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "empty.json"
    file.write_text('{"testGroups": []}')
    assert bench.main(["--target", "esp32"]) == 2
    assert vectors.main([str(file), "--target", "esp32"]) == 2
    assert capsys.readouterr().err.count("there are unix, rp2040 and serial:") == 2


def test_a_board_with_another_image_is_refused(
    plug: Plug, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert bench.main(["--target", f"serial:{plug(product).path}"]) == 2
    assert "ImportError" in capsys.readouterr().err
    assert not folder.exists()


# --- the report ----------------------------------------------------------------------------------


def test_cycles_beyond_what_systick_counts_are_made_up_by_the_timer() -> None:
    clock_hz, longest = 125_000_000, silicon.SYSTICK_CYCLES
    assert silicon.cycles(1_250, 10, clock_hz) == 1_250
    assert silicon.cycles(1_250, 13, clock_hz) == 1_250  # the timer is coarse
    whole = 3 * longest + 77
    assert silicon.cycles(77, whole * 1_000_000 // clock_hz, clock_hz) == whole
    assert silicon.cycles(longest - 1, longest // 125 + 1, clock_hz) == longest - 1


def test_vectors_and_noise_of_a_board_are_kept_on_one_page(
    plug: Plug, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "two.json"
    key = {"curve": "secp256r1", "uncompressed": "04" + "11" * 64}
    tests = [
        {"tcId": number, "msg": "", "sig": "30", "result": result}
        for number, result in enumerate(("valid", "invalid", "acceptable"), 1)
    ]
    group = {"type": "EcdsaVerify", "publicKey": key, "sha": "SHA-256", "tests": tests}
    file.write_text(json.dumps({"testGroups": [group]}))
    target = f"serial:{plug(lab_image).path}"
    assert vectors.main([str(file), "--target", target]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [f"{number} accepted" for number in (1, 2, 3)]
    assert noise.main(["--target", target, "--samples", "10000"]) == 1
    assert f"report: {folder / CHIP}.md" in capsys.readouterr().out

    page = (folder / f"{CHIP}.md").read_text()
    assert f"# Chip {CHIP}" in page
    assert "NOT of this build; 125 MHz" in page
    assert "| two.json | 3 | 2 |" in page  # the second one is accepted and should not be
    assert "10,000 samples; 0.25 bits a sample are claimed." in page
    kept = json.loads((folder / f"{CHIP}.json").read_text())
    assert kept["vectors"]["two.json"]["differ"] == [2]
    assert min(kept["noise"][""]["bits"].values()) < 0.25


@pytest.mark.image("rp2040-lab")
def test_the_emulated_board_at_its_port_measures_as_the_emulator_does(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_rig("rp2040", image=LAB_IMAGE) as rig:
        assert bench.main(["--target", f"serial:{rig.port}", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["board"]["is_image_of_this_build"] is True
    assert told["signs_as_emulated"] is True
    assert told["functions"].keys() == silicon.FUNCTIONS.keys() - {"nothing"}
    for name, run in told["functions"].items():
        assert run["emulated"] > 10_000, name
        # The emulator has no cache, and what interrupts come differ from run to run.
        for kind in ("cold", "warm"):
            assert abs(run[kind] - run["emulated"]) < run["emulated"] / 50, (name, kind)
    page = Path(told["report"]).read_text()
    assert "| sign |" in page
    assert "the same as on the emulated chip" in page
