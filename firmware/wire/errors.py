"""The one table of errors that cross the link.

A row is `(code, name, sentence, remedy)`: the JSON-RPC code, the name that programs compare,
what happened, and what to do about it. Codes -32700 and -32600 to -32603 are JSON-RPC 2.0's own;
ours count down from -32000, in groups of ten. A code is never given a second meaning.

Tables in this package are tuples of constants, which MicroPython leaves in flash.
"""

from .shapes import Json, JsonObject

ERRORS = (
    # JSON-RPC's own.
    (
        -32700,
        "parse_error",
        "The line is not a frame of the link protocol.",
        "Send one JSON object in ASCII, a blank, its CRC-32 and a line feed; detail.reason says "
        "what was wrong.",
    ),
    (
        -32600,
        "invalid_request",
        "The object is not a JSON-RPC 2.0 request.",
        "Send jsonrpc, id, method and, where the method takes any, params.",
    ),
    (
        -32601,
        "unknown_method",
        "The module has no method of that name.",
        "Look the name up in docs/link-protocol.md; hello tells the module's protocol version.",
    ),
    (
        -32602,
        "invalid_params",
        "A parameter is missing, unknown or outside its limits.",
        "Correct the field that detail.field names; detail.limit says what it may hold.",
    ),
    (
        -32603,
        "internal_error",
        "The firmware met a condition it was not written for; part may have been done.",
        "Look at status before repeating the request; report it with the module's events.",
    ),
    # The state of the module and of its session.
    (
        -32000,
        "not_operational",
        "The module's state does not allow this method.",
        "Ask status for the state and bring the module into one that detail.states names.",
    ),
    (
        -32001,
        "fault",
        "The module has stopped signing because of a fault.",
        "Ask status for the cause; records can still be read out.",
    ),
    (
        -32002,
        "session_open",
        "A session is open and this method would disturb it.",
        "End the session first; if its meter cannot be read any more, have the owner close it: "
        "challenge, then close_session.",
    ),
    (
        -32003,
        "no_session",
        "No session is open.",
        "Begin a session first.",
    ),
    (
        -32004,
        "clock_not_set",
        "The clock was not set since the module started, or shows no time that a record takes.",
        "Call set_time.",
    ),
    (
        -32005,
        "time_refused",
        "The time is before the newest record.",
        "Check the clock of the computer that sets the time. If it is right, the record's was "
        "wrong: have the owner sign it (challenge for set_time).",
    ),
    (
        -32006,
        "not_configured",
        "Settings that a record needs are missing.",
        "Call configure with the fields that detail.missing names.",
    ),
    (
        -32007,
        "journal_full",
        "The journal has no room for another session.",
        "Export the records, then call release with the last exported pagination.",
    ),
    (
        -32008,
        "no_such_record",
        "The journal holds no record in that range of paginations.",
        "Ask for paginations between detail.oldest and detail.newest.",
    ),
    (
        -32009,
        "no_such_event",
        "The event log holds no event in that range of numbers.",
        "Ask for numbers between detail.oldest and detail.newest.",
    ),
    (
        -32010,
        "release_refused",
        "These records cannot be released: they belong to an open session or do not exist yet.",
        "Release only through the end of a finished session.",
    ),
    (
        -32011,
        "recovery_pending",
        "A session cut by a power failure has not been ended yet: the meter is still silent.",
        "Restore the meter's supply and line, and the module ends that session by itself; or have "
        "the owner close it: challenge, then close_session.",
    ),
    (
        -32012,
        "too_long",
        "The message does not fit one line of the link.",
        "Ask for a smaller range.",
    ),
    (
        -32013,
        "sealed",
        "The seal locks these settings.",
        "Have the owner open the seal: challenge, then unseal with the owner's signature.",
    ),
    (
        -32014,
        "not_sealed",
        "This needs settings that are locked by the seal.",
        "Complete the settings and call seal.",
    ),
    (
        -32015,
        "no_challenge",
        "No challenge for this action is open: none was asked for, or it was used or has expired.",
        "Ask for a challenge and have the owner sign that one.",
    ),
    (
        -32016,
        "owner_refused",
        "The signature is not the owner key's over the open challenge.",
        "Sign a fresh challenge with the key whose public half is the setting owner_key.",
    ),
    (
        -32018,
        "publication_refused",
        "The proof does not show that this module's key is published as it is set up.",
        "See detail.cause for what is wrong; register the module again and bring the new proof.",
    ),
    (
        -32019,
        "events_full",
        "The event log has no room for another session.",
        "Archive it: read the events out, then call archive_events with the owner's signature.",
    ),
    # What would enter a record.
    (
        -32020,
        "out_of_range",
        "A value is outside what the record format allows.",
        "Correct the field that detail.field names; detail.limit says what it may hold.",
    ),
    (
        -32021,
        "not_ascii",
        "A text holds a character that a record may not: printable ASCII without '|' only.",
        "Replace the character in the field that detail.field names.",
    ),
    # Firmware update.
    (
        -32025,
        "update_refused",
        "The update was refused; the running firmware stays.",
        "See detail.cause for the reason; use a bundle that the vendor signed for this board.",
    ),
    (
        -32026,
        "no_update",
        "No update is under way, so there is none to cancel.",
        "Nothing needs to be done; status tells the module's state.",
    ),
    (
        -32027,
        "update_pending",
        "The key was given up for another image, which does not run yet.",
        "Call enter_boot_loader with that image's manifest and copy the image again, or have the "
        "owner call it off: challenge, then cancel_update.",
    ),
    (
        -32028,
        "owner_needed",
        "Only the owner may have this done.",
        "Ask for a challenge for detail.action and give the owner's signature over it.",
    ),
    # Key, entropy, storage, self-test.
    (
        -32030,
        "key_error",
        "The signing core refused to use the key.",
        "Ask status for the cause; a module whose key is lost must be replaced.",
    ),
    (
        -32031,
        "key_lost",
        "The key that was announced is gone: the key store was erased.",
        "Read the records out and replace the module; it will not make another key by itself.",
    ),
    (
        -32032,
        "key_broken",
        "The key store holds a key that is not whole.",
        "Read the records out and replace the module.",
    ),
    (
        -32033,
        "entropy_failed",
        "The noise source failed its health test; no key was made.",
        "Restart the module; if it fails again, replace it.",
    ),
    (
        -32034,
        "self_test_failed",
        "A known-answer test of the signing core failed.",
        "Restart the module; if it fails again, replace it.",
    ),
    (
        -32035,
        "storage_error",
        "The flash refused to program or erase.",
        "Read the records out and replace the module: its flash is worn out or defective.",
    ),
    (
        -32036,
        "storage_broken",
        "Stored data is there but fails its checksum.",
        "Read out what can be read and replace the module.",
    ),
    (
        -32037,
        "statements_full",
        "There is no room to state another key change.",
        "Read records and statements out and replace the module.",
    ),
    (
        -32038,
        "firmware_rolled_back",
        "The running image is older than one that ran before allows.",
        "Flash an image whose rollback number is at least detail.rollback_number.",
    ),
    (
        -32039,
        "signing_fault",
        "The chip did not compute right: the check of a signature failed, and none was given out.",
        "Restart the module; if it happens again, replace it.",
    ),
    # The meter and its line.
    (
        -32040,
        "meter_no_reply",
        "The meter did not answer in time.",
        "Check its supply, the wiring of A and B, its unit number, baud rate and parity.",
    ),
    (
        -32041,
        "meter_bad_crc",
        "The meter's reply arrived damaged.",
        "Check the line's termination, its length, parity and baud rate.",
    ),
    (
        -32042,
        "meter_wrong_unit",
        "Another unit answered than the one asked.",
        "Check that every unit number on the line is given once, and the configured meter_unit.",
    ),
    (
        -32043,
        "meter_wrong_function",
        "The reply belongs to another function than the one asked.",
        "Check that no other master is on the line.",
    ),
    (
        -32044,
        "meter_wrong_length",
        "The reply has another length than the one asked for.",
        "Check that the meter profile is the meter's and that no other master is on the line.",
    ),
    (
        -32045,
        "meter_exception",
        "The meter refused the request with a Modbus exception.",
        "Check that the meter profile is the meter's; detail.exception names the refusal.",
    ),
    (
        -32046,
        "meter_sentinel",
        "The meter says that it has no value: it sent its not-available pattern.",
        "Wait until the meter has started up; check its wiring to the mains.",
    ),
    (
        -32047,
        "meter_out_of_range",
        "The meter sent a value that cannot be an energy reading.",
        "Check that the meter profile is the meter's.",
    ),
    (
        -32048,
        "meter_went_backwards",
        "The energy is lower than in an earlier reading of the same meter.",
        "Have the meter inspected. If it was reset or has wrapped around, have the owner close an "
        "open session (close_session) and accept the meter as it is (accept_meter).",
    ),
    (
        -32049,
        "meter_unstable",
        "Two readings in succession do not agree.",
        "Check the line for disturbance and for a second master.",
    ),
    (
        -32050,
        "meter_serial_mismatch",
        "The meter's serial number is not the configured one.",
        "If the meter was exchanged, have the owner close an open session (close_session) and open "
        "the seal (unseal), then configure the new serial number.",
    ),
    (
        -32051,
        "meter_not_recognised",
        "The meter does not show the register map that its profile describes.",
        "Configure the profile that belongs to the meter.",
    ),
    (
        -32052,
        "meter_line_busy",
        "The meter's line did not fall silent.",
        "Check for a second master, missing termination or bias of the line.",
    ),
    (
        -32054,
        "meter_line_echo",
        "The line gives back what is sent on it: the request itself was heard.",
        "Set meter_echo to true, or have the adaptor's receiver switched off while it sends.",
    ),
    (
        -32055,
        "meter_backwards",
        "The meter counts energy that flows out, while what flows in stands still.",
        "Check that mains and load are not exchanged at the meter; then let it be read again.",
    ),
    # The flash, moved.
    (
        -32053,
        "key_of_other_chip",
        "The flash holds a key made on another chip: its content was copied here.",
        "Restart the module; if it stays so, let the owner erase the keys, or flash it anew.",
    ),
    (
        -32060,
        "meter_not_lower",
        "The meter is not lower than in the newest record: there is nothing to accept.",
        "Go on as usual.",
    ),
    # The time.
    (
        -32065,
        "time_implausible",
        "The time is before the firmware's release, or years after what is certain.",
        "Check the clock of the computer that sets the time. If it is right, have the registry "
        "sign it (time_challenge), or the owner (challenge for set_time).",
    ),
    (
        -32066,
        "no_time_challenge",
        "No question for a signed time is open: none was asked, or it was answered or too slowly.",
        "Call time_challenge and bring the answer within detail.within_ms.",
    ),
    (
        -32067,
        "time_not_signed",
        "The signature is not over this time and the open question, or by neither key.",
        "Ask again, and have it signed by the key that registry_key or owner_key names.",
    ),
    # What needs no owner.
    (
        -32070,
        "too_often",
        "What anybody may have stored was changed too often: flash wears out.",
        "Wait for detail.wait_s seconds, and see what changes it over and over.",
    ),
    # The chip.
    (
        -32075,
        "watchdog_bites",
        "The watchdog reset the module again and again; it answers, but does not sign.",
        "Switch the module off and on; if it comes back, read the records out and replace it.",
    ),
)


def row_of(key: int | str) -> tuple[int, str, str, str]:
    """The row of a code or of a name; KeyError if the table has none."""
    for row in ERRORS:
        if key in row[:2]:
            return row
    raise KeyError(key)


class WattsealError(Exception):
    """A refusal with its cause: `code`, `name` and `detail`, a dict of plain JSON values.

    `detail` never holds key material. Made from the table by name; `from_wire` also takes names
    that a newer firmware may send.
    """

    def __init__(self, name: str, **detail: Json):
        super().__init__(name)
        self.code, self.name, self.sentence, self.remedy = row_of(name)
        self.detail = detail

    def __str__(self) -> str:
        facts = ", ".join(f"{key}={self.detail[key]}" for key in sorted(self.detail))
        return " ".join(
            (self.sentence, f"({facts})", self.remedy) if facts else (self.sentence, self.remedy)
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.detail!r})"


def from_wire(
    code: int, name: str, sentence: str, remedy: str, detail: JsonObject
) -> WattsealError:
    """An error as the other end sent it, whether or not our own table has it."""
    error = WattsealError("internal_error")
    error.args = (name,)
    error.code, error.name, error.sentence, error.remedy = code, name, sentence, remedy
    error.detail = detail
    return error
