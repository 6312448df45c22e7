"""Faults, one at a time: what each does to a good session, and the one code that must come of it.

Those that any session can have are done to several kinds of session.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from wattseal.cdr.findings import TABLE, VERIFICATION
from wattseal.common.findings import Severity
from wattseal.common.sentences import read_sentences

from support.cdr.charging import (
    BEGIN_MS,
    EVSE,
    OTHER_EVSE,
    PAGE,
    Charge,
    Members,
    charge,
    in_base64,
    in_hex,
    period,
    utc,
)
from support.device.signer import signer

MINUTE_MS = 60_000
END_MS = BEGIN_MS + 90 * MINUTE_MS

Spoil = Callable[[Charge], object]


@dataclass(frozen=True)
class Mutation:
    """A spoilt session, made by `make`, of which `code` must be found and nothing else."""

    name: str
    code: str
    make: Callable[[], Charge]


_BASES: dict[str, Callable[[], Charge]] = {
    "two records": charge,
    "version 1.4, base64": lambda: encoded(charge(station={"format_version": "1.4"}), in_base64),
    "intermediate values, hex": lambda: encoded(charge(between=2, page=4_000_000), in_hex),
}
_COMBINED: dict[str, Callable[[], Charge]] = {"one record": partial(charge, in_one=True)}


def encoded(made: Charge, encode: Callable[[str], str]) -> Charge:
    """Its signed data written otherwise."""
    made.encode = encode
    return made


def all_mutations() -> list[Mutation]:
    """Every one, each with a name of its own."""
    return [*_of_any_session(), *_of_one(), *_of_malformed_cdrs()]


def _of_any_session() -> Iterator[Mutation]:
    for base, make in {**_BASES, **_COMBINED}.items():
        for name, (code, spoil) in ANY_SESSION.items():
            yield Mutation(f"{name} ({base})", code, partial(_spoilt, make, spoil))
    for base, make in _BASES.items():
        for name, (code, spoil) in SEVERAL_RECORDS.items():
            yield Mutation(f"{name} ({base})", code, partial(_spoilt, make, spoil))


def _of_one() -> Iterator[Mutation]:
    for name, (code, make) in SPECIAL.items():
        yield Mutation(name, code, make)


def _of_malformed_cdrs() -> Iterator[Mutation]:
    for name, spoil in MALFORMED_MEMBERS.items():
        yield Mutation(name, "cdr_malformed", partial(_spoilt, charge, _in_cdr(spoil)))
    for name, spoil_json in MALFORMED_TEXTS.items():
        yield Mutation(name, "cdr_malformed", partial(_with_text, spoil_json))


def _spoilt(make: Callable[[], Charge], spoil: Spoil) -> Charge:
    made = make()
    spoil(made)
    return made


def _with_text(spoil: Callable[[str], str | bytes]) -> Charge:
    made = charge()
    made.spoil_json = spoil
    return made


# --- how to spoil ---------------------------------------------------------------------------------


def _in_cdr(change: Callable[[Members], object]) -> Spoil:
    return lambda made: made.spoil_cdr.append(change)


def _in_texts(change: Callable[[list[str]], list[str]]) -> Spoil:
    return lambda made: made.spoil_texts.append(change)


def _in_text(number: int, change: Callable[[str], str]) -> Spoil:
    def spoil(texts: list[str]) -> list[str]:
        texts[number] = change(texts[number])
        return texts

    return _in_texts(spoil)


def _swapped(old: str, new: str, number: int = -1) -> Spoil:
    """Other bytes in a record than were signed."""

    def change(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, 1)

    return _in_text(number, change)


def _in_payloads(change: Callable[[Members], object]) -> Spoil:
    """In all records before they are signed."""

    def spoil(made: Charge) -> None:
        for payload in made.payloads:
            change(payload)

    return spoil


def _in_payload(number: int, **changes: Any) -> Spoil:
    """Members of one record before it is signed; None takes one away."""
    return lambda made: _change(made.payloads[number], changes)


def _in_reading(number: int, **changes: Any) -> Spoil:
    """Members of one reading before it is signed."""
    return lambda made: _change(made.readings[number], changes)


def _change(members: Members, changes: Members) -> None:
    for name, value in changes.items():
        if value is None:
            del members[name]
        else:
            members[name] = value


def _in_section(change: Callable[[Members], object], number: int = -1) -> Spoil:
    """In a record's signature section, which nobody has signed."""

    def spoil(text: str) -> str:
        header, payload, section = text.split("|")
        members = json.loads(section)
        change(members)
        return "|".join((header, payload, json.dumps(members, separators=(",", ":"))))

    return _in_text(number, spoil)


def _keys(*periods: Any, evse_id: str = EVSE) -> Spoil:
    return lambda made: made.keys.put(evse_id, *periods)


def _signed_by(seed: int, *, bring_along: bool) -> Spoil:
    """By a key that nobody has registered."""

    def spoil(made: Charge) -> None:
        stranger = signer(seed=seed)
        made.signers = [stranger] * len(made.signers)
        if bring_along:
            made.cdr["signed_data"]["public_key"] = stranger.public.hex

    return spoil


def _both(*spoils: Spoil) -> Spoil:
    """One fault that shows at several places."""

    def spoil(made: Charge) -> None:
        for each in spoils:
            each(made)

    return spoil


def _energy(change: str) -> Spoil:
    def spoil(cdr: Members) -> None:
        cdr["total_energy"] += Decimal(change)

    return _in_cdr(spoil)


def _bills_time(made: Charge) -> None:
    made.cdr["total_time_cost"] = {"excl_vat": Decimal("3.00")}


def _elsewhere(made: Charge) -> None:
    """The CDR names another listed charge point."""
    made.keys.put(OTHER_EVSE, period(signer(seed=9)))
    made.cdr["cdr_location"]["evse_id"] = OTHER_EVSE


def _public_key(text: str) -> Spoil:
    return _in_cdr(lambda cdr: cdr["signed_data"].update(public_key=text))


def _not_listed(made: Charge) -> None:
    made.keys.listed.clear()
    del made.cdr["signed_data"]
    made.natures, made.payloads, made.signers = [], [], []
    made.spoil_cdr.append(lambda cdr: cdr.pop("signed_data"))
    made.cdr["signed_data"] = {}


def _unsigned(made: Charge) -> None:
    made.spoil_cdr.append(lambda cdr: cdr.pop("signed_data"))


# --- faults that any session can have -------------------------------------------------------------

ANY_SESSION: dict[str, tuple[str, Spoil]] = {
    # Altered after signing.
    "register altered": ("signature_mismatch", _swapped('"RV":2947.125', '"RV":2957.125')),
    "time altered": ("signature_mismatch", _swapped("T11:30", "T11:31")),
    "pagination altered": ("signature_mismatch", _swapped('"PG":"T', '"PG":"T9')),
    "user altered": ("signature_mismatch", _swapped("04A2B1C3", "04A2B1C4")),
    "meter altered": ("signature_mismatch", _swapped('"MS":"12345678"', '"MS":"12345679"')),
    "status altered": ("signature_mismatch", _swapped('"ST":"G"', '"ST":"E"')),
    "a blank added": ("signature_mismatch", _swapped('{"FV"', '{ "FV"')),
    "signature altered": (
        "signature_mismatch",
        _in_section(lambda section: section.update(SD=_bent(section["SD"]))),
    ),
    "signature cut": (
        "signature_malformed",
        _in_section(lambda section: section.update(SD=section["SD"][:-2])),
    ),
    "signature is no hex": (
        "signature_malformed",
        _in_section(lambda section: section.update(SD="XY" + section["SD"])),
    ),
    "signature in an unknown encoding": (
        "signature_malformed",
        _in_section(lambda section: section.update(SE="base32")),
    ),
    "unknown algorithm": (
        "algorithm_unsupported",
        _in_section(lambda section: section.update(SA="RSA-2048-SHA256")),
    ),
    "other curve named": (
        "key_wrong_curve",
        _in_section(lambda section: section.update(SA="ECDSA-brainpoolP256r1-SHA256")),
    ),
    "other hash named": (
        "hash_label_ignored",
        _in_section(lambda section: section.update(SA="ECDSA-secp256r1-SHA512")),
    ),
    "no OCMF": ("record_malformed", _in_text(-1, lambda _text: "SML 1B1B1B1B01010101")),
    "nothing at all": ("record_malformed", _in_text(-1, lambda _text: "")),
    "record cut": ("record_malformed", _in_text(-1, lambda text: text[:-30])),
    "record without signature": (
        "record_malformed",
        _in_text(-1, lambda text: text.rpartition("|")[0]),
    ),
    # The key.
    "signed by a stranger": ("signature_mismatch", _signed_by(5, bring_along=False)),
    "signed by a stranger who brings a key": ("key_not_signer", _signed_by(5, bring_along=True)),
    "other key in the CDR": ("key_not_registered_one", _public_key(signer(seed=6).public.hex)),
    "unreadable key in the CDR": ("key_unreadable", _public_key("MIGf")),
    "other key behind the record": (
        "key_not_registered_one",
        _in_text(-1, lambda text: f"{text}|{signer(seed=6).public.hex}"),
    ),
    "key not valid yet": ("key_not_valid_yet", _keys(period(from_ms=END_MS + 10 * MINUTE_MS))),
    "key superseded": ("key_superseded", _keys(period(until_ms=BEGIN_MS - 10 * MINUTE_MS))),
    "key superseded, its successor listed": (
        "key_superseded",
        _keys(
            period(until_ms=BEGIN_MS - 10 * MINUTE_MS),
            period(signer(seed=4), from_ms=BEGIN_MS - 10 * MINUTE_MS),
        ),
    ),
    "key deactivated": (
        "key_used_after_deactivation",
        _keys(period(until_ms=BEGIN_MS - 10 * MINUTE_MS, was_deactivated=True)),
    ),
    "key of no time": (
        "key_unregistered",
        _both(
            _in_cdr(lambda cdr: cdr["signed_data"].pop("public_key")),
            _keys(period(signer(seed=4), until_ms=BEGIN_MS - 10 * MINUTE_MS)),
        ),
    ),
    "charge point without a key": ("key_unregistered", _keys()),
    "charge point not listed": ("key_unregistered", lambda made: made.keys.listed.clear()),
    "module not the registered one": (
        "gateway_serial_unregistered",
        _keys(period(gateway_serial="WS000018")),
    ),
    "meter not the registered one": (
        "meter_serial_unregistered",
        _keys(period(meter_serial="12345679")),
    ),
    # The CDR.
    "charge point altered": ("evse_differs", _elsewhere),
    "charge point altered to none that is listed": (
        "evse_differs",
        _in_cdr(lambda cdr: cdr["cdr_location"].update(evse_id="DE*ABC*E9")),
    ),
    "other charge point signed": (
        "evse_differs",
        _in_payloads(lambda payload: payload.update(CI=OTHER_EVSE)),
    ),
    "another token": (
        "token_differs",
        _in_cdr(lambda cdr: cdr.update(cdr_token={"uid": "04A2B1C4", "contract_id": "DE-1"})),
    ),
    "a watt hour too many": ("energy_differs", _energy("0.001")),
    "a watt hour too few": ("energy_differs", _energy("-0.001")),
    "ten times the energy": ("energy_differs", _energy("103.725")),
    "energy below zero": ("energy_differs", _energy("-23.05")),
    "begun too early": (
        "begin_time_differs",
        _in_cdr(lambda cdr: cdr.update(start_date_time=utc(BEGIN_MS - 61_000))),
    ),
    "begun too late": (
        "begin_time_differs",
        _in_cdr(lambda cdr: cdr.update(start_date_time=utc(BEGIN_MS + 61_000))),
    ),
    "ended too late": (
        "end_time_differs",
        _in_cdr(lambda cdr: cdr.update(end_date_time=utc(END_MS + 61_000))),
    ),
    "ended too early": (
        "end_time_differs",
        _in_cdr(lambda cdr: cdr.update(end_date_time=utc(END_MS - 3_600_000))),
    ),
    "other encoding": (
        "encoding_unsupported",
        _in_cdr(lambda cdr: cdr["signed_data"].update(encoding_method="Alfen Eichrecht")),
    ),
    "no signed data": ("signed_data_missing", _unsigned),
    "no signed data, not listed": ("station_not_listed", _not_listed),
    # What the module signed.
    "meter's status at the end": ("meter_status", _in_reading(-1, ST="E")),
    "meter's status at the begin": ("meter_status", _in_reading(0, ST="T")),
    "energy not usable": ("energy_error_flag", _in_reading(-1, EF="E")),
    "time not usable": ("time_error_flag", _in_reading(-1, EF="t")),
    "user's assignment failed": (
        "identification_level",
        _in_payloads(lambda payload: payload.update(IL="MISMATCH")),
    ),
    "other register at the end": ("register_differs", _in_reading(-1, RI="1-0:9E.8.0")),
    "no register for bills": (
        "register_not_billable",
        _in_reading(-1, RI="1-0:1.7.0"),
    ),
    "other unit at the end": ("unit_differs", _in_reading(-1, RU="Wh", RV=2947125)),
    "not energy": ("unit_not_energy", _in_reading(-1, RU="mOhm")),
    "no value at the end": ("value_missing", _in_reading(-1, RV=None)),
    "register below zero": ("value_out_of_range", _in_reading(0, RV=Decimal("-0.001"))),
    "no meter serial": (
        "format_deviation",
        _both(
            _keys(period(meter_serial="")),
            _in_payloads(lambda payload: payload.pop("MS")),
        ),
    ),
    "no type of identification": (
        "format_deviation",
        _in_payloads(lambda payload: (payload.pop("IT"), payload.pop("ID"))),
    ),
    "unknown version": ("format_deviation", _in_payloads(lambda payload: payload.update(FV="2.0"))),
    "identification status is a number": (
        "format_deviation",
        _in_payloads(lambda payload: payload.update(IS=1)),
    ),
    "no meter's value": ("value_out_of_range", _in_reading(-1, RV=Decimal("1E+400"))),
    "register went back": ("energy_decreased", _in_reading(0, RV=Decimal("2950.000"))),
    "clock went back": (
        "time_reversed",
        _in_reading(-1, TM="2026-11-21T09:00:00,000+0100 S"),
    ),
    "no letter of the clock": (
        "time_status_wrong",
        _both(_in_reading(-1, TM="2026-11-21T11:30:00,000+0100")),
    ),
    "no zone at all": ("time_status_wrong", lambda made: _without_zones(made)),
    "clock informative": (
        "time_not_synchronised",
        _in_reading(-1, TM="2026-11-21T11:30:00,000+0100 I"),
    ),
    "clock informative, time billed": (
        "time_not_billable",
        _both(_bills_time, _in_reading(-1, TM="2026-11-21T11:30:00,000+0100 I")),
    ),
    "time flagged, time billed": ("time_not_billable", _both(_bills_time, _in_reading(-1, EF="t"))),
    "power failure, time billed": (
        "time_not_billable",
        _both(
            _bills_time,
            _in_reading(-1, EF="t", TX="P", TM="2026-11-21T11:30:00,000+0100 U"),
        ),
    ),
    "error while charging": ("exception_reading", lambda made: _exception(made)),
    "pagination unreadable": ("pagination_unreadable", _in_payload(-1, PG="17")),
    "something twice": (
        "payload_ambiguous",
        lambda made: _spoil_last(made, lambda text: text.replace('"GI"', '"GI":"x","GI"')),
    ),
    "no JSON": ("payload_malformed", lambda made: _spoil_last(made, lambda text: text[:-1])),
    "no readings": ("payload_malformed", _in_payload(-1, RD=None)),
    "register is a text": (
        "payload_malformed",
        _in_reading(-1, RV="a lot"),
    ),
    "beyond OCMF": (
        "format_deviation",
        _in_payloads(lambda payload: payload.update(CF="a version of the controller's firmware")),
    ),
}


def _bent(signature: str) -> str:
    """The same signature with another s."""
    last = "0" if signature[-1] != "0" else "1"
    return signature[:-1] + last


def _spoil_last(made: Charge, change: Callable[[str], str]) -> None:
    last = len(made.payloads) - 1
    made.spoil_payload = lambda number, text: change(text) if number == last else text


def _without_zones(made: Charge) -> None:
    for reading in made.readings:
        reading["TM"] = reading["TM"].replace("+0100", "")


def _exception(made: Charge) -> None:
    """An exception between begin and end, in the record of the begin."""
    first = made.payloads[0]["RD"][0]
    made.payloads[0]["RD"].insert(1, {**first, "TX": "X"})


# --- faults of sessions with several records ------------------------------------------------------

SEVERAL_RECORDS: dict[str, tuple[str, Spoil]] = {
    "natures swapped": (
        "nature_wrong",
        lambda made: made.natures.reverse(),
    ),
    "end called intermediate": ("nature_wrong", lambda made: _nature(made, -1, "Intermediate")),
    "unknown nature": ("nature_wrong", lambda made: _nature(made, 0, "Begin")),
    "no begin": ("begin_missing", lambda made: _without(made, 0)),
    "no end": ("end_missing", lambda made: _without(made, -1)),
    "begin sent as end, too": ("end_missing", _in_texts(lambda texts: [*texts[:-1], texts[0]])),
    "begin sent again": ("record_repeated", lambda made: _again(made, 0)),
    "two begins": ("begin_repeated", lambda made: _one_more(made, 0)),
    "two ends": ("end_repeated", lambda made: _one_more(made, -1)),
    "begin ends, too": ("begin_holds_end", lambda made: _holds_both(made, 0)),
    "end begins, too": ("end_holds_begin", lambda made: _holds_both(made, -1)),
    "signatures swapped": ("signature_mismatch", _in_texts(lambda texts: _cross(texts))),
    "signed by a stranger at the end": (
        "signature_mismatch",
        lambda made: made.signers.__setitem__(-1, signer(seed=5)),
    ),
    "begin by an older key": ("key_superseded", lambda made: _older_begin(made)),
    "end by the next key": ("signed_with_two_keys", lambda made: _next_key_at_the_end(made)),
    "other module at the end": ("gateway_serial_differs", _in_payload(-1, GS="WS000018")),
    "other module at the begin": ("gateway_serial_differs", _in_payload(0, GS="WS000018")),
    "other meter at the end": ("meter_serial_differs", _in_payload(-1, MS="12345679")),
    "other meter and register at the end": (
        "meter_serial_differs",
        _both(_in_payload(-1, MS="12345679"), _in_reading(-1, RV=Decimal("12.000"))),
    ),
    "other user at the end": ("user_differs", _in_payload(-1, ID="04A2B1C4")),
    "no user at the begin": ("identification_differs", _in_payload(0, ID="")),
    "other kind of user at the end": (
        "identification_differs",
        _in_payload(-1, IT="CARD_TXN_NR"),
    ),
    "event counted in between": ("event_counter_differs", lambda made: _count_events(made)),
    "fiscal end": ("pagination_context_differs", _in_payload(-1, PG=f"F{PAGE + 1}")),
    "end before begin": ("pagination_reversed", _in_payload(-1, PG="T3")),
    "end of another session": ("pagination_gap", lambda made: _other_end(made)),
    "records left out": ("pagination_gap", lambda made: _leave_out(made)),
    "pagination twice": ("pagination_repeated", lambda made: _same_page(made)),
    "relative begin": ("time_status_wrong", _in_reading(0, TM="2026-11-21T10:00:00,000+0100 R")),
    "no zone at the end": ("time_status_wrong", _in_reading(-1, TM="2026-11-21T11:30:00,000 S")),
    "clock not set at the begin, time billed": (
        "time_not_billable",
        _both(_bills_time, _in_reading(0, TM="2026-11-21T10:00:00,000+0100 U")),
    ),
}


def _nature(made: Charge, number: int, nature: str) -> None:
    made.natures[number] = nature


def _without(made: Charge, number: int) -> None:
    for one in (made.natures, made.payloads, made.signers):
        del one[number]  # type: ignore[attr-defined]


def _again(made: Charge, number: int) -> None:
    made.natures.append(made.natures[number])
    made.spoil_texts.append(lambda texts: [*texts, texts[number]])


def _one_more(made: Charge, number: int) -> None:
    """Another record of the kind, of the very next pagination."""
    payload = json.loads(json.dumps(made.payloads[number], default=float), parse_float=Decimal)
    payload["PG"] = f"T{int(made.payloads[-1]['PG'][1:]) + 1}"
    made.payloads.append(payload)
    made.natures.append(made.natures[number])
    made.signers.append(made.signers[number])


def _holds_both(made: Charge, number: int) -> None:
    """The record has begin and end; what the other one had is an intermediate value now."""
    first, last = made.payloads[0], made.payloads[-1]
    begin, end = dict(first["RD"][0]), dict(last["RD"][0])
    other = last if number == 0 else first
    made.payloads[number]["RD"] = [begin, end]
    other["RD"][0]["TX"] = "C"


def _cross(texts: list[str]) -> list[str]:
    """The signatures of the first and the last record in each other's place."""
    first, last = texts[0].rpartition("|"), texts[-1].rpartition("|")
    texts[0], texts[-1] = f"{first[0]}|{last[2]}", f"{last[0]}|{first[2]}"
    return texts


def _next_key_at_the_end(made: Charge) -> None:
    """As when another firmware image ends a session, and is registered at once."""
    made.signers[-1] = signer(seed=4)
    changed_ms = BEGIN_MS + 60 * MINUTE_MS
    made.keys.put(
        EVSE,
        period(until_ms=changed_ms),
        period(signer(seed=4), from_ms=changed_ms),
    )


def _older_begin(made: Charge) -> None:
    made.signers = [signer(seed=4), *made.signers[1:]]
    older = period(signer(seed=4), until_ms=BEGIN_MS - 10 * MINUTE_MS)
    made.keys.put(EVSE, older, period(from_ms=BEGIN_MS - 10 * MINUTE_MS))


def _count_events(made: Charge) -> None:
    for number, payload in enumerate(made.payloads):
        payload["FV"] = "0.4"
        payload["RD"][0]["EI"] = number


def _other_end(made: Charge) -> None:
    """The end of the next session but one, with all that it says."""
    payload = made.payloads[-1]
    payload.update(PG=f"T{int(payload['PG'][1:]) + 4}", ID="04FFFFFF")
    payload["RD"][0].update(TM="2026-11-21T19:30:00,000+0100 S", RV=Decimal("2990.000"))


def _leave_out(made: Charge) -> None:
    payload = made.payloads[-1]
    payload["PG"] = f"T{int(payload['PG'][1:]) + 2}"


def _same_page(made: Charge) -> None:
    made.payloads[-1]["PG"] = made.payloads[-2]["PG"]


# --- faults of special sessions -------------------------------------------------------------------


def _special(spoil: Spoil, **plan: Any) -> Callable[[], Charge]:
    return partial(_spoilt, partial(charge, **plan), spoil)


def _outside(made: Charge) -> None:
    """An intermediate value was signed after the end."""
    last, before = made.payloads[-1], made.payloads[-2]
    last["PG"], before["PG"] = before["PG"], last["PG"]


def _of_another_curve(made: Charge) -> None:
    key = signer("secp256k1")
    made.signers = [key] * len(made.signers)


def _short_der(made: Charge) -> None:
    made.spoil_texts.append(
        lambda texts: [
            text.replace(json.loads(text.split("|")[2])["SD"], base64.b64encode(b"no").hex())
            for text in texts
        ]
    )


SPECIAL: dict[str, tuple[str, Callable[[], Charge]]] = {
    "intermediate value after the end": ("intermediate_outside", _special(_outside, between=2)),
    "more energy than can be": (
        "energy_implausible",
        _special(_both(), counter=(2_935_600, 8_566_200)),
    ),
    "more energy than can be, in one record": (
        "energy_implausible",
        _special(_both(), counter=(2_935_600, 8_566_200), in_one=True),
    ),
    "more energy than can be, in no time": (
        "energy_implausible",
        _special(_both(), counter=(2_935_600, 2_947_125), minutes=0),
    ),
    "intermediate value too high": (
        "energy_decreased",
        _special(_in_reading(1, RV=Decimal("2948.000")), between=2),
    ),
    "intermediate value too low": (
        "energy_decreased",
        _special(_in_reading(2, RV=Decimal("2935.000")), between=2),
    ),
    "intermediate value too high in one record": (
        "energy_decreased",
        _special(_in_reading(1, RV=Decimal("2948.000")), between=2, in_one=True),
    ),
    "intermediate value too late": (
        "time_reversed",
        _special(_in_reading(1, TM="2026-11-21T11:31:00,000+0100 S"), between=2),
    ),
    "intermediate value too early": (
        "time_reversed",
        _special(_in_reading(2, TM="2026-11-21T09:59:00,000+0100 S"), between=2),
    ),
    "intermediate value of another module": (
        "gateway_serial_differs",
        _special(_in_payload(1, GS="WS000018"), between=2),
    ),
    "intermediate value of another meter": (
        "meter_serial_differs",
        _special(_in_payload(1, MS="12345679"), between=2),
    ),
    "intermediate value of another user": (
        "user_differs",
        _special(_in_payload(1, ID="04A2B1C4"), between=2),
    ),
    "intermediate value altered": (
        "signature_mismatch",
        _special(_swapped('"TX":"C"', '"TX":"S"', 1), between=2),
    ),
    "intermediate value left out": (
        "pagination_gap",
        _special(lambda made: _without(made, 1), between=2),
    ),
    "intermediate value sent twice": (
        "record_repeated",
        _special(lambda made: _again(made, 1), between=2),
    ),
    "intermediate value called end": (
        "nature_wrong",
        _special(lambda made: _nature(made, 1, "End"), between=2),
    ),
    "intermediate pagination twice": (
        "pagination_repeated",
        _special(_in_payload(2, PG=f"T{PAGE + 1}"), between=2),
    ),
    "signed on another curve": ("key_wrong_curve", _special(_of_another_curve)),
    "signature is no DER": ("signature_malformed", _special(_short_der)),
    "one record called intermediate": (
        "nature_wrong",
        _special(lambda made: _nature(made, 0, "Intermediate"), in_one=True),
    ),
    "one record without its begin": (
        "begin_missing",
        _special(_in_reading(0, TX="C"), in_one=True),
    ),
    "one record without its end": ("end_missing", _special(_in_reading(-1, TX="C"), in_one=True)),
    "one record with two begins": (
        "begin_repeated",
        _special(_in_reading(1, TX="B"), in_one=True, between=1),
    ),
    "one record with two ends": (
        "end_repeated",
        _special(_in_reading(1, TX="E"), in_one=True, between=1),
    ),
    "half a unit and a bit": (
        "energy_differs",
        _special(
            _in_cdr(lambda cdr: cdr.update(total_energy=Decimal("10.000"))),
            counter=(0, 1_000_051),
            decimals=5,
        ),
    ),
    "hours billed as a price of the tariff": (
        "time_not_billable",
        _special(
            _both(
                lambda made: made.cdr["tariffs"][0]["elements"][0]["price_components"].append(
                    {"type": "TIME", "price": Decimal("2.00"), "step_size": 60}
                ),
                _in_reading(-1, TM="2026-11-21T11:30:00,000+0100 I"),
            )
        ),
    ),
}


# --- CDRs that cannot be read ---------------------------------------------------------------------


def _put(*path: str, value: Any) -> Callable[[Members], object]:
    """Put a value in a place."""

    def change(cdr: Members) -> None:
        place = cdr
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value

    return change


def _drop(*path: str) -> Callable[[Members], object]:
    """Take a member away."""

    def change(cdr: Members) -> None:
        place = cdr
        for name in path[:-1]:
            place = place[name]
        del place[path[-1]]

    return change


MALFORMED_MEMBERS: dict[str, Callable[[Members], object]] = {
    **{
        f"without {'.'.join(path)}": _drop(*path)
        for path in (
            ("id",),
            ("country_code",),
            ("party_id",),
            ("start_date_time",),
            ("end_date_time",),
            ("cdr_location",),
            ("cdr_location", "evse_id"),
            ("total_energy",),
            ("signed_data", "encoding_method"),
            ("signed_data", "signed_values"),
        )
    },
    "id too long": _put("id", value="C" * 40),
    "id empty": _put("id", value=""),
    "id not ASCII": _put("id", value="CDR-\u00e4"),
    "id with a control character": _put("id", value="CDR\n1"),
    "id a number": _put("id", value=17),
    "country too long": _put("country_code", value="DEU"),
    "party too long": _put("party_id", value="ABCD"),
    "EVSE-ID too long": _put("cdr_location", "evse_id", value="DE*ABC*E" + "1" * 41),
    "location no object": _put("cdr_location", value=[]),
    "time without T": _put("start_date_time", value="2026-11-21 09:00:00Z"),
    "time of no calendar": _put("end_date_time", value="2026-02-30T10:00:00Z"),
    "time without seconds": _put("end_date_time", value="2026-11-21T10:30Z"),
    "time in foreign digits": _put("end_date_time", value="2026-11-21T10:30:0\u0663Z"),
    "time a number": _put("end_date_time", value=1795251600),
    "ended before it began": _put("end_date_time", value="2026-11-21T08:59:59Z"),
    "energy a text": _put("total_energy", value="11.525"),
    "energy true": _put("total_energy", value=True),
    "energy beyond reason": _put("total_energy", value=Decimal("1E+999")),
    "energy with digits without end": _put("total_energy", value=Decimal("1." + "1" * 40)),
    "credit without reference": _put("credit", value=True),
    "credit a text": _put("credit", value="no"),
    "reference without credit": _put("credit_reference_id", value="CDR-1"),
    "signed data a text": _put("signed_data", value="OCMF|{}|{}"),
    "signed values empty": _put("signed_data", "signed_values", value=[]),
    "signed values of texts": _put("signed_data", "signed_values", value=["OCMF|{}|{}"]),
    "too many signed values": _put(
        "signed_data", "signed_values", value=[{"nature": "Start", "signed_data": "x"}] * 501
    ),
    "signed value too long": _put(
        "signed_data", "signed_values", value=[{"nature": "Start", "signed_data": "x" * 5001}]
    ),
    "signed value without nature": _put(
        "signed_data", "signed_values", value=[{"signed_data": "OCMF|{}|{}"}]
    ),
    "nature too long": _put(
        "signed_data", "signed_values", value=[{"nature": "S" * 33, "signed_data": "x"}]
    ),
    "key too long": _put("signed_data", "public_key", value="30" * 257),
    "key a number": _put("signed_data", "public_key", value=30),
    "method too long": _put("signed_data", "encoding_method", value="OCMF" * 10),
}

MALFORMED_TEXTS: dict[str, Callable[[str], str | bytes]] = {
    "text cut": lambda text: text[:-1],
    "text goes on": lambda text: text + "{}",
    "energy no number": lambda text: text.replace('"total_energy":', '"total_energy":NaN,"x":'),
    "energy without end": lambda text: text.replace('"total_energy":', '"x":-Infinity,"y":'),
    "energy twice": lambda text: text.replace(
        '"total_energy":', '"total_energy":1,"total_energy":'
    ),
    "key twice": lambda text: text.replace('"public_key":', '"public_key":"30","public_key":'),
    "nested without end": lambda text: text.replace('"id":', '"x":' + "[" * 100_000 + ',"id":'),
    "a list": lambda text: f"[{text}]",
    "nothing": lambda _text: "",
    "not UTF-8": lambda text: text.encode().replace(b'"S-', b'"\xff-'),
    "UTF-16": lambda text: text.encode("utf-16"),
    "too large": lambda text: text + " " * (1 << 20),
    "integer without end": lambda text: text.replace('"id":', '"x":' + "9" * 5000 + ',"id":'),
}


def effect_of(code: str) -> Severity:
    if code in read_sentences(TABLE):
        return Severity(read_sentences(TABLE)[code].severity)
    return Severity(read_sentences(VERIFICATION)[code].in_cdr)
