"""Everything that can speak against a request: one table of stable codes.

A code is never given a second meaning. Each has a sentence with blanks for the values, and what to
do about it; the rule that finds it is tested under its name.
"""

from __future__ import annotations

from wattseal.registry.api_models import Reason

FINDINGS: dict[str, tuple[str, str]] = {
    # Who asks.
    "access_unknown": (
        "There is no access key {key_id}.",
        "Ask the registry's administrator for one.",
    ),
    "access_expired": (
        "The access key {key_id} has expired.",
        "Ask the registry's administrator for a new one.",
    ),
    "access_revoked": (
        "The access key {key_id} was revoked.",
        "Ask the registry's administrator for a new one.",
    ),
    "administrator_needed": (
        "Access key {key_id} is not an administrator's.",
        "Have an administrator of the registry do it.",
    ),
    "evse_not_yours": (
        "Access key {key_id} may not act for operator {operator}.",
        "Use an access key of that operator, or check the EVSE-ID.",
    ),
    # The proof of possession.
    "statement_unreadable": (
        "The proof of possession cannot be read: {cause}.",
        "Send the answer to `wattseal device prove` unchanged.",
    ),
    "key_not_on_curve": (
        "The public key is none on secp256r1: {cause}.",
        "Do not use the module: have it inspected.",
    ),
    "key_weak": (
        "The public key protects nothing: {cause}.",
        "Do not use the module: its key does not come from a random generator.",
    ),
    "possession_signature_wrong": (
        "The proof of possession is not signed by the key that it names.",
        "Have the module prove its key again; if it happens again, have it inspected.",
    ),
    "challenge_unknown": (
        "The proof answers a challenge that is not this registry's.",
        "Get a challenge from this registry, or use the offline challenge of its name.",
    ),
    "challenge_expired": (
        "The proof answers a challenge that has expired.",
        "Get a new challenge and have the module prove its key again.",
    ),
    "possession_time_missing": (
        "The proof was made offline, by a module whose clock was not set.",
        "Set the clock with `wattseal device time`, then prove the key again.",
    ),
    "possession_in_future": (
        "By the module's clock, the proof was made {seconds} s from now.",
        "Set the module's clock with `wattseal device time`, then prove the key again.",
    ),
    "possession_too_old": (
        "The proof was made {age} ago; it may be {allowed} old.",
        "Check the module's clock, then prove the key again.",
    ),
    "possession_not_newer": (
        "The proof is not newer than the one that entry {entry} records for this module.",
        "Have the module prove its key again; check its clock if that does not help.",
    ),
    # The module and its keys.
    "key_of_another_module": (
        "The key is registered for another module, {chip_id}, by entry {entry}.",
        "Do not use the module: two modules never have one key.",
    ),
    "key_deactivated": (
        "The key was {status} by entry {entry}; it never comes back.",
        "Decommission the module: its next start makes a new key.",
    ),
    "key_number_not_newer": (
        "The module's key has number {found}, but number {recorded} is recorded already.",
        "Do not use the module: have it inspected.",
    ),
    "history_broken": (
        "The history of the module's keys does not hold at statement {number}: {cause}.",
        "Send all statements of `wattseal device statements` unchanged, oldest first.",
    ),
    "history_missing": (
        "The request brings {found} statements about the module's keys; {recorded} are recorded.",
        "Send all statements of `wattseal device statements`, oldest first.",
    ),
    "history_too_long": (
        "The history has {found} statements that are not recorded; {allowed} fit one record.",
        "Ask the registry's administrator: no ordinary module has changed its key so often.",
    ),
    "rollover_missing": (
        "No roll-over signed by the recorded key, number {recorded}, leads to key {found}.",
        "If the module was decommissioned, deactivate its key here first, with its farewell.",
    ),
    "farewell_missing": (
        "The recorded key, number {recorded}, was {status}, and the module never took leave of it.",
        "Decommission the module: its farewell and the birth of a new key then follow.",
    ),
    "chip_serial_conflict": (
        "Chip {chip_id} is recorded as module {recorded}, not {found}.",
        "Compare gateway_serial with the label; an administrator can register a correction.",
    ),
    "gateway_serial_taken": (
        "Serial number {serial} is that of module {chip_id}, at {evse_id} since entry {entry}.",
        "Compare both labels; register again whichever module has another's number.",
    ),
    "module_at_other_evse": (
        "The module's key is active at {evse_id}.",
        "Decommission the module there first, then register it here with scenario reuse.",
    ),
    "already_registered": (
        "Entry {entry} says all of this already.",
        "Fetch the proof of that entry; there is nothing to register.",
    ),
    "commissioning_not_newer": (
        "The proof is of commissioning {found}; {recorded} is recorded, with other settings.",
        "Seal the module with the settings that are valid now, and prove its key again.",
    ),
    # Names and serial numbers.
    "evse_id_syntax": (
        "{evse_id} is no EVSE-ID: {cause}.",
        "Correct it at the module too (charge_point_id), such as DE*ABC*E1234*5.",
    ),
    "operator_syntax": (
        "{operator} names no operator: {cause}.",
        "Give country and operator of its EVSE-IDs, such as DE*ABC.",
    ),
    "serial_syntax": (
        "The {what} {serial} is none: {cause}.",
        "Take it from the label, and correct it at the module too.",
    ),
    "name_missing": ("The {what} is blank.", "Take it from the label."),
    # The meter.
    "meter_facts_differ": (
        "The meter's {what} is {label} on its label, but the module has signed {signed}.",
        "Correct the label's data, or the module's settings and seal it again.",
    ),
    "meter_at_other_evse": (
        "The meter is recorded at {evse_id}.",
        "Deactivate the key there first, or check the serial number.",
    ),
    "meter_changed_in_take_over": (
        "The module is at {evse_id} with another meter: {recorded}.",
        "Take the station over as it is, then register the new meter.",
    ),
    "calibration_mark_missing": (
        "The meter's calibration mark is blank.",
        "Take it from the meter's label.",
    ),
    "calibration_year_implausible": (
        "A meter of calibration year {year} cannot be used for billing in {now}: {cause}.",
        "Check the year on the meter; an expired meter has to be exchanged.",
    ),
    # The charge point.
    "evse_unknown": ("Nothing is recorded about {evse_id}.", "Check the EVSE-ID."),
    "evse_not_active": (
        "{evse_id} has no active key: it is {status} since entry {entry}.",
        "Check the EVSE-ID; if it is used again, register its module first.",
    ),
    "evse_has_active_key": (
        "{evse_id} has an active key, of module {chip_id}.",
        "Use scenario module_replacement if this module takes its place.",
    ),
    "scenario_mismatch": (
        "The request says {requested}, but what is recorded makes it {fitting}.",
        "Check the EVSE-ID, the meter and the module; then name the right scenario.",
    ),
    "consent_missing": (
        "Operator {from_operator} has not consented that {to_operator} takes over {evse_id}.",
        "Have the consent recorded by {from_operator}, or have an administrator register it.",
    ),
    "consent_expired": (
        "The consent of {from_operator} to the take-over of {evse_id} has expired.",
        "Have the consent recorded again by {from_operator}.",
    ),
    "consent_to_self": (
        "{operator} is the operator of {evse_id} already.",
        "Give the operator that is to take it over.",
    ),
    # Deactivation.
    "farewell_broken": (
        "The farewell does not hold: {cause}.",
        "Send the statement that `wattseal device decommission` wrote, unchanged.",
    ),
    "farewell_or_note_needed": (
        "A decommissioned module's farewell is missing, and no note says why.",
        "Send the farewell, or say in the note why there is none.",
    ),
    # The test charge.
    "test_charge_not_verified": (
        "The records of the test charge do not verify: {cause}",
        "Charge again and send both records as the module signed them.",
    ),
    "test_charge_of_another_station": (
        "The record says {what} {found}; {expected} is registered.",
        "Send the records of this station's session.",
    ),
    "test_charge_untimely": (
        "The session was not charged between the registration and now, but at {time}.",
        "Set the module's clock, then charge again.",
    ),
    # Access keys.
    "access_exists": ("There is an access key {key_id} already.", "Make another one."),
    "access_scope_wrong": (
        "The operators do not fit the role {role}.",
        "A CPO's key names at least one operator; an administrator's names none.",
    ),
    # What is recorded all the same.
    "meter_model_changed": (
        "The new meter is of model {found}; the old one was {recorded}.",
        "The best practices want the same model: make sure that the station is approved for it.",
    ),
    "module_model_changed": (
        "The new module is of model {found}; the old one was {recorded}.",
        "The best practices want the same model: make sure that the station is approved for it.",
    ),
    # A record that the registry should never have written.
    "record_differs": (
        "The record's {member} does not follow from the requests and the records before it.",
        "The registry has not followed its own rules: ask its operator.",
    ),
    "record_unreadable": (
        "What the record says cannot be read: {cause}.",
        "The registry has not followed its own rules: ask its operator.",
    ),
}


def reason(code: str, **values: str | int | None) -> Reason:
    """A finding with its sentence and remedy filled in."""
    sentence, remedy = FINDINGS[code]
    return Reason(
        code=code,
        sentence=sentence.format(**values),
        remedy=remedy.format(**values),
        values=values,
    )
