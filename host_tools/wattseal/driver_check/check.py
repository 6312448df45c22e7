"""Checks what a driver gave: a bundle, a file of records, or a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from wattseal.common.findings import Finding
from wattseal.common.sentences import Language
from wattseal.driver_check import page
from wattseal.driver_check.trust import KeyRegister, Result, Signed, Trust, View, judge, key_for
from wattseal.ocmf import container
from wattseal.ocmf.findings import guarded
from wattseal.ocmf.record import RecordMalformedError, read_record
from wattseal.ocmf.report import FileReport, TransactionReport, ValueReport, Verdict
from wattseal.ocmf.verify import unreadable, verify_values

EVSE_ID = "EVSEID"
"""CT of a record whose CI is an EVSE-ID (OCMF 1.4.1, table 5)."""


class Examination:
    """One check; `count` is called with the number of record files before they are verified.

    `away`: what the registry raises where it cannot be asked, which ends the check.
    """

    def __init__(
        self,
        registry: KeyRegister,
        language: Language,
        count: Callable[[int], None],
        away: type[Exception],
    ) -> None:
        self._registry = registry
        self._page = page.Page(language)
        self._count = count
        self._away = away

    def examine(self, name: str, data: bytes) -> Result:
        """Check what was given; never raises on what the data may hold."""
        try:
            files = container.read_bundle(data) if container.is_bundle(data) else [(name, data)]
        except container.BundleError as error:
            return self.refuse(name, error.fault)
        self._count(len(files))
        return self._page.whole([view for each in files for view in self._examine_file(*each)])

    def refuse(self, name: str, word: str, **values: object) -> Result:
        """The result for what is not examined, for the reason that `word` names (words.py)."""
        return self._page.whole([self._page.refused(name, self._page.say(word, **values))])

    def _examine_file(self, name: str, data: bytes) -> list[View]:
        failures: list[Finding] = []
        with guarded(failures, self._away):
            return self._examine_values(name, data)
        return [self._page.of_file(unreadable(name, *failures))]

    def _examine_values(self, name: str, data: bytes) -> list[View]:
        try:
            given = container.read_container(data)
        except container.ContainerError as error:
            return [self._page.of_file(unreadable(name, error.finding))]
        values = [self._with_key(value) for value in given]
        filled = {n for n, (a, b) in enumerate(zip(given, values, strict=True), 1) if a is not b}
        report = verify_values(name, values)
        return [*self._sessions(report, filled), *self._readings(report, filled)]

    def _sessions(self, report: FileReport, filled: set[int]) -> Iterable[View]:
        for session in report.transactions:
            values = [report.values[number - 1] for number in session.values]
            trust = self._trust(session, values) if session.verdict is Verdict.VERIFIED else None
            view = self._page.of_session(report.file, session, values, trust)
            yield self._noted(view, not filled.isdisjoint(session.values))

    def _readings(self, report: FileReport, filled: set[int]) -> Iterable[View]:
        """Values that are in no transaction, without those that repeat another."""
        counted = {number for session in report.transactions for number in session.values}
        for value in report.values:
            repeats = any(finding.code == "record_repeated" for finding in value.findings)
            if value.number in counted or repeats:
                continue
            trust = None
            if value.verdict is Verdict.VERIFIED and value.key_fingerprint:
                trust = judge(self._registry, Signed(value.key_fingerprint, None, None, None, None))
            view = self._page.of_reading(report.file, value, trust)
            yield self._noted(view, value.number in filled)

    def _trust(self, session: TransactionReport, values: list[ValueReport]) -> Trust | None:
        fingerprint = values[0].key_fingerprint
        if fingerprint is None:
            return None
        begin, end = session.begin, session.end
        names_evse = session.charge_point_type == EVSE_ID and session.charge_point
        signed = Signed(
            fingerprint=fingerprint,
            evse_id=session.charge_point if names_evse else None,
            meter_serial=session.meter_serial,
            begin_ms=page.unix_ms(begin.time) if begin else None,
            end_ms=page.unix_ms(end.time) if end else None,
        )
        return judge(self._registry, signed)

    def _with_key(self, value: container.SignedValue) -> container.SignedValue:
        """The value; if it came without a key, with the one that the registry lists for it."""
        if value.public_key is not None:
            return value
        try:
            record = read_record(value.text)
        except RecordMalformedError:
            return value
        payload = record.payload
        if record.appended_key or payload is None or payload.CT != EVSE_ID or not payload.CI:
            return value
        written = record.times[0] if record.times else None
        at = page.unix_ms(written.partition(" ")[0]) if written else None
        key = None if at is None else key_for(self._registry, payload.CI, at)
        return value if key is None else replace(value, public_key=key)

    def _noted(self, view: View, is_filled: bool) -> View:
        if is_filled:
            view.origin.append(self._page.say("key_from_registry"))
        return view
