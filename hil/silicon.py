"""What a board can say and the emulator cannot: cycles with the flash cache cold and warm, noise.

Used by `./dev bench firmware`, `./dev vectors` and `./dev hil noise` with `--target serial:PORT`,
where PORT leads to the prompt of a board with the lab image. What each finds is kept in
build/silicon/CHIP.json, one file a chip; CHIP.md tells all of it, beside the emulated figures.
Nothing is written to the board's flash.
"""

import datetime
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from hil.images import BUILD, existing
from hil.lab import LAB_IMAGE, Lab, LabError, open_lab

FOLDER = BUILD / "silicon"

Json = dict[str, Any]

SYSTICK = 0xE000E018
"""Counts the processor's cycles down, 24 bits; the image has it running (ws_port_rp2.c)."""
SYSTICK_CYCLES = 1 << 24
FLUSH = 0x14000004
"""Of the flash cache (RP2040 datasheet, section 2.6.3): reading it waits for the flush's end."""
COLLECTING_MS = 300
"""Longer than the start collects noise, whose interrupts are no part of the functions timed."""
WARM_RUNS = 3

LOOK = """
import _wattseal, _wattseal_lab, machine, sys
print(_wattseal.chip_id().hex())
print(_wattseal.firmware_identity().hex())
print(machine.freq())
print(sys.version)
"""

PREPARE = f"""
import time, machine, _wattseal, _wattseal_lab
digest = _wattseal.sha256(b"wattseal")
block = bytes(4096)
def timed(work, is_cold):
    if is_cold:
        machine.mem32[{FLUSH}] = 1
        machine.mem32[{FLUSH}]
    start_us = time.ticks_us()
    start = machine.mem32[{SYSTICK}]
    work()
    end = machine.mem32[{SYSTICK}]
    print((start - end) & {SYSTICK_CYCLES - 1}, time.ticks_diff(time.ticks_us(), start_us))
time.sleep_ms({COLLECTING_MS})
"""

FUNCTIONS = {
    "nothing": "None",
    "sha256_of_4096_bytes": "_wattseal.sha256(block)",
    "sign_without_fault_check": "_wattseal_lab.sign_without_check(digest)",
    "sign": "_wattseal_lab.sign(digest)",
    "public_key": "_wattseal_lab.public_key()",
    "self_test_at_boot": "_wattseal.self_test(False)",
}
"""Expressions that leave nothing behind; the first is what the timing itself takes."""


def look_at(lab: Lab) -> Json:
    """Which chip it is, and what it runs; LabError if that is not the lab image."""
    chip, identity, clock_hz, version = lab.execute(LOOK).strip().splitlines()
    ours = hashlib.sha256(LAB_IMAGE.read_bytes()).hexdigest() if LAB_IMAGE.exists() else None
    return {
        "chip": chip,
        "image": identity,
        "is_image_of_this_build": ours == identity,
        "clock_hz": int(clock_hz),
        "micropython": version,
    }


def cycles(counted: int, microseconds: int, clock_hz: int) -> int:
    """All cycles, of which SysTick has counted the rest by 2**24 and the timer about as many."""
    about = microseconds * clock_hz // 1_000_000
    return counted + round((about - counted) / SYSTICK_CYCLES) * SYSTICK_CYCLES


def measure(lab: Lab, clock_hz: int) -> dict[str, Json]:
    """Cycles of each function by name: `cold`, and `warm`, the least of a few runs after it."""
    lab.execute(PREPARE)
    found: dict[str, Json] = {}
    for name, expression in FUNCTIONS.items():
        runs = []
        for is_cold in (True, *[False] * WARM_RUNS):
            said = lab.execute(f"timed(lambda: {expression}, {is_cold})").split()
            runs.append(cycles(int(said[0]), int(said[1]), clock_hz))
        found[name] = {"cold": runs[0], "warm": min(runs[1:])}
    own = found.pop("nothing")
    return {
        name: {kind: run[kind] - own[kind] for kind in ("cold", "warm")}
        for name, run in found.items()
    }


def signature_of(lab: Lab) -> str:
    """Of the published key over a fixed digest: the same on every chip that computes rightly."""
    return lab.execute("print(_wattseal_lab.sign(digest).hex())").strip()


def emulated() -> tuple[dict[str, Json], Json]:
    """The same on the emulated chip, its signature, and what the model says of the flash cache."""
    from hil import flash_cache  # all these bring the emulator: slow to import
    from hil.board import load_board
    from hil.rp2040.lab import Rp2040Lab
    from hil.rp2040.rosc import seeded_bits

    lab = Rp2040Lab(existing(LAB_IMAGE).read_bytes(), load_board(), noise=seeded_bits(1))
    try:
        found = measure(lab, look_at(lab)["clock_hz"])
        misses = flash_cache.count_sign_misses(lab, LAB_IMAGE.with_suffix(".elf"))
        return found, {
            "signature": signature_of(lab),
            "sign_cache_misses_by_model": misses,
            "sign_cache_cycles_by_model": misses * flash_cache.MISS_CYCLES,
        }
    finally:
        lab.close()


def bench(target: str, *, as_json: bool = False) -> int:
    """Measure a board and keep the report; 1 if it signs otherwise than the emulated chip."""
    try:
        with open_lab(target) as lab:
            board = look_at(lab)
            found = measure(lab, board["clock_hz"])
            signature = signature_of(lab)
    except (LabError, OSError) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 2
    on_emulator, model = emulated()
    told = {
        "functions": {
            name: {**run, "emulated": on_emulator[name]["warm"]} for name, run in found.items()
        },
        "signs_as_emulated": signature == model.pop("signature"),
        **model,
    }
    report = keep(board, "bench", told)
    if as_json:
        print(json.dumps({"board": board, **told, "report": str(report)}, indent=2))
    else:
        Console().print(Markdown(report.read_text(encoding="utf-8")))
        print(f"report: {report}")
    return 0 if told["signs_as_emulated"] else 1


# --- the report ----------------------------------------------------------------------------------


def keep(board: Json, part: str, told: Json, name: str = "") -> Path:
    """Keep what was found of a board beside all else; the page that tells it.

    `name` tells several of one part from each other, as files of vectors.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{board['chip']}.json"
    kept: Json = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    kept.setdefault(part, {})[name] = {"at": at, "image": board["image"], **told}
    kept["board"] = board
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    page = path.with_suffix(".md")
    page.write_text("\n".join(page_of(kept)) + "\n", encoding="utf-8")
    return page


def page_of(kept: Json) -> list[str]:
    """The page's lines."""
    board = kept["board"]
    which = "of this build" if board["is_image_of_this_build"] else "NOT of this build"
    lines = [
        f"# Chip {board['chip']}",
        "",
        f"Lab image `{board['image'][:16]}`, {which}; {board['clock_hz'] / 1e6:g} MHz; "
        f"{board['micropython']}",
    ]
    for found in kept.get("bench", {}).values():
        lines += ["", *lines_of_bench(found, board["clock_hz"])]
    if kept.get("vectors"):
        lines += ["", *lines_of_vectors(kept["vectors"])]
    for found in kept.get("noise", {}).values():
        lines += ["", *lines_of_noise(found)]
    return lines


def lines_of_bench(found: Json, clock_hz: int) -> list[str]:
    """Cycles on the board beside the emulated ones."""
    lines = [
        f"## Cycles ({found['at']})",
        "",
        "| function | emulated | board, cache warm | board, cache cold | cold - emulated |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, run in found["functions"].items():
        more_ms = (run["cold"] - run["emulated"]) / clock_hz * 1000
        counted = " | ".join(f"{run[kind]:,}" for kind in ("emulated", "warm", "cold"))
        lines.append(f"| {name} | {counted} | {more_ms:.2f} ms |")
    same = "the same" if found["signs_as_emulated"] else "NOT THE SAME"
    return [
        *lines,
        "",
        f"The model of the flash cache expects {found['sign_cache_misses_by_model']:,} misses in "
        f"`sign` after a flush: {found['sign_cache_cycles_by_model']:,} cycles more. The signature "
        f"of a fixed digest is {same} as on the emulated chip.",
    ]


def lines_of_vectors(files: Json) -> list[str]:
    """How many answers agree with each file."""
    lines = ["## Vectors", "", "| file | run | other verdict than the file |", "|---|--:|---|"]
    for found in files.values():
        differ = ", ".join(map(str, found["differ"])) or "none"
        lines.append(f"| {found['file']} | {found['run']} | {differ} |")
    return lines


def lines_of_noise(found: Json) -> list[str]:
    """The estimates."""
    lines = [
        f"## Noise ({found['at']})",
        "",
        f"{found['samples']:,} samples; {found['claimed']} bits a sample are claimed.",
        "",
        "| estimator of SP 800-90B, 6.3 | bits a sample |",
        "|---|--:|",
    ]
    return lines + [f"| {name} | {bits:.4f} |" for name, bits in found["bits"].items()]
