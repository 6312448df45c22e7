"""Finds meters on a line: which unit answers at which speed, and which profiles fit it.

Each unit is asked for two registers in each format, and is given a short time to answer. Any frame
that is right, an exception too, says that somebody is there. Where noise was heard, the silent
units are asked once more, another question. Who is there is then asked for what each profile says
that its meter has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wattseal.common.errors import ToolError
from wattseal.meter.line import LineFormat, master
from wattseal.meter.power import decode_power
from wattseal.meter.profile import Profile
from wattseal.wire.errors import WattsealError
from wattseal.wire.meter import rises_too_fast
from wattseal.wire.modbus_line import ModbusLine
from wattseal.wire.reading import Reading, decode_energy, decode_text
from wattseal.wire.sunspec import Walk, located, wanted_models

if TYPE_CHECKING:
    from wattseal.meter.line import OpenLine

Place = tuple[int, int, int]
"""Function, address and number of registers of a request."""

PROBES: tuple[Place, ...] = ((4, 0, 2), (3, 0, 1))
"""What is asked to find out whether a unit is there."""

SPEEDS = (9600, 19200, 2400, 38400, 115200)
PARITIES = ("none", "even")
FIRST_UNITS = range(1, 11)

ANSWER_MS = 100
"""How long a unit may take to answer the first question; a later answer is noticed too."""
PATIENT_MS = 600
"""The same of a unit that is known to be there."""
ATTEMPTS = 3

MOST_KWH = 10_000_000
MOST_W = 1_000_000
"""More than any meter of a charging point has counted or measures."""

SURE, LIKELY, POSSIBLE = "sure", "likely", "possible"
_RANKS = (SURE, LIKELY, POSSIBLE)


@dataclass(frozen=True)
class Plan:
    """What is tried: every unit in every format."""

    formats: tuple[LineFormat, ...]
    units: tuple[int, ...]
    answer_ms: int = ANSWER_MS
    echo: bool = False


@dataclass(frozen=True)
class Candidate:
    """A profile that fits, how sure that is, and why."""

    profile: str
    certainty: str
    energy_kwh: str | None
    serial: str | None
    firmware: str | None
    because: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """A unit that answers, and the profiles that fit it, the best first."""

    unit: int
    format: LineFormat
    candidates: tuple[Candidate, ...] = ()

    @property
    def certainty(self) -> str | None:
        """How sure the best profile is; None if none fits."""
        return self.candidates[0].certainty if self.candidates else None


@dataclass
class Counts:
    """What a scan has cost and heard. `noisy` counts the questions that noise answered.

    `unusable` are the formats that the adaptor cannot have.
    """

    requests: int = 0
    noisy: int = 0
    echo: bool = False
    unusable: list[str] = field(default_factory=list)


Progress = Callable[[int, int, str], None]
"""Called with questions done, questions in all, and what is being done."""


def plan_of(profiles: Sequence[Profile], **changes: Any) -> Plan:
    """The plan for lines as meters have them, those that the profiles name first."""
    lines = [LineFormat(**one["line"]) for one in profiles if "line" in one]
    usual = [LineFormat(baud, parity) for baud in SPEEDS for parity in PARITIES]
    units = [*FIRST_UNITS, *sorted({one["unit"] for one in profiles if "unit" in one})]
    plan = Plan(tuple(dict.fromkeys([*lines, *usual])), tuple(dict.fromkeys(units)))
    return replace(plan, **changes)


class Scanner:
    """One scan. Its time is the line's: the same code runs on a line in virtual time."""

    def __init__(
        self, line: OpenLine, profiles: Sequence[Profile], plan: Plan, progress: Progress
    ) -> None:
        self._line = line
        self._profiles = profiles
        self._plan = plan
        self._progress = progress
        self._done = 0
        self.counts = Counts(echo=plan.echo)

    def run(self) -> Iterator[Found]:
        """Each unit that answers, as soon as it is known what it is."""
        for form in self._plan.formats:
            try:
                there = self._answering(form)
            except ToolError as error:
                if error.name != "line_format_unusable":
                    raise
                self.counts.unusable.append(str(form))
                continue
            for unit in there:
                self._tell(f"unit {unit} at {form}")
                yield Found(unit, form, self._fitting(unit, form))

    # --- who is there ------------------------------------------------------------------------

    def _answering(self, form: LineFormat) -> list[int]:
        """The units that answer in a format, in ascending order."""
        there, noisy = self._ask_all(form, self._plan.units, PROBES[0])
        self._done += len(self._plan.units)
        if noisy:
            rest = [unit for unit in self._plan.units if unit not in there]
            there |= self._ask_all(form, rest, PROBES[1])[0]
        return sorted(there)

    def _ask_all(
        self, form: LineFormat, units: Sequence[int], probe: Place
    ) -> tuple[set[int], bool]:
        """The units of these that answer, and whether anything else was heard."""
        there: set[int] = set()
        is_noisy = False
        asker = self._asker(form, late_ms=0)
        for at, unit in enumerate(units):
            self._tell(f"{form}: unit {unit}", at)
            heard = asker.is_there(unit, probe)
            there |= {one for one in heard.units if one in self._plan.units}
            is_noisy |= heard.is_noisy
        return there, is_noisy

    def _asker(self, form: LineFormat, late_ms: int | None = None) -> _Asker:
        return _Asker(self._line, form, self._plan.answer_ms, late_ms, self.counts)

    def _tell(self, words: str, more: int = 0) -> None:
        total = len(self._plan.formats) * len(self._plan.units)
        self._progress(min(self._done + more, total), total, words)

    # --- what it is --------------------------------------------------------------------------

    def _fitting(self, unit: int, form: LineFormat) -> tuple[Candidate, ...]:
        """The profiles that fit a unit; if one is sure, only those that are."""
        registers = _Registers(self._asker(form), unit)
        fits = []
        for profile in self._profiles:
            fit = _Fit(profile, registers).judge()
            if fit is not None:
                fits.append((_RANKS.index(fit.certainty), -len(fit.because), fit))
        fits.sort(key=lambda one: (*one[:2], one[2].profile))
        best = fits[0][0] if fits else 0
        return tuple(fit for rank, _, fit in fits if rank == best or best != 0)


@dataclass
class _Heard:
    units: set[int] = field(default_factory=set)
    is_noisy: bool = False


class _Asker:
    """Asks on a line in one format, and finds out by itself that the line echoes."""

    def __init__(
        self,
        line: OpenLine,
        form: LineFormat,
        answer_ms: int,
        late_ms: int | None,
        counts: Counts,
    ) -> None:
        self._line, self._form = line, form
        self._answer_ms, self._late_ms = answer_ms, late_ms
        self._counts = counts
        self._master = self._open()

    def is_there(self, unit: int, probe: Place) -> _Heard:
        """Which units answered a question to this one: it may be the one asked before, late."""
        heard = _Heard()
        for _ in range(ATTEMPTS):
            try:
                self._ask(unit, probe, self._answer_ms)
            except WattsealError as error:
                if error.name == "meter_no_reply":
                    return heard
                if error.name == "meter_wrong_unit":
                    heard.units.add(error.detail["found"])
                if error.name != "meter_exception":
                    heard.is_noisy = True
                    self._counts.noisy += 1
                    continue
            heard.units.add(unit)
            return heard
        return heard

    def read(self, unit: int, place: Place) -> list[int]:
        """The registers of a unit that is there; WattsealError of the last attempt."""
        for attempt in range(ATTEMPTS):
            try:
                return self._ask(unit, place, PATIENT_MS)
            except WattsealError as error:
                if error.name == "meter_exception" or attempt == ATTEMPTS - 1:
                    raise
                if error.name == "meter_no_reply" and attempt:
                    raise
        raise AssertionError("the loop returns or raises")

    def _open(self) -> ModbusLine:
        return master(self._line, self._form, self._counts.echo, self._late_ms)

    def _ask(self, unit: int, place: Place, timeout_ms: int) -> list[int]:
        self._counts.requests += 1
        try:
            registers: list[int] = self._master.read_registers(unit, *place, timeout_ms)
        except WattsealError as error:
            if error.name != "meter_line_echo" or self._counts.echo:
                raise
            self._counts.echo = True
            self._master = self._open()
            return self._ask(unit, place, timeout_ms)
        return registers


class _Registers:
    """The registers of one unit, each place asked for once."""

    def __init__(self, asker: _Asker, unit: int) -> None:
        self._asker, self._unit = asker, unit
        self._known: dict[Place, list[int] | WattsealError] = {}

    def at(self, place: Place) -> list[int]:
        """What is there; WattsealError if the unit does not give it."""
        if place not in self._known:
            try:
                self._known[place] = self._asker.read(self._unit, place)
            except WattsealError as error:
                self._known[place] = error
        known = self._known[place]
        if isinstance(known, WattsealError):
            raise known
        return known

    def again(self, place: Place) -> list[int]:
        """The same, asked for once more."""
        del self._known[place]
        return self.at(place)

    def now_ms(self) -> int:
        """The line's clock."""
        return self._asker._line.ticks_ms()


class _Fit:
    """How well a profile fits a unit."""

    def __init__(self, profile: Profile, registers: _Registers) -> None:
        self._profile, self._registers = profile, registers
        self._models: dict[int, tuple[int, int]] = {}
        self._because: list[str] = []

    def judge(self) -> Candidate | None:
        """The candidate; None if the profile does not fit."""
        try:
            self._walk()
            energy = self._energy()
            is_identified = self._is_identified()
        except WattsealError:
            return None
        texts = {name: self._text(name) for name in ("serial", "firmware")}
        told = [
            name for name in ("serial", "firmware", "power", "energy_export") if self._tells(name)
        ]
        missing = [
            name for name in ("serial", "power") if name in self._profile and name not in told
        ]
        certainty = POSSIBLE
        if is_identified:
            certainty = SURE
        elif told and not missing and energy.value:
            certainty = LIKELY
        return Candidate(
            self._profile["name"],
            certainty,
            energy.to_text_kwh(),
            texts["serial"],
            texts["firmware"],
            tuple(self._because),
        )

    def _walk(self) -> None:
        if "sunspec_marker" not in self._profile:
            return
        walk = Walk(self._profile["sunspec_marker"], wanted_models(self._profile))
        while place := walk.next_read():
            walk.take(self._registers.at((3, *place)))
        self._models = walk.models
        self._because.append("SunSpec models " + ", ".join(map(str, sorted(self._models))))

    def _place(self, name: str) -> tuple[dict[str, Any], Place]:
        quantity = located(self._profile[name], self._models)
        return quantity, (quantity["function"], quantity["address"], quantity["count"])

    def _energy(self) -> Reading:
        """The imported energy, read twice; WattsealError if it is none."""
        quantity, place = self._place("energy_import")
        first, start_ms = (
            decode_energy(quantity, self._registers.at(place)),
            self._registers.now_ms(),
        )
        second = decode_energy(quantity, self._registers.again(place))
        elapsed_ms = self._registers.now_ms() - start_ms + 1000
        if second < first or rises_too_fast(first, second, elapsed_ms):
            raise WattsealError("meter_unstable")
        if not second < Reading(MOST_KWH, 3):
            raise WattsealError("meter_out_of_range", value="more than any meter counts")
        self._because.append("plausible energy")
        return second

    def _is_identified(self) -> bool:
        """Whether the meter says that it is of this kind; WattsealError if of another one."""
        if self._models:
            return True
        if "identity" not in self._profile:
            return False
        quantity, place = self._place("identity")
        try:
            text = decode_text(quantity, self._registers.at(place))
        except WattsealError:
            return False  # an older revision may not have it
        if not any(text.startswith(value) for value in self._profile["identity"]["values"]):
            raise WattsealError("meter_not_recognised", cause="another kind of meter", found=text)
        self._because.append(f"it says that it is {text}")
        return True

    def _text(self, name: str) -> str | None:
        if name not in self._profile:
            return None
        quantity, place = self._place(name)
        try:
            return decode_text(quantity, self._registers.at(place))
        except WattsealError:
            return None

    def _tells(self, name: str) -> bool:
        """Whether the meter gives this quantity of the profile, and a plausible value of it."""
        if name not in self._profile:
            return False
        quantity, place = self._place(name)
        try:
            registers = self._registers.at(place)
            if name == "power":
                is_told = abs(decode_power(quantity, registers)) <= MOST_W
            elif name == "energy_export":
                is_told = decode_energy(quantity, registers) < Reading(MOST_KWH, 3)
            else:
                is_told = bool(decode_text(quantity, registers).strip("0"))
        except WattsealError:
            return False
        if is_told:
            self._because.append(name.replace("_", " "))
        return is_told
