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

import serial
from rich.console import Console
from rich.table import Table

from hil.board import load_board
from hil.images import existing
from hil.lab import LAB_IMAGE, Lab, LabError, raise_if_traceback
from hil.min_entropy import assess, unpack
from hil.rp2040.lab import Rp2040Lab
from hil.setup import NOISES

SAMPLES = 1_000_000
CLAIMED_BITS = 0.25
"""1 / WS_HEALTH_SAMPLES_PER_BIT of firmware/core/ws_health.h."""

READ_BYTES = 1152
"""As many as the firmware takes for one seed, with one sampling period."""

BAUD = 115_200
ANSWER_LIMIT_S = 10
INTERRUPT, ENTER_RAW, END_OF_CODE = b"\x03", b"\x01", b"\x04"
RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"


class SerialLab:
    """The raw prompt of a board that runs the lab image."""

    def __init__(self, device: str) -> None:
        self._port = serial.Serial(device, BAUD, timeout=ANSWER_LIMIT_S)
        self._port.reset_input_buffer()
        self._port.write(INTERRUPT + ENTER_RAW)
        self._wait_for(RAW_PROMPT)

    def execute(self, code: str) -> str:
        """See Lab."""
        self._port.write(code.encode() + END_OF_CODE)
        self._wait_for(b"OK")
        output = self._wait_for(END_OF_CODE) + self._wait_for(END_OF_CODE)
        self._wait_for(b">")
        return raise_if_traceback(output.decode(errors="replace").replace("\r\n", "\n"))

    def close(self) -> None:
        """Let the port go."""
        self._port.close()

    def _wait_for(self, end: bytes) -> bytes:
        said: bytes = self._port.read_until(end)
        if not said.endswith(end):
            raise LabError(
                f"no {end!r} came, but {said[-100:]!r}: does the board run the lab image?"
            )
        return said[: -len(end)]


@contextmanager
def open_target(target: str, noise: str) -> Iterator[Lab]:
    """The prompt of a board, or of the emulated chip with a noise source of hil/setup.py."""
    lab: SerialLab | Rp2040Lab
    if target.startswith("serial:"):
        lab = SerialLab(target.removeprefix("serial:"))
    elif target == "rp2040":
        image = existing(LAB_IMAGE).read_bytes()
        lab = Rp2040Lab(image, load_board(), noise=NOISES[noise]())
    else:
        raise LabError(f"no target {target!r}; there are rp2040 and serial:/dev/...")
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


def report(raw: bytes) -> bool:
    """Print each estimate and the verdict; whether the samples are worth what is claimed."""
    samples = unpack(raw)
    found = assess(samples)
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
        f"{len(samples):,} samples: {least:.4f} bits each, {CLAIMED_BITS} are claimed: "
        + ("the claim holds for this recording." if holds else "THE CLAIM DOES NOT HOLD.")
    )
    if len(samples) < SAMPLES:
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
    try:
        if options.file:
            raw = options.file.read_bytes()
        else:
            with open_target(options.target, options.noise) as lab:
                raw = record(lab, options.samples)
    except (LabError, OSError) as problem:
        print(f"noise: {problem}", file=sys.stderr)
        return 2
    if options.save:
        options.save.write_bytes(raw)
    return 0 if report(raw) else 1


if __name__ == "__main__":
    sys.exit(main())
