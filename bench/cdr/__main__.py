"""Full validation of many CDRs, beside the bare verification of their signatures.

Usage: python -m bench.cdr [--cdrs N] [--json]

The same command that everybody uses is run on one core and on two, on a file of JSON lines, with
the registry's export as the source of keys. Each process may use the cores that it is given and no
others. Files go to build/bench/ and are removed again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean

from rich.console import Console
from wattseal.cdr.seen.store import SeenSessions

from bench import process_family
from bench.cdr.bare import bare_rate
from bench.cdr.population import modules_of, records, write_cdrs, write_export
from bench.figures import Figure, show

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build/bench/cdr"
WATTSEAL = Path(sys.executable).parent / "wattseal"
CDRS = 200_000
SMALL = 2
"""The memory is compared with that for one part in so many of the CDRs, of the same modules: what
still grows between the two is the cache of the store's pages, up to its bound."""
BARE_CDRS = 20_000
RECORDS_OF_CDR = 2
TURNS = 3
CORES = (1, 2)
LOOK_EVERY_S = 3.0
"""Looking takes time from what is looked at: some hundredths of a second."""

_said = Console(stderr=True)


@dataclass(frozen=True)
class Took:
    """What a run of the command took: of all its processes together, at the highest."""

    seconds: float
    memory_mb: float


class Bench:
    """CDRs in a folder, and all that is measured on them."""

    def __init__(self, folder: Path, cdrs: int) -> None:
        self.folder, self.cdrs = folder, cdrs
        self.figures: dict[str, Figure] = {}

    def fill(self) -> None:
        """Make the CDRs and the keys."""
        write_cdrs(self._file("many"), self.cdrs)
        write_export(self.folder / "keys.json", self.cdrs)
        with self._file("many").open("rb") as many:
            self._file("few").write_bytes(b"".join(islice(many, self.cdrs // SMALL)))
        self.records = list(records(min(BARE_CDRS, self.cdrs), modules_of(self.cdrs)))
        SeenSessions(self.folder / "empty.db").close()  # as whoever validates daily has a store
        self._validate("few", 1)  # makes the index of the keys, which later runs find

    def measure(self) -> None:
        """The bare verification and the command with one core and with two, by turns.

        What counts is the mean of the turns: the speed of a shared machine drifts by the second,
        and of short measurements the best would win over the long ones. A core is slower while
        others work, so each is compared with the bare verification on as many at once, and so is
        what a second core gains.
        """
        bare: dict[int, list[float]] = {cores: [] for cores in CORES}
        runs: dict[int, list[Took]] = {cores: [] for cores in CORES}
        for _turn in range(TURNS):
            for cores in CORES:
                bare[cores].append(bare_rate(self.records, _cores(cores)))
                runs[cores].append(self._validate("many", cores))
                bare[cores].append(bare_rate(self.records, _cores(cores)))
        alone = CORES[0]
        alone_s, bare_alone = fmean(took.seconds for took in runs[alone]), fmean(bare[alone])
        for cores in CORES:
            seconds, rate = fmean(took.seconds for took in runs[cores]), fmean(bare[cores])
            self._tell(cores, rate, seconds)
            gained = Figure(alone_s / seconds, "times", cores * rate / bare_alone)
            self.figures[f"speed-up, {_words(cores)}"] = gained
            memory_mb = max(took.memory_mb for took in runs[cores])
            self.figures[f"memory, {_words(cores)}"] = Figure(memory_mb, "MB")
        few = self._validate("few", CORES[-1])
        name = f"memory, {_words(CORES[-1])}, {self.cdrs // SMALL:,} CDRs"
        self.figures[name] = Figure(few.memory_mb, "MB")

    def _tell(self, cores: int, bare: float, seconds: float) -> None:
        """Figures of so many cores, `bare` being the rate of each."""
        words, rate = _words(cores), self.cdrs * RECORDS_OF_CDR / seconds
        each = Figure(rate / cores, "records/s a core", bare)
        self.figures |= {
            f"bare verification, {words}, each": Figure(bare, "records/s a core"),
            f"validation, {words}": Figure(rate, "records/s"),
            f"validation, {words}, each": each,
            f"of the bare rate, {words}": Figure(rate / cores / bare, ""),
        }

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.jsonl"

    def _validate(self, name: str, cores: int) -> Took:
        """Run the command. RuntimeError if it finds a CDR that is not billable."""
        results = self.folder / "results.jsonl"
        results.unlink(missing_ok=True)
        shutil.copy(self.folder / "empty.db", self.folder / "seen.db")
        command: list[str | Path] = [
            *(WATTSEAL, "cdr", "validate", self._file(name), "--output", results),
            *("--keys", self.folder / "keys.json", "--store", self.folder / "seen.db"),
            *("--jobs", str(cores), "--json"),
        ]
        start = time.perf_counter()
        environment = os.environ | {"XDG_CACHE_HOME": str(self.folder / "cache")}
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            env=environment,
            preexec_fn=lambda: os.sched_setaffinity(0, set(_cores(cores))),
        )
        memory_mb = 0.0
        while process.poll() is None:
            memory_mb = max(memory_mb, process_family.memory_mb(process.pid))
            try:
                process.wait(LOOK_EVERY_S)
            except subprocess.TimeoutExpired:
                continue
        seconds = time.perf_counter() - start
        if process.returncode != 0:
            told = process.stdout.read() if process.stdout else b""
            raise RuntimeError(f"status {process.returncode}: {told[-500:]!r}")
        return Took(seconds, memory_mb)


def _cores(count: int) -> list[int]:
    """The first of those that this process may use."""
    return sorted(os.sched_getaffinity(0))[:count]


def _words(cores: int) -> str:
    return f"{cores} core{'s' if cores > 1 else ''}"


def run(cdrs: int) -> dict[str, Figure]:
    """All figures."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        bench = Bench(FOLDER, cdrs)
        for words, step in (("making CDRs", bench.fill), ("measuring", bench.measure)):
            with _said.status(words) if _said.is_terminal else nullcontext():
                step()
        return {f"cdr: {name}": figure for name, figure in bench.figures.items()}
    finally:
        shutil.rmtree(FOLDER)


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="./dev bench cdr", description=__doc__.splitlines()[0])
    parser.add_argument("--cdrs", type=int, default=CDRS, help="how many CDRs to validate")
    parser.add_argument("--json", action="store_true", help="one object: name -> value, unit, ...")
    options = parser.parse_args(arguments)
    show(run(options.cdrs), as_json=options.json, beside="bare verification")
    return 0


if __name__ == "__main__":
    sys.exit(main())
