"""Records raw samples of a board's noise source and says what they are worth.

Usage: ./dev hil noise --target serial:/dev/ttyACM0 --save samples.bin

The board runs the lab image (./dev build BOARD-lab), whose prompt gives the samples as the health
tests of the firmware get to see them. Their min-entropy is estimated as NIST SP 800-90B, section
6.3 says, and compared with what the firmware credits them with. Exit status 1 if it is less.

One recording tells of one board, at one temperature and supply. The standard wants a million
samples, and the same again after each of 1,000 restarts, which is not done here.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hil import silicon
from hil.board import load_board
from hil.images import existing
from hil.lab import LAB_IMAGE, SERIAL_PREFIX, Lab, LabError, open_lab
from hil.min_entropy import assess, unpack
from hil.rp2040.lab import Rp2040Lab
from hil.setup import NOISES

SAMPLES = 1_000_000
CLAIMED_BITS = 0.25
"""1 / WS_HEALTH_SAMPLES_PER_BIT of firmware/core/ws_health.h."""

READ_BYTES = 1152
"""As many as the firmware takes for one seed, with one sampling period."""


@contextmanager
def open_target(target: str, noise: str) -> Iterator[Lab]:
    """The prompt of a board, or of the emulated chip with a noise source of hil/setup.py."""
    if target.startswith(SERIAL_PREFIX):
        with open_lab(target) as board:
            yield board
        return
    if target != "rp2040":
        raise LabError(f"no target {target!r}; there are rp2040 and serial:/dev/...")
    image = existing(LAB_IMAGE).read_bytes()
    lab = Rp2040Lab(image, load_board(), noise=NOISES[noise]())
    try:
        yield lab
    finally:
        lab.close()


def record(lab: Lab, count: int) -> bytes:
    """So many raw samples, rounded up to whole bytes, the first of each in bit 7."""
    lab.execute("import _wattseal, _wattseal_lab")
    raw = bytearray()
    size = -(-count // 8)
    while len(raw) < size:
        raw += bytes.fromhex(lab.execute(f"print(_wattseal_lab.raw_noise({READ_BYTES}).hex())"))
    return bytes(raw[:size])


def report(found: dict[str, float], count: int) -> bool:
    """Print each estimate and the verdict; whether the samples are worth what is claimed."""
    table = Table("estimator of SP 800-90B, 6.3", "bits a sample", "")
    for name, bits in found.items():
        table.add_row(
            name, f"{bits:.4f}", "" if bits >= CLAIMED_BITS else "[red]below the claim[/red]"
        )
    console = Console()
    console.print(table)
    least = min(found.values())
    holds = least >= CLAIMED_BITS
    console.print(
        f"{count:,} samples: {least:.4f} bits each, {CLAIMED_BITS} are claimed: "
        + ("the claim holds for this recording." if holds else "THE CLAIM DOES NOT HOLD.")
    )
    if count < SAMPLES:
        console.print(f"The standard wants {SAMPLES:,} samples; with fewer the estimates are low.")
    return holds


def main(arguments: list[str] | None = None) -> int:
    """Command line; see above."""
    text = (__doc__ or "").split("\n\n")
    parser = argparse.ArgumentParser(prog="./dev hil noise", description=text[0], epilog=text[2])
    parser.add_argument("--target", default="rp2040", help="rp2040, serial:/dev/...")
    parser.add_argument(
        "--samples", type=int, default=SAMPLES, help="how many; default %(default)s"
    )
    parser.add_argument("--save", type=Path, help="file for the raw samples, 8 a byte")
    parser.add_argument("--file", type=Path, help="judge a recording instead of a board")
    parser.add_argument(
        "--noise", choices=NOISES, default="oscillator", help="of the emulated chip alone"
    )
    options = parser.parse_args(arguments)
    board = None
    try:
        if options.file:
            raw = options.file.read_bytes()
        else:
            with open_target(options.target, options.noise) as lab:
                if options.target.startswith(SERIAL_PREFIX):
                    board = silicon.look_at(lab)
                raw = record(lab, options.samples)
    except (LabError, OSError) as problem:
        print(f"noise: {problem}", file=sys.stderr)
        return 2
    if options.save:
        options.save.write_bytes(raw)
    samples = unpack(raw)
    found = assess(samples)
    if board is not None:
        told = {"samples": len(samples), "claimed": CLAIMED_BITS, "bits": found}
        print(f"report: {silicon.keep(board, 'noise', told)}")
    return 0 if report(found, len(samples)) else 1


if __name__ == "__main__":
    sys.exit(main())
