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
import sys
from contextlib import ExitStack, nullcontext
from itertools import islice
from pathlib import Path
from statistics import fmean

from rich.console import Console
from wattseal.cdr.history.store import SeenSessions

from bench.cdr.bare import Bare
from bench.cdr.population import modules_of, records, write_cdrs, write_export
from bench.figures import Figure, show
from bench.sliced import Sliced

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build/bench/cdr"
WATTSEAL = Path(sys.executable).parent / "wattseal"
CDRS = 200_000
SMALL = 2
"""The memory is compared with that for one part in so many of the CDRs, of the same modules: what
still grows between the two is the cache of the store's pages, up to its bound."""
BARE_CDRS = 20_000
RECORDS_OF_CDR = 2
TURNS = 2
CORES = (1, 2)
SLICE_S = 8.0
"""Of one core; of several, so much less that all come to their end at about the same time."""

_said = Console(stderr=True)


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
        SeenSessions(self.folder / "empty.db").close()  # daily validation has a store already
        self._whole_run("few", 1)  # makes the index of the keys, which later runs find

    def measure(self) -> None:
        """The bare verification and the command with one core and with two, by turns of seconds.

        What counts is the mean: the speed of a shared machine drifts by the second, and of short
        measurements the best would win over the long ones. A core is slower while others work, so
        each is compared with the bare verification on as many at once, and so is what a second
        core gains.
        """
        runs: dict[int, list[Sliced]] = {cores: [] for cores in CORES}
        with ExitStack() as opened:
            bare = {cores: opened.enter_context(self._bare(cores)) for cores in CORES}
            for _turn in range(TURNS):
                for cores, run in self._by_turns(bare).items():
                    runs[cores].append(run)
        seconds = {cores: fmean(run.seconds for run in runs[cores]) for cores in CORES}
        alone = CORES[0]
        for cores in CORES:
            self._tell(cores, bare[cores].rate, seconds[cores])
            gained = cores * bare[cores].rate / bare[alone].rate
            told = Figure(seconds[alone] / seconds[cores], "times", gained)
            self.figures[f"speed-up, {_words(cores)}"] = told
            memory_mb = max(run.memory_mb for run in runs[cores])
            self.figures[f"memory, {_words(cores)}"] = Figure(memory_mb, "MB")
        few = self._whole_run("few", CORES[-1])
        name = f"memory, {_words(CORES[-1])}, {self.cdrs // SMALL:,} CDRs"
        self.figures[name] = Figure(few.memory_mb, "MB")

    def _by_turns(self, bare: dict[int, Bare]) -> dict[int, Sliced]:
        """One run on each number of cores, with the bare verification before each of its slices."""
        with ExitStack() as opened:
            runs = {cores: opened.enter_context(self._run("many", cores)) for cores in CORES}
            while not all(run.has_ended for run in runs.values()):
                for cores, run in runs.items():
                    if not run.has_ended:
                        bare[cores].go_on(SLICE_S * CORES[0] / cores)
                        run.go_on(SLICE_S * CORES[0] / cores)
        return runs

    def _bare(self, cores: int) -> Bare:
        return Bare(self.records, _cores(cores))

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

    def _run(self, name: str, cores: int) -> Sliced:
        """The command, not yet begun. It fails if it finds a CDR that is not billable."""
        results, seen = self.folder / f"results-{cores}.jsonl", self.folder / f"seen-{cores}.db"
        results.unlink(missing_ok=True)
        shutil.copy(self.folder / "empty.db", seen)
        command: list[str | Path] = [
            *(WATTSEAL, "cdr", "validate", self._file(name), "--output", results),
            *("--keys", self.folder / "keys.json", "--store", seen),
            *("--jobs", str(cores), "--json"),
        ]
        environment = os.environ | {"XDG_CACHE_HOME": str(self.folder / "cache")}
        return Sliced(command, environment, _cores(cores))

    def _whole_run(self, name: str, cores: int) -> Sliced:
        with self._run(name, cores) as run:
            while not run.has_ended:
                run.go_on(SLICE_S)
        return run


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
